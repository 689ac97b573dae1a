"""Write `docs/zoo.md`: networks of zoos that we did not write, through archc.

    python tests/zoo/table.py [--torch PYTHON] [--keep FOLDER [--kept]]

Each network is built by its own library (`theirs.py`, a process of its own), saved or exported, and
read by `archc profile` and `archc graph` as a user calls them. Parameters have to be equal to those
that the library counts, MACs to those of PyTorch's own counter; where they are not the row says so
and the command exits with 1. It takes an hour of one core.

`--torch` is an interpreter with torch 2.13, onnxscript, onnxruntime, timm and pytorchcv, where this
one has none; `--keep` holds what was found, so that a run that was stopped goes on; `--kept` writes
the page of what is there.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "dsl")]

from archc.cli.verbs.graph import tiers  # noqa: E402
from archc.diagnostics.model import Rejected  # noqa: E402
from archc.limits import Limits  # noqa: E402
from archc.models.deployed import FileGraph  # noqa: E402
from archc.models.front import Analysed, Question, analysed, load  # noqa: E402
from archc.targets.builtin import builtin  # noqa: E402

PAGE = ROOT / "docs" / "zoo.md"
LIMITS = Limits(model_bytes=4_000_000_000)
"""Largest file: ConvNeXtXLarge has 350 million parameters."""
SECONDS = 1_800
TIME = ("least", "microseconds", "most", "grade", "why")

KERAS = (
    *("MobileNet", "MobileNet-0.25", "MobileNet-0.5", "MobileNetV2", "MobileNetV2-0.35"),
    *("MobileNetV2-0.5", "MobileNetV3Small", "MobileNetV3Large", "MobileNetV3Small-0.75"),
    *("NASNetMobile", "NASNetLarge", "DenseNet121", "DenseNet169", "DenseNet201"),
    *("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    *("InceptionV3", "InceptionResNetV2", "Xception", "VGG16", "VGG19"),
    *(f"EfficientNetB{n}" for n in range(8)),
    *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
    *(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")),
)
TIMM = (
    *("mobilenetv1_100", "mobilenetv2_050", "mobilenetv2_100", "mobilenetv3_small_050"),
    *("mobilenetv3_small_100", "mobilenetv3_large_100", "mobilenetv4_conv_small"),
    *("mobilenetv4_conv_medium", "mobilenetv4_hybrid_medium", "efficientnet_b0"),
    *("efficientnet_lite0", "tf_efficientnet_lite0", "tinynet_e", "mnasnet_small", "semnasnet_075"),
    *("fbnetc_100", "mixnet_s", "lcnet_050", "hardcorenas_a", "ghostnet_100", "rexnet_100"),
    *("regnetx_002", "regnety_002", "resnet18", "resnet26d", "repvgg_a0", "mobileone_s0"),
    *("convnext_atto", "edgenext_xx_small", "mobilevit_xxs"),
)
PYTORCHCV = (
    *("mobilenet.mobilenet_w1", "mobilenet.mobilenet_wd4", "fdmobilenet.fdmobilenet_wd2"),
    *("mobilenetv2.mobilenetv2_wd4", "mobilenetv3.mobilenetv3_small_w7d20", "resnet.resnet10"),
    *(
        "resnet.resnet18_wd4",
        "preresnet.preresnet10",
        "seresnet.seresnet10",
        "resnext.resnext14_16x4d",
    ),
    *("squeezenet.squeezenet_v1_0", "squeezenet.squeezenet_v1_1", "squeezenext.sqnxt23_w1"),
    *(
        "shufflenet.shufflenet_g3_wd4",
        "shufflenetv2.shufflenetv2_wd2",
        "shufflenetv2b.shufflenetv2b_wd2",
    ),
    *("igcv3.igcv3_wd4", "menet.menet108_8x1_g3", "proxylessnas.proxylessnas_mobile"),
    *("darknet.darknet_tiny", "peleenet.peleenet", "densenet.densenet121", "hardnet.hardnet39ds"),
    *("dla.dla34", "bagnet.bagnet9", "ghostnet.ghostnet", "efficientnet.efficientnet_b0"),
)
ALL = (
    *(("keras", name) for name in KERAS),
    *(("timm", name) for name in TIMM),
    *(("pytorchcv", name) for name in PYTORCHCV),
)
"""Source and name of every network, in the order of the page."""


def read(path: Path) -> dict[str, Any]:
    """What is said of a model file against the STM32N6, the part that the page shows.

    Raises:
        Rejected: it cannot be read.
    """
    model, where = asked(path)
    document = model.document
    deployed, findings = document["deployed"], document["target"]["findings"]
    return {
        "totals": {key: document["totals"][key] for key in ("params", "macs")},
        "numbers": numbers(model),
        "verdict": document["target"]["verdict"],
        "errors": sorted({f["code"] for f in findings if f["level"] == "error"}),
        "peak": deployed["peak_activation_bytes"],
        "latency": {key: (deployed["latency"] or {}).get(key) for key in TIME},
        "gaps": [(gap["figure"], gap["operator"], gap["reason"]) for gap in document["gaps"]],
        "unknown": [one["reason"] for one in deployed["unknown"]],
        "tiers": where,
    }


def asked(path: Path) -> tuple[Analysed, dict[str, int]]:
    """What is said of a file, and how many operators each processor runs."""
    target = builtin("stm32n6")
    model = analysed(load(str(path), LIMITS), Question(target))
    where = tiers(target, model.document, model.graph, model.deployed)
    return model, dict(Counter(value.partition(" (")[0] for value in where))


def numbers(model: Analysed) -> int:
    """How many constants of one value operators of a file add or multiply by: numbers of a formula,
    which a file stores as it stores parameters."""
    graph = model.content
    if not isinstance(graph, FileGraph):
        return 0
    single = {
        graph.tensors[index].content
        for op in graph.operators
        if op.kind in ("ADD", "SUB", "MUL", "DIV")
        for index in op.weights
        if graph.tensors[index].elements == 1
    }
    return len(single)


def found(source: str, name: str, python: str) -> dict[str, Any]:
    """What a library and archc say of a network, as plain data."""
    program = [python, str(Path(__file__).with_name("theirs.py")), source, name]
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            [*program, place], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode:
            return {"error": done.stderr.strip().splitlines()[-1][:200]}
        theirs = json.loads(done.stdout)
        return {"theirs": theirs, "ours": ours(Path(place), theirs)}


def ours(folder: Path, theirs: dict[str, Any]) -> dict[str, Any]:
    """What archc says of the files of a network; a sentence where it refuses one."""
    said: dict[str, Any] = {}
    for key, file in theirs["files"].items():
        try:
            said[key] = said[same[0]] if (same := twins(theirs, key, said)) else read(folder / file)
        except Rejected as rejected:
            said[key] = {"refused": rejected.diagnostic.message}
    return said


def twins(theirs: dict[str, Any], key: str, said: dict[str, Any]) -> list[str]:
    """Files read already that are the same one."""
    return [one for one in said if theirs["files"][one] == theirs["files"][key]]


def collected(source: str, name: str, python: str, keep: Path) -> dict[str, Any]:
    """What is known of a network, from an earlier run where that left it."""
    path = keep / f"{source}-{name}.json"
    if not path.exists():
        path.write_text(json.dumps(found(source, name, python)))
    record: dict[str, Any] = json.loads(path.read_text())
    return record


# --- the page ---------------------------------------------------------------------------------


def differences(record: dict[str, Any]) -> list[str]:
    """Figures that are not those of the library, in a sentence each."""
    theirs, ours = record["theirs"], record["ours"]
    said = []
    totals = ours.get("whole", {}).get("totals")
    if totals is not None:
        more = totals["params"] - theirs["params"]
        if more and more != ours["whole"].get("numbers", 0):
            said.append(f"{more:+,} parameters")
    for key, one in ours.items():
        macs = one.get("totals", {}).get("macs")
        if None not in (macs, theirs["macs"]) and macs != theirs["macs"]:
            said.append(f"{macs - theirs['macs']:+,} MACs (`{key}`)")
    return said


def remarks(record: dict[str, Any]) -> list[str]:
    """What is worth knowing of a network beside its figures."""
    theirs, ours = record["theirs"], record["ours"]
    deployed = ours.get("deployed", {})
    said = [f"not equal: {', '.join(found)}" for found in [differences(record)] if found]
    if numbers := ours.get("whole", {}).get("numbers"):
        said.append(f"{numbers} of our parameters are numbers of formulas, as the 3 of `x + 3`")
    said += [f"`{key}` is not exported: {why}" for key, why in theirs["failed"].items()]
    said += [f"`{key}` is refused: {r['refused']}" for key, r in ours.items() if "refused" in r]
    said += [f"error `{code.partition('/')[2]}`" for code in deployed.get("errors", ())]
    latency = deployed.get("latency", {})
    if latency.get("why") and (latency["microseconds"] is None or latency["most"] is None):
        said.append(f"time: {'; '.join(latency['why'])}")
    gaps = Counter(
        f"{figure}: {reason}"
        for figure, _, reason in deployed.get("gaps", ())
        if figure != "arena" or theirs["files"]["deployed"].endswith(".keras")
    )
    said += [f"not known: {text}" + f" ({n} times)" * (n > 1) for text, n in gaps.items()]
    said += [f"predicted with a doubt: {why}" for why in dict.fromkeys(deployed.get("unknown", ()))]
    return [text.replace("|", "\\|") for text in said]


def row(source: str, name: str, record: dict[str, Any]) -> str:
    """A network as a row of the table."""
    theirs, ours = record["theirs"], record["ours"]
    deployed, whole = ours.get("deployed", {}), ours.get("whole", {})
    where = deployed.get("tiers", {})
    latency = deployed.get("latency", {})
    time = "?"
    if latency.get("microseconds"):
        time = f"{latency['microseconds'] / 1000:,.1f}"
        if latency["most"] is None:
            time = f"at least {time}"
        elif latency["least"] is not None:
            time += f" ({latency['least'] / 1000:,.1f} to {latency['most'] / 1000:,.1f})"
    known = deployed.get("totals", {})
    version = theirs["version"]
    cells = (
        f"`{name.rpartition('.')[2] if source == 'pytorchcv' else name}`",
        version,
        "x".join(map(str, theirs["input"])),
        f"{theirs['params']:,}",
        f"{whole['totals']['params']:,}" if "totals" in whole else "?",
        f"{known['macs']:,}" if "macs" in known else "?",
        f"{deployed['peak']:,}" if "peak" in deployed else "?",
        deployed.get("verdict", "?"),
        " / ".join(str(where.get(key, 0)) for key in ("NPU", "CPU", "not known")),
        time,
        "; ".join(remarks(record)) or "-",
    )
    return f"| {' | '.join(cells)} |"


HEADER = (
    *("network", "source", "input", "parameters, theirs", "ours", "MACs", "peak, bytes"),
    *("verdict", "NPU / CPU / ?", "ms, estimated", "what else"),
)
INTRODUCTION = """\
<!-- Generated by `python tests/zoo/table.py`; do not edit. -->
# Networks of zoos

