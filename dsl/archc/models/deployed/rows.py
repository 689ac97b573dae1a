"""A deployed file as text and as plain data: what it holds, operator by operator."""

from typing import Any

from archc.compiler import StageRow
from archc.diagnostics.text import few, printable, shape_text
from archc.models.deployed.graph import FileGraph, Operator, Tensor, without

_MOST = 6


def file_rows(graph: FileGraph) -> list[StageRow]:
    """The operators in the order of the file, with what each reads and stores.

    `%5` is the first result of operator 5, `%5.1` its second.
    """
    names = _names(graph)
    rows = [
        StageRow(None, 0, f"input {names[index]} : {_type(graph.tensors[index])}")
        for index in graph.inputs
    ]
    for place, op in enumerate(graph.operators):
        reads = ", ".join(names[index] for index in graph.reads(op) if index in names)
        fused = f" + {op.activation}" if op.activation else ""
        made = ", ".join(_type(graph.tensors[index]) for index in op.outputs)
        what = printable(without(op.label, op.activation))
        rows.append(StageRow(None, 0, f"%{place} = {what}({reads}){fused} : {made}"))
        said = [printable(op.name), *_window(op)]
        said += [f"{_type(graph.tensors[i])} {_role(op, i)}" for i in op.weights[:_MOST]]
        said += [f"table {_table(graph.tensors[index])}" for index in op.tables[:_MOST]]
        said += [f"{op.macs:,} MACs"] if op.macs else []
        said += ["MACs not known"] if op.macs is None else []
        said += ["at the border"] if op.border else []
        rows.append(StageRow(None, 2, "; ".join(said)))
    for index in graph.outputs:
        name = printable(graph.tensors[index].name)
        rows.append(StageRow(None, 0, f"output {names.get(index, '?')}, {name}"))
    rows += [StageRow(None, 0, f"not known: {gap.figure}: {gap.reason}") for gap in graph.gaps]
    return rows + [StageRow(None, 0, remark) for remark in graph.remarks]


def file_data(graph: FileGraph) -> dict[str, Any]:
    """The same as plain data, with every tensor."""
    return {
        "name": graph.name,
        "format": graph.format,
        "scheme": graph.scheme,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "tensors": [
            {
                "index": index,
                "name": tensor.name,
                "shape": list(tensor.shape),
                "dtype": tensor.dtype,
                "bytes": tensor.bytes,
                "constant": tensor.constant,
                "scales": tensor.scales and tensor.scales.number,
            }
            for index, tensor in enumerate(graph.tensors)
        ],
        "operators": [
            {
                "index": place,
                "name": op.name,
                "operator": op.label,
                "kind": op.kind,
                "inputs": list(op.inputs),
                "outputs": list(op.outputs),
                "weights": list(op.weights),
                "tables": list(op.tables),
                "window": op.window and op.window._asdict(),
                "groups": op.groups,
                "activation": op.activation,
                "macs": op.macs,
                "border": op.border,
            }
            for place, op in enumerate(graph.operators)
        ],
        "gaps": [gap._asdict() for gap in graph.gaps],
        "remarks": list(graph.remarks),
    }


def _names(graph: FileGraph) -> dict[int, str]:
    names = {index: printable(graph.tensors[index].name) for index in graph.inputs}
    for place, op in enumerate(graph.operators):
        for number, index in enumerate(op.outputs):
            names[index] = f"%{place}" if not number else f"%{place}.{number}"
    return names


def _type(tensor: Tensor) -> str:
    return f"{tensor.dtype} {shape_text(tensor.shape) or 'scalar'}"


def _window(op: Operator) -> list[str]:
    if op.window is None:
        return []
    kernel, stride, padding, dilation = op.window
    said = f"{shape_text(kernel)}, stride {shape_text(stride)}, {padding}"
    said += f", dilation {shape_text(dilation)}" if dilation != (1, 1) else ""
    return [said + (f", {op.groups} groups" if op.groups > 1 else "")]


def _role(op: Operator, index: int) -> str:
    return "filter" if index == op.filter else "bias" if index == op.bias else "constant"


def _table(tensor: Tensor) -> str:
    if tensor.values is None:
        return _type(tensor)
    return f"[{few([str(value) for value in tensor.values], 8)}]"
