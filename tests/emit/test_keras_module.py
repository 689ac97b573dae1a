"""The Keras builder: what it builds, how it reads, and that nothing of a spec leaks into it."""

import ast
import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archc
from archc.emit.functions import DEFAULTS
from archc.emit.keras_module import Header, emit
from archc.emit.marker import MARKER
from archc.ir.graph import Graph
from support.frames import Builder, random_graph
from support.recording import expected, run

HEADER = Header("specs/net.arch", "sha256:0123", "1.0")
HOSTILE_HEADER = Header("coding: latin-1\n# noqa: F821 \u202e'\"\\.arch", "sha256:0", "1.0")
SEEDS = range(200)

MIX = """
block unit(channels, stride = 1) {
    skip { conv(channels, 3x3, stride) batchnorm relu6  se  conv(channels, 3x3) batchnorm }
    relu6
}
block fire(squeeze, expand) {
    conv(squeeze) relu
    concat { conv(expand) relu } { conv(expand, 3x3) relu }
}
block projected(channels, stride = 1, act = relu) {
    skip(shortcut = { conv(channels, 1x1, stride) batchnorm }) {
        conv(channels, 3x3, stride) batchnorm act
        conv(channels, 3x3) batchnorm
    }
    act
}
arch mix(act = { batchnorm relu6 }) {
    input image: 32 x 32 x 3
    stage stem(channels = 16) { conv(kernel = 3x3) batchnorm relu }
    stage stage1(channels = 16, repeat = 4) { unit }
    stage stage2(channels = 32, stride = 2, repeat = 3) { unit }
    stage stage3(channels = 64, stride = 2, repeat = 3) { projected }
    stage stage4(channels = 128, stride = 2, repeat = 2) { projected(act = act) }
    stage stage5 { fire(16, 64) fire(24, 64) spatial_dropout(0.1) }
    head { attention_pool dropout(0.5) dense(10) softmax }
}
"""

ZOO = """
arch zoo {
    input image: 24 x 24 x 4
    stage windows { conv(8, 3x5, 1x2, bias = true) dwconv(3x3, dilation = 2, multiplier = 2)
        batchnorm(epsilon = 0.01, momentum = 0.9) max_pool(2x2) average_pool(3x3, 2, padding = same)
        conv(16, groups = 4) layernorm(scale = false) }
    stage shapes { conv_transpose(8, 3x3, 2) upsample upsample(interpolation = bilinear)
        zero_pad(1x2) zero_pad(1, 2) max_pool(3x3) flatten reshape(1 x 1 x 1360) flatten }
    stage activations { relu relu6 sigmoid tanh gelu swish hard_swish hard_sigmoid leaky_relu
        leaky_relu(0.1) }
    head { dense(32, bias = false) dropout(0.3) dense(10) softmax }
}
"""

Compile = Callable[[str], Any]


@pytest.fixture(scope="module")
def random_sources() -> dict[int, tuple[Graph, str]]:
    graphs = {seed: random_graph(seed) for seed in SEEDS}
    return {seed: (graph, emit(graph, HOSTILE_HEADER)) for seed, graph in graphs.items()}


def functions(source: str) -> dict[str, ast.FunctionDef]:
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert len({function.name for function in found}) == len(found)
    return {function.name: function for function in found}


def parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


def text_of(source: str, name: str) -> str:
    return ast.unparse(functions(source)[name])


# --- what is built ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [MIX, ZOO], ids=["mix", "zoo"])
def test_the_module_makes_the_layers_of_the_graph(compile_spec: Compile, text: str) -> None:
    graph = compile_spec(text).graph
    made, output, namespace = run(emit(graph, HEADER))
    assert made == expected(graph)
    assert output == graph.nodes[graph.output].name
    assert namespace["MODEL_NAME"] == graph.name
    assert namespace["INPUT_SHAPE"] == graph.nodes[0].shape
    assert namespace["OUTPUT_SHAPE"] == graph.nodes[graph.output].shape


def test_random_modules_make_the_layers_of_their_graphs(
    random_sources: dict[int, tuple[Graph, str]],
) -> None:
    for seed, (graph, source) in random_sources.items():
        made, output, _ = run(source)
        assert made == expected(graph), seed
        assert output == graph.nodes[graph.output].name, seed


