"""The exact figures of all variants of a space, class by class.

A variant belongs to a class if the class' guards have the same outcomes for it. One that belongs to
none known is the witness of the next. Every class is compared with a full compile of a variant that
it was not traced with, or of its witness as long as it has no other one.
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from archc.analysis.latency.estimate import GRADES
from archc.diagnostics.model import Reporter
from archc.driver import Compilation, Network, Options, choose, compile_spec, parse_settings
from archc.garbage import uncollected
from archc.sema.check import check
from archc.sema.load import Program, SourceLoader
from archc.sema.resolve import Resolver
from archc.source import Source
from archc.space.batch import Batch, Box, Sheet
from archc.space.classes import VERDICTS, Class, Known, Spec
from archc.space.clock import MISSING
from archc.space.dimensions import Grid
from archc.space.families import choices
from archc.space.measure import published
from archc.space.reuse import Reuse
from archc.typed import NamedTuple

__all__ = ["CHUNK", "MISSING", "VERDICTS", "Batch", "Difference", "Space", "Variant"]

CHUNK = 16_384
"""Variants that are evaluated at a time: what they take fits into a processor's cache."""
BOX = 65_536
"""The same of every combination of some values, of which less is evaluated."""
STRUCTURES = 256
"""Of so many structures the classes are kept, for others that differ from them in numbers alone."""


class Difference(Exception):
    """A class says something else of a variant than a compile: a bug in archc."""


class Variant(NamedTuple):
    """One variant, compiled."""

    row: int
    settings: tuple[tuple[str, str], ...]
    compilation: Compilation

    @property
    def network(self) -> Network | None:
        return self.compilation.networks[0] if self.compilation.networks else None


