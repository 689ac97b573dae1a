"""The layers of a model beside those of a manifest: which are the same, and how they differ.

What layers compute is compared, not how they are written: `Dense(activation="softmax")` is a dense
layer and a softmax, `Activation("relu")` is a `ReLU`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from archc.diagnostics import codes
from archc.diagnostics.text import several, shape_text
from archc.models.verify.align import Item, unrelated
from archc.models.verify.model import Findings
from archc.models.verify.pairing import Pairing, Pairs, Row, Step
from archc.models.verify.rows import Rows

if TYPE_CHECKING:
    from archc.models.importer import Imported

_LISTED = 6
_IDLE = frozenset({"dropout", "spatial_dropout"})
"""Operators of which nothing is deployed."""
Shape = tuple[int, ...]


class Layers:
    """The comparison, and what came of it."""

    def __init__(self, rows: Rows, model: "Imported", findings: Findings) -> None:
        self.pairs = Pairs(rows, model)
        self.rows, self.steps, self.items = self.pairs.rows, self.pairs.steps, self.pairs.items
        self.model, self.findings = model, findings
        self.ours: dict[str, str] = {}
        """Layers of the manifest by path in the model, the first where one is several."""
        self.changed: set[str] = set()
        """Layers of the manifest that give another shape in the model."""

    def run(self) -> None:
        """Pair the layers, and add to the findings how they differ."""
        found = self.findings
        pairing = self.pairs.pairing()
        theirs = [step.item for step in self.steps]
        if unrelated(self.items, theirs, pairing.alignment):
            same = sum(self.items[a] == theirs[b] for a, b in pairing.alignment.matched)
            layers = several(len(self.model.layers), "layer")
            why = f"{same} of its {layers} match the manifest's {len(self.rows)}"
            found.another(
                codes.VERIFY_LAYERS, why, self.model.input_shapes, self.model.output_shapes
            )
            return
        found.compared.append(
            f"layers: {len(self.rows)}, by what they compute: shapes, inputs, parameters, MACs"
        )
        for a, b in sorted(pairing.both.items()):
            self.ours.setdefault(self.steps[b].layer.path, self.rows[a]["name"])
        self.report_swapped(pairing)
        self.report_alone(pairing)
        self.report_pairs(pairing)
        self.report_names()

    # --- what is said ---

    def report_names(self) -> None:
        """Layers that go by another name."""
        others = [
            (name, path) for path, name in self.ours.items() if path.rpartition("/")[2] != name
        ]
        if not others:
            return
        shown = ", ".join(f"`{name}` is `{path}`" for name, path in others[:_LISTED])
        self.findings.add(
            codes.VERIFY_LAYERS,
            f"{several(len(others), 'layer')} {'have' if others[1:] else 'has'} another name",
            level="note",
            layer=others[0][0],
            notes=(
                shown + (", ..." if others[_LISTED:] else ""),
                "weights are found by layer, and the converter orders parallel branches by these "
                "names",
            ),
        )

    def report_swapped(self, pairing: Pairing) -> None:
        """Operators in the place of others, those of one kind together."""
        from archc.compiler import OPERATORS, Activation

        groups: dict[tuple[bool, str | None, str, str], list[tuple[Row, Step]]] = {}
        for a, b in pairing.swapped:
            row, step, wanted = self.rows[a], self.steps[b], self.items[a]
            if wanted.shape != step.item.shape:
                self.changed.add(row["name"])
            kind = OPERATORS.get(wanted.operator)
            function = kind is not None and issubclass(kind, Activation)
            hidden = step.item.operator.startswith("?") or (
                step.item.operator == row["class_name"] and wanted.shape == step.item.shape
            )
            if hidden and not function and step.params in (None, row["params"]):
                continue  # which operator it is, is not known
            same = step.layer.class_name == row["class_name"]
            what = "something else" if function or same else None
            key = (function, what, wanted.operator, step.item.operator)
            groups.setdefault(key, []).append((row, step))
        for (function, what, expected, there), places in groups.items():
            row, step = places[0]
            more = len(places) > 1
            verb = ("compute" if more else "computes") if what else ("are" if more else "is")
            self.findings.add(
                codes.VERIFY_ACTIVATION if function else codes.VERIFY_LAYERS,
                (f"{len(places)} layers" if more else f"the layer {self.shown(row, step)}")
                + f" {verb} {what or 'of another kind'}",
                layer=row["name"],
                expected=_kind(expected),
                found=_kind(there),
                notes=(_listed([one["name"] for one, _ in places]),) if more else (),
            )

    def report_alone(self, pairing: Pairing) -> None:
        """Layers that only one side has, those in a row together."""
        pairs, both = pairing.alignment.pairs, pairing.both
        theirs = set(both.values())
        for run in _runs(a for a, b in pairs if b is None and a not in both):
            names = [self.rows[a]["name"] for a in run]
            self.alone(
                f"the layer `{names[0]}` is missing"
                if len(run) == 1
                else f"{len(run)} layers are missing: {_listed(names)}",
                [self.items[a] for a in run],
                layer=names[0],
            )
        for run in _runs(b for a, b in pairs if a is None and b not in theirs):
            names = list(dict.fromkeys(self.steps[b].layer.path for b in run))
            self.alone(
                f"the layer `{names[0]}` is not in the manifest"
                if len(names) == 1
                else f"{len(names)} layers are not in the manifest: {_listed(names)}",
                [self.steps[b].item for b in run],
                extra=True,
                notes=("it is in a nested model",) if "/" in names[0] else (),
            )

    def alone(
        self,
        message: str,
        items: Sequence[Item],
        *,
        layer: str | None = None,
        extra: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        idle = all(item.operator in _IDLE for item in items)
        shown = ", ".join(
            f"{_kind(item.operator)} {'unknown' if -1 in item.shape else shape_text(item.shape)}"
            for item in items[:_LISTED]
        ) + (", ..." if items[_LISTED:] else "")
        self.findings.add(
            codes.VERIFY_LAYERS,
            message,
            level="note" if idle else "error",
            layer=layer,
            expected=None if extra else shown,
            found=shown if extra else None,
            notes=(*notes, *(("it acts in training only",) if idle else ())),
        )

    def report_pairs(self, pairing: Pairing) -> None:
        """How paired layers differ. What only follows from a difference before it is counted."""
        following: list[str] = []
        frozen: list[tuple[Row, Step]] = []
        both = pairing.both
        back = {b: a for a, b in both.items()}
        for a, b in sorted(pairing.alignment.matched):
            row, step = self.rows[a], self.steps[b]
            if self.items[a].shape != step.item.shape:
                self.changed.add(row["name"])
            if self.items[a].operator == "input":
                continue  # the border is compared as a whole
            self.check_reads(row, step, both, back)
            if self.inputs_of(row) != sorted(self.steps[r].item.shape for r in set(step.reads)):
                if self.items[a] != step.item or step.params not in (None, row["params"]):
                    following.append(row["name"])
                continue
            if self.check_figures(self.items[a], row, step):
                frozen.append((row, step))
        self.report_frozen(frozen)
        if following:
            self.findings.left_out.append(
                f"shapes and parameters of {several(len(following), 'layer')} that follow from the "
                f"differences above, the first `{following[0]}`"
            )

    def report_frozen(self, frozen: Sequence[tuple[Row, Step]]) -> None:
        """Layers whose parameters are right, but not trained as the manifest says."""
        if not frozen:
            return
        row, step = frozen[0]
        names = [one["name"] for one, _ in frozen]
        what = (
            "frozen"
            if all(not one.layer.trainable for _, one in frozen)
            else "trained in other parts"
        )
        self.findings.add(
            codes.VERIFY_PARAMS,
            f"{len(names)} layers are {what}"
            if names[1:]
            else f"the layer {self.shown(row, step)} is {what}",
            level="note",
            layer=row["name"],
            expected=f"{row['trainable_params']:,} trainable",
            found=f"{step.layer.trainable_params or 0:,}",
            notes=(_listed(names),) if names[1:] else (),
        )

    def inputs_of(self, row: Row) -> list[Shape]:
        return sorted(self.items[number].shape for number in self.pairs.sources(row))

    def shown(self, row: Row, step: Step) -> str:
        """A layer by the name of the manifest, with its own where that is another."""
        name, path = row["name"], step.layer.path
        return f"`{name}`" if path.rpartition("/")[2] == name else f"`{name}` (here `{path}`)"

    def check_reads(self, row: Row, step: Step, both: dict[int, int], back: dict[int, int]) -> None:
        """What a layer reads, looking through those that only one side has."""
        wanted = _through(
            self.pairs.sources(row), both.__contains__, lambda a: self.pairs.sources(self.rows[a])
        )
        reads = _through(step.reads, back.__contains__, lambda b: self.steps[b].reads)
        theirs = {back[read] for read in reads}
        if wanted == theirs:
            self.check_operands(row, step, back)
            return
        alone = not both.keys() >= set(self.pairs.sources(row)) or not back.keys() >= set(
            step.reads
        )
        if alone and (wanted <= theirs or theirs <= wanted):
            return  # it reads a layer that only one side has, which was said
        self.findings.add(
            codes.VERIFY_ORDER,
            f"the layer {self.shown(row, step)} reads other layers",
            layer=row["name"],
            expected=self.listed(wanted),
            found=self.listed(theirs),
        )

    def check_operands(self, row: Row, step: Step, back: dict[int, int]) -> None:
        """Of a concatenation the order of what it reads, which is that of the channels."""
        wanted, theirs = (
            self.pairs.sources(row),
            [back.get(read) for read in dict.fromkeys(step.reads)],
        )
        if step.item.operator == "concat" and None not in theirs and wanted != theirs:
            self.findings.add(
                codes.VERIFY_ORDER,
                f"the layer {self.shown(row, step)} joins its inputs in another order",
                layer=row["name"],
                expected=", ".join(f"`{self.rows[number]['name']}`" for number in wanted),
                found=", ".join(f"`{self.rows[n]['name']}`" for n in theirs if n is not None),
                notes=("the channels of its result are in that order",),
            )

    def listed(self, numbers: Iterable[int]) -> str:
        names = [f"`{self.rows[number]['name']}`" for number in sorted(numbers)]
        return " and ".join(names) or "nothing"

    def check_figures(self, item: Item, row: Row, step: Step) -> bool:
        """Shape, calls, parameters and MACs of a layer that reads what it should; whether only
        what it trains differs."""
        found = self.findings
        name, shown, layer = row["name"], self.shown(row, step), step.layer
        if item.shape != step.item.shape and -1 not in step.item.shape:
            found.add(
                codes.VERIFY_SHAPE,
                f"the layer {shown} gives another shape",
                layer=name,
                expected=shape_text(item.shape),
                found=shape_text(step.item.shape),
            )
            return False
        if layer.calls > 1:
            found.add(
                codes.VERIFY_LAYERS,
                f"the layer {shown} is called {layer.calls} times",
                layer=name,
                expected=1,
                found=layer.calls,
            )
        if step.params is not None and step.params != row["params"]:
            found.add(
                codes.VERIFY_PARAMS,
                f"the layer {shown} has {step.params:,} parameters, not {row['params']:,}",
                layer=name,
                expected=f"{row['params']:,}",
                found=f"{step.params:,}",
            )
            return False
        if step.macs is not None and step.macs != row["macs"]:
            found.add(
                codes.VERIFY_WEIGHTS,
                f"the layer {shown} has {step.macs:,} MACs, not {row['macs']:,}",
                layer=name,
                expected=f"{row['macs']:,}",
                found=f"{step.macs:,}",
            )
        whole = step.params is not None and layer.params == step.params > 0
        return whole and layer.trainable_params not in (None, row["trainable_params"])


def _kind(operator: str) -> str:
    return f"`{operator}`" if not operator.startswith("?") else "something unknown"


def _through(
    numbers: Iterable[int], known: Callable[[int], bool], reads: Callable[[int], Iterable[int]]
) -> set[int]:
    """Numbers that are known, those that are not replaced by what they read."""
    found: set[int] = set()
    pending, seen = list(numbers), set[int]()
    while pending:
        number = pending.pop()
        if known(number):
            found.add(number)
        elif number not in seen:
            seen.add(number)
            pending.extend(reads(number))
    return found


def _runs(numbers: Iterable[int | None]) -> list[list[int]]:
    """Numbers in runs without a gap."""
    runs: list[list[int]] = []
    for number in sorted(n for n in numbers if n is not None):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:_LISTED]) + (", ..." if names[_LISTED:] else "")
