"""A spec and everything it reaches through `use`, parsed, as modules in scope of one another."""

from archc.diagnostics.codes import LIMIT, USE_CYCLE
from archc.diagnostics.model import Rejected, Reporter, reject
from archc.limits import Limits
from archc.sema.scope import Module
from archc.source import Source, Span
from archc.syntax import ast
from archc.syntax.parse import parse_file, read_file
from archc.typed import Protocol


class SourceLoader(Protocol):
    """What reads files for the compiler, which itself touches none."""

    def use(self, path: str, user: Source, span: Span) -> Source:
        """The source that a `use` names; the same object for the same file.

        Raises:
            Rejected: it is out of reach, missing or unreadable.
        """

    def library(self) -> dict[str, Source]:
        """The files of the standard library, by the name of the block each declares."""


class Program:
    """The modules of one spec: the spec itself, the files it uses, the library files it needs."""

    def __init__(self, loader: SourceLoader, limits: Limits, reporter: Reporter) -> None:
        self._loader = loader
        self._limits = limits
        self._reporter = reporter
        self._modules: dict[Source, Module] = {}
        self._library_sources = loader.library()
        self._library: dict[str, Module] = {}

    def sources(self) -> tuple[Source, ...]:
        """Every source read so far, in an order that does not depend on where files are."""
        library = (self._library[name].file.source for name in sorted(self._library))
        return (*self._modules, *library)

    def modules(self) -> tuple[Module, ...]:
        """The spec and the files it uses, in the order they were read."""
        return tuple(self._modules.values())

    def library(self, name: str) -> Module | None:
        """The standard library's file that declares a block, parsed when first asked for."""
        if name not in self._library:
            source = self._library_sources.get(name)
            if source is None:
                return None
            self._library[name] = self._module(parse_file(source, self._limits))
        return self._library[name]

    def load(self, source: Source) -> Module:
        """The module of a spec, with all that it uses.

        Raises:
            Rejected: the spec cannot be read at all. Syntax errors, and what is wrong with used
                files, are reported.
        """
        root = self._enter(source)
        work: list[tuple[Module, tuple[Source, ...]]] = [(root, (source,))]
        while work:
            module, chain = work.pop()
            for use in module.file.uses:
                try:
                    used = self._loader.use(use.path, module.file.source, use.span)
                    if used in chain:
                        raise _cycle(used, chain, use.span)
                    known = self._modules.get(used)
                    if known is None:
                        known = self._enter(used, use.span)
                    if known not in module.uses:
                        module.uses.append(known)
                        work.append((known, (*chain, used)))
                except Rejected as rejected:
                    module.incomplete = True
                    self._reporter.add(rejected.diagnostic)
        return root

    def _enter(self, source: Source, span: Span | None = None) -> Module:
        if len(self._modules) >= self._limits.files:
            raise reject(
                LIMIT,
                f"this spec uses more than {self._limits.files} files",
                span,
                help="`--limit files=N` changes the limit",
            )
        parsed = read_file(source, self._limits)
        module = self._module(parsed.file)
        module.broken = bool(parsed.faults)
        module.doubtful, module.whole = parsed.doubtful, parsed.whole
        module.unread = parsed.unsure
        module.drafts = dict(parsed.drafts)
        self._modules[source] = module
        self._reporter.extend(parsed.faults)
        return module

    def _module(self, file: ast.File) -> Module:
        return Module(file, self.library, iter(self._library_sources))


def _cycle(used: Source, chain: tuple[Source, ...], span: Span) -> Rejected:
    circle = [source.name for source in chain[chain.index(used) :]]
    names = " → ".join([*circle, used.name])
    message = f"{used.name} uses itself" if len(circle) == 1 else f"files use one another: {names}"
    return reject(
        USE_CYCLE,
        message,
        span,
        label="closes the circle",
        help="move what they share into a separate file",
    )
