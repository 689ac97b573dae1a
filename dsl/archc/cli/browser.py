"""A page as PDF or PNG, by a browser of this machine; nothing is fetched for it."""

import os
import re
import shutil
import subprocess
import tempfile

from archc.diagnostics.codes import FILE_UNREADABLE
from archc.diagnostics.model import reject

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("chrome", "msedge", "microsoft-edge"),
)
"""Programs that print pages when they are started without a window; the first there is."""
WIDTH, MOST_HEIGHT = 1280, 16_000
"""Of a PNG, in pixels."""
SECONDS = 120
MARKS = {"pdf": b"\n%archc report\n", "png": b"archc report"}
"""What is written behind the end of a file, where readers of both formats skip it."""


def printed(page: str, form: str) -> bytes:
    """A page, printed.

    Args:
        page: the HTML.
        form: `pdf` or `png`.

    Raises:
        Rejected: there is no browser, or it fails.
    """
    command: tuple[str, ...]
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise reject(
            FILE_UNREADABLE,
            f"no browser is installed, which a {form} needs",
            help="write .html and print it from any browser, or install one of "
            + ", ".join(BROWSERS[:3]),
        )
    with tempfile.TemporaryDirectory(prefix="archc-") as folder:
        source, target = os.path.join(folder, "page.html"), os.path.join(folder, f"page.{form}")
        with open(source, "w", encoding="utf-8") as file:
            file.write(page)
        if form == "pdf":
            command = (f"--print-to-pdf={target}", "--no-pdf-header-footer")
        else:
            # The page's script writes its height where it can be read.
            sized = _run(program, folder, f"--window-size={WIDTH},800", "--dump-dom", source)
            told = re.search(rb'data-height="(\d{1,6})"', sized.stdout)
            height = int(told[1]) if told else 800
            if height > MOST_HEIGHT:
                raise reject(
                    FILE_UNREADABLE,
                    f"this page is {height:,} pixels high, and a browser's picture {MOST_HEIGHT:,} "
                    "at the most",
                    help="write .pdf or .html, or fewer networks",
                )
            size = f"--window-size={WIDTH},{height}"
            command = (size, "--hide-scrollbars", f"--screenshot={target}")
        done = _run(program, folder, *command, source)
        try:
            with open(target, "rb") as made:
                return made.read() + MARKS[form]
        except FileNotFoundError:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            said = f": {last[0][:200]}" if last else ""
            why = (
                f"`{os.path.basename(program)}` wrote no {form} (exit code {done.returncode}){said}"
            )
            raise reject(FILE_UNREADABLE, why, help="write .html in its place") from None


def _run(program: str, folder: str, *options: str) -> "subprocess.CompletedProcess[bytes]":
    # A container has no user for the browser's sandbox; the page is ours and has no foreign script.
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [program, "--headless=new", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    try:
        return subprocess.run(
            [*command, *alone, *options], capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        name = os.path.basename(program)
        raise reject(FILE_UNREADABLE, f"`{name}` failed: {type(error).__name__}") from None
