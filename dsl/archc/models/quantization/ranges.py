"""The range of the data, and what a model makes of it before its first layer with weights.

Data in another range than in training is the commonest mistake of quantisation, and a silent one:
the float model is compared with the int8 file on the same wrong data, and both agree.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from archc.diagnostics.codes import QUANTIZE_DOUBT
from archc.diagnostics.model import Diagnostic, make
from archc.limits import Limits

if TYPE_CHECKING:
    from archc.models.importer.calls import Call, Network, Value

_NORMALISING = frozenset({"Normalization", "BatchNormalization", "LayerNormalization"})
"""Layers that bring data of any range to one of their own."""
_TRANSPARENT = frozenset(
    {"Dropout", "GaussianNoise", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"}
    | {"Reshape", "Flatten", "Resizing", "CenterCrop", "Cropping2D", "ZeroPadding2D", "Permute"}
)
"""Layers that may stand before a scaling one and keep the range."""
_BYTES = (100.0, 255.5)
"""The largest value of data that was left as bytes lies between these."""
_FAINT = 1 / 16
"""Data that spans less than this behind a layer that scales bytes was scaled before it."""
_SCALES_BYTES = 1 / 16
"""A factor up to this one is meant for bytes; usual ones are 1/255, 1/128 and 1/127.5."""


class Lead(NamedTuple):
    """What a model does to an input before all else: `scale * value + offset`."""

    scale: float = 1.0
    offset: float = 0.0
    layer: str | None = None
    """The last layer that does so."""
    normalises: bool = False
    """Whether a layer follows that brings any range to one of its own."""

    def of(self, low: float, high: float) -> tuple[float, float]:
        """The range that a range of data becomes."""
        ends = sorted((self.scale * low + self.offset, self.scale * high + self.offset))
        return ends[0], ends[1]


class Range(NamedTuple):
    """The values of an input in the samples for calibration."""

    input: str
    array: str
    """The array they were taken from."""
    dtype: str
    low: float
    high: float
    mean: float
    lead: Lead

    @property
    def scaled(self) -> tuple[float, float] | None:
        """The range behind the model's own scaling; None where it has none."""
        return None if self.lead.layer is None else self.lead.of(self.low, self.high)


def leads(config: Mapping[str, Any], limits: Limits) -> dict[str, Lead]:
    """What a model does to each input before its first layer with weights.

    Args:
        config: `model.get_config()` of a functional or sequential model.
        limits: bounds on reading it.

    Returns:
        by the path of the input; empty where the config cannot be read.
    """
    from archc.diagnostics.model import Rejected
    from archc.models.importer.calls import Value
    from archc.models.importer.config import read

    try:
        network = read(config, None, limits)
    except Rejected:
        return {}
    readers: dict[Value, list[Call]] = {}
    places = {id(call): place for place, call in enumerate(network.calls)}
    for call in network.calls:
        for value in call.inputs:
            readers.setdefault(value, []).append(call)
    found = {}
    for place in network.inputs:
        path = network.calls[place].layer.path
        found[path] = _lead(Value(place, 0), readers, places, network)
    return found


def _lead(
    value: "Value",
    readers: Mapping["Value", list["Call"]],
    places: Mapping[int, int],
    network: "Network",
) -> Lead:
    from archc.models.importer.calls import Value

    lead = Lead()
    for _ in range(len(network.calls)):
        after = readers.get(value, [])
        if any(call.layer.class_name in _NORMALISING for call in after):
            return lead._replace(normalises=True)
        if len(after) != 1:
            return lead
        (call,) = after
        step = _affine(call)
        if step is not None:
            scale, offset = step
            lead = Lead(lead.scale * scale, lead.offset * scale + offset, call.layer.path)
        elif call.layer.class_name not in _TRANSPARENT:
            return lead
        value = Value(places[id(call)], 0)
    return lead


def _affine(call: "Call") -> tuple[float, float] | None:
    """Scale and offset of a layer or function that is no more than that."""
    name, config = call.layer.class_name, call.layer.config
    if name == "Rescaling":
        scale, offset = config.get("scale"), config.get("offset", 0.0)
        if isinstance(scale, int | float) and isinstance(offset, int | float):
            return float(scale), float(offset)
        return None
    number = call.scalar
    if not call.layer.operation or number is None or len(call.inputs) != 1:
        return None
    if name == "Multiply":
        return float(number), 0.0
    if name in ("TrueDivide", "Divide") and number:
        return 1 / float(number), 0.0
    if name == "Add":
        return 1.0, float(number)
    if name == "Subtract":
        return 1.0, -float(number)
    return None


def measured(values: Any, raw: Any, name: str, array: str, lead: Lead) -> Range:
    """The range of an input.

    Args:
        values: float32 (samples, *shape).
        raw: the same as they are stored.
        name: of the input.
        array: where they come from.
        lead: what the model does to it.
    """
    mean = float(values.mean(dtype="float64"))
    return Range(name, array, str(raw.dtype), float(values.min()), float(values.max()), mean, lead)


def doubtful(data: Range, what: str) -> Iterator[Diagnostic]:
    """Ranges that do not go with the model.

    Args:
        data: of an input.
        what: how messages call the array.
    """
    lead = data.lead
    if lead.normalises:
        return
    integer = not data.dtype.startswith(("float", "bfloat"))
    low, high = lead.of(data.low, data.high)
    if lead.layer is None and (integer or (data.low >= 0 and _BYTES[0] < data.high <= _BYTES[1])):
        yield make(
            QUANTIZE_DOUBT,
            f"{what} is {data.dtype} from {data.low:g} to {data.high:g}, and the model has no "
            "layer that scales it",
            help="it is used as it is: if the network was trained on scaled values, save those, "
            "such as `(array / 255).astype('float32')`",
        )
    elif lead.layer is not None and abs(lead.scale) <= _SCALES_BYTES and high - low < _FAINT:
        yield make(
            QUANTIZE_DOUBT,
            f"{what} goes from {data.low:g} to {data.high:g}, and the layer `{lead.layer}` scales "
            f"that to {low:.3g} to {high:.3g}",
            notes=[f"it multiplies by {lead.scale:.4g}, as for values from 0 to 255"],
            help="give the data as the model's input takes it, not scaled before: "
            "`(array * 255).astype('float32')` if it was divided by 255",
        )
    elif lead.layer is not None and low >= 0 and _BYTES[0] < high <= _BYTES[1]:
        yield make(
            QUANTIZE_DOUBT,
            f"{what} goes from {data.low:g} to {data.high:g}, and after the layer `{lead.layer}` "
            f"still from {low:.3g} to {high:.3g}",
            help="see whether the data, or that layer, are as in training",
        )


def shown(low: float, high: float) -> str:
    """`0 to 255`."""
    return f"{low:.4g} to {high:.4g}"
