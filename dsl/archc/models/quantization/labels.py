"""Labels beside the samples: which array they are, and how many answers are right."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from archc.diagnostics.codes import QUANTIZE_DATA, QUANTIZE_DOUBT
from archc.diagnostics.model import Diagnostic, make, reject
from archc.diagnostics.nearest import did_you_mean
from archc.diagnostics.text import shape_text
from archc.models.quantization.archive import Header, Store

NAMES = ("labels", "label", "y", "targets", "target", "classes")
"""What arrays of labels are usually called."""
PAIRS = (("x", "y"), ("images", "labels"), ("image", "label"), ("data", "labels"))
"""Parts of the names of samples and of their labels: `x_test` and `y_test`."""
FEW = 30
"""Samples from which an accuracy is doubted."""


class Accuracy(NamedTuple):
    """How many samples each network answers rightly."""

    float: int
    int8: int
    of: int
    """Samples with a label."""
    array: str
    """The array of the labels."""


def choose(
    data: Store, samples: str, outputs: Sequence[tuple[int, ...]], named: str | None
) -> str | None:
    """The array of labels for an array of samples; None where there is none, or none for sure.

    Args:
        data: where both are.
        samples: the array of the samples.
        outputs: shapes of the network's outputs, without the batch.
        named: the array that the user names.

    Raises:
        Rejected: the array that is named is not there, or holds no labels.
    """
    count = data.headers[samples].shape[0]
    if named is not None:
        header = data.headers.get(named)
        if header is None:
            raise reject(
                QUANTIZE_DATA,
                f"{data.name} has no array `{named}`",
                help=did_you_mean(named, data.headers) or "leave out `--labels`",
            )
        if len(outputs) != 1 or not _fits(header, count, outputs[0]):
            wanted = " or ".join(_forms(count, outputs[0])) if len(outputs) == 1 else "one output"
            raise reject(
                QUANTIZE_DATA,
                f"`{named}` of {data.name} is {header.dtype} {shape_text(header.shape)}, "
                "which are not labels of this network",
                help=f"labels are {wanted}"
                if len(outputs) == 1
                else "accuracy is counted of networks with one output",
            )
        return named
    if len(outputs) != 1:
        return None
    fitting = [
        name
        for name, header in data.headers.items()
        if name != samples and _fits(header, count, outputs[0])
    ]
    likely = [name for name in (*_partners(samples), *NAMES) if name in fitting]
    return likely[0] if likely else None


def _partners(samples: str) -> list[str]:
    return [samples.replace(a, b) for a, b in PAIRS if a in samples]


def _forms(count: int, output: tuple[int, ...]) -> list[str]:
    forms = [f"{count} whole numbers"]
    return [*forms, f"{count}x{output[0]}, one 1 a row"] if len(output) == 1 else forms


def _fits(header: Header, count: int, output: tuple[int, ...]) -> bool:
    """Whether an array may hold classes: whole numbers, or a row for every sample."""
    shape, kind = header.shape, header.dtype.kind
    if len(output) != 1 or not shape or shape[0] != count:
        return False
    if shape in ((count,), (count, 1)):
        return kind in "iub" or (kind == "f" and output == (1,))
    return shape == (count, *output) and kind in "iubf"


class Labels(NamedTuple):
    """The classes of the samples that are compared."""

    array: str
    classes: Any
    """Whole numbers (samples,); of one output, 0 or 1."""

    def right(self, outputs: Any, float_outputs: Any) -> int:
        """How many results are those of the labels.

        The largest value counts. A single output means one class of two: above one half where the
        float network gives shares, above 0 where it does not.

        Args:
            outputs: (samples, classes).
            float_outputs: the same of the float network.
        """
        outputs = outputs.reshape(len(outputs), -1)
        if outputs.shape[1] > 1:
            return int((outputs.argmax(axis=1) == self.classes).sum())
        shares = float_outputs.min() >= 0 and float_outputs.max() <= 1
        found = outputs[:, 0] > (0.5 if shares else 0.0)
        return int((found == (self.classes > 0)).sum())


def load(
    data: Store, array: str, indices: Sequence[int], outputs: int, doubts: list[Diagnostic]
) -> Labels | None:
    """The labels of some samples; None where they are none of this network, which is doubted.

    Args:
        data: where they are.
        array: which one.
        indices: of the samples, ascending.
        outputs: how many values the network gives.
        doubts: gets why they are of no use.
    """
    import numpy as np

    values = np.asarray(data.rows(array, indices))
    what = data.called(array)
    if values.ndim == 2 and values.shape[1] > 1:
        if not (np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all()):
            doubts.append(_useless(what, "its rows are not one 1 among zeros"))
            return None
        return Labels(array, values.argmax(axis=1))
    flat = values.reshape(-1)
    if not (np.isfinite(flat).all() and (flat == np.floor(flat)).all()):
        doubts.append(_useless(what, "they are not whole numbers"))
        return None
    most = max(outputs, 2)
    if flat.min() < 0 or flat.max() >= most:
        said = f"they go from {int(flat.min())} to {int(flat.max())}, and the network has {most}"
        doubts.append(_useless(what, f"{said} classes, from 0"))
        return None
    return Labels(array, flat.astype("int64"))


def _useless(what: str, why: str) -> Diagnostic:
    return make(
        QUANTIZE_DOUBT,
        f"{what} was taken for the labels, but {why}: no accuracy is counted",
        help="name the array with `--labels NAME`, or leave it out of the file",
    )._replace(level="note")


def doubtful(found: Accuracy, classes: int) -> Diagnostic | None:
    """A float model that is no better than guessing."""
    if found.of < FEW or found.float > 1.5 * found.of / max(classes, 2):
        return None
    return make(
        QUANTIZE_DOUBT,
        f"the float model itself is right for {found.float:,} of {found.of:,} samples, about as "
        "often as by guessing",
        help="is it trained, is the data scaled as in training, and are its classes numbered as "
        f"`{found.array}` does?",
    )
