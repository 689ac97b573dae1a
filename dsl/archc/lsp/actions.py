"""Code actions: fixes, and changes of a spec's target that a finding's help spells out."""

from collections.abc import Iterable

from lsprotocol import types

from archc.diagnostics.fixes import applied
from archc.diagnostics.model import Diagnostic, Edit
from archc.diagnostics.text import several
from archc.editor import change
from archc.editor.offers import offers
from archc.editor.view import View
from archc.lsp.server import Server, guarded

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.archc"


@guarded
def actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    view = server.desk.view(params.text_document.uri)
    if view is None:
        return []
    start, end = (server.at(view, one) for one in (params.range.start, params.range.end))
    made = _Actions(server, view, params.text_document.uri)
    found: list[types.CodeAction] = []
    if wanted(params, types.CodeActionKind.QuickFix.value):
        for one in change.fixes(view, start, end):
            title = one.help or f"fix: {one.message}"
            found.append(made.quick(title, (one,), one.edits, preferred=True))
        found += [
            made.quick(one.title, one.diagnostics, (one.edit,)) for one in offers(view, start, end)
        ]
    if wanted(params, FIX_ALL):
        found += made.all()
    return found


class _Actions:
    """Makes actions for one document."""

    def __init__(self, server: Server, view: View, uri: str) -> None:
        self.server, self.view, self.uri = server, view, uri

    def edit(self, changes: Iterable[tuple[int, int, str]]) -> types.WorkspaceEdit:
        return types.WorkspaceEdit(changes={self.uri: self.server.edits(self.view.source, changes)})

    def quick(
        self,
        title: str,
        of: Iterable[Diagnostic],
        edits: Iterable[Edit],
        preferred: bool | None = None,
    ) -> types.CodeAction:
        return types.CodeAction(
            title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self.server.diagnostic(self.view, one) for one in of],
            is_preferred=preferred,
            edit=self.edit((one.span.start, one.span.end, one.text) for one in edits),
        )

    def all(self) -> list[types.CodeAction]:
        """All fixes that can be made together."""
        every = change.all_fixes(self.view)
        if not every:
            return []
        source = self.view.source
        title = f"fix {several(len(every), 'fault')} of this spec"
        edit = self.edit([(0, len(source.text), applied(source, every))])
        return [types.CodeAction(title, kind=FIX_ALL, edit=edit)]


def wanted(params: types.CodeActionParams, kind: str) -> bool:
    """Whether an editor asks for actions of a kind: of it, of one above it, or of all."""
    only = params.context.only
    if not only:
        return True
    asked = [str(getattr(one, "value", one)) for one in only]
    return any(kind == one or kind.startswith(f"{one}.") for one in asked)
