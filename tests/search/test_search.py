"""`archc search` with one worker: what is trained and what is not, and what is said."""

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("numpy")
pytest.importorskip("matplotlib")

from archc import compile_file  # noqa: E402
from archc.cli import main  # noqa: E402
from archc.search import draw  # noqa: E402
from support.searches import COMMAND, SPEC, calls, prepare, states  # noqa: E402

Capture = pytest.CaptureFixture[str]
FRONT = ("--minimize", "latency_ms", "--where", "params <= 2500", "--seed", "3")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(path: str = "a_search/search.db", name: str = "a") -> Any:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{path}")


def refused(capsys: Capture, *command: str) -> str:
    """What is said of a command that fails before anything is trained."""
    code = main([*COMMAND, *command])
    assert code != 0
    assert not calls(Path())
    return " ".join(capsys.readouterr().err.replace("\n  = ", " ").split())


def test_only_what_is_within_budget_is_trained_and_each_network_once(capsys: Capture) -> None:
    assert main([*COMMAND, *FRONT, "--trials", "8", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    begun = [variant for what, variant in calls(Path()) if what == "begin"]
    assert len(begun) == len({*begun}) == 8
    assert found["count"]["trained"] == 8
    assert found["count"]["over_budget"] > 0, "or the test shows nothing"
    trials = study().get_trials()
    trained = [each for each in trials if each.state.name == "COMPLETE"]
    assert len({each.user_attrs["network"] for each in trained}) == len(trained) == 8
    for each in trained:
        values = {name: each.params[name] for name in ("width", "side", "unit")}
        manifest = compile_file("a.arch", **values).manifest
        assert manifest["totals"]["params"] == each.user_attrs["params"] <= 2500
        assert each.values == [
            manifest["totals"]["params"] ** 0.5,
            manifest["deployed"]["latency"]["most"] / 1000,
        ]
    for each in trials:
        over = each.user_attrs.get("rejected")
        assert (over is not None) == bool(each.constraints)
        assert each.state.name == ("COMPLETE" if each.values else "PRUNED")


def test_the_front_is_that_of_optuna_and_its_specs_compile_to_it(capsys: Capture) -> None:
    main([*COMMAND, *FRONT, "--trials", "6", "--format", "json", "-o", "out"])
    found = json.loads(capsys.readouterr().out)
    best = study("out/search.db").best_trials
    values = {tuple(each.values) for each in best}
    assert {(row["values"]["accuracy"], row["values"]["latency_ms"]) for row in found["front"]} == (
        values
    )
    for row in found["front"]:
        network = compile_file("out/a_front.arch", arch=f"a_t{row['trial']}")
        assert network.manifest["totals"]["params"] == row["figures"]["params"]
        assert network.manifest["model"]["parameters"] == row["parameters"]
    assert main(["out/a_front.arch", "-o", "built"]) == 0
    with open("out/trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {int(row["trial"]) for row in rows if row["front"] == "1"} == {
        row["trial"] for row in found["front"]
    }
    drawing = Path("out/front.svg").read_text()
    assert drawing.count("<title>") - 1 <= len(found["front"])
    assert all(f"width = {row['parameters']['width']}" in drawing for row in found["front"])


def test_the_same_command_again_goes_on(capsys: Capture) -> None:
    main([*COMMAND, "--trials", "3"])
    main([*COMMAND, "--trials", "5"])
    assert "to go on with: 3 networks trained" in capsys.readouterr().err
    assert len([what for what, _ in calls(Path()) if what == "begin"]) == 5
    main([*COMMAND, "--trials", "5"])
    said = capsys.readouterr()
    assert "5 networks trained" in said.out
    assert len([what for what, _ in calls(Path()) if what == "begin"]) == 5


def test_a_seed_repeats_the_proposals_of_one_worker(capsys: Capture) -> None:
    for name in ("one", "two"):
        main([*COMMAND, *FRONT, "--trials", "4", "-o", name, "--sampler", "random"])
    first, second = (study(f"{name}/search.db").get_trials() for name in ("one", "two"))
    assert [each.params for each in first] == [each.params for each in second]


def test_a_space_that_is_exhausted_ends_the_search(capsys: Capture) -> None:
    over = ["--over", "width=8..32:8", "--over", "side=[8]", "--over", "unit=[ds, { ds }]"]
    assert main([*COMMAND, *over, "--trials", "20"]) == 0
    said = capsys.readouterr().out
    assert "4 networks trained" in said
    assert "nothing new within budget was left to propose" in said
    assert len(calls(Path())) == 8


def test_failures_are_told_and_do_not_end_a_search(capsys: Capture) -> None:
    command = ["mine:some" if each == "mine:score" else each for each in COMMAND]
    main([*command, "--trials", "3", "--over", "side=[8, 9]", "--over", "width=[8, 9, 16]",
          "--over", "unit=[ds, conv]", "--seed", "1"])  # fmt: skip
    said = capsys.readouterr()
    assert "failed: ValueError: even (mine.py:19)" in said.err
    failed = [each for each in study().get_trials() if each.state.name == "FAIL"]
    assert failed
    assert all(each.user_attrs["error"] == "ValueError: even (mine.py:19)" for each in failed)
    assert all("raise ValueError" in each.user_attrs["output"] for each in failed)


def test_an_objective_that_only_fails_ends_the_search(capsys: Capture) -> None:
    command = ["mine:fails" if each == "mine:score" else each for each in COMMAND]
    assert main([*command, "--trials", "40"]) == 1
    said = capsys.readouterr().err
    assert "error[search_objective]: the objective failed for 5 networks in a row" in said
    assert states(Path())["FAIL"] == 5


def test_two_objectives_of_training_come_as_a_tuple(capsys: Capture) -> None:
    Path("two.py").write_text("def both(manifest, build_model): return 0.5, 7\n")
    command = ["search", "a.arch", "--objective", "two:both", "--minimize", "loss",
               "--maximize", "params", "--minimize", "energy", "--trials", "2"]  # fmt: skip
    assert main(command) == 0
    trials = study().get_trials()
    for each in trials:
        assert each.values == [0.5, each.user_attrs["params"], 7.0]
    assert study().metric_names == ["loss", "params", "energy"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--objective", "mine"], "`mine` is not of the form MODULE:FUNCTION"),
        (["--objective", "mine:absent"], "cannot be used: `mine` has no `absent`"),
        (["--objective", "mine:number"], "`mine:number` is not a function but of type int"),
        (["--objective", "nowhere:f"], "there is no module `nowhere`"),
        (["--objective", "mine:note"], None),
        (["--minimize", "latency_m"], "`latency_m` is not a figure of a network: did you mean"),
        (["--maximize", "accuracy"], "an objective is named once"),
        (["--maximize", "a b"], "`a b` is not a name of an objective"),
        (["--trials", "0"], "`--trials` takes a number above 0"),
        (["--where", "accuracy >= 1"], "`accuracy` is not a figure of a network"),
        (["--where", "params >= 9 k", "--where", "params < 9 k"], "nothing has both"),
        (["--over", "width=8..64:0"], "has no values"),
        (["--over", "depth=1..2"], "`a` has no parameter `depth`"),
        (["--storage", "mongodb://here/a"], "`mongodb` is not a database that a search can use"),
        (["--storage", "sqlite://"], "a storage in memory would be gone"),
        (["--storage", "missing/a.db"], "there is no folder for the storage `missing/a.db`"),
        (["--storage", "mine.py"], "the database says: file is not a database"),
        (["--storage", "postgresql://me:secret@127.0.0.1:1/a"], "***@127.0.0.1:1/a` cannot be"),
        (["--storage", "postgresql://me:a/secret@127.0.0.1:1/a"], "***@127.0.0.1:1/a` cannot be"),
        (["--storage", ""], "`--storage` takes a name"),
        (["--study", "a\udce9"], "`--study` takes a name"),
        (["--objective", "mine.py:score"], "name the module, not its file: `mine:score`"),
    ],
)
def test_what_cannot_be_searched_is_refused_first(
    more: list[str], said: str | None, capsys: Capture
) -> None:
    if said is None:  # it can be called so
        assert main([*COMMAND, *more, "--trials", "1"]) == 1
        return
    found = refused(capsys, *more)
    assert said in found
    assert "secret" not in found


def test_tables_and_plots_of_others_stay(capsys: Capture) -> None:
    Path("a_search").mkdir()
    for name in ("trials.csv", "front.svg"):
        Path("a_search", name).write_text("mine\n")
    assert main([*COMMAND, "--minimize", "macs", "--trials", "2"]) == 1
    assert "trials.csv" in capsys.readouterr().err
    assert {Path("a_search", name).read_text() for name in ("trials.csv", "front.svg")} == {
        "mine\n"
    }


def test_figures_alone_need_no_training(capsys: Capture) -> None:
    command = ["search", "a.arch", "--objective", "mine:score", "--minimize", "macs"]
    assert main(command) == 2
    assert "`archc sweep` finds the best by figures" in capsys.readouterr().err


def test_a_parameter_without_values_is_refused(capsys: Capture) -> None:
    Path("a.arch").write_text(SPEC.replace("width = 8 in 8 .. 64 step 8", "width"))
    said = refused(capsys)
    assert "`width` has neither a value nor a range: give `--over width=A..B:STEP`" in said


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("params <= 100", "unit = conv, width = 8, side = 8: params is 436, not <= 100"),
        ("latency_ms <= 0.01", "unit = conv, width = 8, side = 8: latency_ms is 0.0"),
    ],
)
def test_budgets_that_nothing_meets_are_refused_with_the_nearest(
    where: str, why: str, capsys: Capture
) -> None:
    said = refused(capsys, "--where", where)
    assert "error[search_space]: none of 48 variants is within the budgets" in said
    assert f"the nearest to it is {why}" in said


