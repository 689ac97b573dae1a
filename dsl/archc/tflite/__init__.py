"""TFLite files as data, read without TensorFlow and without trust in what they say."""

from archc.tflite.model import Fused, Model, Operator, Quantization, Subgraph, Tensor
from archc.tflite.reader import SUFFIX, read

__all__ = ["SUFFIX", "Fused", "Model", "Operator", "Quantization", "Subgraph", "Tensor", "read"]
