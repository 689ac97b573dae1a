"""What Keras layers are: operators of the language, or the facts of what it has no operator for.

Shapes, parameters and MACs follow the layers of Keras 3.15; what the converter makes of one is
given only where it was observed (`docs/lowering.md`), and not known otherwise.
"""

from archc.compiler import LARGEST, OPERATORS, KerasLayer, Malformed, Op, OpError, Shape
from archc.models.importer import applications, functions, kernels, merging, norms
from archc.models.importer.activations import activation
from archc.models.importer.calls import Call, Extents
from archc.models.importer.foreign import Foreign, deploys
from archc.models.importer.shaping import reshape
from archc.models.importer.subject import READINGS, Meaning, Subject

__all__ = ["Meaning", "understand"]

_MODULES = (applications, kernels, merging, norms)
"""They register what they know."""

_ACTIVATED = frozenset(
    {
        *(f"Conv{n}D" for n in (1, 2, 3)),
        *(f"Conv{n}DTranspose" for n in (1, 2, 3)),
        *(f"{kind}Conv{n}D" for kind in ("Depthwise", "Separable") for n in (1, 2)),
        "Dense",
    }
)
"""Layers with an activation of their own."""

_STRANGE = {"Lambda": "it contains its own code, which is not run"}
"""Why a layer is not known, where there is more to say."""

_MERGING = frozenset(
    {
        *("Add", "Average", "Concatenate", "CustomScaleLayer", "Dot", "Maximum", "Minimum"),
        *("Multiply", "Subtract"),
    }
)
"""Layers that read several tensors."""


def known() -> frozenset[str]:
    """Classes of layers that are counted though the language may have no operator for them."""
    return frozenset(READINGS)


def understand(call: Call, inputs: tuple[Shape, ...], given: Extents | None) -> Meaning:
    """What a layer is that reads tensors of these shapes.

    Raises:
        Malformed: its config is not one of its class.
    """
    if not all(inputs):
        return Meaning(unseen="it reads a tensor without axes")
    layer = KerasLayer(call.layer.class_name, call.layer.config, len(inputs[0]) + 1, inputs[0])
    subject = Subject(layer, inputs, call)
    name = layer.class_name
    if call.layer.operation:
        return functions.understand(subject, given)
    if not call.layer.keras:
        return Meaning(unseen=f"`{name}` is a custom layer")
    if name in _MERGING:
        if len(inputs) < 2:
            raise Malformed(f"{name} is called on one tensor")
    elif len(inputs) != 1:
        return Meaning(unseen=f"{len(inputs)} tensors are given to `{name}`")
    try:
        ops = _plain(subject)
    except OpError as error:
        return Meaning(unseen=error.message)
    if ops is None:
        if name in READINGS:
            return Meaning(unseen=f"`{name}` with these arguments is not known here")
        return Meaning(unseen=_STRANGE.get(name, f"how `{name}` computes is not known here"))
    if name in _ACTIVATED:
        shape = inputs
        for op in ops:
            shape = (op.infer(*shape),)
        after, unseen = activation(call.layer.config.get("activation"), name, shape[0])
        ops += after
    else:
        unseen = None
    if not layer.channels_last and any(isinstance(op, Foreign) for op in ops):
        unseen = "its channels are first, where the converter moves axes about"
    elif unseen is None and not all(map(deploys, ops)):
        unseen = f"what the converter makes of `{name}` is not known here"
    return Meaning(ops, unseen)


def _plain(subject: Subject) -> tuple[Op, ...] | None:
    """The layer without its activation: by the language if it can say it, else by facts."""
    failed: OpError | None = None
    layer = subject.layer
    if layer.class_name == "Reshape":
        return reshape(subject, layer.value("target_shape"))
    for operator in OPERATORS.values():
        op = operator.from_keras(layer)
        if op is not None:
            try:
                op.infer(*subject.inputs)
            except OpError as error:
                failed = error
                break
            return (op,)
    reading = READINGS.get(layer.class_name)
    ops = reading(subject) if reading is not None else None
    if ops is None and failed is not None:
        raise failed
    if ops is not None and any(extent > LARGEST for op in ops for extent in _extents(op)):
        raise OpError("an extent is beyond int32")
    return ops


def _extents(op: Op) -> Shape:
    return op.facts.shape if isinstance(op, Foreign) else ()
