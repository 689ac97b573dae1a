"""The server: its documents, positions as the editor counts them, and diagnostics.

Documents are sent whole with every change: specs are small, and nothing can come apart. Diagnostics
follow when typing pauses.
"""

import asyncio
import json
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlparse

from lsprotocol import types
from pygls.exceptions import FeatureRequestError, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path

from archc import __version__
from archc.diagnostics.model import Diagnostic, Rejected
from archc.editor.places import UTF16, Place, offset, place
from archc.editor.view import View
from archc.limits import Limits
from archc.lsp.desk import Desk, fs_path
from archc.lsp.protocol import Protocol
from archc.source import Source, Span

T = TypeVar("T")

DELAY = 0.1
"""Seconds without a change after which diagnostics are sent."""
SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}


class Server(LanguageServer):
    """The server with its documents."""

    protocol: Protocol

    def __init__(self, include: tuple[str, ...], limits: Limits) -> None:
        super().__init__(
            "archc",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
            protocol_cls=Protocol,
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
        """The folders of the workspace: as `workspaceFolders`, or where a client sends none as
        `rootUri` or `rootPath`."""
        uris = [*self.workspace.folders] or [self.workspace.root_uri or ""]
        return [path for path in map(fs_path, uris) if path]

    def report_server_error(self, error: Exception, source: Any) -> None:
        """What pygls could not do: malformed text is answered, all else is logged."""
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            self.protocol.unparsable(error)
        elif source is not FeatureRequestError:  # those have their answer
            self.complain(error)

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
            types.LogMessageParams(types.MessageType.Error, f"a bug in archc: {text}")
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
