"""A TOML document being read: what is missing, unknown or of the wrong kind is named by its key."""

from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.nearest import did_you_mean
from archc.source import Source
from archc.typed import Any

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
TEXT = 1_000
"""Characters in one text of a target file."""


def parse_toml(source: Source) -> dict[str, Any]:
    """The document of a TOML text.

    Raises:
        Rejected: it is not valid TOML.
    """
    import tomllib

    try:
        return tomllib.loads(source.text)
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError is a ValueError
        said = str(error) or "nested too deeply"
        raise reject(TARGET, f"`{source.name}` is not valid TOML: {plain(said)}") from None


def plain(text: str) -> str:
    """A text of a file as messages quote it."""
    return "".join(c if c.isprintable() else "?" for c in text)[:200]


class Table:
    """A TOML table being read: every key is asked for once, by kind, and none is left over."""

    def __init__(self, source: Source, path: str, values: object) -> None:
        self.source, self.path = source, path
        if not isinstance(values, dict):
            raise self.wrong("", "a table", values)
        self.values: dict[str, Any] = dict(values)

    def key(self, name: str) -> str:
        return ".".join(part for part in (self.path, plain(name)) if part)

    def error(self, message: str, help: str | None = None) -> Rejected:
        return reject(TARGET, f"`{self.source.name}`: {message}", help=help)

    def wrong(self, name: str, expected: str, value: object) -> Rejected:
        shown = plain(repr(value)) if isinstance(value, str | int | float) else _kind(value)
        return self.error(f"`{self.key(name) or 'the file'}` takes {expected}, not {shown}")

    def take(self, name: str, expected: str) -> Any:
        if name not in self.values:
            near = did_you_mean(name, self.values)
            raise self.error(f"`{self.key(name)}` is missing: {expected}", near)
        return self.values.pop(name)

    def text(self, name: str) -> str:
        value = self.take(name, "a text")
        if not isinstance(value, str) or not value or len(value) > TEXT or not value.isprintable():
            raise self.wrong(name, f"a text of one line, up to {TEXT:,} characters", value)
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self.values else None

    def example(self, name: str) -> str | None:
        """A text of several lines, which may be left out."""
        value = self.values.pop(name, None)
        if value is not None and (not isinstance(value, str) or len(value) > TEXT):
            raise self.wrong(name, f"a text of up to {TEXT:,} characters", value)
        return value

    def name(self, name: str) -> str:
        value = self.text(name)
        if not is_name(value):
            raise self.wrong(name, "a name of lower-case letters, digits and underscores", value)
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.pop(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false", value)
        return value

    def count(self, name: str, low: int = 1) -> int:
        value = self.take(name, f"a whole number from {low}")
        if type(value) is not int or not low <= value < 2**63:
            raise self.wrong(name, f"a whole number from {low}", value)
        return value

    def number(self, name: str, low: float, high: float) -> float:
        value = self.take(name, f"a number from {low:g} to {high:g}")
        if type(value) not in (int, float) or not low <= value <= high:
            raise self.wrong(name, f"a number from {low:g} to {high:g}", value)
        return float(value)

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        if name not in self.values and default is not None:
            return default
        value = self.take(name, "a list of texts")
        if not isinstance(value, list) or not all(
            isinstance(one, str) and one.isprintable() and len(one) <= TEXT for one in value
        ):
            raise self.wrong(name, "a list of texts", value)
        return tuple(value)

    def table(self, name: str) -> "Table":
        return Table(self.source, self.key(name), self.take(name, "a table"))

    def tables(self, name: str, label: str = "name") -> "list[Table]":
        value = self.take(name, "a list of tables")
        if not isinstance(value, list) or not value:
            raise self.wrong(name, "a list of tables, one at least", value)
        found = []
        for number, one in enumerate(value, 1):
            called = one.get(label) if isinstance(one, dict) else None
            place = called if isinstance(called, str) and is_name(called) else str(number)
            found.append(Table(self.source, f"{self.key(name)}.{place}", one))
        return found

    def done(self, *known: str) -> None:
        """Refuse keys that nothing asked for."""
        for name in self.values:
            raise self.error(
                f"`{self.key(name)}` is not a key here",
                did_you_mean(name, known) if known else None,
            )


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else "this"


def is_name(text: str) -> bool:
    return 0 < len(text) <= 48 and text[0].isalpha() and set(text) <= _NAME
