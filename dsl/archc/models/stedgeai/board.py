"""What `validate` measured: the time of an inference, by node, and how close the results are."""

import re
from typing import NamedTuple

from archc.models.stedgeai.console import Lines


class Node(NamedTuple):
    """A step of the inference as it was timed."""

    name: str
    kind: str
    """Such as `epoch` or `epoch (SW)`."""
    ms: float
    """Mean over the samples."""


class Board(NamedTuple):
    """A measurement of one network on one device."""

    ms: float
    """Milliseconds of an inference, the mean over the samples."""
    fastest: float | None
    slowest: float | None
    samples: int | None
    device: str | None
    """As the tool describes it, with its clocks in MHz: `... @800/400MHz`."""
    clocks: tuple[tuple[str, int], ...]
    """In MHz: `mcu_freq`, `npu_freq` and so on."""
    nodes: tuple[Node, ...]


class Metric(NamedTuple):
    """How close one output on the device is to the reference."""

    name: str
    cosine: float | None
    """1 if equal."""
    rmse: float | None
    mean_error: float | None
    accuracy: str | None
    """Share of equal classes, as the tool prints it; None where it is not computed."""


_DURATION = re.compile(r"duration : ([0-9.]+) ms by sample \(([0-9.]+)/([0-9.]+)/([0-9.]+)\)")
_NODE = re.compile(
    r"(?:[0-9]+|n/a) \S+ (\S.*?) ([0-9]+\.[0-9]+) [0-9.]+% [0-9.]+%"
    r"(?: \[ ?[0-9, ]+ ?\])?(?: (\S.*))?"
)


def board(run: Lines) -> Board | None:
    """What was measured on a device; None if nothing was, or on the host alone."""
    start = run.find("ST.AI Profiling results")
    if start is None:
        return None
    target = any("mode=TARGET" in line.text for line in run.lines[:start])
    at = start
    samples: int | None = None
    times: tuple[float, ...] = ()
    rules = 0
    while rules < 2:
        at = run.next(at)
        text = run.flat(at)
        if run.is_rule(at):
            rules += 1
        elif text.startswith("nb sample(s) : "):
            samples = run.count(text.rpartition(" ")[2], at)
        elif text.startswith("duration :"):
            found = _DURATION.fullmatch(text)
            if not found:
                raise run.strange("has a duration of another form", at)
            times = tuple(run.real(found[i], at) for i in (1, 2, 3))
    if not times:
        raise run.strange("has no `duration` among its profiling results", at)
    nodes = _nodes(run, at, times[0])
    if not target:
        return None  # "indications" of the host, says the tool itself
    device, clocks = _device(run)
    return Board(times[0], times[1], times[2], samples, device, clocks, nodes)


def _device(run: Lines) -> tuple[str | None, tuple[tuple[str, int], ...]]:
    described = run.find("device.desc ")
    attributes = run.find("device.attrs ")
    device = None if described is None else run.flat(described).partition(" : ")[2]
    found = (
        re.findall(r"(\w{1,20}_freq)=([0-9]{1,6})MHz", run.flat(attributes)) if attributes else ()
    )
    return device or None, tuple((name, int(mhz)) for name, mhz in found)


def _nodes(run: Lines, at: int, duration: float) -> tuple[Node, ...]:
    """The table of nodes, if there is one. Its sum has to be the duration."""
    start = run.find("Inference time per node")
    if start is None or start < at:
        return ()
    nodes: list[Node] = []
    at = start
    rules = 0
    while True:
        at = run.next(at)
        text = run.flat(at)
        if run.is_rule(at):
            rules += 1
        elif text.startswith("total "):
            break
        elif rules >= 2:
            found = _NODE.fullmatch(text)
            if not found:
                raise run.strange("has a time of a node of another form", at)
            nodes.append(Node((found[3] or "").strip(), found[1], run.real(found[2], at)))
    total = run.real(text.split(" ")[1], at)
    slack = 0.0006 * (len(nodes) + 1)
    if abs(total - sum(node.ms for node in nodes)) > slack or abs(total - duration) > slack:
        raise run.strange("contradicts itself: times of the nodes and their total", at)
    return tuple(nodes)


def metrics(run: Lines) -> tuple[Metric, ...]:
    """The rows of the evaluation; empty if there is none."""
    start = run.find("Evaluation report (summary)")
    if start is None:
        return ()
    at = run.next(run.next(start))
    names = run.flat(at).split(" ")
    if names[:1] != ["Output"] or names[-1:] != ["tensor"]:
        raise run.strange("has an evaluation with other columns", at)
    at = run.next(at)
    if not run.is_rule(at):
        raise run.strange("has an evaluation of another form", at)
    found: list[Metric] = []
    while True:
        at = run.next(at)
        if run.is_rule(at):
            return tuple(found)
        named = re.fullmatch(r"(\S+ #[0-9]+) (.+)", run.flat(at))
        values = named[2].split(" ", len(names) - 2) if named else []
        if not named or len(values) < len(names) - 1:
            raise run.strange("has an evaluation of another form", at)
        by_name = dict(zip(names[1:], values, strict=False))

        def real(name: str, by_name: dict[str, str] = by_name, at: int = at) -> float | None:
            value = by_name.get(name, "n.a.")
            return None if value in ("n.a.", "nan", "inf", "-inf") else run.real(value, at)

        accuracy = by_name.get("acc", "n.a.")
        found.append(
            Metric(
                named[1],
                real("cos"),
                real("rmse"),
                real("mean"),
                None if accuracy == "n.a." else accuracy,
            )
        )
