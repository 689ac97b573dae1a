"""The machine-readable `*_c_info.json` of ST Edge AI Core.

One format, `json_schema_version` 2.0, from several commands (ST, "c_info.json code-generation
output report", 2.2.0): `analyze` and `generate` write memory pools and the graph of epochs,
`validate` on a board adds or writes timings and errors. Every part may be absent.
"""

from typing import Any, NamedTuple

from archc.models.stedgeai.board import Board, Metric, Node
from archc.models.stedgeai.layout import Epoch, EpochKind, strange
from archc.models.stedgeai.memory import Pool, Size
from archc.models.stedgeai.report import NOTHING, Model, Report, option
from archc.models.stedgeai.table import Pair
from archc.source import Source

SCHEMA = "2.0"
TOOL = "ST.EdgeAI.Core"
COMPILER = "ATONN Compiler"

_KINDS: dict[str, EpochKind] = {
    "NODE_HW": "hw",
    "NODE_EC": "ec",
    "NODE_SW": "sw",
    "NODE_SW_HW": "hybrid",
}
"""`mapping` of an epoch. Sources: network_c_info.json of NetanelUnger/N6_tof (4.0.1), beside the
report that calls the same epochs HW, SW and Hybrid; of ginodecock/fall-guard-pe (2.1.0), whose
report calls them EC and `??`."""
_NOWHERE = "NODE_NO_X"
"""`mapping` of what is not run, such as parameters; the report does not list such epochs."""
_IDLE = frozenset({"Param", "Return"})
"""What epochs hold that older versions map somewhere, though the report does not list them."""


class InfoPool(NamedTuple):
    """A memory. Those made of others, and those of the C code's own, are left out."""

    name: str
    capacity: int
    used: int
    start: int | None = None
    weights: int = 0
    """Of what is used, the part that parameters take."""


class Timing(NamedTuple):
    """What one epoch took on the board."""

    cycles: int
    milliseconds: float


class Compiled(NamedTuple):
    """An epoch as the compiler made it."""

    id: int
    operators: tuple[str, ...]
    """The ONNX operators that it computes."""
    shape: tuple[int, ...] | None
    """Of its first result, the batch included; None where the info does not say."""
    cycles: int | None
    """What it takes by the compiler's own model, which is of memories and arrays alone."""


class Info(NamedTuple):
    """What an info says. Tuples are empty and others None where it does not."""

    source: str
    """The file it was read from."""
    version: str
    build: str
    arguments: str
    compiler: str | None
    model: str
    model_file: str | None
    model_format: str
    model_hash: str | None
    model_params: int
    model_bytes: int
    device: str | None
    pools: tuple[InfoPool, ...]
    placed: tuple[int, int] | None
    """Bytes of weights and of activations on the device."""
    epochs: tuple[Epoch, ...]
    compiled: tuple[Compiled, ...]
    """The same epochs, of graphs that say what they compute."""
    timings: tuple[Timing, ...]
    metrics: tuple[Metric, ...]


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
    tools = {tool.text("name"): tool for tool in environment.parts("tools")}
    if TOOL not in tools:
        raise strange(source, f"does not name `{TOOL}` among its tools")
    tool = tools[TOOL]
    model = tool.part("input_model")
    files = model.parts("model_files")
    version, _, build = tool.text("version").partition("-")
    return Info(
        source.name,
        version,
        build,
        tool.text("arguments"),
        tools[COMPILER].text("version").split(" ")[0] if COMPILER in tools else None,
        model.text("name"),
        files[0].text("name") if files else None,
        model.text("type"),
        files[0].text("signature") if files else None,
        model.count("n_params"),
        model.count("size"),
        environment.text("device") if environment.has("device") else None,
        _pools(top),
        _placed(top),
        tuple(
            epoch
            for graph in top.parts("graphs")
            for node in graph.parts("nodes")
            if (epoch := _epoch(node)) is not None
        ),
        _compiled(top),
        _timings(top),
        tuple(
            Metric(
                metric.text("desc") if metric.has("desc") else "",
                metric.real("cos"),
                metric.real("rmse") if metric.has("rmse") else None,
                metric.real("mean") if metric.has("mean") else None,
                _accuracy(metric),
            )
            for metric in (
                top.part("validation").parts("val_metrics") if top.has("validation") else ()
            )
        ),
    )


