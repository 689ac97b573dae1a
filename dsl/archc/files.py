"""The only module that touches files: sources come in here, outputs go out.

Reading. A spec named by the user is read wherever it is. What a spec names with `use` is read only
if it ends, links followed, at or below the folder of that spec or a folder given with `-I`.

Writing. All outputs of a run are checked and written to temporary files in their folder before the
first one is replaced; a failure puts everything back. Only files that archc wrote are overwritten.
Symbolic links among the outputs are refused: archc writes none, so a link there is somebody
else's, and following it would write outside the folder. The folder itself may be a link.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, Rejected, make, reject
from archc.diagnostics.nearest import did_you_mean
from archc.emit.marker import MANIFEST_SUFFIX, MARKER, SCHEMA_FAMILY
from archc.limits import DEFAULT_LIMITS, Limits
from archc.sema.check import DEVICE_NAMES
from archc.source import Source, Span

SPEC_SUFFIX = ".arch"
REGISTRY = "__init__.py"
_STD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "std")

CHECK_PATH = "check the path; one that is relative starts at the working folder"
_ELSEWHERE = "check permissions and free space there, or write to another folder"
CHECK_ACCESS = "check its permissions, and where it is a link what it leads to"
_MODELS = (".tflite", ".keras", ".h5", ".hdf5", ".onnx")
"""Endings of files that are taken for specs by mistake."""

_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


# --- reading -----------------------------------------------------------------------------------


class Loader:
    """Reads sources for specs of one folder, each file once.

    Attributes:
        folder: the folder of the specs being compiled, as the user gave it.
    """

    def __init__(
        self, folder: str = "", include: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """A loader for the specs in ``folder`` (empty: the working folder).

        Args:
            folder: the folder of the specs being compiled.
            include: folders given with `-I`, in order.
            limits: ``source_bytes`` bounds the size of a file.

        Raises:
            Rejected: a folder given with `-I` does not exist.
        """
        self.folder = folder
        self._limits = limits
        self._read: dict[str, Source] = {}
        self._paths: dict[Source, tuple[str, str]] = {}
        self._library: dict[str, Source] | None = None
        roots = [("", folder, os.path.realpath(folder or "."))]
        for given in include:
            if not _is_folder(given):
                raise reject(
                    codes.FILE_MISSING, f"there is no folder `{given}` to include", help=CHECK_PATH
                )
            roots.append(("include:", given, os.path.realpath(given)))
        self._roots = roots

    def load(self, path: str) -> Source:
        """A spec that the user named, wherever it is.

        Raises:
            Rejected: it is a model, cannot be read, is too large or is no UTF-8 text.
        """
        if path.lower().endswith(_MODELS):
            raise reject(
                codes.FILE_BINARY,
                f"`{path}` is a model, not a spec",
                help=f"give a spec, `NAME{SPEC_SUFFIX}`; `archc verify` holds a model against one, "
                "and `archc.profile_model` profiles a Keras model in Python",
            )
        try:
            folder, base = os.path.split(path)
            real = os.path.join(os.path.realpath(folder or "."), base) if path else ""
        except (OSError, ValueError):
            raise _missing(path, path) from None
        name, _ = self._names(real) or (base, path)
        return self._open(real, name, path, None)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that were read, or that another text was put for."""
        return tuple(self._read)

    def put(self, path: str, text: str) -> Source:
        """Take a text for that of a spec which was read before, as `load` gives it from then on.

        Raises:
            Rejected: the spec cannot be read.
        """
        source = self.load(path)
        real, shown = self._paths[source]
        self._read[real] = put = Source(source.name, text)
        self._paths[put] = (real, shown)
        return put

    def use(self, path: str, user: Source, span: Span | None) -> Source:
        """What ``use "path"`` in ``user`` names: beside that file, else in a folder given with -I.

        Args:
            path: relative, with forward slashes.
            user: the file that uses it, or text that came from no file, in `folder`.
            span: the `use`, for messages.

        Raises:
            Rejected: the path is not portable, leads out of the folders that may be read, or the
                file cannot be read, is too large or is no UTF-8 text.
        """
        problem = _unportable(path)
        if problem:
            raise _bad_path(problem, span)
        known = self._paths.get(user)
        beside = os.path.dirname(known[0]) if known else self._roots[0][2]
        inside = False
        for folder in (beside, *(root for _, _, root in self._roots[1:])):
            try:
                real = os.path.realpath(os.path.join(folder, *path.split("/")))
            except (OSError, ValueError):
                continue
            names = self._names(real)
            if names is None:
                continue
            if not path.endswith(SPEC_SUFFIX):
                raise _bad_path(f"it does not end in `{SPEC_SUFFIX}`", span)
            inside = True
            if os.path.lexists(real):
                return self._open(real, *names, span)
        if inside:
            raise reject(
                codes.FILE_MISSING,
                f"there is no file `{path}`",
                span,
                notes=[f"paths are relative to the file that uses them, `{user.name}`"],
                help=_similar(beside, path),
            )
        raise reject(
            codes.USE_OUTSIDE,
            f"`{path}` leads out of the folder of the spec being compiled",
            span,
            notes=[codes.USE_OUTSIDE.why],
            help="move the file, or give its folder with `-I FOLDER`",
        )

    def library(self) -> dict[str, Source]:
        """The standard library, each file by the name of the block it declares, sorted."""
        if self._library is None:
            self._library = std_sources()
        return self._library

    def target(self, path: str) -> Source:
        """A target file that the user named with `--target`.

        Its name is relative to the folder of the spec, or `target:NAME` where it is elsewhere.

        Raises:
            Rejected: it cannot be read, is too large or is no UTF-8 text.
        """
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):
            raise _missing(path, path) from None
        name, _ = self._names(real) or (f"target:{os.path.basename(path)}", path)
        return self._open(real, name, path, None)

    def locate(self, source: Source) -> str:
        """The path of a source as the user could open it; its name if it came from no file."""
        known = self._paths.get(source)
        return known[1] if known else source.name

    def _names(self, real: str) -> tuple[str, str] | None:
        """The name and the path to show of a file, or None if it is outside of all folders."""
        for prefix, given, root in self._roots:
            inner = root if root.endswith(os.sep) else root + os.sep
            if real.startswith(inner):
                below = real[len(inner) :]
                return prefix + below.replace(os.sep, "/"), os.path.join(given, below)
        return None

    def _open(self, real: str, name: str, shown: str, span: Span | None) -> Source:
        source = self._read.get(real)
        if source is None:
            source = self._read[real] = Source(name, _text(real, shown, span, self._limits))
            self._paths[source] = (real, shown)
        return source


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


