"""The grammar, as tables. Lark is imported here and nowhere else, and only to make them.

A wheel carries the tables ready-made (`archc.prebuilt`).
"""

import os
import re
from functools import lru_cache

from archc.prebuilt import Stamp, carried, text
from archc.syntax.lalr import Driver, Tables
from archc.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = "arch.lark"
FOLDER = os.path.dirname(os.path.abspath(__file__))

WORD_END = "(?![A-Za-z0-9_])"
"""What ends a keyword, as the grammar writes it."""


def grammar_path() -> str:
    """Where the grammar is: in a wheel beside the package, in a checkout two folders up."""
    package = os.path.dirname(FOLDER)
    installed = os.path.join(package, "grammars", GRAMMAR)
    if os.path.exists(installed):
        return installed
    return os.path.join(os.path.dirname(os.path.dirname(package)), "grammars", GRAMMAR)


def read_grammar() -> bytes:
    with open(grammar_path(), "rb") as file:
        return file.read()


@lru_cache(maxsize=1)
def driver() -> Driver:
    """What reads the language."""
    grammar = read_grammar()
    found = carried("tables", stamp(grammar))
    return Driver(Tables(*found.TABLES) if found else derive(grammar))


def stamp(grammar: bytes) -> Stamp:
    return grammar.decode(), " ".join(Tables._fields)


def prebuilt() -> str:
    """The text of the generated module with the tables."""
    grammar = read_grammar()
    return text(stamp(grammar), f"TABLES = {tuple(derive(grammar))!r}\n")


@lru_cache(maxsize=1)
def keywords() -> frozenset[str]:
    """The words that belong to the grammar."""
    kinds = {symbol for row in driver().tables.rows for symbol, _ in row}
    return frozenset(kind[1:].lower() for kind in kinds if re.fullmatch("_[A-Z]+", kind))


@lru_cache(maxsize=1)
def literals() -> dict[str, str]:
    """The text of every terminal that has one text only, keywords included."""
    texts = {kind: text for text, kind in driver().tables.words.items()}
    return texts | {f"_{word.upper()}": word for word in keywords()}


def build(grammar: bytes, *, strict: bool = False) -> "Lark":
    """The parser as Lark has it. ``strict`` checks for colliding terminals."""
    from lark import Lark

    return Lark(
        grammar.decode(),
        parser="lalr",
        lexer="basic",
        start=["start", "expression"],
        propagate_positions=True,
        maybe_placeholders=False,
        strict=strict,
    )


def derive(grammar: bytes) -> Tables:
    """The tables of Lark's parser and the pattern of its scanner, as plain data."""
    from lark.parsers.lalr_analysis import Shift

    lark: Any = build(grammar).parser
    scanner = lark.lexer.scanner
    pattern, words = _merged([(one.name, one.pattern.to_regexp()) for one in scanner.terminals])
    assert len(scanner._mres) == 1, "Lark tries one pattern after another"
    assert not lark.lexer.callback, "a terminal is told from another one after it was matched"
    table = lark.parser._parse_table
    actions = [action for row in table.states.values() for action in row.values()]
    found = {rule: _rule(rule) for kind, rule in actions if kind is not Shift}
    rules = sorted(found, key=lambda rule: (str(rule), repr(found[rule])))
    numbers = {rule: ~number for number, rule in enumerate(rules)}
    order = _numbered(table, Shift)
    rows = (
        sorted(
            (str(symbol), order[target] if kind is Shift else numbers[target])
            for symbol, (kind, target) in table.states[state].items()
        )
        for state in order
    )
    return Tables(
        pattern,
        words,
        tuple(sorted(map(str, lark.lexer.ignore_types))),
        {
            str(name): (order[state], order[table.end_states[name]])
            for name, state in table.start_states.items()
        },
        tuple(found[rule] for rule in rules),
        tuple(map(tuple, rows)),
    )


def _numbered(table: Any, shift: Any) -> dict[Any, int]:
    """Numbers of the states, by the way that leads to each: Lark's differ from run to run."""
    order = [table.start_states[name] for name in sorted(table.start_states)]
    known = set(order)
    for state in order:
        for symbol in sorted(table.states[state], key=str):
            kind, target = table.states[state][symbol]
            if kind is shift and target not in known:
                known.add(target)
                order.append(target)
    return {state: number for number, state in enumerate(order)}


def _rule(rule: Any) -> tuple[str, int, str | None, bool, tuple[tuple[int, bool], ...]]:
    """A rule of Lark's as `Tables.rules` has it."""
    name = str(rule.alias or rule.options.template_source or rule.origin.name)
    kept = tuple(
        (index, not symbol.is_term and symbol.name.startswith("_"))
        for index, symbol in enumerate(rule.expansion)
        if not (symbol.is_term and symbol.filter_out)
    )
    spliced = name.startswith("_") and not rule.alias
    only = bool(rule.options.expand1 and not rule.alias)
    return str(rule.origin.name), len(rule.expansion), None if spliced else name, only, kept


def _merged(terminals: list[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """One pattern for terminals that are tried in this order, and the terminals of fixed texts.

    Those that are next to one another and are a text each, all or none of them with `WORD_END`, are
    one group, told apart by their text: it matches what they match, and is compiled sooner.
    """
    groups: list[tuple[str, str]] = []
    words: dict[str, str] = {}
    ends: str | None = None
    for name, pattern in terminals:
        end = WORD_END if pattern.endswith(WORD_END) else ""
        bare = pattern.removesuffix(end)
        if set(re.sub(r"\\\W", "", bare)) & set("\\.^$*+?{}[]|()"):  # more than a text
            assert name[0] != "W", "groups of fixed texts have such names"
            groups.append((name, pattern))
            ends = None
            continue
        text = re.sub(r"\\(\W)", r"\1", bare)
        assert words.get(text, name) == name, "a text is of two terminals"
        words[text] = str(name)
        if ends == end:
            groups[-1] = (groups[-1][0], f"{groups[-1][1]}|{re.escape(text)}")
        else:
            groups.append((f"W{len(groups)}{'E' if end else ''}", re.escape(text)))
            ends = end
    parts = []
    for name, pattern in groups:
        fixed = name[0] == "W" and name[-1] == "E"
        parts.append(f"(?P<{name}>(?:{pattern}){WORD_END if fixed else ''})")
    return "|".join(parts), words
