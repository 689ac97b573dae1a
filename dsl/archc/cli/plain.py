"""Plain command lines: words and whole options, understood without argparse.

Argparse takes longer to import than a small network to compile, and nearly every command line is
`archc SPEC... -o DIR` or not much more. A verb's own declarations are followed, so that options are
declared once. Whatever is not plain is left to argparse, which also explains what is wrong.
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace

from archc.typed import Any


class _NotPlain(Exception):
    """An argument is declared, or given, in a way that is left to argparse."""


class _Declared:
    """Stands for the parser while a verb declares its arguments."""

    def __init__(self) -> None:
        self.options: dict[str, tuple[str, dict[str, Any]]] = {}
        """By each of its names, where an option goes and how it was declared."""
        self.words = ""
        """Where the words go that are neither options nor their values."""
        self.values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        raise _NotPlain  # a group, say

    def set_defaults(self, **values: Any) -> None:
        self.values |= values

    def add_argument(self, *names: str, **settings: Any) -> None:
        if settings.keys() - {"action", "choices", "default", "dest", "help", "metavar", "nargs"}:
            raise _NotPlain
        if not names[0].startswith("-"):
            if self.words or settings.get("nargs") != "+":
                raise _NotPlain
            self.words = names[0]
            return
        if settings.get("action", "store") not in ("store", "append", "store_true"):
            raise _NotPlain
        if "nargs" in settings:
            raise _NotPlain
        long = next((name for name in names if name.startswith("--")), names[0])
        place = settings.get("dest") or long.lstrip("-").replace("-", "_")
        self.values[place] = settings.get("default", _flag(settings))
        self.options |= dict.fromkeys(names, (place, settings))


def _flag(settings: dict[str, Any]) -> bool | None:
    return False if settings.get("action") == "store_true" else None


def plain(declare: Callable[[Any], None], given: Sequence[str]) -> Any | None:
    """What argparse would make of the words of a command line; None of one that is left to it.

    Args:
        declare: declares the arguments of the verb on a parser.
        given: the words behind the verb.
    """
    declared = _Declared()
    try:
        declare(declared)
        return SimpleNamespace(**_values(declared, given))
    except _NotPlain:
        return None


def _values(declared: _Declared, given: Sequence[str]) -> dict[str, Any]:
    values = declared.values
    words = []
    rest = iter(given)
    for word in rest:
        if not word.startswith("-"):
            words.append(word)
            continue
        place, settings = declared.options.get(word, ("", {}))
        if not place:
            raise _NotPlain
        if settings.get("action") == "store_true":
            values[place] = True
            continue
        value = next(rest, "-")
        if value.startswith("-") or value not in settings.get("choices", (value,)):
            raise _NotPlain
        appended = settings.get("action") == "append"
        values[place] = [*(values[place] or ()), value] if appended else value
    if not words or not declared.words:
        raise _NotPlain
    return values | {declared.words: words}
