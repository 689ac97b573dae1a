"""Networks of a generator that we did not write, as specs: `python tests/oracles/peer_graphs.py`.

    pip install -e '.[tensorflow,peer]'
    python tests/oracles/peer_graphs.py [COUNT] [--seed N] [--out FOLDER]

nnsmith (Liu et al., ASPLOS 2023) draws graphs of TensorFlow operators and solves for shapes. Each
that the language can say is written as a spec, with a stage for every value, and compiled. Against
nnsmith: which layers there are, what each reads, its shape and its MACs (its shape rules and
`flops`), parameters (its TensorFlow module's variables), and results, with that module's weights in
the generated Keras model. Goes on until COUNT networks are compared, and prints what differs and
why the others cannot be said.
"""

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import z3
from nnsmith.abstract.op import Constant, Input, Placeholder
from nnsmith.graph_gen import SymbolicGen
from nnsmith.materialize.tensorflow import TFModel

import archc

CLOSE = 1e-4
"""The largest difference of results, relative to the largest of them: float32, other orders."""


class CannotSay(Exception):
    """Why the language has no network for a graph."""


# --- operators ---------------------------------------------------------------------------------

Shapes = list[tuple[int, ...]]
"""Of what an operator reads, the batch excluded."""
Said = tuple[str, str, str]
"""A statement's call and what it is entered by (`call`, `merge` or `gate`), and the Keras
class, nothing where there may be several layers."""

OPERATORS: dict[str, Callable[[Any, Shapes, tuple[int, ...]], Said]] = {}
"""From nnsmith's operator, the shapes it reads and the one it makes."""


def _says(*names: str) -> Any:
    def register(say: Any) -> Any:
        for name in names:
            OPERATORS[name] = say
        return say

    return register


def _size(extents: Any) -> str:
    return " x ".join(map(str, extents))


