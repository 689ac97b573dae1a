"""Functions that exporters write as sums and products with numbers: `relu6(x + 3) / 6`."""

from typing import NamedTuple

from archc.models.deployed import FileGraph, Operator

_CLOSE = 1e-3
"""Relative; int8 constants stand for 1/6 within 1e-5."""
_SIXTH, _THREE, _SIX = 1 / 6, 3.0, 6.0


class Pending(NamedTuple):
    """A tensor that is part of a function."""

    base: int
    """The tensor that the function is of."""
    done: str
    """How much of it is there: `+3`, `relu6`, `product`."""


class Scalars:
    """What of a file is such a function, an operator after the other."""

    def __init__(self, graph: FileGraph) -> None:
        self.graph = graph
        self.pending: dict[int, Pending] = {}

    def take(self, operator: Operator) -> tuple[int, str] | None:
        """The function that an operator ends, as the tensor it is of and the operator of the
        language; None where it ends none. One that is only a part is kept for the next."""
        graph, reads = self.graph, self.graph.reads(operator)
        known = [self.pending[read] for read in reads if read in self.pending]
        made = operator.outputs[0] if len(operator.outputs) == 1 else -1
        number = self.number(operator) if len(reads) == 1 else None
        base, done = (known[0].base, known[0].done) if len(known) == 1 else (-1, "")
        if operator.kind == "ADD" and not known and number is not None and _is(number, _THREE):
            bounded = operator.activation == "RELU6" or self.bounded(made)
            self.pending[made] = Pending(reads[0], "relu6" if bounded else "+3")
        elif operator.kind == "RELU6" and done == "+3":
            self.pending[made] = Pending(base, "relu6")
        elif operator.kind in ("MUL", "DIV") and number is not None and known:
            if not _is(number, _SIXTH if operator.kind == "MUL" else _SIX):
                return None
            return (base, {"relu6": "hard_sigmoid", "product": "hard_swish"}.get(done, ""))
        elif (
            operator.kind == "MUL" and done == "relu6" and set(reads) - {base} <= set(self.pending)
        ):
            if base not in reads or len(graph.reads(operator)) != 2:
                return None
            self.pending[made] = Pending(base, "product")
        return None

    def number(self, operator: Operator) -> float | None:
        """The one number that an operator reads."""
        constants = [i for i in operator.inputs if i >= 0 and self.graph.tensors[i].constant]
        return self.graph.tensors[constants[0]].number if len(constants) == 1 else None

    def bounded(self, tensor: int) -> bool:
        """Whether quantising left a bound of 0 to 6 to the range of a tensor."""
        scales = self.graph.tensors[tensor].scales
        ends = scales.range if scales is not None else None
        return ends is not None and abs(ends[0]) < 1e-9 and ends[1] < _SIX * (1 + _CLOSE)


def _is(number: float, wanted: float) -> bool:
    return abs(number - wanted) < _CLOSE * wanted
