"""Reports in a real browser: they open without a word on the console, sort, zoom, print, and an
accessibility checker that we did not write has nothing serious to say."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from archc.cli import browser, main

ROOT = Path(__file__).parents[2]
REQUIRED = os.environ.get("ARCHC_BROWSER") == "required"
PROGRAM = next(filter(None, map(which, browser.BROWSERS)), None)

if not REQUIRED:
    pytest.importorskip("playwright.sync_api")
    pytest.importorskip("axe_playwright_python.sync_playwright")
    if PROGRAM is None:
        pytest.skip("no browser is installed", allow_module_level=True)

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("report") / "report.html"
    specs = [str(ROOT / "specs" / f"{name}.arch") for name in ("dscnn_a05", "fpn_detector")]
    assert main(["report", *specs, "-o", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib")
    made: Path = tmp_path_factory.mktemp("report") / "front.html"
    command = ["sweep", str(ROOT / "specs" / "dscnn.arch"), "--over", "alpha=0.25..1:0.25"]
    command += ["--minimize", "latency_ms", "--maximize", "params"]
    assert main([*command, "--where", "macs <= 30 M", "--report", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(chromium: Any, path: Path) -> Iterator[Any]:
    """A page that must load without errors, warnings, or a request for anything else."""
    opened = chromium.new_page(viewport={"width": 1280, "height": 900})
    told: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: told.append(message.text))
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(path.as_uri())
    yield opened
    assert told == []
    assert set(asked) == {path.as_uri()}
    opened.close()


def test_layers_sort_by_a_column_and_back(page: Any) -> None:
    table = page.locator("table.layers").first

    def column(number: int) -> list[str]:
        cells: list[str] = table.locator(f"tbody tr > :nth-child({number})").all_inner_texts()
        return [text.strip() for text in cells]

    before = column(1)
    heading = table.locator("thead th", has_text="MACs")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    macs = [int(text.replace(",", "")) for text in column(5)]
    assert macs == sorted(macs, reverse=True)
    heading.get_by_role("button").click()
    assert [int(text.replace(",", "")) for text in column(5)] == sorted(macs)
    heading.get_by_role("button").press("Enter")
    assert column(1) == before
    assert heading.get_attribute("aria-sort") is None


def test_a_drawing_is_made_larger_and_fits_again(page: Any) -> None:
    drawing = page.locator(".drawing svg").first
    width = drawing.bounding_box()["width"]
    page.get_by_role("button", name="larger").first.click()
    assert drawing.bounding_box()["width"] == pytest.approx(1.25 * width)
    page.get_by_role("button", name="fit").first.click()
    assert drawing.bounding_box()["width"] == pytest.approx(width)


@pytest.mark.parametrize("width", [400, 1600])
def test_nothing_runs_out_of_the_window(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(chromium: Any, path: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    opened = context.new_page()
    opened.goto(path.as_uri())
    found = Axe().run(opened).response["violations"]
    assert [(one["id"], one["impact"]) for one in found] == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_front_opens_sorts_and_is_accessible(chromium: Any, front: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    opened = context.new_page()
    opened.goto(front.as_uri())
    table = opened.locator("table.layers").first
    table.locator("thead th", has_text="params").get_by_role("button").click()
    shown = table.locator("tbody tr > :nth-child(3)").all_inner_texts()
    params = [int(text.strip().replace(",", "")) for text in shown]
    assert len(params) == 3
    assert params == sorted(params, reverse=True)
    found = Axe().run(opened).response["violations"]
    assert [(one["id"], one["impact"]) for one in found] == []
    context.close()


def test_a_front_opens_without_a_word(chromium: Any, front: Path) -> None:
    """Its plot is part of the page: nothing is asked for, and the policy stops none of it."""
    opened = chromium.new_page()
    told: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: told.append(message.text))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(front.as_uri())
    marks = opened.locator(".front svg [id^=variant-]")
    assert marks.count() == 3
    title = marks.first.locator("title").first.text_content()
    assert title is not None
    assert title.startswith("alpha = ")
    assert told == []
    assert asked == [front.as_uri()]
    opened.close()


def test_it_prints(page: Any, path: Path, tmp_path: Path) -> None:
    pdf = page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 8 <= pages <= 20  # two networks of 29 and 108 layers; fonts differ
    page.emulate_media(media="print")
    assert not page.locator(".tools").first.is_visible()


@pytest.mark.parametrize(("form", "start"), [("pdf", b"%PDF-"), ("png", b"\x89PNG\r\n")])
def test_the_command_prints_by_itself(tmp_path: Path, form: str, start: bytes) -> None:
    made = tmp_path / f"report.{form}"
    spec = str(ROOT / "specs" / "dscnn_a05.arch")
    assert main(["report", spec, "-o", str(made)]) == 0
    data = made.read_bytes()
    assert data.startswith(start)
    assert data.endswith(browser.MARKS[form])
    assert main(["report", spec, "-o", str(made)]) == 0  # it is one of ours
    if form == "png":
        width, height = (int.from_bytes(data[at : at + 4]) for at in (16, 20))
        assert width == browser.WIDTH
        assert 2000 < height < browser.MOST_HEIGHT
