"""What stands where an output goes, and folders to write to."""

import os
import stat

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, Rejected, make, reject
from archc.emit.marker import MARKER, SCHEMA_FAMILY, STAGING
from archc.files.reading import reason
from archc.typed import Literal, NamedTuple

ELSEWHERE = "check permissions and free space there, or write to another folder"


class Standing(NamedTuple):
    """What stands where an output goes."""

    state: Literal["absent", "same", "ours", "foreign", "unreadable"]
    content: bytes | None = None
    what: str = ""


def is_name(name: str) -> bool:
    """Whether this is a name of a file, without a folder."""
    return name == os.path.basename(name) and name not in ("", ".", "..", STAGING)


def look(path: str, name: str, data: bytes | None) -> Standing:
    """What stands at a path, against what is to be written there."""
    if (other := kind(path)) is not None:
        return other
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return Standing("unreadable", what=reason(error))
    if content == data:
        return Standing("same", content)
    if ours(name, content):
        return Standing("ours", content)
    return Standing("foreign", content, "a file that archc did not write")


def kind(path: str) -> Standing | None:
    """What stands at a path, if it is not a file that can be read."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return Standing("absent")
    except OSError as error:
        return Standing("unreadable", what=reason(error))
    if stat.S_ISDIR(mode):
        return Standing("foreign", what="a folder")
    if stat.S_ISLNK(mode):
        return Standing("foreign", what="a symbolic link")
    return None if stat.S_ISREG(mode) else Standing("foreign", what="not a regular file")


def ours(name: str, content: bytes) -> bool:
    """Whether archc wrote a file: our first line, or a manifest with our schema."""
    if name.endswith(".py"):
        return content.split(b"\n", 1)[0].rstrip(b"\r") == MARKER.encode()
    import json

    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    schema = document.get("$schema") if isinstance(document, dict) else None
    return isinstance(schema, str) and schema.startswith(SCHEMA_FAMILY)


def make_folder(directory: str) -> list[str]:
    """Make a folder; returns the folders made, innermost first.

    Raises:
        Rejected: it is not a folder or cannot be made.
    """
    missing = []
    try:
        path = os.path.abspath(directory)
        while not os.path.lexists(path):
            missing.append(path)
            path = os.path.dirname(path)
        os.makedirs(directory, exist_ok=True)
    except (OSError, ValueError) as error:
        for folder in missing:
            try:
                os.rmdir(folder)
            except (OSError, ValueError):
                continue  # not made yet
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise reject(
                codes.OUTPUT_FOLDER,
                f"the output folder `{directory}` is not a folder",
                help="name a folder, or another path for one",
            ) from None
        raise Rejected(folder_problem(directory, error)) from None
    return missing


def folder_problem(directory: str, error: OSError | ValueError) -> Diagnostic:
    return make(
        codes.OUTPUT_FOLDER,
        f"the output folder `{directory}` cannot be used: {reason(error)}",
        help=ELSEWHERE,
    )


def unwritable(path: str, error: OSError) -> Diagnostic:
    return make(
        codes.OUTPUT_UNWRITABLE, f"`{path}` cannot be written: {reason(error)}", help=ELSEWHERE
    )
