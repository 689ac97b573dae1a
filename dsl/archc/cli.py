"""The command. Only this module prints and exits."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from archc.diagnostics.model import Diagnostic, Rejected
from archc.limits import DEFAULT_LIMITS, Limits

SUCCESS, FAILURE, USAGE, INTERNAL = 0, 1, 2, 70


class Verb(NamedTuple):
    """A subcommand: what it is for, its arguments, and what runs it."""

    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class UsageError(Exception):
    """The command line cannot be followed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 success, 1 diagnostics with errors, 2 usage, 70 internal error.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    gc.disable()  # a compile is short and bounded; collecting costs a tenth of it
    try:
        code = run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"archc: {error}\ntry `archc --help`", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        internal_error(error)
        return INTERNAL


def run(argv: list[str]) -> int:
    """Find the verb and run it.

    Raises:
        UsageError: there is none, or its arguments are off.
    """
    verb, rest = split_verb(argv)
    parser = Parser(
        prog="archc" if verb == "build" and argv == rest else f"archc {verb}",
        description=VERBS[verb].summary,
        epilog=overview() if verb == "build" else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version())
    VERBS[verb].arguments(parser)
    return VERBS[verb].run(parser.parse_intermixed_args(rest))


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `UsageError`s."""

    def error(self, message: str) -> Any:
        raise UsageError(message)


def split_verb(argv: list[str]) -> tuple[str, list[str]]:
    """The verb and its arguments. Without a verb it is `build`; a spec is never a verb.

    Raises:
        UsageError: the first word is neither a verb nor looks like a spec.
    """
    if not argv:
        raise UsageError("no spec given: `archc SPEC... -o DIR`")
    first = argv[0]
    if first in VERBS:
        return first, argv[1:]
    if first.startswith("-") or first.endswith(".arch") or os.sep in first or os.path.exists(first):
        return "build", argv
    from archc.diagnostics.nearest import nearest

    close = nearest(first, VERBS)
    hint = f", did you mean `{close}`?" if close else "; specs end in `.arch`"
    raise UsageError(f"`{first}` is not a command{hint}")


def overview() -> str:
    lines = [f"  {name:<9}{verb.summary}" for name, verb in VERBS.items()]
    return "commands:\n" + "\n".join(lines) + "\n\n`archc COMMAND --help` explains each."


def version() -> str:
    from archc import __version__
    from archc.emit.marker import LANGUAGE_VERSION

    return f"archc {__version__} (language {LANGUAGE_VERSION})"


def internal_error(error: Exception) -> None:
    """Say that the failure is ours, and where."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    where = ""
    if frames:
        last = frames[-1]
        where = f" ({os.path.basename(last.filename)}:{last.lineno} in {last.name})"
    print(
        f"archc: internal error: {type(error).__name__}: {error}{where}\n"
        "this is a defect of archc, not of your spec; nothing was written. "
        "Please report it with the spec.\nARCHC_TRACEBACK=1 shows the whole trace.",
        file=sys.stderr,
    )
    if os.environ.get("ARCHC_TRACEBACK"):
        traceback.print_exception(error)


# --- arguments that verbs share ----------------------------------------------------------------


def compile_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every verb that compiles specs."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a `.arch` file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter that is not bound yet; any expression of the language",
    )
    parser.add_argument("--name", help="name of the network compiled with `--set`")
    parser.add_argument("--arch", help="compile only this arch of the spec")
    shared_arguments(parser)


def shared_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target", metavar="FILE", help="judge by this target file (TOML)")
    parser.add_argument(
        "-I",
        dest="include",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder in which `use` may look",
    )
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help=f"move a bound on the work a spec may cause: {', '.join(Limits._fields)}",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def limits(given: Sequence[str]) -> Limits:
    """The bounds, some of them moved.

    Raises:
        UsageError: one is not known, or not a whole number from 1.
    """
    from archc.diagnostics.nearest import did_you_mean

    moved: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in Limits._fields:
            hint = did_you_mean(name, Limits._fields) or f"they are {', '.join(Limits._fields)}"
            raise UsageError(f"there is no limit `{name}`: {hint}")
        if not (value.isascii() and value.isdigit() and 0 < len(value) <= 12 and int(value) > 0):
            raise UsageError(f"`--limit {name}` takes a whole number from 1")
        moved[name] = int(value)
    return DEFAULT_LIMITS._replace(**moved)