def _accuracy(metric: "_Part") -> str | None:
    said = metric.value.get("acc")
    return said if isinstance(said, str) and said != "n.a." else None


def _pools(top: "_Part") -> tuple[InfoPool, ...]:
    params: dict[int, int] = {}
    for buffer in top.parts("buffers"):
        if buffer.value.get("is_param") is True and buffer.has("mpool_id"):
            place = buffer.count("mpool_id")
            params[place] = params.get(place, 0) + buffer.count("size_bytes")
    found = []
    for pool in top.parts("memory_pools"):
        if pool.items("subpools") or pool.value.get("size_bytes") == -1:
            continue  # made of others; or a C array, which has no place
        used = pool.count("used_size_bytes")
        address = pool.value.get("address")
        placed = isinstance(address, str) and address.isdecimal() and len(address) < 20
        weights = min(used, params.get(pool.count("id"), 0)) if pool.has("id") else 0
        if pool.value.get("rights") == "ACC_READ":
            weights = used  # alignment between parameters included
        start = int(str(address)) if placed else None
        found.append(InfoPool(pool.text("name"), pool.count("size_bytes"), used, start, weights))
    return tuple(found)


def _placed(top: "_Part") -> tuple[int, int] | None:
    """Weights and activations as the tool sums them up."""
    if not top.has("memory_footprint"):
        return None
    footprint = top.part("memory_footprint")
    return footprint.count("weights"), footprint.count("activations")


def _timings(top: "_Part") -> tuple[Timing, ...]:
    """The times of epochs; of a network that the CPU runs, of its nodes."""
    found = [
        Timing(timing.count("cycles"), timing.real("duration_ms"))
        for timing in top.parts("aton_execution_time")
    ]
    if not found:
        nodes = [node for graph in top.parts("graphs") for node in graph.parts("nodes")]
        timed = [node.part("exec_time") for node in nodes if node.value.get("exec_time")]
        found = [Timing(one.count("cycles"), one.real("duration_ms")) for one in timed]
    return tuple(found)


def _compiled(top: "_Part") -> tuple[Compiled, ...]:
    """The epochs that are run, with what they make and cost."""
    nodes = [node for graph in top.parts("graphs") for node in graph.parts("nodes")]
    epochs = [(node, epoch) for node in nodes if (epoch := _epoch(node)) is not None]
    if not epochs:
        return ()
    shapes = {
        buffer.count("id"): buffer.counts("shape")
        for buffer in top.parts("buffers")
        if buffer.has("id") and buffer.has("shape")
    }
    cycles = {
        price.count("node_id"): price.count("max_cycles") for price in top.parts("power_estimates")
    }
    return tuple(
        Compiled(
            epoch.id,
            tuple(_operation(part) for part in node.parts("subgraph_nodes")),
            next((shapes[one] for one in node.counts("outputs") if one in shapes), None),
            cycles.get(node.count("id")) if node.has("id") else None,
        )
        for node, epoch in epochs
    )


def _epoch(node: "_Part") -> Epoch | None:
    """A node of the outer graph, if it is an epoch that is run."""
    name, mapping = node.text("name"), node.text("mapping")
    prefix, _, digits = name.rpartition("_")
    if prefix != "epoch" or mapping == _NOWHERE:
        return None
    if mapping not in _KINDS or not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise node.strange(f"is epoch `{name[:40]}` with the mapping `{mapping[:40]}`")
    inner = [_operation(part) for part in node.parts("subgraph_nodes")]
    if inner and set(inner) <= _IDLE:
        return None
    kind = _KINDS[mapping]
    return Epoch(int(digits), kind, "" if kind in ("hw", "ec") else ", ".join(inner))


