"""The exact figures of all variants of a space, class by class.

A variant belongs to a class if the class' guards have the same outcomes for it. One that belongs to
none known is the witness of the next. Every class is compared with a full compile of a variant that
it was not traced with, if it has another one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from archc.analysis.latency.estimate import GRADES
from archc.diagnostics.model import Reporter
from archc.driver import Compilation, Network, Options, choose, compile_spec, parse_settings
from archc.sema.check import check
from archc.sema.load import Program, SourceLoader
from archc.sema.resolve import Resolver, Setting
from archc.source import Source
from archc.space.classes import VERDICTS, Class, Spec
from archc.space.clock import MISSING
from archc.space.dimensions import Grid
from archc.space.measure import published
from archc.typed import NamedTuple

__all__ = ["CHUNK", "MISSING", "VERDICTS", "Batch", "Difference", "Space", "Variant"]

CHUNK = 16_384
"""Variants that are evaluated at a time: what they take fits into a processor's cache."""


INCOMPATIBLE = VERDICTS.index("incompatible")


class Difference(Exception):
    """A class says something else of a variant than a compile: a bug in archc."""


class Batch(NamedTuple):
    """Variants of one structure with all that is known of them, as arrays."""

    first: int
    """The number of the first one in the grid."""
    rows: Any
    """The numbers of all."""
    figures: dict[str, Any]
    """By name; `MISSING` where a variant has none."""
    network: Any
    """Whether there is a network."""
    verdicts: Any
    """Indices into `VERDICTS`."""
    valid: Any
    """Whether it compiles: no error, budgets left aside."""
    within: Any
    """Whether the spec's budgets hold."""
    grades: Any
    """Of the estimates of time, indices into `GRADES`; `MISSING` where there is none."""


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
        self.classes: list[Class] = []
        """Of the structure at hand, those first that most variants were of."""
        self.count = 0
        """Classes met so far."""
        self.compiled = 0
        """Variants compiled to check a class."""
        self._structure = -1
        self._choices: tuple[Setting, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the declarations have errors, so that no variant is worth a look."""
        return any(fault.level == "error" for fault in self.faults)

    # --- variants -----------------------------------------------------------------------------

    def compile(self, row: int) -> Variant:
        """A variant by a full compile."""
        settings = self.grid.settings(row)
        given = self.options.settings
        options = self.options._replace(settings=(*given, *settings))
        return Variant(row, settings, compile_spec(self.loader, self.source, options))

    def enter(self, structure: int) -> None:
        """Go to the variants with these choices; what is known of others is forgotten."""
        if structure != self._structure:
            names = [each.name for each in self.grid.choices]
            texts = zip(names, self.grid.structure(structure), strict=True)
            settings = (*self.options.settings, *texts)
            self._choices = parse_settings(self.options._replace(settings=settings))
            self._structure, self.classes = structure, []

    def of(self, row: int) -> tuple[Class, dict[str, int]]:
        """The class of a variant, without NumPy, and its places on the axes."""
        self.enter(row // self.grid.inner)
        places = self.grid.place(row)
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

    def batches(self, start: int, stop: int, chunk: int = CHUNK) -> "Iterator[Batch]":
        """All variants from one number to another, in order."""
        import numpy as np

        inner = self.grid.inner
        while start < stop:
            structure = start // inner
            end = min(stop, (structure + 1) * inner, start + chunk)
            self.enter(structure)
            yield self._batch(np.arange(start, end))
            start = end

    def chosen(self, rows: Any) -> "Iterator[Batch]":
        """Some variants, their numbers ascending."""
        import numpy as np

        for structure in np.unique(rows // self.grid.inner):
            self.enter(int(structure))
            own = rows[rows // self.grid.inner == structure]
            for start in range(0, len(own), CHUNK):
                yield self._batch(own[start : start + CHUNK])

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

    def _learn(self, row: int, places: Mapping[str, int]) -> Class:
        made = Class(self.spec, self._choices, self.axes, places)
        if not made.holds(places):
            raise Difference(f"a class does not hold for its own witness, {self._named(row)}")
        self.classes.append(made)
        self.count += 1
        return made

    def _batch(self, rows: Any) -> Batch:
        import numpy as np

        size = len(rows)
        places = self.places(rows)
        columns: dict[str, Any] = {}
        network, valid, within = (np.zeros(size, bool) for _ in range(3))
        verdicts, grades = np.zeros(size, np.int8), np.full(size, MISSING, np.int8)
        rest: Any = None
        at = 0
        while rest is None or len(rest):
            fresh = at == len(self.classes)
            own = places if rest is None else {name: each[rest] for name, each in places.items()}
            if fresh:
                first = 0 if rest is None else int(rest[0])
                self._learn(int(rows[first]), {n: int(each[first]) for n, each in places.items()})
            known = self.classes[at]
            at += 1
            mask = known.mask(own, size if rest is None else len(rest))
            hits = int(mask.sum())
            if not hits:
                continue
            whole = rest is None and hits == size
            which = slice(None) if whole else np.flatnonzero(mask) if rest is None else rest[mask]
            if fresh:
                others = np.arange(size)[which]
                self._check(known, int(rows[others[-1]]))
            known.hits += hits
            if known.network:
                inside = own if whole else {name: each[which] for name, each in places.items()}
                said = known.many(inside, hits)
                self._fill(said.figures, columns, which, size)
                network[which] = True
                within[which], verdicts[which] = said.within, said.verdict
                valid[which] = (said.verdict != INCOMPATIBLE) & (known.fault is None)
                grades[which] = said.grade
            if whole:
                break
            rest = np.flatnonzero(~mask) if rest is None else rest[~mask]
        self.classes.sort(key=lambda each: -each.hits)
        return Batch(int(rows[0]), rows, columns, network, verdicts, valid, within, grades)

    @staticmethod
    def _fill(figures: Mapping[str, Any], columns: dict[str, Any], which: Any, size: int) -> None:
        """Put the figures of a class into columns."""
        import numpy as np

        for name, value in figures.items():
            wide = _objects(value) or _large(value)
            column = columns.get(name)
            if column is None:
                column = np.full(size, MISSING, object if wide else np.int64)
            elif wide and not _objects(column):
                column = column.astype(object)
            column[which] = value
            columns[name] = column

    def _check(self, known: Class, row: int) -> None:
        """Compare a class with a compile of one of its variants."""
        self.compiled += 1
        self.compare(self.compile(row), known, self.grid.place(row))

    def compare(self, variant: Variant, known: Class, places: Mapping[str, int]) -> None:
        """Compare a compiled variant with what its class says of it.

        Raises:
            Difference: they differ.
        """
        network, named = variant.network, self._named(variant.row)
        if (network is not None) != known.network:
            raise Difference(f"whether there is a network with {named}")
        if network is None:
            return
        said = known.one(places)
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


def _objects(value: Any) -> bool:
    """Whether it is an array of Python's integers."""
    return getattr(value, "dtype", None) == "O"


def _large(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= 1 << 63
