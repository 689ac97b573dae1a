"""The arithmetic of formulas of time on arrays: of many networks at once."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

from archc.analysis.latency.arithmetic import Arithmetic
from archc.analysis.latency.epochs import Step

ENTRY = 1024
"""Bytes that a kept result takes beside its arrays."""
_PLAIN = frozenset({int, float, bool, str, type(None)})


class Arrays(Arithmetic):
    """On arrays of int64 and float64, or plain numbers that all networks have: the same operations
    in the same order, so that results are the same to the last bit."""

    def most(self, *values: Any) -> Any:
        import numpy as np

        return _reduced(values, max, np.maximum)

    def least(self, *values: Any) -> Any:
        import numpy as np

        return _reduced(values, min, np.minimum)

    def total(self, values: Sequence[Any]) -> Any:
        plain, arrays = _apart(values)
        if not arrays:
            return sum(plain)
        return sum(arrays[1:], arrays[0] + sum(plain) if any(plain) else arrays[0])

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        return self.either(condition, lambda: yes, lambda: no)

    def either(self, condition: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        if isinstance(condition, int):
            return yes() if condition else no()
        import numpy as np

        count = np.count_nonzero(condition)
        if not count:
            return no()
        return yes() if count == np.size(condition) else np.where(condition, yes(), no())

    def ever(self, condition: Any) -> bool:
        if isinstance(condition, int):
            return bool(condition)
        import numpy as np

        return bool(np.count_nonzero(condition))

    def pick(self, values: Sequence[float], place: Any) -> Any:
        import numpy as np

        return np.asarray(values).take(place) if isinstance(place, np.ndarray) else values[place]

    def whole(self, value: Any) -> Any:
        import numpy as np

        return np.asarray(value + 0.5).astype(np.int64)  # which cuts off, from 0 on


class Shared(Arrays):
    """The same where many arrays were met before, as structures of a space share them: what a
    function made of them is not made again."""

    def __init__(self) -> None:
        self.bytes = 0
        """That are kept, arrays of others that are referred to left out."""
        self._made: dict[tuple[Any, ...], tuple[Any, tuple[Any, ...]]] = {}
        """Results with what they are made of, so that an identity stays what it is."""

    def kept(self, compute: Callable[..., Any], *of: Any) -> Any:
        parts = (*of[0].numbers, *of[1], *of[2:]) if type(of[0]) is Step else of
        key = (compute, *[each if type(each) in _PLAIN else -id(each) for each in parts])
        known = self._made.get(key)
        if known is None:
            result = compute(*of)
            known = self._made[key] = result, of
            self.bytes += ENTRY + _frozen(result)
        return known[0]


ARRAYS = Arrays()


def _apart(values: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The plain ones and the arrays among some numbers."""
    import numpy as np

    plain: list[Any] = []
    arrays: list[Any] = []
    for each in values:
        (arrays if isinstance(each, np.ndarray) else plain).append(each)
    return plain, arrays


def _reduced(values: Sequence[Any], plainly: Any, on_arrays: Any) -> Any:
    plain, arrays = _apart(values)
    if not arrays:
        return plainly(plain)
    return reduce(on_arrays, arrays if not plain else [*arrays, plainly(plain)])


def _frozen(value: Any) -> int:
    """Make arrays in a tree of tuples what others may refer to. Gives their bytes, once."""
    import numpy as np

    if not isinstance(value, np.ndarray):
        return sum(map(_frozen, value)) if isinstance(value, tuple) else 0
    if not value.flags.writeable:
        return 0
    value.flags.writeable = False
    return value.nbytes
