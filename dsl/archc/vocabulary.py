"""The words of the language by kind, from the grammar, the operators and the standard library.

Editors colour by them; a word that is new in the compiler is new here.
"""

from typing import NamedTuple

from archc.files import std_sources
from archc.ops.base import OPERATORS
from archc.sema.callees import FORMS
from archc.sema.scope import CONSTANTS, FUNCTIONS
from archc.syntax.grammar import keywords
from archc.syntax.numbers import BYTE_UNITS, UNITS

LOGICAL = ("and", "or", "not")
DECLARATIONS = (
    *("arch", "block", "use", "input", "target", "rounding", "stage", "head", "output", "require"),
)
TIMES = "x"
"""The keyword that joins numbers to sizes; it may stand between digits."""

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_UNITS = "|".join(sorted((*UNITS, *BYTE_UNITS), key=len, reverse=True))
NUMBER = rf"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?:( ?)({_UNITS})(?![A-Za-z0-9_]))?"
"""A number, the space before its unit, and the unit, as groups."""
TIMES_BETWEEN = r"(?<=[0-9)])x(?![A-Za-z_])|(?<![A-Za-z0-9_])x(?![A-Za-z0-9_])"


class Vocabulary(NamedTuple):
    """Every word that means something by itself, each in one kind."""

    declarations: tuple[str, ...]
    """Keywords that begin a declaration."""
    keywords: tuple[str, ...]
    """The other keywords, `x` and the logical ones apart."""
    logical: tuple[str, ...]
    forms: tuple[str, ...]
    operators: tuple[str, ...]
    blocks: tuple[str, ...]
    """Of the standard library."""
    functions: tuple[str, ...]
    constants: tuple[str, ...]


def vocabulary() -> Vocabulary:
    """The words of the language as it is.

    Raises:
        RuntimeError: the grammar lost a keyword that is told apart here.
    """
    known = keywords()
    apart = {*DECLARATIONS, *LOGICAL, TIMES}
    if not apart <= known:
        raise RuntimeError(f"no keywords any more: {', '.join(sorted(apart - known))}")
    return Vocabulary(
        DECLARATIONS,
        tuple(sorted(known - apart)),
        LOGICAL,
        tuple(FORMS),
        tuple(OPERATORS),
        tuple(sorted(std_sources())),
        FUNCTIONS,
        tuple(CONSTANTS),
    )
