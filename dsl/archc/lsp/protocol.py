"""What pygls leaves to be desired of the protocol: answers to malformed messages, and memory.

In pygls 2.1 a request whose parameters are ill-typed is never answered, nor is one before
`initialize` or after `shutdown`; and the future of every notification is kept for ever.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from cattrs import transform_error
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol


class Malformed(NamedTuple):
    """A message that is not one of the protocol."""

    id: Any
    method: Any
    why: str
    error: type[JsonRpcException]


class Protocol(LanguageServerProtocol):
    """The language server protocol, every request answered."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as an object. Called for every object within a message as well."""
        if "jsonrpc" not in data:
            return data
        try:
            return super().structure_message(data)
        except Exception as error:
            method = data.get("method")
            cause = error.__cause__ or error
            why = "; ".join(line.replace(" @ $.", " at ") for line in transform_error(cause))
            code = JsonRpcInvalidParams if isinstance(method, str) else JsonRpcInvalidRequest
            return Malformed(data.get("id"), method, why, code)

    def handle_message(self, message: Any) -> None:
        if not hasattr(message, "jsonrpc") and not isinstance(message, Malformed):
            message = Malformed(_id(message), None, "not a message of JSON-RPC 2.0",
                                JsonRpcInvalidRequest)  # fmt: skip
        if isinstance(message, Malformed):
            self._refuse(message)
            return
        method, id = getattr(message, "method", None), getattr(message, "id", None)
        if id is not None and not _is_id(id):
            why = "an id is a text or a number"
            self._refuse(Malformed(None, None, why, JsonRpcInvalidRequest))
        elif method is not None and not isinstance(method, str):
            self._refuse(Malformed(id, None, "a method is a text", JsonRpcInvalidRequest))
        elif method is None or method == types.EXIT:  # an answer, or the end
            super().handle_message(message)
        elif self._shutdown:
            self._refuse(Malformed(id, method, "the server is shut down", JsonRpcInvalidRequest))
        elif self._workspace is None and method != types.INITIALIZE:
            why = "`initialize` comes first"
            self._refuse(Malformed(id, method, why, JsonRpcServerNotInitialized))
        else:
            super().handle_message(message)

    def _refuse(self, message: Malformed) -> None:
        """Answer a request with an error; what expects no answer is logged."""
        named = f"{message.method}: " if isinstance(message.method, str) else ""
        said = f"{named}{message.why}"
        if not isinstance(message.method, str) or message.id is not None:
            self._answer(message.id if _is_id(message.id) else None, message.error(said))
        elif self._workspace is not None and not self._shutdown:
            params = types.LogMessageParams(types.MessageType.Warning, f"ignored: {said}")
            self.notify(types.WINDOW_LOG_MESSAGE, params)

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification whose parameters are plain data."""
        self._send_data({"jsonrpc": self.VERSION, "method": method, "params": params})

    def unparsable(self, error: Exception) -> None:
        """Answer what is not JSON."""
        self._answer(None, JsonRpcParseError(str(error)))

    def _answer(self, id: str | int | None, error: JsonRpcException) -> None:
        # Not `_send_response`, which leaves out an id that is null.
        said = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": id, "error": said})

    def _execute_handler(
        self, msg_id: Any, handler: Callable[..., Any], callback: Any, *args: Any, **more: Any
    ) -> None:
        super()._execute_handler(msg_id, handler, callback, *args, **more)
        future = self._request_futures.get(msg_id)
        if future is not None:  # pygls forgets those of requests alone
            future.add_done_callback(partial(_forget, self._request_futures, msg_id))


def _forget(futures: dict[Any, Any], id: Any, _: Any) -> None:
    futures.pop(id, None)


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _id(message: Any) -> Any:
    return message.get("id") if isinstance(message, dict) else None
