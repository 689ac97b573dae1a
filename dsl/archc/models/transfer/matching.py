"""Which parts of two networks are the same, by colours that are refined until nothing changes.

Two nodes have one colour if they are alike, read alike and are read alike (Weisfeiler and Leman
1968). A sweep along the order of execution and one against it carry what is known through the
whole network at once. Where nodes of one colour are left, they are told apart by what two networks
that compute the same may say differently (strides, activations, places in a concatenation), as far
as both say the same of it, then by names. Those that still are alike are interchangeable, if
neither network tells them apart by anything that its layers say.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

from archc.models.transfer.arrays import Atom
from archc.models.transfer.network import Network, Node, Way

Colours = list[int]


class Unlike(Exception):
    """The networks are not the same. The message says why, or is empty."""


class Ambiguous(Exception):
    """It is not known which parts of the networks belong together; the atoms in question."""

    def __init__(self, source: list[int], target: list[int]) -> None:
        super().__init__()
        self.source, self.target = source, target


def _of_end(kind: str, field: int) -> Callable[[Node, Atom | None], Hashable]:
    return lambda node, _: node.end[field] if node.end is not None and node.key == kind else None


_OF_NODES: tuple[Callable[[Node, Atom | None], Hashable], ...] = (
    lambda _, atom: atom and atom.details,
    lambda _, atom: atom and atom.layout,
    *(_of_end(kind, field) for kind in ("input", "output") for field in (0, 1)),
)
_OF_WAYS: tuple[Callable[[Way], Hashable], ...] = (
    lambda way: frozenset(kind for kind in way if " " not in kind),
    lambda way: frozenset(kind for kind in way if " " in kind),
)
"""What nodes, and ways between them, are told apart by where that helps, in turn."""


class _Side:
    """Nodes with what refinement needs of them."""

    def __init__(
        self, nodes: Sequence[Node], atoms: Sequence[Atom], together: bool = False
    ) -> None:
        """Nodes, the calls of one atom ``together`` where those of the other network are too."""
        self.nodes, self.atoms = nodes, atoms
        self.readers: list[list[tuple[int, Way]]] = [[] for _ in nodes]
        calls: dict[int, list[int]] = {}
        for index, node in enumerate(nodes):
            for source, way in node.reads.items():
                self.readers[source].append((index, way))
            if together and node.atoms:
                calls.setdefault(node.atoms[0], []).append(index)
        self.shared = [indices for indices in calls.values() if len(indices) > 1]

    def atom(self, index: int) -> Atom | None:
        held = self.nodes[index].atoms
        return self.atoms[held[0]] if held else None


class _Table:
    """Colours of what has been seen, the same for all networks."""

    def __init__(self) -> None:
        self.known: dict[Hashable, int] = {}

    def colour(self, what: Hashable) -> int:
        return self.known.setdefault(what, len(self.known))

    def colours(self, sides: Iterable[Iterable[Hashable]]) -> list[Colours]:
        return [[self.colour(what) for what in side] for side in sides]


def _refined(
    sides: Sequence[_Side],
    colours: Sequence[Colours],
    ways: Sequence[Callable[[Way], Hashable]],
) -> list[Colours]:
    """Colours that no further look at neighbours refines.

    Raises:
        Unlike: two networks do not have the same ones.
    """
    now = [list(one) for one in colours]
    count = -1
    while count < (count := len({colour for one in now for colour in one})):
        table = _Table()
        for side, mine in zip(sides, now, strict=True):
            for index, node in enumerate(side.nodes):
                read = Counter(
                    (mine[n], *(of(way) for of in ways)) for n, way in node.reads.items()
                )
                mine[index] = table.colour((mine[index], frozenset(read.items())))
        for side, mine in zip(sides, now, strict=True):
            for index in reversed(range(len(side.nodes))):
                read = Counter(
                    (mine[n], *(of(way) for of in ways)) for n, way in side.readers[index]
                )
                mine[index] = table.colour((mine[index], frozenset(read.items()), "read"))
            for indices in side.shared:
                together = tuple(sorted(mine[index] for index in indices))
                for index in indices:
                    mine[index] = table.colour((mine[index], together, "calls"))
        if any(Counter(now[0]) != Counter(other) for other in now[1:]):
            raise Unlike
    return now


def _mixed(*several: Sequence[Sequence[Hashable]]) -> list[Colours]:
    """Colours by several things at once."""
    return _Table().colours(zip(*side, strict=True) for side in zip(*several, strict=True))


def by_structure(source: Network, target: Network) -> list[tuple[int, int]]:
    """Pairs of atoms, of the source and the target, by how the networks are wired: call by call,
    else without what each lets lie between layers with arrays.

    Raises:
        Unlike: they are not the same.
        Ambiguous: there are several ways to pair them.
    """
    if not (source.nodes and target.nodes) or source.loose or target.loose:
        raise Unlike
    pairs: set[tuple[int, int]] = set()
    matching = _matching(source, target)
    for a, b in matching.pairs():
        ours, theirs = (
            side.nodes[index].atoms for side, index in zip(matching.sides, (a, b), strict=True)
        )
        pairs.update(zip(theirs, ours, strict=True))
    found = [(ours, theirs) for theirs, ours in sorted(pairs)]
    if {a for a, _ in found} != {*range(len(source.atoms))}:
        raise Unlike  # a layer is never called
    if {b for _, b in found} != {*range(len(target.atoms))}:
        raise Unlike
    return found


def _matching(source: Network, target: Network) -> "_Matching":
    """By the closest look at both that shows them to be the same.

    Raises:
        Unlike: none does.
    """
    for ours, theirs in (
        (source.calls, target.calls),
        (source.joined, target.joined),
        (source.nodes, target.nodes),
    ):
        # Layers that one network shares may be several in the other.
        for together in (True, False):
            sides = (
                _Side(ours, source.atoms, together),
                _Side(theirs, target.atoms, together),
            )
            try:
                return _Matching((source, target), sides)
            except Unlike:
                continue
    raise Unlike


class _Matching:
    def __init__(self, networks: tuple[Network, Network], sides: tuple[_Side, _Side]) -> None:
        self.networks, self.sides = networks, sides
        self.ways: list[Callable[[Way], Hashable]] = []
        keys = _Table().colours([node.key for node in side.nodes] for side in self.sides)
        self.colours = _refined(self.sides, keys, self.ways)
        for said in _OF_NODES:
            self.try_colours(
                [
                    [said(node, side.atom(index)) for index, node in enumerate(side.nodes)]
                    for side in self.sides
                ]
            )
        for of in _OF_WAYS:
            self.ways.append(of)
            if not self.try_colours(self.colours):
                self.ways.pop()
        self.chosen: list[dict[int, int]] = [{}, {}]
        """Calls that were taken from among several that are alike, by what number."""

    def try_colours(self, more: Sequence[Sequence[Hashable]]) -> bool:
        """Refine by something, if both networks say the same of it."""
        try:
            self.colours = _refined(self.sides, _mixed(self.colours, more), self.ways)
        except Unlike:
            return False
        return True

    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of nodes, after one of those that are alike has been taken wherever there are some.

        Raises:
            Ambiguous: they are alike only as far as both networks say the same of them.
        """
        while True:
            groups = [_groups(one) for one in self.colours]
            several = next((c for c, group in groups[1].items() if len(group) > 1), None)
            if several is None:
                return [(groups[0][colour][0], group[0]) for colour, group in groups[1].items()]
            chosen = self.pair(*(group[several] for group in groups))
            marks = [[0] * len(one) for one in self.colours]
            for mark, side, taken, index in zip(
                marks, self.sides, self.chosen, chosen, strict=True
            ):
                mark[index] = 1
                taken[side.nodes[index].call] = len(taken) + 1
            self.colours = _refined(self.sides, _mixed(self.colours, marks), self.ways)

    def pair(self, ours: list[int], theirs: list[int]) -> tuple[int, int]:
        """One of some nodes that are alike with its counterpart: by name, else any two."""
        groups = ours, theirs
        named = [
            {self.name(side, index): index for index in group}
            for side, group in zip(self.sides, groups, strict=True)
        ]
        if named[0].keys() == named[1].keys() and len(named[0]) == len(ours):
            name = next(iter(named[1]))
            return named[0][name], named[1][name]
        for network, side, taken, group in zip(
            self.networks, self.sides, self.chosen, groups, strict=True
        ):
            alone = _alone(network, taken)
            if len({alone[side.nodes[index].call] for index in group}) > 1:
                raise Ambiguous(
                    *(
                        [atom for index in group for atom in side.nodes[index].atoms]
                        for side, group in zip(self.sides, groups, strict=True)
                    )
                )
        return ours[0], theirs[0]

    @staticmethod
    def name(side: _Side, index: int) -> Hashable:
        atom = side.atom(index)
        return side.nodes[index].end if atom is None else (atom.layer, atom.part)


def _alone(network: Network, chosen: dict[int, int]) -> Colours:
    """What a network by itself tells apart among the calls of its layers, by all that they say and
    by which were chosen."""
    side = _Side(network.calls, network.atoms, together=True)
    keys = [(node.key, chosen.get(index)) for index, node in enumerate(network.calls)]
    return _refined([side], _Table().colours([keys]), [lambda way: way])[0]


def _groups(colours: Colours) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for index, colour in enumerate(colours):
        groups.setdefault(colour, []).append(index)
    return groups


def by_names(source: Network, target: Network) -> list[tuple[int, int]] | None:
    """Pairs of atoms of equal names and kinds; None where that does not account for all."""
    if source.loose or target.loose:
        return None
    ours = {(atom.layer, atom.part): index for index, atom in enumerate(source.atoms)}
    theirs = {(atom.layer, atom.part): index for index, atom in enumerate(target.atoms)}
    if ours.keys() != theirs.keys():
        return None
    pairs = [(ours[name], theirs[name]) for name in theirs]
    alike = all(source.atoms[a].key == target.atoms[b].key for a, b in pairs)
    return pairs if alike else None
