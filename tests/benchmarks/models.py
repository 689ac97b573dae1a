"""How long `archc profile` of a `.tflite` file takes, beside Vela and with larger files.

    python tests/benchmarks/models.py [--runs N]

Files are made here: 70 operators with 0.4 MB, and 400 operators with 3 MB. Whole processes, in
turn, after one run of each that does not count; medians of CPU time (user and system, the one to
quote on a busy machine) and of wall time. Goals: at least as fast as Vela on 70 operators, and 400
operators in at most twice that. A checkout reads its targets from TOML, which a wheel does not.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "benchmarks")]

from startup import medians, ratio  # noqa: E402

from support.flat import separable  # noqa: E402
from support.vela import ACCELERATOR  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        small, large = (str(Path(folder, f"net_{count}.tflite")) for count in (70, 400))
        Path(small).write_bytes(separable(70, 112))
        Path(large).write_bytes(separable(400, 112))
        sizes = [f"{Path(path).stem}: {os.path.getsize(path):,} bytes" for path in (small, large)]
        print("; ".join(sizes))
        archc = [sys.executable, "-m", "archc", "profile"]
        vela = [sys.executable, "-m", "ethosu.vela", "--accelerator-config", ACCELERATOR]
        commands = [
            [sys.executable, "-c", "pass"],
            [*archc, small],
            [*archc, large],
            [*vela, "--output-dir", folder, small],
        ]
        _, ours, larger, theirs = medians(commands, runs, {**os.environ})
    print(f"Vela on 70 operators: {theirs.cpu * 1e3:.0f} ms cpu, {theirs.wall * 1e3:.0f} ms wall")
    ratio("archc profile, 70 operators, over Vela", ours, theirs, "at most 1")
    ratio("archc profile, 400 operators, over 70", larger, ours, "at most 2")


if __name__ == "__main__":
    main()
