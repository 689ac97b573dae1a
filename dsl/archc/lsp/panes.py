"""The command that shows what stands beside a spec: `workspace/executeCommand` `archc.pane`.

Its arguments are the URI of an open document, the name of a pane of `archc.editor.desk`, and, as an
object that may be left out, the pane's options. It returns what the pane does.
"""

from inspect import signature
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from archc.editor.desk import Desk
from archc.lsp.server import Server, guarded

COMMAND = "archc.pane"
PANES = (
    "summary", "profile", "rows", "drawing", "memory", "manifest", "module", "report",
    "parameters", "places",
)  # fmt: skip
TEXTS = ("arch", "detail", "color", "scheme", "name")
"""Options that are texts; null is as if they were left out."""


def pane(server: Server, *arguments: Any) -> dict[str, Any] | None:
    """Answer the command.

    Raises:
        JsonRpcInvalidParams: the arguments are not those of a pane.
    """
    uri, name, options, *more = (*arguments, None, None, None)[: max(len(arguments), 3)]
    if not isinstance(uri, str) or name not in PANES or more:
        known = ", ".join(PANES)
        raise JsonRpcInvalidParams(f"`{COMMAND}` takes a URI, one of {known}, and options")
    return _shown(server, (uri, name, _checked(name, {} if options is None else options)))


@guarded
def _shown(server: Server, asked: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    uri, name, options = asked
    shown: dict[str, Any] = getattr(server.desk, name)(uri, **options)
    return shown


def _checked(name: str, options: Any) -> dict[str, Any]:
    """Options of a pane, each of its type."""
    if not isinstance(options, dict):
        raise JsonRpcInvalidParams(f"options of `{name}` are an object")
    known = signature(getattr(Desk, name)).parameters.keys() - {"self", "uri"}
    checked = {}
    for option, value in options.items():
        if option not in known:
            raise JsonRpcInvalidParams(f"`{name}` has no option `{option}`")
        if value is None:
            continue
        if not _fits(option, value):
            raise JsonRpcInvalidParams(f"this is not a value of `{option}`")
        checked[option] = value
    return checked


def _fits(option: str, value: Any) -> bool:
    if option in TEXTS:
        return isinstance(value, str)
    if option == "settings":
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, bool if option == "timeline" else int)
