"""What is answered at every place of every spec, whole, cut off and half typed."""

import random
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from archc.editor import change, complete, describe, hints, outline
from archc.editor.context import context
from archc.editor.view import View
from archc.syntax import ast
from support.desk import SPECS, desk, marked, shipped, view
from support.profiles import LONG

SMALL = ("dscnn", "dscnn_a05", "dscnn_a05_ir_se", "squeezenet", "mobilenet_v2")


STEP = 9 if LONG else 31
"""Characters typed at a time."""


def ask(opened: View, at: int) -> int:
    """Ask everything there is at an offset, hold what is answered to the document; how many
    questions had an answer."""
    size = len(opened.source.text)
    answered = 0
    found = describe.hover(opened, at)
    if found is not None:
        text, (start, end) = found
        assert text.strip()
        assert 0 <= start <= at <= end <= size
        answered += 1
    offered = complete.complete(opened, at)
    assert 0 <= offered.start <= at
    assert len({item.label for item in offered.items}) == len(offered.items)
    signed = complete.sign(opened, at)
    if signed is not None:
        assert len(signed.parameters) == len(signed.docs)
        for start, end in signed.parameters:
            assert signed.label[start:end]
        assert signed.active is None or 0 <= signed.active < len(signed.parameters)
        answered += 1
    with suppress(change.Refused):
        start, end = change.prepared(opened, at)
        assert 0 <= start <= at <= end <= size
    return answered + bool(offered.items)


def hold(opened: View) -> None:
    """Check what is told of a whole document against it."""
    size = len(opened.source.text)
    for hint in hints.hints(opened):
        assert 0 <= hint.at <= size
    entries = list(outline.outline(opened))
    while entries:
        entry = entries.pop()
        assert 0 <= entry.whole[0] <= entry.named[0] <= entry.named[1] <= entry.whole[1] <= size
        if opened.parsed:
            assert opened.source.text[slice(*entry.named)] == entry.name
        entries += entry.children
    for one in opened.diagnostics:
        assert one.message


@pytest.mark.parametrize("name", SMALL)
def test_every_place(name: str) -> None:
    opened = shipped(name)
    hold(opened)
    answered = sum(bool(ask(opened, at)) for at in range(len(opened.source.text) + 1))
    assert answered > len(opened.source.text) / 3


@pytest.mark.parametrize(("name", "step"), [("dscnn_a05_ir_se", 1), ("squeezenet", STEP)])
def test_every_prefix(name: str, step: int) -> None:
    """Somebody types a spec from its first character to its last."""
    text = shipped(name).source.text[:1500]
    at = desk()
    for end in range(0, len(text) + 1, step):
        opened = view(at, text[:end])
        ask(opened, end)
        if end % (16 * step) == 0:
            hold(opened)


def test_every_place_cut_out() -> None:
    """Lines of a spec vanish, and it is asked about the rest."""
    text = shipped("mobilenet_v2").source.text
    lines = text.splitlines(keepends=True)
    at, chance = desk(), random.Random(3)
    view(at, text)
    for number in range(len(lines)):
        left = "".join(lines[:number] + lines[number + 1 :])
        opened = view(at, left)
        hold(opened)
        for _ in range(6):
            ask(opened, chance.randrange(len(left) + 1))


JUNK = [
    "",
    "\n\n\n",
    "\x00",
    "\ufeffarch",
    '"""',
    '"',
    "#",
    "}}}}))))",
    "((((" * 500,
    "{[(" * 400,
    "\ud800 lone",
    "arch \U0001f600 {",
    'use "../../../etc/passwd"',
    "arch a { input i: 8 x 8 x 1 head { " + "relu " * 3000 + "} }",
    "arch a = a",
    "arch a = b arch b = a",
    "block a { a }",
    "arch a(a = a) { }",
]


