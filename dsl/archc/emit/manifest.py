"""The manifest: the profile of one network as JSON, in the order of its published schema."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from archc.analysis.budgets import Budget
from archc.analysis.figures import LISTED, TOTALS, nested
from archc.analysis.lowering.signature import inputs_listed, outputs_listed
from archc.analysis.profile import Footprint, Profile, Row, Timed
from archc.analysis.tflite_micro import Micro
from archc.emit.marker import LANGUAGE_VERSION, SCHEMA_FILE, SCHEMA_ID, SCHEMA_VERSION
from archc.ir.graph import Graph, Node
from archc.plain import picked, plain
from archc.sema.callees import Callee
from archc.source import Source, Span
from archc.typed import TYPE_CHECKING, Any, NamedTuple
from archc.values import Items, show

if TYPE_CHECKING:
    from archc.targets.pools import PoolUse

LINE = 100
"""Columns up to which an object or array is written on one line."""

ROWS = frozenset({"sequence", "plan", "timeline", "epochs", "buffers"})
"""Keys of long lists, of which every item is written on one line, however long."""


class Identity(NamedTuple):
    """Which network it is, and of which texts it was made."""

    name: str
    base: str | None
    parameters: tuple[tuple[str, str], ...]
    """Exact texts by name, in order of declaration; see `parameter_text`."""
    source: str
    """The name of the spec that declares it."""
    source_digest: str
    """See `source_digest`."""
    language_version: str = LANGUAGE_VERSION
    """The first version of the language that has all that its texts have."""


class Judgement(NamedTuple):
    """What a target says of a network."""

    target: str
    verdict: str
    findings: "Sequence[Any]"
    """Each with what `_FINDING` names: those of a spec, a Keras model or a file."""
    io: str = "float32"
    """The type of inputs and outputs on the device."""
    pools: "Sequence[PoolUse]" = ()
    """What would lie in the memories of the board."""


def manifest(
    identity: Identity,
    graph: Graph,
    profile: Profile,
    judgement: Judgement | None = None,
    budgets: Iterable[Budget] = (),
) -> dict[str, Any]:
    """The manifest of a network as plain data, keys in the order of the schema."""
    io = judgement.io if judgement else "float32"
    return {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "language_version": identity.language_version,
        "model": {
            **picked(identity, "name base"),
            "parameters": dict(identity.parameters),
            **picked(identity, "source source_digest"),
        },
        "target": judgement
        and {
            "name": judgement.target,
            "verdict": judgement.verdict,
            "findings": [picked(finding, _FINDING) for finding in judgement.findings],
        },
        "inputs": _numbered(
            [_tensor(graph.nodes[index], io) for index in graph.inputs], inputs_listed(graph)
        ),
        "outputs": _numbered(
            [
                _tensor(graph.nodes[index], io, name)
                for index, name in zip_longest(graph.ends, graph.names)
            ],
            outputs_listed(graph),
        ),
        "roundings": [
            {**picked(note, "where requested effective divisor"), "line": note.span.line}
            for note in graph.roundings
        ],
        "budgets": [picked(budget, "name limit actual passed") for budget in budgets],
        "layers": layers(profile.layers),
        "skips": [picked(note, "where taken reason") for note in graph.skips],
        "deployed": _deployed(profile.deployed, judgement.pools if judgement else ()),
        "totals": nested(TOTALS, profile.totals),
    }


def _tensor(node: Node, io: str, name: str | None = None) -> dict[str, Any]:
    """An input or output: of one with a name of its own also the layer that makes it."""
    named = {"name": node.name} if name is None else {"name": name, "layer": node.name}
    return {**named, "shape": list(node.shape), "dtype": io}


def _numbered(tensors: list[dict[str, Any]], listed: list[int] | None) -> list[dict[str, Any]]:
    """Several inputs or outputs, each with its place in the file, where that is known."""
    if len(tensors) > 1 and listed is not None:
        for index, place in enumerate(listed):
            tensors[place]["index"] = index
    return tensors


_FINDING = "code level layer message remedy source confidence"
"""What of a finding the manifest holds."""


def layers(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The entries of layers."""
    places: dict[Span, dict[str, Any]] = {}

    def place(span: Span) -> dict[str, Any]:
        known = places.get(span)
        if known is None:
            line, column = span.source.position(span.start)
            known = places[span] = {"file": span.source.name, "line": line, "column": column}
        return known

    return [
        {
            "name": row.name,
            "class_name": row.class_name,
            "stage": row.stage,
            "block": row.block,
            "repeat": row.repeat,
            "inputs": list(row.inputs),
            "output_shape": None if row.output_shape is None else list(row.output_shape),
            **nested(LISTED, row.figures),
            "supported": row.supported,
            "source": {**place(row.origin[0].span)} if row.origin else None,
            "origin": [{"name": via.name, **place(via.span)} for via in row.origin[1:]],
        }
        for row in rows
    ]


