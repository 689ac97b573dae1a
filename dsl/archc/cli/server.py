"""The language server: requests of an editor to questions of `archc.editor`, and answers back.

Documents are sent whole with every change: specs are small, and nothing can come apart. A version
is compiled once, when it is first asked about; diagnostics follow when typing pauses.
"""

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlparse

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from archc import __version__
from archc.diagnostics.codes import LIMIT
from archc.diagnostics.fixes import applied
from archc.diagnostics.model import Diagnostic, Rejected, make
from archc.driver import Compilation, Options, compile_spec
from archc.editor import change, complete, describe, hints, outline
from archc.editor.places import UTF16, Place, offset, place
from archc.editor.view import View
from archc.files import SPEC_SUFFIX, Loader, library_path
from archc.limits import Limits
from archc.source import Source, Span

DELAY = 0.1
"""Seconds without a change after which diagnostics are sent."""
MOST_FILES = 500
"""Files of the workspace in which uses of a name are looked for."""

T = TypeVar("T")
SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
ITEMS = {
    "arch": types.CompletionItemKind.Module,
    "block": types.CompletionItemKind.Function,
    "operator": types.CompletionItemKind.Class,
    "form": types.CompletionItemKind.Keyword,
    "function": types.CompletionItemKind.Function,
    "parameter": types.CompletionItemKind.Variable,
    "width": types.CompletionItemKind.Variable,
    "argument": types.CompletionItemKind.Field,
    "constant": types.CompletionItemKind.Constant,
    "keyword": types.CompletionItemKind.Keyword,
    "value": types.CompletionItemKind.Value,
    "feature": types.CompletionItemKind.Property,
    "target": types.CompletionItemKind.EnumMember,
    "budget": types.CompletionItemKind.EnumMember,
    "allowed": types.CompletionItemKind.EnumMember,
}
SYMBOLS = {
    "arch": types.SymbolKind.Module,
    "block": types.SymbolKind.Function,
    "stage": types.SymbolKind.Class,
    "head": types.SymbolKind.Class,
    "input": types.SymbolKind.Interface,
    "parameter": types.SymbolKind.Variable,
}
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.archc"


class Desk:
    """The documents that are open, each compiled once a version."""

    def __init__(self, include: tuple[str, ...], limits: Limits) -> None:
        self.include = include
        self.limits = limits
        self.texts: dict[str, str] = {}
        self.views: dict[str, View] = {}
        self._before: dict[str, View] = {}

    def put(self, uri: str, text: str) -> None:
        """A new version of a document; those that use it are compiled again too."""
        # JSON can hold halves of surrogate pairs, which no file can.
        self.texts[uri] = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.forget(uri)

    def close(self, uri: str) -> None:
        """A document is as its file again."""
        self.texts.pop(uri, None)
        self.forget(uri)
        self._before.pop(uri, None)

    def forget(self, changed: str | None = None) -> None:
        """A document changed, or something on disk: what may read it is compiled again."""
        path = fs_path(changed) if changed is not None else None
        for uri, view in list(self.views.items()):
            # One with errors may look for a file that was not there.
            concerned = path is None or view.compilation.failed or path in self.read(view)
            if changed is None or uri == changed or concerned:
                self._before[uri] = self.views.pop(uri)

    def read(self, view: View) -> set[str]:
        """The paths of what a document is made of."""
        return {view.locate(module.file.source) for module in view.compilation.modules}

    def view(self, uri: str) -> View | None:
        """The current version of an open document."""
        if uri not in self.texts:
            return None
        if uri not in self.views:
            self.views[uri] = self.opened(uri, self.texts[uri], self._before.pop(uri, None))
        return self.views[uri]

    def opened(self, uri: str, text: str, before: View | None = None) -> View:
        """Compile a text as that of a document."""
        path = fs_path(uri)
        name = os.path.basename(path) if path else f"untitled{SPEC_SUFFIX}"
        loader = self.loader(os.path.dirname(path) if path else "", self.written())
        source = Source(name, text)
        if path:
            with suppress(Rejected):  # a file that is not saved yet
                source = loader.put(path, text)

        def locate(one: Source) -> str:
            if one is source:
                return path or uri
            return library_path(one.name) or os.path.abspath(loader.locate(one))

        if len(text) > self.limits.source_bytes:
            message = f"this is larger than {self.limits.source_bytes:,} bytes"
            large = make(LIMIT, f"{message}, the bound `source_bytes`", Span(source, 0, 0))
            return View(source, Compilation((), (large,)), loader, locate, before)
        compilation = compile_spec(loader, source, Options(limits=self.limits))
        return View(source, compilation, loader, locate, before)

    def written(self) -> dict[str, str]:
        """The texts of open documents, by path."""
        paths = ((fs_path(uri), text) for uri, text in self.texts.items())
        return {path: text for path, text in paths if path}

    def loader(self, folder: str, texts: Mapping[str, str]) -> Loader:
        """A loader for specs of a folder, with texts in the place of files."""
        include = [one for one in self.include if os.path.isdir(one)]
        loader = Loader(folder, include, self.limits)
        for path, text in texts.items():
            with suppress(Rejected):
                loader.put(path, text)
        return loader

    def project(self, folders: Iterable[str]) -> list[View]:
        """Every document of the workspace: those that are open, and the other specs in it."""
        views = [view for uri in self.texts if (view := self.view(uri)) is not None]
        known = set(self.written())
        for path in specs(folders):
            if path in known:
                continue
            with suppress(Rejected):
                text = Loader(os.path.dirname(path), limits=self.limits).load(path).text
                views.append(self.opened(from_fs_path(path) or "", text))
        return views

    def again(self, view: View, texts: Mapping[str, str]) -> Compilation:
        """What becomes of a document with other texts."""
        path = view.locate(view.source)
        loader = self.loader(os.path.dirname(path), {**self.written(), **texts})
        try:
            source = loader.load(path)
        except Rejected:
            source = Source(view.source.name, texts.get(path, view.source.text))
        return compile_spec(loader, source, Options(limits=self.limits))


