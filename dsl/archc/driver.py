"""The pipeline, as a table of contents: sources in, networks out, nothing read or written here."""

import re
from collections.abc import Callable, Iterable, Iterator

from archc.analysis.budgets import budget_faults, budgets
from archc.analysis.lowering import OBSERVED, Deployed, Failure, lower, lower_both
from archc.analysis.memory import Memory, memory
from archc.analysis.profile import profile
from archc.analysis.tflite_micro import DEFAULT, micro
from archc.diagnostics.codes import (
    BAD_NAME,
    CONVERSION,
    DUPLICATE_NAME,
    LIMIT,
    NO_ARCH,
    RECURSION,
    SHORTCUT_ORDER,
    SYNTAX,
)
from archc.diagnostics.model import (
    Diagnostic,
    Label,
    Rejected,
    Reporter,
    TooManyErrors,
    make,
    reject,
)
from archc.emit import registry
from archc.emit.manifest import Identity, Judgement, manifest, parameter_text, render, source_digest
from archc.emit.marker import MANIFEST_SUFFIX
from archc.ir.graph import Graph, innermost
from archc.limits import DEFAULT_LIMITS, Limits
from archc.sema.check import check
from archc.sema.expand import Expander, expand
from archc.sema.load import Program, SourceLoader
from archc.sema.model import Model
from archc.sema.naming import unusable_module
from archc.sema.resolve import Setting, resolve
from archc.sema.scope import Module
from archc.sema.versions import language_version
from archc.source import Source, Span
from archc.syntax import ast
from archc.syntax.parse import parse_expression
from archc.targets.findings import judge
from archc.targets.model import Target
from archc.targets.pools import plan, timed, uses
from archc.targets.selection import Selection, border, select
from archc.typed import Any, NamedTuple


class Options(NamedTuple):
    """What the user asks for beside the specs."""

    settings: tuple[tuple[str, str], ...] = ()
    """(parameter, text of an expression)."""
    name: str | None = None
    """The name of the network that is compiled with settings."""
    arch: str | None = None
    """Only this arch of the spec."""
    target: Target | None = None
    """Judge by this target instead of the one the spec names."""
    limits: Limits = DEFAULT_LIMITS
    build: str | None = None
    """Figures for this build of TensorFlow Lite Micro instead of the target's."""


class Network(NamedTuple):
    """One compiled arch."""

    name: str
    declared: Span
    graph: Graph
    manifest: dict[str, Any]
    identity: Identity
    params: int | None = None
    """Its parameters, where they are counted."""

    @property
    def module(self) -> str:
        """The text of the Keras builder, which is written when it is asked for: who checks a spec
        or compares figures needs none."""
        from archc.emit import keras_module

        identity = self.identity
        header = keras_module.Header(
            identity.source, identity.source_digest, identity.language_version
        )
        return keras_module.emit(self.graph, header, self.params)


class Compilation(NamedTuple):
    """What became of a spec. With an error among the diagnostics there may be fewer networks."""

    networks: tuple[Network, ...]
    diagnostics: tuple[Diagnostic, ...]
    modules: tuple[Module, ...] = ()
    """The spec, if its syntax could be read, and the files it uses, in scope of one another."""
    models: tuple[Model, ...] = ()
    """The archs with their parameters bound, as far as they could be."""

    @property
    def files(self) -> tuple[ast.File, ...]:
        """The syntax trees of the spec and of what it uses, as far as they could be read."""
        return tuple(module.file for module in self.modules)

    @property
    def failed(self) -> bool:
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)


def compile_spec(loader: SourceLoader, source: Source, options: Options) -> Compilation:
    """Compile the archs of one spec. All their faults are reported, not the first alone."""
    reporter = Reporter(options.limits.errors)
    networks: list[Network] = []
    models: list[Model] = []
    program: Program | None = None
    try:
        program = Program(loader, options.limits, reporter)
        module = program.load(source)
        for each in program.modules():
            check(each, options.limits, reporter)
        settings = parse_settings(options)
        declared = choose(module.file, options, bool(settings), module.broken)
        whole = not any(each.incomplete for each in program.modules())
        declaring = reporter.diagnostics
        if not any(found.code == RECURSION.name for found in declaring):
            for arch in declared:
                reporter.start(variant(arch))
                model = resolve(module, arch, settings, options.limits, reporter)
                if model is not None:
                    model = renamed(model, options)
                    if model.known and whole and not module.broken:
                        models.append(model)
                    if not whole or any(concerns(each, arch, model) for each in declaring):
                        reporter.spoil()
                    network = compile_model(model, program, options, reporter)
                    if network is not None:
                        networks.append(network)
    except Rejected as rejected:
        try_add(reporter, rejected.diagnostic)
    except TooManyErrors:
        pass
    except RecursionError:  # only with bounds that were moved far
        try_add(reporter, too_deep())
    modules = program.modules() if program else ()
    if any(each.broken for each in modules[:1]):
        modules = ()
    return Compilation(tuple(networks), reporter.diagnostics, modules, tuple(models))


