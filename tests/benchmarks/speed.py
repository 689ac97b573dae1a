"""How fast the command is beside other tools: `python tests/benchmarks/speed.py`.

What a start takes is measured by `startup.py`.

Whole processes, the pairs of a comparison in turn, medians. Run it with the Python of an
environment in which archc is installed; the comparison with Keras needs the tensorflow extra, the
one with Vela the oracles extra too, and is of the same network: its file is converted first, which
is not counted. Absolute times depend on the machine; the ratios are what to quote.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "specs" / "dscnn_a05.arch"
ARCHC = [str(Path(sys.executable).with_name("archc"))]
KERAS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import sys
sys.path.insert(0, {folder!r})
import dscnn_a05
dscnn_a05.build_model().summary()
"""
CONVERT = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from support import shipped
Path({file!r}).write_bytes(shipped.tflite({name!r}, "int8"))
"""


CHAIN = """
arch {name} {{
    input image: 96 x 96 x 3
    stage body(channels = 32, repeat = 100) {{ conv(kernel = 3x3) batchnorm relu6 }}
    head {{ conv(exact(4)) }}
}}
"""
DETECTOR = """
arch {name} {{
    input image: 96 x 96 x 3
    stage c2(channels = 16, stride = 2) {{ conv(kernel = 3x3) batchnorm relu6 }}
    stage c3(channels = 24, stride = 2, repeat = 3) {{ ir }}
    stage c4(channels = 32, stride = 2, repeat = 4) {{ ir }}
    stage c5(channels = 48, stride = 2, repeat = 4) {{ ir }}
    stage neck(channels = 32) {{
        c5 conv batchnorm relu6 as top
        add {{ c4 conv batchnorm relu6 }} {{ top upsample(2) }} ds as middle
        add {{ c3 conv batchnorm relu6 }} {{ middle upsample(2) }} ds as low
        add {{ middle ds }} {{ low ds(stride = 2) }} ds as middle_again
        add {{ top ds }} {{ middle_again ds(stride = 2) }} ds as top_again
    }}
    {outputs}
}}
"""
"""About as many layers as the chain, joined at four places, read far from where they are made."""
HEADS = "".join(
    f"output {what}_{level} {{{{ {level} ds(32) ds(32) ds(32) conv(exact({values})) }}}}\n"
    for level in ("low", "middle_again", "top_again")
    for what, values in (("boxes", 4), ("scores", 10))
)


def seconds(command: list[str]) -> float:
    """The time of one run of a command.

    Raises:
        SystemExit: it fails.
    """
    start = perf_counter()
    environment = os.environ | {"ARCHC_CACHE": ""}  # every build is made
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    taken = perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr}")
    return taken


def compare(a: list[str], b: list[str], runs: int) -> tuple[float, float]:
    """Medians of two commands, run in turn after one run of each that does not count."""
    seconds(a), seconds(b)
    pairs = [(seconds(a), seconds(b)) for _ in range(runs)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def show(what: str, first: float, second: float, ratio: float, goal: str) -> None:
    print(f"{what:<58}{first * 1e3:>9.0f} ms{second * 1e3:>9.0f} ms  ratio {ratio:6.2f}  ({goal})")


def profilers(folder: str, keras: list[str], runs: int) -> None:
    """`archc profile` against the other ways to learn the figures of the same network.

    Vela begins with the int8 file: building, calibrating and converting the network come before it.
    """
    profile = [*ARCHC, "profile", str(SPEC)]
    other, archc = compare(keras, profile, runs)
    show("Keras build and summary : archc profile", other, archc, other / archc, "no goal")
    if not find_spec("ethosu"):
        print("Vela : archc profile needs Vela: pip install 'archc-dsl[oracles]'")
        return
    file = os.path.join(folder, f"{SPEC.stem}.tflite")
    tests = str(ROOT / "tests")
    made = seconds([sys.executable, "-c", CONVERT.format(tests=tests, file=file, name=SPEC.stem)])
    vela = [sys.executable, "-m", "ethosu.vela", "--accelerator-config", "ethos-u55-128"]
    vela += ["--verbose-performance", "--output-dir", folder, file]
    other, archc = compare(vela, profile, runs)
    show("Vela on the converted file : archc profile", other, archc, other / archc, "no goal")
    whole = made + other
    show("convert, then Vela : archc profile", whole, archc, whole / archc, "no goal")


def wired(runs: int) -> None:
    """A detector beside a chain of as many layers, in one process, each text a new one."""
    import archc

    texts = {"detector": DETECTOR.replace("{outputs}", HEADS), "chain": CHAIN}
    taken: dict[str, list[float]] = {kind: [] for kind in texts}
    layers = {}
    for number in range(runs + 1):
        for kind, text in texts.items():
            start = perf_counter()
            compiled = archc.compile_text(text.format(name=f"{kind}_{number}"))
            taken[kind].append(perf_counter() - start)
            layers[kind] = len(compiled.manifest["layers"])
    detector, chain = (median(times[1:]) for times in taken.values())
    what = f"detector of {layers['detector']} layers : chain of {layers['chain']}"
    show(what, detector, chain, detector / chain, "at most 1.5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="counted runs of each command")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        out = ["-o", folder]
        one = [*ARCHC, str(SPEC), *out]
        if find_spec("keras"):
            seconds(one)  # the module that the script imports
            script = [sys.executable, "-c", KERAS.format(folder=folder)]
            keras, archc = compare(script, one, max(3, runs // 5))
            show("Keras build and summary : archc", keras, archc, keras / archc, "at least 15")
            profilers(folder, script, max(3, runs // 3))

        wired(runs)
        base = (ROOT / "specs" / "dscnn.arch").read_text()
        specs = []
        for number in range(200):
            spec = Path(folder, f"variant_{number}.arch")
            spec.write_text(base.replace("arch dscnn(", f"arch variant_{number}("))
            specs.append(str(spec))
        many, archc = compare([*ARCHC, *specs, *out], one, 3)
        show("200 specs in one call : one spec", many, archc, many / archc, "below 200")


if __name__ == "__main__":
    main()