def fs_path(uri: str) -> str | None:
    """The path of a `file:` URI, as the loader knows it; None of any other one."""
    with suppress(ValueError):
        if urlparse(uri).scheme == "file":
            path = to_fs_path(uri)
            return os.path.abspath(path) if path and "\0" not in path else None
    return None


def specs(folders: Iterable[str]) -> Iterator[str]:
    """The specs at and below some folders, up to a bound; hidden folders are left out."""
    count = 0
    for top in folders:
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(
                one for one in inner if not one.startswith(".") and one != "node_modules"
            )
            for name in sorted(names):
                if name.endswith(SPEC_SUFFIX):
                    count += 1
                    if count > MOST_FILES:
                        return
                    yield os.path.abspath(os.path.join(folder, name))


class Server(LanguageServer):
    """The server with its documents."""

    def __init__(self, include: tuple[str, ...], limits: Limits) -> None:
        super().__init__(
            "archc", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full
        )
        self.desk = Desk(include, limits)
        self.waiting: asyncio.TimerHandle | None = None

    @property
    def encoding(self) -> str:
        """What columns are counted in."""
        with suppress(RuntimeError):
            agreed: object = self.workspace.position_encoding
            return str(getattr(agreed, "value", agreed))  # a plain text where a client sent one
        return UTF16

    def folders(self) -> list[str]:
        """The folders of the workspace."""
        found = [fs_path(uri) for uri in self.workspace.folders]
        return [path for path in found if path]

    # --- there and back -------------------------------------------------------------------

    def at(self, view: View, position: types.Position) -> int:
        return offset(view.source, Place(position.line, position.character), self.encoding)

    def range(self, source: Source, start: int, end: int) -> types.Range:
        first, last = (place(source, at, self.encoding) for at in (start, end))
        return types.Range(types.Position(*first), types.Position(*last))

    def location(self, view: View, span: Span) -> types.Location:
        path = view.locate(span.source)
        uri = path if urlparse(path).scheme not in ("", "file") else from_fs_path(path)
        return types.Location(uri or path, self.range(span.source, span.start, span.end))

    # --- diagnostics ----------------------------------------------------------------------

    def soon(self) -> None:
        """Send diagnostics once nothing changes for a while."""
        if self.waiting is not None:
            self.waiting.cancel()
        self.waiting = asyncio.get_running_loop().call_later(DELAY, self.publish)

    def publish(self) -> None:
        """Send the diagnostics of all open documents."""
        for uri in list(self.desk.texts):
            try:
                self.publish_one(uri)
            except Exception as error:  # our defect must not take the editor's server away
                self.complain(error)

    def publish_one(self, uri: str) -> None:
        view = self.desk.view(uri)
        if view is None:
            return
        found = [self.diagnostic(view, one) for one in view.diagnostics]
        document = self.workspace.text_documents.get(uri)
        version = document.version if document is not None else None
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, version=version)
        )

    def diagnostic(self, view: View, one: Diagnostic) -> types.Diagnostic:
        """A diagnostic of the compiler. One that stands in another file is shown at the `use` that
        leads there, or at the top, and names its place."""
        related = [
            types.DiagnosticRelatedInformation(self.location(view, label.span), label.text)
            for label in one.related
        ]
        lines = [one.message]
        if one.span is not None and one.span.source is not view.source:
            there = types.DiagnosticRelatedInformation(self.location(view, one.span), "here")
            related.insert(0, there)
            lines[0] = f"in {one.span.source.name}: {one.message}"
            place = self.used(view, one.span.source)
        elif one.span is not None:
            place = self.range(view.source, one.span.start, one.span.end)
        else:
            place = self.range(view.source, 0, 0)
        lines += [one.label] if one.label else []
        lines += [f"note: {note}" for note in one.notes]
        lines += [f"help: {one.help}"] if one.help else []
        return types.Diagnostic(
            place,
            "\n".join(lines),
            severity=SEVERITIES[one.level],
            code=one.code,
            source="archc",
            related_information=related,
        )

    def used(self, view: View, source: Source) -> types.Range:
        """Where a document names another file, or its first line."""
        if view.parsed:
            for use in view.module.file.uses:
                with suppress(Rejected):
                    if view.loader.use(use.path, view.source, use.span) is source:
                        return self.range(view.source, use.span.start, use.span.end)
            for use in view.module.file.uses[:1]:
                return self.range(view.source, use.span.start, use.span.end)
        return self.range(view.source, 0, 0)

    def complain(self, error: BaseException) -> None:
        """Say in the editor's log that something is our defect."""
        text = "".join(traceback.format_exception(error))
        self.window_log_message(
            types.LogMessageParams(types.MessageType.Error, f"a defect of archc: {text}")
        )

    def edits(
        self, source: Source, changes: Iterable[tuple[int, int, str]]
    ) -> list[types.TextEdit]:
        return [
            types.TextEdit(self.range(source, start, end), text) for start, end, text in changes
        ]


