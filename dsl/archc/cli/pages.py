"""Writing a page: as HTML, or in what a browser of this machine makes of it."""

import os
import sys

from archc.cli.arguments import UsageError
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.cli.session import Session

FORMATS = ("html", "pdf", "png")
"""By the endings of their files."""


def format_of(path: str, wanted: str | None) -> str:
    """The format to write.

    Raises:
        UsageError: the file's name says another one, or none.
    """
    ending = os.path.splitext(path)[1].lower().removeprefix(".")
    named = {"htm": "html"}.get(ending, ending)
    if path == "-":
        if wanted not in (None, "html"):
            raise UsageError("`-o -` prints the page as HTML")
        return "html"
    if named not in FORMATS:
        from archc.diagnostics.text import joined

        endings = joined([f".{one}" for one in FORMATS], "or")
        raise UsageError(f"`{path}` does not end in {endings}")
    if wanted not in (None, named):
        raise UsageError(f"`{path}` does not end in .{wanted}")
    return named


def write(session: "Session", path: str, page: str, form: str) -> None:
    """Write the report; a file that is not one of ours stays.

    Raises:
        Rejected: there is no browser for the format.
    """
    from archc.files.saving import save

    if form == "html":
        from archc.emit.report import MARK

        mark = f'content="{MARK}"'.encode()
        failure = save({path: page.encode()}, lambda data: mark in data[:1000])
    else:
        from archc.cli.browser import MARKS, printed

        failure = save({path: printed(page, form)}, lambda data: data.endswith(MARKS[form]))
    if failure is not None:
        session.diagnostics.append(failure)
        return
    print(f"{path} written", file=sys.stderr)
