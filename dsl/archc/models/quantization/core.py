"""Quantise a model and say what it cost."""

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from archc.diagnostics.codes import EXTRA_MISSING, QUANTIZE_DOUBT, QUANTIZE_LOSS
from archc.diagnostics.model import Diagnostic, make, reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.quantization import keras_file
from archc.models.quantization.archive import store
from archc.models.quantization.convert import Io, Progress, convert, inputs_of, quiet, silent
from archc.models.quantization.labels import Accuracy, doubtful
from archc.models.quantization.ranges import Lead, Range, leads
from archc.models.quantization.run import Comparison, Error, LayerError, Quantised, compare
from archc.models.quantization.samples import CALIBRATION, HOLDOUT, VALIDATION, draw
from archc.models.verify import Verification, verify

THRESHOLD = 0.95
"""Cosine similarity below which the command fails."""
NEEDED = ("tensorflow", "keras", "h5py", "ai_edge_litert")
"""Modules of the `quantize` extra."""
INSTALL = "pip install 'archc-dsl[quantize]'"


class Quantization(NamedTuple):
    """An int8 file, and how it compares with the float model on samples kept from calibration."""

    tflite: bytes
    """The file."""
    cosine: float
    """Cosine similarity with the float outputs, over all validation samples; of several outputs
    the lowest."""
    worst: float
    """The largest absolute difference of one output value, in the units of the output."""
    lowest: float
    """The cosine similarity of the sample that fares worst."""
    lowest_sample: int
    """Which one it is, by its number in the data."""
    outputs: tuple[Error, ...]
    """Of each output, over all validation samples, in the order of `model.outputs`."""
    output_names: tuple[str, ...]
    """What the outputs are called, in the same order: keys of a dictionary, else layers."""
    layers: tuple[LayerError, ...]
    """The error after each operator whose layer is known, in the order of the file."""
    agreement: int | None
    """Validation samples with the same largest output; None where there is no such thing."""
    vectors: dict[str, Any]
    """`m_inputs_1`, `m_outputs_1`, ...: inputs and outputs of the file, in its order and the types
    of its border, and bit for bit what the interpreter gives, for validation on the target."""
    vector_names: dict[str, str]
    """What the input or output is called that a vector is of, by the vector."""
    verification: Verification | None
    """Of the file against the manifest; None without one."""
    io: Io
    calibrated: int
    """Samples used for calibration."""
    validated: int
    """Samples compared."""
    floats: tuple[str, ...]
    """Operators that stayed in floating point."""
    doubts: tuple[Diagnostic, ...]
    """Warnings about the data and the result."""
    ranges: tuple[Range, ...]
    """Of the calibration samples, an input each, and what the model makes of it."""
    accuracy: Accuracy | None
    """Right answers of the float model and of the file; None where no labels are known."""


def require() -> None:
    """Check that the extra is installed, without importing anything of it.

    Raises:
        Rejected: a module of it is missing.
    """
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise reject(
            EXTRA_MISSING,
            f"quantising needs {' and '.join(missing)}, not installed here",
            help=INSTALL,
        )


