"""The arithmetic of formulas of time on arrays: of many networks at once."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from archc.analysis.latency.arithmetic import Arithmetic


class Arrays(Arithmetic):
    """On arrays of int64 and float64, or plain numbers that all networks have: the same operations
    in the same order, so that results are the same to the last bit."""

    def most(self, *values: Any) -> Any:
        import numpy as np

        return reduce(np.maximum, values)

    def least(self, *values: Any) -> Any:
        import numpy as np

        return reduce(np.minimum, values)

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        import numpy as np

        if not isinstance(condition, np.ndarray):
            return yes if condition else no
        count = np.count_nonzero(condition)
        if not count:
            return no
        return yes if count == condition.size else np.where(condition, yes, no)

    def either(self, condition: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        import numpy as np

        if not isinstance(condition, np.ndarray):
            return yes() if condition else no()
        count = np.count_nonzero(condition)
        if not count:
            return no()
        return yes() if count == condition.size else np.where(condition, yes(), no())

    def ever(self, condition: Any) -> bool:
        import numpy as np

        return bool(np.count_nonzero(condition) if isinstance(condition, np.ndarray) else condition)

    def pick(self, values: Sequence[float], place: Any) -> Any:
        import numpy as np

        return values[place] if np.ndim(place) == 0 else np.asarray(values)[place]

    def whole(self, value: Any) -> Any:
        import numpy as np

        return np.asarray(value + 0.5).astype(np.int64)  # which cuts off, from 0 on


ARRAYS = Arrays()
