"""A deployed graph as an accelerator's compiler reads it."""

from archc.analysis.latency.model import Map, Net, Op
from archc.analysis.lowering.deployed import INPUT, Deployed, DeviceOp
from archc.ops.base import Shape, product


def feature_map(shape: Shape) -> Map:
    """A shape, the batch excluded, as rows, columns and channels: a vector is one pixel, a list of
    vectors (rank 3 with its batch) a column of pixels, and further axes are rows."""
    if len(shape) < 3:
        return (shape[0] if len(shape) == 2 else 1, 1, shape[-1] if shape else 1)
    return (product(shape[:-2]), shape[-2], shape[-1])


def deployed_net(deployed: Deployed) -> Net:
    """The operators of a deployed graph. Tensors are numbered as they are made, inputs first."""
    inputs = len(deployed.input_shapes)
    floats = any(op.border and op.float_result for op in deployed.operators)
    shapes = (*deployed.input_shapes, *(op.shape for op in deployed.operators))
    operators = tuple(
        [
            _op(deployed, op, tuple([_tensor(at, inputs) for at in op.inputs]), index + inputs)
            for index, op in enumerate(deployed.operators)
        ]
    )
    return Net(
        tuple(map(feature_map, shapes)),
        tuple(len(shape) + 1 for shape in shapes),
        tuple(range(inputs)),
        operators,
        any(op.border and min(op.inputs) < 0 for op in deployed.operators) and floats,
    )


def _tensor(source: int, inputs: int) -> int:
    return source + inputs if source >= 0 else INPUT - source


def _op(deployed: Deployed, op: DeviceOp, reads: tuple[int, ...], makes: int) -> Op:
    doubt = None
    if op.float_result and not op.border:
        doubt = "a part computes in float"
    elif op.batch > 1:
        doubt = "a convolution is dilated"
    width = 4 if op.float_result and not op.border else 1
    window = op.window
    if window is None or not reads:
        weights = op.weights
        return Op(
            op.operator,
            reads,
            (makes,),
            weights=weights,
            biases=op.biases,
            doubt=doubt,
            width=width,
        )
    if window.dilation != (1, 1):
        doubt = "a convolution is dilated"
    original = op if op.twin is None else deployed.operators[op.twin]
    groups = 1
    if op.operator == "CONV_2D" and original.weights:
        dense = product(window.kernel) * deployed.shape(op.inputs[0])[-1] * op.shape[-1]
        groups = max(dense // original.weights, 1)
    return Op(
        op.operator,
        reads,
        (makes,),
        window.kernel,
        max(window.stride),
        groups,
        original.weights,
        op.biases,
        op.activation,
        doubt,
        width,
    )
