"""The deployed graph against the int8 converter: every operator and every rule, and random nets.

Equal means: the same operators with the same result shapes in the same order, the same bytes of
constants and of weights, counted by tensor.
"""

import tempfile
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from archc.analysis.lowering import lower
from support.keras_models import build
from support.nets import Net
from support.random_nets import degenerate_net, random_net
from support.tflite import convert, differences, read

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

Steps = list[Any]
"""An operator's name, or (name, arguments), each reading the one before."""

MAP = (8, 8, 8)
CONV = ("conv", {"channels": 8})
BARE = ("conv", {"channels": 8, "bias": False})
WIDE = ("conv", {"channels": 8, "kernel": (3, 3)})
VALID = {"padding": "valid"}
PAD = ("zero_pad", {"before": (1, 1)})

CHAINS: dict[str, tuple[tuple[int, ...], Steps]] = {
    # operators by themselves
    **{
        keyword: (MAP, [CONV, keyword])
        for keyword in (
            *("relu6", "relu", "sigmoid", "softmax", "tanh", "hard_sigmoid", "hard_swish"),
            *("swish", "gelu", "leaky_relu", "batchnorm", "layernorm", "dropout"),
            *("spatial_dropout", "global_average_pool", "global_max_pool", "flatten"),
        )
    },
    "layernorm without scale": (MAP, [("layernorm", {"scale": False})]),
    "layernorm without offset": (MAP, [("layernorm", {"center": False})]),
    "layernorm bare": (MAP, [("layernorm", {"center": False, "scale": False})]),
    "layernorm on a vector": (MAP, ["global_average_pool", "layernorm"]),
    "two layernorms share epsilon": (MAP, ["layernorm", "layernorm"]),
    "nearest": (MAP, [CONV, ("upsample", {})]),
    "nearest, columns": (MAP, [("upsample", {"scale": (1, 3)})]),
    "nearest by 1": (MAP, [CONV, ("upsample", {"scale": (1, 1)})]),
    "bilinear": (MAP, [("upsample", {"interpolation": "bilinear"})]),
    "max pool": (MAP, [("max_pool", {"window": (2, 2)})]),
    "average pool": (MAP, [("average_pool", {"window": (3, 3), "stride": (1, 2)})]),
    "transposed": (MAP, [("conv_transpose", {"channels": 8, "kernel": (3, 3)}), "relu6"]),
    "transposed, no bias": (
        MAP,
        [("conv_transpose", {"channels": 8, "kernel": (3, 3), "bias": False}), "relu6"],
    ),
    "transposed, batchnorm": (
        MAP,
        [("conv_transpose", {"channels": 8, "kernel": (3, 3), "stride": (2, 1)}), "batchnorm"],
    ),
    "dilated": (MAP, [("conv", {"channels": 8, "kernel": (3, 3), "dilation": (2, 2)})]),
    "groups": (MAP, [("conv", {"channels": 8, "kernel": (3, 3), "groups": 8})]),
    "depthwise, uneven stride": (MAP, [("dwconv", {"kernel": (3, 3), "stride": (1, 2)})]),
    "depthwise multiplier": (MAP, [("dwconv", {"kernel": (3, 3), "multiplier": 2})]),
    "window over the map": (MAP, [("conv", {"channels": 4, "kernel": (15, 15)})]),
    # activations, scaling and normalisation
    "prelu": (MAP, [CONV, "prelu", CONV]),
    "prelu first": ((3, 3, 1), ["prelu", CONV]),
    "prelu of a vector": ((8,), [("dense", {"units": 8}), "prelu"]),
    "elu": (MAP, [CONV, "elu", CONV]),
    "elu of one value": ((1, 1, 1), ["elu", CONV]),
    "relu to 4": (MAP, [CONV, ("relu", {"max": Fraction(4)}), CONV]),
    "relu to 1": (MAP, [("relu", {"max": Fraction(1)}), CONV]),
    "relu to 6": (MAP, [CONV, ("relu", {"max": Fraction(6)}), CONV]),
    "relu to 20 of a vector": ((8,), [("dense", {"units": 8}), ("relu", {"max": Fraction(20)})]),
    **{
        f"batchnorm {scale} {center} {where}": (
            MAP,
            [*steps, ("batchnorm", {"scale": scale, "center": center}), *after],
        )
        for scale, center in ((False, True), (True, False), (False, False))
        for where, steps, after in (("folded", [CONV], []), ("first", [], ["relu6", CONV]))
    },
    "rescale": (MAP, [("rescale", {"scale": Fraction(1, 128), "offset": Fraction(-1)}), CONV]),
    "rescale before a padded one": (
        MAP,
        [("rescale", {"scale": Fraction(1, 2), "offset": Fraction(1)}), WIDE],
    ),
    "rescale, relu6": (MAP, [("rescale", {"scale": Fraction(3)}), "relu6", "sigmoid"]),
    "rescale by 1": (MAP, [CONV, ("rescale", {"scale": Fraction(1)}), CONV]),
    "offset only": (MAP, [("rescale", {"scale": Fraction(1), "offset": Fraction(2)}), "sigmoid"]),
    "negative": (MAP, ["relu", ("rescale", {"scale": Fraction(-1)}), "sigmoid"]),
    "negative of a convolution": (MAP, [CONV, ("rescale", {"scale": Fraction(-1)}), CONV]),
    "one minus": (
        (8,),
        ["sigmoid", ("rescale", {"scale": Fraction(-1), "offset": Fraction(1)}), "relu6"],
    ),
    "normalise": (
        MAP,
        [("normalise", {"mean": (Fraction(1, 2),), "variance": (Fraction(1, 4),)}), CONV],
    ),
    "normalise, mean only": (MAP, [("normalise", {"mean": (Fraction(1, 2),)}), "relu6"]),
    "normalise by nothing": (MAP, [CONV, ("normalise", {"mean": (Fraction(0),)}), CONV]),
    "normalise each channel": (
        (8, 8, 3),
        [
            (
                "normalise",
                {
                    "mean": (Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)),
                    "variance": (Fraction(1, 2), Fraction(2), Fraction(3)),
                },
            ),
            WIDE,
        ],
    ),
    "normalise each channel alike": (
        (8, 8, 3),
        [
            (
                "normalise",
                {"mean": (Fraction(1, 2),) * 3, "variance": (Fraction(1, 4),) * 3},
            ),
            WIDE,
        ],
    ),
    "normalise each channel alike, in full": (
        (4, 4, 3),
        [
            (
                "normalise",
                {"mean": (Fraction(1, 2),) * 3, "variance": (Fraction(1, 4),) * 3},
            ),
            "sigmoid",
        ],
    ),
    "normalise one channel": (
        (8, 8, 1),
        [("normalise", {"mean": (Fraction(1, 2),), "variance": (Fraction(4),)}), "sigmoid"],
    ),
    "l2": (MAP, [CONV, "l2_normalise", CONV]),
    "l2 of a vector": (MAP, ["global_average_pool", ("dense", {"units": 4}), "l2_normalise"]),
    "l2 of one channel": ((3, 2, 1), ["l2_normalise", CONV]),
    # parts of maps, and other orders
    "slice": (MAP, [CONV, ("slice", {"first": 2, "count": 4}), CONV]),
    "slice from the first on": (MAP, [CONV, ("slice", {"first": 0, "count": 4})]),
    "slice to the last": (MAP, [CONV, ("slice", {"first": 4, "count": 4}), "relu6"]),
    "slice of all": (MAP, [CONV, ("slice", {"first": 0, "count": 8}), CONV]),
    "slice of one channel": ((3, 1, 1), [("slice", {"first": 0, "count": 1}), CONV]),
    "slice of a vector": (
        (8,),
        [("dense", {"units": 8}), ("slice", {"first": 2, "count": 3}), ("dense", {"units": 4})],
    ),
    "crop": (MAP, [CONV, ("crop", {"before": (1, 0), "after": (0, 2)}), CONV]),
    "crop on all sides": (MAP, [("crop", {"before": (1, 1)}), "sigmoid"]),
    "crop of nothing": (MAP, [CONV, ("crop", {"before": (0, 0)}), CONV]),
    "crop, pad": (MAP, [("crop", {"before": (1, 1)}), PAD, CONV]),
    "permute": (MAP, [CONV, ("permute", {"order": (2, 1, 3)}), CONV]),
    "permute of channels": (MAP, [CONV, ("permute", {"order": (3, 1, 2)}), "relu6"]),
    "permute of nothing": (MAP, [CONV, ("permute", {"order": (1, 2, 3)}), CONV]),
    "permute of one row": ((1, 8, 8), [CONV, ("permute", {"order": (2, 1, 3)}), CONV]),
    "permute there and back": (
        (6, 8, 8),
        [("permute", {"order": (2, 1, 3)}), "relu", ("permute", {"order": (2, 1, 3)}), CONV],
    ),
    "channel shuffle": (MAP, [CONV, ("channel_shuffle", {"groups": 2}), CONV]),
    "channel shuffle, activation": (MAP, [CONV, ("channel_shuffle", {"groups": 4}), "relu6"]),
    "channel shuffle of one group": (MAP, [CONV, ("channel_shuffle", {"groups": 1}), CONV]),
    "channel shuffle of single channels": (MAP, [CONV, ("channel_shuffle", {"groups": 8}), CONV]),
    "channel shuffle of one place": ((1, 1, 8), [("channel_shuffle", {"groups": 2}), CONV]),
    "channel shuffle of one channel": ((4, 4, 1), [("channel_shuffle", {"groups": 1}), CONV]),
    "space to depth": (MAP, [CONV, ("space_to_depth", {"factor": 2}), CONV]),
    "space to depth of the input": ((6, 9, 1), [("space_to_depth", {"factor": 3}), "relu6"]),
    "space to depth of one block": ((2, 2, 1), [("space_to_depth", {"factor": 2}), CONV]),
    "space to depth by 1": (MAP, [CONV, ("space_to_depth", {"factor": 1}), CONV]),
    "depth to space": (MAP, [CONV, ("depth_to_space", {"factor": 2}), CONV]),
    "depth to space, activation": (MAP, [CONV, ("depth_to_space", {"factor": 2}), "relu6"]),
    "depth to space to one channel": ((2, 3, 4), [("depth_to_space", {"factor": 2}), CONV]),
    "depth to space by 1": (MAP, [CONV, ("depth_to_space", {"factor": 1}), CONV]),
    "there and back": (
        MAP,
        [CONV, ("space_to_depth", {"factor": 2}), ("depth_to_space", {"factor": 2}), CONV],
    ),
    "resize": (MAP, [CONV, ("resize", {"size": (12, 20)}), CONV]),
    "resize, smaller": (MAP, [CONV, ("resize", {"size": (3, 1)}), "relu6"]),
    "resize to the same size": (MAP, [CONV, ("resize", {"size": (8, 8)}), CONV]),
    "resize, bilinear": (
        MAP,
        [CONV, ("resize", {"size": (12, 20), "interpolation": "bilinear"}), CONV],
    ),
    # identities
    "identity": (MAP, ["dropout"]),
    "reshape to the same shape": (MAP, [("reshape", {"shape": MAP}), "relu6"]),
    "mean of one pixel": ((1, 1, 8), [("global_average_pool", {"keepdims": True}), "sigmoid"]),
    "maximum of one pixel": ((1, 1, 8), [("global_max_pool", {"keepdims": True}), "sigmoid"]),
    "mean of one pixel as a vector": ((1, 1, 8), ["global_average_pool"]),
    "no padding": (MAP, [("zero_pad", {"before": (0, 0)}), ("max_pool", {"window": (2, 2)})]),
    # constants of equal content are stored once
    "three convolutions share a zero bias": (MAP, [BARE, BARE, BARE]),
    "a depthwise one shares it too": (MAP, [BARE, ("dwconv", {"kernel": (3, 3), "bias": False})]),
    "a batchnorm makes a bias of zeros its own": (MAP, [BARE, "batchnorm", BARE, "relu", BARE]),
    "an activation that adds makes it its own": (MAP, [BARE, "hard_sigmoid", BARE, BARE]),
    "dense layers in a row": ((18,), [("dense", {"units": 2}), ("dense", {"units": 16})]),
    "transposed ones without bias have none": (
        MAP,
        [("conv_transpose", {"channels": 8, "kernel": (3, 3), "bias": False}), BARE, BARE],
    ),
    # folding
    "batchnorm first": (MAP, ["batchnorm", "relu6", CONV]),
    "two batchnorms": (MAP, [CONV, "batchnorm", "dropout", "batchnorm", "relu6"]),
    "batchnorm after pool": (MAP, [("max_pool", {"window": (2, 2)}), "batchnorm", "hard_sigmoid"]),
    "batchnorm into dense": (MAP, ["global_average_pool", "batchnorm", ("dense", {"units": 8})]),
    "batchnorm into dense over a map": (
        MAP,
        [
            ("global_average_pool", {"keepdims": True}),
            "batchnorm",
            "flatten",
            ("dense", {"units": 8}),
        ],
    ),
    "batchnorm not into dense without bias": (
        MAP,
        ["global_average_pool", "batchnorm", ("dense", {"units": 8, "bias": False})],
    ),
    "dense and batchnorm": ((8,), [("dense", {"units": 8, "bias": False}), "batchnorm"]),
    "dense, batchnorm, dense": (
        (8,),
        [("dense", {"units": 8, "bias": False}), "batchnorm", ("dense", {"units": 4})],
    ),
    "three dense": ((8,), [("dense", {"units": units}) for units in (8, 4, 6)]),
    "four dense": ((8,), [("dense", {"units": units}) for units in (8, 4, 6, 9)]),
    "one channel into a valid convolution": (
        (8, 8, 1),
        ["batchnorm", ("conv", {"channels": 8, "kernel": (3, 3), **VALID})],
    ),
    "one channel before a same convolution": ((8, 8, 1), ["batchnorm", WIDE]),
    "hard sigmoid into a convolution": (MAP, [CONV, "hard_sigmoid", CONV]),
    "two hard sigmoids share numbers": (MAP, ["hard_sigmoid", "hard_sigmoid"]),
    # padding
    "pad 1, kernel 3": ((8, 7, 8), [PAD, ("dwconv", {"kernel": (3, 3), **VALID})]),
    "pad 1, stride 2, odd": (
        (7, 7, 8),
        [PAD, ("dwconv", {"kernel": (3, 3), "stride": (2, 2), **VALID})],
    ),
    "pad 1, stride 2, even": (
        MAP,
        [PAD, ("conv", {"channels": 8, "kernel": (3, 3), "stride": (2, 2), **VALID})],
    ),
    "pad below and right, stride 2, even": (
        MAP,
        [
            ("zero_pad", {"before": (0, 0), "after": (1, 1)}),
            ("conv", {"channels": 8, "kernel": (3, 3), "stride": (2, 2), **VALID}),
        ],
    ),
    "pad, dilated": (
        MAP,
        [
            ("zero_pad", {"before": (2, 2)}),
            ("conv", {"channels": 8, "kernel": (3, 3), "dilation": (2, 2), **VALID}),
        ],
    ),
    "pad before a pool": (MAP, [PAD, ("max_pool", {"window": (3, 3)})]),
    "pad before a same convolution": (MAP, [PAD, WIDE]),
    # activations
    "relu, relu6": (MAP, [CONV, "relu", "relu6"]),
    "relu6, relu": (MAP, [CONV, "relu6", "relu"]),
    "relu6 twice": (MAP, [CONV, "relu6", "relu6"]),
    "relu6 after a mean": (MAP, ["global_average_pool", "relu6"]),
    "relu6 after sigmoid": (MAP, ["sigmoid", "relu6"]),
    "relu6 after pools": (MAP, [("average_pool", {"window": (2, 2)}), "relu6"]),
    "hard swish, relu6": (MAP, [CONV, "hard_swish", "relu6"]),
    # reshapes
    "mean as a map": (MAP, ["global_average_pool", ("reshape", {"shape": (1, 1, 8)}), CONV]),
    "mean map as a vector": (
        MAP,
        [("global_average_pool", {"keepdims": True}), "flatten", "softmax"],
    ),
    "two reshapes": (MAP, [("reshape", {"shape": (4, 16, 8)}), "flatten", "softmax"]),
    "one pixel into dense": (
        MAP,
        [("conv", {"channels": 8, "kernel": (8, 8), **VALID}), "flatten", ("dense", {"units": 4})],
    ),
    "flatten sinks": (MAP, [CONV, "flatten", "relu6", "sigmoid", ("dense", {"units": 4})]),
    "relu6 past a reshape, transposed": (
        MAP,
        [("conv_transpose", {"channels": 8, "kernel": (3, 3)}), "flatten", "relu6"],
    ),
    "batchnorm through a reshape": (
        (8,),
        [("dense", {"units": 8}), ("reshape", {"shape": (1, 1, 8)}), "batchnorm"],
    ),
}


