"""Documents and what is told of them as plain data, without a server."""

import gc
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import archc
from archc.driver import outputs
from archc.editor.answers import ITEMS, SEVERITIES, SYMBOLS
from archc.editor.desk import Desk
from archc.editor.places import Place, offset
from archc.editor.uris import fs_path, uri_of
from archc.editor.view import View
from archc.limits import Limits
from support.desk import SPECS, UNSAVED

SPEC = """\
arch a(alpha = 1.0 in 0.1 .. 2, width = 8 in 8 .. 32 step 8, act = relu in [relu, relu6]) {
    target stm32n6(allow = [relu])
    input image: 32x32x3

    stage s(channels = width * alpha, stride = 2) { conv act }
    head { global_average_pool dense(10) sigmoid }
}

arch b = a(alpha = 0.5)
"""
PANES = ("summary", "profile", "rows", "drawing", "memory", "manifest", "module", "report",
         "parameters", "places")  # fmt: skip
QUESTIONS = ("completion", "hover", "signature", "definition")
WHOLE = ("diagnostics", "actions", "inlay_hints", "symbols", "formatting")


def opened(text: str = SPEC, uri: str = UNSAVED, **more: Any) -> Desk:
    desk = Desk(**more)
    desk.put(uri, text, 1)
    desk.diagnostics(uri)  # a version that nobody asks about is not compiled
    return desk


def everything(desk: Desk, uri: str, places: list[tuple[int, int]]) -> dict[str, Any]:
    """Every answer there is, and that JSON can hold it."""
    said = {name: getattr(desk, name)(uri) for name in (*WHOLE, *PANES)}
    for name in QUESTIONS:
        for place in places:
            said[f"{name} {place}"] = getattr(desk, name)(uri, *place)
    text = json.dumps(said, ensure_ascii=False, allow_nan=False)
    text.encode()  # no half of a surrogate pair
    assert json.loads(text) == said
    return said


