"""The table of verbs. A verb is a module of this package that is imported when it is asked for."""

import argparse
from importlib import import_module
from typing import NamedTuple, Protocol, cast


class Module(Protocol):
    """What the module of a verb has."""

    @staticmethod
    def arguments(parser: argparse.ArgumentParser, /) -> None:
        """Declare the arguments of the verb."""

    @staticmethod
    def run(options: argparse.Namespace, /) -> int:
        """Run the verb; returns an exit code."""


class Verb(NamedTuple):
    """A subcommand: the module of `archc.cli` that runs it, and one line of help."""

    module: str
    summary: str

    def load(self) -> Module:
        return cast(Module, import_module(f"archc.cli.{self.module}"))


VERBS = {
    "build": Verb("build", "compile specs into Keras builders and manifests"),
    "check": Verb("check", "compile without writing, and show every finding"),
    "profile": Verb("profile", "show what a network costs, layer by layer"),
    "sweep": Verb("sweep", "show how a network grows with a parameter"),
    "graph": Verb("graph", "draw a network"),
    "show": Verb("show", "show what the compiler holds after each stage"),
    "new": Verb("new", "write a spec to start from"),
    "diff": Verb("diff", "show what changed between two networks, and its cost"),
    "fmt": Verb("fmt", "format specs"),
    "quantize": Verb("quantize", "convert a trained model to int8, and report what that cost"),
    "analyze": Verb("analyze", "compare a network with what ST's own tool reports"),
    "verify": Verb("verify", "check that a model file matches its manifest"),
    "explain": Verb("explain", "explain a diagnostic code, with an example"),
    "targets": Verb("targets", "list targets, or show what one supports"),
    "lsp": Verb("lsp", "run the language server, for editors"),
    "manual": Verb("manual", "print or write the reference manual"),
    "completion": Verb("completion", "print a shell completion script"),
}
"""By the word that is typed."""
