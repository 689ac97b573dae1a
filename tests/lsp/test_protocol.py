"""The wire: malformed messages are answered as JSON-RPC has it, and nothing is kept of any."""

import json
from collections.abc import Iterator
from typing import Any

from archc.lsp.handlers import HANDLERS
from support.profiles import LONG
from support.wire import (
    END,
    INITIALIZE,
    OPENED,
    message,
    notification,
    opened,
    raw,
    request,
    talk,
)

URI = "untitled:one"
SPEC = "arch a {\n    input i: 8x8x8\n    head { relu6 }\n}\n"
NAMED = {"textDocument": {"uri": URI}}
AT = {"position": {"line": 2, "character": 13}}
RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
PARAMS: dict[str, dict[str, Any]] = {
    "textDocument/completion": {**NAMED, **AT},
    "textDocument/hover": {**NAMED, **AT},
    "textDocument/inlayHint": {**NAMED, "range": RANGE},
    "textDocument/signatureHelp": {**NAMED, **AT},
    "textDocument/definition": {**NAMED, **AT},
    "textDocument/references": {**NAMED, **AT, "context": {"includeDeclaration": True}},
    "textDocument/prepareRename": {**NAMED, **AT},
    "textDocument/rename": {**NAMED, **AT, "newName": "b"},
    "textDocument/documentSymbol": {**NAMED},
    "textDocument/formatting": {**NAMED, "options": {"tabSize": 4, "insertSpaces": True}},
    "textDocument/codeAction": {**NAMED, "range": RANGE, "context": {"diagnostics": []}},
}
ILL = [-1, "x", None, {}] + ([1.5, True, [], 2**40, "\ud800", {"uri": 3}] if LONG else [])
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, NOT_INITIALIZED = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32002,
)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places in some parameters, all of them first."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))


def changed(value: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    head, *rest = path
    if new is KeyError and not rest:
        return {key: inner for key, inner in value.items() if key != head}
    return {**value, head: changed(value[head], tuple(rest), new)}


def test_every_request_is_known() -> None:
    asked = {method for method, _, _ in HANDLERS if not method.startswith("workspace/")}
    asked -= {"initialize"}
    assert {one for one in asked if "/did" not in one} == set(PARAMS)


def test_ill_typed_parameters_are_answered() -> None:
    """Each place of each request's parameters as something else, or left out."""
    sent: dict[int, tuple[str, tuple[str, ...], Any]] = {}
    messages = []
    for method, params in PARAMS.items():
        for path in leaves(params):
            for new in (*ILL, *([KeyError] if path else [])):
                sent[len(sent)] = (method, path, new)
                wrong = changed(params, path, new)
                messages.append(request(len(sent) - 1, method, wrong))
    said = talk(opened(URI, SPEC), *messages)
    allowed = {None, INVALID_PARAMS}
    for id, what in sent.items():
        errors = said.errors(id)
        assert len(errors) == 1, what
        assert errors[0] in allowed, (what, said.answers[id])
    for id, (method, path, new) in sent.items():
        if path[-1:] in (("line",), ("character",)) and new in (-1, "x"):
            assert said.errors(id) == [INVALID_PARAMS], (method, path, new)
            assert "position" in json.dumps(said.answers[id]) or "range" in str(said.answers[id])
    assert said.err == ""
    assert said.code == 0
    assert not [one for one in said.notified if one["method"] == "window/showMessage"]


def test_ill_typed_notifications_are_logged_and_the_server_lives() -> None:
    wrong = {"textDocument": {"uri": URI, "version": "?", "text": 3}}
    said = talk(
        notification("textDocument/didOpen", wrong),
        notification("textDocument/didChange", {}),
        notification("textDocument/didClose", None),
        notification("no/such", {}),
        opened(URI, SPEC),
        request(1, "textDocument/hover", PARAMS["textDocument/hover"]),
    )
    assert said.errors(1) == [None]
    logged = [n["params"]["message"] for n in said.notified if n["method"] == "window/logMessage"]
    assert [one.split(":")[1].strip() for one in logged] == [
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
    ]
    assert said.err == ""


def test_what_is_no_request_is_answered() -> None:
    bodies: list[tuple[Any, int]] = [
        (b"{", PARSE_ERROR),
        (b"\xff", PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        ([], INVALID_REQUEST),
        (3, INVALID_REQUEST),
        ({"id": 1, "method": "shutdown"}, INVALID_REQUEST),
        ({"jsonrpc": "2.0", "id": 1, "method": 5, "params": {}}, INVALID_REQUEST),
        ({"jsonrpc": "2.0", "id": {}, "method": "shutdown"}, INVALID_REQUEST),
        ({"jsonrpc": "2.0", "id": 1, "method": "no/such", "params": {}}, NO_METHOD),
    ]
    said = talk(*(body for body, _ in bodies))
    first, *answers, last = said.order
    assert [one["error"]["code"] for one in answers] == [code for _, code in bodies]
    assert {first["id"], last["id"]} == {"first", "last"}
    assert (said.err, said.code) == ("", 0)


def test_before_and_after() -> None:
    hover = PARAMS["textDocument/hover"]
    first, last = request(1, "textDocument/hover", hover), request(2, "textDocument/hover", hover)
    said = raw(
        *map(message, (first, notification("textDocument/didClose", NAMED), INITIALIZE, OPENED)),
        *map(message, (END[0], last, END[1])),
    )
    assert said.errors(1) == [NOT_INITIALIZED]
    assert said.errors(2) == [INVALID_REQUEST]
    assert said.code == 0


def test_a_refused_name_is_an_answer_without_a_trace() -> None:
    refused = {**NAMED, **AT, "newName": "stage"}
    said = talk(opened(URI, SPEC), request(1, "textDocument/rename", refused))
    assert said.errors(1) == [INVALID_PARAMS]
    assert said.err == ""


def test_nothing_is_kept_of_messages() -> None:
    """pygls 2.1 keeps a future of every notification; no longer."""
    from archc.limits import DEFAULT_LIMITS
    from archc.lsp.handlers import server

    made = server((), DEFAULT_LIMITS)
    made.soon = lambda: None  # type: ignore[method-assign]  # there is no loop to wait in
    made.protocol.set_writer(_Nowhere())
    take = made.protocol.structure_message
    made.protocol.handle_message(take(INITIALIZE))
    made.protocol.handle_message(take(opened(URI, SPEC)))
    for version in range(2, 52):
        named = {"uri": URI, "version": version}
        params = {"textDocument": named, "contentChanges": [{"text": SPEC + "#"}]}
        made.protocol.handle_message(take(notification("textDocument/didChange", params)))
    assert made.protocol._request_futures == {}
    assert list(made.desk.texts) == [URI]


class _Nowhere:
    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...
