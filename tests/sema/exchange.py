"""Chooses the specs of `data/said.txt`: each is a spec of the tests with one token exchanged for
another of its kind, a statement left out or doubled, or two arguments swapped; kept are two for
every sentence that is said, and two for every kind of network that comes out.

    PYTHONPATH=dsl:tests python tests/sema/exchange.py [EDITS_PER_SPEC]
    PYTHONPATH=dsl:tests python tests/sema/exchange.py pairs [SPECS]

The second adds specs with two edits, of which no other is answered alike, those of calls of the
library among them.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from archc.files import std_sources
from archc.limits import DEFAULT_LIMITS
from archc.syntax.grammar import keywords
from archc.syntax.parse import parse_file
from support.checking import compiled
from support.said import KEPT, SEPARATOR, said

TESTS = Path(__file__).parents[1]
TOKEN = re.compile(r'#[^\n]*|"""[\s\S]*?"""|"[^"\n]*"|[A-Za-z_]\w*|[0-9][\w.]*|\*\*|[<>=!]=|\S')
NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "1.5",
    "64",
    "100000",
    "2x2",
    "-1",
    "true",
    "[1, 2]",
    "{ }",
)
SIGNS = ("+", "-", "*", "/", "<", "<=", "==", "!=", ">=", ">", "**")
LONGEST = 700
EACH = 2


def bases() -> Iterator[tuple[str, str]]:
    for path in [
        *sorted((TESTS / "errors").glob("*.arch")),
        *sorted((TESTS.parent / "specs").rglob("*.arch")),
    ]:
        text = re.sub(r"(?m)^\s*#.*\n", "", path.read_bytes().decode("utf-8", "replace"))
        text = re.sub(r"(?m)^\s*use .*\n", "", text)
        if len(text) <= LONGEST and TOKEN.search(text):
            yield path.stem, text


CALLED = """
block mine(width = 8, step = 1) {{
    {0}
    skip {{ {0} conv(width) }}
}}
arch a {{
    input image: 16 x 16 x 8
    stage s {{ mine(24) mine(width = 8, step = 2) }}
    head {{ {1} global_average_pool dense(10) }}
}}
"""
GIVEN = {"channels": "width", "stride": "step", "kernel": "3x3"}


def library() -> Iterator[tuple[str, str]]:
    """Calls of every block of the library, two calls deep."""
    for name, source in sorted(std_sources().items()):
        (block,) = parse_file(source, DEFAULT_LIMITS).blocks
        names = [one.name.text for one in block.parameters if one.name.text in GIVEN]
        inner = f"{name}({', '.join(f'{one} = {GIVEN[one]}' for one in names)})"
        outer = re.sub("width|step", "8", inner)
        yield name, CALLED.format(inner, outer).strip("\n")


def edits(text: str, rng: Random, count: int) -> Iterator[str]:
    spans = [m.span() for m in TOKEN.finditer(text) if not m[0].startswith(("#", '"'))]
    names = sorted({text[a:b] for a, b in spans if text[a:b].isidentifier()} - {"arch", "input"})
    names += ["relu", "conv", "x1", "in", "repeat", "se", "add", "true", "width"]
    for _ in range(count if spans else 0):
        at = rng.randrange(len(spans))
        start, end = spans[at]
        token = text[start:end]
        if token[0].isdigit():
            new = rng.choice((*NUMBERS, *names))
        elif token.isidentifier() and token not in keywords():
            new = rng.choice((*names, *NUMBERS[:6]))
        elif token in SIGNS:
            new = rng.choice(SIGNS)
        elif at + 1 < len(spans):
            other = spans[rng.randrange(at + 1, min(at + 9, len(spans)))]
            if rng.random() < 0.5:
                new, end = "", other[1]
            else:
                new, end = text[start : other[1]] + " " + text[start : other[1]], other[1]
        else:
            continue
        yield text[:start] + new + text[end:]


def skeleton(line: str) -> str:
    return re.sub(r"[0-9][\d,.x]*", "N", re.sub(r"`[^`]*`", "`_`", line))


def pairs(wanted: int) -> None:
    """Add specs with two edits."""
    texts = [*library(), *bases()] * 50
    kept: list[str] = []
    seen: set[object] = set()
    for number, (name, text) in enumerate(texts):
        rng = Random(f"{name} {number}")
        once = next(edits(text, rng, 9), text)
        changed = next(edits(once, rng, 9), once)
        compilation = compiled(changed)
        if any(one.code == "syntax" for one in compilation.diagnostics):
            continue
        answer = "\n".join(skeleton(line) for line in said(compilation))
        if answer not in seen and len(answer) < LONGEST:
            seen.add(answer)
            kept.append(changed.strip("\n"))
        if len(kept) == wanted:
            break
    old = KEPT.read_text("utf-8")
    new = [text for text in kept if text not in old]
    KEPT.write_text(old + "".join(f"{text}\n{SEPARATOR}\n\n" for text in new), "utf-8")
    print(len(new), "specs")  # noqa: T201


def main(count: int) -> None:
    seen: Counter[str] = Counter()
    kept = []
    for name, text in bases():
        for changed in edits(text, Random(name), count):
            compilation = compiled(changed)
            codes = [one.code for one in compilation.diagnostics]
            if "syntax" in codes:
                continue
            lines = said(compilation)
            what = {skeleton(re.sub(r"^\d+:\d+\+\d+ ", "", line)) for line in lines}
            new = {one for one in what if seen[one] < EACH}
            if new:
                seen.update(what)
                kept.append(changed.strip("\n"))
    KEPT.write_text("".join(f"{text}\n{SEPARATOR}\n\n" for text in kept), "utf-8")
    print(len(kept), "specs")  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:2] == ["pairs"]:
        pairs(int(sys.argv[2]) if len(sys.argv) > 2 else 300)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