def settings(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise UsageError(f"`--set {text}` is not of the form NAME=VALUE")
        pairs.append((name.strip(), value))
    return tuple(pairs)


# --- compiling ---------------------------------------------------------------------------------


class Session:
    """One run over some specs: what was compiled, what was found, and how to show places."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.networks: list[Any] = []
        self.diagnostics: list[Diagnostic] = []
        self._locations: dict[Any, str] = {}
        self._loaders: dict[str, Any] = {}
        self.limits = limits(arguments.limit)

    @property
    def failed(self) -> bool:
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)

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
        self.diagnostics.extend(compilation.diagnostics)

    def locate(self, source: Any) -> str:
        """The path under which the user can open a source."""
        for loader in self._loaders.values():
            shown: str = loader.locate(source)
            if shown != source.name:
                return shown
        return str(source.name)

    def show(self, levels: Sequence[str]) -> None:
        """Print diagnostics of these levels to standard error, and a line that counts them."""
        from archc.diagnostics.render import render, summary

        color = colored(sys.stderr)
        for diagnostic in self.diagnostics:
            if diagnostic.level in levels:
                print(
                    render(diagnostic, color=color, locate=self.locate),
                    "",
                    sep="\n",
                    file=sys.stderr,
                )
        shown = [diagnostic for diagnostic in self.diagnostics if diagnostic.level in levels]
        if shown:
            print(summary(shown), file=sys.stderr)

    def json(self, **document: Any) -> None:
        """Print one JSON document, diagnostics included."""
        import json

        from archc.diagnostics.render import render_json

        document["diagnostics"] = [
            render_json(diagnostic, locate=self.locate) for diagnostic in self.diagnostics
        ]
        print(json.dumps(document, indent=2, ensure_ascii=not unicode(sys.stdout)))


def colored(stream: Any) -> bool:
    return (
        bool(stream.isatty())
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def unicode(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf8sig")


ALL, LOUD = ("error", "warning", "note"), ("error", "warning")


# --- verbs -------------------------------------------------------------------------------------


def build_arguments(parser: argparse.ArgumentParser) -> None:
    compile_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for the outputs")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail where the folder is not what these specs compile to",
    )
    parser.add_argument(
        "--validate", action="store_true", help="hold each manifest to its JSON schema"
    )


def build(arguments: argparse.Namespace) -> int:
    if arguments.output is None:
        raise UsageError("`-o DIR` is missing; `archc check SPEC` compiles without writing")
    if arguments.set and not arguments.name:
        raise UsageError("`--set` makes another network: give it a name with `--name NAME`")
    from archc.driver import outputs
    from archc.files import stale, write

    session = Session(arguments)
    session.compile()
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    if not session.failed:
        files = outputs(session.networks)
        if arguments.validate:
            from archc.emit.manifest import validate

            for network in session.networks:
                validate(network.manifest)
        if arguments.check:
            session.diagnostics.extend(stale(arguments.output, files))
        else:
            outcome = write(arguments.output, files)
            session.diagnostics.extend(outcome.diagnostics)
            written, unchanged = outcome.written, outcome.unchanged
    if arguments.format == "json":
        session.json(
            networks=[network.name for network in session.networks],
            output=arguments.output,
            written=list(written),
            unchanged=list(unchanged),
        )
    else:
        session.show(LOUD)
        if not session.failed:
            report(session, arguments, written)
    return FAILURE if session.failed else SUCCESS


def report(session: Session, arguments: argparse.Namespace, written: Sequence[str]) -> None:
    """One line per network, and where it went."""
    width = max(len(network.name) for network in session.networks)
    for network in session.networks:
        totals, deployed = network.manifest["totals"], network.manifest["deployed"]
        verdict = network.manifest["target"]["verdict"] if network.manifest["target"] else "-"
        changed = "" if f"{network.name}.py" in written else "  (unchanged)"
        print(
            f"{network.name:<{width}}  {totals['params']:>11,} params  "
            f"{totals['macs'] / 1e6:>8,.1f} M MACs  "
            f"{deployed['peak_activation_bytes'] / 1024:>7,.0f} KiB peak (estimate)  "
            f"{verdict}{'' if arguments.check else changed}"
        )
    notes = sum(diagnostic.level == "note" for diagnostic in session.diagnostics)
    said = f"; {notes} note{'s' * (notes != 1)}, which `archc check` shows" if notes else ""
    if arguments.check:
        print(f"{arguments.output} is current{said}")
    else:
        print(f"{len(written)} files written to {arguments.output}{said}")


def check(arguments: argparse.Namespace) -> int:
    session = Session(arguments)
    session.compile()
    if arguments.format == "json":
        session.json(
            networks=[
                {"name": network.name, "target": network.manifest["target"]}
                for network in session.networks
            ]
        )
        return FAILURE if session.failed else SUCCESS
    session.show(ALL)
    if not session.failed:
        names = ", ".join(network.name for network in session.networks)
        print(f"no errors in {names}")
    return FAILURE if session.failed else SUCCESS


def profile_arguments(parser: argparse.ArgumentParser) -> None:
    compile_arguments(parser)
    parser.add_argument(
        "--summary", action="store_true", help="one row per network, also for a single one"
    )
    parser.add_argument("--markdown", action="store_true", help="the summary as Markdown")


def profile(arguments: argparse.Namespace) -> int:
    from archc.emit.table import summary, summary_markdown, table

    session = Session(arguments)
    session.compile()
    manifests = [network.manifest for network in session.networks]
    if arguments.format == "json":
        session.json(manifests=manifests)
        return FAILURE if session.failed else SUCCESS
    # The table lists findings itself; what it cannot show are faults of the spec.
    session.show(("error",))
    look = {"unicode": unicode(sys.stdout), "color": colored(sys.stdout)}
    if arguments.markdown:
        print(summary_markdown(manifests))
    elif arguments.summary or len(manifests) > 1:
        print(summary(manifests, **look))
    else:
        for manifest in manifests:
            print(table(manifest, width=terminal_width(), **look))
    return FAILURE if session.failed else SUCCESS


def terminal_width() -> int:
    from shutil import get_terminal_size

    return max(60, min(get_terminal_size((80, 24)).columns, 140))


def sweep_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument("sweep", metavar="NAME=V1,V2,...", help="a parameter and its values")
    parser.add_argument("--arch", help="the arch of the spec to sweep")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.set_defaults(set=[])
    shared_arguments(parser)


def sweep(arguments: argparse.Namespace) -> int:
    from archc.emit.scaling import scaling, scaling_markdown, scaling_text

    name, equals, listed = arguments.sweep.partition("=")
    values = split_values(listed)
    if not equals or not all(values):
        raise UsageError(f"`{arguments.sweep}` is not of the form NAME=V1,V2,...")
    arguments.specs, arguments.name = [arguments.spec], None
    session = Session(arguments)
    session.compile(())
    for value in values:
        session.compile(((name, value),))
    networks = session.networks
    complete = len(networks) == 1 + len(values)
    rows = ()
    if complete:
        base, *swept = (network.manifest for network in networks)
        rows = scaling(name, base, list(zip(values, swept, strict=True)))
    if arguments.format == "json":
        session.json(parameter=name, rows=[row._asdict() for row in rows])
    else:
        session.show(("error",))
        if complete:
            print((scaling_markdown if arguments.markdown else scaling_text)(name, rows))
    return FAILURE if session.failed else SUCCESS


def split_values(text: str) -> list[str]:
    """Expressions separated by commas that stand in no bracket."""
    values, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            values.append("")
        else:
            values[-1] += character
    return [value.strip() for value in values]


def targets_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", nargs="?", metavar="TARGET", help="a target's name, or its file")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def targets(arguments: argparse.Namespace) -> int:
    from archc.targets.support import support_json, support_text
    from archc.targets.target import builtin, builtin_names, parse_target

    try:
        if arguments.target is None:
            found = [builtin(name) for name in builtin_names()]
            if arguments.format == "json":
                print_json([{"name": t.name, "title": t.title} for t in found])
            else:
                for one in found:
                    print(f"{one.name:<12}{one.title}")
            return SUCCESS
        if arguments.target.endswith(".toml"):
            from archc.files import Loader

            chosen = parse_target(Loader().target(arguments.target))
        else:
            chosen = builtin(arguments.target)
    except Rejected as rejected:
        from archc.diagnostics.render import render

        print(render(rejected.diagnostic, color=colored(sys.stderr)), file=sys.stderr)
        return FAILURE
    if arguments.format == "json":
        print_json(support_json(chosen))
    else:
        print(support_text(chosen))
    return SUCCESS


def print_json(document: Any) -> None:
    import json

    print(json.dumps(document, indent=2, ensure_ascii=not unicode(sys.stdout)))


VERBS: dict[str, Verb] = {
    "build": Verb("compile specs into Keras builders and manifests", build_arguments, build),
    "check": Verb("compile without writing, and show every finding", compile_arguments, check),
    "profile": Verb("show what a network costs, layer by layer", profile_arguments, profile),
    "sweep": Verb("show how a network grows with a parameter", sweep_arguments, sweep),
    "targets": Verb("list targets, or show what one supports", targets_arguments, targets),
}
