"""Comparisons of symbolic numbers: what is so of all variants, and what becomes a guard."""

from typing import Any

from archc.space.atoms import Decision, Terms
from archc.space.kept import kept
from archc.space.trace import Escape
from archc.space.witness import Witnessed


def decided(question: Any, *, opposite: bool = False) -> Any:
    """A comparison: its outcome for the witness becomes a guard where not all variants agree.

    Args:
        question: what is so of all variants, or how to decide it.
        opposite: whether the comparison is true where that is not.
    """

    def compare(self: Any, other: object) -> Any:
        answer = question(self, other)
        if type(answer) is Decision:
            answer = self.trace.decide(answer)
        return answer if answer is NotImplemented else answer is not opposite

    return compare


class Compared(Witnessed):
    """See the module."""

    __slots__ = ()

    def _lift(self, other: Any) -> Any:
        """The same as a symbolic number; None where it is none."""
        raise NotImplementedError

    def _sum(self, other: Any, sign: int, own: int = 1) -> tuple[Terms, int, int]:
        """`own * self + sign * other`: terms, constant and denominator."""
        raise NotImplementedError

    def _compared(self, other: object, kind: str, swap: bool = False) -> bool | Decision:
        if self._lift(other) is None:
            return NotImplemented  # type: ignore[no-any-return]
        terms, constant, _ = self._sum(other, 1 if swap else -1, -1 if swap else 1)
        if not terms:
            return constant < 0 if kind == "<" else constant == 0
        return self.trace.decision(kind, terms, constant)

    @kept
    def _below(self, other: object) -> bool | Decision:
        return self._compared(other, "<")

    @kept
    def _above(self, other: object) -> bool | Decision:
        return self._compared(other, "<", True)

    @kept
    def _equal(self, other: object) -> bool | Decision:
        return self._compared(other, "==")

    __lt__ = decided(_below)
    __gt__ = decided(_above)
    __le__ = decided(_above, opposite=True)
    __ge__ = decided(_below, opposite=True)
    __eq__ = decided(_equal)
    __ne__ = differs = decided(_equal, opposite=True)

    def __bool__(self) -> bool:
        return self.differs(0)  # type: ignore[no-any-return]

    def __hash__(self) -> int:  # type: ignore[override]
        # Of a constant too: what is kept by it outlives the trace.
        raise Escape("a hash", self.axes)
