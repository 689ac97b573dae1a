"""The Pygments lexer and the TextMate grammar: current with the compiler, and of one mind with its
own lexer on every shipped spec."""

import gc
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.files import shipped_specs, std_sources
from archc.manual.textmate import SCOPE, grammar
from archc.ops.base import OPERATORS
from archc.sema.callees import FORMS
from archc.sema.scope import CONSTANTS, FUNCTIONS
from archc.source import Source
from archc.syntax.grammar import keywords
from archc.syntax.lalr import END
from archc.syntax.tokens import tokens
from archc.vocabulary import NUMBER, TIMES, vocabulary
from support.extension import EXTENSION, packages
from support.shell import run

pygments = pytest.importorskip("pygments")

ROOT = Path(__file__).parents[2]
SPECS = {
    **{name: Path(path).read_text(encoding="utf-8") for name, path in shipped_specs().items()},
    **{f"std:{name}": source.text for name, source in std_sources().items()},
}


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    yield
    gc.enable()  # the command is a process of its own and turns it off


def test_every_word_of_the_compiler_is_in_one_kind() -> None:
    words = vocabulary()
    kinds = list(words)
    assert len({word for kind in kinds for word in kind}) == sum(map(len, kinds))
    known = {*words.declarations, *words.keywords, *words.logical, TIMES}
    assert known == keywords()
    assert set(words.operators) == set(OPERATORS)
    assert set(words.forms) == set(FORMS)
    assert set(words.constants) == set(CONSTANTS)
    assert set(words.functions) == set(FUNCTIONS)
    assert set(words.blocks) == set(std_sources())


def test_numbers_are_those_of_the_grammar() -> None:
    from archc.syntax.grammar import build, read_grammar

    terminals = build(read_grammar()).terminals
    (of_the_parser,) = [t.pattern.value for t in terminals if t.name == "NUMBER"]
    for text in ("3", "0.25", "1e-3", "2E+5", "30 M", "512 KiB", "512KiB", "1.5k", "3 kB", "7GB"):
        for pattern in (of_the_parser, NUMBER):
            assert re.fullmatch(pattern, text), (pattern, text)
    for text in ("30  M", "3 kb", "30 Mx", ".5", "1."):
        for pattern in (of_the_parser, NUMBER):
            assert not re.fullmatch(pattern, text), (pattern, text)


# --- Pygments ----------------------------------------------------------------------------------