@pytest.mark.parametrize("text", JUNK)
def test_junk(text: str) -> None:
    opened = view(desk(), text)
    hold(opened)
    size = len(opened.source.text)
    for at in sorted({0, size // 3, size // 2, size}):
        ask(opened, at)


def test_a_text_beyond_the_bound_is_said_to_be() -> None:
    opened = view(desk(), "#" * 3_000_000)
    assert [one.code for one in opened.diagnostics] == ["limit"]
    ask(opened, 17)


def labels(text: str) -> list[str]:
    plain, at = marked(text)
    return [item.label for item in complete.complete(view(desk(), plain), at).items]


ARCH = "arch a(alpha = 1.0 in 0.1 .. 2, unit = ds) { target stm32n6 input image: 32 x 32 x 3 "


@pytest.mark.parametrize(
    ("text", "offered", "kept"),
    [
        ("|", ["arch", "block", "use"], ["conv"]),
        ("ar|", ["arch"], []),
        ("arch |", [], ["arch"]),
        (ARCH + "|", ["stage", "head", "require", "rounding"], ["arch", "conv"]),
        (ARCH + "stage |", [], ["conv"]),
        (ARCH + "stage s(|", ["channels", "stride", "repeat", "alpha"], ["kernel"]),
        (ARCH + "stage s(channels = 8, |", ["stride", "repeat"], ["channels", "head"]),
        (ARCH + "stage s(8) { |", ["conv", "ds", "unit", "skip", "if"], ["stage", "round"]),
        (ARCH + "stage s(8) { conv(|", ["kernel", "channels", "alpha"], ["conv"]),
        (ARCH + "stage s(8) { conv(8, kernel = 3x3, |", ["padding"], ["kernel"]),
        (ARCH + "stage s(8) { conv(8, padding = |", ["same", "valid"], ["alpha"]),
        (ARCH + "stage s(8) { conv(8, bias = |", ["true", "false"], []),
        (ARCH + "stage s(8) { conv(in.|", ["channels", "height", "width", "size"], ["alpha"]),
        (ARCH + "stage s(8) { conv(8, 3|", [], ["alpha"]),
        (ARCH + "stage s(8) { conv(8) } # |", [], ["conv"]),
        (ARCH + "head { skip { conv(8) } |", ["relu6", "skip"], ["stage"]),
        (ARCH + "require |", ["macs", "params", "peak_activation_bytes"], ["conv"]),
        (ARCH + "rounding(|", ["divisor", "keep"], []),
        ("arch a { target |", ["stm32n6"], ["conv"]),
        ("arch a { target stm32n6(|", ["allow", "io", "board", "build"], []),
        ("arch a { target stm32n6(allow = [|", ["softmax"], ["stage"]),
        ("arch a { target stm32n6(io = |", ["int8", "float32"], []),
        ("arch a { target stm32n6(board = |", ["dk"], []),
        ("arch a { target stm32n6(build = |", ["wheel", "cortex_m", "cmsis_nn_mve"], []),
        ("arch a(x = 1 |", ["in"], []),
        ('use "|', [], ["arch"]),
        ('"""doc |', [], ["arch"]),
        ("block b(channels, n = 2) { |", ["conv", "channels", "b"], ["stage"]),
        (ARCH + "head { relu6 } }\narch b = |", ["a"], ["conv"]),
    ],
)
def test_what_is_offered(text: str, offered: list[str], kept: list[str]) -> None:
    found = labels(text)
    assert set(offered) <= set(found)
    assert not set(kept) & set(found)


def test_the_width_of_a_stage_is_offered_where_it_has_one() -> None:
    assert "channels" in labels(ARCH + "stage s(8) { skip { conv(stride = |")
    assert "channels" not in labels(ARCH + "stage s(stride = 2) { pad(|")
    assert "channels" not in labels(ARCH + "stage s(8) { ds } head { dense(units = |")


def test_an_arch_offers_its_parameters_with_their_ranges() -> None:
    text = ARCH + "head { relu6 } }\narch b = a(|)"
    plain, at = marked(text)
    opened = view(desk(), plain)
    found = {item.label: item for item in complete.complete(opened, at).items}
    assert found["alpha"].detail == "alpha = 1.0 in 0.1 .. 2"
    assert set(found) == {"alpha", "unit"}
    plain, at = marked(ARCH + "head { relu6 } }\narch b = a(alpha = |1)")
    bounds = [item.label for item in complete.complete(view(desk(), plain), at).items]
    assert bounds[:3] == ["1.0", "0.1", "2"]


def test_items_compile_where_they_are_offered() -> None:
    """Every operator and block that is offered for a statement is known there."""
    plain, at = marked("arch a { input i: 8 x 8 x 8 stage s(8) { | } }")
    offered = complete.complete(view(desk(), plain), at).items
    for item in offered:
        if item.kind in ("operator", "block", "form"):
            opened = view(desk(), plain[:at] + item.label + plain[at:])
            assert all(one.code != "unknown_name" for one in opened.diagnostics), item.label


def test_signatures() -> None:
    plain, at = marked(ARCH + "stage s(8) { conv(8, 3x3, |")
    signed = complete.sign(view(desk(), plain), at)
    assert signed is not None
    assert signed.label.startswith("conv(channels, kernel = 1x1, stride = 1")
    assert signed.active == 2
    plain, at = marked(ARCH + "stage s(8) { conv(8, padding = |")
    signed = complete.sign(view(desk(), plain), at)
    assert signed is not None
    assert signed.label[slice(*signed.parameters[signed.active or 0])] == "padding = same"
    assert complete.sign(view(desk(), "arch a {"), 8) is None
    plain, at = marked("arch a { input i: 8x8x8 stage s(8, | }")
    signed = complete.sign(view(desk(), plain), at)
    assert signed is not None
    assert signed.label == "stage NAME(channels, stride, repeat)"
    assert signed.active == 1


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ('use "|', ["blocks/", "other.arch"]),
        ('use "|"', ["blocks/", "other.arch"]),
        ('use "ot|', ["blocks/", "other.arch"]),
        ('use "./|', ["blocks/", "other.arch"]),
        ('use "blocks/|', ["deep/", "one.arch"]),
        ('use "blocks/o|', ["deep/", "one.arch"]),
        ('use "blocks/deep/|', []),
        ('use "../|', []),
        ('use "/|', []),
        ('use "none/|', []),
        ('block b { conv } use "|', ["blocks/", "other.arch"]),
        ('arch a { input i: 8x8x8 head { conv("|', []),
    ],
)
def test_paths_of_a_use(text: str, offered: list[str], tmp_path: Path) -> None:
    """Specs beside the document and below, and nothing above it."""
    for path in ("here/other.arch", "here/blocks/one.arch", "above.arch", "here/notes.txt",
                 "here/.hidden/x.arch"):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("block b { conv(8) }\n")
    (tmp_path / "here" / "blocks" / "deep").mkdir()
    plain, at = marked(text)
    open = desk()
    found = view(open, plain, (tmp_path / "here" / "mine.arch").as_uri())
    (tmp_path / "here" / "mine.arch").write_text(plain)
    made = complete.complete(found, at, partial(open.listing, found))
    assert [item.label for item in made.items] == offered
    if offered:
        typed = plain[made.start : at]
        assert made.start == at or plain[made.start - 1] in '"/'
        assert "/" not in typed


