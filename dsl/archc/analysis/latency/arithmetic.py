"""What decides between numbers in a formula of time: for one network here, for arrays of many in
`archc.space.arrays`. The formulas are written once, on either."""

from collections.abc import Callable, Sequence

from archc.typed import Any


class Arithmetic:
    """On the plain numbers of one network."""

    bytes = 0
    """Of what is kept."""

    def most(self, *values: Any) -> Any:
        return max(values)

    def least(self, *values: Any) -> Any:
        return min(values)

    def total(self, values: Sequence[Any]) -> Any:
        """The sum of whole numbers."""
        return sum(values)

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

    def kept(self, compute: Callable[..., Any], *of: Any) -> Any:
        """What a function makes of some numbers, which it may have made before.

        Args:
            compute: it depends on nothing but its arguments.
            of: plain numbers from 0 on and texts are told apart by value, all else by identity;
                but an epoch that is the first, and the second one then, by what they hold.
        """
        return compute(*of)


PLAIN = Arithmetic()
