"""Random networks quantised by onnxruntime, archc's figures against those of the session, once:

    python tests/onnx_files/random_networks.py [--count N] [--seed N]

One process. Counted apart is what onnxruntime itself cannot quantise or run, and what has a result
that nothing reads: a session computes it, a device does not. `tests/README.md` has what it printed
last.
"""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "dsl")]

from archc.models.deployed.order import best_order  # noqa: E402
from archc.models.onnx import reader  # noqa: E402
from archc.models.onnx.deployed import deployed  # noqa: E402
from support.onnx_files import ask_here, figures  # noqa: E402
from support.onnx_random import case  # noqa: E402
from support.ort_count import Count, run, written  # noqa: E402


def unread(model: Any) -> bool:
    """Whether a node makes something that nothing reads."""
    read = {name for node in model.graph.node for name in node.input}
    read |= {entry.name for entry in model.graph.output}
    return any(name not in read for node in model.graph.node for name in node.output)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    reader._ask = ask_here
    equal = wrong = failed = unused = better = unproven = operators = islands = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seed, options.seed + options.count):
            try:
                path = written(case(seed), Path(folder))
                model, arrays = run(path)
                if unread(model):
                    unused += 1
                    continue
                counted = Count(model, arrays).figures()
            except Exception as error:
                failed += 1
                print(f"seed {seed}, onnxruntime: {str(error)[:160]!r}", flush=True)
                continue
            graph = deployed(str(path), path.read_bytes())
            mine = figures(graph)
            operators += len(graph.operators)
            islands += bool(counted["islands"])
            if mine == counted:
                equal += 1
            else:
                wrong += 1
                keys = [key for key in counted if counted[key] != mine[key]]
                print(
                    f"seed {seed}: {[(key, mine[key], counted[key]) for key in keys]}", flush=True
                )
            order = best_order(graph)
            better += order.peak < mine["peak"]
            unproven += not order.best
    minutes = (time.monotonic() - began) / 60
    print(f"{options.count:,} networks, {operators:,} operators, {islands:,} with float islands")
    print(f"{equal:,} equal, {wrong:,} not; {minutes:.1f} min")
    print(f"{unused:,} with a result that nothing reads, {failed:,} that onnxruntime refused")
    print(f"a lower peak in another order: {better:,}; best order not proven: {unproven:,}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