@pytest.mark.keras
@pytest.mark.parametrize("text", [MIX, ZOO], ids=["mix", "zoo"])
def test_keras_builds_what_the_graph_says(compile_spec: Compile, text: str) -> None:
    graph = compile_spec(text).graph
    namespace: dict[str, Any] = {}
    exec(compile(emit(graph, HEADER), "generated.py", "exec"), namespace)
    model = namespace["build_model"]()
    layers = {layer.name: layer for layer in model.layers}
    assert set(layers) == {node.name for node in graph.nodes}
    for node in graph.nodes[1:]:
        weights = node.op.weights(*graph.input_shapes(node))
        assert tuple(layers[node.name].output.shape[1:]) == node.shape, node.name
        assert layers[node.name].count_params() == sum(w.size for w in weights), node.name
    assert model.name == namespace["MODEL_NAME"]
    assert model.count_params() == namespace["TOTAL_PARAMS"]
    assert tuple(model.output.shape[1:]) == namespace["OUTPUT_SHAPE"]


@pytest.mark.keras
def test_defaults_are_those_of_keras() -> None:
    import keras

    for class_name, defaults in DEFAULTS.items():
        signature = inspect.signature(getattr(keras.layers, class_name))
        for keyword, default in defaults.items():
            actual = signature.parameters[keyword].default
            assert actual == default or actual == (default, default), (class_name, keyword)


# --- the knobs --------------------------------------------------------------------------------


def test_knobs_reach_the_layers_they_are_for(compile_spec: Compile) -> None:
    graph = compile_spec(MIX).graph
    plain, _, _ = run(emit(graph, HEADER))
    turned, _, _ = run(emit(graph, HEADER), dropout=0.2, weight_decay=1e-4)
    changed = {name for name in plain if plain[name] != turned[name]}
    decayed = {
        name: keyword
        for name, made in plain.items()
        for keyword in ("kernel_regularizer", "depthwise_regularizer")
        if keyword in made.arguments
    }
    assert changed == {*decayed, "head_dropout"}
    assert turned["head_dropout"].arguments == {"rate": 0.2}
    assert turned["stage5_1_spatial_dropout"].arguments == {"rate": 0.1}
    for name, keyword in decayed.items():
        assert plain[name].arguments[keyword] is None
        assert turned[name].arguments[keyword] == ("L2", 1e-4)
    kinds = {plain[name].class_name for name in decayed}
    assert kinds == {"Conv2D", "Dense"}


def test_a_rate_of_zero_replaces_too() -> None:
    net = Builder(8)
    with net.call("head", "head"), net.call("block", "drop"):
        net.op("dropout")
    made, _, _ = run(emit(net.graph(), HEADER), dropout=0.0)
    assert made["head_drop_dropout"].arguments == {"rate": 0.0}


def test_knobs_are_passed_only_where_they_are_needed(compile_spec: Compile) -> None:
    source = emit(compile_spec(MIX).graph, HEADER)
    for function in functions(source).values():
        if function.name == "build_model":
            continue
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        assert set(parameters(function)) <= used
    assert parameters(functions(source)["act"]) == ["x", "name"]


def test_a_network_without_kernels_imports_no_regulariser() -> None:
    net = Builder(8, 8, 3)
    with net.call("stage", "stage1"), net.call("repeat", "stage1", "1"):
        net.op("relu6")
    source = emit(net.graph(), HEADER)
    assert "from keras import layers\n" in source
    assert "regularizer =" not in source


# --- functions --------------------------------------------------------------------------------


def test_calls_of_equal_structure_share_a_function(compile_spec: Compile) -> None:
    source = emit(compile_spec(MIX).graph, HEADER)
    assert list(functions(source)) == [
        *("se", "unit_residual", "unit", "shortcut_block", "projected", "projected_residual"),
        *("act", "projected_2", "projected_residual_2", "fire", "attention_pool", "build_model"),
    ]


def test_what_differs_is_a_parameter_and_what_does_not_a_literal(compile_spec: Compile) -> None:
    source = emit(compile_spec(MIX).graph, HEADER)
    assert parameters(functions(source)["unit_residual"]) == [
        *("x", "channels", "regularizer", "name")
    ]
    assert "se(x, in_channels=channels, " in text_of(source, "unit_residual")
    assert parameters(functions(source)["fire"]) == ["x", "squeeze", "regularizer", "name"]
    assert "layers.Conv2D(64, 3, padding='same'" in text_of(source, "fire")
    assert "layers.Conv2D(channels, 3, padding='same'" in text_of(source, "unit_residual")


