"""Builds that are killed, that run at once, and commands interrupted by Ctrl-C:

    python tests/fuzz/interrupted.py [kill] [pairs] [ctrl-c] [--kills N] [--pairs N] [--ctrl-c N]

Every command is a process of its own that writes one of two variants of the same networks.

kill: `kill -9` at a random moment; half of the moments are chosen from the time in which the
output folder changes, which is short. A set that is part old, part new is told by `--check` and by
the registry; the next build leaves one whole set and nothing else.
pairs: two builds into one folder: one whole set, and who cannot wait says who has the lock.
ctrl-c: SIGINT to the process and its children, also while modules are imported: exit code 130, no
traceback, outputs as they were or as they shall be.

The seed is fixed, `FUZZ_SEED` changes it. `files/test_interrupted` and `cli/test_interrupt` try
a few in CI, at chosen steps.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from archc.files.lock import LOCK  # noqa: E402
from support import mlperf  # noqa: E402

SPECS = sorted((ROOT / "specs").glob("*.arch"))
VARIANTS = ("old", "new")
PYTHON = (sys.executable, "-m", "archc")
SECONDS = 300
"""After which a command counts as hanging."""
INTERRUPTED = (130, -signal.SIGINT)
"""A shell reports 130 of both; the signal itself ends an interpreter that is already leaving."""
SAID = ("Traceback", "internal error", "Exception ignored", "bug in archc, not of")
"""What a user never sees of an interrupted command."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    output: str


class Folder:
    """A working folder with both variants of the specs and what each compiles to."""

    def __init__(self, path: Path, specs: list[Path]) -> None:
        self.path = path
        self.output = path / "out"
        self.names = [spec.name for spec in specs]
        for variant in VARIANTS:
            copy = path / variant
            shutil.copytree(ROOT / "specs", copy)
            for spec in copy.rglob("*.arch"):
                spec.write_text(f"{spec.read_text('utf-8')}\n# the {variant} one\n", "utf-8")
        self.whole = {variant: self._whole(variant) for variant in VARIANTS}
        assert all(self.whole["old"][name] != self.whole["new"][name] for name in self._networks())

    def _networks(self) -> list[str]:
        return [name for name in self.whole["old"] if name != "__init__.py"]

    def _whole(self, variant: str) -> dict[str, bytes]:
        ended = self.finish(self.build(variant, f"whole_{variant}"))
        assert ended.code == 0, ended.output
        return contents(self.path / f"whole_{variant}")

    def build(self, variant: str, output: str = "out") -> subprocess.Popen[bytes]:
        return self.start([*(f"{variant}/{name}" for name in self.names), "-o", output])

    def start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own, as a shell does."""
        return subprocess.Popen(
            [*PYTHON, *arguments],
            cwd=self.path,
            env={**os.environ, "ARCHC_CACHE": str(self.path / "cache")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[bytes]) -> Ended:
        output, _ = process.communicate(timeout=SECONDS)
        return Ended(process.returncode, output.decode("utf-8", "replace"))

    def run(self, arguments: list[str]) -> Ended:
        return self.finish(self.start(arguments))

    def standing(self) -> str:
        """The variant that the output folder holds, or `mixed`."""
        here = contents(self.output)
        return next((name for name, whole in self.whole.items() if here == whole), "mixed")

    def left(self) -> list[str]:
        """What is in the output folder and no output."""
        return sorted(path.name for path in self.output.iterdir() if path.name[0] == ".")

    def check(self, variant: str) -> Ended:
        specs = [f"{variant}/{name}" for name in self.names]
        return self.run([*specs, "-o", "out", "--check"])

    def registry(self) -> str:
        """What the registry of the output folder says where it refuses; building needs Keras, so
        what it says of that counts as nothing."""
        program = "import out; out.build_model(next(iter(out.list_models())))"
        done = subprocess.run(
            [sys.executable, "-S", "-c", program], cwd=self.path, capture_output=True, check=False
        )
        said = done.stderr.decode("utf-8", "replace")
        return said if "RuntimeError" in said else ""


def contents(folder: Path) -> dict[str, bytes]:
    """The outputs in a folder."""
    if not folder.is_dir():
        return {}
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.name[0] != "."
    }


def took(folder: Folder, arguments: list[str]) -> float:
    """Seconds of a command, the median of three."""
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        ended = folder.run(arguments)
        assert ended.code in (0, 1), ended.output
        seconds.append(time.monotonic() - began)
    return sorted(seconds)[1]


# --- kill -9 -----------------------------------------------------------------------------------


def kills(folder: Folder, count: int, random: Random) -> int:
    """Kill builds and look at what is left; how many things were wrong."""
    wrong = 0
    seen: Counter[str] = Counter()
    specs = [f"old/{name}" for name in folder.names]
    seconds = took(folder, [*specs, "-o", "out"])
    for number in range(count):
        before, variant = folder.standing(), VARIANTS[number % 2]
        process = folder.build(variant)
        if number % 4 < 2:
            time.sleep(random.uniform(0, seconds))
        else:
            _until_locked(folder.output, process)
            time.sleep(random.uniform(0, 0.02))
        process.kill()
        ended = folder.finish(process)
        here = folder.standing()
        seen["killed" if ended.code == -signal.SIGKILL else "finished before"] += 1
        seen["with something left over"] += bool(folder.left())
        faults = []
        if here == "mixed":
            seen["mixed"] += 1
            told = folder.check(variant)
            if told.code != 1 or "output_mixed" not in told.output:
                faults.append(f"--check: {told}")
            if "interrupted" not in (said := folder.registry()):
                faults.append(f"the registry: {said!r}")
        elif here not in (before, variant):
            faults.append(f"{here} out of {before} and {variant}")
        following = folder.finish(folder.build(random.choice(VARIANTS)))
        if following.code != 0 or folder.standing() == "mixed" or folder.left():
            faults.append(f"then {folder.standing()}, {folder.left()}: {following}")
        wrong += _tell(f"kill {number}", faults)
    print(f"kill -9: {count} builds of {len(folder.whole['old'])} files, {_said(seen)}; "
          f"{wrong} wrong")  # fmt: skip
    return wrong


def _until_locked(output: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a build begins to write."""
    while process.poll() is None and not (output / LOCK).exists():
        time.sleep(0.0005)


