"""What would make a network faster or smaller: single edits of a spec, each compiled for real.

Nothing here is a rule of thumb. Every edit is written into the text of the spec, the text is
compiled, and what comes out is compared: what an edit saves of time and peak, against how much it
changes the network's parameters. An edit that changes what the network answers, its outputs, is
none.
"""

import re
from collections.abc import Iterable, Iterator

from archc.driver import Compilation, Network, Options, compile_spec
from archc.sema.load import SourceLoader
from archc.source import Source, Span
from archc.syntax import ast
from archc.typed import NamedTuple

MOST = 80
"""Edits that are tried at most."""
LITTLE = 0.05
"""The share of parameters that an edit counts as changing at the least."""
_KERNEL = re.compile(r"(\d+)x(\d+)")


class Edit(NamedTuple):
    """A change of a spec."""

    label: str
    """What it does, in words."""
    span: Span | None
    """What it replaces; None where a parameter of the arch is set instead."""
    text: str
    """What stands there then, or the parameter's value."""
    parameter: str | None = None


class Figures(NamedTuple):
    """What an edit is judged by."""

    microseconds: int | None
    """The estimated time; None where it is not known."""
    peak: int
    params: int
    macs: int


class Trial(NamedTuple):
    """An edit with what became of the network."""

    edit: Edit
    before: Figures
    after: Figures

    @property
    def saved(self) -> float:
        """The shares of time and peak that it saves, together; below 0 where it costs more."""
        time = _share(self.before.microseconds, self.after.microseconds)
        return time + _share(self.before.peak, self.after.peak)

    @property
    def worth(self) -> float:
        """What it saves for what it changes: `LITTLE` stands for a change of no parameters."""
        return self.saved / (LITTLE + abs(_share(self.before.params, self.after.params)))


class Advice(NamedTuple):
    """The edits that save something, those first that save most for the least change."""

    network: str
    before: Figures
    trials: tuple[Trial, ...]
    tried: int
    failed: int
    """Of those, how many were no answer: they do not compile, or change the outputs."""


def advise(loader: SourceLoader, source: Source, options: Options, compiled: Compilation) -> Advice:
    """Try edits of the one network that a spec was compiled to.

    Args:
        loader: reads what the spec uses.
        source: the spec.
        options: as it was compiled.
        compiled: what it was compiled to: one network.
    """
    (network,) = compiled.networks
    before = figures(network)
    trials, failed = [], 0
    candidates = list(edits(compiled, network, options))[:MOST]
    for edit in candidates:
        after = _tried(loader, source, options, network, edit)
        if after is None:
            failed += 1
        else:
            trials.append(Trial(edit, before, after))
    saving = [trial for trial in trials if trial.saved > 0]
    saving.sort(key=lambda trial: (-trial.worth, trial.edit.label))
    return Advice(network.name, before, tuple(saving), len(candidates), failed)


def figures(network: Network) -> Figures:
    """What is compared of a network."""
    deployed, totals = network.manifest["deployed"], network.manifest["totals"]
    latency = deployed["latency"]
    return Figures(
        latency and latency["microseconds"],
        deployed["peak_activation_bytes"],
        totals["params"],
        totals["macs"],
    )


def _share(before: int | None, after: int | None) -> float:
    return (before - after) / before if before and after is not None else 0


def _tried(
    loader: SourceLoader, source: Source, options: Options, network: Network, edit: Edit
) -> Figures | None:
    """The figures with an edit; None where it does not compile, or to a network that answers
    something else or whose time is no longer known."""
    if edit.parameter is not None:
        kept = tuple(pair for pair in options.settings if pair[0] != edit.parameter)
        options = options._replace(settings=(*kept, (edit.parameter, edit.text)))
    elif edit.span is not None:
        text = source.text[: edit.span.start] + edit.text + source.text[edit.span.end :]
        source = Source(source.name, text)
    options = options._replace(arch=network.declared.text, name=None)
    made = compile_spec(loader, source, options)
    if made.failed or not made.networks:
        return None
    outputs = [one.manifest["outputs"] for one in (network, made.networks[0])]
    if outputs[0] != outputs[1]:
        return None
    after = figures(made.networks[0])
    lost = after.microseconds is None and figures(network).microseconds is not None
    return None if lost else after


# --- edits --------------------------------------------------------------------------------------


def edits(compiled: Compilation, network: Network, options: Options) -> Iterator[Edit]:
    """Single edits of a spec: its target's border, parameters, stages, kernels and expansions."""
    file = compiled.files[0]
    declared = {arch.name.text: arch for one in compiled.files for arch in one.archs}
    arch = declared.get(network.declared.text)
    settled = {name for name, _ in options.settings}
    while isinstance(arch, ast.Derived):
        yield from (edit for each in arch.arguments for edit in _given(each))
        settled |= {each.name.text for each in arch.arguments if each.name is not None}
        arch = declared.get(arch.base.text)
    if arch is None:
        return
    for edit in _edits(file, arch, settled):
        # What stands in another file is not this spec's to change.
        if edit.span is None or edit.span.source == file.source:
            yield edit


