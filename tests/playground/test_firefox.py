"""The page in Firefox, where it is installed: the folder on a strict host, and the one file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import firefox, playground
from support.sixty import SPEC

playground.tools()
if firefox.PROGRAM is None:
    pytest.skip("Firefox is not installed", allow_module_level=True)

pytestmark = pytest.mark.services

SETTLED = "globalThis.playground?.settled()"
ERRORS = "document.querySelectorAll('#problems li.error').length"


@pytest.fixture(scope="module")
def browser() -> Iterator[firefox.Firefox]:
    with firefox.running() as opened:
        yield opened


def write(browser: firefox.Firefox, text: str) -> None:
    browser.js(f"""playground.view.dispatch({{changes: {{
      from: 0, to: playground.view.state.doc.length, insert: {text!r},
    }}}}) ?? true""")
    browser.until(SETTLED)


@pytest.mark.parametrize("form", ["folder", "file"])
def test_an_error_is_fixed_and_every_tab_is_shown(
    browser: firefox.Firefox, folder: Path, form: str
) -> None:
    with playground.served(folder) as address:
        browser.open(address if form == "folder" else (folder / "playground.html").as_uri())
        browser.until(SETTLED)
        assert browser.js(ERRORS) == 0
        write(browser, SPEC.replace("batchnorm", "BatchNormalization", 1))
        assert browser.js(ERRORS) == 1
        browser.js("document.querySelector('#problems .fix').click() ?? true")
        browser.until(f"{SETTLED} && {ERRORS} === 0")
        assert browser.js("playground.view.state.doc.toString()") == SPEC
        for tab, shown in {
            "drawing": ".drawing svg title",
            "memory": "svg.whole .bar",
            "module": ".cm-content",
            "manifest": ".cm-content",
            "profile": "table.layers tbody tr",
        }.items():
            browser.js(f"document.getElementById('tab-{tab}').click() ?? true")
            browser.until(f"document.querySelector('#pane {shown}')")
        assert browser.told == []
        browser.open("about:blank")
