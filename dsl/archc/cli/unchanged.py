"""A build of which nothing has changed since it was made is not made again.

After a build that had nothing to say on standard error, what it depended on is noted in the user's
cache folder, under a digest of the command line: the text of every file it read and the path that
led there, the digest of every output, and time, size and number of every file of the compiler that
took part. The next run of the same command line looks at all of that again: by content for what
the user can edit, so that no clock is trusted. Where all is as noted it prints what a build would
print. In every other case, and where anything cannot be read, it builds. Nothing is ever written
from a note.

Only `archc SPEC... -o DIR` is noted. `ARCHC_CACHE` names another folder for the notes; where it is
empty there are none. This module imports next to nothing: it is the whole of such a run.
"""

import os
import sys
from time import time_ns

TYPE_CHECKING = False  # as `typing` has it, which takes long to import
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STARTED = time_ns()
"""When this process began to load the compiler."""
SETTLED = 2_000_000_000
"""Nanoseconds by which the compiler's files are older than that: what ran is what stands there."""
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEAD = "archc unchanged 1"
"""What a note starts with; a digest of the rest follows."""
MOST = 512
"""So many notes are kept."""
LARGEST = 500_000
"""Bytes of a file that the user can edit: less than the bound `source_bytes`."""
BUSY = (".archc.lock", ".archc-staging")
"""What stands in an output folder while a build is written there, or after it was killed."""
_OWN = ("archc", "lark", "jinja2", "markupsafe")
_DATA = ("std", "targets", "emit/templates", "grammars", "../../grammars")
"""Folders of the package whose files the compiler reads; the last one is that of a checkout."""

_asked: "list[str] | None" = None
"""The command line of this process, if its build may be noted."""


def told(argv: "Sequence[str] | None") -> bool:
    """Whether nothing has changed since the last build of this command line, which is said then.

    ``argv`` is None in a process of the command's own; a call with arguments is always followed.
    """
    global _asked
    _asked = None
    words = sys.argv[1:]
    if argv is not None or not plain(words) or sys.stdout is None or sys.stderr is None:
        return False
    _asked = words
    try:
        path = _note(words)
        if path is None:
            return False
        with open(path, "rb") as file:
            head, _, body = file.read().partition(b"\n")
        if head.decode() != f"{HEAD} {digest(body)}":
            return False
        facts, _, said = body.decode().partition("\nsay\n")
        if not all(map(_holds, facts.split("\n"))):
            return False
        sys.stdout.write(said)
        sys.stdout.flush()
    except (OSError, ValueError):  # a build finds out what is wrong, and says it
        return False
    return True


def plain(words: "list[str]") -> bool:
    """Whether a command line is `SPEC... -o DIR` and no more."""
    options = [at for at, word in enumerate(words) if word.startswith("-")]
    if len(options) != 1 or words[options[0]] != "-o" or options[0] + 1 == len(words):
        return False
    specs = _specs(words)
    return bool(specs) and all(spec.endswith(".arch") for spec in specs)


def _specs(words: "list[str]") -> "list[str]":
    at = words.index("-o")
    return words[:at] + words[at + 2 :]


def _holds(fact: str) -> bool:
    """Whether a line of a note is still so."""
    kind, noted, path = fact.split("\t")
    if kind == "code":
        return _stamp(path) == noted
    if kind == "path":
        return os.path.realpath(path) == noted
    if kind == "free":
        return not os.path.lexists(path)
    if kind == "made" and os.lstat(path).st_mode & 0o170000 != 0o100000:  # a link, say
        return False
    if os.stat(path).st_mode & 0o170000 != 0o100000:
        return False
    with open(path, "rb") as file:
        data = file.read()
    if kind == "text":
        if len(data) > LARGEST:
            return False
        text = data.decode().removeprefix("\ufeff")
        data = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    return kind in ("text", "made") and digest(data) == noted


