"""The command in a real terminal of 80 columns: nothing runs over its edge, with and without
colour, and several specs do not drown what matters."""

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from archc.cli import main
from archc.cli.verbs import VERBS, build

ROOT = Path(__file__).parents[2]
COLUMNS = 80
STEERING = re.compile(r"\x1b\[[0-9;]*m")


def terminal(*words: str, columns: int = COLUMNS, **environment: str) -> list[str]:
    """The lines that the command shows in a terminal, colours included."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "archc", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**inherited, "TERM": "xterm-256color", "PYTHONUTF8": "1", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 65_536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not read:
            break
        shown += read
    os.close(ours)
    process.wait(timeout=60)
    return shown.decode().replace("\r\n", "\n").split("\n")


@pytest.mark.parametrize(
    "words",
    [
        ("check", "specs/efficientnet_b0.arch"),
        ("check", "tests/errors/fractional_stride_in_the_library.arch"),
        ("check", "tests/errors/misspelt_quantity.arch", "tests/errors/over_budget.arch"),
        ("profile", "specs/mobilenet_v3_small.arch", "specs/dscnn_a05_ir_se_attn.arch"),
        ("profile", "specs/efficientnet_b0.arch"),
        ("show", "specs/dscnn_a05_se.arch", "--stage", "deployed"),
        ("diff", "specs/mobilenet_v2_a10.arch", "specs/dscnn_a05_ir_se_attn.arch"),
        ("sweep", "specs/families/mobilenet_v2.arch", "alpha=0.35,1.0,9"),
        ("explain",),
        ("explain", "stm32n6/operator"),
        ("targets", "stm32n6"),
        ("manual",),
        ("--help",),
        ("verify",),
        ("analyze", "specs/dscnn.arch"),
    ],
    ids=" ".join,
)
def test_nothing_runs_over_the_edge(words: tuple[str, ...]) -> None:
    lines = terminal(*words)
    assert len(lines) > 1
    assert [line for line in map(plain, lines) if len(line) > COLUMNS] == []


@pytest.mark.parametrize("columns", [100, 80])
def test_help_fits(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every verb; what is typed at a prompt is not broken."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in (["--help"], *([name, "--help"] for name in VERBS)):
        with pytest.raises(SystemExit):
            main(words)
        lines = capsys.readouterr().out.split("\n")
        assert len(lines) > 4
        prose = [line for line in lines if not line.startswith(("bash:", "zsh:", "fish:"))]
        assert [line for line in prose if len(line) > columns] == []
        assert max(map(len, lines)) <= columns


def test_several_networks_fit() -> None:
    rows = [("mobilenet_v3_small", "12,554,968", "1,056.5 M", "10,392 KiB", "incompatible")]
    assert build.table(rows, 100)[0].startswith("mobilenet_v3_small  12,554,968 params  1,056.5 M")
    heads, row = build.table(rows, COLUMNS)
    assert heads.split() == ["network", "params", "MACs", "est.", "peak", "verdict"]
    assert max(len(heads), len(row)) <= COLUMNS


def test_what_is_piped_fits_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables and what stands with them."""
    monkeypatch.delenv("COLUMNS", raising=False)
    specs = [str(ROOT / "specs" / f"{name}.arch") for name in ("dscnn_a05", "dscnn_a05_ir_se_attn")]
    for words in (["diff", *specs], ["profile", *specs], ["profile", specs[1]]):
        assert main(words) == 0
        assert max(map(len, capsys.readouterr().out.split("\n"))) <= COLUMNS


def plain(line: str) -> str:
    return STEERING.sub("", line)


def test_carets_stay_below_what_they_mark() -> None:
    shown = [plain(line) for line in terminal("check", "specs/squeezenet.arch", columns=60)]
    rows = [(line, shown[i - 1]) for i, line in enumerate(shown) if re.match(r" +\| +\^+$", line)]
    marked = [above[line.index("^") : line.rindex("^") + 1] for line, above in rows]
    assert "relu" in marked
    assert "softmax" in marked
    assert max(map(len, shown)) <= 60


