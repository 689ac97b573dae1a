"""The op graph: operators in execution order over named values, and the calls that made them."""

from collections.abc import Iterable, Sequence

from archc.ops.base import Op, Shape
from archc.source import Span
from archc.typed import NamedTuple


class Via(NamedTuple):
    """One link of the chain that produced an operator: a call and what it called."""

    name: str
    span: Span


def innermost(origin: Sequence[Via]) -> Span:
    """The innermost statement of the user's own text of those that an operator comes from."""
    own = (via.span for via in reversed(origin) if not via.span.source.name.startswith("std:"))
    return next(own, origin[0].span)


class Node(NamedTuple):
    """An operator in the graph. It makes one value, which goes by the node's index and name."""

    name: str
    op: Op
    inputs: tuple[int, ...]
    """Indices of the nodes whose values it reads, all smaller than its own."""
    shape: Shape
    """Of its value, the batch excluded."""
    origin: tuple[Via, ...]
    """From the outermost statement in the user's text to the operator's own."""
    stage: str | None
    block: str | None
    """The innermost block call it stands in."""
    repeat: int | None
    """Which repeat of the stage, from 1."""
    hints: tuple[tuple[str, str], ...] = ()
    """(argument, name) where the argument's text was a plain name: `conv(channels)`."""
    whole: str | None = None
    """The operator of which it is a part, where that is several Keras layers."""
    scope: str | None = None
    """What its operations' names begin with in TensorFlow's function, below that of the model;
    None where its own name says it."""
    variables: str | None = None
    """The same of its variables."""
    rank: int = 0
    """Where it stands among the nodes as Keras executes them; equal ones as they are listed."""

    @property
    def keyword(self) -> str:
        """The operator that a spec wrote: itself, or the one that it is a part of."""
        return self.whole or self.op.keyword


class Frame(NamedTuple):
    """A call in the tree of calls: the arch, a stage, a repeat, a block, braces, the head, an
    output, or an operator that is several Keras layers.

    ``children`` are node indices and nested frames in execution order. ``input`` and ``output``
    are the nodes whose values enter and leave; equal where nothing is done. ``name`` is the
    prefix of the names of the layers within, ``part`` what this call added to it.
    """

    kind: str
    """`arch`, `stage`, `repeat`, `block`, `braces`, `operator`, `head` or `output`."""
    name: str
    part: str
    label: str
    """The name of what was called: the stage's, the block's, the parameter's of braces."""
    input: int
    output: int
    children: "tuple[int | Frame, ...]"
    span: Span | None
    """Where it is declared."""


class RoundingNote(NamedTuple):
    """A width that rounding changed."""

    where: str
    requested: str
    effective: int
    divisor: int
    span: Span


class SkipNote(NamedTuple):
    """A `skip` and what became of it. ``reason`` is why it was dropped or took its shortcut."""

    where: str
    taken: bool
    reason: str | None
    span: Span
    body: tuple[int, int] = (0, 0)
    """The first node of its body, and the one behind its last."""
    shortcut: tuple[int, int] = (0, 0)
    """The same of the shortcut, where one is applied."""
    chosen: bool = False
    """Whether the spec says which of them comes first."""


class Graph(NamedTuple):
    """A network as it is built and trained. Nodes that read nothing are its inputs; in a network of
    the language they come first."""

    name: str
    nodes: tuple[Node, ...]
    output: int
    frame: Frame
    roundings: tuple[RoundingNote, ...]
    skips: tuple[SkipNote, ...]
    results: tuple[int, ...] = ()
    """The nodes that give the results of a network that has several or names them. ``output`` then
    is the last of them, or in an imported network a node that only gathers them."""
    names: tuple[str, ...] = ()
    """Of the results, where they have names: those of the `output`s of the language, in order."""
    maps: tuple[tuple[str, int], ...] = ()
    """The maps that have names throughout the arch, with their nodes: what stages end with, and
    what is named in them."""

    @property
    def ends(self) -> tuple[int, ...]:
        """The nodes that give the network's results, in order."""
        return self.results or (self.output,)

    @property
    def inputs(self) -> tuple[int, ...]:
        """The nodes that are the network's inputs, in order."""
        return tuple([index for index, node in enumerate(self.nodes) if not node.inputs])

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        nodes, inputs = self.nodes, node.inputs
        if len(inputs) == 1:  # most
            return (nodes[inputs[0]].shape,)
        return tuple([nodes[source].shape for source in inputs])

    def shaped(self) -> "list[tuple[Op, Shape, *tuple[Shape, ...]]]":
        """The operator of each node, the shape of its value, and the shapes it reads."""
        return [(node.op, node.shape, *self.input_shapes(node)) for node in self.nodes]

    def users(self) -> list[list[int]]:
        """For every node the nodes that read its value, in order."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            for source in node.inputs:
                users[source].append(index)
        return users


def dominators(inputs: Iterable[Sequence[int]]) -> list[int]:
    """For every value the nearest one that all ways to it go through, its immediate dominator; 0
    for value 0.

    Args:
        inputs: what every value but the first is made of, each of values before it.
    """
    parents = [0]
    for first, *others in inputs:
        for other in others:
            while first != other:
                if first > other:
                    first = parents[first]
                else:
                    other = parents[other]
        parents.append(first)
    return parents
