"""`archc sweep` through a space and `archc space`, against a compile of every variant."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from archc import compile_text
from archc.cli import main, progress
from archc.cli.interrupt import deferred
from archc.space.engine import Batch, Space

np = pytest.importorskip("numpy")

SPEC = """arch a(width = 8 in 8 .. 32 step 8, side = 8 in [8, 12, 16], unit = ds in [ds, conv]) {
    require params <= 1500
    target stm32n6
    input image: side x side x 3
    stage s(channels = width) { conv(kernel = 3x3) }
    stage t(channels = 2 * width, stride = 2) { unit }
    head { global_average_pool dense(4) }
}
"""
WIDTHS, SIDES, UNITS = (8, 16, 24, 32), (8, 12, 16), ("ds", "conv")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.arch").write_text(SPEC)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def truth() -> dict[tuple[str, ...], dict[str, Any]]:
    """The manifest of every variant, budgets left aside."""
    free = SPEC.replace("    require params <= 1500\n", "")
    found = {}
    for width, side, unit in product(WIDTHS, SIDES, UNITS):
        made = compile_text(free, width=width, side=side, unit=unit)
        found[str(width), str(side), unit] = made.manifest
    return found


def table(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_every_variant_within_budget_is_written(truth: Any, capsys: Capture) -> None:
    command = ["sweep", "a.arch", "--minimize", "macs", "--maximize", "params", "-o", "out.csv"]
    assert main([*command, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = table("out.csv")
    within = {key: m for key, m in truth.items() if m["totals"]["params"] <= 1500}
    assert {(row["width"], row["side"], row["unit"]) for row in rows} == within.keys()
    for row in rows:
        totals = truth[row["width"], row["side"], row["unit"]]["totals"]
        deployed = truth[row["width"], row["side"], row["unit"]]["deployed"]
        assert int(row["params"]) == totals["params"]
        assert int(row["activation_bytes.int8"]) == totals["activation_bytes"]["int8"]
        assert int(row["arena_bytes"]) == deployed["arena_bytes"]
        assert int(row["tflite_micro.total"]) == deployed["tflite_micro"]["total"]
        assert row["verdict"] == "compatible"
    costs = {key: (m["totals"]["macs"], -m["totals"]["params"]) for key, m in within.items()}
    front = {
        costs[key]
        for key in costs
        if not any(
            other != costs[key] and other[0] <= costs[key][0] and other[1] <= costs[key][1]
            for other in costs.values()
        )
    }
    marked = [(int(row["macs"]), -int(row["params"])) for row in rows if row["front"] == "1"]
    assert sorted(marked) == sorted(front)
    assert len(document["front"]) == len(front)
    assert document["count"]["looked"] == len(truth)
    assert document["count"]["within"] == document["count"]["met"] == len(within)
    shown = [row["figures"]["macs"] for row in document["rows"]]
    assert shown == sorted(shown)
    assert all(row["figures"]["latency_ms"] > 0 for row in document["rows"])


def test_conditions_top_and_table(truth: Any, capsys: Capture) -> None:
    command = ["sweep", "a.arch", "--over", "width=8..24:8", "--over", "side=[8, 16]"]
    where = ["--where", "macs <= 60 k", "--where", "params > 300", "--maximize", "params"]
    assert main([*command, *where, "--top", "2"]) == 0
    said = capsys.readouterr().out
    assert "meet all conditions" in " ".join(said.split())
    chosen = [
        m["totals"]["params"]
        for (width, side, unit), m in truth.items()
        if int(width) <= 24 and side != "12" and unit == "ds"
        and 300 < m["totals"]["params"] <= 1500 and m["totals"]["macs"] <= 60_000
    ]  # fmt: skip
    lines = [line.split() for line in said.splitlines() if line.endswith("compatible")]
    assert [int(line[2].replace(",", "")) for line in lines] == sorted(chosen)[:-3:-1]


def test_formats_and_shards_are_one_table(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "-o", "whole.csv"]) == 0
    for index in (1, 2, 3):
        main(["sweep", "a.arch", "--shard", f"{index}/3", "-o", f"part{index}.csv"])
    whole = table("whole.csv")
    assert [row for index in (1, 2, 3) for row in table(f"part{index}.csv")] == whole
    assert main(["sweep", "a.arch", "-o", "whole.jsonl"]) == 0
    lines = [json.loads(line) for line in Path("whole.jsonl").read_text().splitlines()]
    for line, row in zip(lines, whole, strict=True):
        assert list(line) == list(row)
        assert {name: str(int(v) if isinstance(v, bool) else v) for name, v in line.items()} == row
    parquet = pytest.importorskip("pyarrow.parquet")
    for index in (1, 2, 3):
        main(["sweep", "a.arch", "--shard", f"{index}/3", "-o", f"parts/{index}.parquet"])
    assert parquet.read_table("parts").to_pylist() == lines


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_parameters_called_like_columns(suffix: str) -> None:
    Path("named.arch").write_text("""arch a(macs = 8 in [8, 16], front = 1 in 1 .. 2, variant = 8) {
    input image: variant x variant x 3
    stage s(channels = macs, repeat = front) { conv(channels) }
    head { flatten dense(2) }
}
""")
    path = f"named.{suffix}"
    if suffix == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
    command = ["sweep", "named.arch", "--over", "macs", "--over", "front", "--over", "variant=8..9"]
    assert main([*command, "--minimize", "macs", "--maximize", "params", "-o", path]) == 0
    if suffix == "csv":
        rows: list[dict[str, Any]] = list(table(path))
    elif suffix == "jsonl":
        rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    else:
        rows = parquet.read_table(path).to_pylist()
    named = ("parameter.macs", "parameter.front", "parameter.variant")
    assert [tuple(row[name] for name in named) for row in rows] == [
        (macs, front, side) for macs in ("8", "16") for front in ("1", "2") for side in ("8", "9")
    ]
    assert {str(row["front"]) for row in rows} & {"1", "True"}
    assert [int(row["variant"]) for row in rows] == list(range(8))
    assert len({int(row["macs"]) for row in rows}) == 8


DOCS = Path(__file__).parents[2] / "docs" / "design-spaces.md"


def shards() -> list[dict[str, Any]]:
    """The space of the docs in three files of Parquet, and their rows."""
    parquet = pytest.importorskip("pyarrow.parquet")
    spec = str(DOCS.parents[1] / "specs" / "dscnn.arch")
    over = [*("--over", "alpha=0.5..1.0:0.1", "--over", "width=64..256:64")]
    over += ["--over", "num_classes=12", "--over", "height=[32, 64]"]
    for index in (1, 2, 3):
        path = f"parts/{index}.parquet"
        assert main(["sweep", spec, *over, "--shard", f"{index}/3", "-o", path]) == 0
    rows: list[dict[str, Any]] = parquet.read_table("parts").to_pylist()
    assert len(rows) == 48
    return rows


def test_duckdb_reads_shards_as_the_docs_say() -> None:
    duckdb = pytest.importorskip("duckdb")
    (statement,) = re.findall("```sql\n(.*?)```", DOCS.read_text(), re.S)
    own = [row for row in shards() if row["macs"] <= 5_000_000]
    by_alpha = [[row for row in own if row["alpha"] == a] for a in {r["alpha"] for r in own}]
    expected = [
        (g[0]["alpha"], len(g), min(r["arena_bytes"] for r in g), max(r["params"] for r in g))
        for g in by_alpha
    ]
    expected.sort(key=lambda row: -row[3])
    assert duckdb.sql(statement).fetchall() == expected[:3]


def test_polars_reads_shards_as_one() -> None:
    polars = pytest.importorskip("polars")
    rows = shards()
    assert polars.scan_parquet("parts/*.parquet").collect().to_dicts() == rows


def test_ctrl_c_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    real = Space.batches

    def batches(self: Space, start: int, stop: int) -> Iterator[Batch]:
        for number, batch in enumerate(real(self, start, stop, 5)):
            if number == 2 and stop > 6:
                raise KeyboardInterrupt
            yield batch

    assert main(["sweep", "a.arch", "-o", "whole.csv"]) == 0
    monkeypatch.setattr(Space, "batches", batches)
    assert main(["sweep", "a.arch", "-o", "some.csv"]) == 130
    assert "--start 6" in capsys.readouterr().err
    monkeypatch.setattr(Space, "batches", real)
    assert main(["sweep", "a.arch", "-o", "rest.csv", "--start", "6"]) == 0
    assert table("some.csv") + table("rest.csv") == table("whole.csv")


def test_ctrl_c_leaves_the_files_of_an_earlier_run(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """What is done is written beside them, and nothing is where nothing is done."""
    real, done = Space.batches, 2

    def batches(self: Space, start: int, stop: int) -> Iterator[Batch]:
        for number, batch in enumerate(real(self, start, stop, 5)):
            if number == done:
                raise KeyboardInterrupt
            yield batch

    command = ["sweep", "a.arch", "--minimize", "macs", "--maximize", "params"]
    files = ["-o", "all.csv", "--plot", "all.svg", "--report", "all.html"]
    assert main([*command, *files]) == 0
    whole = {name: Path(name).read_bytes() for name in files[1::2]}
    rows = table("all.csv")
    capsys.readouterr()
    monkeypatch.setattr(Space, "batches", batches)
    assert main([*command, *files]) == 130
    said = capsys.readouterr().err
    assert "all.csv of an earlier run is kept; what is done is in all.partial.csv" in said
    assert "--start 6` and another `-o`, `--plot` and `--report`" in said
    assert {name: Path(name).read_bytes() for name in whole} == whole
    parts = [f"all.partial.{suffix}" for suffix in ("csv", "html", "svg")]
    assert sorted(map(str, Path().glob("all.partial*"))) == parts
    assert [row["variant"] for row in table(parts[0])] == [row["variant"] for row in rows[:6]]
    assert "the best of 6 of 24 variants" in Path(parts[1]).read_text()
    done = 0
    assert main([*command, "-o", "none.csv"]) == 130
    assert "stopped before any variant was evaluated; nothing is written" in capsys.readouterr().err
    assert not Path("none.csv").exists()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_one_ctrl_c_ends_it_and_the_front_so_far_is_marked(
    suffix: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    real, passes = Space.batches, []

    def batches(self: Space, start: int, stop: int) -> Iterator[Batch]:
        passes.append(start)
        for number, batch in enumerate(real(self, start, stop, 5)):
            if number == 3:
                signal.raise_signal(signal.SIGINT)
            yield batch

    monkeypatch.setattr(Space, "batches", batches)
    command = ["sweep", "a.arch", "--minimize", "macs", "--maximize", "params", "--format", "json"]
    assert main([*command, "-o", f"some.{suffix}"]) == 130
    said = capsys.readouterr()
    assert "--start 9" in said.err
    assert passes == [0], "nothing is gone through again"
    document = json.loads(said.out)
    if suffix == "csv":
        marked = [int(row["variant"]) for row in table("some.csv") if row["front"] == "1"]
    elif suffix == "jsonl":
        rows = [json.loads(line) for line in Path("some.jsonl").read_text().splitlines()]
        marked = [row["variant"] for row in rows if row["front"]]
    else:
        import pyarrow.parquet as parquet

        rows = parquet.read_table("some.parquet").to_pylist()
        marked = [row["variant"] for row in rows if row["front"]]
    assert marked == sorted(document["front"])
    assert marked


def test_a_sweep_that_is_asked_to_end_writes_what_is_done_and_leaves_nothing_else() -> None:
    free = SPEC.replace(" in 8 .. 32 step 8", "").replace(" in [8, 12, 16]", "")
    Path("free.arch").write_text(free.replace("require params <= 1500", ""))
    command = ["sweep", "free.arch", "--over", "width=8..4000", "--over", "side=8..4000"]
    with subprocess.Popen(
        [sys.executable, "-m", "archc", *command, "-o", "all.csv"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not any(Path().glob(".all.csv.*.tmp")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        said = process.communicate()[1]
    assert process.returncode == 128 + signal.SIGTERM, said
    if "--start" in said:  # else it had not begun to look at variants
        (following,) = re.findall(r"--start (\d+)", said)
        assert len(table("all.csv")) == int(following)
    assert not [*Path().glob(".*.tmp")]


@pytest.mark.parametrize("words", [["--top", "0"], ["--top", "-1"], ["--sample", "0"]])
def test_counts_begin_at_one(words: list[str], capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "--minimize", "macs", *words]) == 2
    assert "is not a whole number from 1 on" in capsys.readouterr().err


def test_what_is_never_a_network_is_said_why(capsys: Capture) -> None:
    assert main(["space", "a.arch", "--over", "unit=[nothing]"]) == 1
    said = capsys.readouterr()
    assert "error[unknown_name]" in said.err
    assert said.out.startswith("a: 1 variant\n")


def test_an_objective_is_named_once(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "--minimize", "macs", "--maximize", "macs"]) == 2
    assert "an objective is named once" in capsys.readouterr().err


def test_ctrl_c_does_not_cut_what_is_written() -> None:
    done = []

    def write() -> None:
        with deferred():
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_progress_is_said_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(progress, "FIRST", 0)
    monkeypatch.setattr(progress, "LINE", 0)
    monkeypatch.setattr(progress, "LONG", -1)
    assert main(["space", "a.arch"]) == 0
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert "minutes: `--sample 100000`" in lines[0]
    assert "`--jobs 4` takes four cores" in lines[0]
    assert re.fullmatch(r"24 of 24 variants \(100 %\), .* a second, 0 s left", lines[-1])
    assert "24 variants" in captured.out


def test_what_contradicts_is_said_first_with_the_nearest(capsys: Capture) -> None:
    for where in (["macs <= 10", "macs > 20"], ["params > 2000"]):
        command = [part for each in where for part in ("--where", each)]
        assert main(["space", "a.arch", *command]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "nothing has both" in said
        assert "24 variants that were looked at the nearest has unit = " in said
    assert "params <= 1,500" in said
    assert "params 1,428" in said  # the most that its budget allows


def test_a_plot_has_the_front_with_its_parameters(capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    command = ["sweep", "a.arch", "--minimize", "macs", "--maximize", "params", "--format", "json"]
    assert main([*command, "--where", "macs <= 200 k", "--plot", "out.svg"]) == 0
    document = json.loads(capsys.readouterr().out)
    drawn = Path("out.svg").read_text()
    titles = re.findall("<title>(.*)</title>", drawn)
    shown = [row["parameters"] for row in document["rows"]]
    assert sorted(titles) == sorted(
        ", ".join(f"{name} = {text}" for name, text in each.items()) for each in shown
    )
    assert len(titles) == len(document["front"]) > 1
    assert main([*command, "--where", "macs <= 200 k", "--plot", "again.svg"]) == 0
    assert Path("again.svg").read_text() == drawn
    assert main([*command, "--plot", "out.png"]) == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    ticks = re.findall("<text[^>]*>([^<]*)</text>", drawn)
    assert any(re.fullmatch(r"[0-9.]+ k", tick) for tick in ticks)
    assert not any(re.fullmatch(r"1e[0-9]+|[0-9]{4,}", tick) for tick in ticks)
    assert main(["sweep", "a.arch", "--minimize", "macs", "--plot", "out.svg"]) == 2
    assert "a plot shows two objectives" in capsys.readouterr().err


SWEEP = ["sweep", "a.arch", "--over", "width=8,16"]
PLOTTED = [*SWEEP, "--minimize", "macs", "--maximize", "params", "--plot"]


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        ([*SWEEP, "-o"], "csv"),
        ([*SWEEP, "-o"], "jsonl"),
        ([*SWEEP, "-o"], "parquet"),
        (PLOTTED, "svg"),
        (PLOTTED, "png"),
        (["space", "a.arch", "--over", "width=8,16", "--plot"], "svg"),
        (["space", "a.arch", "--over", "width=8,16", "--plot"], "png"),
    ],
)
def test_what_another_run_wrote_is_replaced_and_other_files_stay(
    words: list[str], ending: str, capsys: Capture
) -> None:
    pytest.importorskip({"parquet": "pyarrow", "svg": "matplotlib", "png": "matplotlib"}.get(
        ending, "numpy"))  # fmt: skip
    made, mine, link = (Path(f"{name}.{ending}") for name in ("made", "mine", "link"))
    assert main([*words, str(made)]) == main([*words, str(made)]) == 0
    for content in (b"", b"variant,mine\n1,2\n", b"PAR1 mine PAR1", b"<svg/>"):
        mine.write_bytes(content)
        capsys.readouterr()
        assert main([*words, str(mine)]) == 1
        assert f"`{mine}` is a file that archc did not write" in capsys.readouterr().err
        assert mine.read_bytes() == content
    link.symlink_to(made)
    assert main([*words, str(link)]) == 1
    assert "is a symbolic link" in capsys.readouterr().err
    assert link.is_symlink()


def test_a_report_has_the_front_and_networks_of_it(capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    free = SPEC.replace("    require params <= 1500\n", "").replace("8 .. 32", "8 .. 128")
    Path("wide.arch").write_text(free)
    command = ["sweep", "wide.arch", "--over", "width=8..128:8", "--minimize", "macs"]
    command += ["--maximize", "params", "--format", "json"]
    assert main([*command, "--report", "front.html"]) == 0
    document = json.loads(capsys.readouterr().out)
    front, rows = document["front"], document["rows"]
    assert len(front) > len(rows) == 10
    assert [rows[0]["variant"], rows[-1]["variant"]] == [front[0], front[-1]]
    page = Path("front.html").read_text()
    drawn = page[page.index('id="front"') : page.index('id="compared"')]
    assert len(re.findall('id="variant-', drawn)) == len(front)
    assert "<style" not in drawn
    assert not re.findall("#[0-9a-f]{6}", re.sub('(href|id)="[^"]*"', "", drawn))
    cells = [re.findall('data-value="([^"]*)', line) for line in drawn.split("<tr>")[2:]]
    assert [(int(macs), int(params)) for macs, params, *_ in cells] == [
        (row["figures"]["macs"], row["figures"]["params"]) for row in rows
    ]
    for row in rows:
        title = ", ".join(f"{name} = {text}" for name, text in row["parameters"].items())
        assert f"<h2>{title}</h2>" in page
    assert main([*command, "--report", "again.html"]) == 0
    assert Path("again.html").read_text() == page


def test_a_report_of_one_objective_needs_no_plot(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "--minimize", "macs", "--top", "2", "--report", "b.html"]) == 0
    page = Path("b.html").read_text()
    assert page.count("<article") == 2
    assert 'class="front' not in page
    assert main(["sweep", "a.arch", "--where", "macs < 1", "--report", "none.html"]) == 1
    assert not Path("none.html").exists()
    assert "none.html is not written" in capsys.readouterr().err
    assert main(["sweep", "a.arch", "--minimize", "macs", "--report", "b.txt"]) == 2
    assert "does not end in .html, .pdf or .png" in capsys.readouterr().err


def test_time_is_that_of_compiles(truth: Any, capsys: Capture) -> None:
    command = ["sweep", "a.arch", "--minimize", "latency_ms", "--format", "json", "--top", "3"]
    assert main(command) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    times = sorted(
        m["deployed"]["latency"]["most"] / 1000
        for m in truth.values()
        if m["totals"]["params"] <= 1500
    )
    assert [row["figures"]["latency_ms"] for row in rows] == times[:3]


def test_budgets_of_time_count_in_what_is_written(truth: Any, capsys: Capture) -> None:
    within = [m for m in truth.values() if m["totals"]["params"] <= 1500]
    times = sorted(m["deployed"]["latency"]["most"] for m in within)
    limit = times[3] / 1000
    expected = sum(time <= times[3] for time in times)
    where = ["--where", f"latency_ms <= {limit}"]
    assert main(["sweep", "a.arch", *where, "-o", "out.csv", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"]["met"] == expected
    assert len(table("out.csv")) == expected
    Path("b.arch").write_text(SPEC.replace("params <=", f"latency_ms <= {limit}, params <="))
    assert main(["sweep", "b.arch", "-o", "own.csv"]) == 0
    assert table("own.csv") == table("out.csv")
    capsys.readouterr()
    for command in (["a.arch", *where], ["b.arch"]):
        assert main(["space", *command, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["summary"]["within"] == expected


def test_a_budget_that_nothing_meets_names_the_nearest(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "--where", "macs <= 10"]) == 1
    said = capsys.readouterr().out
    assert "none is feasible; the nearest one:" in said
    assert said.count("compatible") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--where", "macs <= 1", "--where", "macs > 2"], "nothing has both `macs > 2` and"),
        (["--where", "macs"], "`macs` compares with nothing"),
        (["--where", "mac <= 5"], "`mac` is not a figure of a network"),
        (["--where", "macs <= many"], "`many` is not a number"),
        (["--minimize", "speed"], "`speed` is not a figure"),
        (["--over", "wide=1..2"], "`a` has no parameter `wide`"),
        (["--over", "width=9..1"], "has no values"),
        (["--over", "width=1..ds"], "is not a number"),
        (["--over", "width="], "is not of the form NAME=VALUES"),
        (["--over", "width=1..2..3"], "is not of the form NAME=LOW..HIGH:STEP"),
        (["--over", "width=1:2"], "is not of the form NAME=LOW..HIGH:STEP"),
        (["--over", "width=1..1e30"], "a parameter takes 1,000,000 at the most"),
        (["--over", "width=8,,16"], "`width` has an empty value"),
        (["--over", "width=33..99"], "every value of `width` is outside its range, 8 .. 32"),
        (["--over", "width=[4, 40]"], "every value of `width` is outside its range, 8 .. 32"),
        (["--where", "params <= "], "`params <=` has no limit"),
        (["--where", "params =< 5"], "write `params <= 5`, with one of"),
        (["--where", "params <= 5 and macs <= 3"], "give each condition a `--where` of its own"),
        (["--shard", "31/40"], "`a` has 24 variants here, which 24 shards hold"),
        (["--start", "24"], "`--start 24` is beyond the end: `a` has 24 variants here"),
        (["--start", "-1"], "`-1` is not a whole number from 0 on"),
        (["--start", "6", "--shard", "1/4"], "the shard 1/4 ends before 6"),
        (["--over", "width=8", "--over", "width=16"], "swept once"),
        (["--over", "width=1..1000000", "--over", "side=1..1000000"], "--shard 1/500"),
        (["--shard", "4/3"], "takes a part such as 3/16"),
        (["-o", "out.txt"], "does not end in .csv, .jsonl or .parquet"),
    ],
)  # fmt: skip
def test_bad_input(options: list[str], said: str, capsys: Capture) -> None:
    assert main(["sweep", "a.arch", *options]) in (1, 2)
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_the_range_of_a_parameter_fills_in_what_is_left_out(capsys: Capture) -> None:
    """A name alone, ends and steps."""

    def widths(*over: str) -> list[str]:
        options = [part for each in over for part in ("--over", each)]
        assert main(["sweep", "a.arch", *options, "-o", "out.csv"]) == 0
        return [row["width"] for row in table("out.csv")]

    assert widths("width") == ["8", "16"]  # what is over budget is left out
    assert widths("width=..16") == ["8", "16"]
    assert widths("width=16..") == ["16"]
    assert widths("width=..:4") == ["8", "16"]
    assert "side" not in table("out.csv")[0]
    Path("b.arch").write_text(SPEC.replace("8 in 8 .. 32 step 8", "8.0 in 8 .. 32"))
    for options in ([], ["--over", "width"]):
        assert main(["sweep", "b.arch", *options]) == 1
        assert "`--over width=..:1`, for 25 values" in " ".join(capsys.readouterr().err.split())
    assert main(["sweep", "b.arch", "--over", "width=8..16"]) == 1
    assert "`width=8..16:0.2` for 41 values" in capsys.readouterr().err
    assert main(["sweep", "a.arch", "--over", "unit"]) == 0
    Path("c.arch").write_text(SPEC.replace(" in [ds, conv]", ""))
    assert main(["sweep", "c.arch", "--over", "unit"]) == 1
    assert "`unit` has no range in the spec" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["sweep", "space"])
def test_values_without_a_network_are_told_of(verb: str, capsys: Capture) -> None:
    assert main([verb, "a.arch", "--over", "width=8..48:8"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "warning[out_of_range]: `width` is 40, outside 8 .. 32" in said
    assert "2 of 6 variants do not compile; the first is with width = 40" in said
    assert main([verb, "a.arch", "--over", "unit=[ds, nosuch]"]) == 0
    assert "1 of 2 variants do not compile" in capsys.readouterr().err


def test_a_value_from_outside_cannot_use_parameters(capsys: Capture) -> None:
    """Neither those that the arch has nor those that it could have."""
    for name in ("width", "nosuch"):
        value = f"ir(expansion = {name})"
        assert main(["sweep", "a.arch", "--over", f"unit=[{value}, ds]"]) == 0
        said = " ".join(capsys.readouterr().err.split())
        assert main(["check", "a.arch", "--set", f"unit={value}"]) == 1
        for each in (said, " ".join(capsys.readouterr().err.split())):
            assert "given from outside (`--over`, `--set`) cannot use the arch's param" in each
            assert "declare it" not in each


def test_a_space_that_is_too_large_says_how_to_go_through_it(capsys: Capture) -> None:
    assert main(["space", "a.arch", "--over", "width=1..1000000", "--over", "side=1..1000000"]) == 2
    said = capsys.readouterr().err
    assert "1,000,000,000,000 variants" in said
    assert "--sample" in said
    over = ["--over", "width=8..160:8", "--over", "side"]
    assert main(["space", "a.arch", *over, "--sample", "50"]) == 0
    assert "of these 50 were looked at" in capsys.readouterr().out


def test_parameters_without_values(capsys: Capture) -> None:
    Path("b.arch").write_text(SPEC.replace("width = 8 in 8 .. 32 step 8", "width"))
    assert main(["sweep", "b.arch", "--minimize", "macs"]) == 2
    assert "`width` has neither a value nor a range" in capsys.readouterr().err
    Path("c.arch").write_text(SPEC.replace("in 8 .. 32 step 8", "in 8.0 .. 32.0"))
    assert main(["sweep", "c.arch", "--minimize", "macs"]) == 1
    assert "the range of `width` has no step" in capsys.readouterr().err
    Path("d.arch").write_text("arch d { input image: 8x8x3 head { flatten dense(2) } }")
    assert main(["space", "d.arch"]) == 2
    assert "`d` has no parameters" in capsys.readouterr().err
    Path("e.arch").write_text("arch e(n = 2) { input image: 8x8x3 head { flatten dense(n) } }")
    assert main(["space", "e.arch"]) == 2
    said = capsys.readouterr().err
    assert "no parameter of `e` has a range" in said
    assert "try `archc space --help`" in said


def test_a_derived_arch_has_the_ranges_that_it_leaves_open(capsys: Capture) -> None:
    Path("e.arch").write_text(f"{SPEC}arch b = a(side = 12)\n")
    assert main(["sweep", "e.arch", "--arch", "b", "--minimize", "macs", "-o", "out.csv"]) == 0
    assert {row["width"] for row in table("out.csv")} <= {"8", "16", "24", "32"}
    assert "side" not in table("out.csv")[0]
    assert main(["sweep", "e.arch", "--arch", "b", "--over", "side=8..9"]) == 1
    assert "`side` is already bound by `b`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["sweep", "a.arch", "--minimize", "macs", "-o", "out.csv"],
        ["space", "a.arch"],
        ["search", "a.arch", "--objective", "train:score", "--maximize", "accuracy"],
    ],
)
def test_a_sweep_that_differs_from_a_compile_says_bug(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    if command[0] == "search":
        pytest.importorskip("optuna")
    from archc.space import classes

    real = classes.measure

    def wrong(*arguments: Any) -> Any:
        found = real(*arguments)
        found.figures["macs"] += 1
        return found

    monkeypatch.setattr(classes, "measure", wrong)
    assert main(command) == 1
    captured = capsys.readouterr()
    assert "bug in archc" in captured.err
    assert "`macs` is" in captured.err
    assert not Path("out.csv").exists()


def test_a_space_is_drawn(capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    for path in ("space.svg", "again.svg", "space.png"):
        assert main(["space", "a.arch", "--plot", path]) == 0
    drawn = Path("space.svg").read_text()
    assert drawn == Path("again.svg").read_text()
    assert Path("space.png").read_bytes().startswith(b"\x89PNG")
    for said in ("a: 12 of 24 within budget", "latency_ms within budget", "width, 8 to 32"):
        assert f">{said}<" in drawn
    capsys.readouterr()
    assert main(["space", "a.arch", "--plot", "space.pdf"]) == 2
    assert "does not end in .svg or .png" in capsys.readouterr().err


def test_a_space_counts_and_explains(truth: Any, capsys: Capture) -> None:
    assert main(["space", "a.arch", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["summary"]
    within = [m for m in truth.values() if m["totals"]["params"] <= 1500]
    assert (found["variants"], found["networks"]) == (len(truth), len(truth))
    assert found["within"] == len(within)
    macs = sorted(m["totals"]["macs"] for m in within)
    times = sorted(m["deployed"]["latency"]["most"] / 1000 for m in within)
    for cost, every in (("macs", macs), ("latency_ms", times)):
        assert found["quantiles"][cost][0] == [0.0, every[0]]
        assert found["quantiles"][cost][-1] == [1.0, every[-1]]
    every = np.array([m["totals"]["macs"] for m in truth.values()], float)
    keys = list(truth)
    for place, name in enumerate(("width", "side", "unit")):
        (moved,) = (m for m in found["moved"] if (m["parameter"], m["cost"]) == (name, "macs"))
        means = {}
        for value in {key[place] for key in keys}:
            means[value] = every[[key[place] == value for key in keys]].mean()
        spread = np.array([means[key[place]] for key in keys])
        assert moved["share"] == pytest.approx(spread.var() / every.var())
        assert moved["most"] == pytest.approx(max(means.values()))
    values = {value["text"]: value["within"] for value in found["values"]["width"]}
    assert values == {
        str(width): sum(m["model"]["parameters"]["width"] == str(width) for m in within)
        for width in WIDTHS
    }
    assert main(["space", "a.arch"]) == 0
    said = capsys.readouterr().out
    assert "24 variants" in said
    assert "what each parameter explains" in said
