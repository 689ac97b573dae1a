"""`archc explain`: every code has an explanation, and its examples do what it says of them."""

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from archc.cli import main
from archc.diagnostics import catalog
from archc.diagnostics.catalog import Example
from archc.explain import Explanation, anchor, explanations, page, text
from archc.targets.builtin import builtin, builtin_names
from support.codes import NEEDS_A_MODEL, NEVER
from support.say import compilation
from support.shell import run

KNOWN = explanations()
PAGE = Path(__file__).parents[2] / "docs" / "codes.md"

NO_REMEDY = {"stedgeai_missing", "stedgeai_failed", "stedgeai_layout"}
"""Codes whose remedy is to install ST's tool."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.enable()  # the command is a process of its own and turns it off


def codes_of(
    example: Example, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[set[str], set[str]]:
    """The codes that an example gives, and those of them that are errors."""
    if example.language == "arch":
        made = compilation(example.text)
        errors = {one.code for one in made.diagnostics if one.level == "error"}
        return {one.code for one in made.diagnostics}, errors
    lines = example.text.split("\n")
    assert all(line.startswith("$ ") for line in lines)
    *before, last = (line[2:] for line in lines)
    assert run(before, patch) == 0
    capsys.readouterr()
    code = run([last], patch)
    said = re.findall(r"^(\w+)\[([\w/]+)\]", capsys.readouterr().err, re.M)
    errors = {one for level, one in said if level == "error"}
    assert code == bool(errors)
    return {one for _, one in said}, errors


@pytest.mark.parametrize("name", [name for name, one in KNOWN.items() if one.fails])
def test_the_example_fails(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = KNOWN[name]
    assert one.fails is not None
    if name == "output_unwritable" and _root():
        pytest.skip("root writes everywhere")
    found, errors = codes_of(one.fails, monkeypatch, capsys)
    assert name in found
    assert errors == ({name} if one.level == "error" else set())


@pytest.mark.parametrize("name", [name for name, one in KNOWN.items() if one.fixed])
def test_the_same_example_mended_does_not(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = KNOWN[name]
    assert one.fails is not None
    assert one.fixed is not None
    assert one.fails.language == one.fixed.language
    found, errors = codes_of(one.fixed, monkeypatch, capsys)
    assert name not in found
    assert not errors


def _root() -> bool:
    import os

    return os.geteuid() == 0


def test_every_code_is_explained() -> None:
    rules = {f"{t}/{rule.name}" for t in builtin_names() for rule in builtin(t).rules}
    ours = {name.replace("TARGET", t) for name in catalog.entries() for t in builtin_names()}
    assert set(KNOWN) == {*ours, *rules}
    without = {name for name, one in KNOWN.items() if one.fails is None}
    assert without == NEEDS_A_MODEL | NEVER
    assert {n for n, one in KNOWN.items() if one.fixed is None} == without | NO_REMEDY
    for one in KNOWN.values():
        assert one.what.endswith("."), one.name
        assert one.why.endswith("."), one.name
        assert "{" not in one.what


def test_what_the_compiler_imports_is_what_is_declared() -> None:
    """`python dsl/generate.py` makes it."""
    text = Path(catalog.SOURCE).read_text(encoding="utf-8")
    assert len(catalog.entries()) == len(catalog.parse(text))  # no name twice
    assert Path(catalog.DECLARATIONS).read_text(encoding="utf-8") == catalog.declarations()


@pytest.mark.parametrize(
    "entry",
    [
        "## x\n\nWhat.\n",
        "## x\n\nWhat.\n\nWhy.\n\nMore.\n",
        "## x (fatal)\n\nWhat.\n\nWhy.\n",
        "## x\n\nWhat.\n\nWhy.\n" + "\n```arch\narch a {}\n```\n" * 3,
        "## x\n\nWhat.\n\nWhy.\n\n```arch\narch a {}\n",
    ],
)
def test_a_code_that_is_declared_in_another_way_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="`x"):
        catalog.parse(f"<!-- -->\n{entry}\n# Group\n")


@pytest.mark.parametrize("name", KNOWN)
def test_it_reads_well_on_a_terminal(name: str) -> None:
    shown = text(KNOWN[name])
    assert shown.startswith(f"{KNOWN[name].level}[{name}]")
    prose = [line for line in shown.split("\n") if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
    assert "```" not in shown


@pytest.mark.parametrize("name", KNOWN)
def test_it_says_what_the_compiler_says(name: str) -> None:
    """No template of a message is shown, and what stands above an example is true of it."""
    one = KNOWN[name]
    example = one.fails.text if one.fails is not None else ""
    for shown in (text(one), page(one)):
        assert not re.search(r"\{\w+\}", shown.replace(example, "")), shown
        above = {"error": "This fails:", "warning": "gets the warning:", "note": "gets the note:"}
        said = [level for level, words in above.items() if words in shown]
        assert said == ([one.level] if one.fails is not None else [])


OUTSIDER = re.compile("normative|source document|demanded|expressly|no TOML|held? against")


def test_words_that_mean_nothing_to_a_reader() -> None:
    for one in KNOWN.values():
        assert not OUTSIDER.search(text(one)), one.name
    for name in ("targets.md", "operators.md", "language.md", "codes.md"):
        found = OUTSIDER.search(PAGE.with_name(name).read_text(encoding="utf-8"))
        assert found is None, (name, found)


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`archc explain --all --markdown > docs/codes.md` makes it."""
    assert main(["explain", "--all", "--markdown"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


def test_links_of_the_page_lead_somewhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    headings = {anchor(name) for name in re.findall(r"^## `(.+)`$", page, re.M)}
    assert len(headings) == len(KNOWN)
    assert set(re.findall(r"\]\(#(.+?)\)", page)) == headings


def test_all_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.split("\n\n")[0].split("\n")]
    assert listed == list(KNOWN)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("unknwn_name", "did you mean `unknown_name`?"),
        ("stm32n6/oprator", "did you mean `stm32n6/operator`?"),
        ("pool_windw", "did you mean `stm32n6/pool_window`?"),
        ("nothing_like_it", "`archc explain` lists them"),
    ],
)
def test_an_unknown_code_gets_the_nearest(
    given: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", given]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert hint in said.err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("Conv2D", "Keras' `Conv2D` is `conv` here."),
        ("conv2d", "PyTorch's `Conv2d` is `conv` here."),
        ("lstm", "not in the language, and never runs on stm32n6."),
        ("prelu", "PyTorch's `PReLU` is `prelu` here."),
        ("celu", "`leaky_relu(slope = 0.1)`"),
        ("MBConv", "block mbconv(channels"),
        ("bn", "`bn` is `batchnorm` here."),
    ],
)
def test_a_name_of_another_tool_is_explained(
    given: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", given]) == 0
    assert says in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("given", ["stm32n6/stride", "stride", "warning[stm32n6/stride]"])
def test_a_rule_may_be_named_as_it_is_found(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", given]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("warning[stm32n6/stride]")
    assert "strides of 1, 2 and 4" in shown


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "value", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "value"
    assert document["fails"]["language"] == "arch"
    assert main(["explain", "--format", "json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(KNOWN)


def test_rules_of_a_target_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    from archc.targets import target

    shipped = Path(target.__file__).with_name("stm32n6.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(shipped.replace('name = "stm32n6"', 'name = "mine"'))
    assert main(["explain", "mine/stride", "--target", "mine.toml"]) == 0
    assert capsys.readouterr().out.startswith("warning[mine/stride]")


def test_explanations_are_not_read_on_the_way_to_a_network() -> None:
    """A compile that succeeds loads neither explanations nor what is for errors alone."""
    import subprocess
    import sys

    Path("a.arch").write_text("arch a { input i: 8 x 8 x 8 head { relu6 } }")
    program = (
        "import sys; from archc.cli import main; main(['a.arch', '-o', 'out'])\n"
        "for name in ('archc.explain', 'archc.diagnostics.catalog', 'archc.syntax.slips',\n"
        "             'archc.sema.foreign', 'archc.diagnostics.formats',\n"
        "             'archc.diagnostics.render', 'difflib'):\n"
        "    assert name not in sys.modules, name"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_explanations_are_plain_data() -> None:
    assert all(isinstance(one, Explanation) for one in KNOWN.values())
