"""Where names are looked up: block, file, used files, standard library, operators."""

import re
from collections.abc import Callable, Iterator

from archc.diagnostics.codes import DUPLICATE_NAME
from archc.diagnostics.model import Rejected, reject
from archc.ops import OPERATORS
from archc.ops.base import Shape, symbols
from archc.sema import callees
from archc.sema.callees import BAD, Bad, Callee, Given
from archc.source import Span
from archc.syntax import ast
from archc.typed import TYPE_CHECKING
from archc.values import Map, Symbol

if TYPE_CHECKING:
    from archc.syntax.grouping import Draft

FUNCTIONS = ("round", "floor", "ceil", "min", "max", "exact")
CONSTANTS: dict[str, object] = {"true": True, "false": False} | {
    name: Symbol(name) for name in symbols()
}


class Module:
    """A source file in scope: its declarations, and the files it uses."""

    def __init__(
        self, file: ast.File, library: "Callable[[str], Module | None]", known: Iterator[str]
    ) -> None:
        self.file = file
        self.uses: list[Module] = []
        self.incomplete = False
        """Whether a file that it uses could not be read, so that any name may be declared there."""
        self.broken = False
        """Whether it has syntax errors."""
        self.doubtful: frozenset[str] = frozenset()
        """Names that may be declared in what could not be read of it."""
        self.whole = True
        """Whether these are all that may be."""
        self.unread: tuple[tuple[int, int], ...] = ()
        """Declarations in which braces are missing or too many."""
        self.drafts: dict[int, Draft] = {}
        """Statements as other languages write them, by where they start."""
        self.made: dict[str, list[tuple[Span, ast.Arch | ast.Block]]] | None = None
        """Where maps are made, by their names, once that was asked (`maps`)."""
        self.blocks = {block.name.text: block for block in file.blocks}
        self.archs = {arch.name.text: arch for arch in file.archs}
        self._found: dict[str, object | None] = {}
        self._library = library
        self._library_names = tuple(known)

    def lookup(self, name: str, span: Span) -> object | None:
        """The block, operator, form or constant of a name, or None.

        Raises:
            Rejected: two used files declare it.
        """
        if name not in self._found:
            self._found[name] = self._lookup(name, span)
        return self._found[name]

    def _lookup(self, name: str, span: Span) -> object | None:
        if name in self.blocks:
            return callees.block(self.blocks[name], self)
        declaring = [used for used in self.uses if name in used.blocks]
        if len(declaring) > 1:
            raise self.ambiguous(name, declaring, span)
        if declaring:
            return callees.block(declaring[0].blocks[name], declaring[0])
        if name in OPERATORS:
            return callees.operator(OPERATORS[name])  # type: ignore[arg-type]  # has a hash
        if name in callees.FORMS:
            return callees.form(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        library = self._library(name)
        if library is not None and library is not self:
            return callees.block(library.blocks[name], library)
        return None

    def borrowed(self) -> Iterator[str]:
        """The names looked up so far that are blocks of the standard library."""
        for name, value in self._found.items():
            if isinstance(value, Callee) and value.kind == "block" and name not in self.blocks:
                yield name

    def unsure(self, span: Span) -> bool:
        """Whether the structure of what stands at a place is a guess."""
        return any(start <= span.start < end for start, end in self.unread)

    def doubts(self, name: str) -> bool:
        """Whether a name may be declared in what could not be read, here or in a used file."""
        if self.incomplete or not self.whole or name.startswith(ast.HOLE):
            return True
        return name in self.doubtful or any(used.doubts(name) for used in self.uses)

    def arch(self, name: str, span: Span) -> "tuple[ast.Arch | ast.Derived, Module] | None":
        """An arch declared here or in a used file, and where it stands.

        Raises:
            Rejected: two used files declare it.
        """
        if name in self.archs:
            return self.archs[name], self
        found = [used for used in self.uses if name in used.archs]
        if len(found) > 1:
            raise self.ambiguous(name, found, span)
        return (found[0].archs[name], found[0]) if found else None

    def ambiguous(self, name: str, found: "list[Module]", span: Span) -> Rejected:
        """The rejection of a name that several used files declare."""
        first, second = (used.file.source.name for used in found[:2])
        return reject(
            DUPLICATE_NAME,
            f"`{name}` is declared in both {first} and {second}",
            span,
            help="rename one of them, or use only one of the files",
        )

    def callables(self) -> Iterator[str]:
        """Every name that a statement here could call, for proposals."""
        yield from self.blocks
        for used in self.uses:
            yield from used.blocks
        yield from OPERATORS
        yield from callees.FORMS
        yield from self._library_names

    def names(self) -> Iterator[str]:
        """Every name that an expression here could use, for proposals."""
        yield from self.callables()
        yield from CONSTANTS
        yield from FUNCTIONS


class Scope:
    """Names within a block, stage or braces, and the feature map that entered it.

    ``feature`` is a shape, None where no feature map has entered yet, or `BAD`; ``repeat`` is which
    repeat of a stage this is, from 0, and of how many. ``maps`` are the names of inputs and stages
    as maps, which are looked up last: everything else that goes by such a name goes first.
    """

    __slots__ = ("feature", "maps", "module", "names", "parent", "repeat")

    def __init__(
        self,
        module: Module,
        feature: Shape | Bad | None,
        names: dict[str, Given] | None = None,
        parent: "Scope | None" = None,
    ) -> None:
        self.module = module
        self.feature = feature
        self.names = names if names is not None else {}
        self.parent = parent
        self.maps: dict[str, Given] = {}
        self.repeat: tuple[int, int] | None = None

    def inner(self, feature: Shape | Bad | None, names: dict[str, Given] | None = None) -> "Scope":
        return Scope(self.module, feature, names, self)

    def lookup(self, name: str, span: Span) -> object | None:
        """The value of a name, or None where nothing declares it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                value = scope.names[name].value
                if isinstance(value, Callee) and value.kind == "braces":
                    return value._replace(name=name)
                return value
            scope = scope.parent
        found = self.module.lookup(name, span)
        if found is None:
            declared = self.declared_map(name)
            if declared is not None:
                return declared.value
        return BAD if found is None and self.doubts(name) else found

    def declared_map(self, name: str) -> Given | None:
        """The input or stage of a name, as a map."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.maps:
                return scope.maps[name]
            scope = scope.parent
        return None

    def repeating(self) -> tuple[int, int] | None:
        """Which repeat of a stage the text stands in, from 0, and of how many there are."""
        scope: Scope | None = self
        while scope is not None:
            if scope.repeat is not None:
                return scope.repeat
            scope = scope.parent
        return None

    def doubts(self, name: str) -> bool:
        """Whether a name may be declared in what could not be read of the text. One that is used
        once and is a letter off of one that is declared is misspelt all the same."""
        scope: Scope | None = self
        unread = self.module.doubts(name)
        while scope is not None and not unread:
            unread = any(one.startswith(ast.HOLE) for one in scope.names)
            scope = scope.parent
        if not unread or name.startswith(ast.HOLE) or name in self.module.doubtful:
            return unread
        if len(re.findall(rf"\b{name}\b", self.module.file.source.text)) > 1:
            return True
        from archc.diagnostics.nearest import ranked

        near = ranked(name, self.known())
        return not near or near[0][0][0] > 1

    def given(self, name: str) -> Given | None:
        """The argument or parameter of a name, with where it was set."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return self.declared_map(name)

    def known(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            yield from scope.maps
            scope = scope.parent
        yield from self.module.names()

    def callable_names(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            for name, given in scope.names.items():
                if isinstance(given.value, Callee | Bad | Map):
                    yield name
            yield from scope.maps
            scope = scope.parent
        yield from self.module.callables()
