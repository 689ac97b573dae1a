"""Where in a text somebody is typing, told from what stands before it, finished or not."""

import re
from typing import NamedTuple

from archc.syntax.numbers import BYTE_UNITS, UNITS
from archc.vocabulary import DECLARATIONS

_DECIMAL = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(
    r'"""(?s:.*?)(?:"""|\Z)|"[^"\n]*(?:"|(?=\n)|\Z)|#[^\n]*'
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    rf"|(?P<number>{_DECIMAL}(?: ?(?:{'|'.join({**UNITS, **BYTE_UNITS})})(?![A-Za-z0-9_]))?)"
    r"|(?P<sign><=|>=|==|!=|\.\.|\S)"
)
_OPERATORS = {
    "+",
    "-",
    "*",
    "/",
    "<",
    ">",
    "<=",
    ">=",
    "==",
    "!=",
    "x",
    "and",
    "or",
    "not",
    "if",
    "else",
    "step",
}
_MEMBERS = frozenset(DECLARATIONS) - {"arch", "block", "use"}
MOST = 400_000
"""Characters that are looked at."""


class Context(NamedTuple):
    """What may be written at an offset."""

    where: str
    """`nothing`, `file`, `members`, `statement`, `arguments` (an argument begins), `value`,
    `range` (behind a parameter's default), `feature`, `repeat` (behind `repeat.`), `base`,
    `target`, `quantity`, `allow`, `path` (of a `use`, which the word is up to here)."""
    start: int
    """Where the word begins that is being typed."""
    word: str
    callee: str | None = None
    """What the innermost parentheses belong to: a name, or `stage`, `rounding`, `arch`, `block`."""
    argument: str | None = None
    """The argument that a value is for, where it is given by name."""
    position: int = 0
    """How many arguments stand before, in the innermost parentheses."""
    given: tuple[str, ...] = ()
    """Arguments that are given by name already."""
    parameters: tuple[str, ...] = ()
    """Those of the declaration it stands in, as far as written."""
    wide: bool = False
    """Whether it stands in a stage that has channels."""


class _Open:
    """An open bracket."""

    def __init__(self, kind: str, callee: str | None = None) -> None:
        self.kind = kind
        """`file`, `members`, `body`, `declaration`, `call`, `group` or `list`."""
        self.callee = callee
        self.words: list[str] = []
        self.index = 0
        self.argument: str | None = None
        self.given: list[str] = []
        self.member = ""
        """The keyword of the member that was begun last, in an arch."""
        self.condition = False
        self.wide = False
        """Whether that is a stage with channels."""


def context(text: str, at: int) -> Context:
    """What stands at an offset."""
    before = text[max(0, at - MOST) : at]
    word = re.search(r"[A-Za-z_][A-Za-z0-9_]*$", before)
    start = word.start() if word else len(before)
    typed = word.group() if word else ""
    nothing = Context("nothing", at - len(typed), typed)
    number = bool(start) and before[start - 1].isdigit()
    scan = _Scan()
    for token in _TOKEN.finditer(before):
        text = token.group()
        if text[0] in '"#':
            if _within(text, token.end() == len(before)):
                return scan.path(text, at) or nothing
            if text[0] == "#":
                continue
        if token.start() >= start:
            break
        scan.take(token)
    found = scan.context(at - len(typed), typed)
    return found._replace(where="nothing") if number else found


def _within(text: str, last: bool) -> bool:
    """Whether a comment or text goes on behind what was read of it."""
    if text.startswith('"""'):
        return len(text) < 6 or not text.endswith('"""')
    return last and (text[0] == "#" or len(text) < 2 or not text.endswith('"'))


