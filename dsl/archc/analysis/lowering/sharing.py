"""One lowering for networks that differ in widths alone.

The passes look at widths in one way: whether two are equal. So they are run on numbers of which
nothing else is known, and what they give holds for every network whose widths are equal in the
same places. Where they ask for more, say to add two, the network is lowered by itself.

It takes a second network of one structure to work out what they share: most compiles are the only
one of their process.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from archc.analysis.lowering.deployed import Deployed, DeviceOp
from archc.analysis.lowering.importing import Steps, device_steps
from archc.analysis.lowering.pipeline import Outcome, measured, outcomes
from archc.ir.graph import Graph
from archc.ops.base import Shape, Step
from archc.typed import Any, TypeVar
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


_WIDE = ("shape", "weights", "biases", "tables")
"""What of a step has widths."""
_rest = itemgetter(*[at for at, name in enumerate(Step._fields) if name not in _WIDE])

Both = tuple[Outcome, Outcome]
"""Of a network trained and untrained."""

_known: dict[object, Both | bool] = {}
"""What networks share by structure, the newest one last. True: the structure was met once; False:
its networks share nothing."""


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
    structure = io, *_structure(graph, steps, widths)
    known = _known.get(structure)
    if known is None or known is True:
        _known[structure] = True if known is None else _derived(graph, steps, io, widths)
        known = _known[structure]
        if len(_known) > KEPT:
            _known.pop(next(iter(_known)), None)
    return _filled(known, list(widths)) if isinstance(known, tuple) else None


def _widths(graph: Graph, steps: Steps) -> dict[int, int]:
    """The widths of a network, the first to occur with -1, the next with -2. Amounts of constants
    are among them: the passes compare them with widths."""
    widths: dict[int, int] = {}
    for index in graph.inputs:
        for number in graph.nodes[index].shape[-1:]:
            if number > 1:
                widths[number] = -1 - len(widths)
    for own in steps:
        for step in own:
            for number in (*step.shape[-1:], step.weights, step.biases):
                if number > 1 and number not in widths:
                    widths[number] = -1 - len(widths)
    return widths


def _structure(graph: Graph, steps: Steps, widths: dict[int, int]) -> tuple[object, ...]:
    """What of a network decides its lowering: all that the passes look at, its widths only by
    which are equal."""
    key: list[object] = [graph.name, graph.ends, graph.names]
    alike = widths.get
    for node, own in zip(graph.nodes, steps, strict=True):
        key.append((node.name, node.inputs, node.scope, node.variables, node.rank, len(own)))
        if not node.inputs:
            key.append(_with(node.shape, widths))
        for step in own:
            shape, weights, biases = step.shape, step.weights, step.biases
            width = [alike(each, each) for each in shape[-1:]]
            key.append((shape[:-1], *width, alike(weights, weights), alike(biases, biases)))
            key.append(_rest(step))
            if step.tables:
                key.append(_tables(step, lambda shape: _with(shape, widths)))
    return tuple(key)


def _with(shape: Shape, widths: Mapping[int, Any]) -> Shape:
    """A shape with something else for its width."""
    return (*shape[:-1], *[widths.get(width, width) for width in shape[-1:]])


def _derived(graph: Graph, steps: Steps, io: str, widths: dict[int, int]) -> Both | bool:
    """What the networks of a structure become, of which one is at hand; False where they share
    nothing."""
    unknown = {number: Width(place) for place, number in enumerate(widths)}

    def without(shape: Shape) -> Shape:
        return _with(shape, unknown)

    nodes = [
        node if node.inputs else node._replace(shape=without(node.shape)) for node in graph.nodes
    ]
    alike = [tuple([_put(step, without) for step in own]) for own in steps]
    try:
        return outcomes(graph._replace(nodes=tuple(nodes)), alike, io)
    except Unshared:
        return False


def _filled(known: Both, numbers: Sequence[int]) -> Both:
    """What a network becomes whose widths are these numbers."""

    def filled(values: tuple[Any, ...]) -> Shape:
        return tuple([numbers[x.place] if x.__class__ is Width else x for x in values])

    def own(op: DeviceOp) -> DeviceOp:
        *shape, weights, biases = filled((*op.shape, op.weights, op.biases))
        made = op._replace(shape=tuple(shape), weights=weights, biases=biases)
        return made._replace(tables=_tables(op, filled)) if op.operator == "RESHAPE" else made

    trained, untrained = known
    operators = [own(op) for op in trained.operators]
    outcome = trained._replace(operators=tuple(operators))
    if untrained is trained:
        return outcome, outcome
    if len(untrained.operators) == len(operators):  # most are the same
        triples = zip(trained.operators, untrained.operators, operators, strict=True)
        operators = [made if one is other else own(other) for one, other, made in triples]
    else:
        operators = [own(op) for op in untrained.operators]
    return outcome, untrained._replace(operators=tuple(operators))


def _put(record: T, change: Callable[[Shape], Shape]) -> T:
    """A step or a deployed operator with other widths."""
    (weights,), (biases,) = change((record.weights,)), change((record.biases,))
    tables = _tables(record, change) if record.tables else ()
    return record._replace(
        shape=change(record.shape), weights=weights, biases=biases, tables=tables
    )


def _tables(record: Step | DeviceOp, change: Callable[[Shape], Shape]) -> tuple[Shape, ...]:
    """Of a RESHAPE the table is a shape."""
    if record.operator != "RESHAPE":
        return record.tables
    return tuple([change(table) for table in record.tables])