def test_the_context_of_a_long_text_is_found_quickly_enough_to_be_asked() -> None:
    text = ARCH + "head { " + "relu6 " * 20_000
    assert context(text, len(text)).where == "statement"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_hints_are_the_manifest_s(path: Path) -> None:
    """Hints at the ends of stages and the head add up to the totals of the manifest."""
    opened = shipped(path.stem)
    assert not [one for one in opened.diagnostics if one.level == "error"]
    assert hints.hints(opened)
    network = opened.networks[0]
    arch = opened.compilation.models[0].arch
    cost = opened.costs
    parts = [
        cost.of(one.span)
        for one in arch.members
        if isinstance(one, ast.Stage | ast.Head | ast.Output)
    ]
    found = [one for one in parts if one is not None]
    totals = network.manifest["totals"]
    assert sum(one.params for one in found) == totals["params"]
    assert sum(one.macs for one in found) == totals["macs"]
    whole = cost.of(network.declared)
    assert whole is not None
    assert (whole.params, whole.macs) == (totals["params"], totals["macs"])
    for one in arch.members:
        if isinstance(one, ast.Stage):
            rows = [r for r in network.manifest["layers"] if r["stage"] == one.name.text]
            stage = cost.of(one.span)
            assert stage is not None
            assert list(stage.shapes[-1]) == rows[-1]["output_shape"]
            assert stage.macs == sum(row["macs"] for row in rows)


