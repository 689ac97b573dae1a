"""Configs as plain data: what is read of them, and that nothing in one can do harm."""

import doctest
import sys
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archc.models.importer
from archc.analysis.lowering import lower
from archc.diagnostics.model import Rejected
from archc.limits import Limits
from archc.models.importer import Imported, read_config
from archc.models.importer.profile import layer_figures
from archc.models.importer.scopes import executed
from support.configs import functional, image, layer, model, on, sequential, tensor
from support.invariants import verify
from support.profiles import share


def conv(name: str, filters: int = 8, kernel: int = 3, **config: Any) -> dict[str, Any]:
    return layer("Conv2D", name, filters=filters, kernel_size=[kernel, kernel], **config)


def by_name(config: Any, **options: Any) -> dict[str, Any]:
    return {one.path: one for one in read_config(config, **options).layers}


def macs_of(model: Imported) -> dict[str, int | None]:
    """Of the layers, by path."""
    figures = layer_figures(model, lower(model.sketch))
    return {layer.path: row["macs"] for layer, row in zip(model.layers, figures, strict=True)}


def small() -> dict[str, Any]:
    return functional(
        image(8, 8, 3),
        on(conv("features", activation="relu6"), "image"),
        on(layer("GlobalAveragePooling2D", "pool"), "features"),
        on(layer("Dense", "scores", units=4, activation="sigmoid"), "pool"),
    )


def test_the_documented_example_holds() -> None:
    assert doctest.testmod(archc.models.importer).attempted == 2
    assert doctest.testmod(archc.models.importer).failed == 0


def test_a_layer_with_an_activation_is_one_row_and_two_nodes() -> None:
    imported = read_config(small())
    assert [one.path for one in imported.layers] == ["image", "features", "pool", "scores"]
    features = imported.layers[1]
    assert (features.output_shape, features.params, macs_of(imported)["features"]) == (
        (6, 6, 8),
        224,
        7776,
    )
    assert [imported.sketch.nodes[node].op.keyword for node in features.nodes] == ["conv", "relu6"]
    assert imported.graph is not None
    verify(imported.graph)
    operators = lower(imported.graph, "int8").counts
    assert operators == {"CONV_2D": 1, "FULLY_CONNECTED": 1, "LOGISTIC": 1, "MEAN": 1}


def test_the_document_of_an_archive_is_read_too() -> None:
    assert read_config(model(small())).layers == read_config(small()).layers


def test_a_model_of_a_class_of_its_own_is_not_trusted() -> None:
    item = model(small(), "Detector", module="mine", registered_name="mine>Detector")
    imported = read_config(item)
    assert imported.graph is None
    assert "`Detector`" in imported.unseen[-1].reason


def test_reading_needs_no_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keras", "tensorflow", "numpy"):
        monkeypatch.setitem(sys.modules, name, None)  # to import it is an error now
    assert read_config(small()).graph is not None


def test_rows_are_in_order_of_execution_whatever_the_order_of_the_config() -> None:
    config = functional(
        image(8, 8, 8),
        on(layer("Add", "sum"), "right", "left"),
        on(conv("left", kernel=1), "image"),
        on(conv("right", kernel=1), "image"),
        outputs=["sum", 0, 0],
    )
    assert [one.path for one in read_config(config).layers] == ["image", "right", "left", "sum"]


def test_a_shared_layer_has_its_parameters_once_and_the_macs_of_every_call() -> None:
    shared = on(on(conv("shared", kernel=1), "image"), "shared")
    imported = read_config(functional(image(2, 2, 8), shared, outputs=["shared", 1, 0]))
    row = imported.layers[1]
    assert (row.params, row.calls, row.activations) == (72, 2, 64)
    assert macs_of(imported)["shared"] == 512
    assert row.inputs == ("image", "shared")
    assert imported.graph is not None
    assert lower(imported.graph).weight_bytes == 64 + 2 * 32  # one filter, two biases


