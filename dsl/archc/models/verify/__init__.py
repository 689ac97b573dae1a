"""Whether a model file still is the network of a manifest.

Nothing in a model is run: TFLite and ONNX files are read as data (`archc.models.tflite`,
`archc.models.onnx`), of Keras models the config and the weights.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.formats import format_of, listed, stranger
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.verify.model import Difference, Verification

__all__ = ["WANTED", "Difference", "Verification", "verify"]

WANTED = f"a {listed()} file"


def verify(
    manifest: dict[str, Any], name: str, data: bytes, *, limits: Limits = DEFAULT_LIMITS
) -> Verification:
    """Check that a model file matches a manifest.

    Args:
        manifest: as a compile gives it, or as `read_manifest` reads it.
        name: of the file; its ending says what it is.
        data: its bytes.
        limits: ``model_bytes`` bounds what is unpacked, ``operators`` the operators and layers,
            ``errors`` the differences that are listed.

    Raises:
        Rejected: the file is damaged, is not what its name says, or is larger than a bound.
    """
    known = format_of(name)
    if known is None:
        if (other := stranger(name)) is not None:
            raise reject(MODEL_FILE, other.said(name), help=other.remedy)
        said = f"`{name}` is not a model that can be verified"
        raise reject(MODEL_FILE, said, help=f"give {WANTED}")
    module, _, function = known.verifier.partition(":")
    check: Callable[..., Verification] = getattr(import_module(module), function)
    return check(manifest, name, data, limits)
