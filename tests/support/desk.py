"""Documents as an editor has them open, without an editor."""

from pathlib import Path

from archc.editor.desk import Desk
from archc.editor.view import View
from archc.limits import DEFAULT_LIMITS

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.arch"))
UNSAVED = "untitled:one"


def desk() -> Desk:
    return Desk((), DEFAULT_LIMITS)


def shipped(name: str) -> View:
    """A shipped spec, opened."""
    path = next(one for one in SPECS if one.stem == name)
    return view(desk(), path.read_text(encoding="utf-8"), path.as_uri())


def view(at: Desk, text: str, uri: str = UNSAVED) -> View:
    """A version of a document, after those before it."""
    at.put(uri, text)
    found = at.view(uri)
    assert found is not None
    return found


def marked(text: str) -> tuple[str, int]:
    """A text with a `|` in it, without it, and where it stood."""
    before, after = text.split("|")
    return before + after, len(before)
