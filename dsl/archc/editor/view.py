"""One version of a document, with what the compiler made of it.

While somebody types, a text is broken more often than not. A view of a text that cannot be read
answers from the last one that could, with the places carried over.
"""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from archc.diagnostics.codes import NO_ARCH
from archc.diagnostics.model import Diagnostic
from archc.driver import Compilation, Network, Options, compile_spec
from archc.editor.costs import Costs
from archc.editor.names import Use, uses
from archc.editor.places import carried
from archc.limits import DEFAULT_LIMITS, Limits
from archc.sema.load import SourceLoader
from archc.sema.model import Model
from archc.sema.scope import Module
from archc.source import Source, Span
from archc.syntax import ast


class Kept(NamedTuple):
    """A network of a document, with the version it is of."""

    network: Network
    model: Model
    source: Source
    version: int | None
    declared: ast.Arch | ast.Derived
    """Its declaration in the document."""


class View:
    """One version of a document.

    Attributes:
        source: its text.
        compilation: what became of it.
        locate: gives the path of a source.
        read: the last version whose syntax could be read: this one, or an older one, or None.
        built: the last one that became a network, likewise.
        version: the number that an editor gave it.
        kept: by its name, the last network of each arch that the file declares.
    """

    def __init__(
        self,
        source: Source,
        compilation: Compilation,
        loader: SourceLoader,
        locate: Callable[[Source], str],
        before: "View | None" = None,
        version: int | None = None,
    ) -> None:
        self.source = source
        self.compilation = compilation
        self.loader = loader
        self.locate = locate
        self.version = version
        self.read: View | None = before.read if before is not None else None
        self.built: View | None = before.built if before is not None else None
        if self.parsed:
            self.read = self
            # A text with syntax errors may have networks, but no tree to find places in.
            if compilation.networks:
                self.built = self
        self.kept: dict[str, Kept] = self._kept(before.kept if before is not None else {})

    def _kept(self, before: dict[str, Kept]) -> dict[str, Kept]:
        models = {model.name: model for model in self.compilation.models}
        if not self.parsed:
            return before
        declared = {arch.name.text: arch for arch in self.module.file.archs}
        every = before | {
            network.name: Kept(
                network, models[network.name], self.source, self.version, declared[network.name]
            )
            for network in self.networks
            if network.name in models
        }
        return {name: every[name] for name in declared if name in every}

    @property
    def parsed(self) -> bool:
        """Whether the syntax of this version could be read."""
        modules = self.compilation.modules
        return bool(modules) and modules[0].file.source is self.source

    @property
    def module(self) -> Module:
        """The file, in scope of those that it uses."""
        return self.compilation.modules[0]

    @property
    def networks(self) -> tuple[Network, ...]:
        return self.compilation.networks

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """What the names of the file mean. Of a version that could be read."""
        return uses(self.module)

    @cached_property
    def costs(self) -> Costs:
        """What its statements cost."""
        return Costs(self.networks)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Its diagnostics. A file with blocks alone is not a fault in an editor."""
        library = self.parsed and self.module.file.blocks and not self.module.file.archs
        return tuple(
            found
            for found in self.compilation.diagnostics
            if not (library and found.code == NO_ARCH.name)
        )

    def past(self, at: int) -> "tuple[View, int] | None":
        """The last version that could be read, and where in it an offset of this one is."""
        if self.read is None:
            return None
        there = carried(self.source.text, self.read.source.text, at)
        return None if there is None else (self.read, there)

    def now(self, span: Span) -> tuple[int, int] | None:
        """Where a place of this document, perhaps of an older version, is in this one."""
        if span.source is self.source:
            return span.start, span.end
        for older in (self.read, self.built):
            if older is not None and span.source is older.source:
                start = carried(span.source.text, self.source.text, span.start)
                end = carried(span.source.text, self.source.text, span.end)
                return None if start is None or end is None or end < start else (start, end)
        return None

    def use_at(self, at: int) -> "tuple[View, Use] | None":
        """The name at an offset, and the version it was found in."""
        past = self.past(at)
        if past is None:
            return None
        view, there = past
        touching = [use for use in view.uses if use.span.start <= there <= use.span.end]
        if not touching:
            return None
        return view, min(touching, key=lambda use: (use.span.end == there, use.span.start))


def empty_module(loader: SourceLoader, limits: Limits = DEFAULT_LIMITS) -> Module:
    """The scope of a file with nothing in it: operators, forms and the standard library."""
    compilation = compile_spec(loader, Source("<empty>", ""), Options(limits=limits))
    return compilation.modules[0]


def scope(view: View) -> Module:
    """The scope to look names up in: that of the last version that could be read."""
    return view.read.module if view.read is not None else empty_module(view.loader)
