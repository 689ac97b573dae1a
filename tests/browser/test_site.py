"""The documentation site: every link leads somewhere, nothing is fetched from elsewhere, search
finds, and a browser and an accessibility checker have nothing to say."""

import os
import re
import sys
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from archc.cli import browser
from archc.explain import explanations
from archc.files import shipped_specs
from archc.manual import TITLES
from archc.ops.base import OPERATORS

pytest.importorskip("sphinx")
pytest.importorskip("furo")

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "dsl"))

from publish import pages, site, tools  # noqa: E402

pytestmark = pytest.mark.services

PROGRAM = next(filter(None, map(which, browser.BROWSERS)), None)
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
"""What a careful host sends with every page."""
BAD = ("error", "warning")
BELOW = "some/place/"
"""The site is served below a path, as on a host of many projects."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("host")
    site.build(top / BELOW)
    return top / BELOW


class Page(HTMLParser):
    """What a page refers to, loads and can be entered at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.ids: set[str] = set()
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.ids |= {given[key] for key in ("id", "name") if key in given}
        self.links |= {given["href"]} if tag == "a" and "href" in given else set()
        self.loads |= {given["src"]} if "src" in given else set()
        self.loads |= {given["href"]} if tag == "link" and given.get("rel") != "search" else set()
        self.scripts += tag == "script" and "src" not in given
        assert not [key for key in given if key.startswith("on")]


def test_every_link_and_file_is_there(built: Path) -> None:
    parsed = {file: Page(file.read_text()) for file in built.rglob("*.html")}
    assert len(parsed) > 60
    for file, page in parsed.items():
        for link in page.links | page.loads:
            scheme, host, path, _, place = urlsplit(link)
            if scheme in ("https", "data"):
                assert link in page.links or scheme == "data", f"{file} loads {link}"
                continue
            assert (scheme, host) == ("", ""), link
            assert not path.startswith("/"), link
            reached = (file.parent / unquote(path)).resolve() if path else file
            assert reached.is_file(), f"{file.relative_to(built)} leads to {link}"
            if place and reached in parsed:
                assert unquote(place) in parsed[reached].ids, f"{file.relative_to(built)}: {link}"


def test_no_file_asks_another_host_for_anything(built: Path) -> None:
    for file in built.rglob("*"):
        if file.suffix == ".css":
            assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)(?:\w+:)?//", file.read_text())
        if file.suffix == ".html":
            page = file.read_text()
            assert site.GUARD in page
            assert Page(page).scripts == 0


def test_everything_is_on_it(built: Path) -> None:
    assert all((built / "docs" / name).with_suffix(".html").exists() for name in TITLES)
    assert all((built / f"examples/{name}.html").exists() for name in shipped_specs())
    codes = Page((built / "docs/codes.html").read_text()).ids
    assert len(codes) > len(explanations())
    operators = Page((built / "docs/operators.html").read_text()).ids
    assert {keyword.replace("_", "-") for keyword in OPERATORS} <= operators | {
        one.replace("_", "-") for one in operators
    }
    assert "nav" in (built / "index.html").read_text()


def test_specs_are_coloured_by_our_lexer(built: Path) -> None:
    page = (built / "examples/dscnn.html").read_text()
    assert re.search(r'<span class="kd">arch</span>.*<span class="nc">dscnn</span>', page)


def test_a_link_to_nothing_is_refused() -> None:
    assert pages.target("docs/tour.md", "npu.md#x") == "/docs/npu.md#x"
    assert pages.target("docs/tour.md", "../specs/dscnn.arch") == "/examples/dscnn.md"
    for link in ("nowhere.md", "../tests"):
        with pytest.raises(tools.Failed, match=re.escape(link.strip("./"))):
            pages.target("docs/tour.md", link)


def test_a_fault_in_a_page_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.md").write_text("# One\n\n[to nothing](index.md#nowhere)\n")
    with pytest.raises(tools.Failed, match="nowhere"):
        site.render(tmp_path / "pages", tmp_path / "site")


def test_a_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(tools.Failed, match="holds other files"):
        site.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


class Host(SimpleHTTPRequestHandler):
    """A static host with a policy."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    top = built.parents[BELOW.count("/") - 1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(top)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{BELOW}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if os.environ.get("ARCHC_BROWSER") != "required":
        pytest.importorskip("playwright.sync_api")
        if PROGRAM is None:
            pytest.skip("no browser is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A page that asks nobody but its host, and has no error or warning on the console."""
    opened = chromium.new_page(viewport={"width": 1280, "height": 900})
    told: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda said: told.append(said.text) if said.type in BAD else None)
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    assert told == []
    assert {url for url in asked if not url.startswith((address, "data:"))} == set()
    opened.close()


def test_search_finds_an_operator_and_leads_to_it(page: Any, address: str) -> None:
    page.goto(urljoin(address, "docs/first-network.html"))
    field = page.locator("input[name=q]")
    field.fill("hard_swish")
    field.press("Enter")
    found = page.locator("#search-results ul.search a", has_text="hard_swish")
    found.first.wait_for()
    found.first.click()
    page.wait_for_url("**/docs/operators.html*")
    assert page.locator("#hard-swish").is_visible()


def test_search_works_without_a_server(chromium: Any, built: Path) -> None:
    opened = chromium.new_page()
    opened.goto(f"{(built / 'search.html').as_uri()}?q=hard_swish")
    opened.locator("#search-results ul.search a", has_text="hard_swish").first.wait_for()
    opened.close()


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("name", ["index", "docs/keras", "examples/efficientnet_b0"])
def test_nothing_runs_out_of_the_window(page: Any, address: str, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(urljoin(address, f"{name}.html"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_reader_chooses_the_scheme(page: Any, address: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(urljoin(address, "examples/dscnn.html"))
    light, dark = (page.locator(f"img.only-{scheme}") for scheme in ("light", "dark"))
    assert light.is_visible()
    while not dark.is_visible():  # it goes through automatic, light and dark
        page.locator("button.theme-toggle:visible").first.click()
    assert not light.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(chromium: Any, address: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    for name in ("index", "docs/from-keras", "docs/exactness", "examples/dscnn", "search"):
        opened = context.new_page()
        opened.goto(urljoin(address, f"{name}.html"))
        found = Axe().run(opened).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(name, one["id"], one["nodes"][0]["html"]) for one in grave] == []
        opened.close()
    context.close()


def test_pages_lead_to_a_playground_that_is_beside_them() -> None:
    example = next(pages.examples(True))
    assert f"(../playground/index.html#spec={example.name}.arch)" in example.page
    readme = f"# One\n\nText.\n\n![drawing](a.svg)\n\n{pages.ENDS}\n\nMore.\n"
    assert "(playground/index.html)" in pages.home(readme, {}, True)
    assert "playground" not in pages.home(readme, {}, False)
    with pytest.raises(tools.Failed, match="has no section"):
        pages.home("# One\n", {}, False)
