"""One run of the command over some specs."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from archc.cli.arguments import UsageError, limits, settings
from archc.diagnostics.model import LEVELS, Diagnostic, Rejected

SUCCESS, FAILURE = 0, 1
"""Exit codes of what was followed to its end."""

LOUD = LEVELS[:2]
"""What is shown unasked: errors and warnings."""


class Session:
    """One run over some specs: what was compiled, what was found, and how to show places."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.networks: list[Any] = []
        self.diagnostics: list[Diagnostic] = []
        self._locations: dict[Any, str] = {}
        self._loaders: dict[str, Any] = {}
        self.limits = limits(arguments.limit)
        if getattr(arguments, "name", None) and len(arguments.specs) > 1:
            raise UsageError("`--name` names one network: give one spec")

    @property
    def failed(self) -> bool:
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)

    @property
    def code(self) -> int:
        return FAILURE if self.failed else SUCCESS

    def loader(self, folder: str) -> Any:
        from archc.files import Loader

        if folder not in self._loaders:
            self._loaders[folder] = Loader(folder, self.arguments.include, self.limits)
        return self._loaders[folder]

    def compile(self, given: tuple[tuple[str, str], ...] | None = None) -> None:
        """Compile the specs of the command line."""
        from archc.driver import clashes

        for path in dict.fromkeys(os.path.normpath(spec) for spec in self.arguments.specs):
            try:
                self.compile_one(path, given)
            except Rejected as rejected:
                self.diagnostics.append(rejected.diagnostic)
        if given is None:  # a sweep compiles one arch many times
            self.diagnostics.extend(clashes(self.networks))

    def compile_one(self, path: str, given: tuple[tuple[str, str], ...] | None) -> None:
        from archc.driver import Options, compile_spec, judged_by

        arguments = self.arguments
        options = Options(
            settings=settings(arguments.set) if given is None else given,
            name=getattr(arguments, "name", None),
            arch=arguments.arch,
            limits=self.limits,
        )
        loader = self.loader(os.path.dirname(path))
        if arguments.target:
            options = judged_by(options, loader.target(arguments.target))
        compilation = compile_spec(loader, loader.load(path), options)
        self.networks.extend(compilation.networks)
        said = set(self.diagnostics)  # variants of one family share its warnings
        self.diagnostics.extend(d for d in compilation.diagnostics if d not in said)

    def locate(self, source: Any) -> str:
        """The path under which the user can open a source."""
        for loader in self._loaders.values():
            shown: str = loader.locate(source)
            if shown != source.name:
                return shown
        return str(source.name)

    def show(self, levels: Sequence[str], besides: Iterable[Diagnostic] = ()) -> None:
        """Print what was found to standard error, and a line that counts it.

        Args:
            levels: which diagnostics of the specs to show.
            besides: diagnostics to show whatever their level.
        """
        from archc.diagnostics.render import render, summary

        shown = [found for found in self.diagnostics if found.level in levels]
        shown += [found for found in besides if found not in shown]
        for found in shown:
            text = render(found, color=colored(sys.stderr), locate=self.locate)
            print(text, "", sep="\n", file=sys.stderr)
        if shown:
            print(summary(shown), file=sys.stderr)

    def json(self, **document: Any) -> None:
        """Print one JSON document, diagnostics included."""
        from archc.diagnostics.render import render_json

        document["diagnostics"] = [
            render_json(diagnostic, locate=self.locate) for diagnostic in self.diagnostics
        ]
        print_json(document)


def show(text: str) -> None:
    print(text.rstrip("\n"))


def print_json(document: Any) -> None:
    import json

    print(json.dumps(document, indent=2, ensure_ascii=not unicode(sys.stdout)))


def colored(stream: Any) -> bool:
    return (
        bool(stream.isatty())
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def unicode(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf8sig")
