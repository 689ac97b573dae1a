"""Requests of an editor to questions of `archc.editor`, whose answers are sent as they are."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from archc.editor import change
from archc.editor.actions import FIX_ALL
from archc.editor.answers import Answers
from archc.editor.documents import standard
from archc.limits import Limits
from archc.lsp.panes import COMMAND, pane
from archc.lsp.server import Server, guarded
from archc.source import Span

Json = dict[str, Any]


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
    made.command(COMMAND)(pane)
    return made


def initialized(server: Server, params: types.InitializeParams) -> None:
    """Where documents are that are not saved, and what columns are counted in."""
    server.desk.home = next(iter(server.folders()), "")
    server.desk.encoding = server.encoding


# --- documents ---------------------------------------------------------------------------------


@guarded
def did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    server.desk.put(document.uri, document.text, document.version)
    server.soon()


@guarded
def did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    text = server.workspace.get_text_document(uri).source
    server.desk.put(uri, text, params.text_document.version)
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
def completion(server: Server, params: types.CompletionParams) -> Json:
    return server.desk.completion(*_place(params))


@guarded
def hover(server: Server, params: types.HoverParams) -> Json | None:
    return server.desk.hover(*_place(params))


@guarded
def inlay_hints(server: Server, params: types.InlayHintParams) -> list[Json]:
    return server.desk.inlay_hints(params.text_document.uri, _range(params.range))


@guarded
def signature(server: Server, params: types.SignatureHelpParams) -> Json | None:
    return server.desk.signature(*_place(params))


@guarded
def definition(server: Server, params: types.DefinitionParams) -> Json | None:
    return server.desk.definition(*_place(params))


@guarded
def symbols(server: Server, params: types.DocumentSymbolParams) -> list[Json]:
    return server.desk.symbols(params.text_document.uri)


@guarded
def formatting(server: Server, params: types.DocumentFormattingParams) -> list[Json]:
    return server.desk.formatting(params.text_document.uri)


@guarded
def actions(server: Server, params: types.CodeActionParams) -> list[Json]:
    only = [str(getattr(one, "value", one)) for one in params.context.only or ()]
    return server.desk.actions(params.text_document.uri, _range(params.range), only)


def _place(params: Any) -> tuple[str, int, int]:
    """What is asked about, of the parameters of a request that names a document and a position."""
    return params.text_document.uri, params.position.line, params.position.character


def _range(range: types.Range) -> Json:
    ends = {"start": range.start, "end": range.end}
    return {name: {"line": at.line, "character": at.character} for name, at in ends.items()}


# --- names over files --------------------------------------------------------------------------


@guarded
def references(server: Server, params: types.ReferenceParams) -> list[Json]:
    about = _about(server, params)
    if about is None or about.view.read is None:
        return []
    view, read = about.view, about.view.read
    views = server.desk.project(params.text_document.uri, server.folders())
    at = about.at(params.position.line, params.position.character)
    found = []
    for other, use in change.references(view, at, [read, *views]):
        if use.declares and not params.context.include_declaration:
            continue
        if other is not read:
            found.append(about.location(use.span, other))
        elif (now := view.now(use.span)) is not None:
            found.append(about.location(Span(view.source, *now)))
    return found


@guarded
def prepare_rename(server: Server, params: types.PrepareRenameParams) -> Json | None:
    about = _about(server, params)
    if about is None:
        return None
    at = about.at(params.position.line, params.position.character)
    try:
        start, end = change.prepared(about.view, at)
    except change.Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from None
    return {
        "range": about.range(start, end),
        "placeholder": about.view.source.text[start:end],
    }


@guarded
def rename(server: Server, params: types.RenameParams) -> Json | None:
    about = _about(server, params)
    if about is None:
        return None
    at = about.at(params.position.line, params.position.character)
    views = server.desk.project(params.text_document.uri, server.folders())
    try:
        rewrites = change.renamed(about.view, at, params.new_name, views)
        if any(standard(one.path) for one in rewrites):
            raise change.Refused("the standard library is not changed")
        change.held(rewrites, views, server.desk.again)
    except change.Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from None
    sources = {other.locate(other.source): other for other in views}
    changes: dict[str, list[Json]] = {}
    for one in rewrites:
        other = sources[one.path]
        where = about.location(Span(other.source, one.start, one.end), other)
        edit = {"range": where["range"], "newText": one.text}
        changes.setdefault(where["uri"], []).append(edit)
    return {"changes": changes}


def _about(
    server: Server,
    params: types.ReferenceParams | types.PrepareRenameParams | types.RenameParams,
) -> Answers | None:
    return server.desk.answers(params.text_document.uri)


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