def elaborate(
    loader: SourceLoader, source: Source, limits: Limits, arch: int = 0
) -> tuple[Graph | None, tuple[Diagnostic, ...]]:
    """The graph of one arch of a spec, by its place, and nothing of what is worked out from it;
    None, and why, where it has none."""
    reporter = Reporter(limits.errors)
    try:
        program = Program(loader, limits, reporter)
        module = program.load(source)
        for each in program.modules():
            check(each, limits, reporter)
        for declared in module.file.archs[arch : arch + 1]:
            model = resolve(module, declared, (), limits, reporter)
            graph = expand(model, reporter) if model is not None and model.known else None
            if graph is not None and not reporter.failed:
                return graph, reporter.diagnostics
    except Rejected as rejected:
        try_add(reporter, rejected.diagnostic)
    except TooManyErrors:
        pass
    return None, reporter.diagnostics


class Lowered(NamedTuple):
    """A network on its way to the device."""

    target: Selection | None
    graph: Graph
    io: str
    """The type at the border."""
    deployed: Deployed
    untrained: Deployed


def deploy(
    model: Model,
    options: Options,
    reporter: Reporter,
    expander: Callable[[Model, Reporter], Expander] = Expander,
) -> Lowered | None:
    """The graphs of a model; None, and reports, where it has none."""
    target = select(model.target, options.target, reporter)
    reporter.extend(budget_faults(model.budgets))
    graph = expander(model, reporter).expand()
    if graph is None or reporter.failed:
        return None
    io = target.request.io if target else border(model.target)
    deployed, untrained = lower_both(graph, io)
    reporter.extend(not_convertible(graph, deployed.failures))
    return Lowered(target, graph, io, deployed, untrained)


def compile_model(
    model: Model, program: Program, options: Options, reporter: Reporter
) -> Network | None:
    """One network from its model; None, and reports, where it has none."""
    made = deploy(model, options, reporter)
    if made is None:
        return None
    target, graph, io, deployed, untrained = made
    needed = memory(deployed)
    reporter.extend(shortcut_order(model, graph, needed, io))
    report = planned = None
    if target:
        planned = plan(target.target, target.request.board, deployed)
        report = judge(target, graph, deployed, needed.peak, planned, reporter, model.budgets)
    unsupported = report.unsupported if report else None
    whole = micro(deployed, micro_build(target, options))
    layout = planned and planned.layout
    time = timed(target.target, planned) if target and planned else None
    figures = profile(graph, deployed, untrained, needed, whole, unsupported, layout, time)
    held, broken = budgets(model.budgets, figures)
    reporter.extend(broken)
    judgement = None
    if target and report and layout:
        device = target.target
        pools = uses(device, device.board(target.request.board), layout)
        judgement = Judgement(device.name, report.verdict, report.findings, io, pools)
    known = identity(model, program, options)
    document = manifest(known, graph, figures, judgement, held)
    span, params = model.declared.span, figures.totals["params"]
    return Network(model.name, span, graph, document, known, params)


def micro_build(target: Selection | None, options: Options) -> str:
    """Which build of TensorFlow Lite Micro to give figures for: that of the command, of the spec,
    of the target's file, or the default one."""
    if options.build is not None or target is None:
        return options.build or DEFAULT
    return target.request.build or target.target.default_build


def outputs(networks: Iterable[Network]) -> dict[str, str]:
    """The texts of the files that networks become, by name."""
    files: dict[str, str] = {}
    for network in networks:
        files[f"{network.name}.py"] = network.module
        files[f"{network.name}{MANIFEST_SUFFIX}"] = render(network.manifest)
    files["__init__.py"] = registry.TEXT
    return files


def clashes(networks: Iterable[Network]) -> tuple[Diagnostic, ...]:
    """Networks of different specs that would be written to the same files."""
    seen: dict[str, Network] = {}
    found: list[Diagnostic] = []
    for network in networks:
        first = seen.setdefault(network.name.casefold(), network)
        if first is not network:
            found.append(
                make(
                    DUPLICATE_NAME,
                    f"two specs declare `{network.name}`",
                    network.declared,
                    related=[Label(first.declared, "first here")],
                    help="rename one of them, or compile into another folder",
                )
            )
    return tuple(found)


def shortcut_order(model: Model, graph: Graph, needed: Memory, io: str) -> Iterator[Diagnostic]:
    """What is said where the arena would be smaller with shortcuts before the bodies of skips."""
    open_ = [
        note for note in graph.skips if note.shortcut[0] < note.shortcut[1] and not note.chosen
    ]
    other = expand(model, Reporter(), shortcuts_first=True) if open_ else None
    if other is None:
        return
    size = memory(lower(other, io)).arena_bytes
    if size < needed.arena_bytes:
        yield make(
            SHORTCUT_ORDER,
            f"the arena would have {size:,} bytes, not {needed.arena_bytes:,}, with shortcuts "
            "before the bodies of their skips",
            open_[0].span,
            help="write `shortcut_first = true`; layers of the shortcut get other names",
        )


