"""What is told of a document, as plain data in the forms of the Language Server Protocol 3.17.

Nothing here needs a client or a server of that protocol: the language server sends these answers as
they are, and a page that holds an editor reads them. What an answer leaves out is absent.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from archc.diagnostics.fixes import fixable
from archc.diagnostics.model import Diagnostic, Rejected
from archc.diagnostics.render import render
from archc.editor import change, complete, describe, hints, outline
from archc.editor.places import UTF16, Place, offset, place
from archc.editor.uris import uri_of
from archc.editor.view import View
from archc.limits import DEFAULT_LIMITS, Limits
from archc.source import Source, Span

Json = dict[str, Any]

SEVERITIES = {"error": 1, "warning": 2, "note": 3}
ITEMS = {
    "arch": 9,  # Module
    "block": 3,  # Function
    "operator": 7,  # Class
    "form": 14,  # Keyword
    "function": 3,
    "parameter": 6,  # Variable
    "width": 6,
    "argument": 5,  # Field
    "constant": 21,  # Constant
    "keyword": 14,
    "value": 12,  # Value
    "feature": 10,  # Property
    "target": 20,  # EnumMember
    "budget": 20,
    "allowed": 20,
    "map": 6,
    "file": 17,  # File
    "folder": 19,  # Folder
}
"""`CompletionItemKind`."""
SYMBOLS = {
    "arch": 2,  # Module
    "block": 12,  # Function
    "stage": 5,  # Class
    "head": 5,
    "input": 11,  # Interface
    "output": 11,
    "parameter": 13,  # Variable
}
"""`SymbolKind`."""


class Answers:
    """Answers about one version of a document.

    Attributes:
        view: the version.
        encoding: what characters of a line are counted in.
    """

    def __init__(self, view: View, encoding: str = UTF16, limits: Limits = DEFAULT_LIMITS) -> None:
        self.view, self.encoding, self.limits = view, encoding, limits

    @property
    def large(self) -> bool:
        """Whether the text is over its bound: it is not read, for completion neither."""
        return len(self.view.source.text) > self.limits.source_bytes

    # --- there and back -------------------------------------------------------------------

    def at(self, line: int, character: int) -> int:
        """The offset of a position."""
        there = Place(max(line, 0), max(character, 0))
        return offset(self.view.source, there, self.encoding)

    def range(self, start: int, end: int, source: Source | None = None) -> Json:
        """The range between two offsets, of the document unless of another text."""
        source = source or self.view.source
        first, last = (place(source, at, self.encoding)._asdict() for at in (start, end))
        return {"start": first, "end": last}

    def whole(self) -> Json:
        return self.range(0, len(self.view.source.text))

    def location(self, span: Span, view: View | None = None) -> Json:
        """The place of a span in a text that some view read."""
        path = (view or self.view).locate(span.source)
        return {"uri": uri_of(path), "range": self.range(span.start, span.end, span.source)}

    def edits(self, changes: Iterable[tuple[int, int, str]]) -> list[Json]:
        return [{"range": self.range(start, end), "newText": text} for start, end, text in changes]

    # --- diagnostics ----------------------------------------------------------------------

    def diagnostics(self, data: bool = False) -> list[Json]:
        """The diagnostics of the document; with ``data`` each also in its parts."""
        return [self.diagnostic(one, data) for one in self.view.diagnostics]

    def diagnostic(self, one: Diagnostic, data: bool = False) -> Json:
        """A diagnostic of the compiler. One that stands in another file is shown at the `use` that
        leads there, or at the top, and names its place."""
        view = self.view
        related = [
            {"location": self.location(label.span), "message": label.text} for label in one.related
        ]
        lines = [one.message]
        if one.span is not None and one.span.source is not view.source:
            related.insert(0, {"location": self.location(one.span), "message": "here"})
            lines[0] = f"in {one.span.source.name}: {one.message}"
            where = self._used(one.span.source)
        elif one.span is not None:
            where = self.range(one.span.start, one.span.end)
        else:
            where = self.range(0, 0)
        lines += [one.label] if one.label else []
        lines += [f"note: {note}" for note in one.notes]
        lines += [f"help: {one.help}"] if one.help else []
        found: Json = {
            "range": where,
            "message": "\n".join(lines),
            "severity": SEVERITIES[one.level],
            "code": one.code,
            "source": "archc",
            "relatedInformation": related,
        }
        if data:
            found["data"] = self._parts(one)
        return found

    def _parts(self, one: Diagnostic) -> Json:
        mine = fixable(one, (self.view.source,))
        spans = ((edit.span.start, edit.span.end, edit.text) for edit in one.edits)
        return {
            "level": one.level,
            "headline": one.message,
            "label": one.label,
            "notes": list(one.notes),
            "help": one.help or "",
            "edits": self.edits(spans) if mine else [],
            "text": render(one, color=False),
        }

    def _used(self, source: Source) -> Json:
        """Where the document names another file, or its first line."""
        view = self.view
        if view.parsed:
            for use in view.module.file.uses:
                with suppress(Rejected):
                    if view.loader.use(use.path, view.source, use.span) is source:
                        return self.range(use.span.start, use.span.end)
            for use in view.module.file.uses[:1]:
                return self.range(use.span.start, use.span.end)
        return self.range(0, 0)

    # --- questions about a place ------------------------------------------------------------

    def completion(
        self, line: int, character: int, listing: Callable[[str], Iterable[str]] = lambda _: ()
    ) -> Json:
        """A `CompletionList`: all that may be written there, whatever the word that was begun."""
        if self.large:
            return {"isIncomplete": False, "items": []}
        at = self.at(line, character)
        found = complete.complete(self.view, at, listing)
        where = self.range(found.start, at)
        items = []
        for number, one in enumerate(found.items):
            item: Json = {"label": one.label}
            if one.kind in ITEMS:
                item["kind"] = ITEMS[one.kind]
            if one.detail:
                item["detail"] = one.detail
            if one.doc:
                item["documentation"] = markdown(one.doc)
            item["sortText"] = f"{one.rank}{number:04}"
            item["filterText"] = one.label
            item["textEdit"] = {"range": where, "newText": one.insert or one.label}
            items.append(item)
        return {"isIncomplete": False, "items": items}

    def hover(self, line: int, character: int) -> Json | None:
        """A `Hover` of what stands there."""
        found = describe.hover(self.view, self.at(line, character))
        if found is None:
            return None
        text, (start, end) = found
        return {"contents": markdown(text), "range": self.range(start, end)}

    def signature(self, line: int, character: int) -> Json | None:
        """The `SignatureHelp` of the call that a place is in."""
        at = self.at(line, character)
        found = None if self.large else complete.sign(self.view, at)
        if found is None:
            return None
        known = [
            {"label": found.label[start:end], **({"documentation": doc} if doc else {})}
            for (start, end), doc in zip(found.parameters, found.docs, strict=True)
        ]
        one: Json = {"label": found.label, "parameters": known}
        if found.doc:
            one["documentation"] = markdown(found.doc)
        # A number behind the last parameter marks none.
        active = len(known) if found.active is None else found.active
        return {"signatures": [one], "activeSignature": 0, "activeParameter": active}

    def definition(self, line: int, character: int) -> Json | None:
        """The `Location` where what stands there is declared, perhaps in another file."""
        view = self.view
        here = view.use_at(self.at(line, character))
        if here is None:
            return None
        past, use = here
        if use.meaning.kind == "file":
            with suppress(Rejected):
                used = past.loader.use(use.meaning.name, past.source, use.span)
                return self.location(Span(used, 0, 0), past)
            return None
        declared = use.meaning.declared
        if declared is None:
            return None
        if declared.source is past.source:
            now = view.now(declared)
            return None if now is None else self.location(Span(view.source, *now))
        return self.location(declared, past)

    # --- the whole document -----------------------------------------------------------------

    def inlay_hints(self, start: int = 0, end: int | None = None) -> list[Json]:
        """`InlayHint`s between two offsets: what each line makes and costs."""
        return [
            {
                "position": self.range(one.at, one.at)["start"],
                "label": one.text,
                "tooltip": one.more,
                "paddingLeft": True,
            }
            for one in hints.hints(self.view, start, end)
        ]

    def symbols(self) -> list[Json]:
        """`DocumentSymbol`s: its declarations as a tree."""
        return [self._symbol(one) for one in outline.outline(self.view)]

    def _symbol(self, one: outline.Entry) -> Json:
        found: Json = {
            "name": one.name,
            "kind": SYMBOLS[one.kind],
            "range": self.range(*one.whole),
            "selectionRange": self.range(*one.named),
            "children": [self._symbol(child) for child in one.children],
        }
        if one.detail:
            found["detail"] = one.detail
        return found

    def formatting(self, sent: str | None = None) -> list[Json]:
        """`TextEdit`s that bring the document into the canonical layout; none of one that has it,
        or that cannot be read.

        Args:
            sent: the text as an editor has it, whose line ends are kept.
        """
        source = self.view.source
        text = None if self.large else change.formatted(source, self.limits)
        if text is None or text == source.text:
            return []
        if sent is not None and "\r\n" in sent:
            text = text.replace("\n", "\r\n")
        return self.edits([(0, len(source.text), text)])


def markdown(text: str) -> Json:
    return {"kind": "markdown", "value": text}
