"""What the page asks of the compiler: texts go in, JSON comes out. It runs in the worker.

All answers are those of `archc.editor.desk`; here is only which of them the page shows at once.
"""

import gc
import json
import os
from contextlib import suppress
from typing import Any

from archc import __version__
from archc.editor.desk import Desk
from archc.editor.uris import uri_of
from archc.emit.drawing import untimed
from archc.emit.report import content
from archc.files import shipped_specs
from archc.vocabulary import vocabulary

SPECS = os.path.dirname(shipped_specs()["dscnn_a05"])
"""Where the shipped specs are; the text of the page is one beside them, so that it can use them."""

desk = Desk()
desk.home = SPECS
here = ""
"""The URI of the document that is open."""


def contents() -> dict[str, Any]:
    """What the page has before the compiler is there."""
    specs = {}
    for path in shipped_specs().values():
        with open(path, encoding="utf-8") as file:
            specs[os.path.relpath(path, SPECS)] = file.read()
    return {"version": __version__, "words": vocabulary()._asdict(), "specs": specs}


def update(name: str, text: str, version: int, arch: str | None = None) -> str:
    """Compile a text: what is said of it, and what the page shows beside it."""
    global here
    uri = uri_of(os.path.join(SPECS, name))
    if here not in ("", uri):
        desk.close(here)
    here = uri
    desk.put(uri, text, version)
    shown = _shown(arch)
    diagnostics = desk.diagnostics(uri)
    return json.dumps(
        {
            "version": version,
            "diagnostics": diagnostics,
            "actions": desk.actions(uri) if diagnostics else [],
            "hints": desk.inlay_hints(uri),
            "summary": desk.summary(uri, arch=shown),
            "parameters": desk.parameters(uri, arch=shown),
        }
    )


def pane(kind: str, arch: str | None = None, options: str = "{}") -> str:
    """What a tab of the page shows, of the text that was compiled last."""
    shown = _shown(arch)
    if kind == "profile":
        return json.dumps(_profile(shown))
    answer = {
        "drawing": desk.drawing,
        "memory": desk.memory,
        "module": desk.module,
        "manifest": desk.manifest,
    }[kind]
    found = answer(here, arch=shown, **json.loads(options))
    if kind == "drawing":
        found["timed"] = shown is not None and untimed(_manifest(shown)) is None
    return json.dumps(found)


def completion(line: int, character: int) -> str:
    return json.dumps(desk.completion(here, line, character))


def hover(line: int, character: int) -> str:
    return json.dumps(desk.hover(here, line, character))


def signature(line: int, character: int) -> str:
    return json.dumps(desk.signature(here, line, character))


def definition(line: int, character: int) -> str:
    return json.dumps(desk.definition(here, line, character))


def formatting() -> str:
    return json.dumps(desk.formatting(here))


def _networks() -> dict[str, Any]:
    view = desk.view(here)
    return view.kept if view is not None else {}


def _shown(arch: str | None) -> str | None:
    """The network that was chosen, or the first where there is none of that name any more."""
    networks = _networks()
    return arch if arch in networks else next(iter(networks), None)


def _manifest(arch: str) -> dict[str, Any]:
    manifest: dict[str, Any] = _networks()[arch].network.manifest
    return manifest


def _profile(arch: str | None) -> dict[str, Any]:
    """What a report says, as objects; the many rows stay lists, which are quicker to send."""
    found = desk.summary(here, arch=arch)
    if arch is not None:
        network = content.network(_manifest(arch), "network", "", "", pictured=False)
        objects = {name: [one._asdict() for one in getattr(network, name)]
                   for name in ("tiles", "findings")}  # fmt: skip
        found["profile"] = network._asdict() | objects
    return found


def exercise() -> None:
    """Ask every question once, of texts whole and broken: what that loads, the page needs."""
    contents()
    with open(shipped_specs()["efficientnet_b0"], encoding="utf-8") as file:
        whole = file.read()
    broken = whole.replace("stage", "stge", 1), whole.replace("(", "[", 1), "arch a = b(c = 1)", ""
    odd = "\ud800\0" + whole, "# " + "x" * (1 << 20)
    for version, text in enumerate((*broken, *odd, whole)):
        update("text.arch", text, version)
        for kind in ("profile", "drawing", "memory", "module", "manifest"):
            pane(kind)
        for line in range(0, 20, 3):
            completion(line, 9)
            hover(line, 9)
            signature(line, 9)
            definition(line, 9)
        formatting()
    with suppress(KeyError):
        pane("nothing")


gc.freeze()  # all that is loaded stays: no collection looks at it again
gc.enable()  # which `start.py` put off
