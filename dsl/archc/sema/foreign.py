"""What other tools call our operators, blocks and arguments. Read only where a name is unknown.

Names are compared without case, underscores and a trailing `2d`: Keras' `DepthwiseConv2D`,
PyTorch's `Conv2d` and a paper's `conv_1x1` find what they are here.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from archc.diagnostics.model import Edit
from archc.diagnostics.nearest import MOST, Proposal, propose, ranked
from archc.source import Span


class Foreign(NamedTuple):
    """What is written here for something that has no name of its own, and why."""

    name: str
    remark: str = ""


_SAME: dict[str, str] = {
    "conv": "convolution conv2 convolution2d",
    "dwconv": "depthwise depthwiseconv depthwiseconvolution convdw depthconv",
    "conv_transpose": "convtranspose deconv deconvolution transposedconv transposeconv upconv",
    "dense": "linear fc fullyconnected innerproduct affine gemm",
    "batchnorm": "batchnormalization batchnormalisation bn norm",
    "layernorm": "layernormalization layernormalisation ln",
    "relu6": "relusix cappedrelu",
    "relu": "rectifier",
    "leaky_relu": "lrelu leakyrelu",
    "sigmoid": "logistic",
    "hard_sigmoid": "hsigmoid hardsigmoid",
    "hard_swish": "hswish hardswish",
    "swish": "silu",
    "max_pool": "maxpool maxpooling poolmax",
    "average_pool": "avgpool averagepooling avgpooling meanpool averagepool",
    "global_average_pool": "globalaveragepooling globalavgpool globalavgpooling gap"
    " globalpool globalpooling globalaverage adaptiveavgpool reducemean avgpoolglobal",
    "global_max_pool": "globalmaxpooling globalmaxpool gmp adaptivemaxpool",
    "flatten": "flat",
    "zero_pad": "pad zeropadding padding zeropad",
    "upsample": "upsampling resize interpolate upscale",
    "concat": "concatenate concatenation cat",
    "multiply": "mul",
    "spatial_dropout": "spatialdropout dropout2d",
    "se": "squeezeexcite squeezeexcitation squeezeandexcite squeezeandexcitation seblock selayer"
    " semodule squeezeexciteblock channelattention",
    "ir": "invertedresidual mbconv invertedbottleneck inverted irblock mbblock invres",
    "ds": "depthwiseseparable dsconv separableblock dsblock dscnn dwseparable",
    "attention_pool": "attentionpooling attnpool attentionpool attnpooling",
    "identity": "noop linearactivation nothing passthrough empty",
}
_DIFFERENT: dict[str, Foreign] = {
    "separableconv": Foreign("dwconv(3x3) conv(channels)", "or the block `ds`, normalised"),
    "pointwise": Foreign("conv(channels)", "a `conv` is 1x1 unless it is given a kernel"),
    "pointwiseconv": Foreign(
        "conv(channels)",
        "a `conv` is 1x1 unless it is given a kernel",
    ),
    "pwconv": Foreign("conv(channels)", "a `conv` is 1x1 unless it is given a kernel"),
    "conv1x1": Foreign("conv(channels)", "a `conv` is 1x1 unless it is given a kernel"),
    "conv3x3": Foreign("conv(channels, 3x3)", "the kernel is an argument"),
    "conv1d": Foreign(
        "conv(channels, 1x9)",
        "feature maps have rows and columns, one of which may be 1",
    ),
    "residual": Foreign("skip { ... }", "which adds its input to what its braces make"),
    "shortcut": Foreign("skip { ... }", "which adds its input to what its braces make"),
    "skipconnection": Foreign("skip { ... }", "which adds its input to its braces"),
    "sum": Foreign("add { ... } { ... }", "which takes a brace for each term"),
    "scale": Foreign("gate { ... }", "which multiplies its input by what its braces make"),
    "attention": Foreign("gate { ... }", "or one of the blocks `se` and `attention_pool`"),
    "activation": Foreign("relu6", "activations are operators of their own"),
    "sequential": Foreign("block NAME { ... }", "statements follow one another anyway"),
    "repeat": Foreign("stage NAME(repeat = N) { ... }", "stages repeat their braces"),
    "return": Foreign("", "leave it out: what the last statement makes is the output"),
    "for": Foreign("stage NAME(repeat = N) { ... }", "stages repeat their braces"),
    "elif": Foreign("else if CONDITION { ... }", ""),
    "print": Foreign("", "leave it out: `archc profile` prints shapes and costs"),
    "input": Foreign("input NAME: 32 x 32 x 3", ""),
}
_ARGUMENTS: dict[str, str] = {
    "channels": "filters outchannels outputchannels cout outplanes width nfilters features ch"
    " numfilters outfilters planes dim",
    "units": "outfeatures classes numclasses nclasses outputs size channels",
    "kernel": "kernelsize ksize k filtersize window kernelshape",
    "window": "poolsize kernel kernelsize size",
    "stride": "strides step s subsampling downsample",
    "padding": "pad",
    "dilation": "dilationrate dilations rate",
    "bias": "usebias hasbias",
    "rate": "p dropout dropoutrate droprate prob",
    "multiplier": "depthmultiplier",
    "repeat": "repeats n numrepeats numblocks blocks numlayers times depth layers",
    "reduction": "ratio r reductionratio seratio squeezeratio squeeze",
    "expansion": "expandratio t expansionfactor expand expandfactor expansionratio",
    "keepdims": "keepdim keep",
    "scale": "factor scalefactor size",
    "interpolation": "mode method",
    "shape": "targetshape size",
    "shortcut": "projection downsample proj",
    "before": "padding pad amount",
}
_VALUES: dict[str, str] = {"true": "True yes on", "false": "False no off"}
_NOTHING = (
    "there is no `{}`: leave the argument out, or write `false` or `valid` where that is meant"
)


def plain(name: str) -> str:
    """A name as names of other tools are compared."""
    bare = name.lower().replace("_", "")
    return re.sub(r"(?<=[a-z])2d$", "", bare)


def proposed(name: str, span: Span, known: Iterable[str]) -> Proposal:
    """What to say of an unknown name: what another tool's word is here, or the nearest names.

    Args:
        name: the unknown name.
        span: where it stands.
        known: the names that could stand there, those of nearer scopes first.
    """
    names = list(islice(known, MOST + 1))
    if len(names) > MOST:
        return Proposal()
    found = propose(name, span, names)
    if found.edits and found.edits[0].text.lower().replace("_", "") == plain(name):
        return found
    for ours, spellings in _VALUES.items():
        if name in spellings.split() and ours in names:
            return Proposal(f"write `{ours}`", (Edit(span, ours),))
    bare = plain(name)
    if bare in ("none", "null", "nil"):  # of a bias, a padding or a block each means something else
        return Proposal(_NOTHING.format(name))
    for candidate in names:  # `globalaveragepool`, `Relu_6`
        if plain(candidate) == bare:
            return Proposal(f"write `{candidate}`", (Edit(span, candidate),))
    near = ranked(name, names)
    if near and near[0][0][0] == 1:  # one letter off is a slip, whatever else it may be called
        return found
    for ours, spellings in _SAME.items():
        if bare in spellings.split() and ours in names:
            return Proposal(f"it is called `{ours}` here", (Edit(span, ours),))
    other = _DIFFERENT.get(bare)
    if other is not None:
        remark = f", {other.remark}" if other.remark else ""
        return Proposal(f"write `{other.name}`{remark}" if other.name else other.remark)
    return found


def argument(name: str, span: Span, known: Iterable[str]) -> Proposal:
    """What to say of an unknown argument, among the arguments that there are."""
    names = list(known)
    bare = plain(name)
    for ours in names:
        if plain(ours) == bare or bare in _ARGUMENTS.get(ours, "").split():
            return Proposal(f"it is called `{ours}` here", (Edit(span, ours),))
    return propose(name, span, names)


def names() -> Iterable[str]:
    """Every name of ours that is a translation, for tests."""
    yield from _SAME
    yield from _ARGUMENTS
