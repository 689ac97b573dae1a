"""What the estimate of time and placement adds to a compile: `python tests/benchmarks/latency.py`.

Compiles in one process, in turn judged by the target and by the same target without times, whose
plan of buffers is made beforehand, and prints the median of the ratios of processor times.
"""

import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "dsl")]

import archc  # noqa: E402
from archc import driver  # noqa: E402
from archc.analysis.latency import Net, prepare  # noqa: E402
from archc.targets import builtin as targets  # noqa: E402
from archc.targets.model import Target  # noqa: E402
from archc.targets.pools import memories, plan  # noqa: E402

SPECS = ("dscnn_a05_ir_se", "mobilenet_v2_a10", "efficientnet_b0")
ROUNDS = 15


def spent(spec: str, target: Target) -> float:
    """Seconds of processor time that a compile takes, judged by a target of that name."""
    targets._known[target.name] = target
    nothing = prepare(Net((), (), (), ()), memories(target.boards[0], ()))
    driver.plan = plan if target.timing else lambda *_: nothing  # type: ignore[attr-defined]
    start = time.process_time()
    archc.compile_file(ROOT / "specs" / f"{spec}.arch")
    return time.process_time() - start


def main() -> None:
    timed = targets.builtin("stm32n6")
    untimed = timed._replace(timing=None)
    for spec in SPECS:
        spent(spec, timed), spent(spec, untimed)
        ratios = [spent(spec, timed) / spent(spec, untimed) for _ in range(ROUNDS)]
        print(f"{spec}: {median(ratios):.3f} times a compile without it")


if __name__ == "__main__":
    main()
