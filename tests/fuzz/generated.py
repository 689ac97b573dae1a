"""Generated specs through every judge: `python tests/fuzz/generated.py COUNT [--seed N]`.

Each spec of `support.strategies` goes through the compiler and the reference semantics, is built
with Keras, converted to int8 and loaded by TensorFlow Lite Micro. Compared are the layers, shapes
and parameters; the file's operators, shapes, who reads what and bytes, and what `archc verify` says
of it; both ends of the arena and the smallest one that starts. Goes on until COUNT networks are
converted, `--outputs` of which have two outputs or more. No text is judged twice. A line of JSON
for every network goes to `--out`, with its text; batches that are there already are not run again.
Processes end with the batch: TensorFlow keeps what it has built.

With `--reference` specs go through the compiler and the reference semantics alone, in one process,
until COUNT distinct texts have.
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

PER_BATCH = 120
"""Specs that are drawn; a sixth of them or so is converted."""
PARAMS, MACS = 60_000, 20_000_000
"""Of a network that is built: calibration runs it."""


def batch(seed: int, size: int = PER_BATCH) -> list[Any]:
    """So many specs, the same for the same seed."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    from support.strategies import specs

    drawn: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=size,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(specs())
    def collect(spec: Any) -> None:
        drawn.append(spec)

    collect()
    return drawn


def by_reference(count: int, seed: int) -> int:
    """Distinct specs through compiler and reference; 1 where they differ."""
    from support.checking import check_diagnostics, check_network, compiled, refused

    seen: set[int] = set()
    found: Counter[str] = Counter()
    while len(seen) < count:
        for spec in batch(seed, 1_000):
            text = spec.text
            if hash(text) in seen:
                continue
            seen.add(hash(text))
            try:
                compilation = compiled(text)
                check_diagnostics(compilation, text)
                for network in compilation.networks:
                    check_network(network, spec.file)
                    found["networks"] += 1
                    found["with outputs"] += len(network.manifest["outputs"]) > 1
                    found["with inputs"] += len(network.manifest["inputs"]) > 1
                assert not (spec.intact and refused(compilation)), compilation.diagnostics
                found["accepted"] += not compilation.failed
            except Exception as fault:
                found["wrong"] += 1
                print(f"wrong: {type(fault).__name__}: {str(fault)[:2000]}\n{text}", flush=True)
        print(f"seed {seed}: {len(seen):,} distinct, {dict(found)}", flush=True)
        seed += 1
    return int(bool(found["wrong"]))


def judge(spec: Any) -> dict[str, Any]:
    """What was found of one spec; `told` holds what differs."""
    from fuzz_keras import built, check_model

    from support.checking import check_network, compiled

    compilation = compiled(spec.text)
    if compilation.failed:
        return {"status": "rejected"}
    network = compilation.networks[-1]
    manifest = network.manifest
    totals = manifest["totals"]
    facts = {"inputs": len(manifest["inputs"]), "outputs": len(manifest["outputs"])}
    if totals["params"] > PARAMS or totals["macs"] > MACS:
        return {"status": "large", **facts}
    try:
        check_network(network, spec.file)
        model = built(network)
        check_model(model, manifest)
    except AssertionError as fault:
        return {"status": "wrong", "told": f"Keras or reference: {fault}"[:2000], **facts}
    return {**converted(network, model), **facts}


def converted(network: Any, model: Any) -> dict[str, Any]:
    """The file of a network against what is said of it."""
    from archc.analysis.lowering import lower
    from archc.models.verify import verify
    from support.keras_models import randomise
    from support.tflite import convert, differences, read

    manifest = network.manifest
    io = manifest["inputs"][0]["dtype"]
    deployed = lower(network.graph, io)
    if deployed.unknown:
        return {"status": "named", "told": [unknown.reason for unknown in deployed.unknown]}
    randomise(model)
    try:
        content = convert(model, io=io, samples=2)
    except Exception as fault:
        status = "fails as said" if deployed.failures else "wrong"
        return {"status": status, "told": f"not converted: {str(fault)[-600:]}"}
    file = read(content)
    told = differences(deployed, file, order=deployed.order == "exact")
    if deployed.failures:
        told += f"converts, but {deployed.failures[0].reason}"
    in_order = not differences(deployed, file)
    if not told and in_order:
        found = verify(manifest, "model.tflite", content)
        told = "; ".join(f"verify: {one.code}: {one.message}" for one in found.differences)
    status, arena = micro_says(deployed, content)
    told = "\n".join(filter(None, (told, arena)))
    facts = {"order": deployed.order, "in order": in_order, "operators": len(file.operators)}
    return {"status": "wrong" if told else "equal", "told": told, "micro": status, **facts}


