"""What decides between numbers in a formula of time: for one network here, for arrays of many in
`archc.space.arrays`. The formulas are written once, on either."""

from collections.abc import Callable, Sequence

from archc.typed import Any


class Arithmetic:
    """On the plain numbers of one network."""

    def most(self, *values: Any) -> Any:
        return max(values)

    def least(self, *values: Any) -> Any:
        return min(values)

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        return yes if condition else no

    def either(self, condition: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        """The same of what is worth computing only where it is chosen."""
        return yes() if condition else no()

    def ever(self, condition: Any) -> bool:
        """Whether it holds for any network."""
        return bool(condition)

    def pick(self, values: Sequence[float], place: Any) -> Any:
        """One of some values, by its place."""
        return values[place]

    def whole(self, value: Any) -> Any:
        """The nearest whole number of one from 0 on, ties up."""
        return int(value + 0.5)


PLAIN = Arithmetic()