def note(
    output: str,
    paths: "Mapping[str, str]",
    texts: "Mapping[str, str]",
    made: "Mapping[str, bytes]",
    said: str,
) -> None:
    """Note the build that this process has made.

    Args:
        output: the output folder.
        paths: where each path that was followed led.
        texts: of the files that were read, as they were compiled, by path.
        made: the outputs by name, as they were to be written.
        said: what the next build prints if nothing changes.
    """
    if _asked is None:
        return
    try:
        path = _note(_asked)
        if path is None or not said.isascii():
            return
        stamps = {one: _stamp(one) for one in _code()}
        newest = max(os.stat(one).st_mtime_ns for one in stamps)
        large = any(len(text.encode()) > LARGEST for text in texts.values())
        if newest > STARTED - SETTLED or large or any(map(os.path.isdir, _specs(_asked))):
            return
        facts = [("code", stamp, one) for one, stamp in stamps.items()]
        facts += [("path", real, given) for given, real in paths.items()]
        facts += [("text", digest(text.encode()), one) for one, text in texts.items()]
        facts += [("free", "", os.path.join(output, name)) for name in BUSY]
        facts += [("made", digest(data), os.path.join(output, one)) for one, data in made.items()]
        if any(set(name) & set("\t\n") for fact in facts for name in fact):
            return
        _save(path, "\n".join(map("\t".join, facts)), said)
    except (OSError, ValueError):
        return


def _save(path: str, facts: str, said: str) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, 0o700, exist_ok=True)
    body = f"{facts}\nsay\n{said}".encode()
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(f"{HEAD} {digest(body)}\n".encode() + body)
    os.replace(temporary, path)
    names = os.listdir(folder)
    if len(names) > MOST:
        for name in sorted(names)[: MOST // 2]:
            os.unlink(os.path.join(folder, name))


def digest(data: bytes) -> str:
    from archc.digest import sha256

    made: str = sha256(data).hexdigest()
    return made


def _note(words: "list[str]") -> "str | None":
    """Where a command line's note is; None where none is kept, or others could write it."""
    folder = os.environ.get("ARCHC_CACHE")
    if folder is None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        folder = os.path.join(home, "archc")
        if not _ours(home):  # as under `sudo`
            return None
    if not os.path.isabs(folder) or not _ours(folder, alone=True):
        return None
    from archc import __version__

    # The lines of a build are as wide as the terminal.
    around = f"{os.environ.get('COLUMNS')} {_columns()} {os.environ.get('PYTHONPATH')}"
    key = [PACKAGE, __version__, sys.version, sys.executable, around, os.getcwd(), *words]
    return os.path.join(folder, digest("\0".join(key).encode("utf-8", "surrogateescape")))


def _ours(folder: str, *, alone: bool = False) -> bool:
    """Whether a folder is this user's, and ``alone`` no other user's to write in. One that is not
    there is as the folder above it."""
    if not hasattr(os, "getuid"):
        return True
    try:
        about = os.stat(folder)
    except FileNotFoundError:
        return alone or _ours(os.path.dirname(folder))
    return about.st_uid == os.getuid() and not (alone and about.st_mode & 0o022)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (AttributeError, OSError, ValueError):
        return 0


def _stamp(path: str) -> str:
    about = os.stat(path)
    return f"{about.st_mtime_ns}:{about.st_size}:{about.st_ino}"


def _code() -> "Iterator[str]":
    """The files of the compiler that took part, and the folders that it lists."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.partition(".")[0] in _OWN:
            yield file
    for place in _DATA:
        folder = os.path.normpath(os.path.join(PACKAGE, place))
        if os.path.isfile(os.path.join(folder, "arch.lark")) or place[:2] != "..":
            yield from _listed(folder)


def _listed(folder: str) -> "Iterator[str]":
    if os.path.isdir(folder):
        yield folder
        for name in os.listdir(folder):
            if name.endswith((".arch", ".toml", ".jinja", ".lark")):
                yield os.path.join(folder, name)
