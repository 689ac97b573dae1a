"""What an editor shows beside a spec, asked for over the wire."""

from typing import Any

import pytest

from archc.editor.desk import Desk
from archc.lsp.panes import COMMAND, PANES
from support.wire import notification, opened, request, talk

URI = "untitled:one"
SPEC = "arch a(n = 8) { input i: 8x8x3 stage s(channels = n) { conv relu6 } }\n"


def asked(*arguments: Any) -> dict[str, Any]:
    return {"command": COMMAND, "arguments": list(arguments)}


def test_every_pane_as_the_desk_has_it() -> None:
    desk = Desk()
    desk.put(URI, SPEC, 1)
    questions = [(pane, pane, {}) for pane in PANES]
    questions += [
        ("wide", "profile", {"width": 100, "arch": None}),
        ("set", "drawing", {"settings": {"n": "16"}, "scheme": "dark", "detail": "layers"}),
    ]
    requests = [
        request(id, "workspace/executeCommand", asked(URI, pane, options))
        for id, pane, options in questions
    ]
    said = talk(opened(URI, SPEC), *requests)
    assert said.code == 0
    for id, pane, options in questions:
        (answer,) = said.answers[id]
        assert answer["result"] == getattr(desk, pane)(URI, **options), id
    (first,) = said.answers["first"]
    commands = first["result"]["capabilities"]["executeCommandProvider"]["commands"]
    assert commands == [COMMAND]


def test_panes_follow_the_text() -> None:
    """Of a text that cannot be read the last network is shown, and said to be that."""
    change = {
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"text": SPEC.replace("conv", "conv(")}],
    }
    show = asked(URI, "summary")
    said = talk(
        opened(URI, SPEC),
        request(1, "workspace/executeCommand", show),
        notification("textDocument/didChange", change),
        request(2, "workspace/executeCommand", show),
        request(3, "workspace/executeCommand", asked("untitled:two", "summary")),
    )
    before, after, other = (said.answers[id][0]["result"] for id in (1, 2, 3))
    assert (before["stale"], before["version"]) == (False, 1)
    assert (after["stale"], after["version"]) == (True, 1)
    assert after["totals"] == before["totals"]
    assert other["missing"] == "this document is not open"


@pytest.mark.parametrize(
    "arguments",
    [(), (URI,), (URI, "__init__"), (1, "summary"), (URI, "put", {"text": "x"}), (URI, "view"),
     (URI, "summary", {}, 1), (URI, "summary", []), (URI, "summary", {"width": 80}),
     (URI, "profile", {"width": "80"}), (URI, "drawing", {"settings": {"n": 1}}),
     (URI, "drawing", {"uri": "x"})],
)  # fmt: skip
def test_arguments_of_no_pane_are_refused(arguments: tuple[Any, ...]) -> None:
    from pygls.exceptions import JsonRpcInvalidParams

    from archc.limits import DEFAULT_LIMITS
    from archc.lsp.panes import pane
    from archc.lsp.server import Server

    with pytest.raises(JsonRpcInvalidParams):
        pane(Server((), DEFAULT_LIMITS), *arguments)
