"""Source texts and spans in them: where everything the compiler says comes from."""

from bisect import bisect_right

from archc.typed import Any, NamedTuple


class Source:
    """One text as it was read, with the name it goes by in messages and manifests.

    ``name`` is relative to the folder of the spec being compiled, or starts with
    ``std:`` (standard library), ``include:`` (a folder given with ``-I``) or ``<``
    (text that came from no file, such as ``--set``). Line ends are normalised.
    """

    __slots__ = ("_starts", "name", "read", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._starts: list[int] | None = None
        self.read: dict[Any, Any] = {}
        """What was worked out of the text, by what asked for it: it stays as it is, too."""

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    def __reduce__(self) -> Any:
        return Source, (self.name, self.text)  # what was worked out of it stays here

    @property
    def starts(self) -> list[int]:
        """Offsets at which lines start; the first is 0."""
        if self._starts is None:
            starts, at = [0], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        start = self.starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]


class Span(NamedTuple):
    """A half-open range of offsets in a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def holds(self, other: "Span") -> bool:
        """Whether another span is within this one."""
        return self.source is other.source and self.start <= other.start and other.end <= self.end

    def to(self, other: "Span") -> "Span":
        """The span from the start of this one to the end of another."""
        return Span(self.source, self.start, other.end)


class Reworded(Span):
    """A span whose text is not right, and is read as it was fixed."""

    fixed: str

    @property
    def text(self) -> str:
        return self.fixed


def reworded(span: Span, text: str) -> Reworded:
    """A span that is read as another text."""
    found = Reworded(*span)
    found.fixed = text
    return found
