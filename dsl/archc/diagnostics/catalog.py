"""What every code means, read from `codes.md` when somebody asks; no compile reads it.

`codes.py`, which is what the compiler imports, is made from the same file.
"""

import os
import re
from functools import cache
from typing import NamedTuple

from archc.diagnostics.model import LEVELS, Code, Level

HERE = os.path.dirname(__file__)
SOURCE, DECLARATIONS = os.path.join(HERE, "codes.md"), os.path.join(HERE, "codes.py")
FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.M | re.S)


class Example(NamedTuple):
    """A spec (`arch`) or what is typed at a prompt (`console`)."""

    language: str
    text: str


class Entry(NamedTuple):
    """A code as it is declared."""

    name: str
    """As printed in brackets; `TARGET/NAME` stands for one of each target."""
    level: Level
    what: str
    """What is wrong, in one sentence."""
    why: str
    """Why it is refused or worth saying."""
    fails: Example | None
    fixed: Example | None


@cache
def entries() -> dict[str, Entry]:
    """Every code by its name, in order of declaration."""
    with open(SOURCE, encoding="utf-8") as file:
        return {entry.name: entry for entry in parse(file.read())}


def parse(text: str) -> list[Entry]:
    """The codes that a catalog declares.

    Raises:
        ValueError: a code is not written as the others are.
    """
    _, *parts = re.split(r"^## (.+)$", text, flags=re.M)
    return [_entry(head, body) for head, body in zip(parts[::2], parts[1::2], strict=True)]


def _entry(head: str, body: str) -> Entry:
    name, _, noted = head.removesuffix(")").partition(" (")
    level = next((one for one in LEVELS if one == (noted or "error")), None)
    fails, fixed, *more = (*(Example(*found) for found in FENCE.findall(body)), None, None)
    prose = re.sub(r"^# .*$", "", FENCE.sub("", body), flags=re.M)
    paragraphs = [" ".join(part.split()) for part in prose.split("\n\n") if part.strip()]
    if level is None or len(paragraphs) != 2 or len(more) > 2:
        raise ValueError(f"`{head}` needs a sentence, a reason and at most two examples")
    what, why = paragraphs
    return Entry(name, level, what, why, fails, fixed)


def why(code: Code) -> str:
    """Why a code is refused or worth saying, for a diagnostic that says so itself."""
    return entries()[code.name].why


def declarations() -> str:
    """The text of `codes.py`."""
    lines = [
        '"""Every kind of diagnostic. Generated from codes.md by dsl/generate.py; do not edit."""',
        "",
        "from archc.diagnostics.model import Code",
        "",
    ]
    for entry in entries().values():
        level = f', "{entry.level}"' if entry.level != "error" else ""
        lines.append(f'{entry.name.split("/")[-1].upper()} = Code("{entry.name}"{level})')
    return "\n".join(lines) + "\n"
