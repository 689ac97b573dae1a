"""Thousands of damaged files through the commands that read them, once:

    python tests/fuzz/model_mutants.py [tflite|onnx|keras|h5|verify|load|quantize|analyze|graphs]...

Every mutant has a process of its own. Of each run of a command exit code, output, time, memory
(with that of its children) and leftovers are looked at: exit code 0 or 1, for 1 an error in one
sentence, nothing written, no traceback.
A format is every mutant through all verbs that take a model: of published files, `.keras` archives
that Keras wrote of the same networks, ONNX files that onnxruntime quantised. What reads ONNX and
HDF5 files in a process of its own does so here too, under the same bounds, but that process is
forked instead of started, and asked once for all verbs of a mutant.
`load` is the part of `quantize` that reads and builds the model, in one process with TensorFlow.
`graphs` reads and judges ONNX files with changed graphs, in one process.

It needs the published models and reports beside the checkout (`support.mlperf`,
`support.st_reports`). `test_model_mutants` runs a few in CI.
"""

import argparse
import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from archc.limits import Limits  # noqa: E402
from support import mlperf  # noqa: E402
from support.damage import Mutant, inside, mutants  # noqa: E402
from support.st_reports import REAL  # noqa: E402

ENDED = "it is damaged: its reader was ended"
ISOLATED = (f"cannot be read: {ENDED}", "was ended by signal")
"""What is said where another's code ended the process in which we run it."""
SECONDS = 300
"""After which a run counts as hanging."""
MODELS = (
    *("models.verify.device", "models.verify.layers", "models.stedgeai.compare"),
    *("models.front.analysis", "models.front.network", "models.onnx.deployed"),
    *("models.front.keras_file", "emit.drawing", "emit.difference", "emit.table"),
    *("models.decompiler.family", "emit.report", "cli.verbs.import_"),
)
ENDINGS = ("tflite", "onnx", "keras", "h5")
QUANTISED = (
    *("chain-channel", "residual-kept", "inception-prepared", "silu", "mean_island", "attention"),
    *("constant_nodes", "shape_chain", "parts", "shuffled", "separable-int4", "two_inputs"),
)
"""Cases of `support.onnx_nets` whose files are damaged."""


TAKING = (
    ("check", "FILE"),
    ("profile", "FILE", "--target", "none"),
    ("show", "FILE", "--stage", "deployed", "--target", "none"),
    ("graph", "FILE", "-o", "FOLDER/o.svg", "--target", "none"),
    ("diff", "WHOLE", "FILE", "--target", "none"),
    ("import", "FILE", "-o", "FOLDER/o.arch"),
    ("report", "FILE", "-o", "FOLDER/o.html"),
    ("verify", "MANIFEST", "FILE"),
)
"""Verbs that take a model; WHOLE stands for the file before it was damaged, MANIFEST for that of
its network."""


class Task(NamedTuple):
    """A damaged file and the commands that read it."""

    source: Path
    mutant: Mutant
    commands: tuple[tuple[str, ...], ...]
    """FILE and FOLDER stand for the mutant and where it is."""


class Outcome(NamedTuple):
    """How a run of a command ended."""

    verb: str
    code: int | None
    """Exit code; negative for a signal, None for a run that hung."""
    seconds: float
    megabytes: float
    """Largest resident memory of the process or one of its children, over all commands."""
    output: str
    written: tuple[str, ...]

    def faults(self) -> list[str]:
        """What is wrong with it."""
        errors = self.output.count("error[")
        return [
            said
            for said, wrong in (
                (f"exit code {self.code}", self.code not in (0, 1)),
                ("a traceback", "Traceback" in self.output or "internal error" in self.output),
                ("no error", self.code == 1 and errors < 1),
                ("an error and exit code 0", self.code == 0 and errors > 0),
                (f"{', '.join(self.written)} written", self.code == 1 and bool(self.written)),
            )
            if wrong
        ]


