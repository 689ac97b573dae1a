"""Networks of `support.odd_specs` through the int8 converter: `python odd_networks.py FIRST COUNT`.

Compared are operators, shapes, order, who reads what, fused activations and bytes. A line of JSON
for every network goes to `--out`; networks that are there already are not converted again. The
converter's process can die, so networks go in small numbers into processes of their own.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]

PER_PROCESS = 40


def judge(seed: int) -> dict[str, Any]:
    """What the converter makes of one network, against what was said of it."""
    from archc.analysis.lowering import lower
    from support.checking import compiled
    from support.odd_specs import odd_spec

    spec = odd_spec(seed)
    compilation = compiled(spec.text)
    codes = {d.code for d in compilation.diagnostics if d.level == "error"}
    if codes - {"conversion"}:
        messages = [diagnostic.message for diagnostic in compilation.diagnostics]
        return {"status": "refused", "told": messages[:3]}
    graph = compilation.networks[-1].graph
    deployed = lower(graph, spec.io)
    found = {"doubts": [unknown.reason for unknown in deployed.unknown], "nodes": len(graph.nodes)}
    found["order"] = deployed.order
    found["failures"] = [failure.reason for failure in deployed.failures]
    from support.keras_models import build
    from support.tflite import convert, differences, read

    try:
        file = convert(build(graph), spec.io, samples=4)
    except Exception as fault:
        status = "fails as said" if deployed.failures else "not converted"
        return {"status": status, "told": str(fault)[-300:], **found}
    told = differences(deployed, read(file))
    if deployed.failures:
        told = [f"converts, but {deployed.failures[0].reason}", *told]
    return {"status": "wrong" if told else "equal", "told": told, **found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--out", type=Path, default=Path("odd_networks.jsonl"))
    parser.add_argument("--seeds", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seeds:
        for seed in map(int, options.seeds.split(",")):
            print(json.dumps({"seed": seed, "status": "died"}), flush=True)
            print(json.dumps({"seed": seed, **judge(seed)}), flush=True)
        return
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    done = {json.loads(line)["seed"]: json.loads(line) for line in lines}
    asked = range(options.first, options.first + options.count)
    while waiting := [seed for seed in asked if seed not in done][:PER_PROCESS]:
        seeds = ",".join(map(str, waiting))
        command = [sys.executable, __file__, "0", "0", "--seeds", seeds]
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        run = subprocess.run(command, capture_output=True, text=True, env=env)
        new = {}
        for line in run.stdout.splitlines():
            if line.startswith('{"seed"'):
                entry = json.loads(line)
                new[entry["seed"]] = entry
        if not new:
            sys.exit(run.stderr[-2000:])
        done.update(new)
        with options.out.open("a") as out:
            out.writelines(json.dumps(entry) + "\n" for entry in new.values())
    entries = [done[seed] for seed in asked]
    counts = Counter((e["status"], "doubted" if e.get("doubts") else "certain") for e in entries)
    for (status, sure), count in sorted(counts.items()):
        print(f"{count:6,} {status}, {sure}")


if __name__ == "__main__":
    main()