def quantize(
    model: Any,
    data: object,
    *,
    validation: object = None,
    array: str | None = None,
    validation_array: str | None = None,
    holdout: float = HOLDOUT,
    samples: tuple[int, int] = (CALIBRATION, VALIDATION),
    manifest: dict[str, Any] | None = None,
    labels: str | None = None,
    io: Io | None = None,
    progress: Progress = silent,
    limits: Limits = DEFAULT_LIMITS,
) -> Quantization:
    """See `archc.quantize`.

    Raises:
        Rejected: the model or the data cannot be used, or the conversion failed.
    """
    require()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if io is None:
        io = manifest["inputs"][0]["dtype"] if manifest is not None else "float32"
    given = store(data)
    held = store(validation) if validation is not None else None
    named = isinstance(model, str | os.PathLike)
    archive = keras_file.read(os.fspath(model), limits) if named else None
    progress("loading TensorFlow", 0, 0)
    with quiet():
        import keras  # noqa: F401  # what it prints on import is not for the user
        import tensorflow  # noqa: F401
    if archive is not None:
        progress("loading the model", 0, 0)
        model = keras_file.load(archive)
    inputs = inputs_of(model)
    progress("reading the data", 0, 0)
    drawn = draw(
        inputs,
        given,
        held,
        array=array,
        validation_array=validation_array,
        holdout=holdout,
        most=samples,
        leads=_leads(model, limits),
        outputs=[tuple(output.shape[1:]) for output in model.outputs],
        labels=labels,
    )
    file = convert(model, drawn.calibration, io, progress)
    with quiet():
        compared = compare(model, file, drawn.validation, inputs, progress, drawn.labels)
        floats = tuple(Quantised(file, inputs).floats())
    worst = min(range(len(compared.samples)), key=lambda number: compared.samples[number])
    return Quantization(
        tflite=file,
        cosine=min(error.cosine for error in compared.outputs),
        worst=max(error.worst for error in compared.outputs),
        lowest=compared.samples[worst],
        lowest_sample=drawn.indices[worst],
        outputs=compared.outputs,
        output_names=compared.names,
        layers=compared.layers,
        agreement=compared.agreement,
        vectors=compared.vectors,
        vector_names=compared.vector_names,
        verification=None
        if manifest is None
        else verify(manifest, "model.tflite", file, limits=limits),
        io=io,
        calibrated=len(drawn.calibration[inputs[0].name]),
        validated=len(compared.samples),
        floats=floats,
        doubts=(*drawn.doubts, *_doubts(floats, compared)),
        ranges=drawn.ranges,
        accuracy=compared.accuracy,
    )


def _leads(model: Any, limits: Limits) -> dict[str, Lead]:
    """How a model scales its inputs, by the names that they go by here."""
    found = leads(model.get_config(), limits)
    # In the model's order, whatever a sequential model calls its input.
    return {str(t.name): lead for t, lead in zip(model.inputs, found.values(), strict=False)}


def _doubts(floats: Iterable[str], compared: Comparison) -> Iterable[Diagnostic]:
    names = list(floats)
    if names:
        yield make(
            QUANTIZE_DOUBT,
            f"{', '.join(names)} stay{'s' * (len(names) == 1)} in floating point inside the file",
            notes=["the converter has no int8 kernel for it; the device does not run it"],
            help="replace the layer it comes from",
        )
    if compared.accuracy is not None:
        guessing = doubtful(compared.accuracy, compared.vectors["m_outputs_1"][0].size)
        if guessing is not None:
            yield guessing
    for name, error in zip(compared.names, compared.outputs, strict=True):
        if error.low == error.high:
            yield make(
                QUANTIZE_DOUBT,
                f"the output `{name}` of the float model is {error.low:g} for every validation "
                "sample",
                help="is the model trained, and the data scaled as in training? the figures say "
                "nothing of a network that always answers the same",
            )


def too_far(result: Quantization, threshold: float) -> Diagnostic | None:
    """The diagnostic of a result below a threshold, or None."""
    if result.cosine >= threshold:
        return None
    ranked = sorted(result.layers, key=lambda row: row.error.cosine)
    return make(
        QUANTIZE_LOSS,
        f"the cosine similarity with the float model is {figure(result.cosine)}, and at least "
        f"{threshold:g} is required",
        notes=[
            f"`{row.layer}` ({row.operator}) has {figure(row.error.cosine)}" for row in ranked[:1]
        ],
        help="see whether calibration data are scaled as in training and whether a layer of the "
        "table has a far larger range than others; then fine-tune with "
        "`archc.shadow_quantised`, or lower `--threshold`",
    )


def figure(cosine: float) -> str:
    """A cosine similarity with enough digits to tell it from 1, never rounded up to a threshold."""
    from math import floor

    return f"{floor(cosine * 100_000) / 100_000:.5f}"
