"""The operators of the language: one class each, grouped by what they do."""

from archc.ops import (
    activation,
    convolution,
    dropout,
    merge,
    normalisation,
    pooling,
    rearranging,
    reshaping,
)
from archc.ops.base import OPERATORS, Op, Shape
from archc.ops.network import Input
