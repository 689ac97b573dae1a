"""Constants fitted to a board: recovered where it is known what they are, refused without data."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from archc.analysis.latency import Timing, estimate, prepare
from archc.cli import main
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
from support.st_reports import REAL, WRITTEN, real

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
    assert "on the networks that were fitted to; of others more" in table(made)


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