def not_convertible(graph: Graph, failures: Iterable[Failure]) -> Iterable[Diagnostic]:
    """What is said where the converter is known to fail: each statement once, at the last layer."""
    found = {}
    for failure in failures:
        span = innermost(graph.nodes[failure.layers[-1]].origin)
        found[failure.reason, span] = make(
            CONVERSION,
            f"the int8 converter fails here: {failure.reason}",
            span,
            notes=[f"observed with TensorFlow {OBSERVED['tensorflow']}"],
            help=failure.remedy,
        )
    return found.values()


# --- parts -------------------------------------------------------------------------------------


def identity(model: Model, program: Program, options: Options) -> Identity:
    """Which network it is, and of which texts."""
    set_texts = [Source(f"<set {name}>", text) for name, text in options.settings]
    target = options.target.texts if options.target else ()
    return Identity(
        model.name,
        model.base,
        tuple((name, parameter_text(given.value)) for name, given in model.parameters),
        model.source.name,
        source_digest([*program.sources(), *set_texts, *target]),
        language_version(module.file for module in program.modules()),
    )


def parse_settings(options: Options) -> tuple[Setting, ...]:
    """The expressions of `--set`.

    Raises:
        Rejected: one is not a name and an expression.
    """
    settings: list[Setting] = []
    for name, text in options.settings:
        shown = Source("<set>", f"{name}={text}")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise reject(
                SYNTAX,
                "a parameter is set by its name",
                Span(shown, 0, len(name)),
                help="write `--set NAME=VALUE`",
            )
        expression = parse_expression(shown, options.limits, len(name) + 1)
        settings.append(Setting(ast.Name(name, Span(shown, 0, len(name))), expression))
    return tuple(settings)


def choose(
    file: ast.File, options: Options, derives: bool, broken: bool = False
) -> tuple[ast.Arch | ast.Derived, ...]:
    """The archs of a spec to compile; of one with syntax errors there may be none to be found.

    Raises:
        Rejected: there is none, or it is not clear which one `--name` is for.
    """
    if not file.archs and broken:
        return ()
    if not file.archs:
        raise reject(
            NO_ARCH,
            f"`{file.source.name}` declares no arch",
            help="a file with blocks only is for `use`; compile a spec that uses it"
            if file.blocks
            else "write `arch NAME { input image: 32 x 32 x 3 ... }`",
        )
    chosen = file.archs
    if options.arch is not None:
        chosen = tuple(arch for arch in file.archs if arch.name.text == options.arch)
    names = ", ".join(f"`{arch.name.text}`" for arch in file.archs)
    if not chosen:
        from archc.diagnostics.nearest import did_you_mean

        raise reject(
            NO_ARCH,
            f"`{file.source.name}` declares no arch `{options.arch}`",
            notes=[f"it declares {names}"],
            help=did_you_mean(options.arch or "", [arch.name.text for arch in file.archs]),
        )
    if len(chosen) > 1 and (derives or options.name is not None):
        raise reject(
            NO_ARCH,
            f"`{file.source.name}` declares {len(file.archs)} archs: {names}",
            help="parameters and a name are set on one: choose it with `--arch NAME`",
        )
    return chosen


def renamed(model: Model, options: Options) -> Model:
    """The model under the name it was given from outside.

    Raises:
        Rejected: no module can have that name.
    """
    if options.name is None:
        return model
    why = unusable_module(options.name)
    help = "choose another name"
    if why is None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", options.name):
        why, help = f"`{options.name}` is not a name", "names are letters, digits and underscores"
    if why is None and len(options.name) > options.limits.name_length:
        why = f"`{options.name}` has more than {options.limits.name_length} characters"
        help = "`--limit name_length=N` changes the limit"
    if why is not None:
        raise reject(BAD_NAME, why, help=help)
    return model._replace(name=options.name, base=model.name)


def too_deep() -> Diagnostic:
    return make(
        LIMIT,
        "this spec nests more deeply than the compiler can follow",
        help="lower the limits that were raised: nesting, call_depth or bindings",
    )


def concerns(fault: Diagnostic, declared: ast.Arch | ast.Derived, model: Model) -> bool:
    """Whether an error of the declarations is one of an arch: it stands in it, or its syntax is
    wrong where no other arch is."""
    if fault.level != "error" or fault.span is None:
        return fault.level == "error"
    own = (declared.span, model.arch.span)
    if any(span.holds(fault.span) for span in own):
        return True
    if fault.code != SYNTAX.name:
        return False
    return not any(arch.span.holds(fault.span) for arch in model.module.file.archs)


def variant(arch: ast.Arch | ast.Derived) -> Label | None:
    """What errors say of the arch that is compiled, if it is a variant of another one."""
    if not isinstance(arch, ast.Derived):
        return None
    return Label(arch.name.span, f"in `{arch.name.text}`, a variant of `{arch.base.text}`")


def try_add(reporter: Reporter, diagnostic: Diagnostic) -> None:
    try:
        reporter.add(diagnostic)
    except TooManyErrors:
        return
