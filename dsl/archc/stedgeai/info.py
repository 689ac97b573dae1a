"""The machine-readable `*_c_info.json` of ST Edge AI Core.

One format, `json_schema_version` 2.0, from several commands (ST, "c_info.json code-generation
output report", 2.2.0): `analyze` and `generate` write memory pools and the graph of epochs,
`validate` on a board adds or writes timings and errors. Every part may be absent.
"""

from typing import Any, NamedTuple

from archc.source import Source
from archc.stedgeai.layout import Epoch, EpochKind, strange

SCHEMA = "2.0"
TOOL = "ST.EdgeAI.Core"

_KINDS: dict[str, EpochKind] = {"NODE_HW": "hw", "NODE_SW": "sw", "NODE_SW_HW": "hybrid"}
"""`mapping` of an epoch. Source: network_c_info.json of NetanelUnger/N6_tof (4.0.1), beside the
report that calls the same epochs HW, SW and Hybrid."""
_NOWHERE = "NODE_NO_X"
"""`mapping` of what is not run, such as parameters; the report does not list such epochs."""


class InfoPool(NamedTuple):
    """A memory. Those made of others are left out."""

    name: str
    capacity: int
    used: int


class Timing(NamedTuple):
    """What one epoch took on the board."""

    cycles: int
    milliseconds: float


class Info(NamedTuple):
    """What an info says. Tuples are empty and others None where it does not."""

    version: str
    arguments: str
    model: str
    model_file: str | None
    model_format: str
    model_hash: str | None
    model_params: int
    model_bytes: int
    device: str | None
    pools: tuple[InfoPool, ...]
    epochs: tuple[Epoch, ...]
    timings: tuple[Timing, ...]
    cosine: tuple[float, ...]
    """Similarity of each output on the board to the reference, 1 if equal."""


def read_info(source: Source) -> Info:
    """Read an info.

    Raises:
        Rejected: it is not JSON, or not of the form that is known.
    """
    import json

    try:
        document = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise strange(source, "is not JSON" if source.text.strip() else "is empty", line) from None
    top = _Part(source, "$", document)
    schema = top.text("json_schema_version")
    if schema != SCHEMA:
        raise strange(source, f"has `json_schema_version` {schema[:40]!r}, not {SCHEMA!r}")
    environment = top.part("environment")
    tool = next(
        (tool for tool in environment.parts("tools") if tool.text("name") == TOOL),
        None,
    )
    if tool is None:
        raise strange(source, f"does not name `{TOOL}` among its tools")
    model = tool.part("input_model")
    files = model.parts("model_files")
    return Info(
        tool.text("version").partition("-")[0],
        tool.text("arguments"),
        model.text("name"),
        files[0].text("name") if files else None,
        model.text("type"),
        files[0].text("signature") if files else None,
        model.count("n_params"),
        model.count("size"),
        environment.text("device") if environment.has("device") else None,
        tuple(
            InfoPool(pool.text("name"), pool.count("size_bytes"), pool.count("used_size_bytes"))
            for pool in top.parts("memory_pools")
            if not pool.items("subpools")
        ),
        tuple(
            epoch
            for graph in top.parts("graphs")
            for node in graph.parts("nodes")
            if (epoch := _epoch(node)) is not None
        ),
        tuple(
            Timing(timing.count("cycles"), timing.real("duration_ms"))
            for timing in top.parts("aton_execution_time")
        ),
        tuple(
            metric.real("cos")
            for metric in (
                top.part("validation").parts("val_metrics") if top.has("validation") else ()
            )
        ),
    )


def _epoch(node: "_Part") -> Epoch | None:
    """A node of the outer graph, if it is an epoch that is run."""
    name, mapping = node.text("name"), node.text("mapping")
    prefix, _, digits = name.rpartition("_")
    if prefix != "epoch" or mapping == _NOWHERE:
        return None
    if mapping not in _KINDS or not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise node.strange(f"is epoch `{name[:40]}` with the mapping `{mapping[:40]}`")
    kind = _KINDS[mapping]
    inner = [] if kind == "hw" else [part.text("type") for part in node.parts("subgraph_nodes")]
    return Epoch(int(digits), kind, ", ".join(inner))


class _Part:
    """An object of the document, read by name and type; knows its place for messages."""

    def __init__(self, source: Source, place: str, value: object) -> None:
        self.source = source
        self.place = place
        if not isinstance(value, dict):
            raise self.strange("is not an object")
        self.value: dict[str, Any] = value

    def strange(self, what: str) -> Exception:
        return strange(self.source, f"is not of the known form: `{self.place}` {what}")

    def has(self, name: str) -> bool:
        return name in self.value

    def text(self, name: str) -> str:
        value = self.value.get(name)
        if not isinstance(value, str):
            raise self.strange(f"has no text `{name}`")
        return value

    def count(self, name: str) -> int:
        value = self.value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise self.strange(f"has no count `{name}`")
        return value

    def real(self, name: str) -> float:
        value = self.value.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e18:
            raise self.strange(f"has no number `{name}`")
        return float(value)

    def part(self, name: str) -> "_Part":
        return _Part(self.source, f"{self.place}.{name}", self.value.get(name))

    def items(self, name: str) -> list[Any]:
        value = self.value.get(name, [])
        if not isinstance(value, list):
            raise self.strange(f"has no list `{name}`")
        return value

    def parts(self, name: str) -> "list[_Part]":
        return [
            _Part(self.source, f"{self.place}.{name}[{index}]", item)
            for index, item in enumerate(self.items(name))
        ]
