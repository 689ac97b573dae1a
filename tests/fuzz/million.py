"""A million inputs of junk through the parser and the compiler, once: `python million.py [COUNT]`.

Diagnostics or a network, never another exception, and everything said can be shown. What is given
is text of the language's tokens, bytes, brackets, and specs (shipped ones, those of the error
goldens, the standard library) with up to eight edits or spliced with one another. The seed is
fixed, `FUZZ_SEED` changes it. Quick relatives that run in CI are in `test_edits`.
"""

import os
import sys
from collections import Counter
from pathlib import Path
from random import Random
from time import perf_counter

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from archc.diagnostics.model import Rejected  # noqa: E402
from archc.diagnostics.render import render, render_json  # noqa: E402
from archc.source import Source  # noqa: E402
from archc.syntax.grammar import keywords  # noqa: E402
from support.checking import check_diagnostics, compiled  # noqa: E402
from support.strategies import VALUES, WORDS, inlined, shipped, tokens  # noqa: E402

MARKS = (
    *("use", "input", "target", "rounding", "require", "head", "block", "stage", "arch", "param"),
    *("{", "}", "(", ")", "[", "]", "=", ",", ":", "..", "<=", "+", "-", "*", "/", "#", '"', '"""'),
    *(
        "\n",
        " ",
        "x",
        "3x3",
        "1e9",
        "0.5",
        "/*",
        "//",
        ";",
        "->",
        "\\",
        "'",
        "\t",
        "\r\n",
        "é",
        "\0",
    ),
)
KEYWORDS = keywords()
LEXICON = (*VALUES, *WORDS, *MARKS)
LARGEST = 6_000
"""Characters of a spec that is edited: larger ones add time, not kinds of mistakes."""


def corpus() -> list[list[str]]:
    """The specs that are edited, as tokens."""
    texts = [inlined(path) for path in shipped()]
    texts += [path.read_text("utf-8") for path in sorted((ROOT / "dsl/archc/std").glob("*.arch"))]
    for path in sorted((ROOT / "tests/errors").glob("*.arch")):
        texts.append(path.read_bytes().decode("utf-8", "replace"))
    return [tokens(text) for text in texts if 0 < len(text) <= LARGEST]


def words(random: Random, _: list[list[str]]) -> str:
    glue = random.choice(("", " ", "\n"))
    return glue.join(random.choices(LEXICON, k=random.randrange(60)))


def raw(random: Random, _: list[list[str]]) -> str:
    return random.randbytes(random.randrange(200)).decode(random.choice(("latin-1", "utf-16-le")),
                                                          "replace")  # fmt: skip


def brackets(random: Random, _: list[list[str]]) -> str:
    inner = random.choice(("", "arch a ", "conv(8)"))
    return inner + "".join(random.choices("(){}[]-+,", k=random.randrange(200)))


def edits(random: Random, texts: list[list[str]]) -> str:
    parts = list(random.choice(texts))
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        at, other = random.randrange(len(parts) + 1), random.randrange(len(parts) + 1)
        first, last = sorted((at, min(other, at + random.randint(0, 12))))
        match random.randrange(6):
            case 0:
                del parts[first:last]
            case 1:
                parts[at:at] = parts[first:last]
            case 2:
                parts[first:last] = random.choices(LEXICON, k=random.randint(0, 3))
            case 3:
                parts.insert(at, random.choice(LEXICON))
            case 4 if at < len(parts):
                token = parts[at]
                cut = random.randint(0, len(token))
                parts[at] = token[:cut] + random.choice(("", "0", "x", "_", ".")) + token[cut + 1 :]
            case _:
                parts[first:last] = reversed(parts[first:last])
    return "".join(parts)


def values(random: Random, texts: list[list[str]]) -> str:
    """Names and numbers for one another: the parser lets most of them pass."""
    parts = list(random.choice(texts))
    places = [at for at, part in enumerate(parts) if part[0].isalnum() and part not in KEYWORDS]
    for at in random.sample(places, min(len(places), random.choice((1, 1, 2, 3)))):
        parts[at] = random.choice((parts[random.choice(places)], random.choice(VALUES)))
    return "".join(parts)


def splice(random: Random, texts: list[list[str]]) -> str:
    one, two = random.choice(texts), random.choice(texts)
    return "".join(one[: random.randrange(len(one))] + two[random.randrange(len(two)) :])


KINDS = {words: 20, raw: 10, brackets: 10, edits: 30, values: 20, splice: 10}
"""Each with its weight."""


def main(count: int, seed: int) -> int:
    random = Random(seed)
    texts = corpus()
    given: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    distinct: set[int] = set()
    slowest = (0.0, "")
    failures = 0
    start = perf_counter()
    for number in range(1, count + 1):
        kind = random.choices(list(KINDS), KINDS.values())[0]
        text = kind(random, texts)
        before = perf_counter()
        try:
            try:
                Source("spec.arch", text)
                compilation = compiled(text)
            except Rejected as rejected:
                said = (rejected.diagnostic,)
            else:
                said = compilation.diagnostics
                check_diagnostics(compilation, text)
                accepted[kind.__name__] += not compilation.failed
            for diagnostic in said:
                assert render(diagnostic, color=True)
                assert render_json(diagnostic)["message"]
                codes[diagnostic.code] += 1
        except Exception as error:
            failures += 1
            print(f"{type(error).__name__}: {error} for {text!r}", flush=True)
        given[kind.__name__] += 1
        distinct.add(hash(text))
        slowest = max(slowest, (perf_counter() - before, text))
        if number % 10_000 == 0:
            print(f"{number:,} {perf_counter() - start:.0f} s, {failures} failures", flush=True)
    for name in given:
        print(f"{name}: {given[name]:,}, {accepted[name]:,} accepted")
    print(f"{len(distinct):,} distinct; {failures} failures; {len(codes)} codes: {codes}")
    print(f"slowest: {slowest[0]:.2f} s for {slowest[1]!r}")
    return failures > 0


if __name__ == "__main__":
    found = main(int((sys.argv[1:] or ["1000000"])[0]), seed=int(os.environ.get("FUZZ_SEED", "0")))
    raise SystemExit(found)
