"""What a TFLite file is as a whole: its inputs and outputs, its precision, what it holds beside one
network."""

from collections.abc import Sequence
from typing import Any

from archc.compiler import BORDERS, builtin_names
from archc.diagnostics import codes
from archc.diagnostics.text import several, shape_text
from archc.models.tflite import Tensor
from archc.models.verify.advice import BATCH_HELP, SHAPE_ARITHMETIC
from archc.models.verify.file import File
from archc.models.verify.model import Findings


def check_whole(file: File, found: Findings) -> None:
    """What a file may hold beside one network."""
    if len(file.model.subgraphs) > 1:
        found.add(
            codes.VERIFY_OPERATORS,
            f"the file has {len(file.model.subgraphs)} subgraphs; only the first is compared",
            expected=1,
            found=len(file.model.subgraphs),
            help="convert one function of the model, and no control flow",
        )
    for tensor in file.tensors:
        if tensor.variable:
            found.add(
                codes.VERIFY_OPERATORS,
                "a tensor keeps its value from one run to the next",
                tensor=tensor.name,
                help="convert a model without states",
            )

    for index, op in enumerate(file.operators):
        early = [tensor for tensor in op.inputs if file.makers.get(tensor, -1) >= index]
        if early:
            found.add(
                codes.VERIFY_ORDER,
                f"{op.shown} reads a result before it is there",
                operator=index,
                tensor=file.tensors[early[0]].name,
                notes=("operators run in the order of the file",),
            )


def check_border(file: File, manifest: dict[str, Any], findings: Findings) -> bool:
    """Inputs and outputs; whether their types are those of the manifest."""
    same = True
    for what, tensors in (("input", file.graph.inputs), ("output", file.graph.outputs)):
        expected = manifest[f"{what}s"]
        if len(expected) != len(tensors):
            same = False
            findings.add(
                codes.VERIFY_BORDER,
                f"the file has {several(len(tensors), what)}, the manifest {len(expected)}",
                expected=len(expected),
                found=len(tensors),
            )
        for want, index in zip(expected, ordered(file, expected, tensors), strict=False):
            tensor = file.tensors[index]
            same &= _check_end(file, manifest, findings, what, want, tensor)
    findings.compared.append("inputs and outputs: number, shape, type, batch of 1")
    findings.left_out.append("names of tensors: every converter has its own")
    return same


def ordered(file: File, expected: list[dict[str, Any]], tensors: Sequence[int]) -> list[int]:
    """The inputs or outputs of a file in the order of the manifest. The converter has an order of
    its own: they go by the names of the file's signature, else by those of their tensors, else by
    their shapes."""
    left = list(tensors)
    found: list[int] = []
    for want in expected if len(tensors) > 1 else ():
        named = [one for one in left if want["name"] in _names(file, one)]
        alike = [one for one in left if file.tensors[one].shape[1:] == tuple(want["shape"])]
        for one in (*named[:1], *alike[:1])[:1]:
            left.remove(one)
            found.append(one)
        if not named and not alike:
            found.append(-1)
    return [one if one >= 0 else left.pop(0) for one in found if one >= 0 or left] + left


def named(file: File, expected: list[dict[str, Any]], tensors: Sequence[int]) -> dict[str, int]:
    """The tensors of inputs or outputs by their names in the manifest, as far as the file has these
    names."""
    return {
        want["name"]: one
        for want in expected
        for one in tensors
        if want["name"] in _names(file, one)
    }


def _names(file: File, index: int) -> tuple[str, ...]:
    """What an input or output goes by: in the signature, and in the name of its tensor, which of an
    input is `serving_default_NAME:0`."""
    own = file.tensors[index].name.removeprefix("serving_default_").partition(":")[0]
    signed = file.model.names.get(index)
    return (own,) if signed is None else (signed,)


def _check_end(
    file: File,
    manifest: dict[str, Any],
    found: Findings,
    what: str,
    want: dict[str, Any],
    tensor: Tensor,
) -> bool:
    shape = tuple(want["shape"])
    other = tensor.shape[1:] != shape
    if other or any(extent < 0 for extent in tensor.signature[1:]):
        found.add(
            codes.VERIFY_BORDER,
            f"the {what} `{want['name']}` "
            + ("has another shape" if other else "leaves its size open"),
            tensor=tensor.name,
            layer=want["name"],
            expected=f"1x{shape_text(shape)}",
            found=shape_text(tensor.signature),
            help=None if other else "build the model with a fixed input shape",
        )
    batch = tensor.signature[0] if tensor.signature else 1
    if batch not in (1, -1):
        found.add(
            codes.VERIFY_BATCH,
            f"the {what} `{want['name']}` is made for a batch of {batch}",
            tensor=tensor.name,
            expected=1,
            found=batch,
            help=BATCH_HELP,
        )
    elif batch == -1 and what == "input":
        arithmetic = any(op.name in SHAPE_ARITHMETIC for op in file.operators)
        found.add(
            codes.VERIFY_BATCH,
            f"the {what} `{want['name']}` leaves the batch open"
            + (", and the file computes with it" if arithmetic else ""),
            level="error" if arithmetic else "note",
            tensor=tensor.name,
            expected=1,
            found="open",
            notes=()
            if arithmetic
            else ("no operator of this file depends on it; tools take it as 1",),
            help=BATCH_HELP,
        )
    if tensor.dtype == want["dtype"]:
        return True
    target = manifest["target"]["name"] if manifest["target"] else builtin_names()[0]
    if file.scheme.name == "int8" or tensor.dtype != "float32":
        convert = f"convert with `inference_{what}_type = tf.{want['dtype']}`"
        declare = f"write `target {target}(io = {tensor.dtype})` in the spec"
        if "file" in manifest:  # of a Keras model
            declare = f"give `--io {tensor.dtype}`"
        found.add(
            codes.VERIFY_BORDER,
            f"the {what} `{want['name']}` is {tensor.dtype}, not {want['dtype']}",
            tensor=tensor.name,
            layer=want["name"],
            expected=want["dtype"],
            found=tensor.dtype,
            help=f"{convert}, or {declare}" if tensor.dtype in BORDERS else convert,
        )
    return False


def check_scheme(file: File, findings: Findings) -> bool:
    """Whether the file is quantised as the manifest says at all."""
    scheme = file.scheme
    findings.compared.append("precision: int8 activations, int8 weights per channel")
    if scheme.name == "int8":
        return True
    findings.add(
        codes.VERIFY_PRECISION,
        f"the file is {scheme.title}",
        operator=scheme.operator,
        tensor=scheme.tensor,
        expected="int8 weights and int8 activations",
        found=scheme.found,
        notes=("operators are compared without those that convert between types",),
        help=scheme.help,
    )
    return False