@_says("NHWCConv2dSamePad", "NHWCConv2dValidPad")
def _conv(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    parts = [
        f"exact({op.out_channels})",
        f"kernel = {_size((op.kernel_h_size, op.kernel_w_size))}",
        f"stride = {op.stride}",
        f"dilation = {_size((op.dilation_h, op.dilation_w))}",
        f"padding = {op.extra_attrs['padding']}",
        "bias = true",
    ]
    return "call", f"conv({', '.join(parts)})", "Conv2D"


@_says("Dense")
def _dense(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    if len(made) != 1:
        raise CannotSay("a dense layer of a map")
    return "call", f"dense({op.ofeat})", "Dense"


PLAIN = {
    "ReLU": ("relu", "ReLU"),
    "LeakyReLU": ("leaky_relu(slope = 0.2)", "LeakyReLU"),
    "Sigmoid": ("sigmoid", "Activation"),
    "GELU": ("gelu", "Activation"),
    "Neg": ("rescale(scale = -1)", "Rescaling"),
}
"""LeakyReLU has the slope of `tf.nn.leaky_relu`."""


@_says(*PLAIN)
def _plain(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    return "call", *PLAIN[type(op).__name__]


@_says("Softmax")
def _softmax(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    if op.dim != len(made):
        raise CannotSay("a softmax of another axis than the last")
    return "call", "softmax", "Activation"


MERGES = {
    "Add": ("add", "Add"),
    "Sub": ("subtract", "Subtract"),
    "Mul": ("multiply", "Multiply"),
    "Max": ("maximum", "Maximum"),
    "Min": ("minimum", "Minimum"),
}


@_says(*MERGES)
def _merge(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    call, kind = MERGES[type(op).__name__]
    if len(set(reads)) == 1:
        return "merge", call, kind
    if call == "multiply" and len(made) == 3 and reads == [made, (1, 1, made[-1])]:
        return "gate", "gate", kind
    raise CannotSay("a merge that broadcasts")


@_says(*(f"Concat{number}" for number in range(2, 6)))
def _concat(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    if op.extra_attrs["axis"] != len(made):
        raise CannotSay("a concatenation along another axis than the last")
    return "merge", "concat", "Concatenate"


@_says("Slice")
def _slice(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    axis, (shape,) = op.extra_attrs["axis"], reads
    if op.step != 1 and made[axis - 1] > 1:
        raise CannotSay("a slice with a step")
    if axis == 0:
        raise CannotSay("a slice of the batch")
    count, first = made[axis - 1], op.start
    if axis == len(shape):
        return "call", f"slice({first}, {count})", ""
    if len(shape) != 3:
        raise CannotSay("a crop of what is not a map")
    before, after = [0, 0], [0, 0]
    before[axis - 1], after[axis - 1] = first, shape[axis - 1] - first - count
    return "call", f"crop(before = {_size(before)}, after = {_size(after)})", "Cropping2D"


@_says("Transpose")
def _transpose(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    order = list(range(len(made) + 1))
    a, b = op.extra_attrs["dim0"], op.extra_attrs["dim1"]
    order[a], order[b] = order[b], order[a]
    if order[0] != 0:
        raise CannotSay("a transposition of the batch")
    return "call", f"permute({_size(order[1:])})", "Permute"


@_says("Reshape", "Squeeze")
def _reshape(op: Any, reads: Shapes, made: tuple[int, ...]) -> Said:
    return "call", f"reshape({_size(made)})", "Reshape"


# --- graphs ------------------------------------------------------------------------------------


class Batched(SymbolicGen):  # type: ignore[misc]
    """nnsmith's generator with the language's own conditions for its solver, so that graphs of many
    operators can be said: every value has a batch of 1, then rows, columns and channels, or one
    axis, and an operator is of the axis that ours is of."""

    def tensor_type_constraints(self, tensor: Any) -> list[Any]:
        if tensor.ndims not in (2, 4):
            return [z3.BoolVal(False)]
        return [*super().tensor_type_constraints(tensor), tensor.shape[0] == 1]

    def try_forward_insert(self, op: Any) -> bool:
        return bool(super().try_forward_insert(sayable(op)))

    def try_backward_insert(self, op: Any) -> bool:
        return bool(super().try_backward_insert(sayable(op)))

    def abstract_gen(self, **options: Any) -> None:
        super().abstract_gen(**options)
        for inst in self.ir.insts:  # half of what enters is made constants
            if isinstance(inst.iexpr.op, Constant):
                inst.iexpr.op = Placeholder(inst.iexpr.op.abs_tensor).to_input()


def sayable(op: Any) -> Any:
    """An operator that asks its solver for what `OPERATORS` takes, as far as that is of axes."""
    requires, name = op.requires, type(op).__name__

    def asks(tensors: list[Any]) -> list[Any]:
        asked, shape = list(requires(tensors)), tensors[0].shape
        last, extra = len(shape) - 1, op.extra_attrs
        if name == "Softmax":
            asked.append(op.dim == last)
        elif name.startswith("Concat"):
            asked.append(z3.BoolVal(extra["axis"] == last))
        elif name == "Slice":
            asked += [z3.BoolVal(extra["axis"] > 0), op.step == 1]
        elif name == "Transpose":
            asked.append(z3.BoolVal(0 not in (extra["dim0"], extra["dim1"])))
        elif name == "Dense":
            asked.append(z3.BoolVal(last == 1))
        elif name in MERGES and len(tensors[1].shape) == last + 1:
            gate = (
                [1, 1, 1, shape[-1]]
                if name == "Mul" and last == 3 and random.random() < 0.3
                else shape
            )
            asked += [a == b for a, b in zip(gate, tensors[1].shape, strict=True)]
        return [z3.BoolVal(one) if isinstance(one, bool) else one for one in asked]

    op.requires = asks
    return op


def operators() -> list[Any]:
    """What nnsmith can make of TensorFlow that some network of the language holds."""
    every = {op.__name__: op for op in TFModel.operators()}
    missing = OPERATORS.keys() - every
    assert not missing, missing
    return [every[name] for name in sorted(OPERATORS)]


def graph(seed: int) -> Any:
    """A graph of nnsmith's, its shapes numbers."""
    random.seed(seed)
    generator = Batched(
        operators(),
        seed,
        init_fp=True,
        rank_choices=[2, 4],
        dtype_choices=["float32"],
        max_elem_per_tensor=4096,
    )
    generator.abstract_gen(max_node_size=4 + seed % 9, max_gen_millisec=20_000)
    return generator.make_concrete()


def values(graph: Any) -> Iterator[tuple[str, Any, list[str]]]:
    """Each value with its operator and what that reads, in order."""
    for inst in graph.insts:
        (name,) = inst.retvals()
        yield name, inst.iexpr.op, list(inst.iexpr.args)


def shape_of(graph: Any, name: str) -> tuple[int, ...]:
    """Of a value, the batch excluded."""
    batch, *extents = map(int, graph.vars[name].shape or (0,))
    if batch != 1:
        raise CannotSay("a batch that becomes an axis")
    return tuple(extents)


class Row:
    """What a layer has to be, by nnsmith."""

    def __init__(self, graph: Any, name: str, op: Any, reads: list[str], kind: str) -> None:
        shapes = [graph.vars[read] for read in reads]
        self.name, self.reads, self.kind = name, reads, kind
        self.operator = type(op).__name__
        self.shape = shape_of(graph, name)
        self.macs = int(op.flops(shapes)) if kind == "Conv2D" else 0
        if kind == "Dense":
            self.macs = int(op.ifeat) * int(op.ofeat)


def spec(graph: Any) -> tuple[str, list[Row]]:
    """A graph as a spec, and what its layers have to be."""
    lines, rows = ["arch peer {"], []
    for name, op, reads in values(graph):
        made = shape_of(graph, name)
        if not made:
            raise CannotSay("a value without axes")
        if isinstance(op, Input):
            lines.insert(len(lines) - len(rows), f"    input {name}: {_size(made)}")
            continue
        shapes = [shape_of(graph, read) for read in reads]
        way, call, kind = OPERATORS[type(op).__name__](op, shapes, made)
        body = {
            "call": f"{reads[0]} {call}",
            "merge": f"{reads[0]} {call} {' '.join(f'{{ {read} }}' for read in reads)}",
            "gate": f"{reads[0]} gate {{ {reads[-1]} }}",
        }[way]
        lines.append(f"    stage {name} {{ {body} }}")
        rows.append(Row(graph, name, op, reads, kind))
    ends = [name for name in graph.leaf_var() if name in {row.name for row in rows}]
    lines += [f"    output out_{name} {{ {name} }}" for name in ends]
    return "\n".join([*lines, "}", ""]), rows


# --- comparison --------------------------------------------------------------------------------


def layers(manifest: dict[str, Any], rows: list[Row]) -> Iterator[str]:
    """What differs between the layers of a manifest and those that nnsmith's graph has. An operator
    of ours is one layer or, where it is said of no class, some."""
    stages: dict[str, list[dict[str, Any]]] = {}
    for layer in manifest["layers"]:
        stages.setdefault(stage_of(layer["name"]), []).append(layer)
    ends = {stage: made[-1]["name"] for stage, made in stages.items()}
    if list(stages) != [layer["name"] for layer in manifest["inputs"]] + [r.name for r in rows]:
        yield f"stages {list(stages)}"
        return
    for row in rows:
        made = stages[row.name]
        macs = sum(layer["macs"] for layer in made)
        said = (made[-1]["output_shape"], made[0]["inputs"], macs)
        reads = [ends[read] for read in row.reads]
        if said != (list(row.shape), reads, row.macs):
            yield f"{row.name}: said {said}, nnsmith has {(row.shape, reads, row.macs)}"
        classes = [layer["class_name"] for layer in made]
        if row.kind and classes != [row.kind]:
            yield f"{row.name}: {classes} for {row.kind}"


def stage_of(layer: str) -> str:
    """Stages go by the names of nnsmith's values: `v3_0`."""
    return "_".join(layer.split("_")[:2])


def results(graph: Any, module: str, rows: list[Row], params: int) -> Iterator[str]:
    """What differs when both are built, with the same weights and the same inputs."""
    theirs = TFModel(graph)
    generator = np.random.default_rng(0)
    shapes = {name: tuple(map(int, one.shape)) for name, one in theirs.input_like.items()}
    given = {name: generator.normal(size=s).astype("float32") for name, s in shapes.items()}
    expected = theirs.net(**{name: tf.constant(value) for name, value in given.items()})
    # Its `mlist` is empty: a layer of Keras 3 is not a `tf.Module`.
    called = [instruction.fwd_fn for instruction in theirs.net.instructions]
    weights = [one.numpy() for call in called for one in getattr(call, "weights", ())]
    if (total := sum(prod(weight.shape) for weight in weights)) != params:
        yield f"{params} parameters for {total}"
    namespace: dict[str, Any] = {"__name__": "peer"}
    exec(compile(module, "peer.py", "exec"), namespace)
    ours = namespace["build_model"]()
    learned = [ours.get_layer(layer.name) for layer in ours.layers if layer.weights]
    order = [row.name for row in rows if row.kind in ("Conv2D", "Dense")]
    learned.sort(key=lambda layer: order.index(stage_of(layer.name)))
    for layer in learned:
        layer.set_weights([weights.pop(0) for _ in layer.weights])
    found = ours(given if len(given) > 1 else next(iter(given.values())))
    for name, value in expected.items():
        mine = found[f"out_{name}"].numpy()
        scale = max(1.0, float(np.abs(value).max(initial=0)))
        if mine.shape != value.shape or np.abs(mine - value).max(initial=0) > CLOSE * scale:
            yield f"{name}: results differ by {np.abs(mine - value).max()}"


def compare(graph: Any) -> tuple[str, list[str], list[Row]]:
    """A graph's spec, what differs, and its rows.

    Raises:
        CannotSay: the language has no such network.
    """
    text, rows = spec(graph)
    try:
        compiled = archc.compile_text(text)
    except archc.ArchError as error:
        said = sorted({one.code for one in error.diagnostics if one.level == "error"})
        raise CannotSay(f"archc: {', '.join(said)}") from error
    manifest = compiled.manifest
    told = list(layers(manifest, rows))
    params = manifest["totals"]["params"]
    return text, told + list(results(graph, compiled.module_source, rows, params)), rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a folder for the specs")
    options = parser.parse_args()
    cannot: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    sizes, wrong, several, more, seed = [], 0, 0, 0, options.seed
    while len(sizes) < options.count:
        seed += 1
        drawn = graph(seed)
        try:
            text, told, rows = compare(drawn)
        except CannotSay as why:
            cannot[str(why)] += 1
            continue
        sizes.append(len(rows))
        kinds.update(row.operator for row in rows)
        several += text.count("output ") > 1
        more += text.count("input ") > 1
        wrong += bool(told)
        if told:
            print(f"graph {seed}: " + "\n".join(told) + "\n" + text, flush=True)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / f"peer_{seed}.arch").write_text(text, "utf-8")
    print(f"{len(sizes)} networks of {min(sizes)} to {max(sizes)} operators, {several} with")
    print(f"several outputs, {more} with several inputs: {wrong} differ. {dict(kinds)}")
    print(f"{cannot.total()} of {seed - options.seed} graphs cannot be said: {dict(cannot)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