def test_an_objective_that_no_variant_has_is_refused(capsys: Capture) -> None:
    Path("a.arch").write_text(SPEC.replace("    target stm32n6\n", ""))
    said = refused(capsys, "--minimize", "latency_ms")
    assert "`latency_ms` is an objective, and of no variant it is known" in said
    assert "such as `target stm32n6`" in said


def test_a_spec_with_errors_is_not_searched(capsys: Capture) -> None:
    Path("a.arch").write_text(SPEC.replace("conv(kernel", "cnov(kernel"))
    assert "did you mean `conv`" in refused(capsys) or "cnov" in refused(capsys)


def test_a_storage_of_another_search_is_refused(capsys: Capture) -> None:
    main([*COMMAND, "--trials", "1", "--storage", "s.db"])
    os.remove("log")
    capsys.readouterr()
    storage = ("--storage", "s.db")
    assert "objectives: maximize accuracy there, maximize accuracy, minimize macs here" in refused(
        capsys, *storage, "--minimize", "macs"
    )
    assert "conditions: none there, macs <= 90,000,000 here" in refused(
        capsys, *storage, "--where", "macs <= 90 M"
    )
    assert "width=8..16 (2) here" in refused(capsys, *storage, "--over", "width=8..16:8")
    Path("a.arch").write_text(SPEC.replace("dense(4)", "dense(5)"))
    assert "spec: sha256:" in refused(capsys, *storage)
    assert main([*COMMAND, *storage, "--trials", "1", "--study", "other"]) == 0
    assert study("s.db", "other").get_trials()[0].state.name == "COMPLETE"


