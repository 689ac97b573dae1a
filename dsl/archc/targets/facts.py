"""What the predicates behind a target's rules see, and how one is declared.

A target file chooses predicates by name and sets their limits. A predicate yields one offence per
place where its rule is broken; it knows graphs and facts of operators, not messages.
"""

from collections.abc import Callable, Iterator

from archc.analysis.latency import Layout, Prepared
from archc.analysis.lowering import Deployed, DeviceOp
from archc.analysis.memory import Peak, peak
from archc.ir.graph import Graph, Node
from archc.ops.base import Placement
from archc.targets.model import Board, Limit, Target, Tier
from archc.targets.pools import plan
from archc.typed import NamedTuple


class Request(NamedTuple):
    """What a spec asks of a target: `target NAME(allow = [...], io = ..., board = ...)`."""

    name: str
    allow: tuple[str, ...] = ()
    """Operators by our names, rules by theirs."""
    io: str = "float32"
    board: str | None = None
    """None for the target's default."""
    build: str | None = None
    """Of TensorFlow Lite Micro; None for the target's default."""
    model: str = ""
    """How permission is given where it is asked for a model, not in a spec: `python`, an argument
    of a function; `command`, an option; or `file`, the same for one that is converted already."""

    @property
    def as_is(self) -> bool:
        """Whether a model is taken as it is: the command was asked, which gives no permissions."""
        return self.model in ("command", "file")


class Offence(NamedTuple):
    """A place where a rule is broken."""

    node: int | None
    """Index of the layer; None if it is the network as a whole."""
    values: dict[str, str]
    """The fields of the rule's message."""
    weight: int = 0
    """How bad it is among its like, to name the worst."""
    allow: str | None = None
    """The operator of ours by whose name it can be allowed, if that is the way."""
    gate: bool = False
    """Whether it makes the layer's row unsupported."""
    op: int | None = None
    """Index of the deployed operator, where one breaks it."""


UNKNOWN = "no source here says how it runs"


