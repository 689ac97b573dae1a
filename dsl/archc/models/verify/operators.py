"""The operators of a TFLite file beside those of a manifest: which are the same, and how they
differ."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from archc.diagnostics import codes
from archc.diagnostics.text import several, shape_text
from archc.models.verify.advice import CONVERSIONS, SHAPE_ARITHMETIC, remedy, why
from archc.models.verify.align import Alignment, Item, Pair, align, unrelated
from archc.models.verify.border import ordered
from archc.models.verify.file import File, inner
from archc.models.verify.model import Findings
from archc.models.verify.parts import squeezed
from archc.models.verify.rows import Expected, Rows
from archc.models.verify.scheme import KERNELS
from archc.models.verify.wiring import check_wiring

LEFT = SHAPE_ARITHMETIC | CONVERSIONS | {"FAKE_QUANT", "DENSIFY", "RESHAPE"}
"""What a way of converting leaves beside the network."""


class Operators:
    """The comparison, and what came of it."""

    def __init__(
        self, file: File, manifest: dict[str, Any], rows: Rows, findings: Findings
    ) -> None:
        self.file, self.manifest, self.rows, self.findings = file, manifest, rows, findings
        self.deployed = manifest["deployed"]
        self.paired: tuple[Pair, ...] = ()
        """Operators of the manifest and of the file, by number."""
        self.kept: list[int] = []
        """Operators of the file that only an older converter leaves."""

    def run(self, with_border: bool) -> bool:
        """Operators, order, shapes, activations and wiring; whether all are the manifest's."""
        found = self.findings
        expected = self.rows.sequence
        wanted = [
            e for e in expected if with_border or not (e.border and e.item.operator in CONVERSIONS)
        ]
        skip = CONVERSIONS if self.file.scheme.name != "int8" else frozenset()
        indices = [
            index
            for index, op in enumerate(self.file.operators)
            if with_border or not (self.file.border(index) or op.name in skip)
        ]
        if skip:
            wanted = [e for e in wanted if e.item.operator not in skip]
        ours = [e.item for e in wanted]
        theirs = [self.file.item(index) for index in indices]
        alignment = align(ours, theirs)
        if self.unrelated(ours, theirs, alignment):
            return False
        found.compared.append(
            f"operators: {len(ours)}, their order, shapes, fused activations and wiring"
        )
        if alignment.moved:
            self.reordered(wanted, indices, alignment)
        pairs: list[Pair] = [
            (a if a is None else wanted[a].number, b if b is None else indices[b])
            for a, b in alignment.pairs
        ]
        self.paired = tuple(pairs)
        self.report(pairs)
        self.check_pairs(expected, pairs)
        if not found.failed or all(
            difference.code in (codes.VERIFY_PRECISION.name, codes.VERIFY_BORDER.name)
            for difference in found.differences
            if difference.level == "error"
        ):
            matched = [(a, b) for a, b in pairs if a is not None and b is not None]
            check_wiring(self.rows, self.file, self.manifest, matched, found)
        return not found.failed

    def unrelated(self, ours: Sequence[Item], theirs: Sequence[Item], alignment: Alignment) -> bool:
        """Say so in one sentence where the file is of another network altogether."""
        if not unrelated(ours, theirs, alignment, LEFT):
            return False
        same = sum(ours[a] == theirs[b] for a, b in alignment.matched)
        self.findings.another(
            codes.VERIFY_OPERATORS,
            f"{same} of its {several(len(theirs), 'operator')} match the manifest's {len(ours)}",
            [inner(self.file.tensors[index].shape) for index in self.file.graph.inputs],
            [inner(self.file.tensors[index].shape) for index in self.file.graph.outputs],
        )
        return True

    def reordered(
        self, wanted: Sequence[Expected], indices: Sequence[int], alignment: Alignment
    ) -> None:
        """Say that operators of the manifest stand in another order."""
        a, b = alignment.moved[0]
        predicted = self.deployed["order"] == "predicted"
        every = len(alignment.matched) == max(len(wanted), len(indices))
        self.findings.add(
            codes.VERIFY_ORDER,
            "the operators are those of the manifest, in another order"
            if every
            else f"{several(len(alignment.moved), 'operator')} of the manifest "
            f"{'stand' if alignment.moved[1:] else 'stands'} in another place",
            level="note" if predicted else "error",
            operator=indices[b],
            layer=wanted[a].layer,
            expected=_shown(wanted[a].item),
            found=_shown(self.file.item(indices[a])) if every else None,
            notes=(
                "the manifest only predicts the order between parallel branches; names of layers "
                "decide it in the converter",
            )
            if predicted
            else ("only one order is possible in this network, so it is wired differently",),
        )

    def report(self, pairs: Iterable[Pair]) -> None:
        """What only one side has."""
        found = self.findings
        expected = self.rows.sequence
        extra: dict[str, list[int]] = {}
        for a, b in pairs:
            if a is not None and b is None:
                want = expected[a]
                found.add(
                    codes.VERIFY_OPERATORS,
                    f"{want.item.operator} is missing"
                    + (f": the layer `{want.layer}`" if want.layer else ""),
                    layer=want.layer,
                    expected=_shown(want.item),
                )
            elif b is not None and a is None and not self.older(b):
                extra.setdefault(self.file.operators[b].shown, []).append(b)
        self.say_older()
        for name, places in extra.items():
            first = places[0]
            result = self.file.result(self.file.operators[first])
            numbers = ", ".join(map(str, places[:8])) + (", ..." if len(places) > 8 else "")
            found.add(
                codes.VERIFY_OPERATORS,
                f"{name} is not in the manifest"
                + (f", and there {len(places)} times: operators {numbers}" if places[1:] else ""),
                operator=first,
                tensor=result.name if result is not None else None,
                layer=self.rows.named(result.name if result is not None else ""),
                found=_shown(self.file.item(first)),
                notes=why(self.file.operators[first].name),
                help=remedy(self.file.operators[first].name),
            )

    def older(self, index: int) -> bool:
        """Whether an operator is what older converters leave and changes nothing: a RESHAPE that
        drops or adds axes of one element."""
        op = self.file.operators[index]
        if op.name != "RESHAPE" or not op.inputs or len(op.outputs) != 1:
            return False
        read, made = self.file.tensor(op, 0), self.file.result(op)
        if read is None or made is None:
            return False
        same = squeezed(read.shape) == squeezed(made.shape)
        if same and read.quantization == made.quantization and read.dtype == made.dtype:
            self.kept.append(index)
            return True
        return False

    def say_older(self) -> None:
        """Name the operators that an older converter left."""
        if not self.kept:
            return
        result = self.file.result(self.file.operators[self.kept[0]])
        self.findings.add(
            codes.VERIFY_OPERATORS,
            f"{several(len(self.kept), 'RESHAPE')} more than in the manifest, which "
            f"{'change' if self.kept[1:] else 'changes'} no value",
            level="note",
            operator=self.kept[0],
            tensor=result.name if result is not None else None,
            notes=("older converters keep the RESHAPE of a map of 1x1; the results are the same",),
            help="convert again with a TensorFlow of today to be rid of it",
        )

    def check_pairs(self, expected: Sequence[Expected], pairs: Sequence[Pair]) -> None:
        """What operators that both have differ in.

        A shape that differs changes all that follow. So it is only named where what the operator
        reads is as it should be, and those behind it are counted.
        """
        changed = {
            tensor
            for tensor, want in zip(
                ordered(self.file, self.manifest["inputs"], self.file.graph.inputs),
                self.manifest["inputs"],
                strict=False,
            )
            if self.file.tensors[tensor].shape[1:] != tuple(want["shape"])
        }
        following: list[str] = []
        broken = False
        for a, b in pairs:
            if a is None or b is None:
                broken = b is None or b not in self.kept
                continue
            op, want = self.file.operators[b], expected[a]
            follows = broken or any(tensor in changed for tensor in op.inputs)
            broken = False
            if self.file.item(b).shape != want.item.shape:
                changed.update(op.outputs)
                if follows:
                    following.append(want.layer or op.name)
                    continue
            self.check_pair(want, b, follows)
        if following:
            self.findings.left_out.append(
                f"shapes of {several(len(following), 'operator')} that follow from the differences "
                f"above, the first in `{following[0]}`"
            )

    def check_pair(self, want: Expected, index: int, follows: bool) -> None:
        """Shape, activation and products of an operator that both have."""
        found = self.findings
        op = self.file.operators[index]
        item = self.file.item(index)
        if item.shape != want.item.shape:
            found.add(
                codes.VERIFY_SHAPE,
                f"{op.name} gives {shape_text(item.shape)}, not {shape_text(want.item.shape)}",
                operator=index,
                layer=want.layer,
                expected=shape_text(want.item.shape),
                found=shape_text(item.shape),
            )
            return
        if want.activation != op.activation and want.settled:
            found.add(
                codes.VERIFY_ACTIVATION,
                f"{op.name} has {op.activation or 'no activation'} fused, not "
                f"{want.activation or 'none'}",
                operator=index,
                layer=want.layer,
                expected=want.activation or "none",
                found=op.activation or "none",
            )
        filter_ = self.file.tensor(op, 1)
        if follows or want.macs is None or filter_ is None or op.name not in KERNELS:
            return
        positions = _positions(op.name, item.shape)
        if positions is not None and positions * filter_.elements != want.macs:
            found.add(
                codes.VERIFY_WEIGHTS,
                f"{op.name} has a filter of {shape_text(filter_.shape)}, which is not that of "
                "the manifest",
                operator=index,
                tensor=filter_.name,
                layer=want.layer,
                expected=f"{want.macs // positions:,} weights and {want.macs:,} MACs",
                found=f"{filter_.elements:,} weights and {positions * filter_.elements:,} MACs",
            )


def _shown(item: Item) -> str:
    return f"{item.operator} {shape_text(item.shape)}"


def _positions(name: str, shape: tuple[int, ...]) -> int | None:
    """How often every weight of a filter is used, by the shape of the result: MACs per weight."""
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D") and len(shape) == 3:
        return shape[0] * shape[1]
    if name == "FULLY_CONNECTED":
        return prod(shape[:-1])
    return None
