"""Constants fitted to a board: recovered where it is known what they are, refused without data."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.analysis.latency import Band, Timing, estimate, prepare
from archc.cli import main
from archc.cli.verbs.calibrate import read as files_of
from archc.diagnostics.model import Rejected
from archc.models.calibration.measured import Measured, calibrate, match, stem_of
from archc.models.calibration.write import table, target_file
from archc.models.stedgeai.board import Board
from archc.models.stedgeai.layout import load
from archc.models.stedgeai.report import Report
from archc.models.stedgeai.run import read
from archc.source import Source
from archc.targets.builtin import builtin
from archc.targets.target import parse_target
from support import npu
from support.npu import board, networks, timing
from support.profiles import share
from support.st_reports import REAL, WRITTEN, real

SPECS = Path(__file__).parents[2] / "specs"
NAMES = (
    *("mobilenetv1_0.25_food_101_224", "mobilenetv1_1.0_food_101_224"),
    *("mobilenetv2_0.35_food_101_128", "mobilenetv2_1.0_food_101_224"),
    *("squeezenet_v1.1_725061_params_food_101_224", "st_fdmobilenet_v1_food_101_224"),
)


def report(name: str, ms: float) -> Report:
    written = read([load(str(WRITTEN / "npu_2_2_analyze.txt"))])[0]
    measured = Board(ms, None, None, None, None, (("npu_freq", 800),), ())
    return written._replace(
        model=written.model._replace(file=f"C:\\models\\{name}.tflite"), boards=(measured,)
    )


def another(**constants: float) -> Timing:
    """The timing of a board that is known to be another one."""
    known = timing()
    changed = {
        name: known.constants[name]._replace(value=value) for name, value in constants.items()
    }
    return known._replace(constants=known.constants | changed)


def measured(names: Sequence[str] = NAMES, **constants: float) -> tuple[Measured, ...]:
    slow = another(**constants)
    nets = [(name, networks()[name]) for name in names]
    times = [
        sum(e.nanoseconds for e in estimate(prepare(net, board()), slow).epochs) for _, net in nets
    ]
    reports = [report(name, time / 1e6) for name, time in zip(names, times, strict=True)]
    return match(nets, reports)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Rejected) as raised:
        call()
    return raised.value.diagnostic.message


def refused_of(names: Sequence[str]) -> str:
    return refused(lambda: calibrate(measured(names), builtin("stm32n6")))


def test_constants_of_another_board_are_found() -> None:
    made = calibrate(measured(epoch=9000, flash=3.6), builtin("stm32n6"))
    assert made.fitted.constants["epoch"] == pytest.approx(9000, rel=0.05)
    assert made.fitted.constants["flash"] == pytest.approx(3.6, rel=0.05)
    assert made.fitted.worst < 0.03
    assert max(map(abs, made.before.values())) > 0.15
    assert "broadcast" not in made.used  # none of them has a gate
    assert made.fitted.constants["broadcast"] == timing().constants["broadcast"].value


def test_no_constant_moves_far() -> None:
    made = calibrate(measured(epoch=600_000), builtin("stm32n6"))
    assert made.fitted.constants["epoch"] <= 3.01 * 6000


def test_the_target_file_is_one() -> None:
    made = calibrate(measured(epoch=9000, flash=3.6), builtin("stm32n6"))
    target = parse_target(Source("mine.toml", target_file(made, "mine")))
    assert target.timing is not None
    assert target.timing.constants["epoch"].value == pytest.approx(9000, rel=0.05)
    assert target.timing.constants["array"] == timing().constants["array"]
    assert target.timing.bands["plain"].most >= 1.1
    assert "6 networks of the user's own" in target.timing.calibration
    assert "npu_freq 800 MHz" in target.timing.version
    assert target.rules == builtin("stm32n6").rules
    assert "on the networks that were fitted to; of others more" in " ".join(table(made).split())


def bands(text: str) -> dict[str, Band]:
    target = parse_target(Source("mine.toml", text))
    assert target.timing is not None
    return target.timing.bands


@share(0.3)
@given(st.lists(st.floats(0.2, 4), min_size=len(NAMES), max_size=len(NAMES)))
def test_the_band_holds_what_was_measured(factors: list[float]) -> None:
    """Whatever the measurements are: too high and too low count alike."""
    made = calibrate(_scaled(factors), builtin("stm32n6"))
    found = bands(target_file(made, "mine"))
    for name, error in made.fitted.errors.items():
        band = found[made.kinds[name]]
        assert band.least <= 1 / (1 + error) <= band.most
    assert found["wide"].evidence.startswith("none was measured on this board; of stm32n6: ")
    assert "6 networks of the user's own" in found["plain"].evidence


def _scaled(factors: list[float]) -> tuple[Measured, ...]:
    return tuple(
        each._replace(ms=each.ms * factor) for each, factor in zip(measured(), factors, strict=True)
    )


def test_a_poor_fit_says_so() -> None:
    said = " ".join(table(calibrate(measured(epoch=600_000), builtin("stm32n6"))).split())
    assert "`epoch` is as far from stm32n6's as a fit may go, a factor of 3" in said
    assert "explains little" in said
    said = table(calibrate(measured(epoch=9000, flash=3.6), builtin("stm32n6")))
    assert "note:" not in said


def test_a_calibrated_target_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It extends the target, a spec compiles by it, and its own evidence is printed; a second one
    extends the first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("archc.models.calibration.measured.match", lambda *_: measured(epoch=9000))
    validated = str(WRITTEN / "validate_2_2.txt")
    assert main(["calibrate", validated, "-o", "mine.toml"]) == 0
    assert main(["calibrate", validated, "--target", "mine.toml", "-o", "second.toml"]) == 0
    assert 'extends = "mine.toml"' in Path("second.toml").read_text()
    capsys.readouterr()
    spec = str(SPECS / "mobilenet_v1_a10.arch")
    for target in ("mine.toml", "second.toml"):
        assert main(["profile", spec, "--target", target]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "Evidence: half as much again as the worst of 6 networks of the user's own." in said
        assert "It holds for ST Edge AI Core 2.2.0; npu_freq 800 MHz." in said
    for arguments, message in (
        (["-o", "mine.toml"], "already exists"),
        (["-o", "stm32n6.toml"], "is the target that it extends"),
        (["--target", "mine.toml", "-o", "sub/third.toml"], "has to stand beside `mine.toml`"),
        (["--target", "mine.toml", "-o", "mine.toml"], "is the target that it extends"),
    ):
        assert main(["calibrate", validated, *arguments]) != 0
        assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.toml", "second.toml"]


@real
def test_five_real_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Single layers below a millisecond: they can be fitted to, and it says what that is worth."""
    names = ("conv2d_16f_3x3", "conv2d_1x1", "conv2d_32f_5x5", "conv2d_pool", "depthwise_3x3")
    files = [
        str(REAL / f"baseline_{name}_{end}")
        for name in names
        for end in ("int8.tflite", "c_info.json")
    ]
    band = timing().bands["short"]
    before = calibrate(match(*files_of(files)), builtin("stm32n6")).before
    assert len(before) == 5
    assert all(band.least <= 1 / (1 + error) <= band.most for error in before.values())
    made = str(tmp_path / "mine.toml")
    assert main(["calibrate", *files, "-o", made]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "every network takes less than a millisecond" in said
    assert bands(Path(made).read_text())["short"].evidence.endswith("5 networks of the user's own")
    assert main(["calibrate", *files[:8]]) == 1
    assert "4 networks are too few" in capsys.readouterr().err


def test_too_few_networks() -> None:
    assert "4 networks are too few" in refused(
        lambda: calibrate(measured(NAMES[:4]), builtin("stm32n6"))
    )


def test_a_network_that_spills() -> None:
    assert "lie in external RAM" in refused(
        lambda: calibrate(measured((*NAMES, "fastdepth_nyu_depth_v2_320")), builtin("stm32n6"))
    )


def test_what_does_not_belong_together() -> None:
    nets = [(name, networks()[name]) for name in NAMES]
    assert "whose file is not given" in refused(lambda: match(nets, [report("another", 3.0)]))
    assert "two files are called" in refused(lambda: match([*nets, nets[0]], []))
    assert "two reports are of" in refused(lambda: match(nets, [report(NAMES[0], 3.0)] * 2))
    assert "no time of a board" in refused(
        lambda: match(nets, [report(NAMES[0], 3.0)._replace(boards=())])
    )


def test_stems() -> None:
    assert stem_of("C:\\a.b\\net.v2.tflite") == "net.v2"
    assert stem_of("/x/net") == "net"


@real
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("baseline_conv2d_16f_3x3_validate_report.txt", "baseline_conv2d_16f_3x3_int8.tflite")
    assert main(["calibrate", *(str(REAL / name) for name in files)]) == 1
    assert "1 network is too few" in capsys.readouterr().err
    assert main(["calibrate", "x.txt", "-o", str(tmp_path / "Mine.toml")]) == 2
    assert not list(tmp_path.iterdir())


def test_what_the_command_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    validated = str(WRITTEN / "validate_2_2.txt")
    assert main(["calibrate", validated, "-o", str(tmp_path / "mine.toml")]) == 1
    assert "whose file is not given" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    monkeypatch.setattr("archc.models.calibration.measured.match", lambda *_: measured())
    assert main(["calibrate", validated, "-o", str(tmp_path / "mine.toml")]) == 1
    assert "pip install 'archc-dsl[calibrate]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_rows_are_at_hand() -> None:
    assert set(NAMES) <= {row.network for row in npu.rows()}