def _operation(part: "_Part") -> str:
    """The ONNX operator of an inner node: its `type`, or `Node kind=X` in older versions."""
    if part.has("type"):
        return part.text("type")
    return part.text("description").removeprefix("Node kind=")


def as_report(info: Info) -> Report:
    """An info as a report, for what both of them say."""
    command = info.arguments.split(" ", 1)[0]
    npu = bool(info.epochs) or "--st-neural-art" in info.arguments
    target = option(info.arguments, "--target") or ("stm32n6" if npu else "not named")
    profile = option(info.arguments, "--st-neural-art")
    ms = sum(timing.milliseconds for timing in info.timings)
    on_device = info.device is not None and "stm32" in info.device.lower()
    nodes = tuple(
        Node(f"epoch {place}", "epoch", timing.milliseconds)
        for place, timing in enumerate(info.timings, 1)
    )
    measured = Board(ms, None, None, None, info.device, (), nodes)
    compiled = bool(info.epochs) and info.placed is not None
    return Report(
        info.source,
        info.version,
        info.build,
        command if command in ("analyze", "generate", "validate") else "generate",
        target,
        npu,
        profile.partition("@")[0] if profile else None,
        info.compiler,
        Model(
            info.model,
            info.model_file,
            info.model_format or None,
            None,
            info.model_hash,
            info.model_params,
        ),
        (),
        (),
        (),
        NOTHING,
        (),
        Pair(info.model_bytes, None),
        Size(info.placed[0]) if compiled and info.placed else None,
        Size(info.placed[1]) if compiled and info.placed else None,
        tuple(
            Pool(
                pool.name,
                pool.start,
                pool.capacity,
                Size(pool.used),
                Size(pool.weights),
                Size(pool.used - pool.weights),
            )
            for pool in sorted(info.pools, key=lambda pool: pool.start or 0)
            if pool.start is not None
        ),
        info.epochs or None,
        sum(epoch.kind in ("hw", "ec") for epoch in info.epochs) if info.epochs else None,
        (measured,) if info.timings and on_device else (),
        info.metrics,
        (),
    )


class _Part:
    """An object of the document, read by name and type; knows its place for messages."""

    def __init__(self, source: Source, place: str, value: object) -> None:
        self.source = source
        self.place = place
        if not isinstance(value, dict):
            raise self.strange("is not an object", value)
        self.value: dict[str, Any] = value

    def strange(self, what: str, value: object = None) -> Exception:
        quoted = "" if value is None else f": it is `{_quoted(value)}`"
        line = 1 if self.place == "$" else None
        return strange(
            self.source, f"is not of the known form: `{self.place}` {what}{quoted}", line
        )

    def has(self, name: str) -> bool:
        return name in self.value

    def text(self, name: str) -> str:
        value = self.value.get(name)
        if not isinstance(value, str):
            raise self.strange(f"has no text `{name}`", value)
        return value

    def count(self, name: str) -> int:
        value = self.value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise self.strange(f"has no count `{name}`", value)
        return value

    def counts(self, name: str) -> tuple[int, ...]:
        values = self.items(name)
        for value in values:
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
                raise self.strange(f"has no counts `{name}`", value)
        return tuple(values)

    def real(self, name: str) -> float:
        value = self.value.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e18:
            raise self.strange(f"has no number `{name}`", value)
        return float(value)

    def part(self, name: str) -> "_Part":
        return _Part(self.source, f"{self.place}.{name}", self.value.get(name))

    def items(self, name: str) -> list[Any]:
        value = self.value.get(name, [])
        if not isinstance(value, list):
            raise self.strange(f"has no list `{name}`", value)
        return value

    def parts(self, name: str) -> "list[_Part]":
        return [
            _Part(self.source, f"{self.place}.{name}[{index}]", item)
            for index, item in enumerate(self.items(name))
        ]


def _quoted(value: object) -> str:
    """A value of the document, short, on one line."""
    import json

    from archc.diagnostics.text import printable

    shown = printable(json.dumps(value)[:200])
    return shown if len(shown) <= 60 else shown[:57] + "..."
