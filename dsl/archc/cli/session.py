"""One run of the command over some specs."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence

from archc.cli.arguments import UsageError, limits, settings
from archc.diagnostics.model import LEVELS, Diagnostic, Rejected, make
from archc.diagnostics.text import few, several
from archc.formats import SUFFIXES, format_of
from archc.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from archc.driver import Compilation, Network, Options
    from archc.files import Loader
    from archc.models.front import Analysed
    from archc.source import Source, Span
    from archc.targets.model import Target

SUCCESS, FAILURE = 0, 1
"""Exit codes of what was followed to its end."""

FEW = 5
"""Networks that are listed by name."""

LOUD = LEVELS[:2]
"""What is shown unasked: errors and warnings."""


class Session:
    """One run over some specs: what was compiled, what was found, and how to show places."""

    def __init__(self, arguments: "argparse.Namespace") -> None:
        self.arguments = arguments
        self.networks: list[Network] = []
        self.models: list[Analysed] = []
        self.documents: list[dict[str, Any]] = []
        """The manifests of networks and models, in the order they were named."""
        self.compilations: list[Compilation] = []
        self.diagnostics: list[Diagnostic] = []
        self._loaders: dict[str, Loader] = {}
        self._loaded: dict[tuple[str, str], None] = {}
        self._found_in: dict[tuple[str, Span | None], list[str]] = {}
        """The networks that have a finding of a code at a place."""
        self._joined = False
        """Whether findings that differ in their figures were shown as one."""
        self.target: Target | None = None
        """The user's own target, if one is given."""
        self.limits = limits(arguments.limit)
        if getattr(arguments, "name", None) and len(arguments.specs) > 1:
            raise UsageError("`--name` names one network: give one spec")

    @property
    def failed(self) -> bool:
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)

    @property
    def code(self) -> int:
        return FAILURE if self.failed else SUCCESS

    @property
    def loaders(self) -> "tuple[Loader, ...]":
        """What read the specs, one for each of their folders."""
        return tuple(self._loaders.values())

    def loader(self, folder: str) -> "Loader":
        from archc.files import Loader

        if folder not in self._loaders:
            self._loaders[folder] = Loader(folder, self.arguments.include, self.limits)
        return self._loaders[folder]

    def compile(self, given: tuple[tuple[str, str], ...] | None = None) -> None:
        """Compile the specs of the command line."""
        from archc.diagnostics.codes import NO_ARCH
        from archc.files import spread

        taken = getattr(self.arguments, "models", False)
        files = {os.path.normpath(spec): False for spec in self.arguments.specs}
        if getattr(self.arguments, "folders", False):
            files, faults = spread(self.arguments.specs, SUFFIXES if taken else ())
            self.diagnostics += faults
        models = [path for path in files if taken and format_of(path) is not None]
        self.fitting(len(models), len(files))
        for path, inside in files.items():
            try:
                if path in models:
                    self.model(path)
                else:
                    self.compile_one(path, given, inside)
            except Rejected as rejected:
                self.diagnostics += rejected.diagnostics
        if not self.networks and not self.models and not self.failed:
            named = ", ".join(f"`{one}`" for one in self.arguments.specs)
            help = "a file with blocks only is for `use`: name one that declares an arch"
            self.diagnostics.append(
                make(NO_ARCH, f"no file in {named} declares an arch", help=help)
            )
        if given is None and self.networks:  # a sweep compiles one arch many times
            from archc.driver import clashes

            self.diagnostics.extend(clashes(self.networks))

    def fitting(self, models: int, files: int) -> None:
        """Check that options go with what was named.

        Raises:
            UsageError: one is of specs and there are only models, or the other way round.
        """
        arguments = self.arguments
        if models and models == files:
            for option in ("set", "arch", "name"):
                if getattr(arguments, option, None):
                    raise UsageError(f"`--{option}` is for specs: a model is what it is")
        elif not models:
            for option in ("allow", "io", "board"):
                if getattr(arguments, option, None):
                    raise UsageError(f"`--{option}` is for models: a spec says it in `target`")

    def model(self, path: str) -> "Analysed":
        """Read a model, and ask of it what is asked of a spec.

        Raises:
            Rejected: it cannot be read, or what is asked is not known.
        """
        from archc.models.front import Question, analysed, load

        arguments = self.arguments
        question = Question(
            self.judge(),
            tuple(getattr(arguments, "allow", ())),
            getattr(arguments, "io", None) or "float32",
            getattr(arguments, "board", None),
            arguments.build,
        )
        loaded = load(path, self.limits)
        found = analysed(loaded, question)
        self.models.append(found)
        self.documents.append(found.document)
        return found

    def judge(self) -> "Target | None":
        """The target that models are judged by: that of the command line, or the first that comes
        with archc; None where it is `none`.

        Raises:
            Rejected: it cannot be read.
        """
        from archc.targets.builtin import builtin, builtin_names

        if self.target is None:
            named = self.arguments.target
            if named == "none":
                return None
            if named is None:
                return builtin(builtin_names()[0])
            self.target = target_of(named, self.loader(""))
        return self.target

    def options(
        self, path: str, given: tuple[tuple[str, str], ...] | None = None
    ) -> "tuple[Loader, Options]":
        """What a spec is compiled with.

        Raises:
            Rejected: the target of the command line cannot be read.
        """
        from archc.driver import Options

        arguments = self.arguments
        options = Options(
            settings=settings(arguments.set) if given is None else given,
            name=getattr(arguments, "name", None),
            arch=arguments.arch,
            limits=self.limits,
            build=arguments.build,
        )
        loader = self.loader(os.path.dirname(path))
        self._loaded[os.path.dirname(path), path] = None
        if arguments.target:
            self.target = target_of(arguments.target, loader)
            options = options._replace(target=self.target)
        return loader, options

    def alone(self) -> "tuple[Loader, Source, Options, Compilation] | None":
        """The one network of the one spec, with what it is compiled from; None where there are
        errors.

        Raises:
            UsageError: the spec declares several.
        """
        self.compile()
        if self.failed:
            return None
        (path,) = self.arguments.specs
        if len(self.networks) != 1:
            raise UsageError(f"`{path}` declares several archs: choose one with `--arch NAME`")
        path = os.path.normpath(path)
        loader, options = self.options(path)
        return loader, loader.load(path), options, self.compilations[0]

    def compile_one(
        self, path: str, given: tuple[tuple[str, str], ...] | None, inside: bool = False
    ) -> None:
        """Compile one spec; in a folder that was named, files with blocks only are for others."""
        from archc.diagnostics.codes import NO_ARCH
        from archc.driver import compile_spec

        loader, options = self.options(path, given)
        compilation = compile_spec(loader, loader.load(path), options)
        self.compilations.append(compilation)
        self.networks.extend(compilation.networks)
        self.documents.extend(network.manifest for network in compilation.networks)
        for network in compilation.networks:
            judged = network.manifest["target"]
            codes = {finding["code"] for finding in judged["findings"]} if judged else set()
            for found in compilation.diagnostics:
                if found.code in codes:
                    at = self._found_in.setdefault((found.code, found.span), [])
                    at.extend([network.name] if network.name not in at else [])
        # Variants of one family share its diagnostics, errors apart from which variant it was.
        said = {(d.code, d.level, d.message, d.span) for d in self.diagnostics}
        library = inside and any(file.blocks for file in compilation.files[:1])
        for found in compilation.diagnostics:
            if library and found.code == NO_ARCH.name:
                continue
            if (found.code, found.level, found.message, found.span) not in said:
                self.diagnostics.append(found)

    def locate(self, source: "Source") -> str:
        """The path under which the user can open a source."""
        for loader in self._loaders.values():
            shown = loader.locate(source)
            if shown != source.name:
                return shown
        return source.name

    def show(
        self, levels: Sequence[str], besides: Iterable[Diagnostic] = (), *, brief: bool = False
    ) -> bool:
        """Print what was found to standard error, and a line that counts it.

        Args:
            levels: which diagnostics of the specs to show.
            besides: diagnostics to show whatever their level.
            brief: warnings take one line each.

        Returns:
            whether there was anything to print.
        """
        shown = self.folded(levels)
        shown += [found for found in besides if found not in shown]
        return self.tell(shown, brief=brief)

    def tell(self, shown: Sequence[Diagnostic], *, brief: bool = False) -> bool:
        """Print diagnostics to standard error, and a line that counts them."""
        if not shown:
            return False
        if self.arguments.format in ("short", "github"):
            self.lines(shown)
            return True
        from archc.diagnostics.render import summary

        short = [found for found in shown if brief and found.level == "warning"]
        self.lines(short)
        if short:
            print(file=sys.stderr)
        for found in shown:
            if found not in short:
                tell(found, self.locate)
                print(file=sys.stderr)
        more = "; `archc check` shows more of the warnings" if short else ""
        more += "; `archc check --format short` lists each finding" if self._joined else ""
        print(summary(shown) + self.fixable(shown) + more, file=sys.stderr)
        return True

    def note(self, output: str, files: dict[str, str], said: str) -> None:
        """Let the next build of this command line know what this one, of these files, rested on."""
        from archc.cli import unchanged
        from archc.files.outputs import encode

        paths: dict[str, str] = {}
        texts: dict[str, str] = {}
        for loader in self.loaders:
            followed, read = loader.followed()
            paths |= followed
            texts |= read
        made = {name: encode(text) for name, text in files.items()}
        unchanged.note(output, paths, texts, made, said)

    def folded(self, levels: Sequence[str]) -> list[Diagnostic]:
        """The diagnostics of some levels. What a target says of one place in several networks, the
        variants of a family, is one, with the figures of the first and the names of all; as text
        for people, so is what it says of many layers in other figures."""
        kept: dict[object, Diagnostic] = {}
        for found in self.diagnostics:
            names = self._found_in.get((found.code, found.span), [])
            if found.level not in levels:
                continue
            if found.level == "error" or len(names) < 2:
                kept[len(kept)] = found
                continue
            first, *others = (f"`{name}`" for name in names)
            note = f"the figures are those of {first}; also in {few(others, 3)}"
            folded = found._replace(notes=(*found.notes, note))
            kept.setdefault((found.code, found.span), folded)
        shown = list(kept.values())
        if self.arguments.format != "text" or len(shown) < 2:
            return shown
        from archc.diagnostics.alike import gathered

        together = gathered(shown)
        self._joined |= len(together) < len(shown)
        return together

    def lines(self, shown: Sequence[Diagnostic]) -> None:
        """Print a line for each: to standard error, or for GitHub to standard output, which is
        where its commands are read."""
        from archc.diagnostics.formats import github, short
        from archc.diagnostics.text import wrapped

        for found in shown:
            if self.arguments.format == "github":
                print(github(found, self.locate))
            elif self.arguments.format == "short":  # for programs: a line is one
                print(short(found, self.locate), file=sys.stderr)
            else:
                said = wrapped(short(found, self.locate), columns(sys.stderr), hang="    ")
                print(*said, sep="\n", file=sys.stderr)

    def fixable(self, shown: Sequence[Diagnostic]) -> str:
        """What to say of those that `--fix` fixes."""
        from archc.diagnostics.fixes import fixable

        given = [source for source, _ in self.specs()]
        count = sum(fixable(found, given) for found in shown)
        some = "all" if count == len(shown) else str(count)
        them = "it" if len(shown) == 1 else f"{some} of them"
        return f"; `archc check --fix` fixes {them}" if count else ""

    def specs(self) -> "list[tuple[Source, str]]":
        """The sources of the specs that the user named and that could be read, with their paths."""
        found = []
        for folder, path in self._loaded:
            try:
                found.append((self._loaders[folder].load(path), path))
            except Rejected:
                continue  # reported when it was compiled
        return found

    def praise(self) -> str:
        """That there are no errors, and in which networks."""
        names = [network.name for network in self.networks]
        names += [model.name for model in self.models]
        shown = ", ".join(names) if len(names) <= FEW else f"{len(names)} networks"
        count = sum(len(network.graph.roundings) for network in self.networks)
        widths = several(count, "width")
        rounded = f"; {widths} rounded, as `archc profile` lists" if count else ""
        return f"no errors in {shown}{rounded}"

    @property
    def document(self) -> bool:
        """Whether standard output is one document for programs."""
        return self.arguments.format in ("json", "sarif")

    def json(self, **document: Any) -> None:
        """Print one JSON document, diagnostics included."""
        if self.arguments.format == "sarif":
            self.sarif()
            return
        from archc.diagnostics.render import render_json

        document["diagnostics"] = [
            render_json(diagnostic, locate=self.locate) for diagnostic in self.diagnostics
        ]
        print_json(document)

    def sarif(self) -> None:
        """Print the diagnostics as one SARIF log."""
        from archc import __version__
        from archc.diagnostics.formats import sarif
        from archc.explain import explanations, page

        known = explanations([self.target] if self.target else [])

        def explained(code: str) -> tuple[str, str] | None:
            return (known[code].what, page(known[code])) if code in known else None

        print_json(sarif(self.diagnostics, self.locate, __version__, explained))


