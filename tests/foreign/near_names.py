"""Names of other tools and near misspellings of each, by hand: no message without help, no fix but
of another spelling or of the same operator.

    python tests/foreign/near_names.py
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from archc.diagnostics.nearest import normal, singular
from archc.foreign import entries, lookup
from archc.ops.base import OPERATORS
from archc.syntax.grammar import keywords
from support.foreign_calls import compiled, errors, spec

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def misspelt(name: str, rng: random.Random) -> str:
    """A name with a letter less, more, other or swapped with the next one."""
    at, letter = rng.randrange(len(name)), rng.choice(LETTERS)
    before, after = name[:at], name[at + 1 :]
    swapped = before + after[:1] + name[at] + after[1:]
    return rng.choice((before + after, before + letter + name[at:], before + letter + after,
                       swapped))  # fmt: skip


def words(rng: random.Random) -> list[str]:
    names = sorted({one.name for one in entries()} | set(OPERATORS))
    found = {form for name in names for form in (name, name.lower(), name.upper())}
    found |= {misspelt(name, rng) for name in names for _ in range(4)}
    return [one for one in sorted(found) if one.isidentifier() and one not in keywords()]


def main() -> int:
    tried = words(random.Random(1))
    bad: list[tuple[str, str]] = []
    messages = fixes = 0
    for at in range(0, len(tried), 100):
        for one in errors(compiled(spec("\n ".join(f"{w}(8)" for w in tried[at : at + 100])))):
            if one.code != "unknown_name" or one.span is None:
                continue
            word, help = one.span.text, one.help or ""
            messages += 1
            fixes += bool(one.edits)
            ours = one.edits[0].text.split("(")[0].split()[0] if one.edits else ""
            spelt = singular(normal(ours)) == singular(normal(word))
            same = any(e.row.kind == "same" and e.row.ours == ours for e in lookup(word)[0])
            if not help or (ours and not spelt and not same):
                bad.append((word, ours or help))
            if "not in the language" in one.message and "declare it with" in help:
                bad.append((word, help))
    sys.stdout.write(f"{len(tried)} names, {messages} messages, {fixes} fixes, {len(bad)} bad\n")
    sys.stdout.writelines(f"  {word}: {what}\n" for word, what in bad)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