def chain(shape: tuple[int, ...], steps: Steps) -> Net:
    net = Net(*shape)
    for step in steps:
        keyword, arguments = step if isinstance(step, tuple) else (step, {})
        net(keyword, **arguments)
    return net


def residual_vectors() -> Net:
    net = Net(8)
    first = net("dense", units=8)
    net("relu6")
    net("add", first, net("dense", units=8))
    return net


def residual_pixels() -> Net:
    net = Net(1, 1, 8)
    first = net("conv", channels=8)
    net("add", first, net("conv", channels=8), net("conv", first, channels=8))
    return net


def equal_branches() -> Net:
    net = Net(*MAP)
    x = net("conv", channels=8)
    a, b = net("relu6", x), net("relu6", x)
    net("add", net("max_pool", a, window=(2, 2)), net("max_pool", b, window=(2, 2)))
    return net


def two_users() -> Net:
    net = Net(*MAP)
    x = net("conv", channels=8)
    net("concat", x, net("batchnorm", x), net("relu6", x))
    return net


def dense_copied() -> Net:
    net = Net(8)
    x = net("dense", units=8)
    net("concat", x, net("relu6", x), net("relu", x))
    return net


def fixed_scale() -> Net:
    net = Net(*MAP)
    a = net("max_pool", net("sigmoid", net("conv", channels=8)), window=(2, 2))
    b = net("zero_pad", net("tanh", 0), before=(0, 0), after=(1, 1))
    b = net("conv", b, channels=8, stride=(2, 2), kernel=(3, 3), padding="valid")
    c = net("upsample", net("softmax", b), scale=(1, 1))
    net("concat", a, b, c)
    return net