def _deployed(deployed: Footprint, pools: "Iterable[PoolUse]") -> dict[str, Any]:
    memory = deployed.memory
    plan, starts, ends = [], {}, {}  # type: ignore[var-annotated]
    for number, tensor in enumerate(memory.tensors):
        starts.setdefault(tensor.first, []).append(number)
        ends.setdefault(tensor.last, []).append(number)
        plan.append(
            {
                "layer": deployed.owners[number],
                "kind": tensor.kind,
                "bytes": tensor.bytes,
                "offset": memory.offsets[number],
                "first": tensor.first,
                "last": tensor.last,
            }
        )
    return {
        **picked(deployed, "precision operators weight_bytes peak_activation_bytes peak_at"),
        "peak": {
            "step": memory.peak.at,
            "alive": [
                number
                for number, tensor in enumerate(memory.tensors)
                if tensor.first <= (memory.peak.at or 0) <= tensor.counted
                and (tensor.kind == "activation" or memory.peak.at is None)
            ],
        },
        "sequence": plain(deployed.sequence),
        **picked(deployed, "order constant_bytes arena_bytes"),
        "arena": {"lower_bound": memory.lower_bound, "plan": plan},
        "tflite_micro": _tflite_micro(deployed.micro),
        "timeline": [
            {
                "step": step,
                "activation_bytes": moment.activation_bytes,
                "arena_bytes": moment.arena_bytes,
                "starts": starts.get(step, []),
                "ends": ends.get(step, []),
            }
            for step, moment in enumerate(memory.timeline)
        ],
        "pools": [
            {
                **picked(pool, "name holds external bytes used"),
                "headroom": pool.bytes - pool.used,
                "estimate": pool.estimate,
            }
            for pool in pools
        ],
        "latency": deployed.timed
        and latency(deployed.timed, lambda op: deployed.sequence[op].layers),
        "placement": _placement(deployed),
        "unknown": plain(deployed.unknown),
        "shortcuts": plain(deployed.shortcuts),
        "untrained": plain(deployed.untrained),
    }


def latency(timed: Timed, layers: Callable[[int], Iterable[str]]) -> dict[str, Any]:
    """The entry of an estimated time; ``layers`` gives the names behind a deployed operator."""
    estimate, timing = timed
    grade = estimate.grade
    known = grade.band is not None
    return {
        "grade": grade.name,
        "microseconds": estimate.microseconds,
        "least": estimate.least,
        "most": estimate.most,
        "why": list(grade.why),
        "evidence": timing.bands[grade.band].evidence if grade.band is not None else None,
        "version": timing.version,
        "calibration": timing.calibration,
        "epochs": [
            {
                "kind": epoch.kind,
                "operators": list(epoch.ops),
                "layers": list(dict.fromkeys([name for op in epoch.ops for name in layers(op)])),
                "nanoseconds": epoch.nanoseconds if known else None,
                "reason": epoch.reason,
            }
            for epoch in estimate.epochs
        ],
    }


def _placement(deployed: Footprint) -> dict[str, Any] | None:
    layout = deployed.layout
    if layout is None:
        return None
    return {
        **picked(layout, "internal_bytes external_bytes flash_bytes"),
        "buffers": [
            {
                "operator": buffer.op if buffer.op >= 0 else None,
                "what": buffer.what,
                "bytes": buffer.bytes,
                "first": buffer.first,
                "last": buffer.last,
                "offset": buffer.offset,
                "pools": list(buffer.pools),
            }
            for buffer in layout.buffers
        ],
    }


