"""One lowering for networks that differ in widths alone.

The passes look at widths in one way: whether two are equal. So they are run on numbers of which
nothing else is known, and what they give holds for every network whose widths are equal in the
same places. Where they ask for more, say to add two, the network is lowered by itself.

It takes a second network of one structure to work out what they share: most compiles are the only
one of their process.
"""

from collections.abc import Callable, Sequence

from archc.analysis.lowering.deployed import Deployed, DeviceOp
from archc.analysis.lowering.importing import Steps, device_steps
from archc.analysis.lowering.pipeline import Outcome, measured, outcomes
from archc.ir.graph import Graph
from archc.ops.base import Shape, Step
from archc.typed import Any, NamedTuple, TypeVar
from archc.values import KEYS

T = TypeVar("T", Step, DeviceOp)
KEPT, LARGEST = 16, 1_000
"""So many structures are kept, of networks of at most so many nodes."""


class Unshared(Exception):
    """More is asked of a width than whether it equals another one."""


class Width:
    """A whole number above 1 of which nothing is known but the widths that it equals: itself."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place
        """Among the widths of its network."""

    def __eq__(self, other: object) -> bool:
        if other.__class__ is Width:
            return self is other
        if other.__class__ is int and other < 2:
            return False
        raise Unshared

    def __hash__(self) -> int:
        return hash((Width, self.place))

    def __repr__(self) -> str:
        return f"Width({self.place})"

    def __gt__(self, other: object) -> bool:
        if other.__class__ is int and other < 2:
            return True
        raise Unshared

    def __mul__(self, other: object) -> "Width":
        if other == 1:
            return self
        raise Unshared

    __rmul__ = __mul__

    def _refuse(self, *_: object) -> Any:
        raise Unshared

    __lt__ = __le__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = _refuse
    __floordiv__ = __rfloordiv__ = __truediv__ = __rtruediv__ = __mod__ = __rmod__ = _refuse
    __abs__ = __int__ = __index__ = __float__ = __str__ = __format__ = _refuse


class Outline(NamedTuple):
    """What of a node decides: those that have no part in it are left out."""

    name: str
    inputs: tuple[int, ...]
    shape: Shape
    """Of an input."""
    scope: str | None
    variables: str | None


class Structure(NamedTuple):
    """What of a network decides its lowering, apart from its widths, of which the first to occur is
    -1, the next -2."""

    io: str
    name: str
    nodes: tuple[Outline, ...]
    steps: tuple[tuple[Step, ...], ...]
    ends: tuple[int, ...]
    names: tuple[str, ...]


Both = tuple[Outcome, Outcome]
"""Of a network trained and untrained."""

_known: dict[Structure, Both | bool] = {}
"""What networks share by structure, the one met last behind the others. True: the structure was met
once; False: its networks share nothing."""


def lower_both(graph: Graph, io: str = "float32") -> tuple[Deployed, Deployed]:
    """The deployed graphs of a network trained and untrained (see `pipeline.lower`)."""
    steps = device_steps(graph)
    trained, untrained = _shared(graph, steps, io) or outcomes(graph, steps, io)
    first = measured(trained, graph, steps)
    return first, first if untrained is trained else measured(untrained, graph, steps)


def _shared(graph: Graph, steps: Steps, io: str) -> Both | None:
    """What a network shares with others; None where that is nothing, or nothing yet."""
    if len(graph.nodes) > LARGEST or KEYS.make is not None:  # symbolic numbers have no key
        return None
    widths = _widths(graph, steps)
    structure = _structure(graph, steps, io, widths)
    known = _known.pop(structure, None)
    if known is True:
        known = _derived(graph, structure, len(widths))
    _known[structure] = True if known is None else known
    if len(_known) > KEPT:
        _known.pop(next(iter(_known)), None)
    return _filled(known, list(widths)) if isinstance(known, tuple) else None


def _widths(graph: Graph, steps: Steps) -> dict[int, int]:
    """The widths of a network, in the order in which they occur, each with what stands for it in a
    structure. Amounts of constants are among them: the passes compare them with widths."""
    widths: dict[int, int] = {}
    for index in graph.inputs:
        for number in graph.nodes[index].shape[-1:]:
            if number > 1 and number not in widths:
                widths[number] = -1 - len(widths)
    for own in steps:
        for step in own:
            for number in (*step.shape[-1:], step.weights, step.biases):
                if number > 1 and number not in widths:
                    widths[number] = -1 - len(widths)
    return widths


def _structure(graph: Graph, steps: Steps, io: str, widths: dict[int, int]) -> Structure:
    def without(shape: Shape) -> Shape:
        return (*shape[:-1], *[widths.get(width, width) for width in shape[-1:]])

    nodes = [
        Outline(
            node.name,
            node.inputs,
            () if node.inputs else without(node.shape),
            node.scope,
            node.variables,
        )
        for node in graph.nodes
    ]
    steps = [tuple([_put(step, without) for step in own]) for own in steps]
    return Structure(io, graph.name, tuple(nodes), tuple(steps), graph.ends, graph.names)


def _derived(graph: Graph, structure: Structure, count: int) -> Both | bool:
    """What the networks of a structure become; False where they share nothing."""
    widths: list[Any] = [Width(place) for place in range(count)]

    def unknown(shape: Shape) -> Shape:
        return tuple([widths[-1 - extent] if extent < 0 else extent for extent in shape])

    nodes = [
        node._replace(shape=unknown(outline.shape))
        for node, outline in zip(graph.nodes, structure.nodes, strict=True)
    ]
    steps = [tuple([_put(step, unknown) for step in own]) for own in structure.steps]
    try:
        return outcomes(graph._replace(nodes=tuple(nodes)), steps, structure.io)
    except Unshared:
        return False


def _filled(known: Both, numbers: Sequence[int]) -> Both:
    """What a network becomes whose widths are these numbers."""

    def own(shape: tuple[Any, ...]) -> Shape:
        return tuple([numbers[x.place] if x.__class__ is Width else x for x in shape])

    trained, untrained = known
    operators = [_put(op, own) for op in trained.operators]
    outcome = trained._replace(operators=tuple(operators))
    if untrained is trained:
        return outcome, outcome
    if len(untrained.operators) == len(operators):  # most are the same
        triples = zip(trained.operators, untrained.operators, operators, strict=True)
        operators = [made if one is other else _put(other, own) for one, other, made in triples]
    else:
        operators = [_put(op, own) for op in untrained.operators]
    return outcome, untrained._replace(operators=tuple(operators))


def _put(record: T, change: Callable[[Shape], Shape]) -> T:
    """A step or a deployed operator with other widths."""
    shape = change(record.shape)
    if record.operator == "RESHAPE":
        return record._replace(shape=shape, tables=tuple([change(each) for each in record.tables]))
    weights, biases = record.weights, record.biases
    if not weights and not biases:
        return record._replace(shape=shape)
    return record._replace(shape=shape, weights=change((weights,))[0], biases=change((biases,))[0])