def test_an_argument_left_out_counts_as_keras_default() -> None:
    net = Builder(32, 32, 8)
    with net.call("stage", "stage1"), net.call("repeat", "stage1", "1"):
        for stride, kernel in ((1, 3), (2, 3), (1, 1)):
            with net.call("block", "down"):
                net.op(
                    "conv",
                    channels=8,
                    kernel=(kernel, kernel),
                    stride=(stride, stride),
                    hints={"stride": "stride"},
                )
    source = emit(net.graph(), HEADER)
    assert parameters(functions(source)["down"]) == [
        *("x", "kernel_size", "stride", "regularizer", "name")
    ]
    # A 1x1 kernel pads nothing, so it does not make the padding a parameter.
    assert "strides=stride, padding='same'" in text_of(source, "down")
    assert run(source)[0] == expected(net.graph())


def test_columns_of_one_name_that_disagree_are_told_apart() -> None:
    net = Builder(8, 8, 8)
    with net.call("stage", "stage1"), net.call("repeat", "stage1", "1"):
        for first, second in ((8, 16), (16, 24)):
            with net.call("block", "two"):
                net.op("conv", channels=first)
                net.op("conv", channels=second)
        for first, second in ((8, 16), (16, 24)):
            with net.call("block", "hinted"):
                net.op("conv", channels=first, hints={"channels": "width"})
                net.op("conv", channels=second, hints={"channels": "width"})
        for width in (8, 16):
            with net.call("block", "same"):
                net.op("conv", channels=width, hints={"channels": "width"})
                net.op("conv", channels=width, hints={"channels": "width"})
    source = emit(net.graph(), HEADER)
    signature = {name: parameters(made)[1:-2] for name, made in functions(source).items()}
    assert signature["two"] == ["conv_filters", "conv_2_filters"]
    assert signature["hinted"] == ["conv_width", "conv_2_width"]
    assert signature["same"] == ["width"]
    assert run(source)[0] == expected(net.graph())


def test_parameters_travel_through_nested_calls() -> None:
    net = Builder(8, 8, 8)
    with net.call("stage", "stage1"), net.call("repeat", "stage1", "1"):
        for width in (8, 16):
            with net.call("block", "outer"):
                for _ in range(2):
                    with net.call("braces", "inner"):
                        net.op("conv", channels=width, hints={"channels": "channels"})
                with net.call("block", "fixed"):
                    net.op("conv", channels=32)
    source = emit(net.graph(), HEADER)
    assert parameters(functions(source)["outer"])[1:-2] == ["channels"]
    assert parameters(functions(source)["fixed"])[1:-2] == []
    assert "inner(x, channels=channels" in text_of(source, "outer")


def test_distinct_expansions_get_distinct_names() -> None:
    net = Builder(8, 8, 8)
    with net.call("stage", "stage1"), net.call("repeat", "stage1", "1"):
        for residual in (True, False, True):
            for extra in (False, True):
                with net.call("block", "b"):
                    entry = net.value
                    net.op("conv", channels=8)
                    if extra:
                        net.op("relu6")
                    if residual:
                        net.op("add", entry, net.value)
        with net.call("block", "print"):
            net.op("relu")
        with net.call("block", "l"):
            net.op("relu")
        with net.call("block", "lambda"):
            net.op("relu")
        with net.call("block", "layers"):
            net.op("relu")
        with net.call("block", "empty"):
            pass
    source = emit(net.graph(), HEADER)
    assert list(functions(source)) == [
        *("b_residual", "b_residual_2", "b", "b_2"),
        *("print_block", "l_block", "lambda_block", "layers_block", "build_model"),
    ]


def test_functions_stay_clear_of_parameters_and_variables() -> None:
    net = Builder(8, 8, 8)
    with net.call("stage", "stage1"), net.call("repeat", "stage1", "1"):
        for width in (8, 16):
            with net.call("block", "channels"):
                net.op("conv", channels=width, hints={"channels": "channels"})
        with net.call("block", "gate"):
            entry = net.value
            net.op("sigmoid")
            net.op("multiply", entry, net.value)
    assert list(functions(emit(net.graph(), HEADER))) == [
        *("channels_block", "gate_block", "build_model")
    ]


# --- reading ----------------------------------------------------------------------------------


def test_repeats_that_are_equal_become_a_loop(compile_spec: Compile) -> None:
    source = emit(compile_spec(MIX).graph, HEADER)
    assert source.count("    for repeat in range(1, 5):\n") == 1  # stage1: nothing strides
    assert source.count("    for repeat in range(2, 4):\n") == 2  # stage2, stage3
    assert 'name=f"stage1_{repeat}_unit"' in source
    assert 'name="stage4_2_projected"' in source  # a single repeat is not a loop
    assert "    # stage2: 32x32x16 -> 16x16x32\n" in source
    assert "    # stage stem: 32x32x3 -> 32x32x16\n" in source


