"""New names, the layout and fixes: what they leave means what it did."""

import pytest

from archc.diagnostics.fixes import applied
from archc.editor import change
from archc.editor.desk import Desk
from archc.editor.names import Meaning
from archc.editor.view import View
from archc.sema.callees import STAGE_SUPPLIES
from support.desk import desk, marked, shipped, view


def renamed(at: Desk, opened: View, offset: int, new: str) -> str:
    """The document with another name, held to its meaning as the server does."""
    rewrites = change.renamed(opened, offset, new, [opened])
    change.held(rewrites, [opened], at.again)
    return change.rewritten(opened.source.text, rewrites)


@pytest.mark.parametrize("name", ["mobilenet_v2", "dscnn", "mobilenet_v3_small", "squeezenet"])
def test_every_name_of_a_spec(name: str) -> None:
    """Every name a spec declares can be changed, from every place where it stands, with one
    outcome; the network stays as it is."""
    text = shipped(name).source.text
    at = desk()
    opened = view(at, text)
    meant = change.fingerprint(opened.compilation)
    outcomes: dict[int, str] = {}
    names: dict[int, Meaning] = {}
    starts: dict[int, int] = {}
    for use in opened.uses:
        declared = use.meaning.declared
        try:
            change.prepared(opened, use.span.start)
        except change.Refused:
            own = declared is not None and not declared.source.name.startswith("std:")
            assert use.meaning.kind not in change.RENAMED or not own
            continue
        assert declared is not None
        rewrites = change.renamed(opened, use.span.start, "other_name", [opened])
        made = change.rewritten(text, rewrites)
        assert outcomes.setdefault(declared.start, made) == made
        names[declared.start] = use.meaning
        starts[declared.start] = use.span.start
    assert len(outcomes) > 5
    for start, made in outcomes.items():
        same = change.fingerprint(view(desk(), made).compilation) == meant
        # A stage supplies these by their names.
        assert same or names[start].name in STAGE_SUPPLIES
        if same:
            assert renamed(at, opened, starts[start], "other_name") == made
        else:
            with pytest.raises(change.Refused, match="something else"):
                renamed(at, opened, starts[start], "other_name")


@pytest.mark.parametrize(
    ("text", "new", "why"),
    [
        ("arch a { input i: 8 x 8 x 3 head { co|nv(8) } }", "x2", "built in"),
        ("arch a { input i: 8 x 8 x 3 head { s|e } }", "mine", "standard library"),
        ("arch a { input i: 8 x 8 x 3 head| { relu6 } }", "x2", "no name"),
        ("arch a(v|v = 1) { input i: 8 x 8 x 3 head { relu6 } }", "stage", "word of the language"),
        ("arch a(v|v = 1) { input i: 8 x 8 x 3 head { relu6 } }", "2x", "not a name"),
        ("arch a(v|v = 1) { input i: 8 x 8 x 3 head { relu6 } }", "", "not a name"),
        ("arch a(v|v = 1) { input i: 8 x 8 x 3 head { relu6 } }", "skip", "built in"),
        ("arch a(v|v = 1, w = 2) { input i: 8 x 8 x 3 head { conv(w) } }", "w", "already"),
        ("arch a(v|v = 1) { input i: 8 x 8 x 3 head { relu6 } }", "relu6", "already"),
        ("block b|b { relu6 } arch a { input i: 8 x 8 x 3 head { bb } }", "conv", "already"),
        (
            "arch a { input i: 8 x 8 x 3 stage s|s(8) { conv } stage tt(8) { conv } }",
            "tt",
            "taken",
        ),
        ("arch a { input i: 8 x 8 x 3 head { re|lu6 }", "x2", "cannot be read"),
        ("arch a|a { input i: 8 x 8 x 3 head { relu6 } }", "class", "something else"),
    ],
)
def test_what_is_refused(text: str, new: str, why: str) -> None:
    plain, offset = marked(text)
    at = desk()
    opened = view(at, plain)
    with pytest.raises(change.Refused, match=why):
        renamed(at, opened, offset, new)


def test_a_name_within_another_is_left() -> None:
    text = (
        "block u(n = 1) { conv(8 * n) }\nblock v(n = 2) { u(n = n) }\n"
        "arch a(n = 3) { input i: 8 x 8 x 3 head { v(n = n) u(n = 2) } }\n"
    )
    at = desk()
    opened = view(at, text)
    made = renamed(at, opened, text.index("v(n = 2") + 2, "mm")
    assert made == (
        "block u(n = 1) { conv(8 * n) }\nblock v(mm = 2) { u(n = mm) }\n"
        "arch a(n = 3) { input i: 8 x 8 x 3 head { v(mm = n) u(n = 2) } }\n"
    )


def test_an_argument_of_a_block_that_is_a_parameter() -> None:
    """The name may be that of another block's parameter: then it is refused, not broken."""
    text = (
        "block u(gain = 1) { conv(8 * gain) }\nblock v(gain = 2) { conv(8 * gain) }\n"
        "arch a(unit = u) { input i: 8 x 8 x 3 head { unit(gain = 2) } }\narch b = a(unit = v)\n"
    )
    at = desk()
    opened = view(at, text)
    with pytest.raises(change.Refused, match="something else"):
        renamed(at, opened, text.index("gain"), "factor")


def test_layout() -> None:
    opened = view(desk(), "arch a{input i:8x8x3 head{relu6}}")
    text = change.formatted(opened.source)
    assert text is not None
    assert change.formatted(view(desk(), text).source) == text
    assert change.formatted(view(desk(), "arch a {").source) is None


def test_fixes() -> None:
    text = "arch a { input i: 8 x 8 x 3 head { CONV(8) relu6 GlobalAvgPool2D } }"
    opened = view(desk(), text)
    assert [one.help for one in change.fixes(opened, text.index("CONV"), text.index("CONV"))]
    assert not change.fixes(opened, 0, 2)
    mended = applied(opened.source, change.all_fixes(opened))
    assert not view(desk(), mended).compilation.failed


def test_blocks_alone_are_no_fault() -> None:
    assert not view(desk(), "block b { relu6 }").diagnostics
    assert [one.code for one in view(desk(), "").diagnostics] == ["no_arch"]