def micro_says(deployed: Any, content: bytes) -> tuple[str, str]:
    """How TensorFlow Lite Micro takes a file, and what differs from what is said of it."""
    from archc.analysis.tflite_micro import measure, micro
    from archc.models.tflite import read
    from archc.models.verify.file import file_network
    from support import tflm

    said = micro(deployed)
    missing = sorted(tflm.MISSING & set(deployed.counts))
    if list(said.unsupported) != missing:
        return "", f"without a kernel: said {said.unsupported}, the wheel lacks {missing}"
    if missing:
        return "no kernel, as said", ""
    if said.unknown:
        return "requests not known, as said", ""
    network = file_network(read("file", content))
    arena = measure(network).arena if network is not None else None
    if said.arena is None or arena is None:
        return "", "no arena is said"
    smallest = arena.smallest_working
    record = tflm.record(content, smallest)
    told = []
    if (record.head, record.tail) != arena[:2]:
        told.append(f"arena of the file: said {arena[:2]}, found {record.head, record.tail}")
    if deployed.order == "exact" and said.arena[:3] != arena[:3]:
        told.append(f"arena of the graph: said {said.arena[:3]}, of the file {arena[:3]}")
    if not record.started[smallest]:
        told.append(f"does not start with {smallest} bytes")
    return "loaded", "; ".join(told)


def run_batch(seed: int, several: bool) -> None:
    """Judge a batch, a line of JSON for each of its texts; of networks with one output nothing is
    asked where only ``several`` are wanted."""
    import importlib.util

    where = ROOT / "tests/fuzz/test_keras.py"
    module = importlib.util.spec_from_file_location("fuzz_keras", where)
    assert module is not None
    assert module.loader is not None
    sys.modules["fuzz_keras"] = importlib.util.module_from_spec(module)
    module.loader.exec_module(sys.modules["fuzz_keras"])
    seen = set()
    for number, spec in enumerate(batch(seed)):
        text = spec.text
        if text in seen:
            continue
        seen.add(text)
        entry = {"batch": seed, "number": number, "text": text}
        print(json.dumps({**entry, "status": "died"}), flush=True)
        try:
            wanted = not several or spec.text.count("output ") > 1
            found = judge(spec) if wanted else {"status": "one output"}
        except Exception as fault:
            found = {"status": "wrong", "told": f"{type(fault).__name__}: {str(fault)[-2000:]}"}
        print(json.dumps({**entry, **found}), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1, help="of the first batch")
    parser.add_argument("--outputs", type=int, default=40, help="networks with two outputs or more")
    parser.add_argument("--out", type=Path, default=Path("generated.jsonl"))
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--several", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reference:
        return by_reference(options.count, options.seed)
    if options.batch is not None:
        run_batch(options.batch, options.several)
        return 0
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    done = {entry["text"]: entry for entry in map(json.loads, lines)}
    seed = max([options.seed - 1, *(entry["batch"] for entry in done.values())])
    while True:
        judged = [entry for entry in done.values() if entry["status"] in ("equal", "wrong")]
        several = [entry for entry in judged if entry.get("outputs", 0) > 1]
        if len(judged) >= options.count and len(several) >= options.outputs:
            break
        seed += 1
        command = [sys.executable, __file__, "0", "--batch", str(seed)]
        command += ["--several"] * (len(judged) >= options.count)
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        run = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        new = {}
        for line in run.stdout.splitlines():
            if line.startswith('{"batch"'):
                entry = json.loads(line)
                new[entry["text"]] = entry
        if not new:
            sys.exit(run.stderr[-2000:])
        new = {text: entry for text, entry in new.items() if text not in done}
        done.update(new)
        with options.out.open("a") as out:
            out.writelines(json.dumps(entry) + "\n" for entry in new.values())
        for entry in new.values():
            if entry["status"] in ("wrong", "died"):
                print(f"{entry['status']}: {entry.get('told', '')}\n{entry['text']}", flush=True)
    return summary(list(done.values()))


def summary(entries: list[dict[str, Any]]) -> int:
    """Print how many of which; 1 where something is wrong."""
    statuses = Counter(entry["status"] for entry in entries)
    for status, count in sorted(statuses.items()):
        several = sum(e["status"] == status and e.get("outputs", 0) > 1 for e in entries)
        more = sum(e["status"] == status and e.get("inputs", 0) > 1 for e in entries)
        print(f"{count:6,} {status}, {several} with two outputs or more, {more} with two inputs")
    equal = [entry for entry in entries if entry["status"] == "equal"]
    print(f"of the equal: {dict(Counter(e['micro'] for e in equal))} by TensorFlow Lite Micro,",
          f"order {dict(Counter((e['order'], e['in order']) for e in equal))}")  # fmt: skip
    return int(bool(statuses["wrong"] + statuses["died"]))


if __name__ == "__main__":
    sys.exit(main())
