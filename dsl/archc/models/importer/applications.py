"""Layers that only `keras.applications` has (Keras 3.15)."""

from archc.compiler import Op, Step, Traced, Weight
from archc.models.importer.subject import Subject, reads


@reads("CustomScaleLayer")
def _custom_scale(subject: Subject) -> tuple[Op, ...] | None:
    """InceptionResNetV2's `inputs[0] + inputs[1] * scale`."""
    if len(subject.inputs) != 2 or subject.inputs[0] != subject.inputs[1]:
        return None
    scale, shape = subject.layer.number("scale", 1), subject.shape
    scaled = Step("MUL", shape, (-2,), scalar=scale, traced=(Traced("mul", (), ("mul/y",)),))
    steps = [] if scale == 1 else [scaled]
    added = Step("ADD", shape, (-1, 0 if steps else -2), traced=(Traced("add"),))
    return subject.made(*steps, added, keyword="add")


@reads("LayerScale")
def _layer_scale(subject: Subject) -> tuple[Op, ...] | None:
    """ConvNeXt's product with a variable for each channel."""
    shape = subject.shape
    channels = subject.layer.value("projection_dim")
    if channels != shape[-1]:
        return None
    traced = Traced("mul", ("mul",))
    step = Step("MUL", shape, weights=shape[-1], affine=True, traced=(traced,))
    return subject.made(step, weights=(Weight("gamma", (shape[-1],)),))