def gates() -> Net:
    net = Net(*MAP)
    x = net("conv", channels=8)
    net("global_average_pool", x)
    net("dense", units=4)
    net("relu6")
    net("dense", units=8)
    net("sigmoid")
    x = net("multiply", x, net("reshape", shape=(1, 1, 8)))
    net("global_average_pool", x, keepdims=True)
    net("conv", channels=8)
    net("relu6")
    net("conv", channels=8)
    net("hard_sigmoid")
    x = net("multiply", x, net.last)
    net("sigmoid", net("conv", x, channels=8))
    net("multiply", x, net.last)
    return net


def padding_shared() -> Net:
    net = Net(*MAP)
    x = net("zero_pad", before=(1, 1))
    a = net("conv", x, channels=8, kernel=(3, 3), padding="valid")
    net("add", a, net("dwconv", x, kernel=(3, 3), padding="valid"))
    return net


def hard_swish_by_hand() -> Net:
    net = Net(*MAP)
    x = net("conv", channels=8)
    y = net("hard_sigmoid")
    net("add", net("multiply", y, x), y)
    return net


def joined(keyword: str, bodies: int = 2, shape: tuple[int, ...] = MAP) -> Net:
    """What convolutions, or dense layers, of one tensor make, joined."""
    net = Net(*shape)
    kind = {"units": 8} if len(shape) == 1 else {"channels": 8}
    made = [net("conv" if "channels" in kind else "dense", 0, **kind) for _ in range(bodies)]
    net(keyword, *made)
    net("relu6")
    return net


