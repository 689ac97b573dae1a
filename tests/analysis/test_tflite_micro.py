"""The arena of TensorFlow Lite Micro by build: figures that own builds gave, what a setting
chooses, budgets, operators without a kernel. The wheel itself is asked in `test_memory_tflm.py`."""

from pathlib import Path
from typing import Any

import pytest

import archc
from archc.analysis.lowering import lower
from archc.analysis.tflite_micro import BUILDS, DEFAULT, Network, measure, micro
from archc.analysis.tflite_micro.network import Operator, Tensor, Window
from archc.analysis.tflite_micro.replay import unknown, unsupported
from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.emit.difference import difference
from archc.emit.table import table
from archc.manual.operators import alone
from archc.ops.base import OPERATORS
from archc.source import Source
from archc.targets.target import parse_target
from support import shipped
from support.nets import Net

TEXT = """arch net {
    TARGET
    input image: 16 x 16 x 8
    stage s(channels = 16, stride = 2) { conv(kernel = 3x3) relu6 }
    head { global_average_pool dense(10) }
}"""


def arena(text: str = TEXT, target: str = "", build: str | None = None) -> dict[str, Any]:
    compiled = archc.compile_text(text.replace("TARGET", target), build=build)
    found: dict[str, Any] = compiled.manifest["deployed"]["tflite_micro"]
    return found


@pytest.mark.parametrize(
    ("build", "total"),
    [
        *(("wheel", 88_800), ("x86_64", 88_512), ("cortex_m", 87_412), ("cmsis_nn_mve", 92_324)),
    ],
)
def test_what_other_builds_allocated(build: str, total: int) -> None:
    """Of dscnn_a025 with an int8 border, recorded by builds of tflite-micro at 90b983c2b (the
    wheel: by itself), November 2026."""
    found = micro(shipped.deployed("dscnn_a025", "int8"), build).arena
    assert found is not None
    assert found.total == total
    assert found.activations == (86_384 if build == "cmsis_nn_mve" else 81_920)


@pytest.mark.parametrize("keyword", OPERATORS)
def test_every_operator_of_the_language_is_known(keyword: str) -> None:
    """What it becomes is in the table, or known to have no kernel. Of the kernels of two float
    operators it is not known what they ask for: such networks have no figure of the whole arena."""
    operators = alone(keyword)
    assert unknown(operators) == {"elu": ("ELU",), "l2_normalise": ("SQUARE",)}.get(keyword, ())
    assert set(unsupported(operators)) <= {"GELU", "TILE"}


def test_cmsis_nn_asks_for_scratch_memory() -> None:
    """An im2col buffer for 3x3 over 8 channels: 4 bytes each on DSP, 64 for each 16 on Helium."""
    net = Net(4, 4, 8)
    net("conv", channels=8, kernel=(3, 3))
    deployed = lower(net.graph(), "int8")
    heads = {}
    for name in BUILDS:
        found = micro(deployed, name).arena
        assert found is not None
        heads[name] = found.activations
    assert heads == {
        **dict.fromkeys(("wheel", "x86_64", "cortex_m"), 2 * 128),
        "cmsis_nn_dsp": 2 * 128 + 4 * 72,
        "cmsis_nn_mve": 2 * 128 + 64 * 5,
    }


# --- which build -------------------------------------------------------------------------------


def test_the_wheel_is_the_default() -> None:
    assert DEFAULT == "wheel"
    assert arena()["build"] == arena(target="target stm32n6")["build"] == "wheel"


def test_the_spec_chooses_a_build_and_the_command_another() -> None:
    in_spec = "target stm32n6(build = cortex_m)"
    assert arena(target=in_spec)["build"] == "cortex_m"
    assert arena(target=in_spec, build="x86_64")["build"] == "x86_64"
    figures = {name: arena(build=name) for name in BUILDS}
    assert len({found["persistent"] for found in figures.values()}) == len(BUILDS)
    for found in figures.values():
        assert found["total"] == found["activations"] + found["persistent"]
        assert found["smallest_working"] >= found["total"]
        assert found["smallest_working"] % 16 == 0


