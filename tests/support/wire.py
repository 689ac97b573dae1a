"""The language server as a process that is sent whatever a test likes, whole messages or not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PATIENCE = 60


def message(body: Any) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(data), data)


def request(id: Any, method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def notification(method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


INITIALIZE = request("first", "initialize", {"capabilities": {}, "processId": None})
OPENED = notification("initialized", {})
END = (request("last", "shutdown", None), notification("exit", None))


def opened(uri: str, text: str) -> dict[str, Any]:
    item = {"uri": uri, "languageId": "arch", "version": 1, "text": text}
    return notification("textDocument/didOpen", {"textDocument": item})


class Said:
    """What a server answered: responses by id, and notifications."""

    def __init__(self, out: bytes, err: bytes, code: int) -> None:
        self.answers: dict[Any, list[dict[str, Any]]] = {}
        self.order: list[dict[str, Any]] = []
        self.notified: list[dict[str, Any]] = []
        self.err, self.code = err.decode(), code
        while out:
            head, _, rest = out.partition(b"\r\n\r\n")
            length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            body, out = json.loads(rest[:length]), rest[length:]
            if "method" in body:
                self.notified.append(body)
            else:
                self.order.append(body)
                self.answers.setdefault(body["id"], []).append(body)

    def errors(self, id: Any) -> list[int | None]:
        """The codes of the errors that a request was answered with; None of a result."""
        return [one.get("error", {}).get("code") for one in self.answers.get(id, [])]


def talk(*messages: Any, folder: Path | None = None) -> Said:
    """Send messages, the usual first and last ones about them, and gather what comes back."""
    return raw(*(message(one) for one in (INITIALIZE, OPENED, *messages, *END)), folder=folder)


def raw(*data: bytes, folder: Path | None = None) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "archc", "lsp"],
        input=b"".join(data),
        capture_output=True,
        timeout=PATIENCE,
        cwd=folder,
        check=False,
    )
    return Said(done.stdout, done.stderr, done.returncode)