def test_needs_no_server() -> None:
    """A page has neither pygls nor lsprotocol; what a page asks loads neither."""
    code = (
        "import sys, archc.editor.desk as d; desk = d.Desk(); desk.put('untitled:a', sys.argv[1]);"
        "desk.diagnostics('untitled:a'); desk.report('untitled:a');"
        "print([m for m in ('pygls', 'lsprotocol', 'cattrs', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, SPEC], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_kinds_are_those_of_the_protocol() -> None:
    types = pytest.importorskip("lsprotocol.types")
    names = {word: types.CompletionItemKind(kind).name for word, kind in ITEMS.items()}
    assert names["operator"] == "Class"
    assert names["folder"] == "Folder"
    assert names["target"] == names["budget"] == "EnumMember"
    assert names["keyword"] == names["form"] == "Keyword"
    assert types.SymbolKind(SYMBOLS["stage"]).name == "Class"
    assert types.SymbolKind(SYMBOLS["parameter"]).name == "Variable"
    assert types.DiagnosticSeverity(SEVERITIES["note"]).name == "Information"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_shipped_spec(path: Path) -> None:
    """Texts are those that the command writes; pictures are well-formed; all of it is plain."""
    uri = path.as_uri()
    desk = opened(path.read_text(encoding="utf-8"), uri)
    view = desk.view(uri)
    assert view is not None
    files = outputs(view.networks)
    for network in view.networks:
        for pane in ("module", "manifest"):
            said = getattr(desk, pane)(uri, arch=network.name)
            assert said["text"] == files[said["file"]]
            assert (said["stale"], said["missing"], said["version"]) == (False, "", 1)
    assert "data" in desk.diagnostics(uri)[0] if desk.diagnostics(uri) else True
    shown = [desk.drawing(uri)["svg"], *(one["svg"] for one in desk.memory(uri)["pictures"])]
    for svg in shown:
        ElementTree.fromstring(svg)
    assert desk.profile(uri)["text"].count("\n") > 20


def test_equal_to_the_python_interface() -> None:
    desk = opened()
    plain = archc.compile_text(SPEC, arch="a", alpha=2)
    said = desk.module(UNSAVED, arch="a", settings={"alpha": "2"})
    mine, other = (text.splitlines() for text in (said["text"], plain.module_source))
    # The name of the text and the digest are others.
    assert [line for line in mine if "untitled" not in line and "sha256" not in line] == [
        line for line in other if "<text>" not in line and "sha256" not in line
    ]


def test_fixes_are_edits() -> None:
    desk = opened(SPEC.replace("dense(10)", "Dense_(10)"))
    (fault,) = [one for one in desk.diagnostics(UNSAVED) if one["severity"] == 1]
    assert fault["data"]["level"] == "error"
    assert fault["message"].startswith(fault["data"]["headline"])
    (edit,) = fault["data"]["edits"]
    assert edit["newText"] == "dense"
    assert edit["range"] == fault["range"]
    (quick, whole) = desk.actions(UNSAVED)
    assert quick["edit"]["changes"] == {UNSAVED: [edit]}
    assert quick["isPreferred"]
    desk.put(UNSAVED, whole["edit"]["changes"][UNSAVED][0]["newText"])
    assert not [one for one in desk.diagnostics(UNSAVED) if one["severity"] == 1]


def test_characters_are_utf16_units() -> None:
    text = f"# 𝛼𝛼\n{SPEC}".replace("{ conv act }", "{ conv act } # 𝛼 end")
    desk = opened(text)
    hint = next(one for one in desk.inlay_hints(UNSAVED) if one["position"]["line"] == 5)
    line = text.splitlines()[5]
    before = line.encode("utf-16-le")[: 2 * hint["position"]["character"]].decode("utf-16-le")
    assert before.endswith("}")
    desk = opened(text + "# 𝛼𝛼 x", encoding="utf-32")
    assert desk.hover(UNSAVED, 5, line.index("conv")) is not None


# --- what was there before -----------------------------------------------------------------------


def test_a_broken_text_shows_the_last_network() -> None:
    desk = opened()
    assert desk.summary(UNSAVED)["networks"] == ["a", "b"]
    broken = "\n" + SPEC.replace("conv act", "conv(")
    desk.put(UNSAVED, broken, 2)
    said = desk.drawing(UNSAVED)
    assert (said["network"], said["version"], said["stale"], said["missing"]) == ("a", 1, True, "")
    assert "<svg" in said["svg"]
    places = desk.places(UNSAVED)
    assert places["layers"]["head_dense"][1] == 7, "a line further down than it was"
    assert places["files"]["untitled.arch"] == UNSAVED
    desk.put(UNSAVED, SPEC, 3)
    said = desk.drawing(UNSAVED)
    assert (said["version"], said["stale"]) == (3, False)


def test_one_network_of_several_fails() -> None:
    """What compiles is shown as it is now, what does not as it was."""
    desk = opened()
    desk.put(UNSAVED, SPEC.replace("alpha = 0.5)", "alpha = 50)"), 2)
    assert desk.diagnostics(UNSAVED)
    fresh, stale = (desk.summary(UNSAVED, arch=name) for name in ("a", "b"))
    assert (fresh["version"], fresh["stale"]) == (2, False)
    assert (stale["version"], stale["stale"]) == (1, True)
    desk.put(UNSAVED, SPEC.replace("arch b = a(alpha = 0.5)", ""), 3)
    gone = desk.summary(UNSAVED, arch="b")
    assert (gone["networks"], gone["missing"]) == (["a"], "it has no network `b`")


def test_nothing_to_show() -> None:
    desk = opened("arch a {")
    for name in PANES:
        said = getattr(desk, name)(UNSAVED)
        assert said["missing"] == "it has no network yet"
        assert said["network"] is None
        assert getattr(desk, name)("untitled:other")["missing"] == "this document is not open"
    for name in WHOLE:
        assert getattr(desk, name)("untitled:other") == []


def test_many_versions_keep_no_others() -> None:
    """A document whose networks fail in turn does not hold all the versions that it had."""

    def alive() -> int:
        gc.collect()
        return sum(isinstance(one, View) for one in gc.get_objects())

    desk, before = opened(), alive()
    broken = (("conv act", "conv("), ("alpha = 0.5)", "alpha = 50)"), ("dense(10)", "dense(0)"))
    for number in range(30):
        desk.put(UNSAVED, SPEC.replace(*broken[number % 3]), number)
        for pane in PANES:
            getattr(desk, pane)(UNSAVED, arch="b", settings={"width": "16"} if number % 2 else None)
    assert alive() <= before + 2


# --- parameters --------------------------------------------------------------------------------


def test_parameters() -> None:
    desk = opened()
    alpha, width, act = desk.parameters(UNSAVED)["parameters"]
    assert (alpha["low"], alpha["high"], alpha["step"], alpha["whole"]) == (0.1, 2, None, False)
    assert (width["low"], width["high"], width["step"], width["whole"]) == (8, 32, 8, True)
    assert (width["text"], width["number"]) == ("8", 8)
    assert (act["text"], act["number"], act["choices"]) == ("relu", None, ["relu", "relu6"])
    line = SPEC.splitlines()[0]
    start, end = (alpha["range"][one]["character"] for one in ("start", "end"))
    assert line[start:end] == "1.0"


def test_a_derived_arch_changes_its_own_values() -> None:
    desk = opened()
    alpha, width, _ = desk.parameters(UNSAVED, arch="b")["parameters"]
    start = alpha["range"]["start"]
    assert SPEC.splitlines()[start["line"]][start["character"] :] == "0.5)"
    assert (width["before"], width["after"]) == (", width = ", ""), "the default is that of both"


@pytest.mark.parametrize(
    "arguments", ["", "()", "(alpha = 0.5)", "(alpha = 0.5,)", "( width = 8 )"]
)
def test_a_value_is_written_where_it_belongs(arguments: str) -> None:
    desk = opened()
    text = SPEC.replace("a(alpha = 0.5)", f"a{arguments}")
    desk.put(UNSAVED, text, 2)
    (one,) = (
        one for one in desk.parameters(UNSAVED, arch="b")["parameters"] if one["name"] == "width"
    )
    view = desk.view(UNSAVED)
    assert view is not None
    first, last = (offset(view.source, Place(**one["range"][end])) for end in ("start", "end"))
    desk.put(UNSAVED, f"{text[:first]}{one['before']}32{one['after']}{text[last:]}", 3)
    said = desk.parameters(UNSAVED, arch="b")
    assert not said["stale"]
    assert {one["name"]: one["number"] for one in said["parameters"]}["width"] == 32
    assert desk.parameters(UNSAVED, arch="a")["parameters"][1]["number"] == 8


def test_settings() -> None:
    desk = opened()
    macs = desk.summary(UNSAVED)["totals"]["macs"]
    said = desk.summary(UNSAVED, settings={"width": "32"})
    assert said["totals"]["macs"] > macs
    assert said["network"] == "a"
    wrong = desk.summary(UNSAVED, settings={"width": "9"})
    assert wrong["missing"] == "`width` is 9, not in 8 .. 32 step 8"
    assert desk.summary(UNSAVED, settings={"wid\ud800": "("})["missing"]
    desk.put(UNSAVED, SPEC.replace("conv act", "conv("), 2)
    still = desk.summary(UNSAVED, settings={"width": "32"})
    assert (still["totals"], still["stale"], still["version"]) == (said["totals"], True, 1)


# --- anything may be a text ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "\0", SPEC + "\0", "\ud800", SPEC.replace("image", "im\udc00age"), "\ufeff" + SPEC,
     SPEC.replace("\n", "\r\n"), "\r" * 50, "{" * 5_000, "(" * 5_000, '"' * 999, "\u202e" + SPEC,
     "arch a { input i: 999999999999x1x1 }", "</script><svg onload=x>", SPEC + "conv(8)"],
    ids=range(15),
)  # fmt: skip
def test_hostile_texts(text: str) -> None:
    """Diagnostics, never an exception; halves of pairs leave places as they were."""
    desk = opened()
    desk.put(UNSAVED, text, 2)
    places = [(0, 0), (0, 1), (5, 30), (10**9, 10**9), (-1, -1)]
    said = everything(desk, UNSAVED, places)
    if "input image" not in text.replace("\udc00", "") or "\udc00" in text or "\0" in text:
        assert [one for one in said["diagnostics"] if one["severity"] == 1]


