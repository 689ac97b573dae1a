"""The grammar, as a parser. Lark is imported here and nowhere else.

A wheel carries the parser's tables, built with it and stamped with the grammar's digest and
Lark's version (see `tables`). Where the stamp does not match, as in a checkout whose grammar was
edited, the parser is built from the grammar, which takes longer and comes out the same.
"""

import os
from functools import lru_cache
from io import BytesIO

from lark import Lark, __version__

GRAMMAR = "arch.lark"
TABLES = os.path.join(os.path.dirname(__file__), "arch.tables")


def grammar_path() -> str:
    """Where the grammar is: in a wheel beside the package, in a checkout two folders up."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    installed = os.path.join(package, "grammars", GRAMMAR)
    if os.path.exists(installed):
        return installed
    return os.path.join(os.path.dirname(os.path.dirname(package)), "grammars", GRAMMAR)


def read_grammar() -> bytes:
    with open(grammar_path(), "rb") as file:
        return file.read()


def stamp(grammar: bytes) -> bytes:
    """What the saved tables depend on, as one line."""
    from hashlib import sha256

    return f"{__version__} {sha256(grammar).hexdigest()}\n".encode()


def build(grammar: bytes, *, strict: bool = False) -> Lark:
    """The parser, from the grammar. ``strict`` checks for colliding terminals."""
    return Lark(
        grammar.decode(),
        parser="lalr",
        lexer="basic",
        start=["start", "expression"],
        propagate_positions=True,
        maybe_placeholders=False,
        strict=strict,
    )


def tables(grammar: bytes) -> bytes:
    """The stamped tables that `parser` loads."""
    data = BytesIO()
    build(grammar).save(data)
    return stamp(grammar) + data.getvalue()


@lru_cache(maxsize=1)
def parser() -> Lark:
    """The parser of the language."""
    grammar = read_grammar()
    try:
        with open(TABLES, "rb") as file:
            if file.readline() == stamp(grammar):
                return Lark.load(file)
    except OSError:
        pass
    return build(grammar)
