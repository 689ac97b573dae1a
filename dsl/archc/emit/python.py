"""The printer of generated Python: literals, identifiers, comments, and lines that fit.

Nothing reaches generated text but through `literal`, `identifier`, `interpolated`, `comment` and
`docstring`.
Statements come out as `ruff format` leaves them at its default width of 88 columns; the rules of
fitting were observed on ruff 0.17 and are held by a test that formats what is printed here.
"""

import builtins
import keyword
from collections.abc import Mapping, Sequence
from functools import lru_cache

WIDTH = 88
"""Columns of a line of generated Python: the default of ruff and Black."""

AMBIGUOUS = frozenset("lIO")
"""Names that linters refuse because they look like digits (pycodestyle E741, E743)."""

# An interactive interpreter adds `_` to the builtins; what is emitted must not depend on that.
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
UNUSABLE = frozenset(keyword.kwlist) | _BUILTINS | AMBIGUOUS
"""Names that generated code neither defines nor takes as a parameter."""


def literal(value: object) -> str:
    """The one way for a value to become Python text.

    Takes None, bool, int, finite float, str and tuples of them. Strings come out in ASCII, in
    double quotes; a double quote within is written `\\x22`, so that no formatter swaps the quotes.

    Raises:
        TypeError: a value of another type, which is a bug in the compiler.
        ValueError: a float that is not finite.
    """
    kind = type(value)
    if kind is int or kind is bool or value is None:
        return repr(value)
    if isinstance(value, str):
        if value.isascii() and value.isprintable():  # as below, without loading a codec
            return '"' + value.replace("\\", "\\\\").replace('"', "\\x22") + '"'
        return '"' + value.encode("unicode_escape").decode("ascii").replace('"', "\\x22") + '"'
    if isinstance(value, float):
        if value - value != 0.0:
            raise ValueError(f"{value} is not a literal")
        return repr(value)
    if isinstance(value, tuple):
        texts = [literal(element) for element in value]
        return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"
    raise TypeError(f"no literal for {kind.__name__}")


@lru_cache(maxsize=1024)
def identifier(name: str) -> str:
    """The name itself, if it may stand in Python as one.

    Raises:
        ValueError: it may not, which is a bug in the compiler.
    """
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is not an identifier")
    return name


def interpolated(before: str, variable: str, after: str) -> str:
    """An f-string: the value of a variable between two fixed parts of a layer's name.

    Raises:
        ValueError: a part has a character that no layer name has.
    """
    for part in (before, after):
        if part and not (part.isascii() and part.replace("_", "a").isalnum()):
            raise ValueError(f"{part!r} is not part of a layer's name")
    return f'f"{before}{{{identifier(variable)}}}{after}"'


def comment(label: str, text: str) -> str:
    """A comment line `# LABEL TEXT` in printable ASCII, where ``label`` is ours.

    `#` is escaped too, so that no text can smuggle in a directive for a linter (`# noqa`).
    """
    return f"# {label} {_escaped(text, '#')}".rstrip()


def docstring(text: str) -> str:
    """A docstring of one line, in printable ASCII."""
    escaped = _escaped(text, '"')
    return f'"""{escaped}"""'