def test_one_filter_folded_into_two_layers_is_not_settled() -> None:
    shared = on(on(conv("shared", kernel=1), "image"), "one")
    config = functional(
        image(8, 8, 8),
        shared,
        on(layer("BatchNormalization", "one"), tensor("shared", 0)),
        on(layer("BatchNormalization", "two"), tensor("shared", 1)),
    )
    imported = read_config(config)
    assert imported.graph is None
    assert [(one.layer, one.unknown) for one in imported.unseen] == [("shared", ("operators",))]


def test_nested_models_are_opened_and_called_twice() -> None:
    inner = functional(
        image(8, 8, 3, name="in"), on(conv("c", padding="same", filters=3), "in"), name="inner"
    )
    nested = on(on(model(inner), "image"), "inner")
    config = functional(image(8, 8, 3), nested, outputs=["inner", 2, 0])
    imported = read_config(config)
    row = imported.layers[1]
    assert (row.path, row.calls, row.params) == ("inner/c", 2, 84)
    assert macs_of(imported)["inner/c"] == 2 * 8 * 8 * 81
    assert len(imported.layers) == 2


def test_several_inputs_and_outputs_have_rows_and_a_graph() -> None:
    config = functional(
        image(4, name="a"),
        image(4, name="b"),
        on(layer("Add", "sum"), "a", "b"),
        on(layer("Dense", "d", units=2), "sum"),
        inputs=[["a", 0, 0], ["b", 0, 0]],
        outputs={"second": ["d", 0, 0], "first": ["sum", 0, 0]},
    )
    imported = read_config(config)
    assert imported.graph is not None
    deployed = lower(imported.graph)
    assert deployed.counts == {
        "ADD": 1,
        "DEQUANTIZE": 2,
        "FULLY_CONNECTED": 1,
        "QUANTIZE": 2,
        "RESHAPE": 1,
    }
    assert deployed.input_shapes == ((4,), (4,))
    assert [deployed.operators[one].operator for one in deployed.outputs] == [
        "ADD",
        "FULLY_CONNECTED",
    ]
    assert imported.unseen == ()
    assert imported.inputs == ("a", "b")
    assert imported.outputs == ("sum", "d")  # tables by sorted key, as Keras does
    assert macs_of(imported)["d"] == 8


@pytest.mark.parametrize("nested", [False, True])
def test_names_of_outputs_are_those_of_a_plain_dict(nested: bool) -> None:
    convs = on(conv("c"), "image"), on(conv("d"), "image")
    one, two = ["c", 0, 0], ["d", 0, 0]
    outputs = {"b": {"x": one} if nested else one, "a": two}
    config = functional(image(4, 4, 3), *convs, outputs=outputs)
    graph = read_config(config).graph
    assert graph is not None
    assert graph.names == (() if nested else ("a", "b"))


def test_an_addition_that_is_taken_for_a_bias_of_rows_fails_beside_maps() -> None:
    """Two 14x1 tensors: the four axes that a map would have moved are not there."""
    config = functional(
        image(14, 1, name="a"),
        image(14, 1, name="b"),
        on(layer("Add", "sum"), "a", "b"),
        inputs=[["a", 0, 0], ["b", 0, 0]],
        outputs=[["sum", 0, 0]],
    )
    imported = read_config(config)
    assert imported.unseen == ()
    (failure,) = lower(imported.sketch).failures
    assert "one value a row" in failure.reason


