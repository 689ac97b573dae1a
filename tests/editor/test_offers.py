"""What an editor offers beside fixes: what a finding's help spells out, done."""

import re
from pathlib import Path

import pytest

from archc.editor.change import Rewrite, rewritten
from archc.editor.offers import Offer, offers
from archc.editor.view import View
from archc.targets.builtin import builtin, builtin_names
from support.desk import desk, view

SPEC = """arch a {
    target stm32n6%s
    input image: 32x32x8
    stage s(channels = 8) { conv relu max_pool(2x2) }
    head { global_average_pool softmax }
}
"""


def made(text: str, offer: Offer) -> str:
    edit = offer.edit
    return rewritten(text, [Rewrite("", edit.span.start, edit.span.end, edit.text)])


def offered(found: View, word: str) -> dict[str, Offer]:
    at = found.source.text.index(word)
    return {one.title: one for one in offers(found, at, at + len(word))}


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ("", "(allow = [relu])"),
        ("()", "(allow = [relu])"),
        ("(io = int8)", "(io = int8, allow = [relu])"),
        ("(allow = [])", "(allow = [relu])"),
        ("(allow = [softmax], io = int8)", "(allow = [softmax, relu], io = int8)"),
        ("(\n        allow = [softmax],\n    )", "(\n        allow = [softmax, relu],\n    )"),
    ],
)
def test_an_operator_is_allowed(given: str, after: str) -> None:
    text = SPEC % given
    found = view(desk(), text)
    offer = offered(found, "relu max")["allow relu on stm32n6"]
    assert made(text, offer) == SPEC % after
    again = view(desk(), made(text, offer))
    errors = [one.message for one in again.diagnostics if one.level == "error"]
    assert not [one for one in errors if "`relu`" in one]


def test_all_of_them_at_once() -> None:
    text = SPEC % ""
    titles = offered(view(desk(), text), "softmax")
    assert list(titles) == [
        "allow softmax on stm32n6",
        "allow relu, max_pool, softmax on stm32n6",
    ]
    again = view(desk(), made(text, titles["allow relu, max_pool, softmax on stm32n6"]))
    assert not again.compilation.failed


def test_the_border(tmp_path: Path) -> None:
    text = SPEC % "(allow = [relu, max_pool, softmax], io = float32)"
    found = view(desk(), text)
    (one,) = [d for d in found.diagnostics if d.code == "stm32n6/float_border"]
    assert one.span is not None
    offer = next(o for o in offers(found, one.span.start, one.span.end) if "io" in o.title)
    assert offer.title == "io = int8 on stm32n6"
    assert made(text, offer) == text.replace("float32", "int8")
    again = view(desk(), made(text, offer))
    assert "stm32n6/float_border" not in {d.code for d in again.diagnostics}


def test_a_derived_arch_and_a_broken_text_offer_nothing_wrong() -> None:
    text = SPEC % "" + "arch b = a\n"
    assert offered(view(desk(), text), "relu max")
    assert offers(view(desk(), text + "("), 0, len(text)) == []


@pytest.mark.parametrize("name", builtin_names())
def test_every_spelled_remedy_is_understood(name: str) -> None:
    """Whatever a rule says to write into the target is what is offered."""
    from archc.editor.offers import _SPELLED

    target = builtin(name)
    spelled = [
        call
        for rule in target.rules
        for call in re.findall(r"`target [^`]+\([^`]+\)`", target.filled(rule, rule.remedy or ""))
    ]
    assert spelled
    for call in spelled:
        filled = re.sub(r"\{\w+\}", "x", call)
        assert _SPELLED.search(filled), call