def test_colour_and_none_say_the_same() -> None:
    words = ("check", "tests/errors/misspelt_operator.arch")
    coloured = terminal(*words)
    bare = terminal(*words, NO_COLOR="1")
    assert coloured != bare
    assert [plain(line) for line in coloured] == bare
    assert "\x1b" not in "".join(bare)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archc", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


def test_warnings_of_several_networks_take_a_line_each(tmp_path: Path) -> None:
    one = run("specs/squeezenet.arch", "-o", str(tmp_path))
    both = run("specs/squeezenet.arch", "specs/mobilenet_v3_small.arch", "-o", str(tmp_path))
    assert "\n   |\n" in one.stderr
    headlines = re.findall(r"^warning\[.*\]: .*", one.stderr, re.M)
    assert len(headlines) == 4
    lines = both.stderr.splitlines()
    for headline in headlines:
        assert any(line.endswith(f": {headline}") for line in lines)
    assert lines[-1] == "9 warnings; `archc check` shows more of the warnings"
    assert len(lines) == 9 + 2


def test_variants_of_a_family_share_what_is_found_at_one_place() -> None:
    variants = ["specs/dscnn_a025.arch", "specs/dscnn_a05.arch", "specs/dscnn_a15.arch"]
    alone = [run("check", variant).stderr for variant in variants]
    together = run("check", *variants).stderr
    found = [set(re.findall(r"^note\[(.*)\].*\n +--> (.*)$", text, re.M)) for text in alone]
    listed = re.findall(r"^note\[(.*)\].*\n +--> (.*)$", together, re.M)
    assert len(listed) == len(set(listed))
    assert set(listed) == set().union(*found)
    shared = "the figures are those of `dscnn_a025`; also in `dscnn_a05`, `dscnn_a15`"
    assert together.count(shared) == len(set.intersection(*found))


WRAPPED = "raise RuntimeError('Error calling __set_name__') from KeyboardInterrupt()"
"""As Python 3.11 raises it where a class is made."""
LOST = "\n".join(
    ["try:", "    raise KeyboardInterrupt", "except BaseException:", "    raise ImportError"]
)
GROUPED = "raise BaseExceptionGroup('', [ValueError(), KeyboardInterrupt()])"


@pytest.mark.parametrize("module", ["archc.cli.command", "archc.cli.verbs.check", "archc.driver"])
@pytest.mark.parametrize("raised", ["raise KeyboardInterrupt", WRAPPED, LOST, GROUPED])
def test_ctrl_c_while_the_command_loads_is_no_traceback(module: str, raised: str) -> None:
    """What is imported is interrupted at its first line, as a signal would."""
    body = "\n".join(f"            {line}" for line in raised.split("\n"))
    program = (
        "import sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n{body}\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "from archc.cli import main\n"
        "raise SystemExit(main(['check', 'specs/dscnn.arch']))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (130, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    "words", [("explain", "--all"), ("graph", "specs/dscnn.arch"), ("check", "specs/dscnn.arch")]
)
def test_a_full_disk_is_no_defect_of_ours(words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "archc", *words],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert "archc: the output cannot be written: No space left on device" in ended.stderr
    assert "internal" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_what_was_typed_cannot_steer_the_terminal() -> None:
    lines = terminal("explain", "a\x1b[31mb", NO_COLOR="1")
    assert "there is no code `a\\x1b[31mb`" in lines[0]
    assert "\x1b" not in "".join(lines)


def test_a_link_to_itself_is_not_proposed_for_itself(tmp_path: Path) -> None:
    (tmp_path / "loop.arch").symlink_to("loop.arch")
    ended = subprocess.run(
        [sys.executable, "-m", "archc", "check", "loop.arch"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "did you mean" not in ended.stderr
