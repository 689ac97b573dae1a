"""An ONNX file against the manifest of a network.

Exporters write a network each in their own way, so what is compared is what all of them keep
(`archc.models.verify.parts`): what computes, its shapes and products, who reads whom, activations.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from archc.diagnostics import codes
from archc.diagnostics.model import Level
from archc.diagnostics.text import several, shape_text
from archc.limits import Limits
from archc.models.deployed import FileGraph
from archc.models.deployed.costs import stored
from archc.models.deployed.memory import memory
from archc.models.onnx.deployed import deployed
from archc.models.onnx.numbers import DEAD, NOT_FINITE, UNTRAINED
from archc.models.verify.align import Pair, align, canonical, unrelated
from archc.models.verify.model import Findings, Verification
from archc.models.verify.parts import GATED, Part, Parts, of_file, of_manifest, squeezed
from archc.models.verify.rows import Rows

_FLOAT, _INT8 = "float32", "int8"
_QUANTISE = "quantise with onnxruntime's `quantize_static` (QDQ, QInt8 for activations and weights)"
_CLAMPS = frozenset({"RELU", "RELU6"})
"""Functions that quantising leaves out where the range of a result says them."""


_VALUES: dict[str, tuple[Level, str, *tuple[str, ...]]] = {
    NOT_FINITE: ("error", "{what} holds values that are not finite", "every result is one then"),
    DEAD: (
        "note",
        "dead kernels, whose weights are all zero, so that the channel is the same everywhere: "
        "{what}",
        "they cost as much as others: a narrower layer would compute the same",
    ),
    UNTRAINED: ("note", "every bias is zero: the network is not trained"),
}
"""What is said of a trait of a file: level, message, notes."""


def verify_onnx(manifest: dict[str, Any], name: str, data: bytes, limits: Limits) -> Verification:
    """Check an ONNX file, QDQ or float, against a manifest.

    Raises:
        Rejected: the file is damaged, over a bound, or cannot be a deployed network.
    """
    graph = deployed(name, data, limits)
    check = _Check(manifest, graph, limits)
    check.run()
    operators = several(len(graph.operators), "operator")
    summary = f"{operators}, {graph.scheme}, {len(data):,} bytes"
    return check.findings.verification(name, "onnx", summary)


class _Check:
    def __init__(self, manifest: dict[str, Any], graph: FileGraph, limits: Limits) -> None:
        self.manifest, self.graph = manifest, graph
        self.findings = Findings(manifest, limits.errors)
        self.rows = Rows(manifest)

    def run(self) -> None:
        found = self.findings
        self.check_border()
        self.check_precision()
        ours, theirs = of_manifest(self.manifest, self.rows), of_file(self.graph)
        if self.check_parts(ours, theirs):
            self.check_figures()
        if not found.unrelated:
            self.check_values()
            found.left_out += [
                "padding, reshapes and conversions: every exporter has its own",
                "values of weights: the manifest does not contain them",
                *self.graph.remarks,
            ]

    # --- the file as a whole ---

    def check_border(self) -> None:
        """Inputs and outputs, whatever the file's layout."""
        for what, tensors in (("input", self.graph.inputs), ("output", self.graph.outputs)):
            wanted = [tuple(entry["shape"]) for entry in self.manifest[f"{what}s"]]
            shapes = [self.graph.tensors[tensor].map for tensor in tensors]
            plain = [squeezed(shape) for shape in shapes]
            missing = [shape for shape in wanted if squeezed(shape) not in plain]
            if len(wanted) != len(shapes) or missing:
                self.findings.add(
                    codes.VERIFY_BORDER,
                    f"the file has {several(len(shapes), what)}, the manifest {len(wanted)}"
                    if len(wanted) != len(shapes)
                    else f"an {what} has another shape",
                    expected=" and ".join(map(shape_text, wanted)),
                    found=" and ".join(map(shape_text, shapes)),
                )
        self.findings.compared.append("inputs and outputs: number and shape, by rows and columns")
        self.findings.left_out.append("names of tensors, and types of inputs and outputs")

    def check_precision(self) -> None:
        """How the file is quantised, if it is: a float one is not finished, which is no fault."""
        found, graph = self.findings, self.graph
        islands = [trait for trait in graph.traits if trait.name == "float_island"]
        if graph.scheme == _FLOAT:
            said = "the file is float: it is not quantised yet"
            found.add(codes.VERIFY_PRECISION, said, level="note", help=_QUANTISE)
            return
        found.compared.append("precision: int8 activations and weights")
        if graph.scheme != _INT8 and not islands:
            found.add(
                codes.VERIFY_PRECISION,
                f"the file is {graph.scheme}",
                expected="int8 weights and int8 activations",
                found=graph.scheme,
                help=_QUANTISE,
            )
        for trait in islands:
            found.add(
                codes.VERIFY_PRECISION,
                f"part of the file computes in float: {trait.what}",
                operator=trait.layer,
                help="quantise what is named; `archc check` says what it costs",
            )
        for trait in graph.traits:
            if trait.name == "scale_per_tensor":
                found.add(
                    codes.VERIFY_PRECISION,
                    f"one scale for all channels of {trait.what}",
                    level="note",
                    help="`quantize_static(..., per_channel=True)`",
                )

    # --- what computes ---

    def check_parts(self, ours: Parts, theirs: Parts) -> bool:
        """Operators, shapes, products, wiring and activations; whether the file is of the same
        network as far as these tell."""
        found = self.findings
        order = [_in_order(ours), _in_order(theirs)]
        wanted, given = (
            [parts.parts[place].item for place in places]
            for parts, places in zip((ours, theirs), order, strict=True)
        )
        alignment = align(wanted, given)
        if unrelated(wanted, given, alignment):
            same = sum(wanted[a] == given[b] for a, b in alignment.matched)
            found.another(
                codes.VERIFY_OPERATORS,
                f"{same} of the {several(len(given), 'operator')} that compute match the "
                f"manifest's {len(wanted)}",
                [self.graph.tensors[one].map for one in self.graph.inputs],
                [self.graph.tensors[one].map for one in self.graph.outputs],
            )
            return False
        found.compared.append(
            f"operators that compute: {len(wanted)}, their shapes, products, wiring and activations"
        )
        paired: list[Pair] = [
            (a if a is None else order[0][a], b if b is None else order[1][b])
            for a, b in alignment.pairs
        ]
        whole = self.check_pairs(ours, theirs, paired)
        if whole:
            whole = self.check_wiring(ours, theirs, paired)
        if whole:
            self.check_functions(ours, theirs)
        return whole

    def check_pairs(self, ours: Parts, theirs: Parts, pairs: Sequence[Pair]) -> bool:
        """What only one side has, and how those differ that both have; of a shape that follows
        from another one that differs nothing is said."""
        found = self.findings
        whole = True
        changed: set[int] = set()
        following = 0
        for a, b in pairs:
            want = None if a is None else ours.parts[a]
            one = None if b is None else theirs.parts[b]
            if want is not None and one is not None and _same(want, one):
                continue
            whole = False
            if one is None and want is not None:
                found.add(
                    codes.VERIFY_OPERATORS,
                    f"{want.item.operator} is missing: the layer `{want.layer}`",
                    layer=want.layer,
                    expected=_shown(want),
                )
            elif want is None and one is not None:
                found.add(
                    codes.VERIFY_OPERATORS,
                    f"`{one.name}` ({one.item.operator}) is not in the manifest",
                    operator=one.number,
                    found=_shown(one),
                )
            elif want is not None and one is not None:
                follows = not changed.isdisjoint(one.reads)
                following += follows
                if want.item != one.item:
                    changed.add(b or 0)
                if not follows:
                    self.differs(want, one)
        if following:
            found.left_out.append(
                f"{several(following, 'operator')} whose shapes or products follow from the "
                "differences above"
            )
        return whole

    def differs(self, want: Part, one: Part) -> None:
        """Say how an operator is not that of the manifest."""
        other = want.item != one.item
        sizes = [shape_text(part.item.shape) for part in (want, one)]
        macs = [f"{part.macs:,} MACs" for part in (want, one)]
        expected, given = sizes if other else macs
        self.findings.add(
            codes.VERIFY_SHAPE if other else codes.VERIFY_WEIGHTS,
            f"`{one.name}` gives {given}, not {expected}"
            if other
            else f"`{one.name}` has a filter that is not that of the manifest",
            operator=one.number,
            layer=want.layer,
            expected=expected,
            found=given,
        )

    def check_wiring(
        self,
        ours: Parts,
        theirs: Parts,
        pairs: Sequence[Pair],
    ) -> bool:
        """Whether operators read the same ones. Equal parts may stand in any order, so that all are
        compared by what is before them."""
        wanted, given = ours.labels(), theirs.labels()
        ends = [ours.label(wanted, one) for one in ours.outputs]
        results = [theirs.label(given, one) for one in theirs.outputs]
        if Counter(wanted) == Counter(given):
            if Counter(ends) == Counter(results):
                return True
            self.findings.add(codes.VERIFY_BORDER, "an output is the result of another operator")
            return False
        left = Counter(wanted)
        left.subtract(given)
        first = next(
            ((a, b) for a, b in pairs if a is not None and b is not None and left[given[b]] < 0),
            None,
        )
        if first is None:
            return True
        want, one = ours.parts[first[0]], theirs.parts[first[1]]
        self.findings.add(
            codes.VERIFY_ORDER,
            f"`{one.name}` ({one.item.operator}) reads other results than in the manifest",
            operator=one.number,
            layer=want.layer,
            expected=_sources(ours, want),
            found=_sources(theirs, one),
        )
        return False

    def check_functions(self, ours: Parts, theirs: Parts) -> None:
        """Activations. A file that is quantised keeps no RELU that the range of its scale says."""
        silent = 0
        for want, one in _partners(ours, theirs):
            wanted, given = ours.functions[want], theirs.functions[one]
            if wanted is None or given is None or wanted == given:
                continue
            if self.graph.scheme != _FLOAT and self.implied(wanted, given, one in theirs.floors):
                silent += 1
                continue
            part = theirs.parts[one]
            self.findings.add(
                codes.VERIFY_ACTIVATION,
                f"`{part.name}` has {_listed(given)} behind it, not {_listed(wanted)}",
                operator=part.number,
                layer=ours.parts[want].layer,
                expected=_listed(wanted),
                found=_listed(given),
            )
        if silent:
            self.findings.left_out.append(
                f"{several(silent, 'activation')} that quantising leaves to the range of a scale"
            )

    def implied(self, wanted: frozenset[str], given: frozenset[str], floor: bool) -> bool:
        """Whether quantising leaves the functions that are wanted where a file has those given: a
        bound that the range of a result says, alone or within a hard swish."""
        if GATED in given:
            given = given - {GATED} | {"HARD_SWISH"}
        return wanted == given or (floor and given <= wanted and wanted - given <= _CLAMPS)

    # --- figures ---

    def check_figures(self) -> None:
        """MACs, and what is stored and alive of an int8 file."""
        found, graph, wanted = self.findings, self.graph, self.manifest["deployed"]
        macs = sum(op.macs or 0 for op in graph.operators)
        found.compared.append(f"MACs: {macs:,}")
        if graph.scheme != _INT8:
            found.left_out.append("bytes of weights and memory: the file is not int8")
            return
        size = stored(graph, *graph.operators)[1]
        for what, want, given, code, why in (
            (
                "bytes of weights",
                wanted["weight_bytes"],
                size,
                codes.VERIFY_WEIGHTS,
                "biases of layers that have none, batch normalisations that are not folded",
            ),
            (
                "peak of activations",
                wanted["peak_activation_bytes"],
                memory(graph).peak.bytes,
                codes.VERIFY_MEMORY,
                "it is of the order of the file, and of activations that are operators of their "
                "own; `archc profile` says what the best order needs",
            ),
        ):
            found.compared.append(f"{what}: {given:,}")
            if given != want:
                found.add(
                    code,
                    f"the file has {given:,} {what}, the manifest {want:,}",
                    level="note",
                    expected=f"{want:,}",
                    found=f"{given:,}",
                    notes=(why,),
                )

    def check_values(self) -> None:
        """Weights that training does not produce."""
        for trait in self.graph.traits:
            said = _VALUES.get(trait.name)
            if said is None:
                continue
            level, message, *notes = said
            self.findings.add(
                codes.VERIFY_VALUES,
                message.format(what=trait.what),
                level=level,
                operator=trait.layer,
                notes=tuple(notes),
            )


