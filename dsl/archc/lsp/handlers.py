"""Requests of an editor to questions of `archc.editor`, and answers back."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from archc.diagnostics.model import Rejected
from archc.editor import change, complete, describe, hints, outline
from archc.editor.view import View
from archc.limits import Limits
from archc.lsp.actions import FIX_ALL, actions
from archc.lsp.desk import standard
from archc.lsp.server import Server, guarded
from archc.source import Span

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
    "map": types.CompletionItemKind.Variable,
    "file": types.CompletionItemKind.File,
    "folder": types.CompletionItemKind.Folder,
}
SYMBOLS = {
    "arch": types.SymbolKind.Module,
    "block": types.SymbolKind.Function,
    "stage": types.SymbolKind.Class,
    "head": types.SymbolKind.Class,
    "input": types.SymbolKind.Interface,
    "output": types.SymbolKind.Interface,
    "parameter": types.SymbolKind.Variable,
}


def serve(include: tuple[str, ...], limits: Limits) -> None:
    """Talk to an editor over standard input and output until it leaves."""
    # What pygls logs to standard error are answers of ours, with tracebacks.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # pygls closes what it writes to, and ours is still to be flushed.
    with open(os.dup(sys.stdout.fileno()), "wb") as out:
        server(include, limits).start_io(stdout=out)


def server(include: tuple[str, ...], limits: Limits) -> Server:
    """A server that answers every request there is an answer to."""
    made = Server(include, limits)
    for method, handler, options in HANDLERS:
        made.feature(method, options)(handler)
    return made


def initialized(server: Server, params: types.InitializeParams) -> None:
    """Where documents are that are not saved."""
    server.desk.home = next(iter(server.folders()), "")


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
    found = complete.complete(view, at, partial(server.desk.listing, view))
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
    views = server.desk.project(params.text_document.uri, server.folders())
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


@guarded
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


@guarded
def rename(server: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return None
    at = server.at(view, params.position)
    views = server.desk.project(params.text_document.uri, server.folders())
    try:
        rewrites = change.renamed(view, at, params.new_name, views)
        if any(standard(one.path) for one in rewrites):
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


HANDLERS: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZE, initialized, None),
    (types.TEXT_DOCUMENT_DID_OPEN, did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, did_change, None),
    (types.TEXT_DOCUMENT_DID_SAVE, did_save, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, did_close, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, files_changed, None),
    (
        types.TEXT_DOCUMENT_COMPLETION,
        completion,
        types.CompletionOptions(trigger_characters=["(", ",", "=", ".", "[", " ", '"', "/"]),
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
