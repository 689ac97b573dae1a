"""Stages, the head and outputs that structures of a space have in common: expanded once.

What one of them adds to a network follows from its text, the values that this names, the shape that
enters, and how comparisons of symbolic numbers end. Where all of these are as they were, what was
added is added again, at the places that its nodes have now.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any

from archc.diagnostics.model import Reporter
from archc.ir.graph import Frame, Node, RoundingNote, SkipNote
from archc.rounding import Rounding
from archc.sema.bias import settled
from archc.sema.callees import Callee, Given
from archc.sema.expand import Expander
from archc.sema.frames import Open
from archc.sema.model import Model
from archc.sema.scope import Scope
from archc.source import Span
from archc.space.symbolic import Number
from archc.space.trace import Trace
from archc.syntax import ast
from archc.typed import NamedTuple
from archc.values import Exact, Items, Map, Size, Symbol

Member = ast.Stage | ast.Head | ast.Output
Expansion = Callable[[], int | None]
Place = Callable[[int], int]


class Placed(NamedTuple):
    """The parts of a fragment that refer to nodes by index."""

    value: int
    """The node that it ends with."""
    frame: Frame
    nodes: list[Node]
    skips: list[SkipNote]
    widths: dict[int, Given]
    maps: dict[str, Given]
    """Those with a name."""

    def at(self, place: Place) -> "Placed":
        """The same elsewhere; ``place`` makes indices there of those here."""

        def several(indices: tuple[int, ...]) -> Any:
            return tuple(map(place, indices))

        return Placed(
            place(self.value),
            _framed(self.frame, place),
            [node._replace(inputs=several(node.inputs)) for node in self.nodes],
            [
                note._replace(body=several(note.body), shortcut=several(note.shortcut))
                if note.taken
                else note
                for note in self.skips
            ],
            {place(index): given for index, given in self.widths.items()},
            {name: _named(given, place) for name, given in self.maps.items()},
        )


def _framed(frame: Frame, place: Place) -> Frame:
    children = [place(c) if isinstance(c, int) else _framed(c, place) for c in frame.children]
    start, end = place(frame.input), place(frame.output)
    return frame._replace(input=start, output=end, children=tuple(children))


def _named(given: Given, place: Place) -> Given:
    named = _map(given)
    assert named.node is not None
    return given._replace(value=named._replace(node=place(named.node)))


def _map(given: Given) -> Map:
    assert isinstance(given.value, Map)
    return given.value


class Fragment(NamedTuple):
    """What a stage, the head or an output adds to a network."""

    steps: int
    size: int
    """Its nodes."""
    roundings: list[RoundingNote]
    names: dict[str, tuple[str, Span]]
    rounded: dict[str, Any]
    entered: dict[str, Any]
    placed: dict[tuple[int, int], Placed]
    """The other parts, by the indices of its first node and of the one that enters."""
    alive: object = None
    """What its key holds the `id` of, so that nothing else gets that one."""

    def at(self, start: int, entry: int) -> Placed:
        """Its other parts at a place where it was not yet."""
        (first, _), made = next(iter(self.placed.items()))

        def place(index: int) -> int:
            return index + start - first if index >= first else entry

        self.placed[start, entry] = made = made.at(place)
        return made


class Untold(Exception):
    """A value has no key."""


PLAIN = frozenset({bool, int, str, Fraction})
TUPLES = frozenset({tuple, Exact, Items, Rounding, Size, Symbol})


def told(value: object) -> object:
    """A key that tells a value from others. Numbers are not compared: equal forms are one number.

    Raises:
        Untold: it has none, like a map, which may be another node in each network.
    """
    kind = type(value)
    if isinstance(value, Number):
        return kind, value.key
    if kind in PLAIN:
        return kind, value
    if isinstance(value, tuple) and kind in TUPLES:
        return kind, *map(told, value)
    if not isinstance(value, Callee):
        raise Untold
    target: object = id(value.target)
    if value.kind == "braces":
        scope, target = value.scope, _written(value.target.span)
        if scope.parent or scope.names or scope.maps:
            raise Untold
    return value.kind, target, *[(slot, _given(each)) for slot, each in value.bound.items()]


def _given(given: Given) -> object:
    return told(given.value), _written(given.span), given.hint, given.remark


def _written(span: Span) -> object:
    """A place in a text, and the text: that of a setting is parsed anew for each structure."""
    return span.source.name, span.source.text, span.start, span.end


def words(span: Span) -> frozenset[str]:
    """Every name that a text may read, and more."""
    known, key = span.source.read, (words, span.start, span.end)
    if key not in known:
        known[key] = frozenset(re.findall(r"\w+", span.text))
    made: frozenset[str] = known[key]
    return made


def _added(table: dict[Any, Any], before: int) -> dict[Any, Any]:
    """The entries of a table that had some before."""
    last = islice(reversed(table.items()), len(table) - before)
    return dict(reversed([*last]))


class Sharing(Expander):
    """Expands one model of a space.

    Args:
        trace: of that space alone.
    """

    def __init__(self, model: Model, reporter: Reporter, trace: Trace) -> None:
        super().__init__(model, reporter)
        self.trace = trace

    def stage(self, stage: ast.Stage, scope: Scope, value: int | None, parent: Open) -> int | None:
        expand = partial(super().stage, stage, scope, value, parent)
        return self._member(stage, scope, value, parent, expand)

    def part(
        self,
        kind: str,
        name: str,
        member: ast.Head | ast.Output,
        scope: Scope,
        value: int | None,
        parent: Open,
    ) -> int | None:
        expand = partial(super().part, kind, name, member, scope, value, parent)
        return self._member(member, scope, value, parent, expand)

    def _member(
        self, member: Member, scope: Scope, value: int | None, parent: Open, expand: Expansion
    ) -> int | None:
        if value is None or value < 0 or self.reporter.failed:
            return expand()
        read = words(member.span)
        named = {name: scope.names[name] for name in read if name in scope.names}
        try:
            key = self._key(member, value, named)
        except Untold:
            key = None
        if key is None or not scope.maps.keys().isdisjoint(read):
            return expand()
        known: Fragment | None = self.trace.recall(key, self._fits)
        if known is not None:
            return self._replayed(known, scope, value, parent)
        since = len(self.trace.asked)
        end, made = self._recorded(scope, value, parent, expand)
        if made is not None and all(scope.names[each] is named[each] for each in named):
            self.trace.keep(key, since, made._replace(alive=(member, named)), made.size)
        return end

    def _key(self, member: Member, value: int, named: dict[str, Given]) -> object:
        inputs = told((self.building.shape(value), self.building.rounding))
        return id(member), inputs, *[(name, _given(each)) for name, each in named.items()]

    def _recorded(
        self, scope: Scope, value: int, parent: Open, expand: Expansion
    ) -> tuple[int | None, Fragment | None]:
        """The end of what a member adds, and that itself, unless something is wrong with it."""
        building, reporter, tables = self.building, self.reporter, self._tables(scope)
        start, skips, notes = len(building.nodes), len(building.skips), len(building.roundings)
        before, steps = [len(table) for table in tables], self.evaluator.steps
        found = len(reporter.diagnostics)
        end = expand()
        frame = parent.children[-1]
        if end is None or found != len(reporter.diagnostics) or not isinstance(frame, Open):
            return end, None
        names, rounded, entered, widths, maps = (
            _added(table, size) for table, size in zip(tables, before, strict=True)
        )
        if len(rounded) != len(building.roundings) - notes:  # two of one name
            return end, None
        open_ = {end, *[_map(given).node for given in maps.values()]}
        nodes = building.nodes[start:] = settled(building.nodes[start:], start, open_)
        placed = Placed(end, frame.close(), nodes, building.skips[skips:], widths, maps)
        return end, Fragment(
            self.evaluator.steps - steps,
            len(nodes),
            building.roundings[notes:],
            names,
            rounded,
            entered,
            {(start, value): placed},
        )

    def _tables(self, scope: Scope) -> list[dict[Any, Any]]:
        """What is added to by name or index."""
        building = self.building
        return [building.names, building.rounded, self.entered, building.widths, scope.names]

    def _fits(self, known: Fragment) -> bool:
        """Whether it stays within the limits, and its names are free."""
        return (
            self.evaluator.steps + known.steps <= self.limits.steps
            and len(self.building.nodes) + known.size <= self.limits.operators
            and known.names.keys().isdisjoint(self.building.names.keys())
        )

    def _replayed(self, known: Fragment, scope: Scope, value: int, parent: Open) -> int:
        building, start = self.building, len(self.building.nodes)
        placed = known.placed.get((start, value))
        if placed is None:
            placed = known.at(start, value)
            self.trace.size += known.size
        self.evaluator.steps += known.steps
        building.nodes += placed.nodes
        building.roundings += known.roundings
        building.skips += placed.skips
        parent.children.append(placed.frame)
        added: list[dict[Any, Any]] = [
            known.names,
            known.rounded,
            known.entered,
            placed.widths,
            placed.maps,
        ]
        for table, more in zip(self._tables(scope), added, strict=True):
            table.update(more)
        return placed.value
