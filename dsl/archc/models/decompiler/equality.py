"""Whether two networks are one, up to names: operators, arguments, shapes and wiring."""

from collections import Counter
from typing import NamedTuple

from archc.models.decompiler.network import Network, Operation

_EITHER_WAY = frozenset({"add", "multiply", "maximum", "minimum"})
"""Operators whose operands may be swapped."""


class Comparison(NamedTuple):
    """What two networks have in common."""

    equal: bool
    """Whether one is the other under other names; sums may take their operands in another order."""
    in_order: bool = False
    """Whether their operators are executed in the same order."""
    pairs: tuple[int, ...] = ()
    """For every operation of the first the one of the second that it is, where they are equal."""


def compare(first: Network, second: Network) -> Comparison:
    """Compare two networks.

    Values are numbered by what computes them, so that equal ones have equal numbers; then every
    operation of the first is paired with one of the second, from the results back. Where values
    are computed twice, a pairing that exists may be missed: then they count as different.
    """
    numbers: dict[object, int] = {}
    mine, theirs = _numbered(first, numbers), _numbered(second, numbers)
    if Counter(mine) != Counter(theirs) or len(first.ends) != len(second.ends):
        return Comparison(False)
    pairs: list[int | None] = [None] * len(mine)
    taken: set[int] = set()

    def pair(index: int, other: int) -> bool:
        if pairs[index] is None and other not in taken:
            pairs[index] = other
            taken.add(other)
        return pairs[index] == other and mine[index] == theirs[other]

    entries = zip(range(first.entries), range(second.entries), strict=True)
    ends = zip(_ends(first, second), _ends(second, first), strict=True)
    if not all(pair(index, other) for index, other in (*entries, *ends)):
        return Comparison(False)
    for index in reversed(range(len(mine))):  # what reads an operation comes after it
        other = pairs[index]
        if other is None:
            return Comparison(False)
        reads = list(first.operations[index].inputs)
        others = list(second.operations[other].inputs)
        if _swaps(first, first.operations[index]):
            others = _matched(reads, others, mine, theirs, pairs)
        if not all(pair(read, there) for read, there in zip(reads, others, strict=True)):
            return Comparison(False)
    whole = tuple(other for other in pairs if other is not None)
    return Comparison(True, mine == theirs, whole)


def _ends(network: Network, other: Network) -> tuple[int, ...]:
    """The results in order; those that go by the same names in both in the order of these."""
    if set(network.names) != set(other.names):
        return network.ends
    named = sorted(zip(network.names, network.ends, strict=False))
    return tuple(end for _, end in named) or network.ends


def _matched(
    reads: list[int],
    others: list[int],
    mine: list[int],
    theirs: list[int],
    pairs: list[int | None],
) -> list[int]:
    """The operands of the second in the order in which those of the first go with them."""
    left = list(others)
    matched: list[int] = []
    for read in reads:
        known = pairs[read]
        fits = [other for other in left if other == known or theirs[other] == mine[read]]
        choice = known if known in left else next(iter(fits), left[0])
        assert choice is not None
        left.remove(choice)
        matched.append(choice)
    return matched


def _numbered(network: Network, numbers: dict[object, int]) -> list[int]:
    made: list[int] = []
    for place, operation in enumerate(network.operations):
        reads = [made[source] for source in operation.inputs]
        if _swaps(network, operation):
            reads.sort()
        key = (operation.op, operation.shape, tuple(reads), None if reads else place)
        made.append(numbers.setdefault(key, len(numbers)))
    return made


def _swaps(network: Network, operation: Operation) -> bool:
    """Whether the operands of an operator may be swapped."""
    shapes = {network.operations[source].shape for source in operation.inputs}
    return operation.keyword in _EITHER_WAY and len(shapes) == 1