def lexed(text: str) -> list[tuple[Any, str]]:
    from archc.highlight import ArchLexer

    found = list(ArchLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(part for _, part in found) == text
    return found


def kinds(text: str) -> list[tuple[str, str]]:
    return [(str(kind).removeprefix("Token."), part) for kind, part in lexed(text) if part.strip()]


@pytest.mark.parametrize("name", SPECS)
def test_pygments_knows_every_token_of_a_spec(name: str) -> None:
    """Tokens begin where those of the compiler begin, and none is an error."""
    text = SPECS[name]
    starts, at = set(), 0
    for kind, part in lexed(text):
        assert "Error" not in str(kind), (kind, part)
        starts.add(at)
        at += len(part)
    assert {one.start for one in tokens(Source("a", text)) if one.kind != END} <= starts


def test_pygments_calls_things_what_they_are() -> None:
    text = (
        '"""What it is."""\n'
        "arch a(act = hard_swish, n = 2 in 1 .. 4) {  # why\n"
        "    require macs <= 30 M\n"
        "    input i: 3x3 x n\n"
        "    stage s(repeat = n) { skip { conv(in.channels, kernel = 3x3) ds act } }\n"
        "    head { if n == 1 and true { conv(max(8, x3)) } }\n"
        "}"
    )
    found = kinds(text)
    for kind, part in [
        ("Literal.String.Doc", '"""What it is."""'),
        ("Keyword.Declaration", "arch"),
        ("Name.Class", "a"),
        ("Name.Property", "act"),
        ("Name.Builtin", "hard_swish"),
        ("Keyword", "in"),
        ("Operator", ".."),
        ("Comment.Single", "# why"),
        ("Keyword.Declaration", "require"),
        ("Name", "macs"),
        ("Literal.Number", "30"),
        ("Keyword.Type", "M"),
        ("Name.Variable", "i"),
        ("Operator.Word", "x"),
        ("Name.Label", "s"),
        ("Keyword.Pseudo", "skip"),
        ("Name.Attribute", "channels"),
        ("Name.Property", "kernel"),
        ("Name.Builtin.Pseudo", "ds"),
        ("Name", "act"),
        ("Keyword", "if"),
        ("Operator", "=="),
        ("Operator.Word", "and"),
        ("Keyword.Constant", "true"),
        ("Name.Function.Magic", "max"),
        ("Name", "x3"),
    ]:
        assert (kind, part) in found
    assert found.count(("Operator.Word", "x")) == 3


def test_pygments_finds_it_by_entry_point() -> None:
    import importlib.metadata

    declared = {
        one.name: one.value for one in importlib.metadata.entry_points(group="pygments.lexers")
    }
    if "arch" not in declared:
        pytest.skip("this installation of archc was made before the lexer: install it again")
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename

    assert get_lexer_by_name("arch").name == "arch"
    assert get_lexer_for_filename("net.arch").name == "arch"


def test_the_lexer_survives_anything() -> None:
    for junk in ('"""', '"', "3xk", "\x00", "é x ü", "1.", ".5", "#", "in.", "arch", "block 3"):
        lexed(junk)


# --- TextMate ----------------------------------------------------------------------------------


def test_the_textmate_grammar_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`archc manual textmate > grammars/vscode/syntaxes/arch.tmLanguage.json` makes it."""
    assert main(["manual", "textmate"]) == 0
    made = capsys.readouterr().out
    kept = (EXTENSION / "syntaxes" / "arch.tmLanguage.json").read_text(encoding="utf-8")
    assert made == kept
    assert json.loads(kept)["scopeName"] == SCOPE


def words_of(scope: str) -> set[str]:
    """The words that a rule of the grammar lists."""
    rules = grammar()["repository"]["all"]["patterns"]
    (rule,) = [one for one in rules if one.get("name") == f"{scope}.arch"]
    found = re.search(r"\(\?:([a-z0-9_|]+)\)", rule["match"])
    assert found is not None
    return set(found[1].split("|"))


def test_the_textmate_grammar_has_the_words_of_the_compiler() -> None:
    assert words_of("support.function.operator") == set(OPERATORS)
    assert words_of("support.class.block") == set(std_sources())
    assert words_of("keyword.control.form") == set(FORMS)
    assert words_of("constant.language") == set(CONSTANTS)
    assert words_of("support.function.builtin") == set(FUNCTIONS)
    scopes = (
        "storage.type",
        "keyword.control.conditional",
        "keyword.other",
        "keyword.operator.logical",
    )
    listed = {word for scope in scopes for word in words_of(scope)}
    assert listed | {TIMES} == keywords()


@pytest.mark.parametrize("name", SPECS)
def test_the_textmate_grammar_covers_every_token(name: str) -> None:
    """The rules, tried in order at each place as an editor does, leave nothing but spaces, and
    break where the compiler's own lexer does."""
    text = SPECS[name]
    rules = grammar()["repository"]["all"]["patterns"]
    patterns = [
        re.compile(rule.get("match") or f"{rule['begin']}(?s:.*?)(?:{rule['end']})", re.MULTILINE)
        for rule in rules
    ]
    at, starts = 0, set()
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = next((m for p in patterns if (m := p.match(text, at)) and m.end() > at), None)
        assert found is not None, text[at : at + 40]
        starts |= {found.start(), *(found.start(g) for g in range(1, (found.re.groups or 0) + 1))}
        at = found.end()
    assert {one.start for one in tokens(Source("a", text)) if one.kind != END} <= starts


@pytest.mark.services
def test_the_ecosystems_own_tester_is_content() -> None:
    tester = packages() / ".bin" / "vscode-tmgrammar-test"
    command = [str(tester), "--grammar", "syntaxes/arch.tmLanguage.json", "tests/*.arch"]
    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- the extension -----------------------------------------------------------------------------


def test_the_extension_names_what_there_is() -> None:
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    contributes = package["contributes"]
    (language,) = contributes["languages"]
    assert language["extensions"] == [".arch"]
    for one in (language["configuration"], *(g["path"] for g in contributes["grammars"])):
        json.loads((EXTENSION / one).read_text(encoding="utf-8"))
    assert contributes["grammars"][0]["scopeName"] == SCOPE
    source = (EXTENSION / "main.js").read_text(encoding="utf-8")
    for one in contributes["commands"]:
        assert f'"{one["command"]}"' in source
    assert {"package", "test"} <= set(package["scripts"])


def test_indentation_follows_the_layout() -> None:
    configuration = json.loads((EXTENSION / "language-configuration.json").read_text())
    assert configuration["comments"]["lineComment"] == "#"
    rules = configuration["indentationRules"]
    for line in ("arch a {", "arch a(  # why", "    stage s {"):
        assert re.search(rules["increaseIndentPattern"], line)
    for line in ("head { conv(8) }", "# a {", "conv(8)"):
        assert not re.search(rules["increaseIndentPattern"], line)
    for line in ("}", "    ) {"):
        assert re.search(rules["decreaseIndentPattern"], line)


def test_nothing_built_or_fetched_is_kept() -> None:
    """No packages, no bundle, no lock file that names where packages were fetched."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "grammars"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a checkout")
    kept = done.stdout.split()
    assert kept
    built = (".vsix", "extension.js", "notices.txt")
    assert not [n for n in kept if "node_modules" in n or n.endswith(built)]
    for name in kept:
        data = (ROOT / name).read_bytes()
        assert b"registry." not in data, name
        assert b'"resolved"' not in data, name


# --- hooks and Actions -------------------------------------------------------------------------


def test_hooks_run_on_what_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^- id: (.+)$", text, re.M) == ["archc-fmt", "archc-check"]
    entries = re.findall(r"^  entry: (.+)$", text, re.M)
    patterns = re.findall(r"^  files: (.+)$", text, re.M)
    assert len(entries) == len(patterns) == 2
    for pattern in patterns:
        assert re.search(pattern, "specs/net.arch")
        assert not re.search(pattern, "specs/net.archive")
    Path("net.arch").write_text("arch net { input i: 8x8x8 head { relu6 } }")
    form, check = ([*entry.split(), "net.arch"] for entry in entries)
    assert run([" ".join(form)], monkeypatch) == 0
    assert "\n    input i: 8x8x8\n" in Path("net.arch").read_text()
    assert run([" ".join(check)], monkeypatch) == 0
    Path("net.arch").write_text("arch net { input i: 8x8x8 head { relu7 } }")
    assert run([" ".join(check)], monkeypatch) == 1
    assert "unknown_name" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commands_of_the_workflow_run(tmp_path: Path) -> None:
    """The example for GitHub Actions, its own steps run in a repository with one change."""
    import os
    import sys
    from textwrap import dedent

    from archc.manual.template import template

    text = template("actions.yml")
    steps = re.findall(r"^ +run: (\|\n(?:(?: {10}.*)?\n)+|.+\n)", text, re.M)
    scripts = [dedent(one.removeprefix("|\n")) for one in steps if "archc " in one]
    assert len(scripts) == 5
    (tmp_path / "specs").mkdir()
    spec = tmp_path / "specs" / "net.arch"
    network = "arch net {\n    input i: 8x8x8\n    head { conv(8) }\n}\n"
    spec.write_text(network)
    archc = f'archc() {{ "{sys.executable}" -m archc "$@"; }}\n'
    start = (
        "git init -q -b main . && git add . && git -c user.name=a -c user.email=a@a commit -qm a"
    )
    after = "git update-ref refs/remotes/origin/main HEAD"
    environment = {**os.environ, "GITHUB_BASE_REF": "main"}

    def shell(script: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", archc + script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert shell(f"archc specs/*.arch -o generated; {start}; {after}").returncode == 0
    spec.write_text(network.replace("conv(8)", "conv(16)"))
    assert shell("archc specs/*.arch -o generated").returncode == 0
    for script in scripts:
        done = shell(script)
        assert done.returncode == 0, script + done.stdout + done.stderr
    assert json.loads((tmp_path / "archc.sarif").read_text())["version"] == "2.1.0"
    cost = (tmp_path / "cost.md").read_text()
    assert "params" in cost
    assert "+72" in cost