def tasks(verb: str, count: int, seed: int, folder: Path) -> Iterator[Task]:
    """The mutants for a command or of a format, files in turn."""
    if verb == "analyze":
        files = sorted(p for p in REAL.iterdir() if p.suffix in (".txt", ".json"))
        for place, made in mutants([p.read_bytes() for p in files], count, seed):
            yield Task(files[place], made, ((verb, "--report", "FILE"),))
        return
    if verb in ENDINGS:
        files = files_of(verb, folder)
        for place, made in mutants([p.read_bytes() for p in files], count, seed):
            if verb == "keras" and made.seed % 4:  # else the archive, whose sums show any damage
                made = inside(files[place].read_bytes(), made.seed)
            path = files[place]
            words = {"WHOLE": str(path), "MANIFEST": manifest_of(path, folder)}
            commands = (tuple(words.get(word, word) for word in command) for command in TAKING)
            yield Task(path, made, tuple(commands))
        return
    named = [
        (name, mlperf.REAL / file)
        for name, network in mlperf.NETWORKS.items()
        for file in (network.tflite, network.h5)
        if file is not None and (verb == "verify" or file.endswith(".h5"))
    ]
    for place, made in mutants([path.read_bytes() for _, path in named], count, seed):
        name, path = named[place]
        if verb == "verify":
            arguments: tuple[str, ...] = (str(folder / f"mlperf_{name}.manifest.json"), "FILE")
        else:
            few = ("--samples", "2", "--validation-samples", "2", "--threshold", "-1")
            data = str(folder / f"{name}.npz")
            arguments = ("FILE", "--data", data, "-o", "FOLDER/o.tflite", *few)
        yield Task(path, made, ((verb, *arguments),))


def files_of(ending: str, folder: Path) -> list[Path]:
    """Whole files of a format."""
    if ending == "onnx":
        return [folder / f"{name}.onnx" for name in QUANTISED]
    return sorted((folder if ending == "keras" else mlperf.REAL).glob(f"*.{ending}"))


def manifest_of(path: Path, folder: Path) -> str:
    """The manifest of the network of this file; of another one where no spec says that."""
    own = folder / f"{path.stem}.manifest.json"
    if own.exists():
        return str(own)
    names = [name for name, network in mlperf.NETWORKS.items() if path.name in network]
    name = names[0] if names else path.stem if path.stem in mlperf.NETWORKS else "kws"
    return str(folder / f"mlperf_{name}.manifest.json")


def load(count: int, seed: int, folder: Path) -> int:
    """Read and build models as `quantize` does; how many went wrong."""
    import keras

    from archc.diagnostics.model import Rejected
    from archc.models.quantization import keras_file

    made = refused = wrong = 0
    slowest = 0.0
    began = time.monotonic()
    for task in tasks("quantize", count, seed, folder):
        path = folder / f"mutant{task.source.suffix}"
        path.write_bytes(task.mutant.data)
        started = time.monotonic()
        try:
            keras_file.load(keras_file.read(str(path)))
            made += 1
        except Rejected:
            refused += 1
        except Exception as error:
            wrong += 1
            print(f"load {task.source.name} seed {task.mutant.seed}: {error!r}", flush=True)
        keras.backend.clear_session()
        slowest = max(slowest, time.monotonic() - started)
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    own, children = (resource.getrusage(kind).ru_maxrss / 1024 for kind in kinds)
    minutes = (time.monotonic() - began) / 60
    print(f"load: {count:,} mutants, {made:,} loaded, {refused:,} refused; {wrong} wrong")
    print(f"  {minutes:.1f} min, slowest {slowest:.1f} s")
    print(
        f"  largest {own:.0f} MB with TensorFlow over all, {children:.0f} MB in a reading process"
    )
    return wrong


def graphs(count: int, seed: int, folder: Path) -> int:
    """Read and judge ONNX files whose graphs are changed; how many went wrong."""
    import onnx

    from archc.models.onnx import reader
    from support.onnx_edits import edited
    from support.onnx_files import ask_here, judged

    reader._ask = ask_here
    models = [onnx.load(path) for path in sorted(folder.glob("*.onnx"))]
    ends: Counter[bool] = Counter()
    wrong = 0
    slowest = 0.0
    began = time.monotonic()
    for number in range(seed, seed + count):
        changed = edited(models[number % len(models)], number)
        started = time.monotonic()
        try:
            ends[judged(changed)] += 1
        except Exception as error:
            wrong += 1
            print(f"graphs seed {number}: {error!r}", flush=True)
        slowest = max(slowest, time.monotonic() - started)
    minutes = (time.monotonic() - began) / 60
    print(f"graphs: {count:,}, {ends[True]:,} read, {ends[False]:,} refused; {wrong} wrong")
    print(f"  {minutes:.1f} min, slowest {slowest:.1f} s")
    return wrong


