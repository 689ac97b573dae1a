"""The page as people use it, in a real browser: typing, fixes, links, no network, no server.

Every page must load without a word on the console and without a request for anything elsewhere.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest

import archc
from archc.cli import browser
from support import playground
from support.sixty import SPEC

playground.tools()
PROGRAM = next(filter(None, map(which, browser.BROWSERS)), None)
if not playground.REQUIRED:
    pytest.importorskip("playwright.sync_api")
    pytest.importorskip("axe_playwright_python.sync_playwright")
    if PROGRAM is None:
        pytest.skip("no browser is installed", allow_module_level=True)

pytestmark = pytest.mark.services

TEXT = "playground.view.state.doc.toString()"
PATIENCE = 30_000
"""Milliseconds: machines of CI are busy."""


class Page:
    """A page of the playground, and what it said and asked for."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.told: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self.told.append(message.text))
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.context.on("request", lambda request: self.asked.append(request.url))

    def open(self, fragment: str = "") -> "Page":
        self.page.goto(self.address + fragment)
        self.settle()
        return self

    def js(self, script: str, value: Any = None) -> Any:
        return self.page.evaluate(script, value)

    def until(self, script: str, value: Any = None) -> None:
        """Wait until a script says so."""
        for _ in range(PATIENCE // 20):
            if self.js(script, value):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"not `{script}`: {self.status}")

    def settle(self, text: str | None = None) -> None:
        """Wait until what is shown is of the text as it is."""
        self.until("globalThis.playground?.settled()")
        assert text is None or self.text == text

    def write(self, text: str, at: tuple[int, int] | None = None) -> None:
        """Put a text in the place of all of it, or of a part."""
        first, last = at if at else (0, self.js(f"{TEXT}.length"))
        self.js("(change) => playground.view.dispatch({changes: change})",
                {"from": first, "to": last, "insert": text})  # fmt: skip
        self.settle()

    @property
    def text(self) -> str:
        return str(self.js(TEXT))

    @property
    def status(self) -> str:
        return str(self.page.inner_text("#status"))

    @property
    def totals(self) -> str:
        return str(self.page.inner_text("#totals"))

    def problems(self, level: str = "error") -> list[str]:
        found: list[str] = self.page.locator(f"#problems li.{level} .headline").all_inner_texts()
        return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[str]:
    with playground.served(folder) as address:
        yield address


@contextmanager
def visited(chromium: Any, address: str, **more: Any) -> Iterator[Page]:
    options = {"viewport": {"width": 1280, "height": 800}, **more}
    context = chromium.new_context(**options)
    page = Page(context.new_page(), address)
    yield page
    assert page.told == []
    origin = address.partition("playground.html")[0]
    assert [url for url in page.asked if not url.startswith((origin, "data:", "blob:"))] == []
    context.close()


@pytest.fixture(scope="module")
def shared(chromium: Any, host: str) -> Iterator[Page]:
    """One page for all tests that write their own text."""
    with visited(chromium, host) as page:
        yield page.open()


def test_an_error_is_seen_and_fixed_and_the_profile_follows(shared: Page) -> None:
    shared.write(SPEC)
    before = shared.totals
    assert shared.problems() == []
    shared.write(SPEC.replace("batchnorm", "BatchNormalization", 1))
    assert any("BatchNormalization" in one for one in shared.problems())
    assert shared.page.locator(".cm-lintRange-error").count() >= 1
    assert shared.page.locator("#stale").is_visible()
    assert shared.totals == before, "of the last text that compiled"
    shared.page.locator("#problems .fix").first.click()
    shared.settle(SPEC)
    assert shared.problems() == []
    assert not shared.page.locator("#stale").is_visible()
    shared.write(SPEC.replace("channels = 16", "channels = 64", 1))
    assert shared.totals != before
    assert shared.page.locator(".tiles").first.is_visible()


def test_what_is_typed_is_completed_explained_and_signed(shared: Page) -> None:
    shared.write(SPEC)
    at = SPEC.index("conv batchnorm relu6 }")
    shared.js(
        "at => { playground.view.dispatch({selection: {anchor: at}}); playground.view.focus() }", at
    )
    shared.page.keyboard.type("dwc", delay=20)
    shared.page.wait_for_selector(".cm-tooltip-autocomplete li[aria-selected]")
    options = shared.page.locator(".cm-tooltip-autocomplete li").all_inner_texts()
    assert options[0].startswith("dwconv")
    shared.page.wait_for_timeout(150)  # which CodeMirror lets pass before a choice is taken
    shared.page.keyboard.press("Enter")
    shared.page.keyboard.type("(", delay=20)
    shared.page.wait_for_selector(".signature .label strong")
    assert "kernel" in shared.page.inner_text(".signature .label")
    shared.page.keyboard.type("3x3, stride = 1) ", delay=5)
    shared.page.keyboard.press("Escape")
    shared.settle()
    assert "dwconv(3x3, stride = 1) conv" in shared.text
    shared.write(SPEC)
    word = shared.page.locator(".cm-line span", has_text="global_average_pool").first
    word.hover()
    shared.page.wait_for_selector(".cm-tooltip-hover .about")
    assert "mean of every channel" in shared.page.inner_text(".cm-tooltip-hover .about")
    shared.page.mouse.move(2, 2)
    assert "MACs" in shared.page.locator(".hint").first.inner_text()