def test_a_target_s_file_chooses_a_build(tmp_path: Path) -> None:
    import archc.targets

    text = (Path(archc.targets.__file__).parent / "stm32n6.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text('default_build = "cortex_m"\n' + text)
    found = archc.compile_text(TEXT.replace("TARGET", "target stm32n6"), target=str(own))
    assert found.manifest["deployed"]["tflite_micro"]["build"] == "cortex_m"
    with pytest.raises(Rejected, match="default_build"):
        parse_target(Source("own.toml", 'default_build = "cortex"\n' + text))


def test_a_build_that_is_not_known() -> None:
    with pytest.raises(archc.ArchError) as raised:
        arena(target="target stm32n6(build = cortexm)")
    (fault,) = raised.value.diagnostics
    assert fault.message == "`cortexm` is not a build of TensorFlow Lite Micro"
    assert fault.help is not None
    assert "cortex_m" in fault.help
    with pytest.raises(ValueError, match="cmsis_nn_mve"):
        arena(build="helium")


def test_the_command_names_the_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(TEXT.replace("TARGET", ""))
    assert main(["profile", str(spec), "--build", "cmsis_nn_dsp"]) == 0
    shown = capsys.readouterr().out
    assert "Arena of TensorFlow Lite Micro: 32-bit Cortex-M, CMSIS-NN with DSP" in shown
    assert f"{arena(build='cmsis_nn_dsp')['smallest_working']:,}" in shown


def test_arenas_of_different_builds_are_not_compared() -> None:
    manifests = [
        archc.compile_text(TEXT.replace("TARGET", ""), build=name).manifest
        for name in ("wheel", "wheel", "cortex_m")
    ]
    same, other = difference(*manifests[:2]), difference(*manifests[1:])
    assert "tflite_micro.smallest_working" in {change.name for change in same.quantities}
    assert not any(change.name.startswith("tflite_micro") for change in other.quantities)
    assert other.identical


# --- budgets and what has no kernel ------------------------------------------------------------


def budget(text: str) -> archc.ArchError:
    with pytest.raises(archc.ArchError) as raised:
        archc.compile_text(text)
    return raised.value


def test_a_broken_budget_names_what_takes_the_memory() -> None:
    text = """arch net {
        require tflite_micro.smallest_working <= 4 KiB
        input sound: 640
        head { dense(8) relu6 dense(640) }
    }"""
    (fault,) = budget(text).diagnostics
    assert fault.code == "budget"
    said = "\n".join(fault.notes)
    assert "build `wheel`" in said
    assert "`head_dense_2` 5," in said
    assert "the input 2,560" in said
    assert "more are taken for a while" in said


def test_budgets_on_each_part_are_kept_in_the_manifest() -> None:
    parts = ("activations", "persistent", "total", "smallest_working")
    listed = ", ".join(f"tflite_micro.{part} <= 1 MiB" for part in parts)
    compiled = archc.compile_text(TEXT.replace("TARGET", f"require {listed}"))
    found = compiled.manifest["deployed"]["tflite_micro"]
    assert [(b["name"], b["actual"]) for b in compiled.manifest["budgets"]] == [
        (f"tflite_micro.{part}", found[part]) for part in parts
    ]


def test_an_operator_without_a_kernel_leaves_no_arena() -> None:
    text = "arch net { input image: 16 x 16 x 8  head { conv(8, 3x3) gelu } }"
    compiled = archc.compile_text(text)
    assert compiled.manifest["deployed"]["tflite_micro"] == {
        "build": "wheel",
        **dict.fromkeys(("activations", "persistent", "total", "smallest_working")),
        "unsupported": ["GELU"],
    }
    shown = table(compiled.manifest)
    assert "it does not load this network: it has no kernel for GELU" in shown
    assert "smallest that works" not in shown


@pytest.mark.parametrize("name", ["tflite_micro.smallest_working", "arena_bytes"])
def test_a_budget_on_an_arena_that_there_is_not(name: str) -> None:
    text = f"arch net {{ require {name} <= 1 MiB input image: 8 x 8 x 8 head {{ conv gelu }} }}"
    (fault,) = budget(text.replace("conv", "conv(8)")).diagnostics
    assert fault.message == f"`{name}` cannot be met: TensorFlow Lite Micro has no kernel for GELU"
    assert fault.notes == ("it comes from `head_gelu`",)


# --- networks of files -------------------------------------------------------------------------


def test_operators_of_a_file_that_are_not_in_the_table() -> None:
    tensors = (Tensor((1, 8), 1, 1),) * 3
    network = Network(
        tensors, (Operator("ELU", (0,), (1,)), Operator("TILE", (1,), (2,))), (0,), (2,)
    )
    found = measure(network)
    assert (found.arena, found.unsupported, found.unknown) == (None, ("TILE",), ("ELU",))


def test_optional_inputs_and_open_outputs() -> None:
    """A dense layer without bias, twice the same output, an input nothing reads."""
    tensors = (
        *(Tensor((1, 8), 1, 1), Tensor((4, 8), 1, 4, True), Tensor((1, 4), 1, 1)),
        *(Tensor((1, 8), 1, 1), Tensor((), 4, 0)),
    )
    window = Window((1, 1), (1, 1), valid=True)
    op = Operator("FULLY_CONNECTED", (0, 1, -1), (2,), window)
    for name in BUILDS:
        found = measure(Network(tensors, (op,), (0, 3), (2, 2)), name).arena
        assert found is not None
        assert found.smallest_working >= found.total