def joins() -> Net:
    """One after the other, of the input itself and of one tensor twice."""
    net = Net(*MAP)
    x = net("subtract", 0, net("conv", channels=8))
    y = net("minimum", x, net("sigmoid", x), 0)
    net("maximum", y, x, net("relu", y))
    return net


def normed_branches() -> Net:
    """What decides which of several normalisations is first in the file."""
    net = Net(*MAP)
    made = [
        net("batchnorm", 0, scale=scale, center=center)
        for scale, center in ((True, True), (False, True), (True, False), (False, False))
    ]
    made.append(net("rescale", 0, scale=Fraction(1, 2), offset=Fraction(1)))
    made.append(net("normalise", 0, mean=(Fraction(1, 2),), variance=(Fraction(2),)))
    made += [
        net("prelu", net("sigmoid", 0)),
        net("slice", 0, first=0, count=4),
    ]
    made.append(net("l2_normalise", 0))
    net("concat", *(net("conv", one, channels=4) for one in made))
    return net


NETS: tuple[Callable[[], Net], ...] = (
    *(lambda word=word: joined(word) for word in ("subtract", "minimum", "maximum")),
    *(lambda word=word: joined(word, 3, (8,)) for word in ("minimum", "maximum")),
    *(lambda word=word: joined(word, 2, (1, 1, 8)) for word in ("subtract", "maximum")),
    *(joins, normed_branches),
    *(residual_vectors, residual_pixels, equal_branches, two_users, dense_copied, fixed_scale),
    *(gates, padding_shared, hard_swish_by_hand),
)


