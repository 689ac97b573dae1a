"""Small op graphs built by hand, for tests of what comes after the language."""

from archc.ir.graph import Frame, Graph, Node
from archc.ops import OPERATORS, Input
from archc.ops.base import Op, Shape


class Net:
    """A graph under construction. Each call appends an operator and returns its value.

    ``net("conv", channels=8)`` reads the last value, ``net("add", a, b)`` the given ones. A bias
    left out is settled as the language does: none where only batchnorms read the output.
    """

    def __init__(self, *shape: int, name: str = "net") -> None:
        self.name = name
        self._nodes = [Node("image", Input(shape), (), shape, (), None, None, None)]

    @property
    def last(self) -> int:
        return len(self._nodes) - 1

    def shape(self, value: int) -> Shape:
        return self._nodes[value].shape

    def __call__(self, keyword: str, *reads: int, **arguments: object) -> int:
        return self.add(OPERATORS[keyword](**arguments), *(reads or (self.last,)))

    def add(self, op: Op, *inputs: int) -> int:
        """Append an operator, or the parts of one that is several Keras layers."""
        shapes = [self._nodes[index].shape for index in inputs]
        shape = op.infer(*shapes)
        made: list[int] = []
        for part in op.parts(*shapes):
            made.append(self.add(part.op, *(made[i] if i >= 0 else inputs[0] for i in part.inputs)))
        if not made:
            # Zero-padded, so that the byte order of the names is the order of creation.
            name = f"n{len(self._nodes):05d}_{op.keyword}"
            self._nodes.append(Node(name, op, inputs, shape, (), None, None, None))
        return self.last

    def enter(self, *shape: int) -> int:
        """Another input, ahead of any operator."""
        name = f"image_{len(self._nodes)}"
        self._nodes.append(Node(name, Input(shape), (), shape, (), None, None, None))
        return self.last

    def again(self, value: int) -> int:
        """Append what made a value once more."""
        node = self._nodes[value]
        return self.add(node.op, *node.inputs) if node.inputs else value

    def chain(self, *keywords: str) -> int:
        """Append operators that take no arguments, each reading the one before."""
        for keyword in keywords:
            self(keyword)
        return self.last

    def loose(self) -> list[int]:
        """The values that nothing reads."""
        read = {source for node in self._nodes for source in node.inputs}
        return [value for value in range(len(self._nodes)) if value not in read]

    def graph(self, output: int | None = None) -> Graph:
        nodes = list(self._nodes)
        for index, node in enumerate(nodes):
            if getattr(node.op, "bias", False) is None:
                users = [user for user in nodes if index in user.inputs]
                bias = not users or not all(user.op.normalises for user in users)
                nodes[index] = node._replace(op=node.op.replace(bias=bias))
        children = tuple(at for at, node in enumerate(nodes) if node.inputs)
        out = self.last if output is None else output
        frame = Frame("arch", "", "", self.name, 0, out, children, None)
        return Graph(self.name, tuple(nodes), out, frame, (), ())
