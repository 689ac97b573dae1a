"""The playground, built once a run, on a host that is strict about it."""

import functools
import mimetypes
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REQUIRED = os.environ.get("ARCHC_BROWSER") == "required"
UNDER = "/some/where"
"""The path below which the page is, as on a host with other pages."""
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src data: blob:"
)

mimetypes.add_type("text/javascript", ".js")


def tools() -> None:
    """Leave a module of tests out where nothing can be built."""
    if not REQUIRED and (which("npm") is None or which("node") is None):
        pytest.skip("node and npm are not installed", allow_module_level=True)


def publish(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The command that makes it."""
    command = [sys.executable, str(ROOT / "dsl" / "publish"), "playground", "-o", str(folder)]
    return subprocess.run([*command, *more], capture_output=True, text=True, check=False)


class _Strict(SimpleHTTPRequestHandler):
    """Gives files of a folder below a path, with a policy of its own."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def translate_path(self, path: str) -> str:
        inside = path.startswith(f"{UNDER}/")
        return super().translate_path(path.removeprefix(UNDER) if inside else "/nothing")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder's page while it is served."""
    handler = functools.partial(_Strict, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{UNDER}/"
        server.shutdown()