class _Scan:
    """Follows brackets, and what opened them."""

    def __init__(self) -> None:
        self.stack: list[_Open] = [_Open("file")]
        self.parameters: list[str] = []
        self.declaring = ""

    @property
    def top(self) -> _Open:
        return self.stack[-1]

    def take(self, token: "re.Match[str]") -> None:
        text, top = token.group(), self.top
        if text in ("(", "[", "{"):
            self.open(text)
            return
        if text in (")", "]", "}"):
            if len(self.stack) > 1:
                closed = self.stack.pop()
                if closed.callee == "stage" and closed.kind == "call":
                    positional = bool(closed.words) and not closed.given
                    self.top.wide = positional or "channels" in closed.given
            self.top.words.append(")")
            return
        if text.startswith('"'):
            top.words.append('"')
            return
        previous = top.words[-1] if top.words else ""
        if top.kind == "file" and text in ("arch", "block", "use"):
            self.declaring, self.parameters = text, []
        elif top.kind == "members" and text in _MEMBERS:
            top.member, top.wide = text, False
        elif top.kind == "body" and text == "if":
            top.condition = True
        elif top.kind == "declaration" and token["name"] and previous in ("", ","):
            self.parameters.append(text)
        elif top.kind == "call" and text == "=" and previous:
            top.argument = previous
            top.given.append(previous)
        if text == ",":
            top.index += 1
            top.argument = None
        top.words.append("number" if token["number"] else text)

    def open(self, bracket: str) -> None:
        top = self.top
        words = ["", "", *top.words[-2:]]
        before, previous = words[-2], words[-1]
        top.words.append(bracket)
        if bracket == "[":
            self.stack.append(_Open("list", top.argument))
            return
        if bracket == "{":
            kind = "members" if top.kind == "file" and self.declaring == "arch" else "body"
            top.condition = False
            self.stack.append(_Open(kind))
            return
        if top.kind == "file" and before in ("arch", "block"):
            self.stack.append(_Open("declaration", before))
            return
        callee = "stage" if before == "stage" and top.kind == "members" else previous
        if before == "target" and top.kind == "members":
            callee = "target"
        named = bool(re.fullmatch(r"[A-Za-z_]\w*", callee))
        opened = _Open("call" if named and callee not in _OPERATORS else "group", callee)
        if opened.kind == "group":
            opened.argument = top.argument
        self.stack.append(opened)

    def path(self, text: str, at: int) -> Context | None:
        """The path that is being typed behind `use`, quotes included; None of any other text."""
        if self.top.kind != "file" or self.top.words[-1:] != ["use"] or text.startswith('"""'):
            return None
        return Context("path", at - len(text.rpartition("/")[2].lstrip('"')), text[1:])

    def context(self, start: int, word: str) -> Context:
        top = self.top
        words = ["", "", *top.words[-2:]]
        before, previous = words[-2], words[-1]
        made = Context(
            self.where(before, previous),
            start,
            word,
            next((one.callee for one in reversed(self.stack) if one.kind == "call"), None),
            top.argument if top.kind in ("call", "group") else None,
            next((one.index for one in reversed(self.stack) if one.kind == "call"), 0),
            tuple(top.given),
            tuple(self.parameters) if len(self.stack) > 1 else (),
            any(one.wide for one in self.stack[:-1]),
        )
        if top.kind == "declaration":
            return made._replace(callee=None)
        return made

    def where(self, before: str, previous: str) -> str:
        top = self.top
        if previous == "." and before == "in":
            return "feature"
        named = before not in ("", "number") and (before[0].isalpha() or before[0] == "_")
        if previous == "." and named and top.kind != "members":
            return "repeat" if before == "repeat" else "feature"
        if previous == "as" and top.kind == "body":
            return "nothing"
        if top.kind == "file":
            if previous in ("arch", "block", "use"):
                return "nothing"
            return "base" if previous == "=" else "file"
        if top.kind == "members":
            return self.member(previous)
        if top.kind == "body":
            joins = previous in _OPERATORS
            return "value" if joins or (top.condition and previous == "(") else "statement"
        if top.kind == "declaration":
            if previous in ("", ","):
                return "nothing"
            joined = previous in ("=", "in", "..") or previous in _OPERATORS
            return "value" if joined else "range"
        if top.kind == "list":
            return "allow" if top.callee == "allow" else "value"
        if previous in ("", ","):
            return "arguments" if top.kind == "call" else "value"
        return "value" if previous == "=" or previous in _OPERATORS else "nothing"

    def member(self, previous: str) -> str:
        member = self.top.member
        if previous in ("stage", "input", "output"):
            return "nothing"
        if previous == "target":
            return "target"
        if member == "require" and previous in ("require", ",", "."):
            return "quantity"
        if previous in (":", "<=") or previous in _OPERATORS:
            return "value"
        return "members"
