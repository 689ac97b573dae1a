"""Compiling a text as the command does, and holding what comes out to all it promises."""

import json
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from archc.driver import Compilation, Network, Options, compile_spec
from archc.emit.manifest import render, validate
from archc.files import Loader
from archc.source import Source, Span
from archc.syntax import ast
from support.emitted import outside
from support.invariants import verify
from support.reference import Reference


class Seen(NamedTuple):
    """What a compilation said of one spec, small enough to keep."""

    accepted: bool
    codes: tuple[str, ...]


def compiled(text: str) -> Compilation:
    """All archs of a text."""
    return compile_spec(Loader(), Source("spec.arch", text), Options())


def check_diagnostics(compilation: Compilation, text: str) -> None:
    """A rejected spec says where and why; whatever is said points into a text."""
    if compilation.failed:
        assert any(d.level == "error" and d.message for d in compilation.diagnostics)
    for diagnostic in compilation.diagnostics:
        spans = [label.span for label in diagnostic.related]
        spans += [diagnostic.span] if diagnostic.span is not None else []
        for span in spans:
            assert_inside(span)
        placeless = ("no_arch", "bad_name")
        if diagnostic.level == "error" and diagnostic.code not in placeless:
            assert diagnostic.span is not None or "/" in diagnostic.code, diagnostic
        assert "Fraction(" not in diagnostic.message
        assert "object at 0x" not in diagnostic.message


def assert_inside(span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(span.source.text), span


def refused(compilation: Compilation) -> list[str]:
    """The codes of the errors of a spec, but for what the int8 converter refuses: of that the
    reference semantics know nothing."""
    errors = [one.code for one in compilation.diagnostics if one.level == "error"]
    return [code for code in errors if code != "conversion"]


def check_network(network: Network, file: ast.File | None) -> None:
    """The graph, the manifest and the module of one network."""
    verify(network.graph)
    document = network.manifest
    validate(document)
    assert json.loads(render(document)) == document
    check_sums(document)
    check_memory(document["deployed"])
    check_roundings(network, file)
    check_target(document)
    classes = {layer["class_name"] for layer in document["layers"]}
    assert outside(network.module, classes) == []
    compile(network.module, f"{network.name}.py", "exec")
    if file is not None:
        rows = Reference(file.blocks).network(file, network.name)
        graph = network.graph
        first = len(graph.inputs)
        expected = [(row.op.keyword, row.shape, row.reads) for row in rows[first:]]
        actual = [
            (
                node.op.keyword,
                node.shape,
                tuple(at - first if at >= first else -1 - at for at in node.inputs),
            )
            for node in graph.nodes[first:]
        ]
        assert actual == expected


def check_target(document: dict[str, Any]) -> None:
    """What is accepted passes the check of its target, and findings are of layers there are."""
    target = document["target"]
    supported = {layer["supported"] for layer in document["layers"]}
    if target is None:
        assert supported == {None}
        return
    assert supported <= {True, False}
    levels = {finding["level"] for finding in target["findings"]}
    assert (target["verdict"] == "incompatible") == ("error" in levels)
    assert target["verdict"] != "compatible" or False not in supported
    names = {layer["name"] for layer in document["layers"]}
    assert {finding["layer"] for finding in target["findings"]} <= {*names, None}


def check_sums(document: dict[str, Any]) -> None:
    """Totals are the sums of the rows, and rows refer to rows before them."""
    layers, totals = document["layers"], document["totals"]
    for key in ("params", "trainable_params", "macs"):
        assert totals[key] == sum(layer[key] for layer in layers)
    for kind in ("float32", "int8"):
        total = sum(layer["activation_bytes"][kind] for layer in layers)
        assert totals["activation_bytes"][kind] == total
    seen: set[str] = set()
    for layer in layers:
        assert layer["name"] not in seen
        assert set(layer["inputs"]) <= seen
        size = 1
        for extent in layer["output_shape"]:
            size *= extent
        assert layer["activation_bytes"] == {"float32": 4 * size, "int8": size}
        seen.add(layer["name"])
    entries = [layer["name"] for layer in layers if layer["class_name"] == "InputLayer"]
    assert [one["name"] for one in document["inputs"]] == entries
    assert entries == [layer["name"] for layer in layers[: len(entries)]]
    assert {one.get("layer", one["name"]) for one in document["outputs"]} <= seen


def check_memory(deployed: dict[str, Any]) -> None:
    """The plan of the arena is that of TensorFlow Lite Micro, and no two tensors of it that are
    alive together overlap."""
    micro = deployed["tflite_micro"].get("activations")
    assert micro in (deployed["arena_bytes"], None), micro
    plan = deployed["arena"]["plan"]
    for at, one in enumerate(plan):
        for other in plan[:at]:
            together = one["first"] <= other["last"] and other["first"] <= one["last"]
            before = one["offset"] + one["bytes"] <= other["offset"]
            assert not together or before or other["offset"] + other["bytes"] <= one["offset"]


def check_roundings(network: Network, file: ast.File | None) -> None:
    """Each recorded rounding is what the rule of the arch gives, and changed something."""
    divisor, keep = Fraction(8), Fraction(0)
    for arch in file.archs if file else ():
        for member in getattr(arch, "members", ()):
            if isinstance(member, ast.Rounding):
                for argument in member.arguments:
                    value = Reference(()).value(argument.value, None)  # type: ignore[arg-type]
                    assert argument.name is not None
                    divisor = value if argument.name.text == "divisor" else divisor
                    keep = value if argument.name.text == "keep" else keep
    for entry in network.manifest["roundings"]:
        requested, effective = Fraction(entry["requested"]), entry["effective"]
        assert requested != effective
        assert effective % entry["divisor"] == 0
        if file is None:
            continue
        assert entry["divisor"] == divisor
        nearest = max(floor(requested / divisor + Fraction(1, 2)) * divisor, divisor)
        assert effective == nearest + (divisor if nearest < keep * requested else 0)
