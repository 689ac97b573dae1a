"""The parser of a verb's arguments, which also explains them."""

import argparse
import re
from collections.abc import Callable
from typing import Any

from archc.cli.arguments import UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `UsageError`s, and which knows its options that take
    a value. ``more`` makes the end of its help, when that is asked for."""

    def __init__(
        self, prog: str = "", description: str = "", more: Callable[[], str] | None = None
    ) -> None:
        self.valued: set[str] = set()
        self._metavars: dict[str, str] = {}
        """Of each option by each of its names; empty where it takes no value."""
        self._words: list[str] = []
        """What stands for words that are no options, and for options that are required."""
        self._optional: set[str] = set()
        """What stands for words that may be left out."""
        self._more = more
        super().__init__(
            prog=prog,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    @property
    def options(self) -> frozenset[str]:
        """All names of options."""
        return frozenset(self._metavars)

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        if "action" not in settings or settings["action"] == "append":
            self.valued.update(name for name in names if name.startswith("-"))
        shown = settings.get("metavar") or "|".join(map(str, settings.get("choices", ["VALUE"])))
        self._metavars |= {
            name: shown if name in self.valued else "" for name in names if name.startswith("-")
        }
        if not names[0].startswith("-"):
            if settings.get("nargs") in ("*", "?"):
                self._optional.add(settings.get("metavar") or names[0])
            else:
                self._words.append(settings.get("metavar") or names[0].upper())
        elif settings.get("required"):
            self._words.append(f"{names[0]} {shown}")
        return super().add_argument(*names, **settings)

    def format_help(self) -> str:
        self.epilog = self._more() if self._more else None
        return super().format_help()

    def error(self, message: str) -> Any:
        raise UsageError(self._plainly(message))

    def _plainly(self, message: str) -> str:
        """A complaint of argparse as the command says it."""
        from archc.diagnostics.nearest import did_you_mean
        from archc.diagnostics.text import joined

        kind, _, rest = message.partition(": ")
        if kind == "unrecognized arguments":
            word = rest.split(" ")[0]
            if not word.startswith("-"):
                return f"`{word}` is one argument too many"
            near = did_you_mean(word.partition("=")[0], self._metavars)
            return f"there is no option `{word}`{f': {near}' if near else ''}"
        if kind == "the following arguments are required":
            form = " ".join([self.prog, *self._words])
            # argparse names words that may be left out too, if another one is missing.
            needed = [each for each in rest.split(", ") if each not in self._optional]
            missing = joined([f"`{each}`" if each[0] == "-" else each for each in needed], "and")
            return f"{missing} {'are' if len(needed) > 1 else 'is'} missing: `{form}`"
        if not kind.startswith("argument "):
            return message
        name = kind.removeprefix("argument ").split("/")[-1]
        choice = re.fullmatch(r"invalid choice: (.*) \(choose from (.*)\)", rest, re.S)
        if choice is not None:
            listed, given = choice[2].replace("'", ""), choice[1].strip("'")
            near = did_you_mean(given, listed.split(", "))
            return f"`{name}` takes {listed}, not `{given}`{f': {near}' if near else ''}"
        number = re.fullmatch(r"invalid (int|float) value: '(.*)'", rest, re.S)
        if number is not None:
            what = "a whole number" if number[1] == "int" else "a number"
            return f"`{name}` takes {what}, not `{number[2]}`"
        if rest.startswith("ignored explicit argument"):
            return f"`{name}` takes no value"
        if rest == "expected one argument":
            return f"`{name}` takes a value: `{name} {self._metavars.get(name, 'VALUE')}`"
        return f"`{name}`: {rest}"
