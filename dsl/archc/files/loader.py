"""Sources of specs.

A spec named by the user is read wherever it is. What a spec names with `use` is read only if it
ends, links followed, at or below the folder of that spec or a folder given with `-I`.
"""

import os
from collections.abc import Sequence
from functools import lru_cache

from archc.diagnostics import codes
from archc.diagnostics.model import Rejected, reject
from archc.files.kinds import not_a_spec
from archc.files.reading import CHECK_PATH, SPEC_SUFFIX, is_folder, load_spec, missing, similar
from archc.files.shipped import std_sources
from archc.limits import DEFAULT_LIMITS, Limits
from archc.sema.naming import DEVICE_NAMES
from archc.source import Source, Span

SMALL = 50_000
"""Characters of a file that is kept with its syntax tree, for a process that compiles it again."""


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
        self._followed: dict[str, str] = {}
        roots = [("", folder, os.path.realpath(folder or "."))]
        for given in include:
            if not is_folder(given):
                raise reject(
                    codes.FILE_MISSING, f"there is no folder `{given}` to include", help=CHECK_PATH
                )
            roots.append(("include:", given, os.path.realpath(given)))
        self._roots = roots
        self._followed.update((given or ".", real) for _, given, real in roots)

    def load(self, path: str) -> Source:
        """A spec that the user named, wherever it is.

        Raises:
            Rejected: it is of another kind, cannot be read, is too large or is not UTF-8 text.
        """
        other = not_a_spec(path)
        if other is not None:
            raise other
        try:
            folder, base = os.path.split(path)
            inside = self._followed.get(folder or ".")
            if inside is None:
                inside = self._followed[folder or "."] = os.path.realpath(folder or ".")
            real = os.path.join(inside, base) if path else ""
        except (OSError, ValueError):
            raise missing(path, path) from None
        name, _ = self._names(real) or (base, path)
        return self._open(real, name, path, None)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that were read, or that another text was put for."""
        return tuple(self._read)

    def followed(self) -> tuple[dict[str, str], dict[str, str]]:
        """Where each path that was followed led, and the texts that were read, by path."""
        return dict(self._followed), {real: source.text for real, source in self._read.items()}

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
                given = os.path.join(folder, *path.split("/"))
                real = self._followed[given] = os.path.realpath(given)
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
                help=similar(beside, path)
                or "check the path, or give the folder of the file with `-I FOLDER`",
            )
        from archc.diagnostics.catalog import why

        raise reject(
            codes.USE_OUTSIDE,
            f"`{path}` leads out of the folder of the spec being compiled",
            span,
            notes=[why(codes.USE_OUTSIDE)],
            help="move the file, or give its folder with `-I FOLDER`",
        )

    def beside(self, folder: str, user: Source) -> list[str]:
        """What a `use` in a file can name in a folder: specs, and folders, which end in `/`.

        Args:
            folder: as in a `use`, relative and with forward slashes; may be empty.
            user: the file that uses it.
        """
        known = self._paths.get(user)
        itself = known[0] if known else os.path.join(self._roots[0][2], user.name)
        found: dict[str, None] = {}
        for root in (os.path.dirname(itself), *(root for _, _, root in self._roots[1:])):
            try:
                top = os.path.realpath(os.path.join(root, *folder.split("/")))
                inside = self._names(os.path.join(top, "x")) is not None
                entries = sorted(os.scandir(top), key=lambda one: one.name) if inside else []
            except (OSError, ValueError):
                continue
            for entry in entries:
                if entry.name.startswith(".") or entry.path == itself:
                    continue
                if entry.is_dir():
                    found[f"{entry.name}/"] = None
                elif entry.name.endswith(SPEC_SUFFIX):
                    found[entry.name] = None
        return list(found)

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
            raise missing(path, path) from None
        name, _ = self._names(real) or (f"target:{os.path.basename(path)}", path)
        return self._open(real, name, path, None)

    def extended(self, user: Source, path: str) -> Source:
        """The target file that another one extends: in its folder or below, or in a folder of
        specs.

        Args:
            user: the file that extends it.
            path: as in `extends`, relative to that file.

        Raises:
            Rejected: the path is not one, leads elsewhere, or the file cannot be read.
        """
        problem = _unportable(path)
        if problem is not None:
            raise reject(
                codes.TARGET,
                f"`{user.name}`: `extends` cannot read this path: {problem}",
                help='write a path relative to this file, such as `extends = "base.toml"`',
            )
        itself, shown = self._paths[user]
        folder = os.path.dirname(itself)
        real = os.path.realpath(os.path.join(folder, path))
        inside = real.startswith(os.path.join(folder, ""))
        if not inside and self._names(real) is None:
            raise reject(
                codes.TARGET,
                f"`{user.name}`: `extends` leads out of its folder: `{path}`",
                help="move the file there, or give its folder with `-I FOLDER`",
            )
        return self.target(os.path.join(os.path.dirname(shown), path))

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
            text = load_spec(real, shown, span, self._limits)
            known = len(text) <= SMALL
            source = _again(real, name, text) if known else Source(name, text)
            self._read[real] = source
            self._paths[source] = (real, shown)
        return source


@lru_cache(maxsize=64)
def _again(real: str, name: str, text: str) -> Source:
    """The same source for the same text of the same file, so that it is parsed once."""
    return Source(name, text)


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
