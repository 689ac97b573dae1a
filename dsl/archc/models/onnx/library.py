"""A program that reads an ONNX file on its standard input with the `onnx` library, infers the
shapes of its tensors, and writes JSON about it.

It is run in a process of its own, with bounds on memory and time: protobuf and shape inference are
C++, which may end the process on a damaged file. Nothing of the file is executed, and no other file
is opened: of weights, it tells types, shapes, and which are zero or not finite.

Usage: library.py BYTES, where BYTES bounds the file.
"""

import json
import math
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

AXES = 8
EXTENT = 2**31
VALUES = 64
"""Elements up to which the values of a tensor are handed over."""
INFERRED = 4_096
"""Elements up to which shape inference sees the values of a tensor: shapes, axes, pads."""
SCALES = 1_048_576
"""Scales of one tensor that are looked at."""
_SHAPES = "ConstantOfShape Shape Reshape Squeeze Unsqueeze Transpose Slice Gather Concat"
FOLDED = frozenset(f"{_SHAPES} Add Cast Ceil Clip Div Floor Identity Max Min Mul Neg Sub".split())
"""What exporters compute shapes and pads with. None of them makes much more than it reads."""
TABLED = ("Pad", "Slice")
"""Operators whose operands behind the first say what they do."""
ROUNDS = 8
"""Of inference and of working out."""
TEXT = 500
ATTRIBUTES = 4_096
ROOM = 1_536 * 1024**2
"""Bytes of memory beside four times the file: libraries, and the file itself."""
CPU_SECONDS = 60
CONTRIB = "com.microsoft"
QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
SCALE, ZERO = 1, 2
"""Places of scale and zero point among the inputs of a quantizer."""
NAMES = {"float": "float32", "double": "float64"}


class Refused(Exception):
    """The file is not read. The message completes "it cannot be read: "."""


def look(data: bytes) -> dict[str, Any]:
    """What a file holds.

    Raises:
        Refused: it is not read.
    """
    import onnx

    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    whole(model)
    constants = dict(initializers(graph))
    opened = close_batch(graph, constants)
    nodes = []
    for node in graph.node:
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            constants.update([constant(node)])
        else:
            nodes.append(plain_node(node))
    zeros = check_scales(graph, constants)
    plain = {
        "ir": model.ir_version,
        "producer": model.producer_name[:TEXT],
        "producer_version": model.producer_version[:TEXT],
        "opsets": [[one.domain, one.version] for one in model.opset_import],
        "inputs": [one.name for one in graph.input if one.name not in constants],
        "outputs": [one.name for one in graph.output],
        "open": opened,
        "nodes": nodes,
        "constants": {
            n: [type_name(t.data_type), [*t.dims], external(t), values(t), n in zeros, *looked(t)]
            for n, t in constants.items()
        },
    }
    plain["shapes"], worked = shapes(model, constants)
    plain["worked"] = {name: values(tensor) for name, tensor in worked.items()}
    if not all(isinstance(name, str) for name in (*constants, *plain["shapes"])):
        untold(None)
    return plain


def untold(value: Any) -> Any:
    """What protobuf gives as bytes, since it is not UTF-8."""
    raise Refused("a name in it is not text")