def test_hard_swish_and_leaky_relu_by_hand_are_what_the_converter_makes_of_them() -> None:
    def operation(name: str, called: str, *args: Any) -> dict[str, Any]:
        one = layer(called, name, "keras.src.ops.numpy")
        one["registered_name"] = called
        tensors = [tensor(arg) if isinstance(arg, str) else arg for arg in args]
        one["inbound_nodes"] = [{"args": tensors, "kwargs": {}}]
        return one

    def counts(*items: dict[str, Any], last: str) -> dict[str, int]:
        found = functional(
            image(4, 4, 8, name="x"), *items, inputs=[["x", 0, 0]], outputs=[[last, 0, 0]]
        )
        imported = read_config(found)
        assert imported.graph is not None, imported.unseen
        return dict(lower(imported.graph, "int8").counts)

    three = operation("three", "Add", "x", 3.0)
    clipped = on(layer("ReLU", "clipped", max_value=6.0), "three")
    product = operation("product", "Multiply", "x", "clipped")
    turned = operation("product", "Multiply", "clipped", "x")
    sixth = operation("sixth", "TrueDivide", "product", 6.0)
    assert counts(three, clipped, product, sixth, last="sixth") == {"HARD_SWISH": 1}
    assert counts(three, clipped, turned, sixth, last="sixth") == {"ADD": 1, "MUL": 2}
    scaled = operation("scaled", "Multiply", "x", 0.2)
    leaky = operation("leaky", "Maximum", "scaled", "x")
    assert counts(scaled, leaky, last="leaky") == {"LEAKY_RELU": 1}
    other = operation("leaky", "Maximum", "x", "scaled")
    assert counts(scaled, other, last="leaky") == {"MAXIMUM": 1, "MUL": 1}
    one, zero = operation("one", "Multiply", "x", 1.0), operation("zero", "Add", "one", 0.0)
    assert counts(one, zero, last="zero") == {}


def test_permutes_that_change_nothing_vanish_and_others_merge() -> None:
    def counts(*orders: tuple[int, ...], shape: tuple[int, ...] = (4, 6, 8)) -> dict[str, int]:
        layers = [layer("Permute", f"p{i}", dims=list(dims)) for i, dims in enumerate(orders)]
        config = {"name": "net", "build_input_shape": [1, *shape], "layers": layers}
        imported = read_config(config)
        assert imported.graph is not None
        return dict(lower(imported.graph, "int8").counts)

    assert counts((1, 2, 3)) == {}
    assert counts((2, 1, 3), (2, 1, 3)) == {}
    assert counts((2, 1, 3), (1, 3, 2)) == {"TRANSPOSE": 1}
    assert counts((2, 1, 3), shape=(1, 6, 8)) == {"RESHAPE": 1}


def test_a_layer_with_weights_called_twice_on_one_tensor_is_one_operator() -> None:
    twice = layer("Conv2D", "c", filters=8, kernel_size=[1, 1], padding="same", strides=[1, 1])
    twice["inbound_nodes"] = [{"args": [tensor("image")], "kwargs": {}}] * 2
    total = layer("Add", "sum")
    total["inbound_nodes"] = [{"args": [[tensor("c"), tensor("c", 1)]], "kwargs": {}}]
    imported = read_config(
        functional(image(4, 4, 8), twice, total, inputs=[["image", 0, 0]], outputs=[["sum", 0, 0]])
    )
    assert imported.graph is not None
    assert lower(imported.graph, "int8").counts == {"ADD": 1, "CONV_2D": 1}


def test_what_is_not_known_is_said_and_what_follows_a_recorded_shape_is_known() -> None:
    def config(shape: Any) -> dict[str, Any]:
        lam = layer(
            "Lambda", "code", function={"class_name": "__lambda__", "config": {"code": "X"}}
        )
        return functional(
            image(8, 8, 3),
            on(lam, "image"),
            on(conv("after"), tensor("code", shape=shape)),
        )

    known = read_config(config([None, 8, 8, 3]))
    assert [(one.layer, one.unknown) for one in known.unseen] == [
        ("code", ("params", "macs", "operators"))
    ]
    assert macs_of(known)["after"] == 7776
    for shape in (None, [None, None, 8, 3], "8x8", [None, 8, -8, 3], [True], [0] * 99):
        blind = read_config(config(shape))
        assert [one.layer for one in blind.unseen] == ["code", "after"]
        assert macs_of(blind)["after"] is None
        assert blind.graph is None


def test_a_class_of_the_same_name_elsewhere_is_not_keras_own() -> None:
    for module, registered in (("mine", "Conv2D"), ("keras.layers", "mine>Conv2D"), (None, None)):
        item = on(conv("features"), "image")
        item.update(module=module, registered_name=registered)
        imported = read_config(functional(image(8, 8, 3), item))
        assert imported.unseen[0].unknown == ("params", "output_shape", "macs", "operators")


