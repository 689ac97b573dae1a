"""From wiring to variables: which variable every value of a body is kept in.

The language only composes: a value forks where a `skip`, `gate`, `concat` or `add` begins and its
branches meet again in one merging operator. A body reads best when the main path stays in one
variable, `x`, and a branch has a name that says what it is for:

- ``Add`` of the fork and a branch: `shortcut = x` keeps the fork, the branch goes on in `x`;
- ``Add`` of a short first branch and a longer one: the short one is the `shortcut`;
- ``Multiply`` of the fork and a branch: the branch is the `gate`, the fork stays in `x`;
- any other merge: `branch_1`, `branch_2`, ...

Names are only proposed this way. What keeps the code right is the liveness of values: a variable
whose value is still needed is copied before it is overwritten, whatever the proposal.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from archc.ir.graph import dominators
from archc.typed import NamedTuple

MAIN = "x"


class Wire(NamedTuple):
    """What a statement reads: value 0 enters the body, value i + 1 is made by statement i, and the
    values below 0 are others from outside."""

    inputs: tuple[int, ...]
    merge: str = ""
    """Keras class of a merging layer."""
    weight: int = 1
    """How much it computes, to tell a short branch from a long one."""


class Move(NamedTuple):
    """One statement of the body: `target = statement(operands)`, or a copy if it has none."""

    target: str
    statement: int | None
    operands: tuple[str, ...]


class Plan(NamedTuple):
    moves: tuple[Move, ...]
    result: str
    """The variable that holds the output."""
    outer: tuple[str, ...] = ()
    """Those of the values from outside."""

    def variables(self) -> set[str]:
        return {*self.outer, *(move.target for move in self.moves)}


KEPT, LONGEST = 64, 1_000
"""So many plans are kept, of bodies of at most so many statements: most bodies are wired alike."""


def plan(
    wires: Sequence[Wire],
    output: int,
    entry: str = MAIN,
    outer: Sequence[str] = (),
    kept: Mapping[int, str] = MappingProxyType({}),
) -> Plan:
    """Choose variables for the values of a body.

    Args:
        wires: what its statements read.
        output: the value that leaves it.
        entry: the variable in which value 0 enters.
        outer: those of the values from outside, which no statement changes: of -1, -2, ...
        kept: variables of their own for some values, which no other statement uses.
    """
    planned = _plan if len(wires) <= LONGEST else _plan.__wrapped__
    return planned(tuple(wires), output, entry, tuple(outer), tuple(kept.items()))


@lru_cache(maxsize=KEPT)
def _plan(
    wires: tuple[Wire, ...],
    output: int,
    entry: str,
    outer: tuple[str, ...],
    own: tuple[tuple[int, str], ...],
) -> Plan:
    kept = dict(own)
    lanes, saves = _propose([_without_outer(wire) for wire in wires], max(output, 0), kept)
    last_use = dict.fromkeys(range(len(wires) + 1), -1)
    for index, wire in enumerate(wires):
        for value in wire.inputs:
            last_use[value] = index
    last_use[output] = len(wires)
    where = {0: entry, **{-1 - number: name for number, name in enumerate(outer)}}
    holds = {entry: 0}
    moves: list[Move] = []

    def live(variable: str, index: int) -> bool:
        return variable in holds and last_use[holds[variable]] > index

    for index, wire in enumerate(wires):
        target = kept.get(index + 1) or lanes[index + 1]
        operands = tuple(where[value] for value in wire.inputs)
        if live(target, index):
            held = holds[target]
            save = saves.get(held, "shortcut")
            number = 1
            while live(save, index - 1) or save == target:
                number += 1
                save = f"shortcut_{number}"
            moves.append(Move(save, None, (target,)))
            where[held] = save
            holds[save] = held
        moves.append(Move(target, index, operands))
        where[index + 1] = target
        holds[target] = index + 1
    return Plan(tuple(moves), where[output], outer)


def _without_outer(wire: Wire) -> Wire:
    """A statement as it counts for proposals: values from outside enter as value 0 does."""
    if min(wire.inputs) >= 0:
        return wire
    return wire._replace(inputs=tuple(max(value, 0) for value in wire.inputs))


def _propose(
    wires: Sequence[Wire], output: int, kept: Iterable[int] = ()
) -> tuple[list[str], dict[int, str]]:
    """A variable for every value, and one to copy a value to should it be in the way."""
    parents = dominators(wire.inputs for wire in wires)
    costs = [0]
    for wire, parent in zip(wires, parents[1:], strict=True):
        within = sum(costs[value] - costs[parent] for value in set(wire.inputs))
        costs.append(costs[parent] + within + wire.weight)
    nothing: frozenset[str] = frozenset()
    lanes: list[str | None] = [None] * len(costs)
    taken: list[frozenset[str]] = [nothing] * len(costs)
    saves: dict[int, str] = {}
    lanes[output] = MAIN
    for value in kept:  # what leads to a value of its own is a path of its own
        lanes[value] = MAIN
    for value in range(len(wires), 0, -1):
        wire, fork = wires[value - 1], parents[value]
        lane = lanes[value] or MAIN
        context = taken[value]
        branches = [branch for branch in dict.fromkeys(wire.inputs) if branch != fork]
        if len(wire.inputs) > 1 and branches:
            names, save = _roles(wire, branches, fork, costs, lane, context)
            inner = context | {lane, save, *names}
            for branch, name in zip(branches, names, strict=True):
                if lanes[branch] is None:
                    lanes[branch], taken[branch] = name, inner
            saves.setdefault(fork, save)
        if lanes[fork] is None:
            lanes[fork], taken[fork] = lane, context
    return [lane or MAIN for lane in lanes], saves


def _roles(
    wire: Wire,
    branches: list[int],
    fork: int,
    costs: list[int],
    lane: str,
    context: frozenset[str],
) -> tuple[list[str], str]:
    """A variable for each branch of a merge, and one to copy the fork to."""
    shortcut = _free("shortcut", context)
    if len(wire.inputs) == 2 and wire.merge == "Add":
        if len(branches) == 1:
            return [lane], shortcut
        if costs[branches[0]] < costs[branches[1]]:
            return [shortcut, lane], shortcut
    if len(wire.inputs) == 2 and wire.merge == "Multiply" and len(branches) == 1:
        return [_free("gate", context)], shortcut
    stem = lane if lane.startswith("branch") and len(lane) < 16 else "branch"
    if any(name.startswith(f"{stem}_1") for name in context):
        stem = f"{lane}_branch" if len(lane) < 16 else f"branch_{len(context)}"
    names = {value: f"{stem}_{number}" for number, value in enumerate(wire.inputs, 1)}
    return [names[branch] for branch in branches], shortcut


def _free(name: str, context: frozenset[str]) -> str:
    if name not in context:
        return name
    number = 2
    while f"{name}_{number}" in context:
        number += 1
    return f"{name}_{number}"