class Space:
    """The variants of one arch of a spec over a grid of its parameters.

    Raises:
        Rejected: the spec cannot be read, or it is not clear which of its archs is meant.
    """

    def __init__(self, loader: SourceLoader, source: Source, options: Options, grid: Grid) -> None:
        self.loader, self.source, self.options, self.grid = loader, source, options, grid
        reporter = Reporter(options.limits.errors)
        program = Program(loader, options.limits, reporter)
        module = program.load(source)
        for each in program.modules():
            check(each, options.limits, reporter)
        (declared,) = choose(module.file, options, True, module.broken)
        self.faults = reporter.diagnostics
        """What is wrong with the declarations, whatever the variant."""
        self.spec = Spec(module, declared, options)
        self.arch, self.home, given = Resolver(module, declared, options.limits, reporter).chain()
        """What has the parameters, and where it stands."""
        self.bound = frozenset(given)
        """The parameters that a derived arch gives."""
        self.axes = {each.name: each.axis for each in grid.numbers if each.axis is not None}
        self._values = [
            choices(each, self.arch, module, self.home, options.limits) for each in grid.choices
        ]
        self._reuse = Reuse()
        self._given = parse_settings(options)
        self._fresh = {id(each) for values in self._values for each in values if each.family}
        """Blocks of families of which no variant was compiled yet."""
        self._kept: dict[tuple[int, ...], list[Class]] = {}
        """The classes of structures that have families, the one that was met last at the end."""
        self._structure = -1
        self.enter(0)
        self.count = 0
        """Classes met so far."""
        self.counted = 0
        """Classes of the variants of batches, of each structure its own: whatever structures share,
        and whoever evaluates them."""
        self.compiled = 0
        """Variants compiled to check a class."""

    @property
    def failed(self) -> bool:
        """Whether the declarations have errors, so that no variant is worth a look."""
        return any(fault.level == "error" for fault in self.faults)

    def __reduce__(self) -> Any:
        return Space, (self.loader, self.source, self.options, self.grid)

    # --- variants -----------------------------------------------------------------------------

    def compile(self, row: int) -> Variant:
        """A variant by a full compile."""
        settings = self.grid.settings(row)
        given = self.options.settings
        options = self.options._replace(settings=(*given, *settings))
        return Variant(row, settings, compile_spec(self.loader, self.source, options))

    def enter(self, structure: int) -> None:
        """Go to the variants with these choices. What is known of others is forgotten, but for
        those that differ in numbers alone."""
        if structure == self._structure:
            return
        chosen = [
            values[place]
            for values, place in zip(self._values, self.grid.chosen(structure), strict=True)
        ]
        self._structure, self._chosen = structure, chosen
        self.met: dict[Class, int] = {}
        """Classes of this structure that batches had, with the first variant of each."""
        self._fixed = {name: place for each in chosen for name, place in each.places.items()}
        """The places of the structure on the axes of its families."""
        key = tuple([id(each.family or each) for each in chosen])
        self.classes = self._kept.pop(key, [])
        """Of the structure at hand, those first that most variants were of."""
        if any(each.family for each in chosen):
            self._kept[key] = self.classes
            if len(self._kept) > STRUCTURES:
                del self._kept[next(iter(self._kept))]
        for each in self.classes:
            each.uses = 0  # what it shares with the structures of now counts

    def of(self, row: int) -> tuple[Class, dict[str, int]]:
        """The class of a variant, without NumPy, and its places on the axes."""
        self.enter(row // self.grid.inner)
        places = {**self._fixed, **self.grid.place(row)}
        for each in self.classes:
            if each.holds(places):
                return each, places
        return self._learn(row, places), places

    def figures(self, row: int) -> dict[str, int] | None:
        """The figures of one variant on plain integers; None where it has no network."""
        known, places = self.of(row)
        if not known.network:
            return None
        figures = known.one(places).figures
        return {name: value for name, value in figures.items() if value != MISSING}

    def over(self, rows: Any) -> "Iterator[Batch]":
        """Variants, their numbers ascending: a range, or an array."""
        return self.batches(rows.start, rows.stop) if type(rows) is range else self.chosen(rows)

    def parts(self, rows: Any) -> Iterator[Any]:
        """What the batches are of, whatever the classes are: each a part of one structure."""
        if type(rows) is not range:
            return self._cut(rows)
        boxes = self._boxes(rows.start, rows.stop, BOX)
        return (range(first, first + prod(box.shape)) for first, box in boxes)

    def batches(self, start: int, stop: int, chunk: int = BOX) -> "Iterator[Batch]":
        """All variants from one number to another, in order."""
        import numpy as np

        for first, box in self._boxes(start, stop, chunk):
            self.enter(first // self.grid.inner)
            box = box._replace(places={**self._fixed, **box.places})
            yield self._boxed(np.arange(first, first + prod(box.shape)), box)

    def _boxes(self, start: int, stop: int, chunk: int) -> Iterator[tuple[int, Box]]:
        """All variants from one number to another, as combinations of values of one structure
        each; with the number of the first."""
        inner = self.grid.inner
        while start < stop:
            box = self._box(start, min(stop, (start // inner + 1) * inner) - start, chunk)
            yield start, box
            start += prod(box.shape)

    def _box(self, start: int, room: int, chunk: int) -> Box:
        """Variants from one on that are every combination of some values."""
        import numpy as np

        shape: list[int] = []
        places: dict[str, Any] = {}
        left, size = start % self.grid.inner, 1
        most = min(room, chunk)
        for each in reversed(self.grid.numbers):
            left, index = divmod(left, each.size)
            count = min(each.size - index, max(most // size, 1))
            values = each.places[index : index + count]
            places[each.name] = values[0]
            if count > 1:
                places[each.name] = np.array(values).reshape(-1, *[1] * len(shape))
            shape.insert(0, count)
            size *= count
            if count < each.size:
                most = size  # of slower parameters one value
        return Box(tuple(shape) or (1,), places)

    def chosen(self, rows: Any) -> "Iterator[Batch]":
        """Some variants, their numbers ascending."""
        import numpy as np

        for own in self._cut(rows):
            self.enter(int(own[0]) // self.grid.inner)
            yield self._fill(own, Sheet(own.shape), np.arange(len(own)))

    def _cut(self, rows: Any) -> Iterator[Any]:
        import numpy as np

        structures = rows // self.grid.inner
        for own in np.split(rows, np.flatnonzero(np.diff(structures)) + 1):
            yield from (own[start : start + CHUNK] for start in range(0, len(own), CHUNK))

    def places(self, rows: Any) -> dict[str, Any]:
        """The places of variants on the axes."""
        import numpy as np

        rest, found = rows % self.grid.inner, {}
        for each in reversed(self.grid.numbers):
            rest, index = np.divmod(rest, each.size)
            whole = isinstance(each.places, range) and each.places.step == 1
            found[each.name] = index if whole else np.asarray(each.places)[index]
        return found

    # --- classes ------------------------------------------------------------------------------

    def _learn(self, row: int, places: Mapping[str, Any]) -> Class:
        places = {name: int(place) for name, place in places.items()}
        # What could not be followed once is not tried again, where it has few values.
        once = {axis for each in self.classes for axis in each.fixed}
        fixed = frozenset(once & self._fixed.keys())
        trace = self._reuse.trace
        with uncollected():
            made = Class(
                self._reuse, self.spec, self._given, self._chosen, self.axes, places, fixed
            )
        if self._reuse.trace is not trace:
            self._kept.clear()  # they would hold the one before
        if not made.holds(places):
            raise Difference(f"a class does not hold for its own witness, {self._named(row)}")
        self.classes.append(made)
        self.count += 1
        return made

    def meet(self, known: Class, row: int) -> None:
        """Count a class of the structure at hand, once."""
        self.counted += known not in self.met
        self.met.setdefault(known, row)

    def _boxed(self, rows: Any, box: Box) -> Batch:
        """Variants that are every combination of some values."""
        import numpy as np

        with uncollected():
            sheet, rest = self._together(rows, box) or (Sheet(rows.shape), np.arange(len(rows)))
            for start in range(0, len(rest), CHUNK):
                self._fill(rows, sheet, rest[start : start + CHUNK])
        return sheet.batch(rows)

    def _together(self, rows: Any, box: Box) -> tuple[Sheet, Any] | None:
        """The same where most are of one class: what depends on few parameters is computed for
        their values alone. With the indices of those of other classes."""
        import numpy as np

        if not self.classes:
            self._learn(int(rows[0]), {name: int(np.ravel(p)[0]) for name, p in box.places.items()})
        for known in self.classes:
            found = box.narrowed(known)
            if found is None:
                continue
            part, index = found
            sheet, left = Sheet(box.shape), np.ones(box.shape, bool)
            left[index] = False
            self._put(sheet, known, part, index, rows[~left.ravel()])
            return sheet.flat(), np.flatnonzero(left)
        return None

    def _fill(self, rows: Any, sheet: Sheet, rest: Any) -> Batch:
        """Fill in variants of the structure at hand.

        Args:
            rows: the numbers of all of the sheet.
            sheet: what is known of them.
            rest: indices of those that are filled in.
        """
        import numpy as np

        columns, left = self.places(rows[rest]), np.arange(len(rest))

        def places(index: Any) -> dict[str, Any]:
            return {**self._fixed, **{name: each[index] for name, each in columns.items()}}

        at = 0
        while len(left):
            if at == len(self.classes):
                self._learn(int(rows[rest[left[0]]]), places(int(left[0])))
            known = self.classes[at]
            at += 1
            mask = np.broadcast_to(known.mask(places(left)), left.shape)
            own = left[mask]
            if not len(own):
                continue
            which = rest[own]
            self._put(sheet, known, Box(which.shape, places(own)), which, rows[which])
            left = left[~mask]
        self.classes.sort(key=lambda each: -each.hits)
        return sheet.batch(rows)

    def _put(self, sheet: Sheet, known: Class, box: Box, index: Any, rows: Any) -> None:
        """Fill in variants of a class, the last of which is compiled to check it if none but the
        witness was, or none yet with a block of a family."""
        known.hits += len(rows)
        self.meet(known, int(rows[0]))
        said = known.many(box.places, box.shape) if known.network else None
        fresh = self._fresh.intersection(map(id, self._chosen))
        if fresh or not known.checked:
            self._fresh -= fresh
            known.checked |= known.hits > 1
            self.compiled += 1
            self._compare(self.compile(int(rows[-1])), said and said.last())
        if said is not None:
            sheet.put(known, said, index)

    def compare(self, variant: Variant, known: Class, places: Mapping[str, int]) -> None:
        """Compare a compiled variant with what its class says of it.

        Raises:
            Difference: they differ.
        """
        self._compare(variant, known.one(places) if known.network else None)

    def _compare(self, variant: Variant, said: Known | None) -> None:
        network, named = variant.network, self._named(variant.row)
        if (network is not None) != (said is not None):
            raise Difference(f"whether there is a network with {named}")
        if network is None or said is None:
            return
        truth = published(network.manifest)
        for name in sorted({*said.figures, *truth}):
            if said.figures.get(name, MISSING) != truth.get(name, MISSING):
                raise Difference(
                    f"`{name}` is {truth.get(name)} with {named}, not {said.figures.get(name)}"
                )
        judged, time = network.manifest["target"], network.manifest["deployed"]["latency"]
        if VERDICTS[said.verdict] != (judged and judged["verdict"]):
            raise Difference(f"the verdict with {named}")
        if (None if said.grade == MISSING else GRADES[said.grade][0]) != (time and time["grade"]):
            raise Difference(f"the grade of the estimate of time with {named}")

    def _named(self, row: int) -> str:
        return ", ".join(f"{name} = {text}" for name, text in self.grid.settings(row))