def test_a_recorded_shape_that_contradicts_the_class_is_doubted() -> None:
    config = functional(
        image(8, 8, 3),
        on(conv("features"), "image"),
        on(layer("ReLU", "clip", max_value=6.0), tensor("features", shape=[None, 9, 9, 8])),
    )
    (unseen,) = read_config(config).unseen
    assert unseen.layer == "features"
    assert unseen.reason == "the config records 9x9x8 for it, its class gives 6x6x8"


def test_frozen_layers_and_models_have_no_trainable_parameters() -> None:
    inner = functional(image(4, name="in"), on(layer("Dense", "d", units=2), "in"), name="inner")
    frozen = model({**inner, "trainable": False})
    outer = functional(
        image(4, name="x"),
        on(frozen, "x"),
        on(layer("Dense", "e", units=2, trainable=False), tensor("inner")),
        on(layer("BatchNormalization", "n"), "e"),
    )
    rows = by_name(outer)
    assert [rows[name].trainable_params for name in ("inner/d", "e", "n")] == [0, 0, 4]
    assert [rows[name].params for name in ("inner/d", "e", "n")] == [10, 6, 8]


@pytest.mark.parametrize(
    ("item", "shape", "params", "macs"),
    [
        (layer("Dense", "l", units=5), (6, 6, 5), 20, 6 * 6 * 15),
        (conv("l", groups=3, filters=6), (4, 4, 6), 60, 4 * 4 * 54),
        (conv("l", data_format="channels_first"), (8, 4, 1), 440, 8 * 4 * 54),
        (
            layer("SeparableConv2D", "l", filters=4, kernel_size=3, depth_multiplier=2),
            (4, 4, 4),
            54 + 24 + 4,
            16 * (54 + 24),
        ),
        (layer("Conv2DTranspose", "l", filters=2, kernel_size=2, strides=2), (12, 12, 2), 26, 864),
        (layer("PReLU", "l", shared_axes=[1, 2]), (6, 6, 3), 3, 0),
        (layer("PReLU", "l", shared_axes=None), (6, 6, 3), 108, 0),
        (layer("BatchNormalization", "l", scale=False), (6, 6, 3), 9, 0),
        (layer("BatchNormalization", "l", axis=1), (6, 6, 3), 24, 0),
        (layer("Normalization", "l", axis=[-1], mean=None), (6, 6, 3), 7, 0),
        (layer("Permute", "l", dims=[3, 1, 2]), (3, 6, 6), 0, 0),
        (layer("Cropping2D", "l", cropping=[[1, 0], [2, 1]]), (5, 3, 3), 0, 0),
        (layer("ZeroPadding2D", "l", padding=[[1, 0], [2, 1]]), (7, 9, 3), 0, 0),
        (layer("Resizing", "l", height=3, width=5), (3, 5, 3), 0, 0),
        (layer("Reshape", "l", target_shape=[-1, 9]), (12, 9), 0, 0),
        (layer("ELU", "l", alpha=1.0), (6, 6, 3), 0, 0),
    ],
    ids=lambda value: value["class_name"] if isinstance(value, dict) else "",
)
def test_layers_the_language_cannot_say(
    item: dict[str, Any], shape: tuple[int, ...], params: int, macs: int
) -> None:
    """Sums worked out by hand from the definitions of the layers."""
    imported = read_config(functional(image(6, 6, 3), on(item, "image")))
    row = imported.layers[1]
    assert (row.path, row.output_shape, row.params) == ("l", shape, params)
    assert macs_of(imported)["l"] == macs


# --- bad configs ---------------------------------------------------------------------------------


def cycle() -> dict[str, Any]:
    config = small()
    config["layers"][1]["inbound_nodes"][0]["args"] = [tensor("pool")]
    return config


def endless() -> dict[str, Any]:
    config = sequential(image(4))
    config["layers"].append(model(config, "Sequential"))
    return config