def test_a_loop_from_the_input_on_starts_from_a_variable() -> None:
    net = Builder(8, 8, 8)
    with net.call("stage", "stage1"):
        for repeat in "123":
            with net.call("repeat", "stage1", repeat):
                entry = net.value
                net.op("conv", channels=8)
                net.op("add", entry, net.value)
    source = emit(net.graph(), HEADER)
    assert "    x = inputs\n    for repeat in range(1, 4):\n        shortcut = x\n" in source
    assert run(source)[0] == expected(net.graph())


def test_one_whole_module(compile_spec: Compile) -> None:
    text = """
    arch net {
        input image: 16 x 16 x 3
        stage stage1(channels = 8, stride = 2, repeat = 3) { ds }
        head { global_average_pool dropout(0.5) dense(4) sigmoid }
    }
    """
    assert emit(compile_spec(text).graph, HEADER) == WHOLE


def test_a_block_of_every_wiring_reads_well(compile_spec: Compile) -> None:
    source = emit(compile_spec(MIX).graph, HEADER)
    statements = text_of(source, "projected").splitlines()
    assert statements[1].strip() == "shortcut = x"
    assert any("shortcut = shortcut_block(shortcut" in line for line in statements)
    assert any("([shortcut, x])" in line for line in statements)
    assert "([x, gate])" in text_of(source, "se")
    assert "([branch_1, branch_2])" in text_of(source, "fire")


# --- format, safety, speed --------------------------------------------------------------------


def test_everything_emitted_is_as_ruff_leaves_it(
    random_sources: dict[int, tuple[Graph, str]], compile_spec: Compile, tmp_path: Path
) -> None:
    for seed, (_, source) in random_sources.items():
        (tmp_path / f"net{seed}.py").write_text(source)
    for text in (MIX, ZOO):
        graph = compile_spec(text).graph
        (tmp_path / f"{graph.name}.py").write_text(emit(graph, HEADER))
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", str(tmp_path)]
    for command in (["format", "--diff"], ["check"]):
        done = subprocess.run([*ruff, *command, *options], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-5000:]


ALLOWED = {
    *(ast.Module, ast.Expr, ast.Constant, ast.Import, ast.ImportFrom, ast.alias),
    *(ast.Assign, ast.Name, ast.Load, ast.Store, ast.Tuple, ast.List, ast.FunctionDef),
    *(ast.arguments, ast.arg, ast.Call, ast.keyword, ast.Attribute, ast.Return, ast.For),
    *(ast.IfExp, ast.Compare, ast.Is, ast.JoinedStr, ast.FormattedValue),
    *(ast.BinOp, ast.BitOr),  # float | None
}


def assert_safe(source: str) -> None:
    """Check a module against the statements and the names that an emitted one may have."""
    assert source.isascii()
    tree = ast.parse(source)
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        assert type(node) in ALLOWED, ast.dump(node)
        if isinstance(node, ast.Import):
            assert [alias.name for alias in node.names] == ["keras"]
        if isinstance(node, ast.ImportFrom):
            assert node.module == "keras"
            assert {alias.name for alias in node.names} <= {"layers", "regularizers"}
        if isinstance(node, ast.Attribute):
            assert isinstance(node.value, ast.Name)
            assert node.value.id in ("keras", "layers", "regularizers")
            assert not node.attr.startswith("_")
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                assert called.id in own | {"range"}
            else:
                assert isinstance(called, ast.Attribute | ast.Call)
        if isinstance(node, ast.FormattedValue):
            assert isinstance(node.value, ast.Name)
            assert node.value.id in ("name", "repeat")


def test_nothing_but_the_allowed_syntax_is_emitted(
    random_sources: dict[int, tuple[Graph, str]], compile_spec: Compile
) -> None:
    for _, source in random_sources.values():
        assert_safe(source)
        assert source.splitlines()[0] == MARKER
    assert_safe(emit(compile_spec(MIX).graph, HEADER))
    assert_safe(emit(compile_spec(ZOO).graph, HEADER))


def test_equal_graphs_give_equal_text_under_any_hash_seed() -> None:
    code = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1:]\n"
        "from support.frames import random_graph\n"
        "from archc.emit.keras_module import Header, emit\n"
        "text = ''.join(emit(random_graph(s), Header('a', 'b', 'c')) for s in range(40))\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    roots = [str(Path(__file__).parents[1]), str(Path(archc.__file__).parents[1])]
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, *roots],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(digests) == 1