def agree(net: Net, io: str = "float32") -> None:
    """Equal to the converter's file, the order included."""
    graph = net.graph()
    deployed = lower(graph, io)
    assert not deployed.unknown
    assert not deployed.failures
    told = differences(deployed, read(convert(build(graph), io, samples=2)))
    assert not told, told


def skip_if_said(net: Net) -> None:
    """Nets with a pattern whose lowering is not known, or one at which the converter fails."""
    deployed = lower(net.graph())
    if deployed.unknown or deployed.failures:
        pytest.skip("holds a pattern whose lowering is not known or fails, and says so")


@pytest.mark.parametrize("name", CHAINS)
def test_chain(name: str) -> None:
    agree(chain(*CHAINS[name]))


@pytest.mark.parametrize("make", NETS)
def test_branches(make: Callable[[], Net]) -> None:
    agree(make())


@pytest.mark.parametrize("io", ["float32", "int8", "uint8"])
@pytest.mark.parametrize("name", ["identity", "sigmoid", "flatten"])
def test_border(name: str, io: str) -> None:
    agree(chain(*CHAINS[name]), io)


@pytest.mark.parametrize("seed", range(24))
def test_random_net(seed: int) -> None:
    net = random_net(seed, exotic=seed % 2 == 0)
    skip_if_said(net)
    agree(net, ("float32", "int8", "uint8")[seed % 3])


