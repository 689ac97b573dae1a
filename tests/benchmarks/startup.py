"""How long the command takes to start, as ratios measured in one run.

    python tests/benchmarks/startup.py [--against PYTHON] [--runs N]

Run it with the Python of an environment in which a wheel is installed: a checkout has no generated
modules, and pays for making what they hold. `--against` is the Python of another environment, with
the wheel of an older commit. Whole processes, in turn; medians of CPU time (user and system, the
one to quote on a busy machine) and of wall time.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SPEC = str(ROOT / "specs" / "dscnn_a05.arch")
RATE = """
import sys, time
import archc
path, count = sys.argv[1], int(sys.argv[2])
for warm in range(5):
    archc.compile_file(path, alpha=f"0.9{warm}")
start = time.process_time()
for number in range(count):  # each with widths of its own
    compiled = archc.compile_file(path, alpha=f"{0.3 + number / 50:.2f}")
    compiled.module_source, compiled.manifest
print((time.process_time() - start) / count)
"""
COMPILES = 60
OWN = ("archc", "lark", "jinja2", "markupsafe")


class Spent(NamedTuple):
    """Seconds of one process."""

    cpu: float
    wall: float


def spent(command: list[str], environment: dict[str, str]) -> Spent:
    """What one run of a command takes.

    Raises:
        SystemExit: it fails.
    """
    with tempfile.TemporaryFile() as said:
        start = perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=ROOT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command} failed:\n{said.read().decode()}")
    return Spent(usage.ru_utime + usage.ru_stime, wall)


def medians(commands: list[list[str]], runs: int, environment: dict[str, str]) -> list[Spent]:
    """Medians of commands that are run in turn, after one run of each that does not count."""
    for command in commands:
        spent(command, environment)
    taken = [[spent(command, environment) for command in commands] for _ in range(runs)]
    return [
        Spent(median(one.cpu for one in runs), median(one.wall for one in runs))
        for runs in zip(*taken, strict=True)
    ]


def ratio(what: str, first: Spent, second: Spent, goal: str) -> None:
    cpu, wall = first.cpu / second.cpu, first.wall / second.wall
    print(f"{what:<52} cpu {cpu:6.2f}  wall {wall:6.2f}  {first.cpu * 1e3:8.1f} ms cpu  ({goal})")


def imports(command: list[str], environment: dict[str, str]) -> None:
    """Print self times of imports by package."""
    run = [sys.executable, "-X", "importtime", "-m", "archc", *command]
    least: dict[str, float] = {}
    for _ in range(7):
        done = subprocess.run(
            run, capture_output=True, text=True, check=True, cwd=ROOT, env=environment
        )
        for own, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", done.stderr):
            least[name] = min(least.get(name, float("inf")), int(own) / 1e3)
    groups: dict[str, list[float]] = {}
    for name, taken in least.items():
        top = name.split(".")[0]
        groups.setdefault(top if top in OWN else "standard library", []).append(taken)
    for group, times in sorted(groups.items(), key=lambda item: -sum(item[1])):
        count = f"{len(times)} modules"
        print(f"    importing {group:<17}{count:>12}{sum(times):7.1f} ms (-X importtime slows it)")


def rate(python: str, environment: dict[str, str]) -> float:
    """Seconds of CPU for one compile in a process that does many."""
    command = [python, "-c", RATE, str(ROOT / "specs" / "dscnn.arch"), str(COMPILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def chain(operators: int) -> str:
    """A spec with a chain of that many operators, all written out."""
    statements = "    conv(8) batchnorm relu6\n" * (operators // 3)
    return f"arch chain_{operators} {{ input image: 8 x 8 x 8\nstage s {{\n{statements}}}\n}}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15, help="counted runs of each command")
    parser.add_argument("--against", metavar="PYTHON", help="of an environment with an older wheel")
    options = parser.parse_args()
    archc = str(Path(sys.executable).with_name("archc"))
    bare = [sys.executable, "-c", "pass"]
    with tempfile.TemporaryDirectory() as folder:
        build = [archc, SPEC, "-o", os.path.join(folder, "out")]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        always = environment | {"ARCHC_CACHE": ""}
        noted = environment | {"ARCHC_CACHE": os.path.join(folder, "cache")}
        full, check, nothing = medians([build, [archc, "check", SPEC], bare], options.runs, always)
        ratio("archc SPEC -o DIR : python -c pass", full, nothing, "at most 6, aim 4")
        ratio("archc check SPEC : python -c pass", check, nothing, "at most 6, aim 4")
        same, nothing = medians([build, bare], options.runs, noted)
        ratio(
            "the same again, nothing changed : python -c pass", same, nothing, "at most 3, aim 1.7"
        )
        print(f"    python -c pass {nothing.cpu * 1e3:5.1f} ms cpu; of the full run:")
        imports([SPEC, "-o", os.path.join(folder, "out")], always)

        if options.against:
            pairs = [
                (rate(options.against, always), rate(sys.executable, always)) for _ in range(5)
            ]
            old, new = (median(times) for times in zip(*pairs, strict=True))
            print(
                f"compile_file of dscnn, new alpha each time: {old / new:.2f} times the rate of "
                f"--against ({old * 1e3:.2f} ms, {new * 1e3:.2f} ms cpu; at least 2, aim 2.5)"
            )
        paths = []
        for count in (20_000, 2_000):
            paths.append(os.path.join(folder, f"chain_{count}.arch"))
            Path(paths[-1]).write_text(chain(count))
        commands = [[archc, path, "-o", os.path.join(folder, "many")] for path in paths]
        large, small = medians(commands, max(3, options.runs // 5), always)
        ratio("20,000 operators : 2,000 operators", large, small, "at most 10")


if __name__ == "__main__":
    main()
