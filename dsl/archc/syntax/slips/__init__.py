"""What to say about a syntax error: what was found, what could stand there, and the usual slips."""

import re
from collections.abc import Callable, Iterable

from archc.diagnostics.nearest import either
from archc.syntax.grammar import literals
from archc.syntax.lalr import END, JUNK
from archc.syntax.place import TAIL, Place, Slip
from archc.syntax.slips import brackets, declarations, statements, values
from archc.syntax.slips.spelling import misspelt
from archc.syntax.slips.table import rows

SLIPS: tuple[str | Callable[[Place], Slip | None], ...] = (
    values.empty,
    statements.sequence,
    statements.doubled,
    "quoted",
    values.open_text,
    values.typographic,
    brackets.missing_bracket,
    brackets.stray_bracket,
    "decimal_point",
    "underscore",
    "glued_size",
    values.percent,
    values.unknown_unit,
    statements.arrow,
    values.logic,
    "comparison",
    "range_sign",
    "unnamed",
    declarations.dashed_target,
    declarations.dashed_name,
    "colon",
    "bare_rounding",
    brackets.unclosed_body,
    declarations.missing_body,
    "loop",
    statements.keyword_as_name,
    "keyword_as_name",
    declarations.other_language,
    declarations.missing_arch,
    declarations.assigned,
    declarations.shape_with_commas,
    declarations.use_without_quotes,
    statements.no_condition,
    statements.bare_argument,
    declarations.outside,
    "missing_keyword",
    declarations.not_a_member,
    statements.typed,
    "sign",
    values.tuple_size,
    "value_before_sign",
    statements.missing_comma,
    brackets.missing_parenthesis,
    statements.assignment,
    statements.called_twice,
    statements.brackets_as_parentheses,
    statements.dotted,
    statements.comment,
)
"""The usual slips, those that tell more first: functions, and names of rows of `slips.toml`."""


def explain(place: Place) -> tuple[str, Slip]:
    """What to say of an error, and the name of the usual slip that it is, if it is one."""
    for slip in SLIPS:
        tests = rows()[slip] if isinstance(slip, str) else (slip,)
        found = next((found for test in tests if (found := test(place)) is not None), None)
        if found is not None:
            return slip if isinstance(slip, str) else slip.__name__, found
    return "", unusual(place)


def unusual(place: Place) -> Slip:
    """What to say of an error that is none of the usual slips."""
    words = in_words(place.expected) if place[0].kind != JUNK else []
    shown = place.found if len(place.found) <= TAIL else f"{place.found[:TAIL]}..."
    text = f"`{shown}`" if place.found else "the end of the text"
    help, edits = misspelt(place)
    if help is None and len(place.found) == 1 and not re.match(r"[\w(){}\[\]=,:;.<>+*/-]", shown):
        help, edits = f"remove the `{place.found}`", place.instead("")
    if not words or len(words) > 6:
        return Slip(f"{text} is not allowed here", "unexpected", help, edits=edits)
    expected = either(words)
    return Slip(f"expected {expected}, found {text}", f"expected {expected}", help, edits=edits)


def in_words(kinds: Iterable[str]) -> list[str]:
    """Kinds of tokens as their readers know them; those that start an expression count as one."""
    names = set(kinds)
    words = []
    if {"NUMBER", "MINUS", "LSQB"} <= names:
        words.append("a value")
        names -= {"NUMBER", "MINUS", "LSQB", "NAME", "LPAR", "LBRACE", "_NOT", "_IN"}
    if {"PLUS", "TIMES", "OVER"} <= names:
        names -= {"PLUS", "MINUS", "TIMES", "OVER", "_X", "COMPARISON", "_AND", "_OR"}
        names -= {"POWER", "LSQB", "_IF"}
    if "NAME" in names:  # these are names where they are not keywords
        names -= {"_OUTPUT", "_STEP"}
    named = {
        END: "the end of the text",
        "NAME": "a name",
        "NUMBER": "a number",
        "DOC": "a doc string",
        "STRING": "a path in quotes",
        "COMPARISON": "a comparison",
    }
    return words + [named.get(name) or f"`{literals()[name]}`" for name in sorted(names)]
