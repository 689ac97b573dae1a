"""What a target's rules on files ask of an ONNX file: versions, parts in float, patterns on which
a front end was seen to fail."""

from collections.abc import Callable, Iterator

from archc.compiler import Trait
from archc.diagnostics.text import few, several
from archc.models.onnx.constants import Held
from archc.models.onnx.folding import Folded, Step
from archc.models.onnx.model import Node
from archc.models.onnx.numbers import values
from archc.models.onnx.operators import CONTRIB, OPERATORS, OWN, role
from archc.models.onnx.reader import short
from archc.models.onnx.wiring import dequantizes, known, quantizes

EXPORTER = "Cube.AI"
"""The producer of what ST's tool exports of a network it has compiled: weights are float again."""
LAST = 2**31 - 1
"""From where on the end of a slice means the end of the axis."""
_NAMED = 3


def traits(folded: Folded) -> tuple[Trait, ...]:
    """Everything that rules may ask for, in the order of the file."""
    model = folded.wiring.model
    quantised = any(map(quantizes, model.nodes)) or any(map(dequantizes, model.nodes))
    found = [
        Trait("onnx_opset", number=model.opsets.get(OWN, 0)),
        Trait("onnx_ir", number=model.ir_version),
    ]
    if model.producer == EXPORTER:
        found.append(Trait("own_export", f"`{EXPORTER}` {short(model.producer_version)}".strip()))
    if quantised:
        found.append(Trait("own_scales"))
        found += [*_contrib(folded), *_islands(folded), *_scales(folded)]
    return (*found, *values(folded), *_patterns(folded))


def called(node: Node) -> str:
    """A node in a message."""
    return f"`{short(node.name)}` ({short(node.kind)})"


def _contrib(folded: Folded) -> Iterator[Trait]:
    nodes = [n for n in folded.wiring.model.nodes if n.domain == CONTRIB]
    if nodes:
        names = few([f"`{short(node.name)}`" for node in nodes], _NAMED)
        yield Trait("onnx_contrib", f"{several(len(nodes), 'node')} of `{CONTRIB}`: {names}")


def _islands(folded: Folded) -> Iterator[Trait]:
    """Operators that compute in float next to one another, as one."""
    parent: dict[int, int] = {}
    """By operator in float: another one of its island, an earlier one where there is one."""
    makers = {i: place for place, step in enumerate(folded.steps) if step.real for i in step.makes}

    def head(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for place, step in enumerate(folded.steps):
        if step.real:
            parent[place] = place
            for other in {makers[i] for i in step.reads if isinstance(i, int) and i in makers}:
                low, high = sorted((head(other), head(place)))
                parent[high] = low
    groups: dict[int, list[int]] = {}
    for place in parent:
        groups.setdefault(head(place), []).append(place)
    inputs = set(folded.inputs)
    for first, places in sorted(groups.items()):
        steps = [folded.steps[place] for place in places]
        if all(moves_nothing(folded, step) for step in steps):
            continue
        maps = [folded.maps[index] for step in steps for index in step.makes]
        made = sum(one.value.bytes for one in maps if one.view is None)
        names = few([called(step.node) for step in steps], _NAMED)
        filters = sum(map(_float_filter, steps))
        whose = "its filter is" if len(steps) == 1 else "a filter is"
        why = f"; {whose if filters < 2 else 'filters are'} float" if filters else ""
        yield Trait("float_island", f"{names}, {made:,} B of results{why}", first)
        for place, step in zip(places, steps, strict=True):
            if read := inputs.intersection(step.reads):
                size = sum(folded.maps[index].value.bytes for index in read)
                yield Trait("float_first", f"{called(step.node)} reads {size:,} B", place)


def moves_nothing(folded: Folded, step: Step) -> bool:
    """Whether an operator only gives its input another shape."""
    return all(folded.maps[index].view is not None for index in step.makes)


def _float_filter(step: Step) -> bool:
    if not known(step.node):
        return False
    entry = OPERATORS[step.node.kind]
    return any(
        isinstance(source, Held) and source.real and role(entry, place) == "w"
        for place, source in enumerate(step.reads)
    )


def _scales(folded: Folded) -> Iterator[Trait]:
    """Filters with one scale, and activations that were not fused because of scales."""
    single = []
    for step in folded.steps:
        source = step.reads[1] if len(step.reads) > 1 and known(step.node) else None
        filter = isinstance(source, Held) and role(OPERATORS[step.node.kind], 1) == "w"
        if filter and isinstance(source, Held) and source.scales and source.scales.size == 1:
            single.append(step.node)
    if single:
        names = few([f"`{short(node.name)}`" for node in single], _NAMED)
        yield Trait("scale_per_tensor", f"{several(len(single), 'filter')}: {names}")
    kept = [step.node for step in folded.steps if step.kept]
    if kept:
        names = few([called(node) for node in kept], _NAMED)
        yield Trait("kept_activation", f"{several(len(kept), 'activation')}: {names}")


# --- patterns on which a front end was seen to fail -------------------------------------------


def _patterns(folded: Folded) -> Iterator[Trait]:
    for place, step in enumerate(folded.steps):
        for says in PATTERNS:
            said = says(folded, step)
            if said is not None:
                yield Trait("front_end", f"{called(step.node)} {said}", place)
    for index in folded.inputs:
        if len(folded.maps[index].value.shape) < 2:
            name = short(folded.maps[index].name)
            yield Trait("front_end", f"the input `{name}` has fewer than two axes")
    shapes = [n for n in folded.wiring.model.nodes if n.kind in ("Shape", "Size")]
    if shapes:
        yield Trait("front_end", f"{called(shapes[0])} computes a shape within the network")


def _map_for_bias(folded: Folded, step: Step) -> str | None:
    live = step.node.kind == "Gemm" and len(step.reads) > 2 and isinstance(step.reads[2], int)
    return "adds a feature map in the place of a bias" if live else None


def _zero_allowed(folded: Folded, step: Step) -> str | None:
    allowed = step.node.kind == "Reshape" and step.node.number("allowzero", 0)
    return "has `allowzero`" if allowed else None


def _open_end(folded: Folded, step: Step) -> str | None:
    ends = folded.wiring.held.get(step.node.read(2)) if step.node.kind == "Slice" else None
    if ends is None or ends.values is None or max(map(abs, ends.values), default=0) < LAST:
        return None
    return "ends at a number that stands for the end of the axis"


def _no_value(folded: Folded, step: Step) -> str | None:
    empty = step.node.kind == "Pad" and step.node.inputs[2:3] == ("",)
    return "leaves its value out by an empty name" if empty else None


def _bounds_with_scales(folded: Folded, step: Step) -> str | None:
    for node in step.nodes:
        bounds = (folded.wiring.held.get(name) for name in node.inputs[1:])
        if node.kind == "Clip" and any(held and held.scales for held in bounds):
            return "has bounds that are quantised"
    return None


def _truths(folded: Folded, step: Step) -> str | None:
    made = any(folded.maps[index].value.dtype == "bool" for index in step.makes)
    return (
        "makes a tensor of truth values, which drops the quantisation of the whole"
        if made
        else None
    )


PATTERNS: tuple[Callable[[Folded, Step], str | None], ...] = (
    _map_for_bias,
    _zero_allowed,
    _open_end,
    _no_value,
    _bounds_with_scales,
    _truths,
)
"""Each says what of an operator a front end fails on; LarocheC/stm32n6-deployment-zoo, known issues
of ST Edge AI Core 4.0.1."""