class Facts:
    """A network as predicates see it; what several of them need is worked out once."""

    def __init__(
        self,
        target: Target,
        request: Request,
        graph: Graph,
        deployed: Deployed,
        live: Peak | None = None,
        planned: Prepared | None = None,
    ) -> None:
        self.target, self.request = target, request
        self.graph, self.deployed = graph, deployed
        self.board: Board = target.board(request.board)
        self.rooms: tuple[int, ...] = self.board.rooms
        self.peak: Peak = live or peak(deployed)
        self._planned = planned
        self._breaks: dict[str, frozenset[int]] = {}
        self.left: set[int] = {node for op in deployed.operators for node in op.layers}
        """The nodes of which something is left on the device."""
        self.steps = deployed.lowered
        self._windows: list[tuple[str, int, Node, Placement]] = [
            (step.operator, index, graph.nodes[index], step.window)
            for index, steps in enumerate(self.steps)
            for step in steps
            if step.window is not None
        ]
        self._kinds: dict[str, list[int]] = {}
        for place, op in enumerate(deployed.operators):
            self._kinds.setdefault(op.operator, []).append(place)
        self._tiers: dict[str, Tier | None] = {}
        self._software: list[int] | None = None
        self._treated: dict[str, tuple[str, bool]] = {}
        self.exotic: list[tuple[int, Node]] = [
            (index, node)
            for index, node in enumerate(graph.nodes)
            if index in self.left and node.op.keyword not in target.demanded.layers
        ]

    @property
    def layout(self) -> Layout:
        """Where the board would have the network's buffers."""
        if self._planned is None:
            self._planned = plan(self.target, self.request.board, self.deployed)
        return self._planned.layout

    def places(self, *operators: str) -> list[int]:
        """The indices of the deployed operators of some kinds, in order."""
        return sorted([place for name in operators for place in self._kinds.get(name, ())])

    def unmapped(self, index: int) -> str | None:
        """Why nothing maps a layer, if nothing does and it cannot be allowed."""
        tier = self.target.layer_tier(self.graph.nodes[index].keyword)
        if tier is not None and not tier.allowed:
            return tier.meaning
        for step in self.steps[index]:
            tier = self.target.tier(step.operator)
            if tier is not None and not tier.allowed:
                return tier.meaning
        return None

    def _tier(self, operator: str) -> Tier | None:
        if operator not in self._tiers:
            self._tiers[operator] = self.target.tier(operator)
        return self._tiers[operator]

    def treated(self, operator: str) -> tuple[str, bool]:
        """How the device treats an operator: in words, and whether it runs on the CPU."""
        if operator not in self._treated:
            tier = self._tier(operator)
            said = (UNKNOWN, False) if tier is None else (tier.meaning, tier.software)
            self._treated[operator] = said
        return self._treated[operator]

    def treats(self, place: int) -> tuple[str, bool]:
        """The same of a deployed operator, by what is around it."""
        operator = self.deployed.operators[place].operator
        tier = self._tier(operator)
        if tier is not None and tier.rule is not None and place in self.breaks(tier.rule):
            return tier.otherwise or tier.meaning, True
        return self.treated(operator)

    def breaks(self, rule: str) -> frozenset[int]:
        """The deployed operators that break a rule of the target."""
        if rule not in self._breaks:
            declared = next(each for each in self.target.rules if each.name == rule)
            offences = PREDICATES[declared.check].check(self, Limits(declared.limits))
            self._breaks[rule] = frozenset(o.op for o in offences if o.op is not None)
        return self._breaks[rule]

    def meaning(self, operators: list[str], said: list[tuple[str, bool]]) -> str:
        """What is said of some operators together: of the first on the CPU that is not among the
        demanded ones, else of the first of those."""
        demanded = self.target.demanded.operators
        rest = [one for name, one in zip(operators, said, strict=True) if name not in demanded]
        rest = rest or said
        worst = (words for words, software in rest if software or words == UNKNOWN)
        return next(worst, rest[0][0] if rest else UNKNOWN)

    def windows(self, *operators: str) -> Iterator[tuple[int, Node, Placement]]:
        """Every layer of some TFLite operators with how its kernel lies."""
        for operator, index, node, window in self._windows:
            if operator in operators:
                yield index, node, window

    def software(self) -> list[str]:
        """The TFLite names of deployed operators that run on the CPU, one per operator."""
        return [self.deployed.operators[place].operator for place in self.software_places()]

    def software_places(self) -> list[int]:
        """The indices of deployed operators that run on the CPU."""
        if self._software is not None:
            return self._software
        operators = self.deployed.operators
        self._software = places = []
        for place, op in enumerate(operators):
            from_float = op.border and self.request.io == "float32"
            for source in op.inputs:
                from_float |= source >= 0 and operators[source].float_result
            if op.float_result or from_float or self.treats(place)[1]:
                places.append(place)
        return places

    def first_layer(self, op: DeviceOp) -> int | None:
        return op.layers[0] if op.layers else None


class Limits:
    """The limits of a rule, typed as the predicate declared them."""

    def __init__(self, values: dict[str, Limit]) -> None:
        self._values = values

    def count(self, name: str) -> int:
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def ratio(self, name: str) -> float:
        value = self._values[name]
        assert isinstance(value, int | float)
        return value

    def counts(self, name: str) -> tuple[int, ...]:
        value = self._values[name]
        assert isinstance(value, tuple)
        return tuple(number for number in value if isinstance(number, int))

    def names(self, name: str) -> tuple[str, ...]:
        value = self._values[name]
        assert isinstance(value, tuple)
        return tuple(text for text in value if isinstance(text, str))


Check = Callable[[Facts, Limits], Iterator[Offence]]


class Predicate(NamedTuple):
    """A predicate with what a target file has to give it and what it gives to messages."""

    check: Check
    limits: dict[str, str]
    """Name of a limit to its kind: `count`, `counts`, `names`, `words` or `ratio`."""
    fields: frozenset[str]


PREDICATES: dict[str, Predicate] = {}
"""Every predicate by the name that target files use."""

COMMON_FIELDS = frozenset({"target", "analyzer", "allow", "int8", "board"})
"""Fields that every text of a rule has: `Target.values`, and the board."""


def predicate(name: str, *fields: str, **limits: str) -> Callable[[Check], Check]:
    """Declare a predicate: the fields it fills and the limits it takes."""

    def register(check: Check) -> Check:
        PREDICATES[name] = Predicate(check, limits, frozenset(fields))
        return check

    return register


def pair_text(pair: tuple[int, int]) -> str:
    return f"{pair[0]}x{pair[1]}"


def stride_text(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else pair_text(pair)


def tally(names: list[str]) -> str:
    """`2 SOFTMAX, 1 DEQUANTIZE`, the most frequent first."""
    counts = {name: names.count(name) for name in sorted(set(names))}
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {name}" for name, count in ranked)
