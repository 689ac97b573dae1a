"""Target files: the built-in ones load, and whatever is wrong with a user's own is named."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archc.targets
from archc.diagnostics.model import Rejected
from archc.source import Source
from archc.targets.builtin import builtin, builtin_names
from archc.targets.model import fields, show_limit, substitute
from archc.targets.target import parse_target

FOLDER = os.path.dirname(archc.targets.__file__)
with open(os.path.join(FOLDER, "stm32n6.toml"), encoding="utf-8") as file:
    TEXT = file.read()

SMALL = """
name = "mine"
title = "a device"
analyzer = "measure"
default_board = "one"
[sources.me]
text = "measured"
confidence = "B"
[demanded]
layers = ["conv"]
operators = ["CONV_2D"]
border = []
source = "me"
[[tiers]]
name = "fast"
meaning = "runs"
operators = ["CONV_2D"]
source = "me"
[[rules]]
name = "aligned"
check = "alignment"
level = "error"
limits = { multiple = 4 }
statement = "multiples of {multiple}"
message = "{channels} is no multiple of {multiple}"
source = "me"
[boards.one]
title = "a board"
source = "me"
pools = [{ name = "ram", kib = 64, base = 0, holds = "activations" }]
"""


def refused(text: str) -> str:
    with pytest.raises(Rejected) as caught:
        parse_target(Source("mine.toml", text))
    diagnostic = caught.value.diagnostic
    assert diagnostic.code == "target"
    return f"{diagnostic.message} / {diagnostic.help}"


def test_built_in_targets_are_the_files_of_the_folder() -> None:
    assert builtin_names() == ("stm32n6",)
    assert [builtin(name).name for name in builtin_names()] == list(builtin_names())


def test_an_unknown_target_gets_the_nearest_name() -> None:
    with pytest.raises(Rejected) as caught:
        builtin("stm32n7")
    assert caught.value.diagnostic.help == "did you mean `stm32n6`?"


def test_a_small_target_is_enough() -> None:
    target = parse_target(Source("mine.toml", SMALL))
    assert target.name == "mine"
    assert target.boards[0].pools[0].bytes == 65_536
    assert target.rules[0].limits == {"multiple": 4}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "mine"', "name = 3", "`name` takes a text"),
        ('name = "mine"', 'name = "Mine!"', "`name` takes a name of lower-case"),
        ('name = "mine"', "", "`name` is missing"),
        ('title = "a device"', 'titel = "a device"', "did you mean `titel`"),
        ('title = "a device"', 'title = "a device"\nextra = 1', "`extra` is not a key here"),
        ('layers = ["conv"]', 'layers = ["konv"]', "did you mean `conv`"),
        ('layers = ["conv"]', 'layers = "conv"', "`demanded.layers` takes a list of texts"),
        ('operators = ["CONV_2D"]\nborder', "border", "`demanded.operators` is missing"),
        ('level = "error"', 'level = "fatal"', "`rules.aligned.level` takes `error`"),
        ('check = "alignment"', 'check = "aligment"', "did you mean `alignment`"),
        ("multiple = 4", "multiple = 0", "`rules.aligned.limits.multiple` takes a whole number"),
        ("multiple = 4", "multiple = true", "`rules.aligned.limits.multiple` takes a whole"),
        ("multiple = 4", "multiple = 4.0", "takes a whole number"),
        ("multiple = 4", "multipel = 4", "`rules.aligned.limits.multiple` is missing"),
        ("limits = { multiple = 4 }", "", "`rules.aligned.limits` is missing"),
        ("limits = { multiple = 4 }", "limits = 4", "`rules.aligned.limits` takes a table"),
        ("{channels} is", "{chanels} is", "did you mean `channels`"),
        ("multiples of {multiple}", "{channels}", "`rules.aligned.statement` has no field"),
        ("{channels} is", "{channels.__class__} is", "has no field `channels.__class__`"),
        ('confidence = "B"', "", "`sources.me.confidence` is missing"),
        ('source = "me"\npools', 'source = "you"\npools', "takes the name of one of `sources`"),
        ('default_board = "one"', 'default_board = "two"', "`default_board` takes the name"),
        ("kib = 64", "kib = -1", "`boards.one.pools.ram.kib` takes a whole number"),
        ('holds = "activations"', 'holds = "code"', "takes `activations` or `weights`"),
        ('name = "aligned"', 'name = "softmax"', "has the name of an operator"),
        ("[[tiers]]", "[[tiers", "is not valid TOML"),
        ("base = 0", f"base = {'9' * 5000}", "is not valid TOML"),
        ("base = 0", "base = " + "[" * 3000 + "]" * 3000, ""),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, said: str) -> None:
    assert old in SMALL
    assert said in refused(SMALL.replace(old, new, 1))


def test_a_rule_twice_is_refused() -> None:
    rule = SMALL[SMALL.index("[[rules]]") : SMALL.index("[boards.one]")]
    assert "`rules.aligned` appears twice" in refused(SMALL.replace(rule, rule + rule))


@given(st.integers(0, len(TEXT) - 1), st.sampled_from('{}[]"=,.\n0a#'), st.booleans())
def test_one_edit_never_gives_a_traceback(at: int, character: str, insert: bool) -> None:
    text = TEXT[:at] + character + TEXT[at if insert else at + 1 :]
    refused = None
    try:
        parse_target(Source("mine.toml", text))
    except Rejected as rejected:
        refused = rejected.diagnostic
    assert refused is None or "mine.toml" in refused.message


def test_templates_substitute_plain_names_only() -> None:
    values = {"a": "{b}", "b": "B"}
    assert substitute("{a} {b} {c} {a.b} {a!r} {0} {", values) == "{b} B {c} {a.b} {a!r} {0} {"
    assert fields("{a} {b.c} {") == ["a", "b.c"]


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (65_536, "65,536"),
        (1.4, "1.4"),
        (1.45, "1.45"),
        (1.0, "1.0"),
        ((1, 2, 4), "1, 2 and 4"),
        (("a",), "a"),
    ],
)
def test_limits_read_well(limit: object, text: str) -> None:
    assert show_limit(limit) == text  # type: ignore[arg-type]


def test_how_a_board_is_filled() -> None:
    pools = [f'{{ name = "{n}", kib = 64, base = 0, holds = "activations" }}' for n in ("ram", "b")]
    text = SMALL.replace(
        'pools = [{ name = "ram", kib = 64, base = 0, holds = "activations" }]',
        f"pools = [{', '.join(pools)}]\nfill = FILL",
    )
    given = text.replace("FILL", '["b"]')
    assert parse_target(Source("mine.toml", given)).boards[0].fill == ("b",)
    assert parse_target(Source("mine.toml", SMALL)).boards[0].fill == ()
    assert "`ram`" in refused(text.replace("FILL", '["rem"]'))
    for wrong in ('["b", "b"]', '["ram", "nothing"]'):
        assert "takes pools of the board, each once: ram, b" in refused(text.replace("FILL", wrong))
    assert "takes a list of texts" in refused(text.replace("FILL", "3"))


def test_how_good_estimates_are() -> None:
    given = SMALL + '[estimates]\nactivations = "an estimate: good"\n'
    target = parse_target(Source("mine.toml", given))
    assert target.estimates == {"activations": "an estimate: good"}
    assert parse_target(Source("mine.toml", SMALL)).estimates == {}
    assert "`weights`" in refused(given.replace('activations = "an', 'weight = "an'))
    assert "a text of one line" in refused(given.replace('"an estimate: good"', "1.4"))


def test_every_source_leads_to_a_section_of_the_page_of_facts() -> None:
    page = Path(__file__).parents[2] / "docs" / "n6.md"
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {heading.lower().replace(".", "").replace(" ", "-") for heading in headings}
    sources = tomllib.loads(TEXT)["sources"]
    sections = {name: one["see"] for name, one in sources.items() if "see" in one}
    assert set(sections.values()) <= anchors
    assert set(sources) - set(sections) == {"converter"}
