"""Which layer of a model is which of a manifest."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from archc.models.verify.align import Alignment, Item, Pair, align, canonical
from archc.models.verify.rows import Rows

if TYPE_CHECKING:
    from archc.models.importer import Imported, ImportedLayer

Row = dict[str, Any]
"""A layer of a manifest."""


class Step(NamedTuple):
    """An operator of the model; a layer with an activation has two."""

    layer: "ImportedLayer"
    item: Item
    reads: tuple[int, ...]
    """Numbers of the steps whose results it reads."""
    params: int | None
    """None where they are not known, nor is what it computes."""
    macs: int | None


class Pairing(NamedTuple):
    """Layers of a manifest and steps of a model side by side, by number."""

    alignment: Alignment
    swapped: tuple[tuple[int, int], ...]
    """Pairs of different operators that stand in the same place."""
    score: int
    """How many pairs are equal in shape, parameters and in what they read."""

    @property
    def both(self) -> dict[int, int]:
        return dict((*self.alignment.matched, *self.swapped))


def steps_of(model: "Imported", kinds: Mapping[str, str]) -> list[Step]:
    """The operators of a model in order of execution.

    Args:
        model: read from its config.
        kinds: the operator by class, for what stands behind something unknown.
    """
    from archc.models.importer.foreign import facts_of

    sketch = model.sketch
    owners = {node: layer for layer in model.layers for node in layer.nodes}
    numbers = {node: number for number, node in enumerate(sorted(owners))}
    found = []
    for node in sorted(owners):
        at, layer = sketch.nodes[node], owners[node]
        shapes = sketch.input_shapes(at)
        facts = facts_of(at.op, at.shape, *shapes)
        known = layer.output_shape is not None or node != layer.nodes[-1]
        kind = str(getattr(at.op, "keyword", "")) if at.inputs or layer.inputs else "input"
        params: int | None = sum(weight.size for weight in facts.weights) if at.inputs else 0
        if kind == layer.class_name and facts.macs is None:
            kind, params = kinds.get(kind, kind), None
        reads = tuple(numbers[read] for read in at.inputs if read in numbers)
        item = Item(kind, at.shape if known else (-1,))
        found.append(Step(layer, item, reads, params, facts.macs))
    return found


class Pairs:
    """The layers of a manifest and the operators of a model, and how they are paired."""

    def __init__(self, rows: Rows, model: "Imported") -> None:
        self.rows = list(rows.by_name.values())
        self.number = {row["name"]: number for number, row in enumerate(self.rows)}
        self.items = [
            Item(
                (rows.keyword(row["name"]) or row["class_name"]) if row["inputs"] else "input",
                tuple(row["output_shape"]),
            )
            for row in self.rows
        ]
        kinds: dict[str, set[str]] = {}
        for row, item in zip(self.rows, self.items, strict=True):
            kinds.setdefault(row["class_name"], set()).add(item.operator)
        self.steps = steps_of(
            model, {name: found.pop() for name, found in kinds.items() if len(found) == 1}
        )

    def sources(self, row: Row) -> list[int]:
        """The layers that one of the manifest reads, each once."""
        return [self.number[name] for name in dict.fromkeys(row["inputs"]) if name in self.number]

    def pairing(self) -> Pairing:
        """The best of two: by structure, and by name where name and operator agree.

        Structure decides between them; where both explain as much, names are kept.
        """
        theirs = [step.item for step in self.steps]
        named: dict[tuple[str, str], int] = {}
        for number, step in enumerate(self.steps):
            named.setdefault((step.layer.path, step.item.operator), number)
        fixed = {
            a: named[key]
            for a, row in enumerate(self.rows)
            if (key := (row["name"], self.items[a].operator)) in named
        }
        taken = set(fixed.values())
        rest = [a for a in range(len(self.items)) if a not in fixed]
        free = [b for b in range(len(theirs)) if b not in taken]
        inner = align([self.items[a] for a in rest], [theirs[b] for b in free])
        fixed.update((rest[a], free[b]) for a, b in inner.matched)
        by_name = Alignment(_merged(fixed, len(self.items), len(theirs)), ())
        candidates = [by_name, self.by_structure()]
        return max(map(self.judged, candidates), key=lambda one: one.score)

    def by_structure(self) -> Alignment:
        """Both sides in an order that names and the order of branches do not touch, aligned."""
        ours = canonical(
            [self.sources(row) for row in self.rows], [row["params"] for row in self.rows]
        )
        theirs = canonical(
            [step.reads for step in self.steps], [step.params or 0 for step in self.steps]
        )
        found = align([self.items[a] for a in ours], [self.steps[b].item for b in theirs])
        pairs = tuple(
            (None if a is None else ours[a], None if b is None else theirs[b])
            for a, b in found.pairs
        )
        return Alignment(pairs, tuple((ours[a], theirs[b]) for a, b in found.moved))

    def judged(self, alignment: Alignment) -> Pairing:
        """A pairing with what stands in the same place, and how well it explains the model."""
        pairing = Pairing(alignment, self.same_place(alignment), 0)
        back = {b: a for a, b in pairing.both.items()}
        score = 0
        for a, b in alignment.matched:
            row, step = self.rows[a], self.steps[b]
            reads = {back.get(read) for read in step.reads}
            score += (
                self.items[a] == step.item
                and step.params in (None, row["params"])
                and {self.number.get(name) for name in row["inputs"]} == reads
            )
        return pairing._replace(score=score)

    def same_place(self, alignment: Alignment) -> tuple[tuple[int, int], ...]:
        """Pairs of operators that nothing is like, but which have one name or stand between the
        same neighbours."""
        found: list[tuple[int, int]] = []
        missing: list[int] = []
        extra: list[int] = []
        for a, b in (*alignment.pairs, (0, 0)):
            if a is not None and b is not None:
                found += self.matched(missing, extra)
                missing, extra = [], []
            elif a is not None:
                missing.append(a)
            elif b is not None:
                extra.append(b)
        return tuple(found)

    def matched(self, missing: list[int], extra: list[int]) -> list[tuple[int, int]]:
        found = []
        for a in list(missing):
            name = self.rows[a]["name"]
            same = [b for b in extra if self.steps[b].layer.path == name]
            if same:
                found.append((a, same[0]))
                missing.remove(a)
                extra.remove(same[0])
        if len(missing) == len(extra):
            found.extend(zip(missing, extra, strict=True))
        return found


def _merged(matched: dict[int, int], rows: int, steps: int) -> tuple[Pair, ...]:
    """Pairs as a list with what is left over on both sides, that of the model behind what it
    follows there."""
    taken = set(matched.values())
    following: dict[int, list[int]] = {}
    last = -1
    for b in range(steps):
        if b in taken:
            last = b
        else:
            following.setdefault(last, []).append(b)
    pairs: list[Pair] = [(None, b) for b in following.pop(-1, ())]
    for a in range(rows):
        place = matched.get(a)
        pairs.append((a, place))
        if place is not None:
            pairs += [(None, b) for b in following.pop(place, ())]
    return tuple(pairs)
