"""Files as bytes and as text, and what is said of one that cannot be read."""

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, Rejected, make, reject
from archc.formats import SAVED_MODEL, Stranger, stranger
from archc.limits import Limits
from archc.source import Span

SPEC_SUFFIX = ".arch"

CHECK_PATH = "check the path; one that is relative starts at the working folder"
CHECK_ACCESS = "check its permissions, and where it is a link what it leads to"

_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def load_bytes(path: str, most: int, bound: str, wanted: str = "a file") -> bytes:
    """A file of any kind that the user named, such as a model.

    Args:
        path: of the file.
        most: the largest size that is read.
        bound: the name of that bound in `Limits`.
        wanted: what it should be, for messages: "a `.tflite` file".

    Raises:
        Rejected: there is no such file, it is not a regular file, cannot be read, or is too large.
    """
    return _data(path, path, None, most, bound, f"give {wanted}", os.path.splitext(path)[1])


def load_text(path: str, most: int, bound: str, wanted: str) -> str:
    """A text that is not a spec; see `load_bytes`.

    Raises:
        Rejected: it cannot be read, is too large or is no UTF-8 text.
    """
    return _decode(load_bytes(path, most, bound, wanted), path, None, f"give {wanted}")


def load_spec(path: str, shown: str, span: Span | None, limits: Limits) -> str:
    """The text of a file.

    Raises:
        Rejected: there is no such file, it is not a regular file, cannot be read, is larger than
            ``limits.source_bytes``, holds NUL bytes or is not UTF-8.
    """
    folder = f"name a file in it, such as `{os.path.join(shown, '')}NAME{SPEC_SUFFIX}`"
    data = _data(path, shown, span, limits.source_bytes, "source_bytes", folder, SPEC_SUFFIX)
    return _decode(data, shown, span, "give a file of text")


def _data(
    path: str, shown: str, span: Span | None, most: int, bound: str, instead: str, ending: str
) -> bytes:
    """The bytes of a regular file of at most so many; ``instead`` helps who names a folder, and of
    those that end so one is proposed where there is none."""
    try:
        about = os.stat(path)
        if stat.S_ISDIR(about.st_mode):
            raise reject(codes.FILE_NOT_REGULAR, f"`{shown}` is a folder", span, help=instead)
        if not stat.S_ISREG(about.st_mode):
            raise reject(
                codes.FILE_NOT_REGULAR,
                f"`{shown}` is not a regular file",
                span,
                help="pipes and devices are not read: save what they hold as a file",
            )
        with open(path, "rb") as file:
            data = file.read(min(about.st_size, most) + 1)
            if len(data) > about.st_size:  # it grew, or the system does not know its size
                data += file.read(most + 1 - len(data))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise missing(path, shown, span, ending) from None
    except OSError as error:
        raise reject(
            codes.FILE_UNREADABLE,
            f"`{shown}` cannot be read: {reason(error)}",
            span,
            help=CHECK_ACCESS,
        ) from None
    if len(data) > most:
        raise reject(
            codes.LIMIT,
            f"`{shown}` is larger than {most:,} bytes, the limit `{bound}`",
            span,
            help=f"if that is meant, raise it with `--limit {bound}=N`",
        )
    return data


def missing(path: str, shown: str, span: Span | None = None, ending: str = SPEC_SUFFIX) -> Rejected:
    try:
        near = similar(*os.path.split(path), ending)
    except ValueError:
        near = None
    return reject(codes.FILE_MISSING, f"there is no file `{shown}`", span, help=near or CHECK_PATH)