# --- two at once -------------------------------------------------------------------------------


def pairs(folder: Folder, count: int, random: Random) -> int:
    """Build both variants at once; how many things were wrong."""
    wrong = 0
    seen: Counter[str] = Counter()
    for number in range(count):
        if number % 2:
            shutil.rmtree(folder.output, ignore_errors=True)
        first = folder.build(VARIANTS[number % 2])
        time.sleep(random.uniform(0, 0.05))
        second = folder.build(VARIANTS[1 - number % 2])
        ended = [folder.finish(process) for process in (first, second)]
        faults = []
        for one in ended:
            refused = one.code == 1 and "output_locked" in one.output
            seen["refused, with the holder"] += refused
            if one.code != 0 and not (refused and "process" in one.output):
                faults.append(str(one))
        here = folder.standing()
        seen[here] += 1
        if here == "mixed" or folder.left():
            faults.append(f"{here}, {folder.left()}")
        elif number % 10 == 0 and (told := folder.check(here)).code:
            faults.append(f"--check: {told}")
        wrong += _tell(f"pair {number}", faults)
    print(f"two at once: {count} pairs, {_said(seen)}; {wrong} wrong")
    return wrong


# --- Ctrl-C ------------------------------------------------------------------------------------


def commands(folder: Folder) -> list[list[str]]:
    """What is interrupted; those that read models where these are at hand."""
    (folder.path / "x.arch").write_text("arch a { input i: 8 x 8 x 8 head { relu6 } }\n")
    found = [
        [*(f"{{}}/{name}" for name in folder.names), "-o", "out"],
        ["{}/dscnn_a05.arch", "-o", "one"],
        ["check", "{}/dscnn_a05.arch"],
        ["profile", "{}/mobilenet_v2_a035.arch"],
        ["diff", "{}/dscnn_a05.arch", "{}/dscnn_a025.arch"],
        ["sweep", "{}/dscnn.arch", "alpha=0.25,0.5,0.75,1"],
        ["graph", "{}/dscnn_a05.arch", "-o", "a.svg"],
        ["explain", "shape"],
        ["fmt", "--check", "x.arch"],
        ["targets"],
        ["manual"],
    ]
    if mlperf.REAL.is_dir():
        network = mlperf.NETWORKS["resnet"]
        mlperf.compiled("resnet").write(folder.path)
        for file in (network.tflite, network.h5):
            found.append(["verify", "resnet.manifest.json", str(mlperf.REAL / str(file))])
    return found


def interrupts(folder: Folder, count: int, random: Random) -> int:
    """Interrupt commands; how many things were wrong."""
    wrong = 0
    seen: Counter[str] = Counter()
    folder.finish(folder.build("old"))
    given = commands(folder)
    seconds = [took(folder, [word.format("old") for word in words]) for words in given]
    startup = bare()
    for number in range(count):
        place = number % len(given)
        variant = random.choice(VARIANTS)
        arguments = [word.format(variant) for word in given[place]]
        process = folder.start(arguments)
        time.sleep(random.uniform(startup, max(seconds[place], startup)))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        ended = folder.finish(process)
        code = "interrupted" if ended.code in INTERRUPTED else f"exit code {ended.code}"
        seen[code] += 1
        faults = []
        if ended.code not in (0, 1, *INTERRUPTED) or any(said in ended.output for said in SAID):
            faults.append(f"{' '.join(arguments)[-60:]}: {ended}")
        if folder.standing() == "mixed" or folder.left():
            faults.append(f"{folder.standing()}, {folder.left()}")
            folder.finish(folder.build("old"))
        wrong += _tell(f"Ctrl-C {number}", faults)
    if not seen["interrupted"]:
        wrong += _tell("Ctrl-C", ["nothing was interrupted"])
    print(f"Ctrl-C: {count} commands of {len(given)} kinds, {_said(seen)}; {wrong} wrong")
    return wrong


def bare() -> float:
    """Seconds until an interpreter reaches the first line of ours: before that, Ctrl-C is
    answered by Python itself."""
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import archc.cli"], check=True)
        seconds.append(time.monotonic() - began)
    return max(seconds)


def _tell(what: str, faults: list[str]) -> bool:
    for fault in faults:
        print(f"{what}: {fault}", flush=True)
    return bool(faults)


def _said(seen: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(seen.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["kill", "pairs", "ctrl-c"])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--ctrl-c", type=int, default=360)
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    wrong = 0
    path = Path(tempfile.mkdtemp(prefix="archc-interrupted-"))
    try:
        folder = Folder(path, SPECS)
        for what in given.what:
            run = {"kill": (kills, given.kills), "pairs": (pairs, given.pairs),
                   "ctrl-c": (interrupts, given.ctrl_c)}[what]  # fmt: skip
            wrong += run[0](folder, run[1], Random(int(os.environ.get("FUZZ_SEED", "0"))))
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