def prepare(folder: Path, verbs: Sequence[str]) -> None:
    """Manifests and samples of the networks, what Keras saves and onnxruntime quantises."""
    if {"onnx", "graphs"} & set(verbs):
        program = ROOT / "tests" / "support" / "ort_count.py"
        subprocess.run([sys.executable, str(program), str(folder)], check=True)
        for name in QUANTISED if "onnx" in verbs else ():
            imported(folder, name)
    if set(verbs) <= {"graphs", "analyze"}:
        return
    import numpy as np

    for name in mlperf.NETWORKS:
        compiled = mlperf.compiled(name)
        compiled.write(folder)
        shape = compiled.manifest["inputs"][0]["shape"]
        np.savez(folder / f"{name}.npz", np.random.RandomState(0).uniform(-1, 1, (8, *shape)))
        if "keras" in verbs:
            # In a process of its own: what runs the commands loads no TensorFlow.
            program = f"from mlperf_{name} import build_model; build_model().save('{name}.keras')"
            subprocess.run([sys.executable, "-c", program], check=True, cwd=folder)


def imported(folder: Path, name: str) -> None:
    """The manifest of an ONNX file, by way of the spec that it is imported as; none for a network
    that the language does not say."""
    spec, made = folder / f"{name}.arch", folder / f"{name}.made"
    command = [sys.executable, "-m", "archc"]
    subprocess.run([*command, "import", f"{folder / name}.onnx", "-o", str(spec)], check=False)
    if spec.exists():
        subprocess.run([*command, str(spec), "-o", str(made)], check=True)
        (manifest,) = made.glob("*.manifest.json")
        manifest.rename(folder / f"{name}.manifest.json")


def warm(verbs: Sequence[str]) -> None:
    """Import what the commands import, once for all processes that are forked from this one."""
    from importlib import import_module

    for name in ("cli.command", "cli.session", *MODELS):
        import_module(f"archc.{name}")
    for name in ("jsonschema", "lark"):
        import_module(name)
    if "onnx" in verbs:
        for name in ("onnx", "onnx.shape_inference", "onnx.reference"):
            import_module(name)
        import_module("archc.models.onnx.reader")._ask = asked_onnx  # type: ignore[attr-defined]
    if {"keras", "h5"} & set(verbs):
        for name in ("numpy", "h5py"):
            import_module(name)
        import_module("archc.models.verify.weights")._ask = asked_hdf5  # type: ignore[attr-defined]


def asked_onnx(data: bytes, limits: Limits) -> dict[str, Any]:
    """As `archc.models.onnx.reader` asks the program that reads files."""
    said: dict[str, Any] = json.loads(told_onnx(data, limits.model_bytes))
    return said


def asked_hdf5(data: bytes, limits: Limits, *, values: bool) -> tuple[dict[str, Any], bytes]:
    """As `archc.models.verify.weights` asks the program that reads files."""
    head, _, rest = told_hdf5(data, limits.model_bytes, values).partition(b"\n")
    return json.loads(head), rest


@lru_cache(maxsize=16)
def told_onnx(data: bytes, most: int) -> bytes:
    from archc.models.onnx import library

    def parts() -> Iterator[bytes]:
        library.restrict(most)
        try:
            said = json.dumps(library.look(data), allow_nan=False, default=library.untold)
        except library.Refused as problem:
            said = json.dumps({"refused": str(problem)})
        except Exception as error:
            said = json.dumps({"refused": type(error).__name__})
        yield said.encode()

    return forked(parts)


@lru_cache(maxsize=16)
def told_hdf5(data: bytes, most: int, values: bool) -> bytes:
    from archc.models.verify import hdf5

    return forked(lambda: hdf5.look(data, most, values))


