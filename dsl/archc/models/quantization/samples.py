"""Which data is taken for which input, what is kept back from calibration, and what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archc.compiler import listed
from archc.diagnostics.codes import QUANTIZE_DATA, QUANTIZE_DOUBT
from archc.diagnostics.model import Diagnostic, make, reject
from archc.diagnostics.nearest import did_you_mean
from archc.diagnostics.text import few, several, shape_text
from archc.models.quantization.archive import Store
from archc.models.quantization.labels import Labels
from archc.models.quantization.labels import choose as choose_labels
from archc.models.quantization.labels import load as load_labels
from archc.models.quantization.ranges import Lead, Range, doubtful, measured
from archc.models.quantization.values import finite, outliers, varied

CALIBRATION, VALIDATION = 500, 200
"""Samples used at most by default, chosen at random. TensorFlow's guide to post-training
quantisation calls about 100 to 500 enough for calibration; more cost time only."""
FEW = 100
"""Fewer calibration samples than this are doubtful, by the same guide."""
HOLDOUT = 0.2
"""The share of the samples that is kept back from calibration."""
BYTES = 1 << 29
"""Bound on the memory of the samples in use; fewer are taken where they are large."""
_NO_LEADS: Mapping[str, Lead] = {}
_MOST = 10_000_000
"""Samples among which is drawn."""


class Input(NamedTuple):
    """An input of a model: its name, and the shape of one sample, without the batch."""

    name: str
    shape: tuple[int, ...]


Batch = dict[str, Any]
"""float32 arrays (samples, *shape) by the name of the input."""


class Samples(NamedTuple):
    """What a quantisation works with."""

    calibration: Batch
    validation: Batch
    indices: tuple[int, ...]
    """Which samples of the data the validation samples are."""
    total: int
    """Samples in the calibration data."""
    doubts: tuple[Diagnostic, ...]
    ranges: tuple[Range, ...] = ()
    """Of the calibration samples, an input each."""
    labels: Labels | None = None
    """Of the validation samples."""


def draw(
    inputs: Sequence[Input],
    data: Store,
    validation: Store | None,
    *,
    array: str | None = None,
    validation_array: str | None = None,
    holdout: float = HOLDOUT,
    most: tuple[int, int] = (CALIBRATION, VALIDATION),
    leads: Mapping[str, Lead] = _NO_LEADS,
    outputs: Sequence[tuple[int, ...]] = (),
    labels: str | None = None,
) -> Samples:
    """Choose arrays and samples, and check what was chosen.

    Args:
        inputs: of the model.
        data: for calibration.
        validation: for the comparison; None: a part of ``data`` is kept back from calibration.
        array: the array for the only input of the model.
        validation_array: the same of ``validation``.
        holdout: the share that is kept back.
        most: samples used at most for calibration and for validation.
        leads: how the model scales its inputs itself, by their name.
        outputs: shapes of its outputs, without the batch, by which labels are known.
        labels: the array of the labels.

    Raises:
        Rejected: the data cannot be used.
    """
    from numpy.random import RandomState  # its sequences are fixed for good by NumPy's policy

    doubts: list[Diagnostic] = []
    chosen = choose(inputs, data, array, doubts)
    total = _count(data, chosen[inputs[0].name])
    size = sum(4 * _elements(one.shape) for one in inputs)
    bound = max(1, BYTES // max(2 * size, 1))
    order = [int(index) for index in RandomState(0).permutation(total)]
    if validation is None:
        if total < 2:
            raise reject(
                QUANTIZE_DATA,
                f"{data.name} holds {several(total, 'sample')}: one is needed for calibration and "
                "another to compare with",
                help=f"give {FEW} or more",
            )
        held = min(max(1, round(total * holdout)), total - 1)
        kept, source, names = order[:held], data, chosen
        order = order[held:]
    else:
        _enough(total, data)
        names = choose(inputs, validation, validation_array, doubts)
        count = _count(validation, names[inputs[0].name])
        _enough(count, validation)
        kept = [int(index) for index in RandomState(0).permutation(count)]
        source = validation
    used = sorted(order[: min(most[0], bound)])
    compared = sorted(kept[: min(most[1], bound)])
    ranges: list[Range] = []
    first = _load(inputs, data, chosen, used, doubts, ranges, leads)
    second = _load(inputs, source, names, compared, [], [], leads)
    known = _labels(source, names[inputs[0].name], compared, outputs, labels, doubts)
    if len(used) < FEW:
        doubts.append(
            make(
                QUANTIZE_DOUBT,
                f"{several(len(used), 'sample')} for calibration: fewer than the {FEW} to 500 that "
                "TensorFlow recommends",
                help="the range of every activation is taken from them: give more, of every kind "
                "that the network will meet",
            )
        )
    same = _shared(first, second)
    if same:
        doubts.append(
            make(
                QUANTIZE_DOUBT,
                f"{same} of the {several(len(compared), 'sample')} of the comparison are also "
                "among those for calibration, so that the figures look better than they are",
                help="leave samples that appear twice out of one of both",
            )
        )
    done = tuple(doubts)
    return Samples(first, second, tuple(compared), total, done, tuple(ranges), known)


def _labels(
    data: Store,
    samples: str,
    indices: Sequence[int],
    outputs: Sequence[tuple[int, ...]],
    named: str | None,
    doubts: list[Diagnostic],
) -> Labels | None:
    array = choose_labels(data, samples, outputs, named) if outputs else None
    if array is None:
        return None
    return load_labels(data, array, indices, _elements(outputs[0]), doubts)


def _count(data: Store, array: str) -> int:
    count = data.headers[array].shape[0]
    if count > _MOST:
        raise reject(
            QUANTIZE_DATA,
            f"{data.called(array)} claims {count:,} samples, more than {_MOST:,}",
            help="give fewer: some hundred are enough",
        )
    return count


def _enough(count: int, data: Store) -> None:
    if count < 1:
        raise reject(
            QUANTIZE_DATA,
            f"{data.name} contains no sample",
            help="give some hundred inputs as the network meets them, scaled as in training",
        )


def _elements(shape: Sequence[int]) -> int:
    from math import prod

    return prod(shape)


# --- which array ----------------------------------------------------------------------------------


def choose(
    inputs: Sequence[Input], data: Store, named: str | None, doubts: list[Diagnostic]
) -> dict[str, str]:
    """The array for each input: the one named, else the one called as the input or
    `m_inputs_NUMBER` as ST's tool calls it, by its place in the int8 file, else the only one, else
    the only one that fits.

    Raises:
        Rejected: it is not clear which is meant, or it does not fit.
    """
    if named is not None and len(inputs) > 1:
        raise reject(
            QUANTIZE_DATA,
            f"one array is named, and the model has {len(inputs)} inputs",
            help=f"call the arrays as the inputs: {_listed([one.name for one in inputs])}",
        )
    chosen = {}
    order = listed([one.name for one in inputs]) or range(len(inputs))
    numbers = {place: number for number, place in enumerate(order, 1)}
    for place, one in enumerate(inputs):
        chosen[one.name] = _array(one, numbers[place], len(inputs), data, named, doubts)
        _fits(one, chosen[one.name], data)
    counts = {data.headers[array].shape[0] for array in chosen.values()}
    if len(counts) > 1:
        said = ", ".join(f"`{a}` {data.headers[a].shape[0]:,}" for a in chosen.values())
        raise reject(
            QUANTIZE_DATA,
            f"the inputs have different numbers of samples in {data.name}: {said}",
            help="a sample has a row in every array: write as many to each",
        )
    return chosen


def _array(
    one: Input, number: int, inputs: int, data: Store, named: str | None, doubts: list[Diagnostic]
) -> str:
    headers = data.headers
    if named is not None:
        if named in headers:
            return named
        raise reject(
            QUANTIZE_DATA,
            f"{data.name} has no array `{named}`",
            notes=[_held(data)],
            help=did_you_mean(named, headers),
        )
    for name in (one.name, f"m_inputs_{number}"):
        if name in headers:
            return name
    if inputs == 1 and len(headers) == 1:
        return next(iter(headers))
    fitting = [name for name, header in headers.items() if header.shape[1:] == one.shape]
    if inputs == 1 and len(fitting) == 1:
        note = make(
            QUANTIZE_DOUBT,
            f"of the {len(headers)} arrays of {data.name}, `{fitting[0]}` was taken, the only one "
            "whose shape fits",
            help="name it to be sure: `--array NAME`",
        )
        doubts.append(note._replace(level="note"))
        return fitting[0]
    raise reject(
        QUANTIZE_DATA,
        f"it is not clear which array of {data.name} is for the input `{one.name}`",
        notes=[_held(data)],
        help="choose one with `--array NAME`"
        if inputs == 1
        else f"call the arrays as the inputs: `{one.name}`, ...",
    )


def _held(data: Store) -> str:
    shown = [f"`{name}` {shape_text(header.shape)}" for name, header in data.headers.items()]
    return f"it holds {few(shown, 12)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _fits(one: Input, array: str, data: Store) -> None:
    """Check an array's shape and dtype against an input.

    Raises:
        Rejected: it does not fit.
    """
    shape, dtype = data.headers[array]
    what = data.called(array)
    if dtype.hasobject:
        raise reject(
            QUANTIZE_DATA,
            f"{what} holds Python objects, not numbers",
            notes=["it would have to be unpickled, which can run code, and is not done"],
            help="samples of different shapes make such an array; bring them to one shape and "
            f"`numpy.stack` them as float32, N x {shape_text(one.shape)}",
        )
    if dtype.kind not in "fiub":
        raise reject(
            QUANTIZE_DATA,
            f"{what} holds {dtype}, not numbers",
            help="save the samples as float32, `samples.astype('float32')`",
        )
    if shape[1:] == one.shape and shape:
        return
    raise reject(
        QUANTIZE_DATA,
        f"{what} is {shape_text(shape)}, and the input `{one.name}` takes N samples of "
        f"{shape_text(one.shape)}",
        help=_mend(shape, one.shape),
    )


def _mend(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str | None:
    """What turns data of a wrong shape into the right one, where that is clear."""
    if shape == wanted:
        return "it is one sample: stack many of them, `numpy.stack([a, b, ...])`"
    sample = shape[1:]
    if wanted[-1:] == (1,) and sample == wanted[:-1]:
        return "the axis of the channel is missing: `array[..., None]`"
    if sample[:1] == (1,) and sample[1:] == wanted:
        return "every sample has its own batch axis: `array[:, 0]`"
    if len(sample) == 3 and (sample[1], sample[2], sample[0]) == wanted:
        return "its channels come first: `array.transpose(0, 2, 3, 1)`"
    if len(sample) == len(wanted) >= 2 and (sample[1], sample[0], *sample[2:]) == wanted:
        return "rows and columns are exchanged: `array.swapaxes(1, 2)`"
    if len(sample) == len(wanted) and wanted[-1:] == (3,) and sample == (*wanted[:-1], 4):
        return "it has an alpha channel: `array[..., :3]`"
    if len(sample) == len(wanted) == 3 and sample[-1] == wanted[-1]:
        return "resize the samples as it was done for training"
    if shape and _elements(sample) == _elements(wanted):
        return (
            f"`array.reshape(-1, {', '.join(map(str, wanted))})`, if the values are in this order"
        )
    return None


# --- values ---------------------------------------------------------------------------------------


def _load(
    inputs: Sequence[Input],
    data: Store,
    chosen: Mapping[str, str],
    indices: Sequence[int],
    doubts: list[Diagnostic],
    ranges: list[Range],
    leads: Mapping[str, Lead],
) -> Batch:
    """Samples as float32, checked."""
    import numpy as np

    batch: Batch = {}
    for one in inputs:
        array = chosen[one.name]
        what = data.called(array)
        raw = data.rows(array, indices)
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.ascontiguousarray(raw, dtype=np.float32)
        finite(values, raw, indices, what)
        varied(values, indices, what, doubts)
        ranges.append(measured(values, raw, one.name, array, leads.get(one.name, Lead())))
        doubts.extend(doubtful(ranges[-1], what))
        if raw.dtype.kind == "f":
            outliers(values, indices, what, doubts)
        batch[one.name] = values
    return batch


def _shared(first: Batch, second: Batch) -> int:
    """How many samples of the second are also in the first, bit for bit."""
    from hashlib import sha256

    def digests(batch: Batch) -> list[bytes]:
        arrays = list(batch.values())
        count = len(arrays[0])
        return [sha256(b"".join(a[i].tobytes() for a in arrays)).digest() for i in range(count)]

    known = set(digests(first))
    return sum(digest in known for digest in digests(second))