def _partners(ours: Parts, theirs: Parts) -> Iterator[tuple[int, int]]:
    """Parts with equal labels, and of those first the ones with equal functions."""
    left: dict[str, list[int]] = {}
    for place, label in enumerate(theirs.labels()):
        left.setdefault(label, []).append(place)
    later = []
    for place, label in enumerate(ours.labels()):
        same = [one for one in left[label] if theirs.functions[one] == ours.functions[place]]
        if same:
            left[label].remove(same[0])
            yield place, same[0]
        else:
            later.append((place, label))
    for place, label in later:
        yield place, left[label].pop()


def _in_order(parts: Parts) -> list[int]:
    """An order of the parts that depends on structure alone."""
    reads = [[one for one in part.reads if one >= 0] for part in parts.parts]
    return canonical(reads, [part.macs for part in parts.parts])


def _same(want: Part, one: Part) -> bool:
    return want.item == one.item and want.macs == one.macs


def _shown(part: Part) -> str:
    return f"{part.item.operator} {shape_text(part.item.shape)}"


def _sources(parts: Parts, part: Part) -> str:
    names = ["an input" if one < 0 else _named(parts.parts[one]) for one in part.reads]
    return " and ".join(names) or "nothing"


def _named(part: Part) -> str:
    return f"{part.item.operator} of `{part.layer or part.name}`"


def _listed(functions: frozenset[str]) -> str:
    return " and ".join(sorted(functions)) or "no activation"
