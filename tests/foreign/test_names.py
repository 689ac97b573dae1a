"""Every name of the table of other tools: what a fix makes of it is the operator that it means, or
there is no fix; what is to be written instead compiles."""

import re
from fractions import Fraction

import pytest

from archc.diagnostics.model import Diagnostic
from archc.foreign import Found, arguments, entries, lookup, rows
from archc.ops.base import OPERATORS, symbols
from archc.source import Source
from archc.syntax.grammar import keywords
from support.foreign_calls import calls, compiled, errors, fixed, last, spec, within

ENTRIES = list(entries())
SAME = [one for one in ENTRIES if one.row.kind == "same"]
OTHER = [one for one in ENTRIES if one.row.kind != "same" and one.name not in keywords()]


def name(found: Found) -> str:
    return f"{found.tool}:{found.name}"


def fault(text: str, word: str) -> Diagnostic | None:
    """What is said of a word of a spec; None if nothing is."""
    for one in errors(compiled(text)):
        if one.span is not None and one.span.text == word:
            return one
    return None


def test_there_are_enough() -> None:
    assert len(ENTRIES) >= 1000
    for tool in ("keras", "torch", "onnx", "tflite", "timm"):
        assert sum(one.tool == tool for one in ENTRIES) >= 40
    assert len({(one.tool, one.name) for one in ENTRIES}) == len(ENTRIES), "a name stands twice"


@pytest.mark.parametrize("found", SAME, ids=name)
def test_what_a_fix_makes_is_what_the_name_means(found: Found) -> None:
    """Over typical calls: bare, with arguments by name and by place."""
    made = 0
    for call in calls(found):
        text = within(call.text, found.row.ours)
        said = fault(text, found.name)
        if said is None:
            assert found.name in OPERATORS or compiled(text).networks  # a name of ours as well
            made += 1
            continue
        assert said.help
        assert f"`{found.row.ours}`" in said.help
        if not said.edits:
            assert fixed(text) == text, "no part of it is fixed either"
            continue
        made += 1
        after = compiled(fixed(text))
        assert not errors(after), (call, fixed(text), [one.message for one in errors(after)])
        if found.row.ours == "identity":
            assert last(after).op.keyword == "conv"
            continue
        assert last(after).keyword == found.row.ours
        op = last(after).op
        if last(after).whole is not None:  # its arguments are in its parts
            continue
        for argument, value in call.given.items():
            if (op.keyword, argument) == ("rescale", "scale"):  # a number, elsewhere a factor
                value = 2
            assert getattr(op, argument) == (
                Fraction(value) if isinstance(value, float) else value
            )  # fmt: skip
        for parameter in found.row.takes or ():
            if parameter.ours and parameter.default and parameter.ours not in call.given:
                beside = parameter.beside is None or parameter.beside in call.given
                if beside:
                    assert op.args[parameter.ours].show(getattr(op, parameter.ours)) == _shown(
                        parameter.default
                    )
    assert made, "some call of it can be fixed"


def _shown(default: str) -> str:
    return {"1e-5": "0.00001", "1e-6": "0.000001"}.get(default, default)


def test_names_that_are_something_else_are_never_fixed() -> None:
    text = spec("\n        ".join(f"{one.name}(8)" for one in OTHER))
    said = {one.span.start: one for one in errors(compiled(text)) if one.span is not None}
    source = Source("spec.arch", text)
    at = 0
    told: set[str] = set()
    for found in OTHER:
        at = text.index(f" {found.name}(8)", at) + 1
        exact, _ = lookup(found.name)
        if found.name in told or any(one.row.kind == "same" for one in exact):
            continue
        told.add(found.name)
        one = said.get(at)
        if one is None:
            assert found.name in KNOWN, found.name
            continue
        assert one.edits == (), found.name
        help = one.help or ""
        if exact[0].row.kind == "block":
            call = exact[0].row.call or " ".join(exact[0].row.text.split())
            assert f"`{call.replace('(16', '(8', 1)}`" in help
        else:
            assert exact[0].row.why in help
            assert "is not in the language" in one.message
            assert "declare it" not in help
        assert (exact[0].row.kind == "never") == ("never runs" in one.message)
    assert source.text == text