def test_hints_read_as_the_field_writes_them() -> None:
    text = (
        "arch a {\n  input image: 32 x 32 x 3\n  stage s(16, stride = 2) {\n"
        "    conv(kernel = 3x3)\n    batchnorm relu6\n  }\n"
        "  head { global_average_pool dense(10) }\n}\n"
    )
    found = {hint.at: hint.text for hint in hints.hints(view(desk(), text))}
    lines = {text.count("\n", 0, at): shown for at, shown in found.items()}
    assert lines[3] == "\u2192 16x16x16 \u00b7 111 k MACs \u00b7 432 params \u00b7 peak 7 KiB here"
    assert lines[4] == "\u2192 16x16x16 \u00b7 64 params"
    assert lines[5] == "\u2192 16x16x16 \u00b7 111 k MACs \u00b7 496 params \u00b7 peak 7 KiB here"
    assert lines[6] == "\u2192 10 \u00b7 160 MACs \u00b7 170 params"
    assert lines[7] == "\u2192 10 \u00b7 111 k MACs \u00b7 666 params \u00b7 peak 7 KiB"
    tips = [hint.more for hint in hints.hints(view(desk(), text)) if "peak" in hint.text]
    assert [tip.partition("; estimated ")[2] for tip in tips] == [
        "peak of activations 7,168 bytes, reached here",
        "peak of activations 7,168 bytes, reached here",
        "peak of activations 7,168 bytes",
    ]


def test_hints_say_how_long_it_takes() -> None:
    """The arch the whole time with its error, each stage and the head their shares of it."""
    text = (
        "arch a {\n  target stm32n6(io = int8)\n  input image: 224 x 224 x 3\n"
        "  stage s(32, stride = 2, repeat = 2) { conv(kernel = 3x3) batchnorm relu6 }\n"
        "  stage t(64) { conv(kernel = 3x3) batchnorm relu6 }\n"
        "  head { global_average_pool dense(10) }\n}\n"
    )
    opened = view(desk(), text)
    latency = opened.networks[0].manifest["deployed"]["latency"]
    whole = sum(epoch["nanoseconds"] for epoch in latency["epochs"])
    lines = {text.count("\n", 0, hint.at): hint for hint in hints.hints(opened)}
    stated = f"{latency['microseconds'] / 1000:.2f} ms \u00b115 %"
    assert lines[6].text.endswith(f" \u00b7 {stated}")
    assert lines[6].more.endswith(f"; estimated time of one inference: {stated}")
    for line, stage in ((3, "s_"), (4, "t_")):
        epochs = (e for e in latency["epochs"] if e["layers"] and e["layers"][0].startswith(stage))
        share = 100 * sum(epoch["nanoseconds"] for epoch in epochs) / whole
        assert f" \u00b7 {share:.0f} % of the time" in lines[line].text
        assert f"; {share:.0f} % of the estimated time" in lines[line].more
    found = describe.hover(opened, text.index("stage t") + 6)
    assert found is not None
    assert "% of the estimated time" in found[0]


def test_a_broken_document_answers_from_before() -> None:
    text = shipped("dscnn").source.text
    at = desk()
    view(at, text)
    before = len(hints.hints(view(at, text)))
    broken = view(at, text.replace("stage stage2(", "stage stage2(((", 1))
    assert broken.diagnostics[0].code == "syntax"
    assert len(hints.hints(broken)) >= before - 2
    names = [entry.name for entry in outline.outline(broken)[0].children]
    assert {"stage1", "stage3", "stage4", "head"} <= set(names)
    found = describe.hover(broken, broken.source.text.index("stage4") + 2)
    assert found is not None
    assert "4x16x512" in found[0]
    assert broken.source.text[slice(*found[1])] == "stage4"


