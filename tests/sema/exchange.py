"""Chooses the specs of `data/said.txt`: each is a spec of the tests with one token exchanged for
another of its kind, a statement left out or doubled, or two arguments swapped; kept are two for
every sentence that is said, and two for every kind of network that comes out.

    PYTHONPATH=dsl:tests python tests/sema/exchange.py [EDITS_PER_SPEC]
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from archc.syntax.grammar import keywords
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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