def std_sources() -> dict[str, Source]:
    """The standard library, each file by the name of the block it declares, sorted."""
    sources = {}
    for entry in sorted(os.listdir(_STD)):
        if entry.endswith(SPEC_SUFFIX):
            with open(os.path.join(_STD, entry), encoding="utf-8") as file:
                sources[entry.removesuffix(SPEC_SUFFIX)] = Source(f"std:{entry}", file.read())
    return sources


def library_path(name: str) -> str | None:
    """Where a source of the standard library is, by its name; None of any other source."""
    prefix, _, entry = name.partition(":")
    return os.path.join(_STD, entry) if prefix == "std" else None


def load_bytes(path: str, most: int, bound: str, wanted: str = "a file") -> bytes:
    """A file of any kind that the user named, such as a model.

    Args:
        path: of the file.
        most: the largest size that is read.
        bound: the name of that bound in `Limits`.
        wanted: what it should be, for messages: "a `.tflite` file".

    Raises:
        Rejected: there is no such file, it is no regular file, cannot be read, or is too large.
    """
    return _data(path, path, None, most, bound, f"give {wanted}")


def load_text(path: str, most: int, bound: str, wanted: str) -> str:
    """A text that is no spec; see `load_bytes`.

    Raises:
        Rejected: it cannot be read, is too large or is no UTF-8 text.
    """
    return _decode(load_bytes(path, most, bound, wanted), path, None, f"give {wanted}")


