"""Inference time and placement of buffers on an accelerator: estimates with their error."""

from archc.analysis.latency.estimate import Prepared, estimate, nanoseconds, prepare
from archc.analysis.latency.model import (
    BANDS,
    REASONS,
    Area,
    Band,
    Buffer,
    Constant,
    Epoch,
    Estimate,
    Grade,
    Layout,
    Memories,
    Net,
    Op,
    Timing,
)
from archc.analysis.latency.network import deployed_net, feature_map
from archc.analysis.latency.placement import alive, touched
from archc.analysis.latency.times import FORMULAS
from archc.analysis.latency.words import bare, milliseconds, remedy, said, stated