def _edits(file: ast.File, arch: ast.Arch, settled: set[str]) -> Iterator[Edit]:
    for member in arch.members:
        if isinstance(member, ast.Target):
            yield from _border(member)
    for parameter in arch.parameters:
        if parameter.name.text not in settled:
            yield from _parameter(parameter)
    for member in arch.members:
        if isinstance(member, ast.Stage):
            for argument in member.arguments:
                yield from _argument(argument, f"stage `{member.name.text}`")
            yield from _body(member.body, f"stage `{member.name.text}`")
        elif isinstance(member, ast.Head):
            yield from _body(member.body, "the head")
        elif isinstance(member, ast.Output):
            yield from _body(member.body, f"output `{member.name.text}`")
    for block in file.blocks:
        yield from _body(block.body, f"block `{block.name.text}`")


def _border(target: ast.Target) -> Iterator[Edit]:
    given = next((one for one in target.arguments if one.name and one.name.text == "io"), None)
    label = "int8 inputs and outputs"
    if given is None and target.arguments:
        at = target.arguments[0].span
        yield Edit(label, Span(at.source, at.start, at.start), "io = int8, ")
    elif given is None:
        yield Edit(label, target.name.span, f"{target.name.text}(io = int8)")
    elif given.value.span.text != "int8":
        yield Edit(label, given.value.span, "int8")


def _parameter(parameter: ast.Parameter) -> Iterator[Edit]:
    name = parameter.name.text
    if isinstance(parameter.default, ast.Number):
        for label, text in _smaller(name, parameter.default):
            yield Edit(label, None, text, name)


def _smaller(name: str, value: ast.Number) -> Iterator[tuple[str, str]]:
    """Smaller values of a parameter: what is said of them, and how they are written."""
    for factor in ("3/4", "1/2"):
        yield f"`{name}` x {factor}", f"{value.text} * {factor}"


def _given(argument: ast.Argument) -> Iterator[Edit]:
    """Edits of a parameter that a derived arch gives."""
    value = argument.value
    if isinstance(value, ast.Number) and argument.name is not None:
        for label, text in _smaller(argument.name.text, value):
            yield Edit(label, value.span, text)
    elif isinstance(value, ast.Reference):
        for inner in value.arguments or ():
            yield from _argument(inner, f"`{value.name.text}`")


def _argument(argument: ast.Argument, where: str) -> Iterator[Edit]:
    name = argument.name.text if argument.name is not None else None
    value, text = argument.value, argument.value.span.text
    whole = int(text) if isinstance(value, ast.Number) and text.isdecimal() else 0
    if name == "repeat" and whole > 1:
        yield Edit(f"{where}: repeat {whole} to {whole - 1}", value.span, str(whole - 1))
    elif name == "channels":
        yield Edit(f"{where}: channels x 3/4", value.span, f"({text}) * 3/4")
    elif name == "expansion" and whole > 1:
        yield Edit(f"{where}: expansion {whole} to {whole - 1}", value.span, str(whole - 1))
    elif name in (None, "kernel") and (found := _KERNEL.fullmatch(text)):
        rows, columns = int(found[1]), int(found[2])
        if max(rows, columns) >= 5:
            smaller = f"{max(rows - 2, 1)}x{max(columns - 2, 1)}"
            yield Edit(f"{where}: kernel {text} to {smaller}", value.span, smaller)


def _body(body: ast.Body, where: str) -> Iterator[Edit]:
    for call in ast.calls(body):
        for argument in call.arguments:
            yield from _argument(argument, where)
            if isinstance(argument.value, ast.Braces):
                yield from _body(argument.value.body, where)
        for inner in call.bodies:
            yield from _body(inner, where)


def lines(trials: Iterable[Trial]) -> Iterator[tuple[str, ...]]:
    """Rows of a table: the edit, where, and what becomes of time, peak and parameters."""
    yield ("edit", "line", "time", "peak", "params")
    for trial in trials:
        before, after = trial.before, trial.after
        place = trial.edit.span
        yield (
            trial.edit.label,
            str(place.source.position(place.start)[0]) if place is not None else "",
            _percent(before.microseconds, after.microseconds),
            _percent(before.peak, after.peak),
            _percent(before.params, after.params),
        )


def _percent(before: int | None, after: int | None) -> str:
    if not before or after is None:
        return ""
    return f"{100 * (after - before) / before:+.1f} %" if after != before else "same"
