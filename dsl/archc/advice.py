"""What would make a network faster or smaller: single edits of a spec, each compiled for real.

Nothing here is a rule of thumb. Every edit is written into the text of the spec, the text is
compiled, and what comes out is compared: what an edit saves of time and peak, against how much it
changes the network's parameters. An edit that changes what the network answers, its outputs, is
none.
"""

import re
from collections.abc import Iterable, Iterator

from archc.analysis.latency import milliseconds
from archc.diagnostics.text import wrapped
from archc.driver import Compilation, Network, Options, compile_spec
from archc.sema.load import SourceLoader
from archc.source import Source, Span
from archc.syntax import ast
from archc.typed import NamedTuple

STEPS = 30_000
"""Layers that are compiled at most in all, unless every edit is asked for: some 40 seconds."""
LITTLE = 0.05
"""The share of parameters that an edit counts as changing at the least."""
_KERNEL = re.compile(r"(\d+)x(\d+)")
_IMAGE = re.compile(r"(\d{1,6})\s*x\s*(\d{1,6})\s*x\s*(\d+)")
_SPATIAL = ("stride", "padding", "dilation")
_GATES = ("gate", "se")
"""What multiplies a map by what is made of it."""
_DEARER = ("relu", "elu", "tanh", "hard_swish", "swish", "gelu", "leaky_relu", "prelu")
"""Activations that relu6, which every convolution does along with its result, can stand for."""


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
    untried: int
    """Edits that `STEPS` left out."""


def advise(
    loader: SourceLoader,
    source: Source,
    options: Options,
    compiled: Compilation,
    *,
    steps: int | None = STEPS,
) -> Advice:
    """Try edits of the one network that a spec was compiled to.

    Args:
        loader: reads what the spec uses.
        source: the spec.
        options: as it was compiled.
        compiled: what it was compiled to: one network.
        steps: layers to compile at most in all, one edit at least; None to try every edit.
    """
    (network,) = compiled.networks
    before = figures(network)
    trials, failed = [], 0
    candidates = list(edits(compiled, network, options))
    most = len(candidates)
    if steps is not None:
        most = min(most, max(steps // len(network.graph.nodes), 1))
    for edit in candidates[:most]:
        after = _tried(loader, source, options, network, edit)
        if after is None:
            failed += 1
        else:
            trials.append(Trial(edit, before, after))
    saving = [trial for trial in trials if trial.saved > 0]
    saving.sort(key=lambda trial: (-trial.worth, trial.edit.label))
    untried = len(candidates) - most
    return Advice(network.name, before, tuple(saving), most, failed, untried)


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
        elif isinstance(member, ast.Input):
            yield from _image(member)
    for parameter in arch.parameters:
        if parameter.name.text not in settled:
            yield from _parameter(parameter)
    for member in arch.members:
        if isinstance(member, ast.Stage):
            for argument in member.arguments:
                yield from _argument(argument, f"stage `{member.name.text}`")
            yield from _halved(member)
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


def _image(entry: ast.Input) -> Iterator[Edit]:
    """Smaller images, where their size is written out."""
    shape = entry.shape.span
    found = _IMAGE.fullmatch(shape.text)
    for part in (3, 2) if found else ():
        rows, columns = (int(found[i]) * part // 4 for i in (1, 2)) if found else (0, 0)
        if rows and columns and found:
            label = f"input `{entry.name.text}`: {found[1]} x {found[2]} to {rows} x {columns}"
            yield Edit(label, shape, f"{rows} x {columns} x {found[3]}")


def _halved(stage: ast.Stage) -> Iterator[Edit]:
    """A stride of 2 for a stage that has none."""
    if any(one.name is not None and one.name.text == "stride" for one in stage.arguments):
        return
    label = f"stage `{stage.name.text}`: stride 2, which halves its map"
    if stage.arguments:
        at = stage.arguments[-1].span
        yield Edit(label, Span(at.source, at.end, at.end), ", stride = 2")
    else:
        yield Edit(label, stage.name.span, f"{stage.name.text}(stride = 2)")


def _structural(call: ast.Call, where: str) -> Iterator[Edit]:
    """Another operator in a call's place, or none."""
    name = call.name.text
    if name in _DEARER:
        yield Edit(f"{where}: `{name}` to relu6", call.span, "relu6")
    elif name in _GATES:
        yield Edit(f"{where}: without `{name}`", call.span, "identity")
    elif name == "conv" and not call.bodies:
        yield from _separated(call, where)


def _separated(call: ast.Call, where: str) -> Iterator[Edit]:
    """A convolution as a depthwise and a 1x1 one."""
    spatial, rest, kernel = [], [], ""
    for argument in call.arguments:
        text = argument.value.span.text
        name = argument.name.text if argument.name is not None else None
        if not kernel and name in (None, "kernel") and _KERNEL.fullmatch(text):
            kernel = text
        elif name in _SPATIAL:
            spatial.append(argument.span.text)
        else:
            rest.append(argument.span.text)
    if kernel not in ("", "1x1"):
        after = f"conv({', '.join(rest)})" if rest else "conv"
        label = f"{where}: `conv {kernel}` as depthwise and 1x1"
        yield Edit(label, call.span, f"dwconv({', '.join([kernel, *spatial])}) {after}")


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
        yield from _structural(call, where)
        for argument in call.arguments:
            yield from _argument(argument, where)
            if isinstance(argument.value, ast.Braces):
                yield from _body(argument.value.body, where)
        for inner in call.bodies:
            yield from _body(inner, where)


def lines(trials: Iterable[Trial], width: int = 80) -> Iterator[str]:
    """What each edit does, and below it the exact figures that come out."""
    for number, trial in enumerate(trials, 1):
        before, after, span = trial.before, trial.after, trial.edit.span
        place = f", line {span.source.position(span.start)[0]}" if span is not None else ""
        yield from wrapped(f"{number}. {trial.edit.label}{place}", width, "", "   ")
        time = "time not known" if after.microseconds is None else milliseconds(after.microseconds)
        yield from wrapped(
            f"{time}{_percent(before.microseconds, after.microseconds)}, "
            f"peak {after.peak:,} B{_percent(before.peak, after.peak)}, "
            f"{after.params:,} params{_percent(before.params, after.params)}",
            width,
            "   ",
            "",
        )


def _percent(before: int | None, after: int | None) -> str:
    if not before or after is None:
        return ""
    return f" ({100 * (after - before) / before:+.1f} %)" if after != before else " (same)"
