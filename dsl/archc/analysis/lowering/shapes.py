"""Comparisons of shapes, the batch axis included, that the converter's rewrites ask for."""

from archc.ops.base import Shape, product


def is_tail(tail: Shape, whole: Shape) -> bool:
    """Whether a shape is the last axes of another one."""
    return len(tail) <= len(whole) and whole[len(whole) - len(tail) :] == tail


def without_ones(shape: Shape) -> Shape:
    """A shape without its leading axes of one element."""
    first = next((i for i, extent in enumerate(shape) if extent != 1), len(shape))
    return shape[first:]


def is_reduced_tail(tail: Shape, whole: Shape) -> bool:
    """Whether what is left of a shape without its leading ones, if anything, is the last axes of
    another one."""
    reduced = without_ones(tail)
    return bool(reduced) and is_tail(reduced, whole)


def is_row(shape: Shape) -> bool:
    """Whether all elements lie along the last axis; a single number has no axes."""
    return not shape or product(shape) == shape[-1]
