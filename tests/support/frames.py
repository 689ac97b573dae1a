"""Op graphs with their tree of calls, built by hand or at random, without the language."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from archc.ir.graph import Frame, Graph, Node
from archc.ops import OPERATORS, Input
from archc.ops.base import Shape
from archc.source import Source, Span
from support.invariants import verify

HOSTILE = (
    *("lambda", "None", "l", "O", "x", "name", "inputs", "repeat", "self", "class_", "match"),
    *("shortcut", "gate", "branch_1", "branch_2_1", "layers", "keras", "regularizers"),
    *("regularizer", "dropout", "weight_decay", "build_model", "MODEL_NAME", "print", "max"),
    *("noqa", "type", "fmt", "isort", "_", "__init__", "conv", "filters", "ds_residual", "ds"),
    "a_name_as_long_as_the_default_limit_of_names_is_",
)
"""Names that would break a careless emitter."""

SOURCE = Source('odd # noqa \n"""\\ name é \u202e.arch', "block here\n")


class Open:
    def __init__(self, kind: str, name: str, part: str, label: str, entry: int) -> None:
        self.kind, self.name, self.part, self.label, self.entry = kind, name, part, label, entry
        self.children: list[int | Frame] = []
        self.counts: dict[str, int] = {}

    def part_of(self, part: str) -> str:
        count = self.counts[part] = self.counts.get(part, 0) + 1
        return part if count == 1 else f"{part}_{count}"


class Builder:
    """A graph under construction; `value` is the node that the next statement reads."""

    def __init__(self, *shape: int, name: str = "net") -> None:
        self.name = name
        self.nodes = [Node("image", Input(shape), (), shape, (), None, None, None)]
        self.value = 0
        self.frames = [Open("arch", "", "", name, 0)]

    @property
    def shape(self) -> Shape:
        return self.nodes[self.value].shape

    @contextmanager
    def call(self, kind: str, label: str, part: str | None = None) -> Iterator[None]:
        """A stage, repeat, block, braces or the head around the statements within."""
        outer = self.frames[-1]
        part = outer.part_of(part or label)
        name = f"{outer.name}_{part}" if outer.name else part
        self.frames.append(Open(kind, name, part, label, self.value))
        yield
        frame = self.frames.pop()
        span = Span(SOURCE, 0, 5) if kind in ("block", "braces") else None
        outer.children.append(
            Frame(kind, name, part, label, frame.entry, self.value, tuple(frame.children), span)
        )

    def op(
        self, keyword: str, *inputs: int, hints: dict[str, str] | None = None, **args: object
    ) -> int:
        """An operator on the current value, or on the given ones."""
        frame = self.frames[-1]
        if "bias" in OPERATORS[keyword].args and keyword != "dense":
            args.setdefault("bias", False)
        op = OPERATORS[keyword](**args)
        reads = inputs or (self.value,)
        shape = op.infer(*(self.nodes[index].shape for index in reads))
        name = f"{frame.name}_{frame.part_of(keyword)}"
        pairs = tuple((hints or {}).items())
        self.nodes.append(Node(name, op, reads, shape, (), None, None, None, pairs))
        self.value = len(self.nodes) - 1
        frame.children.append(self.value)
        return self.value

    def graph(self) -> Graph:
        (root,) = self.frames
        frame = Frame("arch", "", "", self.name, 0, self.value, tuple(root.children), None)
        graph = Graph(self.name, tuple(self.nodes), self.value, frame, (), ())
        verify(graph)
        return graph


Statement = tuple[object, ...]