def guarded(answer: Callable[..., T]) -> Callable[..., T | None]:
    """A handler whose own failures are logged and answered with nothing."""

    @wraps(answer)
    def safe(server: Server, params: Any) -> T | None:
        try:
            return answer(server, params)
        except JsonRpcInvalidParams:
            raise
        except Exception as error:  # our defect must not take the editor's server away
            server.complain(error)
            return None

    return safe


def serve(include: tuple[str, ...], limits: Limits) -> None:
    """Talk to an editor over standard input and output until it leaves."""
    logging.getLogger("pygls").setLevel(logging.ERROR)
    # pygls closes what it writes to, and ours is still to be flushed.
    with open(os.dup(sys.stdout.fileno()), "wb") as out:
        server(include, limits).start_io(stdout=out)


def server(include: tuple[str, ...], limits: Limits) -> Server:
    """A server that answers every request there is an answer to."""
    made = Server(include, limits)
    for method, handler, options in HANDLERS:
        made.feature(method, options)(handler)
    return made


# --- documents ---------------------------------------------------------------------------------


@guarded
def did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    server.desk.put(params.text_document.uri, params.text_document.text)
    server.soon()


@guarded
def did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.desk.put(uri, server.workspace.get_text_document(uri).source)
    server.soon()


@guarded
def did_close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.desk.close(uri)
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
    server.soon()


