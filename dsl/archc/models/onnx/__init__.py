"""ONNX files as data, read without running anything of them."""

from archc.models.onnx.model import Constant, Model, Node, Value
from archc.models.onnx.reader import SUFFIX, read
