"""Renaming over files, whatever an editor says of its folders."""

from pathlib import Path
from typing import Any

import pytest

from archc.editor.documents import scopes
from support.wire import END, OPENED, message, opened, raw, request

FAMILY = "arch base(width = 8) { input i: 8x8x3 head { conv(width) } }\n"
USER = 'use "deep/family.arch"\narch wide = base(width = 16)\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A family, and a spec above it that derives from it."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "family.arch").write_text(FAMILY)
    (tmp_path / "user.arch").write_text(USER)
    return tmp_path


@pytest.mark.parametrize("said", ["workspaceFolders", "rootUri", "rootPath", "nothing"])
@pytest.mark.parametrize("open", ["user.arch", "deep/family.arch"])
def test_closed_files_change_too(said: str, open: str, folder: Path) -> None:
    """The one that is open declares the name, or uses it: both files change."""
    given: dict[str, Any] = {
        "workspaceFolders": {"workspaceFolders": [{"uri": folder.as_uri(), "name": "a"}]},
        "rootUri": {"rootUri": folder.as_uri(), "workspaceFolders": None},
        "rootPath": {"rootPath": str(folder)},
        "nothing": {"rootUri": None},
    }[said]
    first = request("first", "initialize", {"capabilities": {}, "processId": None, **given})
    uri = (folder / open).as_uri()
    text = (folder / open).read_text()
    line = text[: text.index("width")].count("\n")
    at = {"line": line, "character": text.splitlines()[line].index("width")}
    named = {"textDocument": {"uri": uri}, "position": at, "newName": "columns"}
    rename = request(1, "textDocument/rename", named)
    messages = (first, OPENED, opened(uri, text), rename, *END)
    spoken = raw(*map(message, messages), folder=folder.parent)
    (answer,) = spoken.answers[1]
    assert "result" in answer, answer
    changes = {Path(one).name: len(edits) for one, edits in answer["result"]["changes"].items()}
    assert changes == {"user.arch": 1, "family.arch": 2}


def test_where_users_are_looked_for(tmp_path: Path) -> None:
    """In the folders of the workspace; of a document in none of them, in its repository, or at and
    below its own folder, and above without what is below there."""
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    uri = (here / "x.arch").as_uri()
    assert [one for one, _ in scopes(uri, [str(tmp_path)])] == [str(tmp_path)]
    found = scopes(uri, [])
    assert found[0][0] == str(here)
    assert found[1:3] == [(str(tmp_path / "a"), 1), (str(tmp_path), 1)]
    (tmp_path / ".git").mkdir()
    assert [one for one, _ in scopes(uri, [])] == [str(tmp_path)]
    assert scopes("untitled:one", []) == []