def test_tabs_show_pictures_and_texts_that_can_be_saved(shared: Page) -> None:
    shared.write(SPEC)
    page = shared.page
    page.locator("#tab-profile").press("ArrowRight")
    page.wait_for_selector("#pane .drawing svg")
    width = page.locator(".drawing svg").bounding_box()["width"]
    page.get_by_role("button", name="larger").click()
    assert page.locator(".drawing svg").bounding_box()["width"] == pytest.approx(
        1.25 * width, rel=0.01
    )
    page.locator(".drawing g:has(> title)").nth(3).click()
    assert shared.js("playground.view.state.selection.main.head") > 0
    page.locator("#tab-memory").click()
    page.wait_for_selector("#pane svg.whole")
    params = archc.compile_text(SPEC).manifest["totals"]["params"]
    for tab, name, said in (
        ("module", "sixty.py", "def build_model"),
        ("manifest", "sixty.manifest.json", f'"params": {params}'),
    ):
        page.locator(f"#tab-{tab}").click()
        shared.settle()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename == name
        assert said in Path(download.value.path()).read_text("utf-8")
    page.locator("#tab-profile").click()
    page.wait_for_selector("table.layers")
    page.locator("table.layers thead button", has_text="MACs").click()
    heading = page.locator("table.layers thead th", has_text="MACs")
    assert heading.get_attribute("aria-sort") == "descending"


def test_parameters_are_moved(shared: Page) -> None:
    shared.write(SPEC)
    shared.js("() => { document.getElementById('parameters').open = true }")
    slider = shared.page.locator("#control-alpha")
    before = shared.totals
    slider.focus()
    slider.press("Home")
    shared.settle(SPEC.replace("alpha = 1.0", "alpha = 0.1", 1))
    assert shared.totals != before
    slider.press("End")
    slider.press("ArrowLeft")
    shared.settle(SPEC.replace("alpha = 1.0", "alpha = 1.98", 1))
    number = shared.page.get_by_label("alpha, as a number")
    number.fill("0.5")
    number.press("Enter")
    shared.settle(SPEC.replace("alpha = 1.0", "alpha = 0.5", 1))


def test_ten_thousand_keystrokes(shared: Page) -> None:
    """As fast as the editor takes them: in the end what is shown is of the text as it is."""
    shared.write(SPEC)
    shared.js("""() => {
      const {view} = playground;
      const typed = "relu6 conv(8) # α𝛽\\n";
      let at = view.state.doc.toString().indexOf("dwconv");
      for (let key = 0; key < 10000; key++) {
        const insert = [...typed][key % [...typed].length];
        const gone = key % 40 === 39;
        const change = gone ? {from: at - 19, to: at} : {from: at, insert};
        view.dispatch({changes: change, userEvent: gone ? "delete" : "input.type"});
        at += gone ? -19 : insert.length;
      }
    }""")
    shared.settle()
    assert len(shared.text) > len(SPEC) + 4_000
    shared.write(SPEC)
    assert shared.problems() == []


def test_two_thousand_lines(shared: Page) -> None:
    lines = "\n".join(
        f"    stage t{n}(channels = 8) {{ conv batchnorm relu6 }}" for n in range(2_000)
    )
    shared.write(SPEC.replace("    head", f"{lines}\n    head"))
    assert shared.problems() == []
    assert shared.page.inner_text("#network") == "sixty"
    shared.write(SPEC)


@pytest.mark.parametrize(
    "text",
    ["arch \ud800 {", "\0", "arch a \0", "#" * ((1 << 20) + 1),
     "</script><img src=x onerror=alert(1)>", 'arch a { input i: 8x8x1 stage s { conv as "<b>" } }',
     "{" * 3_000, "\u202e\u2028\r\r\n"],
    ids=range(8),
)  # fmt: skip
def test_hostile_texts(shared: Page, text: str) -> None:
    # As a literal: what drives the browser takes no halves of pairs.
    shared.js(f"""playground.view.dispatch({{changes: {{
      from: 0, to: playground.view.state.doc.length, insert: {json.dumps(text)},
    }}}})""")
    shared.settle()
    assert shared.problems()
    assert shared.page.locator("#results img, #problems img").count() == 0
    shared.write(SPEC)
    assert shared.problems() == []