class RandomNetwork:
    """A random program: blocks with parameters that call one another, in stages that repeat."""

    def __init__(self, seed: int, longest: int = 200) -> None:
        self.random = Random(seed)
        self.longest = longest
        draw = self.random
        names = draw.sample(HOSTILE, 5)
        self.blocks: dict[str, tuple[list[str], list[Statement]]] = {}
        for name in names:
            parameters = draw.sample(HOSTILE, draw.randrange(3))
            self.blocks[name] = parameters, self.body(parameters, list(self.blocks), 0)
        self.builder = Builder(16, 16, 8, name=draw.choice(("net", "Net", "coding_net")))
        for index in range(draw.randrange(1, 5)):
            self.stage(draw.choice((f"stage{index}", *HOSTILE)))
        if draw.random() < 0.8:
            self.head()
        if self.builder.value == 0:
            self.stage("last", ("op", "relu", {}))

    def body(self, parameters: list[str], known: list[str], depth: int) -> list[Statement]:
        draw = self.random
        statements: list[Statement] = []
        for _ in range(draw.randrange(0 if depth else 1, 4)):
            kind = draw.random()
            if kind < 0.55 or depth > 2:
                keyword = draw.choice(("conv", "conv", "dwconv", "batchnorm", "relu6", "dropout"))
                statements.append(("op", keyword, self.arguments(keyword, parameters)))
            elif kind < 0.7 and known:
                statements.append(("call", draw.choice(known)))
            elif kind < 0.8:
                statements.append(("skip", self.body(parameters, known, depth + 1)))
            elif kind < 0.87:
                statements.append(("gate", self.body(parameters, known, depth + 1)))
            elif kind < 0.93:
                inner = self.body(parameters, known, depth + 1)
                statements.append(("braces", draw.choice(HOSTILE), inner))
            else:
                bodies = [
                    self.body(parameters, known, depth + 1) for _ in range(draw.randrange(2, 9))
                ]
                statements.append(("concat", bodies))
        return statements

    def arguments(self, keyword: str, parameters: list[str]) -> dict[str, object]:
        draw = self.random
        own: dict[str, object] = {}
        if keyword == "conv":
            own = {"channels": draw.choice((8, 16)), "kernel": draw.choice(((1, 1), (3, 3)))}
        elif keyword == "dwconv":
            own = {"kernel": draw.choice(((3, 3), (1, 5)))}
            if draw.random() < 0.2:
                own["dilation"] = (2, 2)
        if parameters and keyword == "conv" and draw.random() < 0.8:
            own["channels"] = draw.choice(parameters)
        return own

    def run(self, statements: list[Statement], given: dict[str, int]) -> None:
        builder, draw = self.builder, self.random
        for statement in statements:
            if len(builder.nodes) > 400:
                return
            entry = builder.value
            prefix = builder.frames[-1].name
            match statement:
                case ("op", str(keyword), dict(arguments)):
                    hints = {k: v for k, v in arguments.items() if isinstance(v, str)}
                    values = {**arguments, **{k: given[v] for k, v in hints.items()}}
                    builder.op(keyword, hints=hints, **values)
                case ("call", str(label)):
                    if len(prefix) + len(label) + 30 < self.longest:
                        parameters, body = self.blocks[label]
                        with builder.call("block", label):
                            values = {p: draw.choice((8, 8, 16, 24)) for p in parameters}
                            self.run(body, values)
                case ("braces", str(label), list(body)):
                    if len(prefix) + len(label) + 30 < self.longest:
                        with builder.call("braces", label):
                            self.run(body, given)
                case ("skip", list(body)):
                    self.run(body, given)
                    if builder.shape == builder.nodes[entry].shape:
                        builder.op("add", entry, builder.value)
                    elif draw.random() < 0.5:
                        result, channels = builder.value, builder.shape[-1]
                        builder.value = entry
                        shortcut = builder.op("conv", channels=channels)
                        builder.op("add", shortcut, result)
                case ("gate", list(body)):
                    self.run(body, given)
                    if builder.shape != builder.nodes[entry].shape:
                        builder.op("conv", channels=builder.nodes[entry].shape[-1])
                    builder.op("multiply", entry, builder.value)
                case ("concat", list(bodies)):
                    ends = []
                    for body in bodies:
                        builder.value = entry
                        self.run(body, given)
                        ends.append(builder.value)
                    builder.op("concat", *ends)
                    builder.op("conv", channels=16)

    def stage(self, label: str, *always: Statement) -> None:
        draw = self.random
        names = [*self.blocks]
        body = [*always, *self.body([], names, 0)]
        with self.builder.call("stage", label):
            for repeat in range(1, draw.randrange(2, 6)):
                with self.builder.call("repeat", label, str(repeat)):
                    state = draw.getstate()
                    self.run(body, {})
                    if repeat > 1 and draw.random() < 0.7:
                        draw.setstate(state)

    def head(self) -> None:
        builder = self.builder
        with builder.call("head", "head"):
            builder.op("global_average_pool")
            builder.op("dense", units=10)
            builder.op("sigmoid")


def random_graph(seed: int, longest: int = 200) -> Graph:
    """A graph of a random program with hostile names; equal seeds give equal graphs."""
    return RandomNetwork(seed, longest).builder.graph()
