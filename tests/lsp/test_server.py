"""The language server, driven over its standard input and output by pygls' own client."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from support.desk import ROOT

PATIENCE = 60
"""Seconds after which an answer is said not to come."""
SPEC = """\
block unit(channels, gain = 2) {
    conv(channels * gain) batchnorm relu6
}

arch a(alpha = 1.0 in 0.1 .. 2) {
    target stm32n6
    input image: 32x32x3

    stage s(channels = 16 * alpha, stride = 2) { ds }
    head { unit(8) global_average_pool dense(10) sigmoid }
}
"""


class Editor:
    """An editor with one folder open."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.found: dict[str, list[types.Diagnostic]] = {}
        self.logged: list[str] = []
        self.news = asyncio.Event()
        self.versions: dict[str, int] = {}

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            if params.version in (None, self.versions.get(params.uri)):
                self.found[params.uri] = list(params.diagnostics)
                self.news.set()

        @client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str, *, save: bool = True) -> str:
        uri = self.uri(name) if ":" not in name else name
        if save:
            (self.folder / name).write_text(text, encoding="utf-8", newline="")
        self.versions[uri] = 1
        item = types.TextDocumentItem(uri, "arch", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        self.found.pop(uri, None)
        self.versions[uri] += 1
        named = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(named, [whole]))

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        while uri not in self.found:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), PATIENCE)
        return self.found[uri]


def at(text: str, word: str, inside: int = 1) -> types.Position:
    """A position within the first place of a word, in UTF-16 units."""
    before = text[: text.index(word) + inside]
    line = before.rpartition("\n")[2]
    return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)


@asynccontextmanager
async def editor(folder: Path, encodings: list[str] | None = None) -> Any:
    client = LanguageClient("tests", "1")
    opened = Editor(client, folder)
    await client.start_io(sys.executable, "-m", "archc", "lsp", "--stdio")
    process = client._server
    assert process is not None
    general = types.GeneralClientCapabilities(
        position_encodings=[types.PositionEncodingKind(one) for one in encodings or ["utf-16"]]
    )
    opened.server = await asyncio.wait_for(  # type: ignore[attr-defined]
        client.initialize_async(
            types.InitializeParams(
                types.ClientCapabilities(general=general),
                workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "here")],
            )
        ),
        PATIENCE,
    )
    client.initialized(types.InitializedParams())
    try:
        yield opened
        await asyncio.wait_for(client.shutdown_async(None), PATIENCE)
        client.exit(None)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
        await client.stop()
    assert not opened.logged, opened.logged


def drive(
    folder: Path,
    play: Callable[[Editor], Awaitable[None]],
    encodings: list[str] | None = None,
) -> None:
    async def whole() -> None:
        async with editor(folder, encodings) as opened:
            await asyncio.wait_for(play(opened), PATIENCE)

    asyncio.run(whole())