{count} networks that we did not write, as their own libraries build them, untrained: {sources}.
Each was saved or exported, and read as `archc profile NET --target stm32n6` reads it.

Parameters are those that the library counts: of a Keras model `count_params()`; of a PyTorch model
all values of its `state_dict`, running statistics of batch normalisations among them, in an export
that keeps these (`training=PRESERVE`). In {equal} of {count} networks ours are equal{more}.
MACs of the {torch} PyTorch networks are in every file those of PyTorch's own `FlopCounterMode`, as
exported by both of its exporters and as quantised, unless the row says otherwise.

What the STM32N6 makes of a Keras model is said of the int8 file that it becomes, of a PyTorch model
of what onnxruntime quantises ([how](onnx.md)): where the operators run, and the estimate of time
with its band. The peak is of the order of the file.

"""


def page(records: dict[tuple[str, str], dict[str, Any]]) -> str:
    """The page, in the order of `ALL`."""
    read = {key: record for key, record in records.items() if "theirs" in record}
    versions = dict.fromkeys(
        f"{record['theirs']['version']}"
        + (f" with torch {record['theirs']['torch']}" if "torch" in record["theirs"] else "")
        for record in read.values()
    )
    equal = sum(
        not differences(record) and "totals" in record["ours"]["whole"] for record in read.values()
    )
    formulas = sum(bool(record["ours"]["whole"].get("numbers")) for record in read.values())
    more = f", in {formulas} but for numbers of formulas, which the row counts" if formulas else ""
    lines = [f"| {' | '.join(HEADER)} |", "|---|---|---|---:|---:|---:|---:|---|---:|---:|---|"]
    lines += [row(*key, record) for key, record in read.items()]
    introduction = INTRODUCTION.format(
        count=len(read),
        sources=", ".join(versions),
        equal=equal,
        more=more,
        torch=sum("torch" in record["theirs"] for record in read.values()),
    )
    unread = [f"- `{name}` ({s}): {r['error']}" for (s, name), r in records.items() if "error" in r]
    return (
        introduction
        + "\n".join([*lines, *(["", "Not built:", "", *unread] if unread else [])])
        + "\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--kept", action="store_true", help="only what an earlier run found")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        keep = given.keep or Path(place)
        keep.mkdir(exist_ok=True)
        records = {}
        for source, name in ALL:
            if given.kept and not (keep / f"{source}-{name}.json").exists():
                continue
            python = sys.executable if source == "keras" else given.torch
            records[source, name] = record = collected(source, name, python, keep)
            sys.stderr.write(f"{source} {name}: {record.get('error', 'read')}\n")
    PAGE.write_text(page(records))
    return int(any(differences(record) for record in records.values() if "theirs" in record))


if __name__ == "__main__":
    sys.exit(main())