def words(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def restrict(most: int) -> None:
    """Bound this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for what, amount in ((resource.RLIMIT_AS, 4 * most + ROOM), (resource.RLIMIT_CPU, CPU_SECONDS)):
        _, hard = resource.getrlimit(what)
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(what, (amount, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def whole(model: Any) -> None:
    """Check that there is a graph, and nothing that a network of one graph has no use for."""
    if not model.HasField("graph"):
        raise Refused("it has no graph")
    if model.graph.sparse_initializer:
        raise Refused("it has sparse constants")
    for one in model.functions:
        raise Refused(f"it has functions of its own, such as {one.name[:80]!r}: inline them")
    if not model.graph.output:
        raise Refused("its graph has no output")


def initializers(graph: Any) -> Iterator[tuple[str, Any]]:
    seen = set()
    for tensor in graph.initializer:
        if not tensor.name or tensor.name in seen:
            raise Refused(f"its constant {tensor.name[:TEXT]!r} has no name of its own")
        seen.add(tensor.name)
        check(tensor.name, tensor)
        yield tensor.name, tensor


def check(name: str, tensor: Any) -> None:
    """Check a constant's declared shape against the bytes it has."""
    shown = repr(name[:80])
    if len(tensor.dims) > AXES or any(not 0 <= extent < EXTENT for extent in tensor.dims):
        raise Refused(f"its constant {shown} has a shape that no tensor has")
    if tensor.HasField("segment"):
        raise Refused(f"its constant {shown} is stored in segments")
    if external(tensor):
        return
    bits = width(tensor)
    elements = math.prod(tensor.dims)
    if tensor.HasField("raw_data"):
        want, have = -(-elements * bits // 8), len(tensor.raw_data)
    else:
        fields = ("float_data", "int32_data", "string_data", "int64_data", "double_data")
        have = sum(len(getattr(tensor, field)) for field in (*fields, "uint64_data"))
        packed = 8 // bits if 0 < bits < 8 else 1
        want = -(-elements // packed)
    if bits and want != have:
        raise Refused(f"its constant {shown} needs {want:,} bytes or numbers and has {have:,}")


def width(tensor: Any) -> int:
    """Bits of an element, which the name of its type says; 0 for text and complex numbers."""
    name = type_name(tensor.data_type)
    said = None if name.startswith("complex") else re.search("[0-9]+", name)
    return int(said[0]) if said else 8 * (name == "bool")


def type_name(number: int) -> str:
    import onnx

    if number not in onnx.TensorProto.DataType.values() or number == 0:
        raise Refused(f"a tensor is of type {number}, which is not known")
    name = onnx.TensorProto.DataType.Name(number).lower()
    return NAMES.get(name, str(name))


def external(tensor: Any) -> bool:
    import onnx

    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data)


def values(tensor: Any) -> list[Any] | None:
    """The numbers of a small constant."""
    if external(tensor) or math.prod(tensor.dims) > VALUES or not width(tensor):
        return None
    return [finite(value) for value in array(tensor).reshape(-1).tolist()]


def looked(tensor: Any) -> tuple[bool, list[int]]:
    """Whether all numbers of a constant are finite, and how many slices of it along its first and
    its second axis are all zeros, as far as its numbers are in the file."""
    if external(tensor) or not width(tensor) or not math.prod(tensor.dims):
        return True, []
    import numpy as np

    numbers = array(tensor)
    zero = numbers == 0
    axes = range(zero.ndim)
    zeros = [zero.all(axis=tuple(one for one in axes if one != axis)) for axis in axes[:2]]
    return bool(np.isfinite(numbers).all()), [int(one.sum()) for one in zeros]


def array(tensor: Any) -> Any:
    from onnx import numpy_helper

    made = numpy_helper.to_array(tensor)
    return made.astype("float32") if made.dtype.kind == "V" else made


def finite(value: Any) -> Any:
    """A number as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value if isinstance(value, bool | int | float | str) else float(value)


def check_scales(graph: Any, constants: dict[str, Any]) -> set[str]:
    """Check that every scale is a number above 0; the zero points that are 0 everywhere."""
    quantizers = [node for node in graph.node if node.op_type in QUANTIZERS]
    for name in sorted({n.input[SCALE] for n in quantizers if len(n.input) > SCALE}):
        if name in constants:
            numbers = short(name, constants[name], "scale").astype("float64").reshape(-1)
            for one in numbers.tolist():
                if one == math.inf:  # `findings/ort_quantize_lowest_padding.sh`
                    raise Refused(
                        f"its scale {name[:80]!r} is infinite, as after a padding by -inf that was "
                        "quantised: let the pool behind it pad instead"
                    )
                if not one > 0:
                    raise Refused(f"its scale {name[:80]!r} is {one}, which is not above 0")
    points = {n.input[ZERO] for n in quantizers if len(n.input) > ZERO} & constants.keys()
    return {n for n in points if not short(n, constants[n], "zero point").astype("float32").any()}


def short(name: str, tensor: Any, what: str) -> Any:
    """The numbers of a scale or zero point."""
    if external(tensor) or not 0 < math.prod(tensor.dims) <= SCALES or not width(tensor):
        raise Refused(f"its {what} {name[:80]!r} is not a list of numbers in the file")
    return array(tensor)


def constant(node: Any) -> tuple[str, Any]:
    """What a `Constant` node holds, as a tensor, and its name."""
    from onnx import helper

    if len(node.output) != 1 or len(node.attribute) != 1:
        raise Refused(f"its node {node.name[:80]!r} is no constant")
    held, name = node.attribute[0], node.output[0]
    if held.name == "value":
        check(name, held.t)
        held.t.name = name
        return name, held.t
    for what, type, one, many in (
        ("float", 1, held.f, held.floats),
        ("int", 7, held.i, held.ints),
        ("string", 8, held.s, held.strings),
    ):
        if held.name == f"value_{what}":
            return name, helper.make_tensor(name, type, [], [one])
        if held.name == f"value_{what}s":
            return name, helper.make_tensor(name, type, [len(many)], list(many))
    raise Refused(f"its node {node.name[:80]!r} holds a sparse constant")


def plain_node(node: Any) -> list[Any]:
    return [
        node.op_type,
        "" if node.domain == "ai.onnx" else node.domain,
        node.name,
        list(node.input),
        list(node.output),
        {one.name: plain_attribute(one) for one in node.attribute},
    ]


def plain_attribute(attribute: Any) -> Any:
    """An attribute as JSON; a tensor is null, a graph {}."""
    import onnx

    name = onnx.AttributeProto.AttributeType.Name(attribute.type)
    if name in ("INT", "FLOAT"):
        return finite(attribute.i if name == "INT" else attribute.f)
    if name == "STRING":
        return attribute.s[:TEXT].decode("utf-8", "replace")
    if name in ("INTS", "FLOATS"):
        return [finite(one) for one in (attribute.ints or attribute.floats)[:ATTRIBUTES]]
    if name == "STRINGS":
        return [one[:TEXT].decode("utf-8", "replace") for one in attribute.strings[:ATTRIBUTES]]
    return {} if name in ("GRAPH", "GRAPHS") else None


def close_batch(graph: Any, constants: dict[str, Any]) -> list[str]:
    """Set the open first axis of inputs to 1; the inputs that had one."""
    opened = []
    for entry in graph.input:
        if entry.name in constants:
            continue
        called = f"its input {entry.name[:80]!r}"
        if not entry.type.HasField("tensor_type"):
            raise Refused(f"{called} is not a tensor")
        if not entry.type.tensor_type.HasField("shape"):
            raise Refused(f"{called} has no shape")
        for axis, extent in enumerate(entry.type.tensor_type.shape.dim):
            if extent.HasField("dim_value") and 0 < extent.dim_value < EXTENT:
                continue
            if extent.HasField("dim_value") and (extent.dim_value > 0 or axis):
                raise Refused(f"{called} has an axis of {extent.dim_value}")
            if axis:
                named = f" (`{extent.dim_param[:80]}`)" if extent.dim_param else ""
                raise Refused(f"axis {axis} of {called} is left open{named}")
            extent.Clear()
            extent.dim_value = 1
            opened.append(entry.name)
    return opened


def shapes(model: Any, constants: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Type and shape of everything that is computed, as far as they can be inferred, and constants
    that were worked out.

    Inference follows few of the operators that exporters compute shapes and pads with. Where a
    shape is not known, or what is cut or added, those of them that read small constants alone are
    worked out, and inference is asked again.
    """
    lighten(model, constants)
    small = {n: t for n, t in constants.items() if legible(t)}
    worked: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for _ in range(ROUNDS):
        found = inferred(model, constants)
        found.update((n, [type_name(t.data_type), [*t.dims]]) for n, t in worked.items())
        nodes = model.graph.node
        wanted = {name for node in nodes if node.op_type in TABLED for name in node.input[1:]}
        results = {name for node in nodes for name in node.output if name}
        known = all(found.get(name) or name in constants for name in results)
        if (known and wanted.isdisjoint(results)) or not (made := fold(model, small, found)):
            break
        worked.update(made)
    return found, worked


def legible(tensor: Any) -> bool:
    """Whether shape inference may look at the values of a constant."""
    return math.prod(tensor.dims) <= INFERRED and not external(tensor) and bool(width(tensor))


def lighten(model: Any, constants: dict[str, Any]) -> None:
    """Take everything out of a model that shape inference has no use for, or believes."""
    import onnx

    graph = model.graph
    entered = {entry.name for entry in graph.input}
    large = {n: t for n, t in constants.items() if not legible(t)}
    replace(graph.initializer, (t for t in graph.initializer if t.name not in large))
    for name, tensor in large.items():
        if name not in entered:
            made = onnx.helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))
            graph.input.append(made)
    replace(graph.node, (n for n in graph.node if not large.keys() & set(n.output)))
    graph.ClearField("value_info")  # which may be of a graph that was another once
    for node in graph.node:
        if node.domain == CONTRIB and node.op_type in QUANTIZERS:
            node.domain = ""  # they are ONNX's own but for their types
    for entry in graph.output:
        entry.type.tensor_type.ClearField("shape")
    listed = {one.domain for one in model.opset_import}
    for domain in sorted({node.domain for node in graph.node} - listed - {"", "ai.onnx"}):
        model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    if not listed & {"", "ai.onnx"}:
        raise Refused("it does not say of which opset its operators are")


