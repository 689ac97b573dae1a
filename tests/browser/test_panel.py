"""The panel of the VS Code extension in a real browser: its page under its own policy, shown what
the server answers, VS Code stood in for."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from archc.cli import browser
from archc.editor.desk import Desk

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "grammars" / "vscode"
REQUIRED = os.environ.get("ARCHC_BROWSER") == "required"
PROGRAM = next(filter(None, map(which, browser.BROWSERS)), None)
NODE = which("node")

if not REQUIRED:
    pytest.importorskip("playwright.sync_api")
    pytest.importorskip("axe_playwright_python.sync_playwright")
    if PROGRAM is None:
        pytest.skip("no browser is installed", allow_module_level=True)
if NODE is None:
    pytest.skip("node is not installed", allow_module_level=True)

pytestmark = pytest.mark.services

SPEC = ROOT / "specs" / "dscnn.arch"
CODE = """
window.said = [];
window.acquireVsCodeApi = () => ({
  postMessage: (message) => window.said.push(message),
  getState: () => window.kept,
  setState: (state) => { window.kept = state; },
});
"""
THEMES = {
    "light": {"editor-foreground": "#3b3b3b", "editor-background": "#ffffff"},
    "dark": {
        "editor-foreground": "#cccccc",
        "editor-background": "#1f1f1f",
        "descriptionForeground": "#9d9d9d",
        "panel-border": "#2b2b2b",
        "dropdown-background": "#313131",
        "dropdown-foreground": "#cccccc",
        "textBlockQuote-background": "#2b2b2b",
        "focusBorder": "#0078d4",
        "editorWarning-foreground": "#cca700",
    },
}
"""Of the colours that VS Code's own themes give a page."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def html() -> str:
    command = [str(NODE), str(EXTENSION / "tests" / "page.js")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def opened(chromium: Any, html: str, scheme: str = "light", **more: Any) -> Any:
    """The page, served as VS Code does, with nothing else to be had."""
    context = chromium.new_context(viewport={"width": 900, "height": 1000}, **more)
    page = context.new_page()
    page.told = []
    page.on("console", lambda message: page.told.append(message.text))
    page.on("pageerror", lambda error: page.told.append(str(error)))

    def serve(route: Any) -> None:
        path = route.request.url.removeprefix("https://panel.test")
        if path == "/":
            route.fulfill(body=html, content_type="text/html")
        elif path.startswith("/extension/media/"):
            route.fulfill(path=EXTENSION / path.removeprefix("/extension/"))
        else:
            page.told.append(f"asked for {path}")
            route.abort()

    page.route("**/*", serve)
    page.add_init_script(CODE)
    page.goto("https://panel.test/")
    variables = ";".join(f"--vscode-{name}:{value}" for name, value in THEMES[scheme].items())
    page.evaluate("text => { document.documentElement.style.cssText = text; }", variables)
    return page


def shown(page: Any, text: str, scheme: str = "light", uri: str = SPEC.as_uri()) -> Desk:
    """Show what the desk says of a text."""
    desk = Desk()
    desk.put(uri, text)
    show(page, desk, uri, scheme)
    return desk


def show(page: Any, desk: Desk, uri: str, scheme: str = "light") -> None:
    said = {
        "type": "show",
        "uri": uri,
        "summary": desk.summary(uri),
        "drawing": desk.drawing(uri, width=860, scheme=scheme),
        "memory": desk.memory(uri, scheme=scheme),
        "layers": desk.places(uri).get("layers", {}),
    }
    page.evaluate("data => window.postMessage(data, '*')", said)
    page.locator("h2").first.wait_for(state="attached")


@pytest.fixture
def page(chromium: Any, html: str) -> Iterator[Any]:
    made = opened(chromium, html)
    yield made
    assert made.told == [], "nothing is refused by the policy, and nothing else asked for"
    made.context.close()


def test_pictures_in_their_colours(page: Any) -> None:
    """Styles of pictures hold within them, without any that the policy would have to allow."""
    (ready,) = page.evaluate("window.said")
    assert (ready["type"], ready["width"]) == ("ready", 840)
    shown(page, SPEC.read_text())
    assert page.locator(".picture svg").count() == 3
    fill = "node => getComputedStyle(node).fill"
    assert page.locator(".picture .band").first.evaluate(fill) != "rgb(0, 0, 0)"
    assert page.locator(".picture .bar.activation").first.evaluate(fill) == "rgb(156, 196, 245)"
    assert page.locator("body").evaluate("node => getComputedStyle(node).fontSize") == "13px"
    assert "MACs" in page.locator("#figures").inner_text()
    assert page.locator("#network").is_hidden()


def test_boxes_and_bars_lead_to_their_lines(page: Any) -> None:
    text = SPEC.read_text()
    desk = shown(page, text)
    places = desk.places(SPEC.as_uri())["layers"]
    for link in (
        page.locator("#drawing [role=link]").nth(2),
        page.locator("#memory [role=link]").first,
    ):
        link.click(force=True)
        link.press("Enter")
        *_, first, second = page.evaluate("window.said")
        assert first == second
        name = link.locator("title").text_content().split("\n")[0].split(", ")[0].split(" (")[0]
        assert first == {"type": "reveal", "file": places[name][0], "line": places[name][1]}


def test_the_line_of_the_cursor_is_marked(page: Any) -> None:
    desk = shown(page, SPEC.read_text())
    (line,) = {line for name, (_, line) in desk.places(SPEC.as_uri())["layers"].items()
               if name == "head_dense"}  # fmt: skip
    said = {"type": "cursor", "file": SPEC.name, "line": line}
    page.evaluate("data => window.postMessage(data, '*')", said)
    here = page.locator("#drawing .here")
    here.first.wait_for(state="attached")
    marked = {one.get_attribute("data-place") for one in here.all()}
    assert marked == {f"{SPEC.name}:{line}"}
    page.evaluate("data => window.postMessage(data, '*')", {**said, "line": 1})
    here.first.wait_for(state="detached")


def test_choices_are_asked_for_and_kept(page: Any) -> None:
    shown(
        page, "arch a { input i: 8x8x3 head { conv(8) } }\narch b { input i: 8x8x3 head { relu } }"
    )
    page.locator("#network select").select_option("b")
    page.get_by_label("Detail").select_option("layers")
    page.get_by_label("Colours").select_option("time")
    last = page.evaluate("window.said.at(-1)")
    want = {"arch": "b", "detail": "layers", "color": "time"}
    assert last == {"type": "choose", **want, "width": 840}
    assert page.evaluate("window.kept").items() >= {**want, "uri": SPEC.as_uri()}.items()
    page.set_viewport_size({"width": 600, "height": 800})
    for _ in range(100):
        if page.evaluate("window.said.at(-1)")["width"] == 560:
            return
        page.wait_for_timeout(50)
    raise AssertionError("a panel that is narrower is not drawn anew")


def test_larger_smaller_and_as_it_fits(page: Any) -> None:
    shown(page, SPEC.read_text())
    drawing = page.locator("#drawing svg")
    natural = float(drawing.get_attribute("width"))
    page.get_by_role("button", name="Larger").click()
    assert drawing.bounding_box()["width"] == pytest.approx(1.25 * natural)
    page.get_by_role("button", name="Fit").click()
    assert drawing.bounding_box()["width"] <= 900


def test_a_text_with_errors_keeps_the_pictures(page: Any) -> None:
    desk = shown(page, SPEC.read_text())
    desk.put(SPEC.as_uri(), "arch dscnn {", 2)
    show(page, desk, SPEC.as_uri())
    page.get_by_text("The text has errors. This is the last version that compiled.").wait_for()
    assert page.locator(".picture svg").count() == 3
    page.evaluate("data => window.postMessage(data, '*')", {"type": "show", "problem": "Oh."})
    page.get_by_text("Oh.").wait_for()
    assert page.locator(".picture svg").count() == 3


def test_nothing_to_show(page: Any) -> None:
    shown(page, "arch a {", uri="untitled:a")
    assert page.locator("#notice").inner_text() == "Nothing to show yet: it has no network yet."
    assert page.locator(".picture").count() == 0
    assert page.locator("section:visible").count() == 0


def test_markup_from_elsewhere_runs_nothing(page: Any) -> None:
    """Not that the compiler would write such a thing: the page does not rely on it."""
    image = '<image href="https://elsewhere.test/x.png"/>'
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">'
        "<script>window.ran = 1</script><foreignObject/></svg>"
    )
    pane = {"network": "a", "missing": "", "svg": svg}
    said = {
        "type": "show",
        "uri": "untitled:a",
        "summary": {"networks": ["a", "<b>"], "network": "a", "missing": "", "stale": False},
        "drawing": pane,
        "memory": {"network": "a", "missing": "<img src=x>"},
        "layers": {},
    }
    page.evaluate("data => window.postMessage(data, '*')", said)
    page.locator("h2").first.wait_for(state="attached")
    assert page.evaluate("window.ran") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, b").count() == 0
    assert image not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(chromium: Any, html: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(chromium, html, scheme, bypass_csp=True)
    shown(page, SPEC.read_text(), scheme)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"]) for one in found] == []
    page.context.close()
