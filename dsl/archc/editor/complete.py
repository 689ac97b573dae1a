"""What may be written where somebody types, and what the call they are in takes."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from archc.analysis.budgets import BUDGET_NAMES
from archc.analysis.tflite_micro import BUILDS
from archc.diagnostics.nearest import normal
from archc.editor.context import Context, context
from archc.editor.describe import (
    FEATURE_DOCS,
    FUNCTION_DOCS,
    argument,
    remark,
    signature,
    signature_parts,
    summary,
)
from archc.editor.names import Meaning, found, parameters
from archc.editor.view import View, scope
from archc.ops.arguments import Arg, Auto, Choice, Flag
from archc.ops.base import OPERATORS
from archc.sema.callees import FORMS
from archc.sema.declarations import TARGET_ARGUMENTS
from archc.sema.evaluate import FEATURES
from archc.sema.scope import CONSTANTS, FUNCTIONS, Module
from archc.source import Span
from archc.syntax import ast
from archc.targets.builtin import builtin, builtin_names
from archc.targets.selection import BORDERS
from archc.targets.verdict import allowable
from archc.vocabulary import vocabulary

FILE_WORDS = ("arch", "block", "use")
BODY_WORDS = ("if", "else", "as")
ROUNDING_ARGUMENTS = ("divisor", "keep")


class Item(NamedTuple):
    """Something to write."""

    label: str
    kind: str
    """That of a `Meaning`, or `keyword` or `value`."""
    detail: str = ""
    doc: str = ""
    insert: str = ""
    """The text to write, if not the label."""
    rank: int = 0
    """Lower ones come first."""


class Completion(NamedTuple):
    """What may be written, in the place of the word from ``start`` on."""

    start: int
    items: tuple[Item, ...]


class Signature(NamedTuple):
    """The call that somebody is in."""

    label: str
    doc: str
    parameters: tuple[tuple[int, int], ...]
    """Where they stand in the label."""
    docs: tuple[str, ...]
    active: int | None
    """The one that is being given."""


Listing = Callable[[str], Iterable[str]]
"""The specs and folders that a document can use in a folder, which end in `/`."""


def complete(view: View, at: int, listing: Listing = lambda _: ()) -> Completion:
    """What may be written at an offset; all of it, whatever the word that was begun."""
    here = context(view.source.text, at)
    begun = view.source.text[here.start : at]
    items = (*_Offer(view, here, listing).items(), *_translated(here, begun))
    unique: dict[str, Item] = {}
    for item in items:
        unique.setdefault(item.label, item)
    return Completion(here.start, tuple(unique.values()))


BEGUN = 3
"""Letters after which names of other tools are offered too."""


def _translated(here: Context, begun: str) -> Iterator[Item]:
    """What names of other tools that begin so are here: operators, and statements that do it."""
    if here.where not in ("statement", "value") or len(begun) < BEGUN:
        return
    from archc.foreign import TOOLS, entries

    for entry in entries():
        row = entry.row
        text = row.ours or ("" if row.call else " ".join(row.text.split()))
        if text and normal(entry.name).startswith(normal(begun)):
            detail = f"`{text}` here" + (f" ({TOOLS[entry.tool]})" if TOOLS[entry.tool] else "")
            yield Item(entry.name, "value", detail, row.why, text, rank=7)


def sign(view: View, at: int) -> Signature | None:
    """The signature of the call at an offset."""
    here = context(view.source.text, at)
    if here.callee is None:
        return None
    called = _called(view, here)
    if called is None:
        return None
    label, places = signature_parts(called)
    known = parameters(called)
    names = list(known)
    active: int | None = here.position if here.position < len(names) else None
    if here.argument is not None:
        active = names.index(here.argument) if here.argument in names else None
    docs = tuple(argument(one) for one in known.values())
    return Signature(label, summary(called), tuple(places), docs, active)


def _called(view: View, here: Context) -> Meaning | None:
    """What the innermost parentheses belong to."""
    name = here.callee
    if name is None:
        return None
    if name == "stage":
        return Meaning("stage", "NAME", None, _STAGE)
    module = scope(view)
    if name in here.parameters:
        past = view.read
        for use in past.uses if past is not None else ():
            if use.meaning.kind == "parameter" and use.meaning.name == name:
                return use.meaning if parameters(use.meaning) else None
        return None
    meaning = found(module, name, _nowhere(view))
    if meaning is not None and parameters(meaning):
        return meaning
    arch = _arch(module, name, view)
    return meaning if arch is None else arch


class _Documented(NamedTuple):
    """Stands for a stage where only its arguments are asked for."""

    doc: str


_STAGE = _Documented("A stage supplies `channels` and `stride` to the statements in its braces.")


def _arch(module: Module, name: str, view: View) -> Meaning | None:
    from archc.editor.names import root

    declared = module.archs.get(name)
    home = module
    if declared is None:
        used = next((one for one in module.uses if name in one.archs), None)
        if used is None:
            return None
        declared, home = used.archs[name], used
    whole = root(home, declared)
    if whole is None:
        return None
    first, home = whole
    return Meaning("arch", name, first.name.span, first, None, home)


def _nowhere(view: View) -> Span:
    return Span(view.source, 0, 0)


class _Offer:
    """Collects what may be written in one place."""

    def __init__(self, view: View, here: Context, listing: Listing) -> None:
        self.view = view
        self.here = here
        self.listing = listing
        self.module = scope(view)

    def items(self) -> Iterable[Item]:
        where = self.here.where
        if where == "nothing":
            return ()
        return {
            "file": self.file,
            "members": self.members,
            "statement": self.statement,
            "arguments": self.arguments,
            "value": self.value,
            "range": self.range,
            "feature": self.feature,
            "repeat": self.repeat,
            "base": self.base,
            "target": self.target,
            "quantity": self.quantity,
            "allow": self.allow,
            "path": self.path,
        }[where]()

    def file(self) -> Iterator[Item]:
        yield from (Item(word, "keyword") for word in FILE_WORDS)

    def members(self) -> Iterator[Item]:
        for word in vocabulary().declarations:
            if word not in FILE_WORDS:
                yield Item(word, "keyword")

    def statement(self) -> Iterator[Item]:
        yield from self.held()
        yield from self.maps()
        yield from self.callables()
        yield from (Item(word, "keyword", rank=4) for word in BODY_WORDS)

    def maps(self) -> Iterator[Item]:
        """Maps that were made before here: in the same declaration, as its text has them."""
        before = self.view.source.text[: self.here.start]
        start = max((one.start() for one in re.finditer(r"\b(?:arch|block)\b", before)), default=0)
        found = re.findall(
            r"\b(?:stage|input)\s+([A-Za-z_]\w*)|\bas\s+([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)",
            before[start:],
        )
        names = [name.strip() for pair in found for part in pair for name in part.split(",")]
        yield from (Item(name, "map") for name in dict.fromkeys(names) if name)

    def held(self) -> Iterator[Item]:
        """Parameters of the declaration that may be called."""
        for name, parameter in self.declared().items():
            default = parameter.default
            if default is None or isinstance(default, ast.Reference | ast.Braces):
                yield self.parameter(name, parameter)
        known = self.declared()
        yield from (Item(name, "parameter") for name in self.here.parameters if name not in known)

    def declared(self) -> dict[str, ast.Parameter]:
        """The parameters in scope, as far as they could be read."""
        past = self.view.read
        wanted = set(self.here.parameters)
        best: dict[str, ast.Parameter] = {}
        if past is None:
            return best
        file = past.module.file
        for owner in (*file.archs, *file.blocks):
            if isinstance(owner, ast.Derived):
                continue
            names = {one.name.text: one for one in owner.parameters if one.name.text in wanted}
            if len(names) > len(best):
                best = names
        return best

    def parameter(self, name: str, parameter: ast.Parameter) -> Item:
        return Item(name, "parameter", " ".join(parameter.span.text.split()), remark(parameter))

    def callables(self, rank: int = 1) -> Iterator[Item]:
        text = self.view.source.text
        names = [
            *self.module.blocks,
            *re.findall(r"\bblock\s+([A-Za-z_]\w*)", text),
            *(name for used in self.module.uses for name in used.blocks),
            *vocabulary().blocks,
            *OPERATORS,
            *FORMS,
        ]
        for name in dict.fromkeys(names):
            meaning = found(self.module, name, _nowhere(self.view))
            if meaning is None:
                yield Item(name, "block", rank=rank)
                continue
            order = rank + {"block": 0, "operator": 1}.get(meaning.kind, 2)
            yield Item(name, meaning.kind, signature(meaning), summary(meaning), rank=order)

    def arguments(self) -> Iterator[Item]:
        """Names of arguments that are not given yet, then values for the next one."""
        here = self.here
        if here.callee in ("target", "rounding"):
            known = TARGET_ARGUMENTS if here.callee == "target" else ROUNDING_ARGUMENTS
            for name in known:
                if name not in here.given:
                    meaning = Meaning("argument", name, None, None, Meaning("member", here.callee))
                    yield Item(name, "argument", "", argument(meaning), f"{name} = ")
            return
        called = _called(self.view, here)
        left = parameters(called) if called is not None else {}
        derives = called is not None and called.kind == "arch"
        for name, meaning in left.items():
            if name in here.given:
                continue
            detail = self.detail(meaning)
            yield Item(name, "argument", detail, argument(meaning), f"{name} = ")
        if not here.given and not derives:
            names = list(left)
            wanted = left[names[here.position]] if here.position < len(names) else None
            yield from self.values(wanted)

    def detail(self, meaning: Meaning) -> str:
        node = meaning.node
        if isinstance(node, Arg):
            return node.takes
        if isinstance(node, ast.Parameter):
            return " ".join(node.span.text.split())
        return ""

    def value(self) -> Iterator[Item]:
        here = self.here
        if here.callee == "target":
            yield from self.target_value()
            return
        called = _called(self.view, here) if here.argument is not None else None
        known = parameters(called) if called is not None else {}
        yield from self.values(known.get(here.argument or ""))

    def target_value(self) -> Iterator[Item]:
        if self.here.argument == "io":
            yield from (Item(name, "value") for name in BORDERS)
        elif self.here.argument == "board":
            for board in builtin(self.device()).boards:
                yield Item(board.name, "value", board.title)
        elif self.here.argument == "build":
            yield from (Item(build.name, "value", build.title) for build in BUILDS.values())

    def device(self) -> str:
        """The target that is written before, or the first one."""
        before = self.view.source.text[: self.here.start]
        written = re.findall(r"\btarget\s+([A-Za-z_]\w*)", before)
        names = builtin_names()
        return written[-1] if written and written[-1] in names else next(iter(names))

    def values(self, wanted: Meaning | None) -> Iterator[Item]:
        """Values for an argument, those that it takes first."""
        node = wanted.node if wanted is not None else None
        if isinstance(node, Choice):
            yield from (Item(choice, "value") for choice in node.choices)
            return
        flags = ("required", "shortcut_first")
        if isinstance(node, Flag | Auto) or (wanted is not None and wanted.name in flags):
            yield from (Item(name, "value") for name in ("true", "false"))
        if isinstance(node, ast.Parameter):
            yield from self.bounds(node)
        if self.here.wide:
            yield Item("channels", "width", "the width of the stage")
        if not isinstance(node, Arg):
            yield from self.maps()
        known = self.declared()
        for name in self.here.parameters:
            if name in known:
                yield self.parameter(name, known[name])
            else:
                yield Item(name, "parameter")
        yield from (Item(f"in.{name}", "feature", "", FEATURE_DOCS.get(name, ""), rank=1)
                    for name in FEATURES)  # fmt: skip
        yield from (
            Item(name, "function", "", FUNCTION_DOCS.get(name, ""), rank=2) for name in FUNCTIONS
        )
        if not isinstance(node, Arg):
            yield from self.callables(3)
            yield from (Item(name, "constant", rank=6) for name in CONSTANTS)

    def bounds(self, parameter: ast.Parameter) -> Iterator[Item]:
        """The default of a parameter and the ends of its range."""
        default, ends = parameter.default, parameter.range
        texts = {} if default is None else {default.span.text: "the default"}
        if ends is not None:
            if ends.high is not None:
                texts.setdefault(ends.low.span.text, "the least")
                texts.setdefault(ends.high.span.text, "the most")
            for choice in ends.low.items if isinstance(ends.low, ast.ListOf) else ():
                texts.setdefault(choice.span.text, "a choice")
        for text, what in texts.items():
            if "\n" not in text:
                yield Item(text, "value", what)

    def range(self) -> Iterator[Item]:
        yield Item("in", "keyword", "LOW .. HIGH", "The range that values must keep to.")

    def feature(self) -> Iterator[Item]:
        yield from (Item(name, "feature", "", FEATURE_DOCS.get(name, "")) for name in FEATURES)

    def repeat(self) -> Iterator[Item]:
        yield Item("index", "feature", "", "Which repeat of the stage it is, from 0.")
        yield Item("count", "feature", "", "How many repeats the stage has.")

    def base(self) -> Iterator[Item]:
        for module in (self.module, *self.module.uses):
            for name, arch in module.archs.items():
                meaning = _arch(self.module, name, self.view)
                detail = signature(meaning) if meaning is not None else ""
                yield Item(name, "arch", detail, " ".join(arch.doc.split()))
        for name in re.findall(r"\barch\s+([A-Za-z_]\w*)\s*[({]", self.view.source.text):
            yield Item(name, "arch")

    def target(self) -> Iterator[Item]:
        yield from (Item(name, "target", builtin(name).title) for name in builtin_names())

    def quantity(self) -> Iterator[Item]:
        yield from (Item(name, "budget") for name in BUDGET_NAMES)

    def allow(self) -> Iterator[Item]:
        yield from (Item(name, "allowed") for name in allowable(builtin(self.device())))

    def path(self) -> Iterator[Item]:
        folder, slash, _ = self.here.word.rpartition("/")
        for name in self.listing(folder) if folder or not slash else ():
            yield Item(name, "folder" if name.endswith("/") else "file")
