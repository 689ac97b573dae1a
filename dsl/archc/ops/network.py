"""The input of a network. Not an operator of the language: `input` is a declaration."""

from archc.ops.base import KerasCall, Op, Shape, Step


class Input(Op):
    """The feature map that enters the network."""

    def __init__(self, shape: Shape) -> None:
        self.__dict__["shape"] = shape

    def __repr__(self) -> str:
        return f"input({self.__dict__['shape']!r})"

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("InputLayer")

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return ()