def test_a_study_that_is_not_ours_is_refused(capsys: Capture) -> None:
    made = optuna.create_study(study_name="a", storage="sqlite:///s.db", direction="maximize")
    made.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    said = refused(capsys, "--storage", "s.db")
    assert "the study `a` in `sqlite:///s.db` is not one of archc" in said


def test_a_locked_storage_is_said_to_be(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archc.search.storage.LOCKED", 0.1)
    holder = sqlite3.connect("s.db", isolation_level=None)
    holder.execute("begin exclusive")
    try:
        said = refused(capsys, "--storage", "s.db")
    finally:
        holder.close()
    assert "the storage `sqlite:///s.db` is locked by another process" in said


def test_a_storage_that_goes_ends_the_search(capsys: Capture) -> None:
    Path("gone.py").write_text(
        "import os, time\n"
        "def score(manifest, build_model):\n"
        "    os.rename('s.db', 'elsewhere.db')\n"
        "    time.sleep(1)\n"
        "    return 1.0\n"
    )
    command = ["search", "a.arch", "--objective", "gone:score", "--maximize", "accuracy"]
    assert main([*command, "--storage", "s.db", "--heartbeat", "0.2", "--trials", "30"]) == 1
    assert "the storage `sqlite:///s.db` is gone" in capsys.readouterr().err


def test_a_space_too_large_to_look_at_is_searched(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert draw.LOOKED == 200_000
    monkeypatch.setattr(draw, "LOOKED", 5_000)  # what is looked at takes seconds
    names = [f"w{number}" for number in range(12)]
    stages = [f"stage {name}s(channels = 8 * {name}) {{ conv }}" for name in names]
    parameters = ", ".join(f"{name} = 1 in 1 .. 10" for name in names)
    lines = [f"arch a({parameters}) {{", "input image: 8 x 8 x 3", *stages, "}"]
    Path("a.arch").write_text("\n".join(lines))
    assert main([*COMMAND, "--trials", "1", "--format", "json"]) == 0
    said = capsys.readouterr()
    heading = " ".join(said.err.split())
    assert "1,000,000,000,000 variants, 5,000 of 5,000 looked at" in heading
    assert json.loads(said.out)["count"]["trained"] == 1


def test_an_objective_that_takes_too_long_has_failed(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP", "600")
    assert main([*COMMAND, "--trials", "1", "--timeout", "2"]) == 1
    said = capsys.readouterr()
    assert "failed: it took longer than 2 s" in " ".join(said.err.split())
    assert "0 networks trained, 1 failed" in said.out
    assert states(Path()) == {"FAIL": 1}


def test_a_terminal_is_told_how_far_it_is(folder: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    worker = subprocess.Popen(
        [sys.executable, "-m", "archc", *COMMAND, "--trials", "2"],
        cwd=folder,
        env={**os.environ, "SLEEP": "2"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 4096):
            said += data
    except OSError:  # so Linux says that the other end is closed
        pass
    os.close(ours)
    assert worker.wait() == 0
    lines = said.decode().replace("\r", "\n").splitlines()
    assert any(line.startswith("0 of 2 trained, 1 running") for line in lines)
    assert any(
        re.match(r"1 of 2 trained, 1 running, about \d+ (s|min) left", each) for each in lines
    )


@pytest.mark.parametrize("package", ["optuna", "sqlalchemy"])
def test_a_missing_package_is_named(
    package: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("archc.search")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    said = refused(capsys)
    assert "error[extra_missing]: a search needs" in said
    assert "pip install 'archc-dsl[search]'" in said


def test_the_front_of_a_spec_that_uses_others_stands_by_itself(capsys: Capture) -> None:
    for folder in ("specs/blocks", "shared"):
        Path(folder).mkdir(parents=True)
    Path("specs/blocks/mine.arch").write_text(
        "block mine(channels, stride) { conv(channels, 3x3, stride = stride) }\n"
    )
    Path("shared/theirs.arch").write_text(
        "block theirs(channels, stride) { conv(channels, stride = stride) batchnorm }\n"
    )
    text = SPEC.replace("[ds, conv]", "[mine, theirs]").replace("unit = ds", "unit = mine")
    uses = 'use "blocks/mine.arch"\nuse "theirs.arch"\n'
    Path("specs/a.arch").write_text(f"{uses}{text}arch a_t0 = a(width = 8)\n")
    command = ["search", "specs/a.arch", "--arch", "a", *COMMAND[2:], "--minimize", "macs"]
    again = [*command, "-I", "shared", "-o", "out", "--trials"]
    assert main([*again, "3", "--seed", "2"]) == 0
    assert main([*again, "4"]) == 0, "what is ours may be written again"
    written = {str(each.relative_to("out")) for each in Path("out").rglob("*.arch")}
    assert written == {"a_front.arch", "a.arch", "blocks/mine.arch"}
    assert main(["check", "out/a_front.arch", "-I", "shared"]) == 0
    assert "arch a_t0 =" not in Path("out/a_front.arch").read_text(), "the name is taken"


def test_a_file_that_is_not_ours_is_not_overwritten(capsys: Capture) -> None:
    Path("out").mkdir()
    Path("out/a_front.arch").write_text("mine\n")
    assert main([*COMMAND, "--trials", "1", "-o", "out"]) == 1
    said = capsys.readouterr()
    assert "`out/a_front.arch`" in said.err
    assert "1 network trained" in said.out, "what was found is shown all the same"
    assert Path("out/a_front.arch").read_text() == "mine\n"


def test_the_spec_itself_is_left_alone_where_the_front_is_beside_it(capsys: Capture) -> None:
    assert main([*COMMAND, "--trials", "1", "-o", "."]) == 0
    assert Path("a.arch").read_text() == SPEC
    assert main(["check", "a_front.arch"]) == 0
