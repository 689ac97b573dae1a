"""Whether a model file still is the network of a manifest.

Nothing in a model is run: TFLite files are read as data (`archc.models.tflite`), of Keras models
the config and the weights.
"""

from typing import Any

from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.verify.model import Difference, Verification

__all__ = ["SUFFIXES", "Difference", "Verification", "verify"]

SUFFIXES = (".tflite", ".keras", ".h5", ".hdf5")
"""What can be verified, by the endings of file names."""
WANTED = "a `.tflite`, `.keras` or `.h5` file"


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
    lower = name.lower()
    if lower.endswith(".tflite"):
        from archc.models.verify.device import verify_tflite

        return verify_tflite(manifest, name, data, limits)
    if lower.endswith(SUFFIXES):
        from archc.models.verify.layers import verify_keras

        return verify_keras(manifest, name, data, limits)
    raise reject(MODEL_FILE, f"`{name}` is not a model that can be verified", help=f"give {WANTED}")
