"""What a verification finds, as data."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import Code, Diagnostic, Level
from archc.diagnostics.text import shape_text

_LISTED = 6


class Difference(NamedTuple):
    """One way in which a model is not the network of its manifest."""

    code: str
    level: Level
    """`error` where it matters, `note` where it is only worth knowing."""
    message: str
    """The headline: stands alone, lower case, no full stop."""
    operator: int | None = None
    """Number of the operator in the file, from 0."""
    tensor: str | None = None
    layer: str | None = None
    """The layer of the manifest."""
    source: str | None = None
    """`FILE:LINE:COLUMN` of that layer in the spec."""
    expected: str | None = None
    found: str | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None

    @property
    def diagnostic(self) -> Diagnostic:
        """The same for people."""
        place = []
        if self.operator is not None:
            place.append(f"operator {self.operator}")
        if self.tensor is not None:
            # The converter joins the names of all that it fused.
            place.append(f"tensor `{self.tensor.split(';')[0]}`")
        if self.layer is not None:
            place.append(f"layer `{self.layer}`")
        if self.source is not None:
            place.append(self.source)
        notes = [f"at {', '.join(place)}"] if place else []
        if self.expected is not None or self.found is not None:
            notes.append(f"expected {self.expected or 'nothing'}, found {self.found or 'nothing'}")
        return Diagnostic(
            self.code, self.level, self.message, notes=(*notes, *self.notes), help=self.help
        )


class Verification(NamedTuple):
    """What came of holding a model against a manifest."""

    model: str
    """Name of the model file."""
    kind: Literal["tflite", "onnx", "keras", "h5"]
    network: str
    """Name of the network of the manifest."""
    summary: str
    """What the file holds: `13 operators, 102,816 bytes, ...`."""
    differences: tuple[Difference, ...]
    compared: tuple[str, ...]
    """What was checked against what."""
    left_out: tuple[str, ...]
    """What was not, and why."""

    @property
    def failed(self) -> bool:
        """Whether any difference matters."""
        return any(difference.level == "error" for difference in self.differences)


class Findings:
    """Differences under collection, and what was compared."""

    def __init__(self, manifest: dict[str, Any], limit: int) -> None:
        self.rows: dict[str, dict[str, Any]] = {row["name"]: row for row in manifest["layers"]}
        self.differences: list[Difference] = []
        self.compared: list[str] = []
        self.left_out: list[str] = []
        self.limit = limit
        self.manifest = manifest
        self.unrelated = False
        """Whether the file is of another network altogether."""

    def add(
        self,
        code: Code,
        message: str,
        *,
        level: Level = "error",
        operator: int | None = None,
        tensor: str | None = None,
        layer: str | None = None,
        expected: object = None,
        found: object = None,
        notes: Iterable[str] = (),
        help: str | None = None,
    ) -> None:
        self.differences.append(
            Difference(
                code.name,
                level,
                message,
                operator,
                tensor,
                layer,
                self.place(layer),
                None if expected is None else str(expected),
                None if found is None else str(found),
                tuple(notes),
                help,
            )
        )

    def another(
        self,
        code: Code,
        why: str,
        inputs: Iterable[Iterable[int] | None],
        outputs: Iterable[Iterable[int] | None],
    ) -> None:
        """Say in one sentence that the file is of another network, in place of all else.

        Args:
            code: of the diagnostic.
            why: how little of it is the same.
            inputs: of the file; shapes without the batch, None where a size is open.
            outputs: of the file.
        """
        self.differences.clear()
        self.compared.clear()
        self.left_out[:] = ["everything else: it is another network"]
        self.unrelated = True
        manifest = self.manifest
        self.add(
            code,
            f"it is another network than `{manifest['model']['name']}`: {why}",
            expected=_ends(
                [r["shape"] for r in manifest["inputs"]], [r["shape"] for r in manifest["outputs"]]
            ),
            found=_ends(inputs, outputs),
            help="give the manifest of this network, or the model that was made of this manifest",
        )

    def place(self, layer: str | None) -> str | None:
        """Where a layer stands in the spec."""
        row = self.rows.get(layer) if layer is not None else None
        if row is None or row["source"] is None:  # of a model there are no lines
            return None
        source = row["source"]
        return f"{source['file']}:{source['line']}:{source['column']}"

    @property
    def failed(self) -> bool:
        return any(difference.level == "error" for difference in self.differences)

    def verification(
        self, name: str, kind: Literal["tflite", "onnx", "keras", "h5"], summary: str
    ) -> Verification:
        """What came of it, for a file of some name and kind."""
        compared, left_out = tuple(self.compared), tuple(self.left_out)
        network = self.manifest["model"]["name"]
        return Verification(name, kind, network, summary, self.listed(), compared, left_out)

    def listed(self) -> tuple[Difference, ...]:
        """The differences, those that matter first, at most ``limit`` of each level; what differs
        in the same way at several places is one."""
        shown: list[Difference] = []
        for level in ("error", "note"):
            same = _together([found for found in self.differences if found.level == level])
            shown += same[: self.limit]
            if len(same) > self.limit:
                more = f"{len(same) - self.limit:,} more differences are not listed"
                help = "see them with `--limit errors=N`"
                shown.append(Difference(LIMIT.name, same[0].level, more, help=help))
        return tuple(shown)


def _together(differences: Iterable[Difference]) -> list[Difference]:
    """Differences that are equal but for their place as one, which names the others."""
    groups: dict[Difference, list[Difference]] = {}
    for found in differences:
        alike = found._replace(operator=None, tensor=None, layer=None, source=None)
        groups.setdefault(alike, []).append(found)
    made = []
    for first, *rest in groups.values():
        if not rest:
            made.append(first)
            continue
        places = [
            f"`{one.layer or one.tensor}`"
            if one.operator is None or one.layer
            else f"operator {one.operator}"
            for one in rest[:_LISTED]
            if (one.layer, one.tensor, one.operator) != (None, None, None)
        ]
        shown = ", ".join(places) + (", ..." if rest[_LISTED:] and places else "")
        note = f"{len(rest)} more like it" + (f": {shown}" if shown else "")
        made.append(first._replace(notes=(note, *first.notes)))
    return made


def _ends(inputs: Iterable[Iterable[int] | None], outputs: Iterable[Iterable[int] | None]) -> str:
    sides = [
        " and ".join("an open size" if shape is None else shape_text(shape) for shape in side)
        for side in (inputs, outputs)
    ]
    return f"{sides[0]} to {sides[1]}"