def test_a_link_holds_the_text(shared: Page, chromium: Any, host: str) -> None:
    text = SPEC.replace("sixty", "mine") + "# 𝛼 “”\n"
    shared.write(text)
    shared.until("playground.linked()")
    link = shared.js("location.hash")
    assert link.startswith("#name=")
    assert len(link) < len(text)
    shared.write(SPEC)
    shared.until("playground.linked()")
    shared.js("(hash) => { location.hash = hash }", link)
    shared.until(f"(text) => {TEXT} === text", text)
    shared.settle(text)
    shared.js("location.hash = '#spec=families%2Fmlperf_vww.arch'")
    shared.until(f"(text) => {TEXT} !== text", text)
    shared.settle()
    assert "mlperf_vww" in shared.text
    before = shared.text
    shared.js("location.hash = '#spec=nosuch'")
    status = "document.getElementById('status').textContent"
    shared.until(f"{status} === 'No shipped spec is called “nosuch”: choose one from the list.'")
    assert shared.text == before
    shared.js("location.hash = '#spec=dscnn'")
    shared.until(f"(text) => {TEXT} !== text", before)
    shared.settle()
    assert "arch dscnn(" in shared.text


@pytest.mark.parametrize(
    "fragment",
    ["#text=AAAA", "#text=%00", "#text=!!!!", "#spec=__proto__", "#name=../../etc&text=", "#text=",
     f"#text={'A' * 200_000}", "#" + "x" * 100_000, "bomb"],
    ids=range(9),
)  # fmt: skip
def test_hostile_links(shared: Page, fragment: str) -> None:
    """The text stays, or is empty; nothing runs, and nothing grows without bound."""
    shared.write(SPEC)
    if fragment == "bomb":
        # 64 MiB of zeros in 64 KiB.
        fragment = "#text=" + shared.js("""async () => {
          const zeros = new Blob(Array(64).fill(new Uint8Array(1 << 20))).stream();
          const packed = zeros.pipeThrough(new CompressionStream("deflate-raw"));
          const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
          return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""))
            .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
        }""")
    shared.until("playground.linked()")
    shared.js("(hash) => { location.hash = hash }", fragment)
    said = "/^(The link|No shipped)/.test(document.getElementById('status').textContent)"
    shared.until(f"{said} || {TEXT} === ''")
    shared.settle()
    assert shared.text in ("", SPEC)
    shared.write(SPEC)
    assert shared.problems() == []


def test_a_compile_is_stopped(chromium: Any, host: str) -> None:
    with visited(chromium, host) as page:
        page.open()
        page.js("""() => { playground.compiler.ask("update", "a.arch", `arch a {
          input i: 64x64x8
          stage s(channels = 8, repeat = 1000) { ${"conv batchnorm relu6 ".repeat(6)} }
        }`, 1) .catch(() => { globalThis.ended = true }) }""")
        page.page.wait_for_timeout(50)
        page.js("playground.stop()")
        page.until("globalThis.ended")
        page.page.locator("#tab-memory").click()
        page.page.wait_for_function(
            "document.getElementById('status').textContent.includes('was stopped')"
        )
        page.page.locator("#format").click()
        page.js("() => playground.compiler.ask('formatting')")  # until the new worker has answered
        page.page.wait_for_timeout(100)
        assert "not open" not in page.page.locator("#pane").inner_text()
        assert "was stopped" in page.page.locator("#status").inner_text()
        page.page.locator("#tab-profile").click()
        page.write(SPEC)
        assert page.problems() == []
        assert "params" in page.totals


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(chromium: Any, host: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    page = Page(context.new_page(), host).open("#spec=fpn_detector.arch")
    page.write(page.text.replace("conv", "cnv", 1) if scheme == "dark" else page.text + "\n")
    for tab in ("profile", "drawing", "memory", "module", "manifest"):
        page.page.locator(f"#tab-{tab}").click()
        page.settle()
        found = Axe().run(page.page).response["violations"]
        assert [
            (one["id"], one["impact"], [node["html"][:120] for node in one["nodes"][:3]])
            for one in found
        ] == []
    context.close()


@pytest.mark.parametrize("width", [400, 1600])
def test_nothing_runs_out_of_the_window(chromium: Any, host: str, width: int) -> None:
    with visited(chromium, host, viewport={"width": width, "height": 800}) as page:
        page.open("#spec=efficientnet_b0.arch")
        for tab in ("drawing", "memory", "module", "manifest", "profile"):
            page.page.locator(f"#tab-{tab}").click()
            page.settle()
            assert page.js("document.documentElement.scrollWidth") <= width


def test_it_opens_without_a_network_after_the_first_visit(chromium: Any, host: str) -> None:
    with visited(chromium, host) as page:
        page.open()
        page.js("navigator.serviceWorker.ready.then(() => true)")
        page.until("navigator.serviceWorker.controller !== null")
        page.page.context.set_offline(True)
        page.page.reload()
        page.settle()
        page.write(SPEC)
        assert page.problems() == []
        page.page.context.set_offline(False)


def test_one_file_opens_without_a_server(chromium: Any, folder: Path) -> None:
    with visited(chromium, (folder / "playground.html").as_uri()) as page:
        page.open()
        page.write(SPEC.replace("3x3", "3*3", 1))
        assert page.problems()
        page.page.locator("#problems .fix").first.click()
        page.settle()
        assert page.problems() == []
        assert page.asked == [(folder / "playground.html").as_uri()] + [
            one for one in page.asked if one.startswith("data:")
        ]