def long_network(operators: int) -> Graph:
    net = Builder(16, 16, 8)
    with net.call("stage", "stage1"):
        for repeat in range(operators // 10):
            with net.call("repeat", "stage1", str(repeat + 1)), net.call("block", "unit"):
                entry = net.value
                width = 8 * (1 + repeat % 7)
                for _ in range(3):
                    net.op("conv", channels=width)
                    net.op("batchnorm")
                    net.op("relu6")
                if net.shape == net.nodes[entry].shape:
                    net.op("add", entry, net.value)
                else:
                    net.op("relu6")
    return net.graph()


def test_a_network_of_ten_thousand_operators() -> None:
    graph = long_network(10_000)
    layers = [node for node in graph.nodes if node.inputs]
    sizes = [
        weight.size for node in layers for weight in node.op.weights(*graph.input_shapes(node))
    ]
    text = emit(graph, HEADER)
    ast.parse(text)
    assert f"TOTAL_PARAMS = {sum(sizes)}\n" in text


def test_deep_nesting_does_not_blow_up() -> None:
    net = Builder(8, 8, 8)

    def nest(depth: int) -> None:
        with net.call("block", f"b{depth}"):
            net.op("conv", channels=8 * (1 + depth % 3))
            if depth < 48:
                nest(depth + 1)

    with net.call("stage", "stage1"):
        for repeat in "123":
            with net.call("repeat", "stage1", repeat):
                nest(0)
    graph = net.graph()
    source = emit(graph, HEADER)
    assert len(functions(source)) == 50
    assert run(source)[0] == expected(graph)


WHOLE = '''\
# Generated by archc. Do not edit: edit the spec and compile again.
# language version: 1.0
# source: specs/net.arch
# digest: sha256:0123
"""net: 16x16x3 -> 4, 531 parameters."""

import keras
from keras import layers, regularizers

MODEL_NAME = "net"
INPUT_SHAPE = (16, 16, 3)
OUTPUT_SHAPE = (4,)
TOTAL_PARAMS = 531


# block ds (std:ds.arch:1)
def ds(x, regularizer, name):
    x = layers.DepthwiseConv2D(
        3,
        strides=2,
        padding="same",
        use_bias=False,
        depthwise_regularizer=regularizer,
        name=f"{name}_dwconv",
    )(x)
    x = layers.BatchNormalization(name=f"{name}_batchnorm")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)
    x = layers.Conv2D(
        8, 1, use_bias=False, kernel_regularizer=regularizer, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(name=f"{name}_batchnorm_2")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}_relu6_2")(x)
    return x


# block ds (std:ds.arch:1)
def ds_residual(x, regularizer, name):
    shortcut = x
    x = layers.DepthwiseConv2D(
        3,
        padding="same",
        use_bias=False,
        depthwise_regularizer=regularizer,
        name=f"{name}_dwconv",
    )(x)
    x = layers.BatchNormalization(name=f"{name}_batchnorm")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)
    x = layers.Conv2D(
        8, 1, use_bias=False, kernel_regularizer=regularizer, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(name=f"{name}_batchnorm_2")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}_relu6_2")(x)
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def build_model(
    *,
    dropout: float | None = None,
    weight_decay: float = 0.0,
    name: str = MODEL_NAME,
) -> keras.Model:
    """Build the network with freshly initialised weights.

    The arguments matter in training only.

    Args:
        dropout: Replaces the rate of every Dropout layer; None keeps their own.
        weight_decay: L2 penalty on the kernels of convolutions and dense layers.
        name: Name of the model.
    """
    regularizer = regularizers.L2(weight_decay) if weight_decay else None

    inputs = keras.Input(shape=INPUT_SHAPE, name="image")

    # stage1: 16x16x3 -> 8x8x8
    x = ds(inputs, regularizer=regularizer, name="stage1_1_ds")
    for repeat in range(2, 4):
        x = ds_residual(x, regularizer=regularizer, name=f"stage1_{repeat}_ds")

    # head: 8x8x8 -> 4
    x = layers.GlobalAveragePooling2D(name="head_global_average_pool")(x)
    x = layers.Dropout(0.5 if dropout is None else dropout, name="head_dropout")(x)
    x = layers.Dense(4, kernel_regularizer=regularizer, name="head_dense")(x)
    x = layers.Activation("sigmoid", name="head_sigmoid")(x)

    return keras.Model(inputs, x, name=name)
'''
