"""Firefox, driven by WebDriver BiDi, which it speaks by itself.

Playwright asks Firefox for commands that its releases with long support lack, so that this is our
own: a web socket, and the few commands that the tests need.
https://w3c.github.io/webdriver-bidi/
"""

import base64
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which
from typing import Any

PROGRAM = next(filter(None, map(which, ("firefox", "firefox-esr"))), None)
PATIENCE = 60
"""Seconds for an answer: machines of CI are busy."""


class Socket:
    """The client's side of a web socket: texts go out and come in. RFC 6455."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self.line = socket.create_connection((host, port), PATIENCE)
        self.stream = self.line.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = list(iter(self.stream.readline, b"\r\n"))
        assert b" 101 " in head[0], head

    def send(self, text: str, kind: int = 1) -> None:
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, size)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self.line.sendall(head + mask + masked)

    def receive(self) -> str:
        """The next text, of however many frames."""
        text = b""
        while True:
            first, second = self.stream.read(2)
            size = second & 127
            if size == 126:
                (size,) = struct.unpack("!H", self.stream.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.stream.read(8))
            data = self.stream.read(size)
            kind = first & 15
            if kind == 9:  # a ping
                self.send(data.decode(), 10)
            elif kind == 8:
                raise EOFError("Firefox closed the session")
            elif kind in (0, 1):
                text += data
                if first & 0x80:
                    return text.decode()

    def close(self) -> None:
        self.stream.close()
        self.line.close()


class Firefox:
    """A session with one window."""

    def __init__(self, line: Socket) -> None:
        self.line = line
        self.count = 0
        self.told: list[str] = []
        """What pages wrote on their consoles."""
        self.command("session.new", capabilities={})
        self.command("session.subscribe", events=["log.entryAdded"])
        tree = self.command("browsingContext.getTree")
        self.window = tree["contexts"][0]["context"]

    def command(self, method: str, **parameters: Any) -> Any:
        """What a command answers.

        Raises:
            AssertionError: it failed.
        """
        self.count += 1
        self.line.send(json.dumps({"id": self.count, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.line.receive())
            if answer.get("method") == "log.entryAdded":
                self.told.append(str(answer["params"]["text"]))
            if answer.get("id") == self.count:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address: str) -> None:
        self.command("browsingContext.navigate", context=self.window, url=address, wait="complete")

    def js(self, script: str) -> Any:
        """The value of an expression, through JSON."""
        result = self.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})) ?? 'null')()",
            target={"context": self.window},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def until(self, script: str) -> None:
        """Wait until an expression is true."""
        wait = "new Promise((done) => setTimeout(done, 20))"
        self.js(
            f"(async () => {{ for (let at = 0; at < 1500; at++) {{ if ({script}) return true; "
            f"await {wait}; }} throw new Error('it did not come to that') }})()"
        )


@contextmanager
def running() -> Iterator[Firefox]:
    """Firefox, without a window on the screen, with a profile of its own."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="archc-firefox-") as profile:
        process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-remote", "--profile", profile,
             "--remote-debugging-port", "0"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            assert process.stderr is not None
            for said in process.stderr:
                listening = re.search(r"BiDi listening on ws://([\d.]+):(\d+)", said)
                if listening:
                    break
            else:
                raise AssertionError("Firefox did not start")
            line = Socket(listening[1], int(listening[2]), "/session")
            try:
                yield Firefox(line)
            finally:
                line.close()
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)