@pytest.mark.parametrize("seed", range(6))
def test_net_that_cuts_and_scales(seed: int) -> None:
    net = random_net(seed, cutting=True)
    skip_if_said(net)
    agree(net, "int8")


@pytest.mark.parametrize("seed", range(12))
def test_degenerate_net(seed: int) -> None:
    net = degenerate_net(seed)
    skip_if_said(net)
    agree(net, "int8")


@pytest.mark.parametrize("seed", [0, 1, 16, 30])
def test_the_name_of_the_model_decides_too(seed: int) -> None:
    """The input `image` is walked before what belongs to `aaa` and after what belongs to `net`.
    In 16 and 30 a Multiply reads a value and what is computed from it."""
    net = random_net(seed, exotic=False, size=12)
    net.name = "aaa"
    agree(net, "int8")


@pytest.mark.parametrize("names", [("b", "a"), ("a", "b"), ("conv", "conv_0"), ("a_10", "a_9")])
def test_names_decide_between_branches(names: tuple[str, str]) -> None:
    net = Net(*MAP)
    left, right = net("conv", 0, channels=8), net("conv", 0, channels=4, kernel=(3, 3))
    net("concat", left, right)
    graph = net.graph()
    nodes = list(graph.nodes)
    nodes[left], nodes[right] = (
        nodes[index]._replace(name=name) for index, name in zip((left, right), names, strict=True)
    )
    graph = graph._replace(nodes=tuple(nodes))
    deployed = lower(graph, "int8")
    assert deployed.order == "predicted"
    told = differences(deployed, read(convert(build(graph), "int8", samples=2)))
    assert not told, told


def test_an_exported_model_gives_the_same_file_order() -> None:
    """`model.export` with a signature of batch 1 calls the input `args_0`."""
    import tensorflow as tf

    net = random_net(21, exotic=False)
    graph = net.graph()
    deployed = lower(graph)
    assert deployed.order == "predicted"
    told = differences(deployed, read(exported(build(graph, batch=None), tf)))
    assert not told, told


def exported(model: Any, tf: Any) -> bytes:
    import numpy as np

    shape = (1, *model.inputs[0].shape[1:])
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, input_signature=[tf.TensorSpec(shape)], verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: (
            [generator.normal(size=shape).astype("float32")] for _ in range(2)
        )
        return bytes(converter.convert())