def deep(levels: int) -> dict[str, Any]:
    config = sequential(image(4, name="x"), layer("Dense", "d", units=4))
    for number in range(levels):
        config = sequential(image(4, name="x"), model(config, "Sequential"), name=f"m{number}")
    return config


def doubling(levels: int) -> dict[str, Any]:
    """Each model calls the one in it twice: 2 ** levels calls in a config of a few lines."""
    config = functional(image(4, name="x"), on(layer("Dense", "d", units=4), "x"), name="m")
    for _ in range(levels):
        nested = on(on(model(config), "x"), tensor("m"))
        config = functional(image(4, name="x"), nested, outputs=["m", 2, 0], name="m")
    return config


def edited(*path: Any, to: Any) -> dict[str, Any]:
    config = small()
    place: Any = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return config


ARGS = ("layers", 1, "inbound_nodes", 0, "args")
REJECTED = {
    "no model": ({}, "does not say what layers it has"),
    "layers no list": (sequential() | {"layers": 7}, "not a list"),
    "no layers": (sequential(), "has no layers"),
    "subclassed": (model({"name": "own"}, "Own"), "does not say what layers it has"),
    "not built": (sequential(layer("Dense", "d", units=3)), "is not built"),
    "a cycle": (cycle(), "reads its own result"),
    "a model in itself": (endless(), "nested"),
    "too deep": (deep(70), "nested"),
    "doubling": (doubling(40), "layers are called"),
    "a name twice": (edited("layers", 2, "name", to="features"), "two layers are called"),
    "a name missing": (edited("output_layers", to=["gone", 0, 0]), "not there"),
    "a call missing": (edited("output_layers", to=["scores", 5, 0]), "call 5"),
    "a negative call": (edited("output_layers", to=["scores", -1, 0]), "`-1`"),
    "outputs a number": (edited("output_layers", to=[[3]]), "`3` is among the outputs"),
    "no outputs": (edited("output_layers", to=[]), "no outputs"),
    "input no InputLayer": (edited("input_layers", to=["pool", 0, 0]), "is not an InputLayer"),
    "a tensor from nowhere": (edited(*ARGS, to=[{"class_name": "__keras_tensor__"}]), "nowhere"),
    "called on nothing": (edited(*ARGS, to=[]), "called on nothing"),
    "old calls": (edited("layers", 1, "inbound_nodes", to=[[["image", 0, 0, {}]]]), "older Keras"),
    "a layer no table": (edited("layers", 1, to=[1]), "not a table"),
    "no class": (edited("layers", 1, "class_name", to=None), "no class"),
    "a long name": (edited("layers", 1, "name", to="n" * 10_000), "layer_name_length"),
    "unprintable": (edited("layers", 1, "name", to="a\x1b[2J"), "cannot be printed"),
    "no shape": (edited("layers", 0, "config", "batch_shape", to=None), "has no shape"),
    "a huge shape": (edited("layers", 0, "config", "batch_shape", to=[1, 10**30]), "has no shape"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_config_that_keras_would_not_write_is_refused(name: str) -> None:
    config, said = REJECTED[name]
    with pytest.raises(Rejected) as caught:
        read_config(config)
    message = caught.value.diagnostic.message
    assert said in message
    assert len(message) < 500
    assert message.isprintable()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("filters", "many"),
        ("filters", 0),
        ("filters", True),
        ("filters", 10**40),
        ("filters", None),
        ("kernel_size", [3]),
        ("kernel_size", [3, -3]),
        ("kernel_size", {"a": 1}),
        ("kernel_size", [9, 9]),
        ("strides", [0, 1]),
        ("padding", "around"),
        ("use_bias", 1),
        ("groups", 5),
        ("activation", {"module": "builtins", "class_name": "function", "config": "os.system"}),
    ],
)
def test_an_argument_that_makes_no_sense_makes_the_layer_unseen(key: str, value: object) -> None:
    imported = read_config(edited("layers", 1, "config", key, to=value))
    assert imported.unseen[0].layer == "features"
    assert "operators" in imported.unseen[0].unknown
    assert imported.graph is None