def _tflite_micro(micro: Micro) -> dict[str, Any]:
    arena = micro.arena
    return {
        "build": micro.build,
        "activations": arena and arena.activations,
        "persistent": arena and arena.persistent,
        "total": arena and arena.total,
        "smallest_working": arena and arena.smallest_working,
        "unsupported": list(micro.unsupported),
    }


def parameter_text(value: object) -> str:
    """The exact text of a parameter's value: `22.4`, `1/3`, `ir(expansion = 4)`, `{ relu }`, or a
    list of such."""
    if isinstance(value, Items):
        return f"[{', '.join(map(parameter_text, value.items))}]"
    if not isinstance(value, Callee):
        return show(value)
    if value.kind == "braces":
        lines = value.target.span.text.split("\n")
        return " ".join(" ".join(line.split("#")[0] for line in lines).split())
    bound = [f"{name} = {parameter_text(given.value)}" for name, given in value.bound.items()]
    return f"{value.name}({', '.join(bound)})" if bound else value.name


def source_digest(sources: Iterable[Source]) -> str:
    """A digest of names and texts, line ends normalised, whatever the order they were read in."""
    from archc.digest import sha256

    digest = sha256()
    for name, text in sorted((source.name, source.text) for source in sources):
        for part in (name, text):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return f"sha256:{digest.hexdigest()}"


def render(document: dict[str, Any]) -> str:
    """A manifest as JSON text: keys in their order, what fits on one line on one line."""
    try:
        from _json import encode_basestring  # what `json.encoder` has, without all of `json`
    except ImportError:
        from json.encoder import encode_basestring

    text = _Printer(encode_basestring).lines(document, "", 0) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, as a file name can hold
        from json.encoder import encode_basestring_ascii

        text = _Printer(encode_basestring_ascii).lines(document, "", 0) + "\n"
    return text


class _Printer:
    """JSON of plain data without floats. `json` writes all on one line or nothing."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        self._quote = quote

    def line(self, value: Any) -> str:
        """A value on one line."""
        if isinstance(value, str):
            return self._quote(value)
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, list):
            return f"[{', '.join(map(self.line, value))}]"
        if isinstance(value, dict):
            items = (f"{self._quote(key)}: {self.line(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        raise TypeError(f"not plain data of a manifest: {value!r}")

    def lines(self, value: Any, indent: str, used: int, rows: bool = False) -> str:
        """A value; ``used`` is how much of its first line is taken before and after it, ``rows``
        whether it is a list with one item a line."""
        if not isinstance(value, dict | list) or not value:
            return self.line(value)
        parts = value.values() if isinstance(value, dict) else value
        if not any(isinstance(part, dict) for part in parts):
            line = self.line(value)
            if used + len(line) <= LINE:
                return line
        inner = indent + "  "
        start, end = "{", "}"
        if isinstance(value, list):
            items = [
                self.line(item) if rows else self.lines(item, inner, len(inner) + 1)
                for item in value
            ]
            start, end = "[", "]"
        else:
            items = []
            for key, item in value.items():
                head = f"{self._quote(key)}: "
                taken = len(inner) + len(head) + 1
                items.append(head + self.lines(item, inner, taken, key in ROWS))
        body = ",\n".join(inner + item for item in items)
        return f"{start}\n{body}\n{indent}{end}"


def validate(document: object) -> None:
    """Check a manifest against the published schema.

    Raises:
        ValueError: it does not satisfy it; the message names the place.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(document))
    if error is not None:
        raise ValueError(f"{error.json_path}: {error.message}")
    where = _float(document, "$")  # JSON Schema takes 1.0 for an integer
    if where:
        raise ValueError(f"{where}: a float where an integer is needed")


def _validator() -> Any:
    """What holds a document to the schema; made once, since a test makes thousands of checks."""
    if not _validators:
        import json

        from jsonschema import Draft202012Validator

        with open(SCHEMA_FILE, encoding="utf-8") as file:
            _validators.append(Draft202012Validator(json.load(file)))
    return _validators[0]


_validators: list[Any] = []


def _float(value: object, where: str) -> str | None:
    """The place of a float in plain data, or None."""
    if isinstance(value, float):
        return where
    items: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        items = ((f".{key}", item) for key, item in value.items())
    elif isinstance(value, list):
        items = ((f"[{index}]", item) for index, item in enumerate(value))
    for part, item in items:
        found = _float(item, f"{where}{part}")
        if found:
            return found
    return None
