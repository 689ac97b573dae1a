"""Deployed graphs that the int8 converter has confirmed, kept so that tests need no TensorFlow.

`python tests/support/confirmed.py COUNT CAMPAIGN.jsonl...` chooses some of the networks that a run
of `fuzz/generated.py` or `fuzz/odd_networks.py` found equal, such that every operator that reads
the result of another is there in some form, and writes what is said of them. Do so only with the
code that the campaign ran.
"""

import json
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "analysis/data/confirmed.jsonl"


def record(text: str, io: str) -> dict[str, Any]:
    """What is said of the last network of a spec: what of it the campaigns compare."""
    from archc.analysis.lowering import lower
    from archc.analysis.memory import memory
    from archc.analysis.tflite_micro import micro
    from support.checking import compiled

    deployed = lower(compiled(text).networks[-1].graph, io)
    arena, plan = micro(deployed).arena, memory(deployed)
    operators = [
        f"{op.operator} {'x'.join(map(str, op.shape))} of {','.join(map(str, op.inputs))}"
        f"{f', {op.activation}' if op.activation else ''}"
        f"{f', batch {op.batch}' if op.batch > 1 else ''}"
        for op in deployed.operators
    ]
    return {
        "operators": operators,
        "order": deployed.order,
        "unknown": [unknown.reason for unknown in deployed.unknown],
        "weight_bytes": deployed.weight_bytes,
        "constant_bytes": deployed.constant_bytes,
        "arena": [plan.arena_bytes, *(arena[:3] if arena else ())],
    }


def networks() -> list[dict[str, Any]]:
    return [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]


def _equal(path: str) -> list[tuple[str, str]]:
    """The specs that a campaign found equal, with their borders."""
    from support.odd_specs import odd_spec

    found = []
    for entry in map(json.loads, Path(path).read_text("utf-8").splitlines()):
        ordered = entry.get("in order", True)
        if entry["status"] == "equal" and ordered and not entry.get("doubts"):
            given = (entry["text"], "") if "text" in entry else odd_spec(entry["seed"])[:2]
            found.append(given)
    return found


def _facts(kept: dict[str, Any]) -> set[tuple[str, ...]]:
    """What a network shows: which operators read which, and with what fused."""
    names = [line.split()[0] + line.partition(", ")[2] for line in kept["operators"]]
    facts: set[tuple[str, ...]] = set()
    for name, line in zip(names, kept["operators"], strict=True):
        reads = line.split(" of ")[1].split(",")
        facts.update((names[int(at)] if int(at) >= 0 else "", name) for at in reads if at.isdigit())
    return facts


def main(count: int, *paths: str) -> None:
    from support.checking import compiled

    waiting = []
    for text, io in sorted(
        {pair for path in paths for pair in _equal(path)}, key=lambda p: len(p[0])
    ):
        compilation = compiled(text)
        if compilation.failed or len(text) > 1_500:
            continue
        border = io or compilation.networks[-1].manifest["inputs"][0]["dtype"]
        kept = {"text": text, "io": border, **record(text, border)}
        if not kept["unknown"]:
            waiting.append((_facts(kept), kept))
    chosen: list[dict[str, Any]] = []
    shown: set[tuple[str, ...]] = set()
    while waiting and len(chosen) < count:
        best = max(waiting, key=lambda pair: (len(pair[0] - shown), -len(pair[1]["text"])))
        if not best[0] - shown:
            break
        waiting.remove(best)
        shown |= best[0]
        chosen.append(best[1])
    DATA.write_text("".join(json.dumps(kept) + "\n" for kept in chosen), "utf-8")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
    main(int(sys.argv[1]), *sys.argv[2:])