KNOWN = {"add", "average", "select", *OPERATORS}
"""Names of the table that are names here too, and so are no fault."""


@pytest.mark.parametrize(
    "row", [row for row in rows() if row.kind == "block"], ids=lambda row: row.names[0][1]
)
def test_what_a_block_row_has_compiles(row: object) -> None:
    text, call = row.text, row.call  # type: ignore[attr-defined]
    whole = f"{text}\n{spec(call)}" if call else spec(text)
    if text.startswith("reshape"):
        whole = spec(f"conv(16) {text}")  # 16x16x16
    made = compiled(whole)
    assert not errors(made), [one.message for one in errors(made)]


SNIPPET = re.compile("`([^`]+)`")
STANDS_FOR = {"N": "16", "RATE": "0.1", "WINDOW": "2x2", "CHANNELS": "16", "channels": "8"}
PROSE = {
    # commands, names of the manual and of generated code, and declarations, which stand elsewhere
    *("archc profile", "archc quantize", "archc manual blocks", "build_model", "relu6(x + 3) / 6"),
    *("target stm32n6(io = int8)", "else if CONDITION { ... }", "block NAME { ... }"),
    *("stage NAME(repeat = N) { ... }", "arch NAME { input ... stage ... head ... }"),
    *("input NAME: 32 x 32 x 3", "input mfcc: 49 x 10 x 1", "input audio: 1 x 16000 x 1"),
    *(
        "if CONDITION { ... }",
        "stage NAME(channels = 16)",
        "shortcut = conv(channels, 1x1, stride)",
    ),
    *("padding = same", "padding = valid", "reduction = 4"),
}


def whys() -> dict[str, None]:
    found = {row.why: None for row in rows()}
    for table in arguments():
        found |= dict.fromkeys(table.unlike.values())
    return found


def test_what_is_to_be_written_instead_compiles() -> None:
    """Every snippet in a reason, with numbers in the place of what stands for them."""
    tried = 0
    for why in whys():
        for snippet in SNIPPET.findall(why):
            if snippet in PROSE or re.fullmatch(r"\w+", snippet):
                continue
            text = re.sub(r"\b[A-Z]+\b|channels", lambda m: STANDS_FOR[m.group()], snippet)
            text = text.replace("{ ... }", "{ conv(8) }")
            before = "global_average_pool " if text.startswith("dense") else ""
            made = compiled(spec(before + text))
            assert not errors(made), (snippet, [one.message for one in errors(made)])
            tried += 1
    assert tried > 20


def test_words_in_reasons_are_words_of_the_language() -> None:
    from archc.files import std_sources

    known = {
        *OPERATORS,
        *std_sources(),
        "skip",
        "gate",
        "split",
        "build_model",
        "scale",
        "after",
        "before",
    }
    known |= {arg for op in OPERATORS.values() for arg in op.args}
    known |= {"repeat", "channels", "reduction", "expansion", "shortcut", *symbols()}
    for why in whys():
        for snippet in SNIPPET.findall(why):
            if re.fullmatch(r"\w+", snippet):
                assert snippet in known, (snippet, why)


@pytest.mark.parametrize("table", arguments(), ids=lambda table: "_".join(table.of))
def test_arguments_that_are_another_name_are_fixed_and_others_are_not(table: object) -> None:
    for of in table.of:  # type: ignore[attr-defined]
        for ours, spellings in table.same.items():  # type: ignore[attr-defined]
            for spelling in spellings:
                said = fault(argument(of, spelling), spelling)
                assert said is not None, (of, spelling)
                assert [edit.text for edit in said.edits] == [ours], (of, spelling)
        for spelling, why in table.unlike.items():  # type: ignore[attr-defined]
            said = fault(argument(of, spelling), spelling)
            if said is None:
                continue  # an argument of ours of this name
            assert said.edits == (), (of, spelling)
            assert said.help == why


def argument(of: str, name: str) -> str:
    """A spec that gives an argument of a name to something."""
    if of == "stage":
        return f"arch a {{ input i: 8 x 8 x 8 stage s({name} = 1) {{ relu6 }} }}"
    if of == "skip":
        return spec(f"skip({name} = conv(8)) {{ relu6 }}")
    return spec(f"{of}({name} = 1)")
