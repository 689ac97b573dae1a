"""What `profile_model` says of a Keras model, against the converter's file."""

from typing import Any, NamedTuple

from archc.models.tflite.reader import read as parse
from support.tflite import Io, convert, read


class Agreement(NamedTuple):
    """How a profile and a file compare."""

    verdict: str
    """`equal`, `named` (something is said not to be known), `different`, or `refused` by the
    converter."""
    detail: str
    ordered: bool | None
    """Whether the operators are in the file's order; None where that is not asked."""


def _operators(content: bytes) -> list[str]:
    """Operators and shapes in the file's order; a batch of 1 is left out, as archc does, and a
    matrix of many rows has none."""
    graph = parse("file", content).subgraphs[0]
    shapes = [graph.tensors[op.outputs[0]].shape for op in graph.operators]
    inner = [shape[1:] if len(shape) > 1 and shape[0] == 1 else shape for shape in shapes]
    return [f"{op.name} {shape}" for op, shape in zip(graph.operators, inner, strict=True)]


def deployed_of(model: Any, io: Io) -> tuple[Any, list[str]]:
    """What is said to be deployed of a model, and what is not known of it."""
    from archc.limits import DEFAULT_LIMITS
    from archc.models.importer import live
    from archc.models.importer.compatibility import judged, request
    from archc.targets.builtin import builtin

    imported, _ = live.imported(model, DEFAULT_LIMITS)
    assert imported is not None
    target = builtin("stm32n6")
    deployed = judged(imported, target, request(None, target, (), io, None)).deployed
    reasons = [f"{one.layer}: {one.reason}" for one in imported.unseen]
    return deployed, [*reasons, *(doubt.reason for doubt in deployed.unknown)]


def agreement(model: Any, io: Io = "float32") -> Agreement:
    """Operators, their shapes and the bytes of weights of a model, said and found."""
    deployed, reasons = deployed_of(model, io)
    try:
        content = convert(model, io)
    except Exception as error:
        return Agreement("refused", f"{type(error).__name__}; {reasons}", None)
    file = read(content)
    said = [f"{op.operator} {op.shape}" for op in deployed.operators]
    found = _operators(content)
    lines = sorted(set(said) ^ set(found) | {x for x in said if said.count(x) != found.count(x)})
    lines = [f"{x}: said {said.count(x)}, found {found.count(x)}" for x in lines]
    # Whether a bound, in the scale of what it bounds, equals another constant is chance.
    bounds = sum(op.scalar is not None and "IMUM" in op.operator for op in deployed.operators)
    if not 0 <= deployed.weight_bytes - file.weight_bytes <= bounds:
        lines.append(f"weight bytes: said {deployed.weight_bytes}, found {file.weight_bytes}")
    if not lines:
        return Agreement("equal", "; ".join(reasons), said == found)
    return Agreement("named" if reasons else "different", "\n".join([*lines, *reasons]), None)
