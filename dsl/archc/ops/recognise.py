"""A Keras layer as its saved config describes it, read without Keras.

The inverse of the operators' `keras()`: `Op.from_keras` asks a `KerasLayer` for the arguments it
knows. A config may come from anywhere, so every value is checked for kind and range before use.
"""

from collections.abc import Mapping
from fractions import Fraction

LARGEST = 2**31 - 1
"""The largest count and extent: int32, as TFLite stores them."""


class Malformed(Exception):
    """A config does not hold what a layer of its class needs. The message is a headline."""


class KerasLayer:
    """A layer of Keras: its class and config.

    ``rank`` counts the axes of what it reads, the batch included; 0 where that is not known.
    ``shape`` is the shape of what it reads, the batch excluded; empty where that is not known.
    """

    def __init__(
        self,
        class_name: str,
        config: Mapping[str, object],
        rank: int = 0,
        shape: tuple[int, ...] = (),
    ) -> None:
        self.class_name, self.rank, self.shape = class_name, rank, shape
        self._config = config

    def value(self, key: str, default: object = None) -> object:
        """A value as it stands, for comparisons only."""
        return self._config.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._config.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._config.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def count(self, key: str, default: int | None = None, low: int = 1) -> int:
        return self._count(key, self._config.get(key, default), low)

    def counts(self, key: str, axes: int, default: int | None = None) -> tuple[int, ...]:
        """A whole number from 1 per axis, or one for all."""
        value = self._config.get(key, default)
        if isinstance(value, list | tuple):
            if len(value) != axes:
                raise self.wrong(key, f"{axes} whole numbers")
            return tuple(self._count(key, one, 1) for one in value)
        return (self._count(key, value, 1),) * axes

    def pair(self, key: str, default: int | None = None) -> tuple[int, int]:
        rows, columns = self.counts(key, 2, default)
        return rows, columns

    def amounts(self, key: str, axes: int) -> tuple[tuple[int, int], ...]:
        """Per axis what is added or cut before and after: one number for all, one per axis, or
        two per axis; a flat pair where there is one axis."""
        value = self._config.get(key)
        if not isinstance(value, list | tuple):
            value = [value] * axes
        if axes == 1 and len(value) == 2 and not isinstance(value[0], list | tuple):
            value = [value]
        if len(value) != axes:
            raise self.wrong(key, f"amounts for {axes} axes")
        found = []
        for one in value:
            both = one if isinstance(one, list | tuple) else (one, one)
            if len(both) != 2:
                raise self.wrong(key, "two amounts per axis")
            found.append((self._count(key, both[0], 0), self._count(key, both[1], 0)))
        return tuple(found)

    def number(self, key: str, default: float = 0.0) -> Fraction:
        """A finite number, exactly as its decimal text has it."""
        return self.exact(key, self._config.get(key, default))

    def exact(self, key: str, value: object) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a number")
        if not -1e300 < value < 1e300:  # NaN too
            raise self.wrong(key, "a finite number")
        return Fraction(repr(value))

    def axis(self, key: str, default: int = -1) -> int | None:
        """One axis, counted from the last, which is -1; None for several or one out of range."""
        value = self._config.get(key, default)
        if isinstance(value, list | tuple) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        from_last = value if value < 0 else value - self.rank
        return from_last if -self.rank <= from_last < 0 or (self.rank == 0 and value < 0) else None

    @property
    def channels_last(self) -> bool:
        return self._config.get("data_format") in (None, "channels_last")

    @property
    def padding(self) -> str | None:
        """`same` or `valid`; None for any other."""
        padding = self.text("padding", "valid")
        return padding if padding in ("same", "valid") else None

    def _count(self, key: str, value: object, low: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= LARGEST:
            raise self.wrong(key, f"a whole number from {low}")
        return value

    def wrong(self, key: str, expected: str) -> Malformed:
        if key not in self._config:
            return Malformed(f"`{key}` of {self.class_name} is missing: {expected}")
        return Malformed(
            f"`{key}` of {self.class_name} takes {expected}, not {shown(self._config[key])}"
        )


def shown(value: object, most: int = 60) -> str:
    """Any value of a config for a message: short, on one line, printable."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value):,}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**20:
        return "a huge number"
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    text = text if len(text) <= most else text[:most] + "…"
    return f"`{text}`"