def _text(path: str, shown: str, span: Span | None, limits: Limits) -> str:
    """The text of a file.

    Raises:
        Rejected: there is no such file, it is no regular file, cannot be read, is larger than
            ``limits.source_bytes``, holds NUL bytes or is not UTF-8.
    """
    folder = f"name the files in it, such as `{shown.rstrip('/')}/*{SPEC_SUFFIX}`"
    data = _data(path, shown, span, limits.source_bytes, "source_bytes", folder)
    return _decode(data, shown, span, "give a file of text")


def _data(path: str, shown: str, span: Span | None, most: int, bound: str, instead: str) -> bytes:
    """The bytes of a regular file of at most so many; ``instead`` helps who names a folder."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise reject(codes.FILE_NOT_REGULAR, f"`{shown}` is a folder", span, help=instead)
        if not stat.S_ISREG(mode):
            raise reject(
                codes.FILE_NOT_REGULAR,
                f"`{shown}` is not a regular file",
                span,
                help="pipes and devices are not read: save what they hold as a file",
            )
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise _missing(path, shown, span) from None
    except OSError as error:
        raise reject(
            codes.FILE_UNREADABLE,
            f"`{shown}` cannot be read: {_reason(error)}",
            span,
            help=CHECK_ACCESS,
        ) from None
    if len(data) > most:
        raise reject(
            codes.LIMIT,
            f"`{shown}` is larger than {most:,} bytes, the bound `{bound}`",
            span,
            help=f"if that is meant, raise it with `--limit {bound}=N`",
        )
    return data


def _missing(path: str, shown: str, span: Span | None = None) -> Rejected:
    try:
        similar = _similar(*os.path.split(path))
    except ValueError:
        similar = None
    return reject(
        codes.FILE_MISSING, f"there is no file `{shown}`", span, help=similar or CHECK_PATH
    )


def _decode(data: bytes, shown: str, span: Span | None, instead: str) -> str:
    """UTF-8 bytes as text, a byte order mark dropped; ``instead`` helps where it is no text."""
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


def _bad_path(problem: str, span: Span | None) -> Rejected:
    return reject(
        codes.USE_PATH,
        f"`use` cannot read this path: {problem}",
        span,
        help='write a path relative to this file, such as `use "blocks/mine.arch"`',
    )


def _unportable(path: str) -> str | None:
    """Why a path in a `use` does not mean the same everywhere, or None."""
    if not path:
        return "it is empty"
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        return "it has a control character"
    if "\\" in path:
        return "it has a backslash; folders are separated by `/`"
    if path.startswith(("/", "~")):
        return "it is not relative"
    if ":" in path:
        return "it has a colon, which names a drive on Windows"
    for part in path.split("/"):
        if part in (".", ".."):
            continue
        if not part:
            return "it has an empty part"
        if part[-1] in ". " or any(character in part for character in '<>"|?*'):
            return f"Windows has no files named `{part}`"
        if part.split(".", 1)[0].rstrip(" ").lower() in DEVICE_NAMES:
            return f"`{part}` is a device on Windows"
    return None


def _similar(folder: str, path: str) -> str | None:
    """A help line that proposes a spec with a similar name beside a missing one."""
    inner, name = os.path.split(path)
    if ".." in inner.split("/"):
        return None
    try:
        entries = os.listdir(os.path.join(folder, inner) or ".")
    except (OSError, ValueError):
        return None
    others = (entry for entry in entries if entry.endswith(SPEC_SUFFIX) and entry != name)
    return did_you_mean(name, others)


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:
        return False


def _reason(error: OSError | ValueError) -> str:
    """What the system says, as the end of a headline."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text[:1].lower() + text[1:]


# --- writing -----------------------------------------------------------------------------------


