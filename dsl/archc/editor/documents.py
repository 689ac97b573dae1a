"""The open documents of an editor, each version compiled once, when it is first asked about."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import Rejected, make
from archc.driver import Compilation, Options, compile_spec
from archc.editor.uris import fs_path, uri_of
from archc.editor.view import View
from archc.files import SPEC_SUFFIX, Loader, library_path, specs_below
from archc.limits import DEFAULT_LIMITS, Limits
from archc.source import Source, Span

MOST_FILES, MOST_FOLDERS = 500, 5_000
"""Specs of the workspace in which uses of a name are looked for, and folders in which specs are:
an editor may give a home folder for one."""
REPOSITORY = (".git", ".hg", ".svn")
"""What the top of a repository has."""


class Documents:
    """The documents that are open, each compiled once a version."""

    def __init__(self, include: tuple[str, ...] = (), limits: Limits = DEFAULT_LIMITS) -> None:
        self.include = include
        self.limits = limits
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int | None] = {}
        self.views: dict[str, View] = {}
        self._before: dict[str, View] = {}
        self.home = ""
        """The folder in which documents are that are not saved."""

    def put(self, uri: str, text: str, version: int | None = None) -> None:
        """A new version of a document; those that use it are compiled again too."""
        self.texts[uri] = whole(text)
        self.versions[uri] = version
        self.forget(uri)

    def close(self, uri: str) -> None:
        """A document is as its file again."""
        self.texts.pop(uri, None)
        self.versions.pop(uri, None)
        self.forget(uri)
        self._before.pop(uri, None)

    def forget(self, changed: str | None = None) -> None:
        """A document changed, or something on disk: what may read it is compiled again."""
        path = fs_path(changed) if changed is not None else None
        for uri, view in list(self.views.items()):
            # One with errors may look for a file that was not there.
            concerned = path is None or view.compilation.failed or path in self.read(view)
            if changed is None or uri == changed or concerned:
                self._before[uri] = self.views.pop(uri)

    def read(self, view: View) -> set[str]:
        """The paths of what a document is made of."""
        return {view.locate(module.file.source) for module in view.compilation.modules}

    def view(self, uri: str) -> View | None:
        """The current version of an open document."""
        if uri not in self.texts:
            return None
        if uri not in self.views:
            self.views[uri] = self.opened(uri, self.texts[uri], self._before.pop(uri, None))
        return self.views[uri]

    def opened(self, uri: str, text: str, before: View | None = None) -> View:
        """Compile a text as that of a document."""
        path = fs_path(uri)
        name = os.path.basename(path) if path else f"untitled{SPEC_SUFFIX}"
        loader = self.loader(os.path.dirname(path) if path else self.home, self.written())
        source = Source(name, text)
        if path:
            with suppress(Rejected):  # a file that is not saved yet
                source = loader.put(path, text)

        def locate(one: Source) -> str:
            if one is source:
                return path or uri
            return library_path(one.name) or os.path.abspath(loader.locate(one))

        if len(text) > self.limits.source_bytes:
            message = f"this is larger than {self.limits.source_bytes:,} bytes"
            large = make(LIMIT, f"{message}, the limit `source_bytes`", Span(source, 0, 0))
            compilation = Compilation((), (large,))
        else:
            compilation = compile_spec(loader, source, Options(limits=self.limits))
        return View(source, compilation, loader, locate, before, self.versions.get(uri))

    def written(self) -> dict[str, str]:
        """The texts of open documents, by path."""
        paths = ((fs_path(uri), text) for uri, text in self.texts.items())
        return {path: text for path, text in paths if path}

    def loader(self, folder: str, texts: Mapping[str, str]) -> Loader:
        """A loader for specs of a folder, with texts in the place of files."""
        include = [one for one in self.include if os.path.isdir(one)]
        loader = Loader(folder, include, self.limits)
        for path, text in texts.items():
            with suppress(Rejected):
                loader.put(path, text)
        return loader

    def project(self, uri: str, folders: Iterable[str]) -> list[View]:
        """Every document that may use a name of one: those that are open, what they read, and the
        other specs of the workspace.

        Args:
            uri: the document.
            folders: those of the workspace.
        """
        views = [view for one in self.texts if (view := self.view(one)) is not None]
        known = {view.locate(view.source) for view in views}
        read = [path for view in views for path in sorted(self.read(view)) if not standard(path)]
        for path in (*read, *specs(scopes(uri, folders))):
            if path in known:
                continue
            known.add(path)
            with suppress(Rejected):
                text = Loader(os.path.dirname(path), limits=self.limits).load(path).text
                views.append(self.opened(uri_of(path), text))
        return views

    def listing(self, view: View, folder: str) -> list[str]:
        """The specs and folders that a `use` in a document can name in a folder, which end in `/`,
        relative to that folder."""
        return view.loader.beside(folder, view.source) if isinstance(view.loader, Loader) else []

    def again(self, view: View, texts: Mapping[str, str]) -> Compilation:
        """What becomes of a document with other texts."""
        path = view.locate(view.source)
        loader = self.loader(os.path.dirname(path), {**self.written(), **texts})
        try:
            source = loader.load(path)
        except Rejected:
            source = Source(view.source.name, texts.get(path, view.source.text))
        return compile_spec(loader, source, Options(limits=self.limits))


def whole(text: str) -> str:
    """A text as a file can hold it: JSON can hold halves of surrogate pairs, too."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def standard(path: str) -> bool:
    """Whether a file is one of the standard library, which is not changed."""
    return os.path.dirname(path) == os.path.dirname(library_path("std:") or "")


def scopes(uri: str, folders: Iterable[str]) -> list[tuple[str, int]]:
    """The folders in which specs may use a document, each with how many folders to look into.

    Where a document is in no folder of the workspace, as of an editor that names none: all of the
    repository it is in, or else its own folder and what is below, and those above by themselves,
    since a spec can use what is below it.
    """
    found = [(folder, MOST_FOLDERS) for folder in folders]
    path = fs_path(uri)
    if path is None or any(path.startswith(os.path.join(folder, "")) for folder, _ in found):
        return found
    here = os.path.dirname(path)
    above = [here]
    while above[-1] != os.path.dirname(above[-1]):
        above.append(os.path.dirname(above[-1]))
    for folder in above:
        if any(os.path.exists(os.path.join(folder, mark)) for mark in REPOSITORY):
            return [*found, (folder, MOST_FOLDERS)]
    return [*found, (here, MOST_FOLDERS), *((folder, 1) for folder in above[1:])]


def specs(folders: Iterable[tuple[str, int]]) -> Iterator[str]:
    """The specs at and below some folders, up to a bound."""
    found = (path for folder, most in folders for path in specs_below(folder, most))
    return map(os.path.abspath, islice(found, MOST_FILES))
