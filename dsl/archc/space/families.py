"""Blocks that differ in numbers alone, such as `ir(expansion = 3)` and `ir(expansion = 6)`: one
structure with further axes, so that it is traced and checked once for all of them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from archc.diagnostics.model import Rejected, Reporter
from archc.limits import Limits
from archc.sema.callees import Callee, Given
from archc.sema.evaluate import Evaluator, Exhausted, Poisoned
from archc.sema.ranges import in_range, same
from archc.sema.resolve import Setting
from archc.sema.scope import Module, Scope
from archc.source import Source, Span
from archc.space.atoms import Axis
from archc.space.dimensions import Dimension, lattice
from archc.syntax import ast
from archc.syntax.parse import parse_expression
from archc.typed import Any, NamedTuple
from archc.values import Size

Numbers = dict[str, tuple[Fraction, ...]]
"""By parameter; several of a size such as `3x3`."""


class Family(NamedTuple):
    """Blocks that differ in numbers alone."""

    name: ast.Name
    """The parameter that they are values of."""
    block: Callee
    """One of them."""
    open: dict[str, tuple[str | Fraction, ...]]
    """Of each of the block's parameters whose numbers differ: these, or the axis of each."""
    axes: dict[str, Axis]
    """By name, which has a dot in it that the names of parameters lack."""

    def setting(self, numbers: Mapping[str, Any]) -> Setting:
        """The parameter set to the block with numbers for the axes."""
        bound = dict(self.block.bound)
        for name, parts in self.open.items():
            values = [numbers[each] if isinstance(each, str) else each for each in parts]
            value = Size(tuple(values)) if len(values) > 1 else values[0]
            bound[name] = Given(value, self.name.span)
        block = self.block._replace(bound=bound)
        return Setting(self.name, ast.Known(block, self.name.span))


class Choice(NamedTuple):
    """A value of a parameter that is not a number."""

    setting: Setting
    family: Family | None = None
    """That which it is of, if there are others of it."""
    places: Mapping[str, int] = {}
    """Its numbers on the axes of the family."""


class _Block(NamedTuple):
    """A block that is the value of a parameter."""

    at: int
    """Among the values."""
    callee: Callee
    numbers: Numbers
    """What is bound in it, or stands in its declaration where that makes no difference."""

    def like(self, other: "_Block") -> bool:
        """Whether they differ in numbers alone."""
        mine, theirs = self.callee, other.callee
        if mine.target is not theirs.target or mine.scope is not theirs.scope:
            return False
        if _form(self.numbers) != _form(other.numbers):
            return False
        rest = [{*each.callee.bound} - {*each.numbers} for each in (self, other)]
        return rest[0] == rest[1] and all(
            same(mine.bound[name].value, theirs.bound[name].value) for name in rest[0]
        )


def _form(numbers: Numbers) -> dict[str, int]:
    return {name: len(parts) for name, parts in numbers.items()}


def choices(
    dimension: Dimension, arch: ast.Arch, module: Module, home: Module, limits: Limits
) -> list[Choice]:
    """The values of a dimension that are not numbers.

    Args:
        dimension: it.
        arch: what has the parameter, which may allow certain values alone.
        module: what their names mean.
        home: the same for what is declared in the arch.
        limits: bounds on work.
    """
    parameter = next(each for each in arch.parameters if each.name.text == dimension.name)
    plain = _plain(dimension.name, arch)
    settings = [_setting(dimension.name, text, limits) for text in dimension.values or ()]
    made = [Choice(setting) for setting in settings]
    groups: list[list[_Block]] = []
    for at, setting in enumerate(settings):
        evaluator, scope = Evaluator(limits, Reporter(limits.errors)), Scope(module, None)
        value = _value(setting.value, evaluator, scope)
        if not isinstance(value, Callee) or value.kind not in ("block", "operator"):
            continue
        given = Given(value, setting.value.span, None, (setting.value, scope))
        in_range(parameter, given, evaluator, Scope(home, None))
        if evaluator.reporter.failed:
            continue
        block = _Block(at, value, _numbers(value, evaluator, plain))
        group = next((each for each in groups if each[0].like(block)), None)
        if group is None:
            groups.append([block])
        else:
            group.append(block)
    for group in groups:
        if len(group) > 1:
            family, places = _family(settings[group[0].at].name, group)
            for block, own in zip(group, places, strict=True):
                made[block.at] = Choice(settings[block.at], family, own)
    return made


def _plain(name: str, arch: ast.Arch) -> bool:
    """Whether an arch only calls a parameter, without arguments. Else what is bound in its value
    is not what this has by default: more can be bound, and it can be compared with choices."""
    waiting: list[object] = [arch]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Reference) and node.name.text == name:
            return False
        if isinstance(node, ast.Call) and node.name.text == name and node.arguments:
            return False
        if isinstance(node, tuple):
            waiting += node
    return True


def _family(name: ast.Name, group: Sequence[_Block]) -> tuple[Family, list[dict[str, int]]]:
    """A family, and where each of its blocks is on its axes."""
    opened: dict[str, tuple[str | Fraction, ...]] = {}
    axes: dict[str, Axis] = {}
    known: dict[tuple[Fraction, ...], str] = {}
    places: list[dict[str, int]] = [{} for _ in group]
    for slot, first in group[0].numbers.items():
        parts: list[str | Fraction] = []
        for place in range(len(first)):
            column = tuple([block.numbers[slot][place] for block in group])
            if len(set(column)) == 1:
                parts.append(column[0])
                continue
            # Another family of the parameter has other axes.
            axis = known.setdefault(column, f"{name.text}.{group[0].at}.{slot}.{place}")
            parts.append(axis)
            axes[axis], lies = lattice(axis, column)
            for own, at in zip(places, lies, strict=True):
                own[axis] = at
        if any(isinstance(part, str) for part in parts):
            opened[slot] = tuple(parts)
    return Family(name, group[0].callee, opened, axes), places


def _setting(name: str, text: str, limits: Limits) -> Setting:
    expression = parse_expression(Source("<set>", f"{name}={text}"), limits, len(name) + 1)
    return Setting(ast.Name(name, Span(expression.span.source, 0, len(name))), expression)


def _numbers(block: Callee, evaluator: Evaluator, defaults: bool) -> Numbers:
    """What is bound in a block, and perhaps what it has by default."""
    found: Numbers = {}
    if block.kind == "block" and defaults:
        filled = {slot.name for slot in block.slots if slot.filled}  # a stage may give them
        for each in block.target.parameters:
            if each.default is not None and each.name.text not in filled:
                value = _value(each.default, evaluator, Scope(block.scope, None))
                found |= _parts(each.name.text, value)
    for name, given in block.bound.items():
        found.pop(name, None)
        found |= _parts(name, given.value)
    return found


def _parts(name: str, value: object) -> Numbers:
    if isinstance(value, Fraction):
        return {name: (value,)}
    return {name: value.extents} if isinstance(value, Size) else {}


def _value(expression: ast.Expression, evaluator: Evaluator, scope: Scope) -> object:
    """Its value, if it needs nothing but its module."""
    try:
        return evaluator.value(expression, scope)
    except (Rejected, Poisoned, Exhausted):  # told of the variant that takes it
        return None
