"""A space of small networks, objectives that train nothing, and searches through them."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SPEC = """arch a(width = 8 in 8 .. 64 step 8, side = 8 in [8, 12, 16], unit = ds in [ds, conv]) {
    target stm32n6
    input image: side x side x 3
    stage s(channels = width) { conv(kernel = 3x3) }
    stage t(channels = 2 * width, stride = 2) { unit }
    head { global_average_pool dense(4) }
}
"""
"""48 variants, all different networks."""

OBJECTIVE = '''"""Objectives for a search: `log` has the begin and the end of each call."""
import os, time

def note(what, manifest):
    with open(os.environ.get("LOG", "log"), "a") as file:
        file.write(f"{what} {manifest['model']['source_digest']} {time.time()}\\n")

def score(manifest, build_model):
    note("begin", manifest)
    time.sleep(float(os.environ.get("SLEEP", "0")))
    note("end", manifest)
    return manifest["totals"]["params"] ** 0.5

def fails(manifest, build_model):
    raise ValueError("no data")

def some(manifest, build_model):
    if manifest["totals"]["macs"] % 2 == 0:
        raise ValueError("even")
    return 1.0

number = 3
'''

COMMAND = ("search", "a.arch", "--objective", "mine:score", "--maximize", "accuracy")


def prepare(folder: Path) -> None:
    """Put the spec and the objectives into a folder."""
    (folder / "a.arch").write_text(SPEC)
    (folder / "mine.py").write_text(OBJECTIVE)


def start(folder: Path, *more: str, **environment: str) -> "subprocess.Popen[str]":
    """A worker as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "archc", *COMMAND, *more],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begin_again(folder: Path, *more: str, **environment: str) -> "subprocess.Popen[str]":
    """The same for one whose output nobody reads."""
    return subprocess.Popen(
        [sys.executable, "-m", "archc", *COMMAND, *more],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=open(folder / "said", "a"),  # it is the process that has it
        text=True,
    )


def calls(folder: Path) -> list[tuple[str, str]]:
    """What objectives noted: `begin` or `end`, and the digest of the variant."""
    try:
        lines = (folder / "log").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(what, variant) for what, variant, _ in map(str.split, lines)]


def states(folder: Path, storage: str = "a_search/search.db") -> dict[str, int]:
    """How many trials a SQLite file has in each state."""
    with sqlite3.connect(folder / storage) as connection:
        query = "select state, count(*) from trials group by state"
        found = dict(connection.execute(query).fetchall())
    connection.close()
    return found