def target_of(named: str, loader: "Loader") -> "Target":
    """A target by the name of one that comes with archc, or by the path of its file.

    Raises:
        Rejected: it cannot be read.
    """
    from archc.files.targets import read_target
    from archc.targets.builtin import builtin, builtin_names

    if named in builtin_names() or not (os.path.exists(named) or {*named} & {*"./\\"}):
        return builtin(named)
    return read_target(named, loader)


def show(text: str) -> None:
    print(text.rstrip("\n"))


def tell(found: Diagnostic, locate: "Callable[[Source], str] | None" = None) -> None:
    """Print a diagnostic to standard error, as wide as the terminal there is."""
    from archc.diagnostics.render import own_name, render

    to = sys.stderr
    print(render(found, colored(to), columns=columns(to), locate=locate or own_name), file=to)


def columns(stream: "TextIO | None") -> int | None:
    """The columns of the terminal that a stream is; None where it is none."""
    try:
        return os.get_terminal_size(stream.fileno() if stream else -1).columns or None
    except (OSError, ValueError):  # none, closed, or no terminal
        return None


def terminal_width() -> int:
    """The columns to fill with a table on standard output."""
    try:
        width = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        width = 0
    return max(60, min(width if width > 0 else columns(sys.__stdout__) or 80, 140))


def print_json(document: Any) -> None:
    import json

    print(json.dumps(document, indent=2, ensure_ascii=not unicode(sys.stdout)))


def colored(stream: "TextIO") -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and stream.isatty()


def unicode(stream: "TextIO") -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf8sig")
