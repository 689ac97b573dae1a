"""Read an ONNX file: count its parts, have them read in another process, check what comes back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from archc.diagnostics.codes import EXTRA_MISSING, LIMIT, MODEL_FILE
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.text import printable
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.onnx.model import Attribute, Constant, Model, Node, Value
from archc.models.onnx.wire import Corrupt, census
from archc.models.signatures import mistaken
from archc.plain import restored

SUFFIX = ".onnx"
INSTALL = "pip install 'archc-dsl[onnx]'"
SECONDS = 120
NODES_PER_OPERATOR = 8
"""How many nodes there may be for each operator of the bound `operators`: a quantised operator has
a node that quantises its result and one for each thing that it reads."""
PARTS_PER_NODE = 16
PACKED_BYTES = 33_554_432
"""Of whole numbers stored one by one; weights are stored as bytes."""
_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "library.py")
_EXPORT = "export it again, or copy it again if it was truncated on its way here"
_SIGNATURE = "a protobuf file"


def read(name: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Model:
    """What an ONNX file holds. Nothing of it is run, and no other file is opened.

    Args:
        name: of the file, for messages.
        data: its bytes.
        limits: ``operators`` bounds how many nodes are read, ``model_bytes`` the memory it takes.

    Raises:
        Rejected: it is not an ONNX file, is damaged or larger than a bound, an input has an open
            axis or a tensor a shape that cannot be inferred; or `onnx` is not installed.
    """
    _bound(name, data, limits)
    if find_spec("onnx") is None:
        raise reject(
            EXTRA_MISSING, f"reading `{name}` needs onnx, not installed here", help=INSTALL
        )
    said = _ask(data, limits)
    if "broken" in said:
        raise reject(
            EXTRA_MISSING,
            f"reading `{name}` failed, by no fault of it: {printable(said['broken'])}",
            help=INSTALL.replace("install", "install --upgrade"),
        )
    if "refused" in said:
        raise reject(
            MODEL_FILE,
            f"`{name}` cannot be read: {printable(said['refused'])}",
            help=_help(said["refused"]),
        )
    return _checked(_model(name, said))


def _bound(name: str, data: bytes, limits: Limits) -> None:
    """Check that the file is no larger in memory than in its bytes, by some measure."""
    nodes = NODES_PER_OPERATOR * limits.operators
    try:
        counted = census(data, PARTS_PER_NODE * nodes)
    except Corrupt as corrupt:
        known = mistaken(name, data, "an ONNX file", _SIGNATURE, _EXPORT)
        raise (
            reject(MODEL_FILE, f"`{name}` is not a whole ONNX file: {corrupt}", help=_EXPORT)
            if _SIGNATURE in known.diagnostic.message
            else known
        ) from None
    if not counted.graphs:
        raise mistaken(name, data, "an ONNX file", _SIGNATURE + " with a graph", _EXPORT)
    if counted.nodes > nodes or counted.parts > PARTS_PER_NODE * nodes:
        raise reject(
            LIMIT,
            f"`{name}` has more nodes, or parts of nodes, than are read for {limits.operators:,} "
            "operators, the limit `operators`",
            help="if that is meant, raise it with `--limit operators=N`",
        )
    if counted.graphs > 1 or counted.packed > PACKED_BYTES:
        what = "several graphs" if counted.graphs > 1 else "weights stored number by number"
        raise reject(MODEL_FILE, f"`{name}` is not read: it has {what}", help=_EXPORT)


def _ask(data: bytes, limits: Limits) -> dict[str, Any]:
    """What the program says of the file."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", _PROGRAM, str(limits.model_bytes)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            check=False,
        )
        if done.returncode == 0:
            said: dict[str, Any] = json.loads(done.stdout)
            return said
    except subprocess.TimeoutExpired:
        return {"refused": f"it takes longer than {SECONDS} seconds to look into"}
    except (OSError, ValueError) as error:
        return {"broken": f"the process that reads files ended with {error}"}
    return {"refused": f"onnx ended on it (exit code {done.returncode}): it is damaged"}


def _help(refused: str) -> str:
    if "left open" in refused or "has no shape" in refused:
        return "export it with fixed shapes: only the batch may be open, and is taken as 1"
    return _EXPORT


def _model(name: str, said: dict[str, Any]) -> Model:
    nodes = tuple(_node(place, entry) for place, entry in enumerate(said["nodes"]))
    used = {node.domain for node in nodes} | {""}
    return Model(
        name,
        said["ir"],
        said["producer"],
        said["producer_version"],
        {
            "" if domain == "ai.onnx" else domain: version
            for domain, version in said["opsets"]
            if domain in used or domain == "ai.onnx"
        },
        tuple(said["inputs"]),
        tuple(said["outputs"]),
        nodes,
        restored(dict[str, Constant], said["constants"]),
        restored(dict[str, Value], {k: v for k, v in said["shapes"].items() if v is not None}),
        tuple(said["open"]),
        {name: None if one is None else tuple(one) for name, one in said["worked"].items()},
    )


def _node(place: int, entry: list[Any]) -> Node:
    kind, domain, name, inputs, outputs, attributes = entry
    called = name or next(filter(None, outputs), "") or f"{kind}_{place}"
    return Node(
        kind,
        domain,
        called,
        tuple(inputs),
        tuple(outputs),
        {key: _attribute(value) for key, value in attributes.items()},
        any(value == {} for value in attributes.values()),
    )


def _attribute(value: Any) -> Attribute:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, int | float | str) else None


def _checked(model: Model) -> Model:
    """The same model, where each tensor is made once and before it is read.

    Raises:
        Rejected: it is not so; nodes in a circle are such a case.
    """
    problem = next(_problems(model), None)
    if problem is not None:
        raise _damaged(model, problem)
    return model


def _problems(model: Model) -> Iterator[str]:
    made = {*model.inputs, *model.constants}
    for node in model.nodes:
        for tensor in filter(None, node.inputs):
            if tensor not in made:
                yield f"`{short(node.name)}` reads `{short(tensor)}`, which nothing before it makes"
        if not any(node.outputs):
            yield f"`{short(node.name)}` makes nothing"
        for tensor in filter(None, node.outputs):
            if tensor in made:
                yield f"`{short(tensor)}` is made twice"
            made.add(tensor)
    for tensor in model.outputs:
        if tensor not in made:
            yield f"nothing makes its output `{short(tensor)}`"
    if not model.inputs:
        yield "it has no inputs"


def short(name: str) -> str:
    """A name of the file in a message."""
    return printable(name[:80])


def _damaged(model: Model, why: str) -> Rejected:
    return reject(MODEL_FILE, f"`{model.name}` is damaged: {why}", help=_EXPORT)
