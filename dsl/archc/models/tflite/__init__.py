"""TFLite files as data, read without TensorFlow and without trust in what they say."""

from archc.models.tflite.model import Fused, Model, Operator, Quantization, Subgraph, Tensor
from archc.models.tflite.reader import SUFFIX, read
