"""The verbs: every module of this package is one, imported when it is asked for."""

import os
import sys
from collections.abc import Iterator

from archc.typed import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    import argparse


class Module(Protocol):
    """What the module of a verb has."""

    SUMMARY: str

    @staticmethod
    def arguments(parser: "argparse.ArgumentParser", /) -> None:
        """Declare the arguments of the verb."""

    @staticmethod
    def run(options: "argparse.Namespace", /) -> int:
        """Run the verb; returns an exit code."""


class Verb(NamedTuple):
    """A subcommand: the word that is typed, which is also the name of its module here."""

    name: str

    @property
    def module(self) -> str:
        """Its module: one that Python has as a keyword ends in an underscore."""
        return f"{self.name}_" if self.name == "import" else self.name

    def load(self) -> Module:
        path = f"{__name__}.{self.module}"
        __import__(path)  # `importlib` would have to be loaded
        return cast(Module, sys.modules[path])

    @property
    def summary(self) -> str:
        """One line of help."""
        return self.load().SUMMARY


FIRST = ("build", "check", "profile", "new")
"""What help lists before the others: the verbs of every day."""


def _declared() -> Iterator[str]:
    yield from FIRST
    for file in sorted(os.listdir(os.path.dirname(__file__))):
        name, ending = os.path.splitext(file)
        if ending == ".py" and not name.startswith("_") and name not in FIRST:
            yield name.removesuffix("_")


OTHERS = {
    "build": ("compile", "make", "generate"),
    "check": ("lint", "validate"),
    "profile": ("summary", "info", "stats"),
    "new": ("init", "create"),
    "fmt": ("format",),
    "graph": ("draw", "plot", "view"),
    "--help": ("help",),
    "--version": ("version",),
}
"""What other tools call a verb, or an option that is one there."""
VERBS = {name: Verb(name) for name in _declared()}
"""By the word that is typed."""
