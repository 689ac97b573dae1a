"""The server: its documents, and diagnostics.

Documents are sent whole with every change: specs are small, and nothing can come apart. Diagnostics
follow when typing pauses.
"""

import asyncio
import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import FeatureRequestError, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from archc import __version__
from archc.editor.desk import Desk
from archc.editor.places import UTF16
from archc.editor.uris import fs_path
from archc.limits import Limits
from archc.lsp.protocol import Protocol

T = TypeVar("T")

DELAY = 0.1
"""Seconds without a change after which diagnostics are sent."""


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
        said: dict[str, Any] = {"uri": uri, "diagnostics": self.desk.diagnostics(uri, data=False)}
        version = self.desk.versions.get(uri)
        if version is not None:
            said["version"] = version
        self.protocol.tell(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, said)

    def complain(self, error: BaseException) -> None:
        """Say in the editor's log that something is our defect."""
        text = "".join(traceback.format_exception(error))
        self.window_log_message(
            types.LogMessageParams(types.MessageType.Error, f"a bug in archc: {text}")
        )


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