@guarded
def files_changed(server: Server, params: types.DidChangeWatchedFilesParams) -> None:
    server.desk.forget()
    server.soon()


@guarded
def did_save(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    server.desk.forget()
    server.soon()


# --- questions ---------------------------------------------------------------------------------


@guarded
def completion(server: Server, params: types.CompletionParams) -> types.CompletionList:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return types.CompletionList(False, [])
    at = server.at(view, params.position)
    found = complete.complete(view, at)
    place = server.range(view.source, found.start, at)
    items = [
        types.CompletionItem(
            one.label,
            kind=ITEMS.get(one.kind),
            detail=one.detail or None,
            documentation=types.MarkupContent(types.MarkupKind.Markdown, one.doc)
            if one.doc
            else None,
            sort_text=f"{one.rank}{number:04}",
            filter_text=one.label,
            text_edit=types.TextEdit(place, one.insert or one.label),
        )
        for number, one in enumerate(found.items)
    ]
    return types.CompletionList(False, items)


@guarded
def hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    view = server.desk.view(params.text_document.uri)
    found = describe.hover(view, server.at(view, params.position)) if view is not None else None
    if view is None or found is None:
        return None
    text, (start, end) = found
    return types.Hover(
        types.MarkupContent(types.MarkupKind.Markdown, text),
        server.range(view.source, start, end),
    )


@guarded
def inlay_hints(server: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return []
    start, end = (server.at(view, one) for one in (params.range.start, params.range.end))
    return [
        types.InlayHint(
            server.range(view.source, one.at, one.at).start,
            one.text,
            tooltip=one.more,
            padding_left=True,
        )
        for one in hints.hints(view, start, end)
    ]


@guarded
def signature(server: Server, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    view = server.desk.view(params.text_document.uri)
    found = complete.sign(view, server.at(view, params.position)) if view is not None else None
    if found is None:
        return None
    known = [
        types.ParameterInformation(found.label[start:end], doc or None)
        for (start, end), doc in zip(found.parameters, found.docs, strict=True)
    ]
    doc = types.MarkupContent(types.MarkupKind.Markdown, found.doc) if found.doc else None
    one = types.SignatureInformation(found.label, doc, known)
    # A number behind the last parameter marks none.
    active = len(known) if found.active is None else found.active
    return types.SignatureHelp([one], 0, active)


@guarded
def definition(server: Server, params: types.DefinitionParams) -> types.Location | None:
    view = server.desk.view(params.text_document.uri)
    here = view.use_at(server.at(view, params.position)) if view is not None else None
    if view is None or here is None:
        return None
    past, use = here
    if use.meaning.kind == "file":
        with suppress(Rejected):
            used = past.loader.use(use.meaning.name, past.source, use.span)
            return server.location(past, Span(used, 0, 0))
        return None
    declared = use.meaning.declared
    if declared is None:
        return None
    if declared.source is past.source:
        now = view.now(declared)
        return None if now is None else server.location(view, Span(view.source, *now))
    return server.location(past, declared)


@guarded
def references(server: Server, params: types.ReferenceParams) -> list[types.Location]:
    view = server.desk.view(params.text_document.uri)
    if view is None or view.read is None:
        return []
    views = server.desk.project(server.folders())
    at = server.at(view, params.position)
    found = []
    for other, use in change.references(view, at, [view.read, *views]):
        if use.declares and not params.context.include_declaration:
            continue
        now = view.now(use.span) if other is view.read else (use.span.start, use.span.end)
        if now is not None:
            source = view.source if other is view.read else other.source
            found.append(server.location(view if other is view.read else other, Span(source, *now)))
    return found


def prepare_rename(
    server: Server, params: types.PrepareRenameParams
) -> types.PrepareRenamePlaceholder | None:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return None
    try:
        start, end = change.prepared(view, server.at(view, params.position))
    except change.Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from None
    place = server.range(view.source, start, end)
    return types.PrepareRenamePlaceholder(place, view.source.text[start:end])


def rename(server: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return None
    at = server.at(view, params.position)
    views = server.desk.project(server.folders())
    try:
        rewrites = change.renamed(view, at, params.new_name, views)
        library = os.path.dirname(library_path("std:") or "")
        if any(os.path.dirname(one.path) == library for one in rewrites):
            raise change.Refused("the standard library is not changed")
        change.held(rewrites, views, server.desk.again)
    except change.Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from None
    sources = {other.locate(other.source): other for other in views}
    changes: dict[str, list[types.TextEdit]] = {}
    for one in rewrites:
        other = sources[one.path]
        where = server.location(other, Span(other.source, one.start, one.end))
        changes.setdefault(where.uri, []).append(types.TextEdit(where.range, one.text))
    return types.WorkspaceEdit(changes=changes)


@guarded
def symbols(server: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    view = server.desk.view(params.text_document.uri)
    return [symbol(server, view, one) for one in outline.outline(view)] if view is not None else []


def symbol(server: Server, view: View, one: outline.Entry) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        one.name,
        SYMBOLS[one.kind],
        server.range(view.source, *one.whole),
        server.range(view.source, *one.named),
        detail=one.detail or None,
        children=[symbol(server, view, child) for child in one.children],
    )


@guarded
def formatting(
    server: Server, params: types.DocumentFormattingParams
) -> list[types.TextEdit] | None:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return None
    text = change.formatted(view.source, server.desk.limits)
    if text is None or text == view.source.text:
        return []
    if "\r\n" in server.desk.texts[params.text_document.uri]:
        text = text.replace("\n", "\r\n")
    return server.edits(view.source, [(0, len(view.source.text), text)])


@guarded
def actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    uri = params.text_document.uri
    view = server.desk.view(uri)
    if view is None:
        return []
    start, end = (server.at(view, one) for one in (params.range.start, params.range.end))
    found: list[types.CodeAction] = []
    if wanted(params, types.CodeActionKind.QuickFix.value):
        for one in change.fixes(view, start, end):
            edits = [(edit.span.start, edit.span.end, edit.text) for edit in one.edits]
            found.append(
                types.CodeAction(
                    one.help or f"mend: {one.message}",
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[server.diagnostic(view, one)],
                    is_preferred=True,
                    edit=types.WorkspaceEdit(changes={uri: server.edits(view.source, edits)}),
                )
            )
    every = change.all_fixes(view)
    if every and wanted(params, FIX_ALL):
        text = applied(view.source, every)
        whole = server.edits(view.source, [(0, len(view.source.text), text)])
        found.append(
            types.CodeAction(
                f"mend {len(every)} fault{'s' * (len(every) != 1)} of this spec",
                kind=FIX_ALL,
                edit=types.WorkspaceEdit(changes={uri: whole}),
            )
        )
    return found


def wanted(params: types.CodeActionParams, kind: str) -> bool:
    """Whether an editor asks for actions of a kind: of it, of one above it, or of all."""
    only = params.context.only
    if not only:
        return True
    asked = [str(getattr(one, "value", one)) for one in only]
    return any(kind == one or kind.startswith(f"{one}.") for one in asked)


HANDLERS: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.TEXT_DOCUMENT_DID_OPEN, did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, did_change, None),
    (types.TEXT_DOCUMENT_DID_SAVE, did_save, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, did_close, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, files_changed, None),
    (
        types.TEXT_DOCUMENT_COMPLETION,
        completion,
        types.CompletionOptions(trigger_characters=["(", ",", "=", ".", "[", " "]),
    ),
    (types.TEXT_DOCUMENT_HOVER, hover, None),
    (types.TEXT_DOCUMENT_INLAY_HINT, inlay_hints, None),
    (
        types.TEXT_DOCUMENT_SIGNATURE_HELP,
        signature,
        types.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=["="]),
    ),
    (types.TEXT_DOCUMENT_DEFINITION, definition, None),
    (types.TEXT_DOCUMENT_REFERENCES, references, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, prepare_rename, None),
    (types.TEXT_DOCUMENT_RENAME, rename, types.RenameOptions(prepare_provider=True)),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, symbols, None),
    (types.TEXT_DOCUMENT_FORMATTING, formatting, None),
    (
        types.TEXT_DOCUMENT_CODE_ACTION,
        actions,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL]),
    ),
)
