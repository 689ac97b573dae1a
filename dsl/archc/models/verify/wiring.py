"""Whether operators of a file read what the layers of a manifest read."""

from collections.abc import Iterable, Sequence
from typing import Any

from archc.diagnostics.codes import VERIFY_BORDER, VERIFY_ORDER
from archc.models.tflite import Subgraph
from archc.models.verify.advice import CONVERSIONS
from archc.models.verify.border import named
from archc.models.verify.file import File
from archc.models.verify.model import Findings
from archc.models.verify.rows import Expected, Rows

_INPUT = -1
"""The network's input; where they are known by their names its second is -2."""
_MOVING = frozenset({"RESHAPE", "TRANSPOSE"})
"""The converter moves these past others, so that they are looked through on both sides, as what
converts at the border is."""


def check_wiring(
    rows: Rows,
    file: File,
    manifest: dict[str, Any],
    pairs: Iterable[tuple[int, int]],
    findings: Findings,
) -> None:
    """Check the edges of the file's graph against those between layers, and what its outputs are.

    An operator may read the results of operators that stem from its own layers or from those that
    its layers read. Where each layer in question is in one operator only, it must read all of
    those.
    """
    sequence = rows.sequence
    graph = file.graph
    inputs = named(file, manifest["inputs"], graph.inputs)
    places = {want["name"]: _INPUT - place for place, want in enumerate(manifest["inputs"])}
    if len(inputs) < len(graph.inputs):  # which is which is not known
        places = {}
    entries = {inputs[name]: place for name, place in places.items() if name in inputs}
    ours = {b: a for a, b in pairs}
    makers = {t: i for i, op in enumerate(graph.operators) for t in op.outputs}
    owners: dict[str, list[int]] = {}
    for want in sequence:
        for layer in want.layers:
            owners.setdefault(layer, []).append(want.number)
    sources = _Sources(rows, sequence, owners, places)
    looked_through = {
        i
        for i, op in enumerate(graph.operators)
        if op.name in _MOVING
        or (op.name in CONVERSIONS and (i not in ours or sequence[ours[i]].border))
    }
    for number, op in enumerate(graph.operators):
        index = ours.get(number)
        if index is None or op.name in _MOVING or sequence[index].border:
            continue
        reads = set()
        for tensor in op.inputs:
            place = _through(graph, makers, looked_through, tensor, entries)
            if place is not None:
                reads.add(place if place <= _INPUT else ours.get(place))
        if None in reads:
            continue
        read = {place for place in reads if place is not None}
        allowed, exact = sources.of(sequence[index])
        if read <= allowed and (not exact or read == allowed):
            continue
        want = sequence[index]
        findings.add(
            VERIFY_ORDER,
            f"{op.name} reads other results than the layer `{want.layer}`"
            if want.layer
            else f"{op.name} reads another result than in the manifest",
            operator=number,
            layer=want.layer,
            expected=_names(sequence, allowed),
            found=_names(sequence, read),
        )
    outputs = named(file, manifest["outputs"], graph.outputs)
    for output in manifest["outputs"]:
        if "layer" not in output or output["name"] not in outputs:
            continue
        tensor = outputs[output["name"]]
        place = _through(graph, makers, looked_through, tensor, entries)
        made = place if place is None or place <= _INPUT else ours.get(place)
        gives = sources.value(output["layer"])
        if made is not None and made not in gives:
            findings.add(
                VERIFY_BORDER,
                f"the output `{output['name']}` is not what the layer `{output['layer']}` gives",
                tensor=file.tensors[tensor].name,
                layer=output["layer"],
                expected=_names(sequence, gives),
                found=_names(sequence, {made}),
            )


def _through(
    graph: Subgraph,
    makers: dict[int, int],
    looked_through: set[int],
    tensor: int,
    entries: dict[int, int],
) -> int | None:
    """The operator that makes a tensor, behind those that are looked through; None for a
    constant."""
    for _ in range(len(graph.operators) + 1):
        if tensor in graph.inputs:
            return entries.get(tensor, _INPUT)
        maker = makers.get(tensor)
        if maker is None:
            return None
        op = graph.operators[maker]
        if maker not in looked_through or not op.inputs:
            return maker
        tensor = op.inputs[0]
    return None


class _Sources:
    """Which operators of the manifest each of them may read."""

    def __init__(
        self,
        rows: Rows,
        sequence: Sequence[Expected],
        owners: dict[str, list[int]],
        inputs: dict[str, int],
    ) -> None:
        self.rows, self.sequence, self.inputs = rows, sequence, inputs
        self.owners = {
            layer: kept
            for layer, places in owners.items()
            if (kept := [place for place in places if sequence[place].item.operator not in _MOVING])
        }
        self.known: dict[str, frozenset[int]] = {}

    def of(self, want: Expected) -> tuple[set[int], bool]:
        """What an operator may read, and whether it must read all of that."""
        allowed: set[int] = set()
        exact = True
        for layer in want.layers:
            row = self.rows.by_name.get(layer)
            if row is None:
                return {*range(len(self.sequence)), _INPUT, *self.inputs.values()}, False
            shared = self.owners.get(layer, [])
            if len(shared) > 1:
                exact = False
                allowed.update(shared)
            for source in row["inputs"]:
                if source in want.layers:
                    continue
                value = self.value(source)
                exact = exact and len(value) == 1
                allowed |= value
        allowed.discard(want.number)
        return allowed, exact

    def value(self, layer: str) -> frozenset[int]:
        """The operators that may give the result of a layer: its own, or those of what it reads
        if it leaves nothing."""
        pending: list[str] = [layer]
        while pending:
            name = pending[-1]
            if name in self.known:
                pending.pop()
                continue
            if name in self.owners:
                self.known[name] = frozenset(self.owners[name])
                continue
            row = self.rows.by_name.get(name)
            if row is None or not row["inputs"]:
                self.known[name] = frozenset({self.inputs.get(name, _INPUT)})
                continue
            missing = [source for source in row["inputs"] if source not in self.known]
            if missing and len(pending) <= len(self.rows.by_name):
                pending.append(missing[0])
                continue
            self.known[name] = frozenset().union(
                *(self.known.get(source, frozenset()) for source in row["inputs"])
            )
        return self.known[layer]


def _names(sequence: Sequence[Expected], places: Iterable[int]) -> str:
    shown = []
    for place in sorted(places):
        if place <= _INPUT:
            shown.append("the input")
        else:
            want = sequence[place]
            shown.append(
                f"{want.item.operator} of `{want.layers[-1]}`"
                if want.layers
                else want.item.operator
            )
    return " and ".join(shown[:6]) or "nothing"
