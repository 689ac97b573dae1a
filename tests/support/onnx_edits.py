"""ONNX files with their graph changed: nodes that read something else, lose or gain operands,
attributes and names, or are of another kind; tensors of another shape or type.

Bytes that are flipped (`support.damage`) mostly leave a file that protobuf refuses. What is changed
here is a file as before, and a network that often is none.
"""

from random import Random

from onnx import ModelProto, NodeProto, TensorProto, helper

KINDS = (
    *("Relu", "Clip", "Add", "Mul", "Sigmoid", "Concat", "Split", "Reshape", "Transpose", "Gemm"),
    *("MatMul", "Conv", "ConvTranspose", "QuantizeLinear", "DequantizeLinear", "Identity", "Pad"),
    *(
        "Slice",
        "Gather",
        "Shape",
        "ReduceMean",
        "Resize",
        "Squeeze",
        "Unsqueeze",
        "Flatten",
        "Where",
    ),
    *("GlobalAveragePool", "MaxPool", "BatchNormalization", "Cast", "Tile", "Expand", "If", "LSTM"),
)
NUMBERS = (0, 1, 2, 3, -1, -2, 7, 8, 65_536, 2**31, -(2**31), 2**62)


def edited(model: ModelProto, seed: int) -> ModelProto:
    """A model with one to three changes, by its seed."""
    rng = Random(seed)
    made = ModelProto.FromString(model.SerializeToString())
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(EDITS)(made, rng)
    return made


def node_of(model: ModelProto, rng: Random) -> NodeProto:
    return rng.choice(model.graph.node)


def tensor(model: ModelProto, rng: Random) -> str:
    """A name that stands somewhere in the graph, or nowhere."""
    node = node_of(model, rng)
    names = [*node.input, *node.output, *(one.name for one in model.graph.initializer)]
    return rng.choice([*names, "", "nowhere"])


def rewire(model: ModelProto, rng: Random) -> None:
    node = node_of(model, rng)
    if node.input:
        node.input[rng.randrange(len(node.input))] = tensor(model, rng)


def operand(model: ModelProto, rng: Random) -> None:
    node = node_of(model, rng)
    if node.input and rng.random() < 0.5:
        del node.input[rng.randrange(len(node.input)) :]
    else:
        node.input.append(tensor(model, rng))


def result(model: ModelProto, rng: Random) -> None:
    node = node_of(model, rng)
    if rng.random() < 0.3:
        del node.output[:]
    elif rng.random() < 0.5 and node.output:
        node.output[0] = rng.choice(["", "other", tensor(model, rng)])
    else:
        node.output.append(rng.choice(["", "more"]))


def kind(model: ModelProto, rng: Random) -> None:
    node_of(model, rng).op_type = rng.choice(KINDS)


def attribute(model: ModelProto, rng: Random) -> None:
    node = node_of(model, rng)
    if node.attribute and rng.random() < 0.7:
        one = rng.choice(node.attribute)
        if one.ints and rng.random() < 0.8:
            one.ints[rng.randrange(len(one.ints))] = rng.choice(NUMBERS)
        elif rng.random() < 0.5:
            one.i = rng.choice(NUMBERS)
        else:
            del one.ints[:]
        return
    name = rng.choice(["axis", "group", "perm", "axes", "alpha", "mode", "strides", "to", "transA"])
    value = rng.choice([rng.choice(NUMBERS), [rng.choice(NUMBERS)], "odd", 0.5])
    node.attribute.append(helper.make_attribute(name, value))


def remove(model: ModelProto, rng: Random) -> None:
    del model.graph.node[rng.randrange(len(model.graph.node))]


def double(model: ModelProto, rng: Random) -> None:
    at = rng.randrange(len(model.graph.node))
    copy = NodeProto.FromString(model.graph.node[at].SerializeToString())
    for place in range(len(copy.output)):
        copy.output[place] += "_copy" * rng.randint(0, 1)
    model.graph.node.insert(rng.randrange(len(model.graph.node)), copy)


def constant(model: ModelProto, rng: Random) -> None:
    one = rng.choice(model.graph.initializer)
    what = rng.random()
    if what < 0.3:
        one.dims.append(1)
    elif what < 0.5 and one.dims:
        del one.dims[-1]
    elif what < 0.7:
        one.data_type = rng.choice(TensorProto.DataType.values())
    elif what < 0.85:
        one.name = tensor(model, rng)
    else:
        one.data_location = TensorProto.EXTERNAL


def border(model: ModelProto, rng: Random) -> None:
    entry = rng.choice([*model.graph.input, *model.graph.output])
    what = rng.random()
    if what < 0.4:
        entry.name = tensor(model, rng)
    elif what < 0.7 and entry.type.tensor_type.shape.dim:
        entry.type.tensor_type.shape.dim[-1].dim_value = rng.choice(NUMBERS)
    else:
        entry.type.tensor_type.elem_type = rng.choice(TensorProto.DataType.values())


def swap(model: ModelProto, rng: Random) -> None:
    nodes = list(model.graph.node)
    first, second = rng.randrange(len(nodes)), rng.randrange(len(nodes))
    nodes[first], nodes[second] = nodes[second], nodes[first]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)


EDITS = (
    *(rewire, rewire, operand, result, kind, kind, attribute, attribute, remove, double),
    *(constant, border, swap),
)