def _decode(data: bytes, shown: str, span: Span | None, instead: str) -> str:
    """UTF-8 bytes as text, a byte order mark dropped; ``instead`` helps where it is not text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise reject(
                codes.FILE_NOT_UTF8,
                f"`{shown}` is {encoding}, not UTF-8",
                span,
                help="save it as UTF-8",
            )
    at = data.find(0)
    if at >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise reject(
            codes.FILE_BINARY,
            f"`{shown}` is not text: it has a NUL byte at offset {at}, in line {line}",
            span,
            help=instead,
        )
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise reject(
            codes.FILE_NOT_UTF8,
            f"`{shown}` is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}, "
            f"in line {line}",
            span,
            help="save it as UTF-8",
        ) from None


def similar(folder: str, path: str, ending: str = SPEC_SUFFIX) -> str | None:
    """A help line that proposes a file with a similar name beside a missing one.

    Args:
        folder: where the path starts.
        path: of the missing file.
        ending: how the names of files end that can be meant.
    """
    from archc.diagnostics.nearest import did_you_mean

    inner, name = os.path.split(path)
    if ".." in inner.split("/"):
        return None
    try:
        entries = os.listdir(os.path.join(folder, inner) or ".")
    except (OSError, ValueError):
        return None
    others = [entry for entry in entries if entry.endswith(ending) and entry != name]
    if f"{name}{ending}" in others:  # the ending was left out
        return f"did you mean `{name}{ending}`?"
    return did_you_mean(name, others)


MOST_FOLDERS = 2_000
"""A folder given for its specs holds at most so many, so that `archc check /` ends."""


def specs_below(
    folder: str, most: int | None = None, endings: tuple[str, ...] = (SPEC_SUFFIX,)
) -> Iterator[str]:
    """The specs at and below a folder, in order; hidden folders and `node_modules` are left out.

    Args:
        folder: where to begin.
        most: folders that are looked into.
        endings: of other files that are wanted in place of specs.
    """
    for top, inner, names in islice(os.walk(folder), most):
        inner[:] = sorted(one for one in inner if one[0] != "." and one != "node_modules")
        yield from (os.path.join(top, one) for one in sorted(names) if one.endswith(endings))


def spread(
    paths: Iterable[str], others: tuple[str, ...] = ()
) -> tuple[dict[str, bool], list[Diagnostic]]:
    """The files that paths stand for, a folder for the specs at and below it.

    Args:
        paths: of files and folders.
        others: endings of files that a folder without any spec stands for.

    Returns:
        Whether each file stands in a folder that was named, by path; and the folders that have no
        specs, or too many folders to look into, as diagnostics.
    """
    files: dict[str, bool] = {}
    faults: list[Diagnostic] = []
    for path in paths:
        if not is_folder(path):
            files.setdefault(os.path.normpath(path), False)
            continue
        if next(islice(os.walk(path), MOST_FOLDERS, None), None) is not None:
            message = f"`{path}` holds more than {MOST_FOLDERS:,} folders"
            help = "name the folder that the specs are in, or the specs"
            faults.append(make(codes.LIMIT, message, help=help))
            continue
        inner = [os.path.normpath(one) for one in specs_below(path)]
        if not inner and others:
            inner = [os.path.normpath(one) for one in specs_below(path, endings=others)]
        for one in inner:
            files.setdefault(one, True)
        if not inner:
            message = f"there are no `{SPEC_SUFFIX}` files in `{path}`"
            help = "`archc new NAME` writes a first one"
            if (other := saved_model(path)) is not None:
                message, help = other.said(path), other.remedy
            faults.append(make(codes.FILE_MISSING, message, help=help))
    return files, faults


def saved_model(path: str) -> Stranger | None:
    """The kind of a folder that is a model, one that archc does not read."""
    inner = os.path.join(path, SAVED_MODEL)
    return stranger(inner) if os.path.isfile(inner) else None


def is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:
        return False


def reason(error: OSError | ValueError) -> str:
    """What the system says, as the end of a headline."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text[:1].lower() + text[1:]


def stamps(paths: Iterable[str]) -> dict[str, tuple[int, int, int] | None]:
    """What tells that a file or folder was written since: time in nanoseconds, size, and the number
    of the file, which another one that takes its place does not have. None where there is none."""
    found: dict[str, tuple[int, int, int] | None] = {}
    for path in paths:
        try:
            about = os.stat(path)
        except (OSError, ValueError):
            found[path] = None
        else:
            found[path] = (about.st_mtime_ns, about.st_size, about.st_ino)
    return found
