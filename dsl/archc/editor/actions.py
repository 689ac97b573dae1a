"""Code actions: fixes, and changes of a spec's target that a finding's help spells out."""

from collections.abc import Iterable, Sequence

from archc.diagnostics.fixes import applied
from archc.diagnostics.model import Diagnostic, Edit
from archc.diagnostics.text import several
from archc.editor import change
from archc.editor.answers import Answers, Json
from archc.editor.offers import offers

QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll.archc"


def actions(
    answers: Answers, uri: str, start: int, end: int, only: Sequence[str] = ()
) -> list[Json]:
    """The `CodeAction`s for what is between two offsets of a document.

    Args:
        answers: its version.
        uri: its address, for the edits.
        start: the first offset.
        end: the last one.
        only: the kinds that are asked for; all, where none is named.
    """
    view = answers.view
    made = _Actions(answers, uri)
    found: list[Json] = []
    if _wanted(only, QUICK_FIX):
        for one in change.fixes(view, start, end):
            action = made.quick(one.help or f"fix: {one.message}", (one,), one.edits)
            found.append({**action, "isPreferred": True})
        found += [
            made.quick(one.title, one.diagnostics, (one.edit,)) for one in offers(view, start, end)
        ]
    if _wanted(only, FIX_ALL):
        found += made.all()
    return found


class _Actions:
    """Makes actions for one document."""

    def __init__(self, answers: Answers, uri: str) -> None:
        self.answers, self.uri = answers, uri

    def edit(self, changes: Iterable[tuple[int, int, str]]) -> Json:
        return {"changes": {self.uri: self.answers.edits(changes)}}

    def quick(self, title: str, of: Iterable[Diagnostic], edits: Iterable[Edit]) -> Json:
        return {
            "title": title,
            "kind": QUICK_FIX,
            "diagnostics": [self.answers.diagnostic(one) for one in of],
            "edit": self.edit((one.span.start, one.span.end, one.text) for one in edits),
        }

    def all(self) -> list[Json]:
        """All fixes that can be made together."""
        every = change.all_fixes(self.answers.view)
        if not every:
            return []
        source = self.answers.view.source
        title = f"fix {several(len(every), 'fault')} of this spec"
        edit = self.edit([(0, len(source.text), applied(source, every))])
        return [{"title": title, "kind": FIX_ALL, "edit": edit}]


def _wanted(only: Sequence[str], kind: str) -> bool:
    """Whether actions of a kind are asked for: of it, of one above it, or of all."""
    return not only or any(kind == one or kind.startswith(f"{one}.") for one in only)