def test_too_large_a_text() -> None:
    desk = opened(limits=Limits(source_bytes=1_000))
    desk.put(UNSAVED, SPEC + "#" * 1_000, 2)
    (fault,) = desk.diagnostics(UNSAVED)
    assert fault["code"] == "limit"
    assert desk.summary(UNSAVED)["stale"]
    assert desk.formatting(UNSAVED) == []
    assert desk.completion(UNSAVED, 5, 30)["items"] == []
    assert desk.signature(UNSAVED, 6, 41) is None


def test_too_much_to_draw() -> None:
    conv = "    stage s{}(channels = 8) {{ conv relu6 }}\n"
    many = "".join(conv.format(number) for number in range(700))
    desk = opened(f"arch a {{\n    input i: 8x8x3\n{many}}}\n")
    assert desk.drawing(UNSAVED, detail="layers")["missing"].endswith("too many to read here")
    assert desk.drawing(UNSAVED, detail="none")["missing"].startswith("there is no detail")
    assert desk.drawing(UNSAVED, color="red")["missing"].startswith("there is no colour")
    assert desk.drawing(UNSAVED, color="time")["missing"], "no target says how long it takes"


def test_typing_at_random() -> None:
    """Edits anywhere in a spec: every answer is plain data, and a good text after them all is as
    if it had come first."""
    rng = random.Random(17)
    desk, text = opened(), SPEC
    signs = ["(", ")", "{", "}", "\0", "\ud83d", "𝛼", "\n", "relu", "= ", "..", '"', "arch "]
    for version in range(40):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(signs) + text[at + rng.randrange(3) :]
        desk.put(UNSAVED, text, version)
        everything(desk, UNSAVED, [(rng.randrange(9), rng.randrange(60))])
    desk.put(UNSAVED, SPEC, 99)
    fresh = opened()
    fresh.put(UNSAVED, SPEC, 99)
    assert everything(desk, UNSAVED, [(4, 20)]) == everything(fresh, UNSAVED, [(4, 20)])


def test_names_in_pictures() -> None:
    """Identifiers of a picture are safe in a style sheet; two in one page do not meet."""
    desk = opened()
    first, second = (desk.drawing(UNSAVED, name=name)["svg"] for name in ("one", "x}*{color:red"))
    assert 'id="one-picture"' in first
    assert "color:red" not in second
    dark = desk.memory(UNSAVED, scheme="dark", name="m")["pictures"][0]["svg"]
    assert "prefers-color-scheme" not in dark
    assert 'id="m-0"' in dark
    assert "prefers-color-scheme" in desk.memory(UNSAVED)["pictures"][0]["svg"]


@pytest.mark.parametrize("path", ["/a b/ü/#x?;y%.arch", "/tmp/a.arch"])
def test_addresses(path: str) -> None:
    uri = uri_of(path)
    assert uri.startswith("file:///")
    assert fs_path(uri) == path
    assert Path(path).as_uri() == uri


def test_addresses_of_no_file() -> None:
    assert uri_of("untitled:one") == "untitled:one"
    for uri in ("untitled:one", "http://a/b", "file:///a%00b", "file://[", ""):
        assert fs_path(uri) is None