def _escaped(text: str, also: str) -> str:
    """Printable ASCII; the rest, backslashes and the character ``also`` as escapes."""
    if text.isascii() and text.isprintable() and "\\" not in text and also not in text:
        return text
    return "".join(
        character
        if " " <= character <= "~" and character not in ("\\", also)
        else f"\\x{ord(character):02x}"
        if " " <= character <= "~"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def argument(name: str, text: str) -> str:
    """A keyword argument of a printed value."""
    return f"{identifier(name)}={text}"


def call(
    indent: int, target: str, function: str, arguments: Sequence[str], operand: str | None = None
) -> list[str]:
    """`target = function(arguments)`, or `target = function(arguments)(operand)`, fitted.

    ``operand`` is the name of a variable; a list of operands goes through `merge`.
    """
    margin = " " * indent
    tail = ")" if operand is None else f")({operand})"
    line = f"{margin}{target} = {function}({', '.join(arguments)}{tail}"
    if len(line) <= WIDTH:
        return [line]
    # Where all but the operand fits, ruff would leave it alone on a line of its own; a comma after
    # the last argument makes it keep the arguments apart instead.
    apart = operand is not None and len(line) - len(f"{operand})") <= WIDTH
    return [
        f"{margin}{target} = {function}(",
        *_arguments(indent + 4, arguments, apart),
        f"{margin}{tail}",
    ]


def merge(
    indent: int, target: str, function: str, arguments: Sequence[str], operands: Sequence[str]
) -> list[str]:
    """`target = function(arguments)([operands])`, fitted."""
    margin = " " * indent
    head = f"{margin}{target} = {function}({', '.join(arguments)})("
    operand = f"[{', '.join(operands)}]"
    if len(head) + len(operand) + 1 <= WIDTH:
        return [f"{head}{operand})"]
    if len(head) <= WIDTH:
        return [head, *_list(indent + 4, operand, operands), f"{margin})"]
    first = [f"{margin}{target} = {function}(", *_arguments(indent + 4, arguments)]
    if indent + len(operand) + 3 <= WIDTH:
        return [*first, f"{margin})({operand})"]
    return [*first, f"{margin})(", *_list(indent + 4, operand, operands), f"{margin})"]


def _list(indent: int, text: str, elements: Sequence[str]) -> list[str]:
    margin = " " * indent
    if indent + len(text) <= WIDTH:
        return [f"{margin}{text}"]
    return [f"{margin}[", *(f"{margin}    {element}," for element in elements), f"{margin}]"]


def _arguments(indent: int, arguments: Sequence[str], apart: bool = False) -> list[str]:
    """The lines between the parentheses of a call or definition that does not fit on one line."""
    margin = " " * indent
    line = margin + ", ".join(arguments)
    if len(line) <= WIDTH and not apart:
        return [line]
    return [line for text in arguments for line in _split(indent, text, ",")]


def _split(indent: int, text: str, comma: str) -> list[str]:
    """One argument on its own line; a flat tuple that is too long for it, over several."""
    margin = " " * indent
    opening = text.find("(")
    if indent + len(text) + len(comma) <= WIDTH or opening < 0 or not text.endswith(")"):
        return [f"{margin}{text}{comma}"]
    return [
        f"{margin}{text[: opening + 1]}",
        *(f"{margin}    {element}," for element in text[opening + 1 : -1].split(", ")),
        f"{margin}){comma}",
    ]


def define(name: str, parameters: Sequence[str], returns: str | None = None) -> list[str]:
    """The lines of `def name(parameters):` at the left margin, fitted."""
    arrow = f" -> {returns}" if returns else ""
    line = f"def {identifier(name)}({', '.join(parameters)}){arrow}:"
    if len(line) <= WIDTH:
        return [line]
    return [f"def {name}(", *_arguments(4, parameters), f"){arrow}:"]


def returned(indent: int, function: str, arguments: Sequence[str]) -> list[str]:
    """`return function(arguments)`, fitted."""
    margin = " " * indent
    line = f"{margin}return {function}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return [line]
    return [f"{margin}return {function}(", *_arguments(indent + 4, arguments), f"{margin})"]


def mapping(name: str, items: Mapping[str, str], indent: int = 0) -> list[str]:
    """The lines of `name = {"key": value, ...}`, a line each; values are printed already."""
    margin = " " * indent
    lines = (f"{margin}    {literal(key)}: {value}," for key, value in items.items())
    return [f"{margin}{identifier(name)} = {{", *lines, f"{margin}}}"]


def constant(name: str, value: object) -> list[str]:
    """The lines of `NAME = value` at the left margin, fitted."""
    text = literal(value)
    line = f"{identifier(name)} = {text}"
    if len(line) <= WIDTH:
        return [line]
    if isinstance(value, tuple) and value:
        return [f"{name} = (", *(f"    {literal(element)}," for element in value), ")"]
    if len(text) + 4 <= WIDTH:
        return [f"{name} = (", f"    {text}", ")"]
    return [line]
