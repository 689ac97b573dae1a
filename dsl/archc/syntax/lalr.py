"""A driver over the tables that Lark makes of the grammar: shift, reduce, one tree per rule.

Lark computes the tables (`grammar.derive`) and a wheel carries them as a Python module, so that
reading a text needs no Lark. A text that is not in the language is left to `recovery`, which walks
the same tables with stacks that it can go back to.
"""

import re

from archc.typed import Any, NamedTuple

END = "$END"
"""The kind of the token behind the last one."""
JUNK = "JUNK"
"""A character that begins no token."""
QUOTED = "QUOTED"
"""A text in single quotes, which the language does not have."""
OPEN = "OPEN"
"""A double quote, or three, that nothing closes: with the rest of its line."""

_JUNK = rf"(?P<{QUOTED}>'''[^']*'''|'[^'\n]*')|(?P<{OPEN}>\"[^\n]*)|(?P<{JUNK}>(?s:.))"


class Tables(NamedTuple):
    """What Lark makes of a grammar, as plain data."""

    pattern: str
    """The scanner: named groups for terminals, in the order in which they are tried."""
    words: dict[str, str]
    """The terminals of fixed texts, by text; their groups have other names, `W...`."""
    ignored: tuple[str, ...]
    starts: dict[str, tuple[int, int]]
    """By the start rule: the first state, and the one in which it has been read."""
    rules: tuple[tuple[str, int, str | None, bool, tuple[tuple[int, bool], ...]], ...]
    """(origin, length, name of the tree or None for one that is spliced into its parent, whether an
    only child takes its place, what is kept: (which part, whether it is spliced))."""
    rows: tuple[tuple[tuple[str, int], ...], ...]
    """By state: (symbol, action); an action is a state to go to, or ~ a rule to reduce by."""


class Token:
    """A token of a text, where it stands there."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        """Its terminal, `END`, or one of `JUNK`, `QUOTED` and `OPEN`."""
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.kind!r}, {self.text!r}, {self.start}, {self.end})"


class Made(Token):
    """A token that a repair put in: nothing is known of what should stand there."""

    __slots__ = ()


class Tree:
    """A rule with its parts. ``first`` and ``last`` are the numbers of its first token and of the
    one behind it; ``start`` and ``end`` are where these tokens start and end."""

    __slots__ = ("children", "data", "end", "first", "last", "start")

    def __init__(
        self, data: str, children: list[Any], first: int, last: int, start: int, end: int
    ) -> None:
        self.data = data
        self.children = children
        self.first = first
        self.last = last
        self.start = start
        self.end = end


Stack = tuple[int, Any]
"""A state, and the stack below it or None. Older ones stay as they were."""


class NotInLanguage(Exception):
    """The tokens are not a sentence of the language."""


class Driver:
    """Reads texts by some tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._rules = tables.rules
        self._rows: list[dict[str, int] | None] = [None] * len(tables.rows)
        """The rows of the states that were met, to look up in."""
        self._words = tables.words
        self._ignored = frozenset(tables.ignored)
        self._scan = re.compile(tables.pattern)

    def scan(self, text: str) -> list[Token]:
        """The tokens of a text, the last one `END`. What is none is of the kinds for that."""
        found: list[Token] = []
        at, length = 0, len(text)
        words, ignored = self._words, self._ignored
        match = self._scan.match
        while at < length:
            token: Any = match(text, at) or re.compile(_JUNK).match(text, at)
            kind = token.lastgroup
            word, at = token.group(), token.end()
            if kind not in ignored:
                kind = words[word] if kind[0] == "W" else kind
                found.append(Token(kind, word, token.start(), at))
        found.append(Token(END, "", length, length))
        return found

    def row(self, state: int) -> dict[str, int]:
        """The actions of a state, by symbol."""
        row = self._rows[state]
        if row is None:
            row = self._rows[state] = dict(self.tables.rows[state])
        return row

    def parse(self, tokens: list[Token], start: str) -> Tree:
        """The tree of tokens that end with `END`.

        Raises:
            NotInLanguage: they have none.
        """
        state, final = self.tables.starts[start]
        rows, rules = self._rows, self._rules
        states = [state]
        values: list[Any] = []
        places: list[tuple[int, int]] = []
        """The first token of what is on the stack, and the one behind its last."""
        number = -1
        for number, token in enumerate(tokens):
            kind = token.kind
            while True:
                row = rows[state] or self.row(state)
                action = row.get(kind)
                if action is None:
                    raise NotInLanguage
                if action >= 0:
                    state = action
                    states.append(state)
                    values.append(token)
                    places.append((number, number + 1))
                    break
                origin, length, name, only, kept = rules[~action]
                if only and length == 1:
                    states.pop()
                else:
                    parts: list[Any] = []
                    place = (number, number)
                    if length:
                        parts = values[-length:]
                        place = (places[-length][0], places[-1][1])
                        del states[-length:], values[-length:], places[-length:]
                    children: list[Any] = []
                    for index, spliced in kept:
                        if not spliced:
                            children.append(parts[index])
                        elif children:
                            children += parts[index]
                        else:
                            children = parts[index]  # lists grow to the right: no copy
                    if name is None:
                        values.append(children)
                    elif only and len(children) == 1:
                        values.append(children[0])
                    else:
                        values.append(_tree(name, children, place, tokens))
                    places.append(place)
                state = (rows[states[-1]] or self.row(states[-1]))[origin]
                states.append(state)
                if kind == END and state == final:
                    tree: Tree = values[-1]
                    return tree
        raise NotInLanguage

    # --- one token at a time, for `recovery` ------------------------------------------------

    def begin(self, start: str) -> Stack:
        """The stack before the first token."""
        return (self.tables.starts[start][0], None)

    def step(self, stack: Stack, kind: str) -> Stack | None:
        """The stack behind a token of some kind; None where none can stand there."""
        rows, rules = self._rows, self._rules
        while True:
            state = stack[0]
            action = (rows[state] or self.row(state)).get(kind)
            if action is None:
                return None
            if action >= 0:
                return (action, stack)
            rule = rules[~action]
            for _ in range(rule[1]):
                stack = stack[1]
            state = stack[0]
            stack = ((rows[state] or self.row(state))[rule[0]], stack)
            if kind == END and stack[1][1] is None:  # the start rule has been read
                return stack

    def accepts(self, stack: Stack) -> frozenset[str]:
        """The kinds of tokens that can stand behind a stack."""
        kinds = (symbol for symbol in self.row(stack[0]) if symbol.isupper())
        return frozenset(kind for kind in kinds if self.step(stack, kind) is not None)


def _tree(name: str, children: list[Any], place: tuple[int, int], tokens: list[Token]) -> Tree:
    first, last = place
    if first == last:
        return Tree(name, children, first, last, 0, 0)
    return Tree(name, children, first, last, tokens[first].start, tokens[last - 1].end)