class Written(NamedTuple):
    """What became of the outputs. With an error among the diagnostics nothing was written."""

    written: tuple[str, ...] = ()
    """Names of files that are new or changed."""
    unchanged: tuple[str, ...] = ()
    """Names of files that already held exactly this."""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)


class _Found(NamedTuple):
    """What stands where an output goes."""

    state: Literal["absent", "same", "ours", "foreign", "unreadable"]
    content: bytes | None = None
    what: str = ""


def write(directory: str, files: Mapping[str, str]) -> Written:
    """Write outputs into a folder, all of them or none.

    The folder is made if it does not exist. Files that already hold exactly what is to be written
    are not touched. Never raises for what a file system does; see `Written.diagnostics`.

    Args:
        directory: the output folder.
        files: text by file name; the names have no folder in them.
    """
    try:
        made = _make_folder(directory)
    except Rejected as rejected:
        return Written(diagnostics=(rejected.diagnostic,))
    outcome = _write(directory, {name: _encode(text) for name, text in files.items()})
    if outcome.failed:
        for folder in made:
            try:
                os.rmdir(folder)
            except OSError:
                break
    return outcome


def stale(directory: str, files: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """How a folder differs from what `write` would leave there, and outputs of ours besides.

    Args:
        directory: the output folder.
        files: text by file name, every output of the given specs.
    """
    if not _is_folder(directory):
        there = os.path.lexists(directory) if "\0" not in directory else False
        problem = "is not a folder" if there else "does not exist"
        return (
            make(codes.OUTPUT_FOLDER, f"the output folder `{directory}` {problem}", help=_AGAIN),
        )
    diagnostics = []
    for name, text in files.items():
        path, data = os.path.join(directory, name), _encode(text)
        found = _look(path, name, data)
        if found.state == "absent":
            diagnostics.append(make(codes.OUTPUT_MISSING, f"`{path}` does not exist", help=_AGAIN))
        elif found.state == "ours":
            diagnostics.append(
                make(
                    codes.OUTPUT_STALE,
                    f"`{path}` is not what its spec makes now",
                    notes=[_difference(found.content or b"", data)],
                    help=_AGAIN,
                )
            )
        elif found.state != "same":
            diagnostics.append(_refused(path, name, found))
    try:
        entries = sorted(os.listdir(directory))
    except OSError as error:
        return (_folder_problem(directory, error), *diagnostics)
    expected = {name.lower() for name in files}
    for name in entries:
        if name.lower() in expected or not name.endswith((".py", MANIFEST_SUFFIX)):
            continue
        path = os.path.join(directory, name)
        if _look(path, name, None).state == "ours":
            diagnostics.append(
                make(
                    codes.OUTPUT_ORPHAN,
                    f"`{path}` is made by none of the given specs",
                    help="delete it, or give the spec that makes it",
                )
            )
    return tuple(diagnostics)


_AGAIN = "compile the specs again, without `--check`"


def rewrite(path: str, text: str) -> None:
    """Replace the text of a source that the user named, atomically; links are followed, and its
    permissions and the way its lines end are kept.

    Raises:
        Rejected: it cannot be written.
    """
    real = os.path.realpath(path)
    folder, name = os.path.split(real)
    temporary: dict[str, str] = {}
    try:
        with open(real, "rb") as file:
            old = file.read()
        data = text.encode()
        if b"\r\n" in old and old.count(b"\r\n") == old.count(b"\n"):
            data = data.replace(b"\n", b"\r\n")
        _create(folder, name, data, temporary)
        os.chmod(temporary[name], stat.S_IMODE(os.stat(real).st_mode))
        os.replace(temporary.pop(name), real)
    except OSError as error:
        raise reject(
            codes.OUTPUT_UNWRITABLE,
            f"`{path}` cannot be written: {_reason(error)}",
            help=_ELSEWHERE,
        ) from None
    finally:
        _remove(temporary.values())


def save(files: Mapping[str, bytes], ours: Callable[[bytes], bool]) -> Diagnostic | None:
    """Write binary outputs whose paths the user gave, all of them or none; folders are made.

    Args:
        files: bytes by path.
        ours: whether the content of a file that is there already may be overwritten.

    Returns:
        What went wrong, or None.
    """
    written: dict[str, dict[str, bytes | None]] = {}
    groups: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        folder, name = os.path.split(path)
        groups.setdefault(folder, {})[name] = data
    before: dict[str, dict[str, bytes | None]] = {}
    for folder, group in groups.items():
        try:
            _make_folder(folder or ".")
        except Rejected as rejected:
            return rejected.diagnostic
        for name, data in group.items():
            path = os.path.join(folder, name)
            found = _look(path, "", data)
            if found.state in ("foreign", "ours") and not (found.content and ours(found.content)):
                what = found.what or "a file of another kind"
                return make(
                    codes.OUTPUT_FOREIGN,
                    f"`{path}` is {what}, so it is not overwritten",
                    help="move it away, or write to another path",
                )
            if found.state == "unreadable":
                return make(
                    codes.OUTPUT_UNWRITABLE,
                    f"`{path}` cannot be read: {found.what}",
                    help=_ELSEWHERE,
                )
            before.setdefault(folder, {})[name] = found.content
    for folder, group in groups.items():
        failure = _replace_all(folder, group, before[folder])
        if failure is not None:
            for done, contents in written.items():
                _put_back(done, contents, contents)
            return failure
        written[folder] = before[folder]
    return None


def create(path: str, text: str) -> None:
    """Write a new source. What stands there already stays.

    Raises:
        Rejected: something stands there, or it cannot be written.
    """
    folder, name = os.path.split(path)
    temporary: dict[str, str] = {}
    try:
        _create(folder, name, text.encode(), temporary)
        os.link(temporary[name], path)  # unlike a replacement, it fails where there is a file
    except FileExistsError:
        raise reject(
            codes.OUTPUT_FOREIGN, f"`{path}` exists already", help="choose another name"
        ) from None
    except OSError as error:
        raise reject(
            codes.OUTPUT_UNWRITABLE,
            f"`{path}` cannot be written: {_reason(error)}",
            help=_ELSEWHERE,
        ) from None
    finally:
        _remove(temporary.values())


def shipped_specs() -> dict[str, str]:
    """Where the shipped specs are, by the name of the network: in a wheel inside the package, in a
    checkout two folders up."""
    package = os.path.dirname(os.path.abspath(__file__))
    places = (os.path.join(package, "specs"), os.path.join(package, "..", "..", "specs"))
    root = next((place for place in places if os.path.isdir(place)), None)
    found: dict[str, str] = {}
    for folder in (root, os.path.join(root, "families")) if root else ():
        if os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.endswith(SPEC_SUFFIX):
                    found[name.removesuffix(SPEC_SUFFIX)] = os.path.join(folder, name)
    return dict(sorted(found.items()))


def _make_folder(directory: str) -> list[str]:
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
        raise Rejected(_folder_problem(directory, error)) from None
    return missing


def _folder_problem(directory: str, error: OSError | ValueError) -> Diagnostic:
    return make(
        codes.OUTPUT_FOLDER,
        f"the output folder `{directory}` cannot be used: {_reason(error)}",
        help=_ELSEWHERE,
    )


def _write(directory: str, files: Mapping[str, bytes]) -> Written:
    diagnostics, unchanged = [], []
    changed: dict[str, bytes | None] = {}
    for name, data in files.items():
        if name != os.path.basename(name) or name in ("", ".", ".."):
            raise ValueError(f"not a file name: {name!r}")
        path = os.path.join(directory, name)
        found = _look(path, name, data)
        if found.state == "same":
            unchanged.append(name)
        elif found.state in ("absent", "ours"):
            changed[name] = found.content
        else:
            diagnostics.append(_refused(path, name, found))
    if not any(diagnostic.level == "error" for diagnostic in diagnostics):
        failure = _replace_all(directory, {name: files[name] for name in changed}, changed)
        if failure is None:
            return Written(tuple(changed), tuple(unchanged), tuple(diagnostics))
        diagnostics.append(failure)
    return Written(diagnostics=tuple(diagnostics))


def _replace_all(
    directory: str, files: Mapping[str, bytes], before: Mapping[str, bytes | None]
) -> Diagnostic | None:
    """Write temporary files, then put each in its place; what went wrong, all put back, or None."""
    temporary: dict[str, str] = {}
    replaced: list[str] = []
    name = ""
    done = False
    try:
        for name, data in files.items():
            _create(directory, name, data, temporary)
        for name in files:
            os.replace(temporary[name], os.path.join(directory, name))
            del temporary[name]
            replaced.append(name)
        done = True
    except OSError as error:
        path = os.path.join(directory, name)
        return make(
            codes.OUTPUT_UNWRITABLE,
            f"`{path}` cannot be written: {_reason(error)}",
            help=_ELSEWHERE,
        )
    finally:  # also when interrupted
        if not done:
            _put_back(directory, replaced, before)
        _remove(temporary.values())
    return None


def _create(directory: str, name: str, data: bytes, temporary: dict[str, str]) -> None:
    """Write a new file beside ``name`` and note its path in ``temporary`` before it exists.

    Raises:
        OSError: it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for attempt in range(100):
        path = os.path.join(directory, f".{name}.{os.getpid()}-{attempt}.tmp")
        try:
            descriptor = os.open(path, flags, 0o666)  # less the umask, like any file
        except FileExistsError:
            continue
        temporary[name] = path
        with open(descriptor, "wb") as file:
            file.write(data)
        return
    raise FileExistsError(17, "too many temporary files are in the way")


def _put_back(directory: str, names: Iterable[str], before: Mapping[str, bytes | None]) -> None:
    """Restore what stood in the place of outputs, as far as the system lets us."""
    for name in names:
        path, content = os.path.join(directory, name), before[name]
        temporary: dict[str, str] = {}
        try:
            if content is None:
                os.unlink(path)
            else:
                _create(directory, name, content, temporary)
                os.replace(temporary[name], path)
                temporary.clear()
        except OSError:
            continue
        finally:
            _remove(temporary.values())


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        try:
            os.unlink(path)
        except OSError:
            continue


def _look(path: str, name: str, data: bytes | None) -> _Found:
    """What stands at a path, against what is to be written there."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            return _Found("foreign", what="a folder")
        if stat.S_ISLNK(mode):
            return _Found("foreign", what="a symbolic link")
        if not stat.S_ISREG(mode):
            return _Found("foreign", what="no regular file")
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return _Found("absent")
    except OSError as error:
        return _Found("unreadable", what=_reason(error))
    if content == data:
        return _Found("same", content)
    if _ours(name, content):
        return _Found("ours", content)
    return _Found("foreign", content, "a file that archc did not write")


def _ours(name: str, content: bytes) -> bool:
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


def _refused(path: str, name: str, found: _Found) -> Diagnostic:
    if found.state == "unreadable":
        return make(
            codes.OUTPUT_UNWRITABLE, f"`{path}` cannot be read: {found.what}", help=_ELSEWHERE
        )
    if name == REGISTRY:
        return make(
            codes.REGISTRY_FOREIGN,
            f"`{path}` is {found.what}, so it is left alone",
            notes=[codes.REGISTRY_FOREIGN.why],
        )
    return make(
        codes.OUTPUT_FOREIGN,
        f"`{path}` is {found.what}, so it is not overwritten",
        help="move it away, or write to another folder",
    )


def _difference(old: bytes, new: bytes) -> str:
    """Where two contents first differ, as a note."""
    pairs = zip(old.split(b"\n"), new.split(b"\n"), strict=False)
    line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), None)
    return f"first difference in line {line}" if line else "one is longer than the other"


def _encode(text: str) -> bytes:
    """UTF-8; a lone surrogate, which a file name can hold, becomes an escape."""
    return text.encode("utf-8", "backslashreplace")
