"""The compiler, as what works on models sees it: the one door between the two rooms.

A spec and a model meet in the same structures. `archc.models` reads files, builds the graph of
operators that specs become, and puts the same questions to it: how it deploys, what memory it
needs, what the target says. All it takes from the compiler for that is named here;
import-linter lets it import nothing else of it, and lets the compiler import nothing of models.
"""

from archc.analysis.figures import FIGURES, TOTALS, Figures, costs, nested, totals
from archc.analysis.latency import (
    BANDS,
    Memories,
    Net,
    Prepared,
    Timing,
    estimate,
    feature_map,
    milliseconds,
    nanoseconds,
    prepare,
    stated,
)
from archc.analysis.latency import Op as TimedOperator
from archc.analysis.lowering import INPUT, Deployed, DeviceOp, Trait
from archc.analysis.lowering.signature import listed
from archc.analysis.memory import Kind, Memory, Peak, memory, peak, planned
from archc.analysis.memory import Tensor as LiveTensor
from archc.analysis.profile import Footprint, Profile, Row, Timed, profile
from archc.analysis.profile import Operator as SequenceEntry
from archc.analysis.tflite_micro import BUILDS, Micro, Network, activations, measure, micro
from archc.analysis.tflite_micro import DEFAULT as DEFAULT_BUILD
from archc.analysis.tflite_micro.network import Operator as RuntimeOperator
from archc.analysis.tflite_micro.network import Tensor as RuntimeTensor
from archc.analysis.tflite_micro.network import Window
from archc.emit.manifest import Identity, latency, manifest
from archc.emit.manifest import Judgement as TargetJudgement
from archc.emit.manifest import layers as layer_entries
from archc.emit.marker import SCHEMA_FAMILY, SCHEMA_FILE, SCHEMA_VERSION
from archc.emit.stages.rows import Row as StageRow
from archc.emit.table import peak_remark
from archc.files import CHECK_ACCESS, CHECK_PATH, load_bytes, load_text
from archc.ir.graph import Frame, Graph, Node
from archc.ops import OPERATORS
from archc.ops.activation import PRELU, Activation, clipped
from archc.ops.arguments import Arg, OpError
from archc.ops.base import (
    MACC_VERSION,
    KerasCall,
    Op,
    Placement,
    Shape,
    Step,
    Traced,
    Weight,
    product,
)
from archc.ops.convolution import Conv, DepthwiseConv
from archc.ops.merge import Add, Multiply
from archc.ops.network import Input
from archc.ops.rearranging import sliced
from archc.ops.recognise import LARGEST, KerasLayer, Malformed, shown
from archc.ops.reshaping import Reshape
from archc.ops.windows import strided
from archc.plain import late
from archc.rounding import Rounding
from archc.targets.builtin import builtin, builtin_names
from archc.targets.facts import Facts, Request
from archc.targets.model import Rule, Target, permission, sourced
from archc.targets.pools import memories, plan, plan_net, timed, uses
from archc.targets.selection import BORDERS
from archc.targets.verdict import Finding as TargetFinding
from archc.targets.verdict import Report, allowable, never_allowed, permitted
from archc.targets.verdict import check as check_target
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.analysis.lowering.importing import KERNELS
    from archc.analysis.lowering.pipeline import lower
    from archc.driver import elaborate
    from archc.files.loader import Loader
    from archc.sema.naming import unusable_module
    from archc.syntax.layout import lay_out
    from archc.vocabulary import vocabulary

_LATE = {
    "Loader": "archc.files.loader",
    "KERNELS": "archc.analysis.lowering.importing",
    "elaborate": "archc.driver",
    "lay_out": "archc.syntax.layout",
    "lower": "archc.analysis.lowering.pipeline",
    "unusable_module": "archc.sema.naming",
    "vocabulary": "archc.vocabulary",
}
"""What is loaded when it is first asked for: nothing that reads a deployed file needs it."""

__getattr__ = late(__name__, _LATE)