def inferred(model: Any, constants: dict[str, Any]) -> dict[str, Any]:
    """What shape inference says."""
    import onnx

    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:
        raise Refused(f"the shapes of its tensors cannot be inferred: {words(error)}") from None
    entries = (*graph.input, *graph.value_info, *graph.output)
    return {e.name: plain_type(e) for e in entries if e.name not in constants}


def fold(model: Any, small: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Work out what reads small constants, and put it in the place of its node; what was made."""
    graph = model.graph
    made, kept = {}, []
    for node in graph.node:
        tensor = worked_out(model, node, small, found)
        if tensor is None:
            kept.append(node)
        else:
            made[tensor.name] = small[tensor.name] = tensor
    replace(graph.node, kept)
    graph.initializer.extend(made.values())
    return made


def worked_out(model: Any, node: Any, small: dict[str, Any], found: dict[str, Any]) -> Any:
    """What an operator on shapes gives; None where it is another one, or not known."""
    from onnx import helper, numpy_helper

    if node.op_type not in FOLDED or node.domain not in ("", "ai.onnx") or len(node.output) != 1:
        return None
    entering = found.get(node.input[0]) if node.op_type == "Shape" and node.input else None
    if entering is not None and not node.attribute:
        return helper.make_tensor(node.output[0], 7, [len(entering[1])], entering[1])
    inputs = [name for name in node.input if name]
    if not inputs or any(name not in small for name in inputs):
        return None
    if node.op_type == "ConstantOfShape" and math.prod(array(small[inputs[0]]).tolist()) > INFERRED:
        return None
    from onnx.reference import ReferenceEvaluator

    tensors = [small[name] for name in dict.fromkeys(inputs)]
    output = helper.make_empty_tensor_value_info(node.output[0])
    graph = helper.make_graph([node], "f", [], [output], tensors)
    alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    try:
        results: Any = ReferenceEvaluator(alone).run(None, {})
        tensor = numpy_helper.from_array(results[0], node.output[0])
    except Exception:  # an operator that cannot be worked out is left to inference
        return None
    return tensor if math.prod(tensor.dims) <= INFERRED else None


def replace(field: Any, kept: Iterable[Any]) -> None:
    """Make a repeated field hold these of its own entries alone."""
    entries = list(kept)
    if len(entries) != len(field):
        copies = [type(entry).FromString(entry.SerializeToString()) for entry in entries]
        del field[:]
        field.extend(copies)


def plain_type(entry: Any) -> list[Any] | None:
    """Type and shape of a tensor; None if one of them is not known."""
    tensor = entry.type.tensor_type  # empty if it is something else
    if not tensor.HasField("shape") or not tensor.elem_type:
        return None
    extents = [e.dim_value if e.HasField("dim_value") else -1 for e in tensor.shape.dim]
    if any(not 0 <= extent < EXTENT for extent in extents) or len(extents) > AXES:
        return None
    return [type_name(tensor.elem_type), extents]


if __name__ == "__main__":
    try:
        restrict(int(sys.argv[1]))
        import onnx  # noqa: F401  # an installation that is broken is no fault of the file

        said = json.dumps(look(sys.stdin.buffer.read()), allow_nan=False, default=untold)
    except Refused as problem:
        said = json.dumps({"refused": str(problem)})
    except ImportError as error:
        said = json.dumps({"broken": f"onnx cannot be imported: {words(error)}"})
    except Exception as error:  # whatever the library finds wrong with the file
        said = json.dumps({"refused": f"{type(error).__name__}: {words(error)}"})
    sys.stdout.buffer.write(said.encode())
