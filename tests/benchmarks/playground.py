"""How fast the playground is: `python tests/benchmarks/playground.py [FOLDER]`.

In Chromium, from loopback: bytes on the wire, the first result of a visit, from a keystroke to what
is shown of it, and memory over recompiles. FOLDER is one that `python dsl/publish playground` made;
by default it is made anew. On a machine with other work wall time says little: CPU seconds of all
processes of the browser stand beside it.
"""

import argparse
import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from statistics import median
from time import sleep
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dsl"), str(ROOT / "tests")]

from playwright.sync_api import sync_playwright  # noqa: E402

from archc.cli.browser import BROWSERS  # noqa: E402
from support import playground  # noqa: E402
from support.sixty import SPEC  # noqa: E402

FIRST = "#spec=dscnn_a05.arch"
RECOMPILES = 1_000
TICKS = os.sysconf("SC_CLK_TCK")


def descendants() -> Iterator[int]:
    """The processes below this one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    waiting = [os.getpid()]
    while waiting:
        below = parents.get(waiting.pop(), [])
        waiting += below
        yield from below


def used() -> dict[int, int]:
    """Ticks of CPU time of each process of the browser so far."""
    spent = {}
    for process in descendants():
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[process] = int(fields[11]) + int(fields[12])
    return spent


def since(before: dict[int, int]) -> float:
    """CPU seconds since then, of the processes that are left: those of a closed page are gone."""
    now = used()
    return sum(ticks - before.get(process, 0) for process, ticks in now.items()) / TICKS


@contextmanager
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.goto(address, wait_until="commit")
    opened.evaluate(FIRST_RESULT)
    yield opened
    context.close()


FIRST_RESULT = """() => new Promise((done) => {
  new PerformanceObserver((list, observer) => {
    const [first] = list.getEntriesByName("first-result");
    if (first) { observer.disconnect(); done(first.startTime); }
  }).observe({type: "mark", buffered: true});
})"""
"""When the first result was shown, in milliseconds. Nothing polls for it, which would take time
from what is measured."""


def wait(opened: Any, script: str) -> None:
    while not opened.evaluate(script):
        sleep(0.005)


def wire(browser: Any, folder: Path, address: str) -> None:
    """What a first visit takes: texts as a host compresses them, parts as they are."""
    asked: dict[str, int] = {}
    context = browser.new_context()
    opened = context.new_page()

    def count(request: Any) -> None:
        name = request.url.partition("#")[0].removeprefix(address) or "index.html"
        data = (folder / name).read_bytes()
        asked[name] = len(data if name.endswith(".bin") else gzip.compress(data, 9))

    context.on("request", count)
    opened.goto(address + FIRST)
    wait(opened, "globalThis.playground?.settled()")
    opened.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for name, size in sorted(asked.items(), key=lambda one: -one[1]):
        print(f"    {size:>9,}  {name}")
    print(f"on the wire, {len(asked)} files: {sum(asked.values()) / 1e6:.2f} MB")
    context.close()


def first(browser: Any, address: str, runs: int) -> None:
    walls, spent = [], []
    for _ in range(runs):
        before = used()
        with page(browser, address + FIRST) as opened:
            spent.append(since(before))
            walls.append(opened.evaluate(FIRST_RESULT))
    print(f"first result of dscnn_a05: median {median(walls) / 1000:.2f} s, best "
          f"{min(walls) / 1000:.2f} s; {median(spent):.2f} s of CPU")  # fmt: skip


KEY = """async (number) => {
  const {view, settled} = playground;
  const at = view.state.doc.toString().indexOf("channels = ") + "channels = ".length;
  const begun = performance.now();
  view.dispatch({changes: {from: at, to: at + 2, insert: String(16 + number % 2 * 8)}});
  while (!settled()) await new Promise((done) => { setTimeout(done, 1); });
  await new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); });
  return performance.now() - begun;
}"""


def keys(opened: Any, name: str, text: str, runs: int) -> None:
    put(opened, text)
    taken = sorted(opened.evaluate(KEY, number + 1) for number in range(runs))
    before = used()
    for number in range(runs):
        opened.evaluate(KEY, number + 1)
    spent = since(before) / runs
    print(f"keystroke to shown, {name}: median {median(taken):.0f} ms, 95 % "
        f"{taken[int(runs * 0.95)]:.0f} ms, best {taken[0]:.0f} ms, pause included; "
          f"{spent * 1000:.0f} ms of CPU")  # fmt: skip


def put(opened: Any, text: str) -> None:
    opened.evaluate(
        """(text) => playground.view.dispatch({changes: {
          from: 0, to: playground.view.state.doc.length, insert: text,
        }})""",
        text,
    )
    wait(opened, "playground.settled()")


def memory(opened: Any, text: str, recompiles: int) -> None:
    """The compiler's heap over recompiles of a text that changes."""
    put(opened, text)
    sizes = []
    for tenth in range(10):
        opened.evaluate(
            """async ([text, first, count]) => {
              for (let number = first; number < first + count; number++) {
                await playground.compiler.ask("update", "text.arch", `${text}# ${number}`, number);
                await playground.compiler.ask("pane", "profile", undefined, "{}");
              }
            }""",
            [text, 10_000 + tenth * recompiles // 10, recompiles // 10],
        )
        sizes.append(opened.evaluate("playground.compiler.ask('memory')") / (1 << 20))
    said = ", ".join(f"{size:.0f}" for size in sizes)
    print(f"heap of the compiler over {recompiles:,} recompiles, each tenth: {said} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--recompiles", type=int, default=RECOMPILES)
    options = parser.parse_args()
    program = next(filter(None, map(which, BROWSERS)), None)
    efficient = (ROOT / "specs" / "efficientnet_b0.arch").read_text("utf-8")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as driver:
        folder = options.folder or Path(made) / "site"
        if options.folder is None:
            done = playground.publish(folder)
            if done.returncode:
                sys.exit(done.stderr)
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        print(f"Chromium {browser.version}, load {os.getloadavg()[0]:.0f}")
        with playground.served(folder) as address:
            wire(browser, folder, address)
            first(browser, address, options.runs)
            with page(browser, address) as opened:
                keys(opened, "60 operators", SPEC, options.runs * 3)
                keys(opened, "EfficientNet-B0", efficient, options.runs * 3)
                memory(opened, efficient, options.recompiles)
        browser.close()


if __name__ == "__main__":
    main()
