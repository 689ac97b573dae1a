"""What an editor asks and is told, as plain data: for the language server, and for a page with an
editor and no server.

    desk = Desk()
    desk.put("file:///specs/a.arch", "arch a { ... }", version=1)
    desk.diagnostics("file:///specs/a.arch")
    desk.drawing("file:///specs/a.arch")["svg"]

Every answer can be written as JSON. Documents go by URIs: one of `file:` finds what it `use`s
beside it, any other one (`untitled:a`) in ``Desk.home``. Positions are those of the Language Server
Protocol 3.17: lines from 0, characters in UTF-16 units unless ``encoding`` is another one. A text
may be anything: halves of surrogate pairs become U+FFFD, and what is too large or not in the
language has diagnostics. Nothing raises for what a document holds; one that is not open has empty
answers.

Documents: `put(uri, text, version=None)`, `close(uri)`, and `forget()` where files changed on disk.

Answers in the protocol's forms, of an open document:

- `diagnostics(uri)`: `Diagnostic`s. `data` holds each in its parts: `level`, `headline`, `label`,
  `notes`, `help`, `edits` (`TextEdit`s that fix it, perhaps none), `text` (as a terminal shows it).
- `actions(uri, range=None, only=())`: `CodeAction`s.
- `completion(uri, line, character)`: a `CompletionList`.
- `hover(uri, line, character)`: a `Hover` or None.
- `signature(uri, line, character)`: a `SignatureHelp` or None.
- `definition(uri, line, character)`: a `Location` or None.
- `inlay_hints(uri, range=None)`: `InlayHint`s.
- `symbols(uri)`: `DocumentSymbol`s.
- `formatting(uri)`: `TextEdit`s; none where the layout is canonical or the text cannot be read.

Panes, of one network of a document. All take ``arch``, its name (by default the first), and
``settings``, texts of values by names of parameters, as `--set` has them, in place of the text's
own. Each is a dict with `network` (the name of what is shown, or None), `networks` (the names of
all), `version` (of the text that it is of), `stale` (the text as it is has no such network: this
is of the last one that had and was asked about), `missing` (why there is nothing to show; else an
empty text) and, where nothing is missing, with

- `summary(uri)`: `totals`, `deployed` (single figures), `verdict`;
- `profile(uri, width=80, timeline=False)`: `text`, the table of `archc profile`;
- `rows(uri)`: `layers`, `totals`, `deployed`, `target`, `budgets`, as in the manifest;
- `drawing(uri, detail=None, color="macs", width=1120, scheme=None, name="drawing")`: `svg`, and the
  `detail` it has. The last line of a box's title is `FILE:LINE`;
- `memory(uri, scheme=None, name="memory")`: `pictures`, each with `title`, `description`, `svg`;
- `manifest(uri)`, `module(uri)`, `report(uri)`: `text`, as the command writes it, and `file`, its
  name;
- `parameters(uri)`: `parameters`, each with `name`, `text` (its value), `number`, `low`, `high` and
  `step` (None where there is none), `whole` (only whole numbers), `choices` (texts); and how
  the text gives it another value: `range`, which the value replaces (None where that is not known
  in the text as it is), and what is written `before` and `after` it;
- `places(uri)`: `layers`, by name `[file, line]`, lines from 1, and `files`, their URIs.

An SVG is a document of its own, whose style reaches nothing else in a page: ``name`` begins its
identifiers, ``scheme`` is `light` or `dark`, by default what the reader prefers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from archc.driver import Compilation, Options, compile_spec
from archc.editor import panes
from archc.editor.actions import actions
from archc.editor.answers import Answers
from archc.editor.documents import Documents, whole
from archc.editor.parameters import parameters
from archc.editor.places import UTF16, carried
from archc.editor.uris import uri_of
from archc.editor.view import Kept, View
from archc.limits import DEFAULT_LIMITS, Limits

__all__ = ["Desk"]

Json = dict[str, Any]
Settings = Mapping[str, str] | None

_VARIANTS = 8
"""Compilations with settings that are kept."""


class _Shown(NamedTuple):
    """The network that a pane is of, and whether a document was other than it is now."""

    kept: Kept | None
    stale: bool
    missing: str = ""


class Desk(Documents):
    """Documents, and answers about them. The module says what each answer is."""

    def __init__(
        self,
        include: tuple[str, ...] = (),
        limits: Limits = DEFAULT_LIMITS,
        encoding: str = UTF16,
    ) -> None:
        super().__init__(include, limits)
        self.encoding = encoding
        self._variants: dict[Any, tuple[View, Compilation]] = {}

    def forget(self, changed: str | None = None) -> None:
        self._variants.clear()
        super().forget(changed)

    def answers(self, uri: str) -> Answers | None:
        """What there is to tell of an open document."""
        view = self.view(uri)
        return None if view is None else Answers(view, self.encoding, self.limits)

    # --- in the forms of the protocol -------------------------------------------------------

    def diagnostics(self, uri: str, *, data: bool = True) -> list[Json]:
        about = self.answers(uri)
        return about.diagnostics(data) if about else []

    def actions(self, uri: str, range: Json | None = None, only: Sequence[str] = ()) -> list[Json]:
        about = self.answers(uri)
        return actions(about, uri, *_offsets(about, range), only) if about else []

    def completion(self, uri: str, line: int, character: int) -> Json:
        about = self.answers(uri)
        if about is None:
            return {"isIncomplete": False, "items": []}
        return about.completion(line, character, partial(self.listing, about.view))

    def hover(self, uri: str, line: int, character: int) -> Json | None:
        about = self.answers(uri)
        return about.hover(line, character) if about else None

    def signature(self, uri: str, line: int, character: int) -> Json | None:
        about = self.answers(uri)
        return about.signature(line, character) if about else None

    def definition(self, uri: str, line: int, character: int) -> Json | None:
        about = self.answers(uri)
        return about.definition(line, character) if about else None

    def inlay_hints(self, uri: str, range: Json | None = None) -> list[Json]:
        about = self.answers(uri)
        return about.inlay_hints(*_offsets(about, range)) if about else []

    def symbols(self, uri: str) -> list[Json]:
        about = self.answers(uri)
        return about.symbols() if about else []

    def formatting(self, uri: str) -> list[Json]:
        about = self.answers(uri)
        return about.formatting(self.texts[uri]) if about else []

    # --- panes ------------------------------------------------------------------------------

    def summary(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        return self._pane(uri, arch, settings, _summary)

    def profile(
        self,
        uri: str,
        *,
        width: int = 80,
        timeline: bool = False,
        arch: str | None = None,
        settings: Settings = None,
    ) -> Json:
        of = lambda kept: panes.profile(kept.network, width, timeline)  # noqa: E731
        return self._pane(uri, arch, settings, of)

    def rows(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        return self._pane(uri, arch, settings, lambda kept: panes.rows(kept.network))

    def drawing(
        self,
        uri: str,
        *,
        detail: str | None = None,
        color: str = "macs",
        width: int = 1120,
        scheme: str | None = None,
        name: str = "drawing",
        arch: str | None = None,
        settings: Settings = None,
    ) -> Json:
        def of(kept: Kept) -> Json:
            return panes.drawing(kept.network, detail, color, width, scheme, _identifier(name))

        return self._pane(uri, arch, settings, of)

    def memory(
        self,
        uri: str,
        *,
        scheme: str | None = None,
        name: str = "memory",
        arch: str | None = None,
        settings: Settings = None,
    ) -> Json:
        def of(kept: Kept) -> Json:
            return panes.pictures(kept.network, scheme, _identifier(name))

        return self._pane(uri, arch, settings, of)

    def manifest(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        return self._pane(uri, arch, settings, lambda kept: panes.manifest(kept.network))

    def module(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        return self._pane(uri, arch, settings, lambda kept: panes.module(kept.network))

    def report(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        return self._pane(uri, arch, settings, lambda kept: panes.report(kept.network))

    def parameters(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        def of(kept: Kept) -> Json:
            return {"parameters": self._parameters(uri, kept)}

        return self._pane(uri, arch, settings, of)

    def places(self, uri: str, *, arch: str | None = None, settings: Settings = None) -> Json:
        return self._pane(uri, arch, settings, partial(self._places, uri))

    # --- what a pane is of ------------------------------------------------------------------

    def _pane(
        self, uri: str, arch: str | None, settings: Settings, of: Callable[[Kept], Json]
    ) -> Json:
        view = self.view(uri)
        shown = self._shown(view, arch, settings)
        kept, missing, said = shown.kept, shown.missing, {}
        if kept is not None:
            try:
                said = of(kept)
            except panes.Unshown as unshown:
                missing = str(unshown)
        return {
            "network": kept.network.name if kept is not None else None,
            "networks": list(view.kept) if view is not None else [],
            "version": kept.version if kept is not None else None,
            "stale": shown.stale,
            "missing": missing,
            **said,
        }

    def _shown(self, view: View | None, arch: str | None, settings: Settings) -> _Shown:
        if view is None:
            return _Shown(None, False, "this document is not open")
        name = arch if arch is not None else next(iter(view.kept), None)
        kept = view.kept.get(name) if name is not None else None
        if kept is None:
            wanted = "it has no network yet" if arch is None else f"it has no network `{arch}`"
            return _Shown(None, False, wanted)
        if settings:
            return self._variant(view, kept, settings)
        return _Shown(kept, kept.source is not view.source)

    def _variant(self, view: View, kept: Kept, settings: Mapping[str, str]) -> _Shown:
        """The network with other parameters; of a text that cannot be read, of the last one that
        could."""
        read = view.read
        if read is None:
            return _Shown(None, False, "it cannot be read")
        pairs = tuple((whole(name), whole(text)) for name, text in settings.items())
        arch = kept.network.name
        key = (read.locate(read.source), arch, pairs)
        known = self._variants.pop(key, None)
        if known is not None and known[0] is read:
            compilation = known[1]
        else:
            options = Options(settings=pairs, arch=arch, limits=self.limits)
            compilation = compile_spec(read.loader, read.source, options)
        self._variants[key] = (read, compilation)
        while len(self._variants) > _VARIANTS:
            del self._variants[next(iter(self._variants))]
        stale = read is not view
        if not compilation.networks or not compilation.models:
            errors = [one for one in compilation.diagnostics if one.level == "error"]
            return _Shown(None, stale, errors[0].message if errors else "it has no network")
        (declared,) = (one for one in read.module.file.archs if one.name.text == arch)
        network, model = compilation.networks[0], compilation.models[0]
        made = Kept(network, model, read.source, read.version, declared)
        return _Shown(made, stale)

    def _parameters(self, uri: str, kept: Kept) -> list[Json]:
        about = self.answers(uri)
        assert about is not None
        found = []
        for one in parameters(kept, self.limits):
            span, before, after = one.place
            now = _carried(kept, about.view, span.start, span.end)
            found.append(
                {
                    "name": one.name,
                    "text": one.text,
                    "number": _number(one.number),
                    "low": _number(one.low),
                    "high": _number(one.high),
                    "step": _number(one.step),
                    "whole": one.whole,
                    "choices": list(one.choices),
                    "range": about.range(now[0], now[1]) if now else None,
                    "before": before,
                    "after": after,
                }
            )
        return found

    def _places(self, uri: str, kept: Kept) -> Json:
        """Where layers stand in the documents as they are now."""
        view = self.view(uri)
        assert view is not None
        layers = panes.places(kept.network)
        lines: dict[int, int | None] = {}
        for name, (file, line) in list(layers.items()):
            if file != kept.source.name or kept.source is view.source:
                continue
            if line not in lines:
                at = kept.source.starts[line - 1]
                now = _carried(kept, view, at, at)
                lines[line] = view.source.position(now[0])[0] if now else None
            if lines[line] is None:
                del layers[name]
            else:
                layers[name] = [file, lines[line]]
        files = {kept.source.name: uri}
        for module in (view.read or view).compilation.modules:
            source = module.file.source
            files.setdefault(source.name, uri_of(view.locate(source)))
        return {"layers": layers, "files": files}


def _carried(kept: Kept, view: View, *offsets: int) -> list[int]:
    """Where offsets of the text that a network is of are in the text as it is now; nothing where an
    edit replaced one of them."""
    moved = (carried(kept.source.text, view.source.text, at) for at in offsets)
    now = [at for at in moved if at is not None]
    return now if len(now) == len(offsets) and now == sorted(now) else []


def _offsets(about: Answers, range: Json | None) -> tuple[int, int]:
    if range is None:
        return 0, len(about.view.source.text)
    start, end = (about.at(one["line"], one["character"]) for one in (range["start"], range["end"]))
    return start, end


def _summary(kept: Kept) -> Json:
    manifest = kept.network.manifest
    figures = {
        name: value
        for name, value in manifest["deployed"].items()
        if not isinstance(value, list | dict)
    }
    target = manifest["target"]
    return {
        "totals": manifest["totals"],
        "deployed": figures,
        "verdict": f"{target['name']}: {target['verdict']}" if target else None,
    }


def _number(value: Fraction | None) -> float | int | None:
    """A number as JSON has it; None of one that is too large for that."""
    if value is None:
        return None
    try:
        return int(value) if value.denominator == 1 and abs(value) < 2**53 else float(value)
    except OverflowError:
        return None


def _identifier(name: str) -> str:
    """A name that is safe as an identifier in a style sheet."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) else "picture"