def named(uri: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


def shown(hover: types.Hover | None) -> str:
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    return hover.contents.value


def test_a_session(tmp_path: Path) -> None:
    """Everything an editor asks of a spec while somebody works on it."""

    async def play(editor: Editor) -> None:
        ask = editor.client
        uri = editor.open("a.arch", SPEC)
        assert not [d for d in await editor.diagnostics(uri) if d.severity == 1]

        hint = types.InlayHintParams(
            named(uri), types.Range(types.Position(0, 0), types.Position(99, 0))
        )
        hints = await ask.text_document_inlay_hint_async(hint)
        assert hints
        by_line = {one.position.line: one.label for one in hints}
        assert str(by_line[8]).startswith("\u2192 16x16x16 \u00b7 ")
        assert str(by_line[9]).startswith("\u2192 10 \u00b7 ")

        hover = types.HoverParams(named(uri), at(SPEC, "alpha ="))
        assert "`1` in `a`" in shown(await ask.text_document_hover_async(hover))
        hover = types.HoverParams(named(uri), at(SPEC, "relu6"))
        assert "16x16x16" in shown(await ask.text_document_hover_async(hover))

        place = types.DefinitionParams(named(uri), at(SPEC, "ds }"))
        library = await ask.text_document_definition_async(place)
        assert isinstance(library, types.Location)
        assert library.uri.endswith("/archc/std/ds.arch")
        assert library.uri.startswith("file:")
        place = types.DefinitionParams(named(uri), at(SPEC, "unit(8"))
        own = await ask.text_document_definition_async(place)
        assert isinstance(own, types.Location)
        assert (own.uri, own.range.start) == (uri, types.Position(0, 6))

        context = types.ReferenceContext(include_declaration=True)
        found = await ask.text_document_references_async(
            types.ReferenceParams(context, named(uri), at(SPEC, "unit(8"))
        )
        assert found is not None
        assert [one.range.start.line for one in found] == [0, 9]

        tree = await ask.text_document_document_symbol_async(types.DocumentSymbolParams(named(uri)))
        assert tree is not None
        assert [one.name for one in tree] == ["unit", "a"]
        assert [one.name for one in tree[1].children or ()] == ["alpha", "image", "s", "head"]

        help = await ask.text_document_signature_help_async(
            types.SignatureHelpParams(named(uri), at(SPEC, "dense(10", 7))
        )
        assert help is not None
        assert help.signatures[0].label.startswith("dense(")

        rename = types.RenameParams(named(uri), at(SPEC, "unit("), "widen")
        edit = await ask.text_document_rename_async(rename)
        assert edit is not None
        assert edit.changes is not None
        assert [one.new_text for one in edit.changes[uri]] == ["widen", "widen"]
        prepare = types.PrepareRenameParams(named(uri), at(SPEC, "unit("))
        holder = await ask.text_document_prepare_rename_async(prepare)
        assert isinstance(holder, types.PrepareRenamePlaceholder)
        assert holder.placeholder == "unit"
        for word, new, why in (
            ("ds }", "mine", "standard library"),
            ("unit(", "stage", "word of the language"),
            ("alpha =", "image_", None),
            ("alpha =", "unit", "already"),
        ):
            rename = types.RenameParams(named(uri), at(SPEC, word), new)
            if why is None:
                assert await ask.text_document_rename_async(rename)
                continue
            with pytest.raises(JsonRpcException, match=why):
                await ask.text_document_rename_async(rename)

        wrong = SPEC.replace("relu6", "ReLU_6")
        editor.change(uri, wrong)
        (fault,) = [d for d in await editor.diagnostics(uri) if d.severity == 1]
        assert (fault.code, fault.source) == ("unknown_name", "archc")
        assert fault.range.start == at(wrong, "ReLU_6", 0)
        assert "`relu6`" in fault.message
        actions = await ask.text_document_code_action_async(
            types.CodeActionParams(named(uri), fault.range, types.CodeActionContext([fault]))
        )
        assert actions is not None
        quick = actions[0]
        assert isinstance(quick, types.CodeAction)
        assert quick.kind == types.CodeActionKind.QuickFix
        assert quick.edit is not None
        assert quick.edit.changes is not None
        assert [one.new_text for one in quick.edit.changes[uri]] == ["relu6"]

        messy = SPEC.replace("    target", "  target")
        editor.change(uri, messy)
        layout = types.DocumentFormattingParams(named(uri), types.FormattingOptions(4, True))
        edits = await ask.text_document_formatting_async(layout)
        assert edits
        assert edits[0].new_text == SPEC
        editor.change(uri, SPEC)
        assert not await ask.text_document_formatting_async(layout)

        typed = SPEC.replace("dense(10)", "de")
        editor.change(uri, typed)
        offered = await ask.text_document_completion_async(
            types.CompletionParams(named(uri), at(typed, " de ", 3))
        )
        assert isinstance(offered, types.CompletionList)
        dense = next(one for one in offered.items if one.label == "dense")
        assert isinstance(dense.text_edit, types.TextEdit)
        assert dense.text_edit.range.start == at(typed, " de ", 1)

        ask.text_document_did_close(types.DidCloseTextDocumentParams(named(uri)))
        editor.found.pop(uri, None)
        assert await editor.diagnostics(uri) == []
        assert await ask.text_document_hover_async(hover) is None

    drive(tmp_path, play)


def test_broken_documents(tmp_path: Path) -> None:
    """A spec that is being typed is answered at every step, and so is what never was one."""

    async def play(editor: Editor) -> None:
        ask = editor.client
        uri = editor.open("a.arch", SPEC)
        await editor.diagnostics(uri)
        for end in range(0, len(SPEC), 9):
            text = SPEC[:end] + "(" * (end % 3) + '"' * (end % 2) + SPEC[end + 5 :]
            editor.change(uri, text)
            lines = text[:end].split("\n")
            here = types.Position(len(lines) - 1, len(lines[-1]))
            everything = types.Range(types.Position(0, 0), types.Position(10**6, 10**6))
            await asyncio.gather(
                ask.text_document_completion_async(types.CompletionParams(named(uri), here)),
                ask.text_document_hover_async(types.HoverParams(named(uri), here)),
                ask.text_document_inlay_hint_async(types.InlayHintParams(named(uri), everything)),
                ask.text_document_signature_help_async(types.SignatureHelpParams(named(uri), here)),
                ask.text_document_definition_async(types.DefinitionParams(named(uri), here)),
                ask.text_document_document_symbol_async(types.DocumentSymbolParams(named(uri))),
            )
        assert [d.code for d in await editor.diagnostics(uri)][:1] == ["syntax"]
        broken = SPEC.replace("stage s(", "stage s((", 1)
        editor.change(uri, SPEC)
        await editor.diagnostics(uri)
        editor.change(uri, broken)
        hover = types.HoverParams(named(uri), at(broken, "dense"))
        assert "10; 1 layer" in shown(await ask.text_document_hover_async(hover))
        with pytest.raises(JsonRpcException, match="fix it first"):
            await ask.text_document_rename_async(
                types.RenameParams(named(uri), at(broken, "unit("), "other")
            )
        for text in ("", "\n", "\ufeff", "}" * 5000, '"""', "\x00\x01", "arch " * 4000):
            editor.change(uri, text)
            await editor.diagnostics(uri)
        for odd in ("untitled:Untitled-1", "git:/a.arch?x=%00", "file:///nowhere/at/all.arch"):
            editor.open(odd, "arch a { input i: 8 x 8 x 3 head { relu } }", save=False)
            assert "target" not in str(await editor.diagnostics(odd))
        nobody = types.HoverParams(named("file:///not/open.arch"), types.Position(0, 0))
        assert await ask.text_document_hover_async(nobody) is None

    drive(tmp_path, play)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_are_counted_as_agreed(encoding: str, tmp_path: Path) -> None:
    """Characters of several units before a name, tabs, and lines that end as on Windows."""
    lines = ['"""\U0001f600"""', "arch a {", "\tinput i: 8 x 8 x 3", "\thead { # \u00e9\U0001f600"]
    text = "\r\n".join([*lines, "\trellu6 }", "}", ""])
    lead = "# \U0001f600\u00e9" * 3

    async def play(editor: Editor) -> None:
        server = editor.server  # type: ignore[attr-defined]
        assert server.capabilities.position_encoding == encoding
        uri = editor.open("a.arch", text)
        (fault,) = await editor.diagnostics(uri)
        assert (fault.range.start, fault.range.end) == (types.Position(4, 1), types.Position(4, 7))
        one_line = 'use "\U0001f600\u00e9.arch" arch a { }'
        editor.change(uri, one_line)
        found = await editor.diagnostics(uri)
        codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
        size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
        quoted = 'use "\U0001f600\u00e9.arch"'
        ends = {one.range.end.character for one in found if one.code == "file_missing"}
        assert ends == {len(quoted.encode(codec)) // size}
        good = text.replace("rellu6", "relu6").replace("# \u00e9", lead + " # \u00e9")
        editor.change(uri, good)
        await editor.diagnostics(uri)
        layout = types.DocumentFormattingParams(named(uri), types.FormattingOptions(4, True))
        edits = await editor.client.text_document_formatting_async(layout)
        assert edits
        assert "\n" not in edits[0].new_text.replace("\r\n", "")

    drive(tmp_path, play, [encoding])


def test_files_that_use_one_another(tmp_path: Path) -> None:
    """Texts that are not saved count; names are changed in every file of the workspace."""
    family = "arch base(width = 8) { input i: 8 x 8 x 3 head { conv(width) } }\n"
    user = 'use "family.arch"\narch wide = base(width = 16)\n'

    async def play(editor: Editor) -> None:
        ask = editor.client
        (editor.folder / "closed.arch").write_text(user.replace("wide", "closed"), "utf-8")
        theirs = editor.open("family.arch", family)
        mine = editor.open("user.arch", user)
        assert not [d for d in await editor.diagnostics(mine) if d.severity == 1]
        editor.found.pop(mine)
        editor.change(theirs, family.replace("width = 8", "with_ = 8").replace("(width)", "(8)"))
        (fault, *_) = await editor.diagnostics(mine)
        assert (fault.code, fault.range.start.line) == ("arguments", 1)
        assert fault.related_information
        editor.change(theirs, family.replace("conv(width)", "cnv(width)"))
        editor.found.pop(mine, None)
        (fault, *_) = await editor.diagnostics(mine)
        assert fault.message.startswith("in family.arch: ")
        assert fault.range.start.line == 0
        assert fault.related_information
        assert fault.related_information[0].location.uri == theirs
        editor.change(theirs, family)
        await editor.diagnostics(theirs)
        rename = types.RenameParams(named(theirs), at(family, "width"), "channels_out")
        edit = await ask.text_document_rename_async(rename)
        assert edit is not None
        assert edit.changes is not None
        counts = {Path(uri).name: len(edits) for uri, edits in edit.changes.items()}
        assert counts == {"family.arch": 2, "user.arch": 1, "closed.arch": 1}
        place = types.DefinitionParams(named(mine), at(user, "family.arch"))
        found = await ask.text_document_definition_async(place)
        assert isinstance(found, types.Location)
        assert found.uri == theirs

    drive(tmp_path, play)


def test_a_defect_of_ours_is_logged_and_the_server_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archc.editor import describe
    from archc.limits import DEFAULT_LIMITS
    from archc.lsp import handlers as module
    from archc.lsp.server import Server

    said: list[str] = []
    made = Server((), DEFAULT_LIMITS)
    monkeypatch.setattr(made, "window_log_message", lambda params: said.append(params.message))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(describe, "hover", broken)
    made.desk.put("untitled:a", SPEC)
    params = types.HoverParams(named("untitled:a"), types.Position(0, 0))
    monkeypatch.setattr(Server, "encoding", "utf-16")
    assert module.hover(made, params) is None
    assert "a bug in archc" in said[0]
    assert "ZeroDivisionError" in said[0]


def test_without_pygls_it_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['pygls'] = None\n"
        "from archc.cli import main\nsys.exit(main(['lsp']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'archc-dsl[lsp]'" in done.stderr
    assert done.stdout == ""


def test_garbage_on_the_wire_and_an_editor_that_dies() -> None:
    """What is not a message is not answered; when standard input ends, so does the server."""
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "no/such", "params": {}}).encode()
    data = b"Content-Length: %d\r\n\r\n%s" % (len(message), message)
    done = subprocess.run(
        [sys.executable, "-m", "archc", "lsp"],
        input=data,
        capture_output=True,
        timeout=PATIENCE,
        cwd=ROOT,
        check=False,
    )
    assert b"Traceback" not in done.stdout
    assert done.returncode in (0, 1)
