"""Networks whose maps are read in several places: each band holds ways that begin and end at names.

In a band, what is read again further on is cut: a way ends at its name, and those that go on from
it begin there, as wires with one name do in a circuit diagram. So nothing crosses, and a neck that
joins three scales reads as a list of its joins.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from archc.emit.drawing.reader import Reader
from archc.emit.drawing.structure import (
    Box,
    Group,
    Item,
    Join,
    Stage,
    Tag,
    inside,
    sign,
    title,
    walk,
)
from archc.ir.graph import Frame, Graph, dominators

VIRTUAL = -1
"""What stands above the maps that ways begin at."""


def series_parallel(graph: Graph) -> bool:
    """Whether a network has one input and one result, and every value is read where it is made or
    by the joins that end its branches."""
    if graph.names or len(graph.inputs) > 1:
        return False
    value = graph.frame.input
    for frame in graph.frame.children:
        if isinstance(frame, int) or frame.input != value:
            return False
        members = set(_members(frame))
        reads = {source for index in members for source in graph.nodes[index].inputs}
        if not reads <= {*members, value}:
            return False
        value = frame.output
    return _nested(graph)


def _nested(graph: Graph) -> bool:
    """Whether joins nest, so that a tree of them has every layer once."""
    forks = dominators(node.inputs or (0,) for node in graph.nodes[1:])
    drawn: set[int] = set()
    work = [(one.input, one.output) for one in graph.frame.children if not isinstance(one, int)]
    while work:
        start, at = work.pop()
        while at != start:
            if at < start or at in drawn or not graph.nodes[at].inputs:
                return False
            drawn.add(at)
            fork, reads = forks[at], graph.nodes[at].inputs
            if len(reads) > 1:
                work += [(fork, read) for read in reads if read != fork]
            at = fork
    return len(drawn) == len(graph.nodes) - len(graph.inputs)


def _members(frame: Frame) -> Iterator[int]:
    for child in frame.children:
        if isinstance(child, int):
            yield child
        else:
            yield from _members(child)


class Wired(Reader):
    """Reads such a network."""

    def __init__(self, graph: Graph, manifest: dict[str, Any], fold: bool) -> None:
        super().__init__(graph, manifest, fold)
        self.users = graph.users()
        self.names = {index: graph.nodes[index].name for index in graph.inputs}
        for name, index in graph.maps:
            self.names.setdefault(index, name)
        self.members: set[int] = set()
        self.cuts: set[int] = set()
        self.own: dict[int, int] = {}
        self.above = graph.frame.input if len(graph.inputs) == 1 else VIRTUAL

    def _stage(self, frame: Frame, detail: str) -> Stage:
        ordered = sorted(_members(frame))
        self.members = set(ordered)
        self._cut(ordered, frame.output)
        roots = [index for index in ordered if index in self.cuts]
        items: list[Item] = []
        follows = frame.input == self.above
        for number, root in enumerate(roots):
            chain, source = self._up(root, VIRTUAL)
            led = follows and not number and source == frame.input
            if source != VIRTUAL and not led:
                items.append(self._tag(source, opens=True))
            follows = led if not number else follows
            items += self._pieces(chain, detail)
            if root != frame.output or (root in self.names and self.names[root] != frame.label):
                items.append(self._tag(root, opens=False))
        self.above = frame.output
        count = sum(not isinstance(c, int) and c.kind == "repeat" for c in frame.children) or 1
        members = tuple(ordered)
        macs, params = (sum(of[i] for i in members) for of in (self.macs, self.params))
        enters, shape = self._shape(frame.input), self._shape(frame.output)
        opened = {item.value for item in walk(items) if isinstance(item, Tag) and item.opens}
        if detail == "stages" and len(opened) + follows < 2 and items:
            ends = [item for item in items if isinstance(item, Tag)]
            box = Box("", tuple(inside(items)), enters, shape, macs, params, members, frame.label)
            closed = [tag for tag in ends if not tag.opens]
            items = [*(tag for tag in ends if tag.opens), box, *closed[-1:]]
        name = f"output {frame.label}" if frame.kind == "output" else frame.label
        return Stage(
            name,
            count,
            tuple(items),
            enters,
            shape,
            macs,
            params,
            members,
            frame.output,
            follows and bool(items),
        )

    def _pieces(self, chain: Sequence[int], detail: str) -> tuple[Item, ...]:
        """The items of a way. Repeats of a stage are groups without a name."""
        found: list[Item] = []
        for number, part in self._by_frame(chain, 1):
            repeat = number is not None and self.frames[number].kind == "repeat"
            inner = self._items(part, 2 if repeat else 1, detail)
            found.extend(inner)
        return tuple(self._folded(found))

    def _collapsed(self, label: str, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """A block as one box, unless it reads maps by their names, which are to be seen."""
        if any(isinstance(item, Tag) for item in walk(items)):
            return (Group(label, items, items[0].enters, items[-1].shape),)
        return super()._collapsed(label, items)

    def _tag(self, value: int, *, opens: bool) -> Tag:
        name = self.names.get(value) or self.graph.nodes[value].name
        shape = self._shape(value)
        return Tag(name, shape, shape, value, opens)

    # --- cuts -----------------------------------------------------------------------------------

    def _cut(self, ordered: Sequence[int], output: int) -> None:
        """Choose what is cut so that every layer of a band is drawn once."""
        self.cuts = {output} & self.members
        for index in ordered:
            outside = any(user not in self.members for user in self.users[index])
            named = index in self.names and len(self.users[index]) > 1
            if named or outside:
                self.cuts.add(index)
        while True:
            self._settle(ordered)
            drawn = self._drawn(ordered)
            wrong = [i for i in ordered if drawn.get(i, 0) != 1]
            if not wrong:
                return
            several = [i for i in ordered if len(self.users[i]) > 1 and i not in self.cuts]
            behind = [i for i in several if i in wrong] or several or wrong
            self.cuts.add(behind[-1])

    def _settle(self, ordered: Sequence[int]) -> None:
        """The value that all that a node reads comes from, `VIRTUAL` where that is several."""
        self.own = {}
        for index in ordered:
            fork, *others = self.graph.nodes[index].inputs
            for other in others:
                while fork != other:
                    if fork > other:
                        fork = self._above(fork)
                    else:
                        other = self._above(other)
            self.own[index] = fork

    def _source(self, value: int) -> bool:
        """Whether ways begin at a value."""
        return value in self.cuts or value not in self.members

    def _above(self, value: int) -> int:
        return VIRTUAL if self._source(value) else self.own[value]

    def _up(self, end: int, stop: int) -> tuple[list[int], int]:
        """The values that every way to one passes, from where it begins, and what that is."""
        found = [end]
        at = self.own[end]
        while at not in (stop, VIRTUAL) and not self._source(at):
            found.append(at)
            at = self.own[at]
        return found[::-1], at

    def _drawn(self, ordered: Sequence[int]) -> dict[int, int]:
        """How often each node would be drawn; 2 stands for more, of which there may be 2^n."""
        drawn: dict[int, int] = {}
        ways: dict[int, dict[int, int]] = {root: {VIRTUAL: 1} for root in self.cuts}
        for end in reversed(ordered):
            for stop, times in ways.get(end, {}).items():
                for index in self._up(end, stop)[0]:
                    drawn[index] = min(2, drawn.get(index, 0) + times)
                    inputs = self.graph.nodes[index].inputs
                    if len(inputs) < 2:
                        continue
                    fork = self.own[index]
                    for read in inputs:
                        if read != fork and not self._source(read):
                            begun = ways.setdefault(read, {})
                            begun[fork] = min(2, begun.get(fork, 0) + times)
        return drawn

    def _join(self, first: int, followers: Sequence[int], depth: int, detail: str) -> Join:
        node, fork = self.graph.nodes[first], self.own[first]
        branches = []
        for read in node.inputs:
            branch: list[Item] = []
            if read != fork and self._source(read):
                branch = [self._tag(read, opens=True)]
            elif read != fork:
                chain, source = self._up(read, fork)
                if source not in (fork, VIRTUAL):
                    branch.append(self._tag(source, opens=True))
                branch += self._items(chain, depth, detail)
            branches.append(tuple(branch))
        said = [sign(node), *(title(self.graph.nodes[index]) for index in followers)]
        members = (first, *followers)
        return Join(
            " ".join(said),
            tuple(branches),
            self._shape(fork if fork >= 0 else node.inputs[0]),
            self._shape(members[-1]),
            members,
            open=fork == VIRTUAL,
        )
