"""Calls as people write them who come from another tool, for every name of the table."""

from collections.abc import Iterator
from typing import NamedTuple

from archc.diagnostics.fixes import applied, chosen
from archc.diagnostics.model import Diagnostic
from archc.driver import Compilation, Options, compile_spec
from archc.files import Loader
from archc.foreign import Found, Parameter
from archc.ir.graph import Node
from archc.limits import DEFAULT_LIMITS
from archc.ops.base import OPERATORS
from archc.source import Source

VALUES = {
    "channels": ("16", 16),
    "kernel": ("3x3", (3, 3)),
    "stride": ("2", (2, 2)),
    "padding": ("same", "same"),
    "dilation": ("1", (1, 1)),
    "groups": ("1", 1),
    "multiplier": ("2", 2),
    "bias": ("false", False),
    "units": ("10", 10),
    "epsilon": ("0.25", 0.25),
    "momentum": ("0.5", 0.5),
    "slope": ("0.125", 0.125),
    "window": ("2x2", (2, 2)),
    "keepdims": ("true", True),
    "shape": ("8 x 8 x 32", (8, 8, 32)),
    "before": ("1", (1, 1)),
    "scale": ("2", (2, 2)),
    "interpolation": ("bilinear", "bilinear"),
    "rate": ("0.25", 0.25),
    "center": ("true", True),
    "max": ("4", 4),
    "mean": ("0.5", (0.5,)),
    "variance": ("0.25", (0.25,)),
    "offset": ("0.25", 0.25),
    "order": ("2 x 1 x 3", (2, 1, 3)),
    "size": ("10x12", (10, 12)),
    "factor": ("2", 2),
    "first": ("1", 1),
    "count": ("3", 3),
}
"""A value for every argument of ours: its text, and what it is as an attribute."""
ENTERS = "8"
"""The channels that enter, where a tool wants to be told."""


class Typed(NamedTuple):
    """A call with what it must mean."""

    text: str
    given: dict[str, object]
    """Attributes that it gives."""


def calls(found: Found) -> Iterator[Typed]:
    """Typical calls of a name that is an operator here: bare, by name, by place, by our names."""
    row = found.row
    braces = " { conv(8) } { conv(8, 3x3) }" if OPERATORS_WITH_BODIES(row.ours) else ""
    yield Typed(found.name + braces, {})
    takes = row.takes if row.takes is not None else own(row.ours)
    known = [one for one in takes if one.ours and not one.unlike and one.ours in VALUES]
    for count in range(1, len(known) + 1):
        some = known[:count]
        named = ", ".join(f"{one.name} = {VALUES[one.ours or ''][0]}" for one in some)
        yield Typed(f"{found.name}({named}){braces}", given(some))
    mine = [one for one in own(row.ours) if one.name in VALUES]
    if mine:
        named = ", ".join(f"{one.name} = {VALUES[one.name][0]}" for one in mine)
        yield Typed(f"{found.name}({named}){braces}", given(mine))
    by_place: list[str] = []
    placed: list[Parameter] = []
    for one in takes:
        if one.ours is None or one.unlike or (one.ours and one.ours not in VALUES):
            break
        by_place.append(VALUES[one.ours][0] if one.ours else ENTERS)
        placed += [one] if one.ours else []
        if placed:
            yield Typed(f"{found.name}({', '.join(by_place)}){braces}", given(placed))


def given(parameters: list[Parameter]) -> dict[str, object]:
    return {one.ours or "": VALUES[one.ours or ""][1] for one in parameters}


def own(ours: str) -> tuple[Parameter, ...]:
    """The arguments of an operator as parameters of itself."""
    op = OPERATORS.get(ours)
    return tuple(Parameter(name, name) for name in op.args) if op is not None else ()


def OPERATORS_WITH_BODIES(ours: str) -> bool:  # noqa: N802
    return ours in OPERATORS and OPERATORS[ours].bodies


def spec(body: str) -> str:
    return f"arch a {{\n    input i: 16 x 16 x 8\n    head {{ {body} }}\n}}\n"


def within(text: str, ours: str = "") -> str:
    """A spec with a statement where its operator can read what enters."""
    if ours in ("conv", "conv_transpose"):  # the stage supplies their channels
        return f"arch a {{\n    input i: 16 x 16 x 8\n    stage s(channels = 16) {{ {text} }}\n}}\n"
    before = {"dense": "global_average_pool ", "identity": "conv(8) "}.get(ours, "")
    return spec(f"{before}{text}")


def compiled(text: str) -> Compilation:
    limits = DEFAULT_LIMITS._replace(errors=100_000, nesting=100)
    return compile_spec(Loader(), Source("spec.arch", text), Options(limits=limits))


def errors(made: Compilation) -> list[Diagnostic]:
    return [one for one in made.diagnostics if one.level == "error"]


def fixed(text: str, rounds: int = 9) -> str:
    """A text after `--fix`."""
    for _ in range(rounds):
        source = Source("spec.arch", text)
        made = compile_spec(Loader(), source, Options())
        fixes = chosen(made.diagnostics, [source])
        if not fixes:
            break
        text = applied(source, fixes)
    return text


def last(made: Compilation) -> Node:
    """The last operator of the only network."""
    (network,) = made.networks
    return network.graph.nodes[network.graph.output]
