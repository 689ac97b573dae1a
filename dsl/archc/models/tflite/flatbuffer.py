"""FlatBuffers, read with every access checked.

The layout is that of the FlatBuffers documentation ("Internals"): little-endian; a table starts
with a signed offset back to its vtable, which holds for every field its place in the table or 0;
strings, vectors and other tables are reached by offsets forward from where the offset stands.

Python's own FlatBuffers library checks none of this: it has no verifier, an offset before the
start reads from the end of the file, and a vector that claims 2**31 elements is walked element by
element. Here an offset that leads out of the file is an error, and vectors and strings are paid
for from a budget in proportion to the file, so that one that is referred to a million times does
not become a million copies.
"""

from struct import Struct
from typing import Literal

Scalar = Literal["b", "B", "h", "H", "i", "I", "q", "Q", "f"]

_STRUCTS: dict[str, Struct] = {code: Struct(f"<{code}") for code in "bBhHiIqQf"}
_OFFSET = 4
_LEAST = 32
"""Bytes that a table of a vector takes at least, with its offset and what it refers to."""


class Corrupt(Exception):
    """The bytes are not what they claim to be. The message completes "the file is damaged: "."""


class Buffer:
    """The bytes of a file, and how much may still be copied out of them."""

    def __init__(self, data: bytes, generosity: int = 2) -> None:
        """A reader that copies at most ``generosity`` times the size of the file."""
        self.data = data
        self.left = generosity * len(data) + 4096

    def scalar(self, code: Scalar, at: int) -> int:
        form = _STRUCTS[code]
        self.inside(at, form.size)
        value: int = form.unpack_from(self.data, at)[0]
        return value

    def inside(self, at: int, size: int) -> None:
        """Check that a range of bytes is in the file.

        Raises:
            Corrupt: it begins or ends outside.
        """
        if at < 0 or size < 0 or at + size > len(self.data):
            raise Corrupt(f"offset {at} leads out of its {len(self.data):,} bytes")

    def pay(self, size: int) -> None:
        """Raises:
        Corrupt: more is asked for than an honest file of this size could hold.
        """
        self.left -= size
        if self.left < 0:
            raise Corrupt("its parts refer to the same bytes again and again")

    def follow(self, at: int) -> int:
        """Where the offset at a place leads."""
        target = at + self.scalar("I", at)
        if target == at:
            raise Corrupt(f"the offset at {at} leads to itself")
        self.inside(target, _OFFSET)
        return target

    def root(self) -> "Table":
        return Table(self, self.follow(0))


class Table:
    """A table; fields go by their number in the schema."""

    __slots__ = ("_buffer", "_end", "_size", "_start", "_vtable")

    def __init__(self, buffer: Buffer, start: int) -> None:
        self._buffer = buffer
        self._start = start
        self._vtable = start - buffer.scalar("i", start)
        self._end = buffer.scalar("H", self._vtable)
        self._size = buffer.scalar("H", self._vtable + 2)
        if self._end < 4 or self._end % 2 or self._size < 4:
            raise Corrupt(f"there is no table at offset {start}")
        buffer.inside(self._vtable, self._end)
        buffer.inside(start, self._size)

    def _place(self, field: int, size: int) -> int | None:
        """Where the value of a field stands; None where it has its default."""
        entry = 4 + 2 * field
        if entry + 2 > self._end:
            return None
        offset = self._buffer.scalar("H", self._vtable + entry)
        if offset == 0:
            return None
        if offset < 4 or offset + size > self._size:
            raise Corrupt(f"a field of the table at offset {self._start} is outside it")
        return self._start + offset

    def scalar(self, field: int, code: Scalar, default: int = 0) -> int:
        at = self._place(field, _STRUCTS[code].size)
        return default if at is None else self._buffer.scalar(code, at)

    def table(self, field: int) -> "Table | None":
        at = self._place(field, _OFFSET)
        return None if at is None else Table(self._buffer, self._buffer.follow(at))

    def inside(self, at: int, size: int) -> None:
        """Check that a range of bytes is in the file (`Buffer.inside`)."""
        self._buffer.inside(at, size)

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        """Where the elements of a vector stand, and how many there are."""
        at = self._place(field, _OFFSET)
        if at is None:
            return 0, 0
        start = self._buffer.follow(at)
        count = self._buffer.scalar("I", start)
        if count * size > len(self._buffer.data) - start - 4:
            raise Corrupt(f"the {count:,} elements at offset {start} do not fit into the file")
        return start + 4, count

    def extent(self, field: int) -> tuple[int, int]:
        """Where the bytes of a vector of bytes stand, and how many; (0, 0) where there is none."""
        return self._vector(field, 1)

    def numbers(self, field: int, code: Scalar, most: int | None = None) -> tuple[int, ...]:
        """A vector of numbers, of at most ``most`` elements."""
        size = _STRUCTS[code].size
        start, count = self._vector(field, size)
        if most is not None and count > most:
            raise Corrupt(f"{count:,} numbers at offset {start}, where there are at most {most}")
        self._buffer.pay(count * size)
        return Struct(f"<{count}{code}").unpack_from(self._buffer.data, start) if count else ()

    def count(self, field: int) -> int:
        """How many tables a vector of tables has."""
        return self._vector(field, _OFFSET)[1]

    def tables(self, field: int, most: int, what: str) -> list["Table"]:
        """A vector of tables.

        Raises:
            Corrupt: it has more than ``most``, or one is not a table.
        """
        start, count = self._vector(field, _OFFSET)
        if count > most:
            raise Corrupt(f"it claims {count:,} {what}, more than the {most:,} that are read")
        buffer = self._buffer
        buffer.pay(count * _LEAST)
        return [Table(buffer, buffer.follow(start + _OFFSET * i)) for i in range(count)]

    def entry(self, field: int, index: int) -> "Table | None":
        """One table of a vector of tables; None where it has not so many."""
        start, count = self._vector(field, _OFFSET)
        if not 0 <= index < count:
            return None
        return Table(self._buffer, self._buffer.follow(start + _OFFSET * index))

    def text(self, field: int, most: int = 65_536) -> str:
        """A string; what is not UTF-8 in it is replaced."""
        start, count = self._vector(field, 1)
        if count > most:
            raise Corrupt(f"the name at offset {start} has {count:,} bytes")
        self._buffer.pay(count)
        return self._buffer.data[start : start + count].decode("utf-8", "replace")
