"""How long the language server takes to answer while somebody types:
`python tests/benchmarks/server.py`.

A spec of 60 operators is changed, a character at a time, and after each change the editor asks what
it asks then: hints, completion, hover. Times are from the change to the last answer, through the
protocol; beside them stands the start of a bare interpreter.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from lsprotocol import types
from pygls.lsp.client import LanguageClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.sixty import SPEC

ROUNDS = 60


async def times(folder: Path) -> dict[str, list[float]]:
    client = LanguageClient("benchmark", "1")
    arrived = asyncio.Event()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: types.PublishDiagnosticsParams) -> None:
        arrived.set()

    await client.start_io(sys.executable, "-m", "archc", "lsp")
    await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
    client.initialized(types.InitializedParams())
    uri = (folder / "sixty.arch").as_uri()
    item = types.TextDocumentItem(uri, "arch", 1, SPEC)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    found: dict[str, list[float]] = {
        "hints, completion and hover": [],
        "hints alone": [],
        "diagnostics, their pause of 100 ms included": [],
    }
    named = types.TextDocumentIdentifier(uri)
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))
    here = types.Position(3, 60)
    typed = ["16", "1", "", "1", "24"]
    for number in range(ROUNDS):
        text = SPEC.replace("channels = 16", f"channels = {typed[number % len(typed)]}")
        version = types.VersionedTextDocumentIdentifier(number + 2, uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        arrived.clear()
        begun = perf_counter()
        client.text_document_did_change(types.DidChangeTextDocumentParams(version, [change]))
        await client.text_document_inlay_hint_async(types.InlayHintParams(named, whole))
        hinted = perf_counter()
        await client.text_document_completion_async(types.CompletionParams(named, here))
        await client.text_document_hover_async(types.HoverParams(named, here))
        answered = perf_counter()
        await arrived.wait()
        told = perf_counter()
        found["hints alone"].append(hinted - begun)
        found["hints, completion and hover"].append(answered - begun)
        found["diagnostics, their pause of 100 ms included"].append(told - begun)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return found


def bare() -> float:
    """Seconds that a bare interpreter takes to start and end, the median of ten."""
    taken = []
    for _ in range(10):
        begun = perf_counter()
        subprocess.run([sys.executable, "-I", "-c", ""], check=True)
        taken.append(perf_counter() - begun)
    return statistics.median(taken)


def main() -> None:
    start = bare()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(times(Path(folder)))
    print(f"{'':<46}{'median':>9}{'95 %':>9}  of a bare start ({start * 1000:.0f} ms)")
    for name, taken in found.items():
        median = statistics.median(taken)
        high = sorted(taken)[int(len(taken) * 0.95)]
        print(f"{name:<46}{median * 1000:>6.0f} ms{high * 1000:>6.0f} ms{median / start:>8.1f}x")


if __name__ == "__main__":
    main()
