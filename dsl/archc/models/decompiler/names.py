"""Names for a spec, made of those of a model: always names of the language, never text of it."""

import re
from collections.abc import Iterable
from keyword import iskeyword

from archc.compiler import unusable_module, vocabulary

LONGEST = 32
"""Characters of a name that is made here; `Limits.name_length` is 48."""

_USED = ("channels", "head", "repeat", "stride", "x")
"""What a stage makes known in its braces, the prefix of the layers of the head, and `x`, which
joins numbers."""


class Names:
    """What goes by which name in one spec."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        words = (word for kind in vocabulary() for word in kind)
        self._taken = {name.casefold() for name in (*words, *_USED, *taken)}

    def arch(self, wanted: str, other: str) -> str:
        """A name for an arch, which is that of a module of Python too."""
        base = plain(wanted) or other
        return self.fresh(base if unusable_module(base) is None else f"{base}_", other)

    def fresh(self, wanted: str, other: str = "part", *, between: str = "_") -> str:
        """A name that is free, as near to the wanted one as the language allows.

        Args:
            other: what it is called where nothing of the wanted one can be kept.
            between: what stands before a number that is put behind it. Layers number the calls of
                a block behind `_`, so that a block has none there.
        """
        base = plain(wanted) or other
        name, number = base, 2
        while name.casefold() in self._taken:
            name = f"{base}{between}{number}"
            number += 1
        self._taken.add(name.casefold())
        return name


def plain(text: str) -> str:
    """The letters, digits and underscores of a text, as a name; empty where there is none."""
    kept = text
    if len(text) > LONGEST or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text):
        kept = re.sub(r"[^A-Za-z0-9]+", "_", text[:200]).strip("_")[:LONGEST].strip("_")
        kept = re.sub(r"^[0-9_]+", "", kept)
    return f"{kept}_" if iskeyword(kept) or kept == "self" else kept