def test_a_long_chain_is_read_without_recursion() -> None:
    chain = [on(layer("ReLU", f"r{n}"), f"r{n - 1}" if n else "image") for n in range(5_000)]
    assert len(read_config(functional(image(4), *chain)).layers) == 5_001


def test_bounds_move() -> None:
    with pytest.raises(Rejected, match="operators"):
        read_config(small(), limits=Limits(operators=3))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in nested plain data."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["image", "features", "keras", "Dense", "Sequential", "same", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@share(3.0)
@given(st.data())
def test_a_config_with_junk_in_it_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever stands in a config, it is an answer or a diagnostic, and the answer is sound."""
    nested = functional(
        image(8, 8, 3),
        on(conv("features"), "image"),
        on(model(sequential(image(6, 6, 8), conv("c"), name="inner"), "Sequential"), "features"),
        on(layer("Multiply", "gate"), "inner", "inner"),
        on(layer("Reshape", "flat", target_shape=[-1]), "gate"),
        on(layer("Dense", "scores", units=4), "flat"),
    )
    config = deepcopy(nested)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(config)))
        place: Any = config
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = data.draw(JUNK)
    try:
        imported = read_config(config)
    except Rejected:
        return
    verify(imported.sketch)
    lower(imported.sketch)
    assert (imported.graph is None) or not imported.unseen


@pytest.mark.parametrize("kind", ["Average", "Max"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pools_of_every_rank(kind: str, axes: int) -> None:
    """Each axis of space is pooled, none beside: extents, window and strides of its own."""
    extents, window, strides = (9, 8, 7)[:axes], (3, 2, 4)[:axes], (2, 1, 3)[:axes]
    config = functional(
        image(*extents, 5),
        on(layer(f"{kind}Pooling{axes}D", "own", pool_size=window, strides=strides), "image"),
        on(layer(f"{kind}Pooling{axes}D", "usual"), "own"),
        on(layer(f"Global{kind}Pooling{axes}D", "kept", keepdims=True), "usual"),
        on(layer(f"Global{kind}Pooling{axes}D", "all"), "usual"),
        outputs=[["kept", 0, 0], ["all", 0, 0]],
    )
    shapes = {path: one.output_shape for path, one in by_name(config).items()}
    own = tuple(
        (extent - size) // stride + 1
        for extent, size, stride in zip(extents, window, strides, strict=True)
    )
    assert shapes["own"] == (*own, 5)
    assert shapes["usual"] == (*(extent // 2 for extent in own), 5)
    assert shapes["kept"] == (*(1 for _ in own), 5)
    assert shapes["all"] == (5,)


def test_scopes_follow_the_order_of_execution() -> None:
    """As the names in a function that Keras 3.15.1 and TensorFlow 2.21.0 traced."""
    three = [on(layer("Dense", name, units=4), "x") for name in ("dense", "dense_1", "dense_2")]

    def scopes(outputs: Any) -> list[str | None]:
        found = functional(image(8, name="x"), *three, inputs=[["x", 0, 0]], outputs=outputs)
        nodes = read_config(found).sketch.nodes
        return [node.scope for name in SCOPED for node in nodes if node.name == name]

    listed = [[name, 0, 0] for name in SCOPED]
    assert scopes(listed) == ["dense_3/", "dense_1_1/", "dense_2_1/"]
    assert scopes(dict(zip("cba", listed, strict=True))) == ["dense_1/", "dense_1_2/", "dense_2_1/"]


SCOPED = ("dense", "dense_1", "dense_2")


def test_deeper_calls_run_first() -> None:
    """Two branches of two layers: by depth, and at one depth from the last that was met back."""
    made = [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("sum", 0)]
    reads = {made[0]: [("x", 0)], made[1]: [made[0]], made[2]: [("x", 0)], made[3]: [made[2]]}
    assert executed(made, reads | {made[4]: [made[1], made[3]]}) == [
        *(("c", 0), ("a", 0)),
        *(("b", 0), ("d", 0)),
        ("sum", 0),
    ]