def hovered(text: str) -> str:
    plain, at = marked(text)
    found = describe.hover(view(desk(), plain), at)
    return found[0] if found is not None else ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arch a { input i: 8 x 8 x 3 stage s(16) { co|nv(kernel = 3x3) } }", "8x8x16; 1 layer"),
        ("arch a { input i: 8 x 8 x 3 stage s(1|6 * 0.3) { conv } }", ""),
        ("arch a { input i: 8 x 8 x 3 stage s(chan|nels = 20 * 1.1) { conv } }", "22 \u2192 24"),
        ("arch a { input i: 8 x 8 x 3 stage s(channels = 16) { conv(chan|nels) } }", "16"),
        ("arch a(wi|de = 2) { input i: 8 x 8 x 3 stage s(8 * wide) { conv } }", "`2` in `a`"),
        ("arch a { input i: 8 x 8 x 3 head { s|e } }", "Squeeze-and-excitation"),
        ("arch a { input i: 8 x 8 x 3 head { sk|ip { relu6 } } }", "x + b(x)"),
        ("arch a { input i: 8 x 8 x 3 head { conv(ce|il(7.5)) } }", "smallest whole number"),
        ("arch a { input i: 8 x 8 x 3 head { conv(in.chan|nels) } }", "Channels of the feature"),
        ("arch a { target stm|32n6 input i: 8 x 8 x 3 head { relu6 } }", "STM32N6"),
        ("arch a { input i: 8 x 8 x 3 require ma|cs <= 1 M head { conv(8) } }", "of 1,000,000"),
        ("arch a { inp|ut i: 8 x 8 x 3 head { relu6 } }", ""),
    ],
)
def test_what_hovering_shows(text: str, said: str) -> None:
    found = hovered(text)
    assert said in found
    assert bool(found) == bool(said)


def test_every_word_has_a_text() -> None:
    """What is documented here by hand is documented whole."""
    from archc.sema.callees import FORMS
    from archc.sema.declarations import TARGET_ARGUMENTS
    from archc.sema.evaluate import FEATURES
    from archc.sema.expand import STAGE_SLOTS
    from archc.sema.scope import FUNCTIONS

    assert set(describe.FORM_DOCS) == set(FORMS)
    assert set(describe.FORM_ARGUMENT_DOCS) == {name for one in FORMS.values() for name in one}
    assert set(describe.FUNCTION_DOCS) == set(FUNCTIONS)
    assert set(describe.FEATURE_DOCS) == set(FEATURES)
    assert set(describe.STAGE_DOCS) == {slot.name for slot in STAGE_SLOTS}
    rounding = set(complete.ROUNDING_ARGUMENTS)
    assert set(describe.MEMBER_DOCS) == {*TARGET_ARGUMENTS, *rounding}


def test_amounts() -> None:
    from archc.diagnostics.text import amount

    shown = {0: "0", 950: "950", 1000: "1 k", 12_400: "12.4 k", 999_600: "1 M", 7_001_088: "7 M"}
    assert {count: amount(count) for count in shown} == shown
    assert amount(800_000) == "800 k"
    assert amount(100_000_000_000) == "100 G"


@pytest.mark.parametrize(
    ("typed", "label", "insert"),
    [
        ("Conv2", "Conv2D", "conv"),
        ("batchnormali", "BatchNormalization", "batchnorm"),
        ("Squeeze", "SqueezeExcite", "se(reduction = 4)"),
        ("leaky", "LeakyReLU", "leaky_relu"),
    ],
)
def test_names_of_other_tools_are_offered_as_what_they_are_here(
    typed: str, label: str, insert: str
) -> None:
    text = f"arch a {{ input i: 8 x 8 x 8 head {{ {typed} }} }}"
    at = text.index(typed) + len(typed)
    found = {item.label: item for item in complete.complete(view(desk(), text), at).items}
    assert found[label].insert == insert
    assert f"`{insert}` here" in found[label].detail
    assert found[label].rank > found["conv"].rank


@pytest.mark.parametrize("typed", ["", "Co", "LSTM", "gru"])
def test_names_that_are_nothing_here_are_not_offered(typed: str) -> None:
    text = f"arch a {{ input i: 8 x 8 x 8 head {{ {typed} }} }}"
    at = text.index("{ ", 20) + 2 + len(typed)
    labels = {item.label for item in complete.complete(view(desk(), text), at).items}
    assert not labels & {"Conv2D", "LSTM", "GRU"}
