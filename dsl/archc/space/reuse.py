"""What the structures of a space have in common: numbers, and their values for the same places."""

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any

from archc.analysis.latency.arithmetic import PLAIN
from archc.space.arrays import Shared
from archc.space.evaluation import Evaluation, Operations
from archc.space.planner import Planner
from archc.space.trace import Trace
from archc.values import distinct_sum

NUMBERS = 100_000
"""So many results of operations are kept, of some 250 bytes each."""
BYTES = 32 << 20
"""What the arrays of all values take, but for what was added in the last use."""
PLACES = 16
"""Values are kept for so many places of variants, those used last."""
MANY = 8_192
"""Values of up to so many variants at once are kept; the arrays of more would take too much."""


class Reuse:
    """See the module. Structures that are evaluated in order differ in little: of one behind the
    other most numbers are known, and have the values that they had."""

    def __init__(self) -> None:
        self.trace = Trace()
        self._values: dict[tuple[object, ...], Evaluation] = {}
        self._planners: dict[int, Planner] = {}

    def run(self) -> Trace:
        """What another run of the compiler is traced with."""
        if self.trace.size > NUMBERS:
            self.trace = Trace()
            self._values.clear()
            self._planners.clear()
        return self.trace

    def values(self, trace: Trace, places: Mapping[str, Any]) -> Evaluation | None:
        """The values for some variants, with those that are known already.

        Args:
            trace: what the forms are of.
            places: of one variant, plain integers, or of many, arrays that broadcast to them.

        Returns:
            None for so many that what lies between would take too much memory.
        """
        numbers = {name: each for name, each in places.items() if type(each) is int}
        arrays = {name: each for name, each in places.items() if type(each) is not int}
        if arrays and _size(arrays) > MANY:
            return None
        key = tuple([(name, each.shape, each.tobytes()) for name, each in arrays.items()])
        values = self._values.pop(key, None) if trace is self.trace else None
        if values is None:
            values = self._made(trace, arrays)
        if trace is self.trace:
            self._values[key] = values
            sizes = [each.bytes + each.on.arithmetic.bytes for each in self._values.values()]
            while sum(sizes) > BYTES or len(sizes) > PLACES:
                del self._values[next(iter(self._values))], sizes[0]
        values.move(numbers, keep=bool(arrays))
        return values

    def _made(self, trace: Trace, arrays: Mapping[str, Any]) -> Evaluation:
        if not arrays:
            on = Operations(max, distinct_sum, trace.planned, PLAIN)
            return Evaluation(trace, {}, on)
        import numpy as np

        shared = Shared()
        on = Operations(np.maximum, distinct, partial(self._plan, trace, shared), shared)
        return Evaluation(trace, dict(arrays), on, narrow=True)

    def _plan(self, trace: Trace, shared: Shared, index: int, sizes: list[Any]) -> Any:
        if trace is not self.trace:
            return Planner(trace, index).arrays(sizes, shared)
        planner = self._planners.get(index)
        if planner is None:
            planner = self._planners[index] = Planner(trace, index)
        return planner.arrays(sizes, shared)


def _size(places: Mapping[str, Any]) -> int:
    import numpy as np

    return prod(np.broadcast_shapes(*[np.shape(each) for each in places.values()]))


def distinct(columns: list[Any]) -> Any:
    """The sum in each row, equal numbers once."""
    import numpy as np

    table = np.sort(np.stack(np.broadcast_arrays(*columns)), axis=0)
    table[1:][table[1:] == table[:-1]] = 0
    return table.sum(axis=0)