def forked(parts: Callable[[], Iterable[bytes]]) -> bytes:
    """What a process says that is forked here; that the file is damaged where it is ended."""
    end, start = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(end)
            with os.fdopen(start, "wb") as pipe:
                pipe.writelines(parts())
            code = 0
        finally:
            os._exit(code)
    os.close(start)
    with os.fdopen(end, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.dumps({"refused": ENDED}).encode() + b"\n" if status else answer


def run(task: Task) -> list[Outcome]:
    """Run the commands in a process of their own."""
    folder = Path(tempfile.mkdtemp(prefix="archc-mutant-"))
    logs = Path(tempfile.mkdtemp(prefix="archc-mutant-log-"))
    try:
        path = folder / task.source.name
        path.write_bytes(task.mutant.data)
        commands = [
            [w.replace("FILE", str(path)).replace("FOLDER", str(folder)) for w in command]
            for command in task.commands
        ]
        child = os.fork()
        if child == 0:
            _become(commands, folder, logs)
        code, usage = _wait(child, time.monotonic() + SECONDS)
        ends = [json.loads(end.read_text()) for end in sorted(logs.glob("*.json"))]
        if code != 0:
            ends.append([code, SECONDS if code is None else 0, []])
        return [
            Outcome(
                command[0],
                ended,
                seconds,
                usage / 1024,
                (logs / f"{place}.log").read_text("utf-8", "replace"),
                tuple(left),
            )
            for place, (command, (ended, seconds, left)) in enumerate(
                zip(commands, ends, strict=False)
            )
        ]
    finally:
        for one in (folder, logs):
            shutil.rmtree(one, ignore_errors=True)


def _become(commands: list[list[str]], folder: Path, logs: Path) -> None:
    """Run the commands in this process, say of each how it ended, and end the process."""
    from archc.cli import main

    code = 70
    try:
        kept = set(folder.iterdir())
        for place, command in enumerate(commands):
            stream = os.open(logs / f"{place}.log", os.O_WRONLY | os.O_CREAT)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            os.close(stream)
            began = time.monotonic()
            ended = main(command)
            sys.stdout.flush()
            sys.stderr.flush()
            left = set(folder.iterdir()) - kept
            about = [ended, time.monotonic() - began, sorted(one.name for one in left)]
            (logs / f"{place}.json").write_text(json.dumps(about))
            for one in left:
                one.unlink()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _wait(child: int, until: float) -> tuple[int | None, int]:
    """Exit code and largest resident memory (KiB) of a process and its children."""
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss
        if time.monotonic() > until:
            os.kill(child, 9)
            _, _, usage = os.wait4(child, 0)
            return None, usage.ru_maxrss
        time.sleep(0.005)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verbs", nargs="*", default=["verify", "load", "analyze"])
    parser.add_argument("--count", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warm(given.verbs)
    folder = Path(tempfile.mkdtemp(prefix="archc-mutants-"))
    faults = 0
    try:
        prepare(folder, given.verbs)
        for verb in given.verbs:
            faults += campaign(verb, given.count, given.seed, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


def whole(ending: str, folder: Path) -> None:
    """Run all verbs on the whole files and on a file that is cut short, so that what they load and
    keep in memory is there once for all processes that are forked from this one."""
    from archc.cli import main

    with tempfile.TemporaryDirectory() as place, open(os.devnull, "w") as nothing:
        cut = Path(place, f"cut.{ending}")
        for path in files_of(ending, folder):
            cut.write_bytes(path.read_bytes()[:-1_000])
            words = {"WHOLE": str(path), "MANIFEST": manifest_of(path, folder)}
            for command, file in product(TAKING, (path, cut)):
                told = [words.get(w, w).replace("FOLDER", place) for w in command]
                with redirect_stdout(nothing), redirect_stderr(nothing):
                    code = main([str(file) if word == "FILE" else word for word in told])
                if code not in (0, 1):
                    print(f"{command[0]} {file.name}: exit code {code}", flush=True)
    gc.freeze()


def campaign(verb: str, count: int, seed: int, folder: Path) -> int:
    """Run the mutants of a command and say what came of them; how many went wrong."""
    if verb == "load":
        return load(count, seed, folder)
    if verb == "graphs":
        return graphs(count, seed, folder)
    if verb in ENDINGS:
        whole(verb, folder)
    codes: Counter[Any] = Counter()
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")
    isolated: dict[str, None] = {}
    wrong = 0
    began = time.monotonic()
    for number, task in enumerate(tasks(verb, count, seed, folder)):
        if number % 100 == 99:
            print(f"  {number + 1:,} after {(time.monotonic() - began) / 60:.1f} min", flush=True)
        what = f"{task.source.name} seed {task.mutant.seed} ({task.mutant.kind})"
        for outcome in run(task):
            codes[outcome.code] += 1
            slowest = max(slowest, (outcome.seconds, f"{outcome.verb} {what}"))
            largest = max(largest, (outcome.megabytes, what))
            if faults := outcome.faults():
                wrong += 1
                said = f"{outcome.verb} {what}: {'; '.join(faults)}\n{outcome.output[-1500:]}"
                print(said, flush=True)
            if any(said in outcome.output for said in ISOLATED):
                isolated[what] = None
    minutes = (time.monotonic() - began) / 60
    ends = ", ".join(f"{n:,} exit code {code}" for code, n in sorted(codes.items(), key=str))
    runs = sum(codes.values())
    print(f"{verb}: {count:,} mutants, {runs:,} runs, {ends}; {wrong} wrong; {minutes:.1f} min")
    print(f"  slowest {slowest[0]:.1f} s, {slowest[1]}; largest {largest[0]:.0f} MB, {largest[1]}")
    if isolated:
        print(f"  ended by the library that read them, in its own process: {', '.join(isolated)}")
    return wrong


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
