"""Sweeps against this build's own full compiles, in one process and, in the last row, in two:

    python tests/benchmarks/sweep.py [--rows 1000000]

For each space: the CPU seconds of a full compile with nothing but the parameters changed (the best
of several, the spec parsed before), those of a sweep of all figures from nothing, with traces and
checks of classes, and of a second pass; and how many times the rate of compiles that is. At first
what a sweep of so many variants adds to the memory of the process.
"""

import argparse
import gc
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dsl"), str(ROOT / "tests")]

from archc.garbage import uncollected  # noqa: E402
from archc.space.engine import Space  # noqa: E402
from archc.space.jobs import evaluated  # noqa: E402
from archc.space.pieces import Wanted  # noqa: E402
from archc.space.question import FIGURES  # noqa: E402
from support.carried import carried  # noqa: E402
from support.spaces import space  # noqa: E402

SPECS = ROOT / "specs"
DSCNN = ("alpha=0.1..2.0:0.01", "num_classes=2..100", "height=16..100", "width=16..300:4")
EFFICIENTNET = ("resolution=96..320:2", "num_classes=2..1000")
PER_STAGE = """arch perstage(alpha = 1.0 in 0.05 .. 4.0, height = 64 in 8 .. 1024,
    u1 = ds, u2 = ds, u3 = ds, u4 = ds) {
    target stm32n6
    input spectrogram: height x 256 x 1
    stage stage1(channels = 64 * alpha, stride = 2) { u1 }
    stage stage2(channels = 128 * alpha, stride = 2) { u2 }
    stage stage3(channels = 256 * alpha, stride = 2) { u3 }
    stage stage4(channels = 512 * alpha, stride = 2) { u4 }
    head { global_average_pool dropout(0.5) dense(100) sigmoid }
}
block five(channels, stride = 1) {
    skip { dwconv(5x5, stride) batchnorm relu6 conv(channels) batchnorm relu6 }
}
block full(channels, stride = 1) { conv(channels, 3x3, stride) batchnorm relu6 }
"""
STRUCTURES = 150
UNITS = ("ds", "ir", "ir(expansion = 3)", "five", "full")


def compile_seconds(made: Space, rows: list[int]) -> float:
    """Of one full compile: the best of several, which is the hardest to beat."""
    best = float("inf")
    with uncollected():  # as the command and the library compile
        for row in rows * 3:
            start = time.process_time()
            made.compile(row)
            best = min(best, time.process_time() - start)
    return best


def sweep_seconds(made: Space, start: int, stop: int) -> float:
    began = time.process_time()
    for _ in made.batches(start, stop):
        pass
    return time.process_time() - began


def report(name: str, made: Space, rows: int) -> None:
    rows = min(rows, made.grid.size)
    start = (made.grid.size - rows) // 2
    one = compile_seconds(made, [start, start + rows // 2, start + rows - 1])
    cold = sweep_seconds(made, start, start + rows)
    warm = sweep_seconds(made, start, start + rows)
    print(
        f"{name}: {rows:,} rows, {made.count} classes; compile {1000 * one:.1f} ms; "
        f"cold {rows / cold:,.0f}/s = {rows / cold * one:,.0f} times; "
        f"warm {rows / warm:,.0f}/s = {rows / warm * one:,.0f} times",
        flush=True,
    )


def stages() -> Space:
    """All structures of five blocks by stages."""
    units = [f"u{place}=[{', '.join(UNITS)}]" for place in range(1, 5)]
    return space(PER_STAGE, *units, "alpha=0.05..2.0:0.05", "height=16..65")


def as_they_come(made: Space, starts: Sequence[int]) -> float:
    """CPU seconds of a full compile: the first variant, one amid and the last of each structure."""
    inner = made.grid.inner
    come = [start + row for start in starts for row in (0, inner // 2, inner - 1)]
    gc.collect()
    with uncollected():  # as the command and the library compile
        began = time.process_time()
        for row in come:
            made.compile(row)
        return (time.process_time() - began) / len(come)


def structures(name: str, chosen: Sequence[int]) -> None:
    """Some structures of blocks by stages, 2,000 rows each, from nothing.

    Compiled are variants of 150 of these structures: as they come, the first, one amid and the last
    of each, once; and one of each again and again, the best of three, where what networks of one
    structure share is known.
    """
    began = time.process_time()
    made = stages()
    inner = made.grid.inner
    starts = [inner * structure for structure in chosen]
    for start in starts:
        sweep_seconds(made, start, start + inner)
    cold = time.process_time() - began
    rate = inner * len(starts) / cold
    some = starts[:: len(starts) // STRUCTURES]
    once = as_they_come(made, some)
    again = sum(compile_seconds(made, [start + inner // 2]) for start in some) / len(some)
    print(
        f"{name}: {inner * len(starts):,} rows, {made.count} classes; "
        f"cold {rate:,.0f}/s, {1000 * cold / len(starts):.1f} ms a structure; "
        f"compile {1000 * once:.1f} ms as they come = {rate * once:,.0f} times, "
        f"{1000 * again:.1f} ms repeated = {rate * again:,.0f} times",
        flush=True,
    )


def processes(jobs: int) -> None:
    """The first 150 structures from nothing, by one process and by several with their starts:
    seconds on the clock, and of processors in all, against compiles in one process."""
    inner = stages().grid.inner
    rows = range(STRUCTURES * inner)
    wanted = Wanted(frozenset(FIGURES))
    once = as_they_come(stages(), rows[::inner])
    for count in (1, jobs):
        made = stages()
        with carried():
            before, began = os.times(), time.monotonic()
            for _ in made.over(rows) if count == 1 else evaluated(made, rows, count, wanted):
                pass
            wall, after = time.monotonic() - began, os.times()
        busy = sum(after[:4]) - sum(before[:4])
        clock, times = (f"{len(rows) / each * once:,.0f} times" for each in (wall, busy))
        print(
            f"the first {STRUCTURES} structures by {count}: {wall:.2f} s on the clock = {clock} "
            f"a compile of {1000 * once:.1f} ms; CPU of all {busy:.2f} s = {times}",
            flush=True,
        )


def memory(rows: int) -> None:
    made = space((SPECS / "dscnn.arch").read_text(), *DSCNN)
    made.figures(0)
    next(made.batches(0, 16_384))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sweep_seconds(made, 0, rows)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{rows:,} variants of dscnn: {(after - before) / 1024:.0f} MiB more at the most")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    memory(rows)
    report("dscnn", space((SPECS / "dscnn.arch").read_text(), *DSCNN), rows)
    efficientnet = space((SPECS / "efficientnet_b0.arch").read_text(), *EFFICIENTNET)
    report("efficientnet_b0", efficientnet, rows // 10)
    del efficientnet
    every = "structures of five blocks by stages"
    structures(f"{STRUCTURES} {every}, in the order of a sweep", range(STRUCTURES))
    structures(f"{STRUCTURES} {every}, each fourth", range(0, 4 * STRUCTURES, 4))
    structures(f"all 625 {every}", range(625))
    processes(2)


if __name__ == "__main__":
    main()
