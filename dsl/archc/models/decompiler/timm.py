"""Networks in the block strings of timm: `ir_r3_k5_s2_e3_c40_se0.25_nre`.

timm takes what it does not know of a string for nothing (`see0.25` drops the attention, `nrelu6`
keeps the default activation); here everything in a string has to mean something for its block.

Source: timm 1.0, `timm/models/_efficientnet_builder.py` (the strings), `_efficientnet_blocks.py`
(the blocks) and `layers/helpers.py` (`make_divisible`); padding and batch normalisation are those
of its `tf_` models, which are TensorFlow's.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from archc.compiler import OPERATORS, Input, Op, Rounding, Shape
from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.nearest import did_you_mean
from archc.diagnostics.text import printable
from archc.models.decompiler.network import Network, Operation

_ROUNDING = Rounding(8, Fraction(9, 10))
"""`make_divisible`."""
ACTIVATIONS = {"re": "relu", "r6": "relu6", "hs": "hard_swish", "sw": "swish"}
"""By what stands behind `n`."""
_SAID_OTHERWISE = {
    "relu": "re",
    "relu6": "r6",
    "hswish": "hs",
    "hardswish": "hs",
    "hard_swish": "hs",
    "swish": "sw",
    "silu": "sw",
    "h": "hs",
    "r": "re",
    "s": "sw",
}
"""Activations as they are often written by mistake."""
_MEANINGS = {
    "r": "repeats",
    "k": "the kernel",
    "s": "the stride",
    "e": "the expansion",
    "c": "channels",
    "se": "the share of squeeze-and-excitation",
    "a": "the kernel of the first pointwise convolution",
    "p": "the kernel of the last pointwise convolution",
    "fc": "channels that the expansion is of",
}
_WORDS = {"rep": "r", "kernel": "k", "ks": "k", "st": "s", "stride": "s", "exp": "e", "ch": "c"}
_WHOLE = frozenset({"r", "k", "s", "c", "a", "p", "fc"})
KINDS = {
    "ir": ("r", "k", "s", "e", "c", "se", "a", "p", "n", "noskip"),
    "ds": ("r", "k", "s", "e", "c", "se", "p", "n", "noskip"),
    "dsa": ("r", "k", "s", "e", "c", "se", "p", "n"),
    "er": ("r", "k", "s", "e", "c", "se", "p", "fc", "n", "noskip"),
    "cn": ("r", "k", "s", "c", "n", "skip"),
}
"""What each kind of block takes. Of `e` in `ds` and `dsa` timm makes nothing: it has to be 1."""
_NEEDED = {"ir": "rksec", "er": "rksec", "ds": "rksc", "dsa": "rksc", "cn": "rksc"}
_LARGEST = 10_000
"""Of any whole number in a string."""


class BlockString(NamedTuple):
    """A string, read."""

    kind: str
    repeats: int
    kernel: int
    stride: int
    channels: int
    expansion: Fraction
    attention: Fraction
    """The share of `se`; 0 where there is none."""
    activation: str | None
    first: int
    """The kernel of the convolution that widens."""
    last: int
    """The kernel of the one that projects."""
    widened: int
    """Channels that the expansion is of, instead of those that enter; 0 for those."""
    skips: bool


def strings(text: str) -> list[str]:
    """The block strings in a definition: those in quotes of Python's lists, or words."""
    quoted = re.findall(r"'([^']*)'|\"([^\"]*)\"", text)
    return [a or b for a, b in quoted] if quoted else text.split()


def read_string(text: str) -> BlockString:
    """A block string.

    Raises:
        Rejected: a part of it means nothing for its kind of block, is missing, or is there twice.
    """
    kind, *parts = text.split("_")
    if kind not in KINDS:
        known = did_you_mean(kind, KINDS) or f"they are {', '.join(f'`{one}`' for one in KINDS)}"
        raise _wrong(text, f"`{printable(kind[:20])}` is not a kind of block", known)
    given: dict[str, str] = {}
    for part in parts:
        key, value = _part(text, kind, part)
        if key in given:
            raise _wrong(text, f"`{key}` is there twice", "timm takes the last one; leave one out")
        given[key] = value
    for key in _NEEDED[kind]:
        if key not in given:
            help = f"write `{key}` and {_MEANINGS[key]}, such as `{key}{_EXAMPLES[key]}`"
            raise _wrong(text, f"`{key}` is missing", help)
    if kind in ("ds", "dsa") and Fraction(given.get("e", "1")) != 1:
        why = f"a `{kind}` block does not widen, and timm leaves its `e` out of account"
        raise _wrong(text, why, "write an `ir` block, or `e1`")
    number = {key: int(given.get(key, "0")) for key in _WHOLE}
    return BlockString(
        kind,
        number["r"],
        number["k"],
        number["s"],
        number["c"],
        Fraction(given.get("e", "1")),
        Fraction(given.get("se", "0")),
        given.get("n"),
        number["a"] or 1,
        number["p"] or 1,
        number["fc"],
        "skip" in given if kind == "cn" else "noskip" not in given and kind != "dsa",
    )


_EXAMPLES = {"r": "1", "k": "3", "s": "2", "e": "6", "c": "24"}


def _part(text: str, kind: str, part: str) -> tuple[str, str]:
    """A part of a string: what it is of, and its value."""
    allowed = KINDS[kind]
    if part in ("skip", "noskip"):
        if part in allowed:
            return part, ""
        other = "they have it where shapes allow it" if part == "skip" else "they have none"
        raise _wrong(text, f"`{kind}` blocks take no `{part}`", f"leave it out: {other}")
    if part.startswith("no"):
        raise _wrong(text, f"`{printable(part[:20])}` means nothing", "write `noskip`")
    if part.startswith("n"):
        return "n", _activation(text, part)
    match = re.fullmatch(r"([A-Za-z]+)(\d+(?:\.\d+)?)", part)
    if match is None:
        near = did_you_mean(part, ("skip", "noskip"))
        raise _wrong(
            text, f"`{printable(part[:20])}` means nothing", near or "write `k3`, `se0.25`"
        )
    key, value = match[1], match[2]
    if key not in allowed:
        words = (key.lower(), _WORDS.get(key.lower(), ""))
        right = next((word for word in words if word in allowed), "")
        near = right or ("se" if key.startswith("se") and "se" in allowed else "")
        help = f"write `{near}{value}`" if near else f"`{kind}` takes {_listed(allowed)}"
        raise _wrong(text, f"`{part}` means nothing in a block `{kind}`", help)
    if key in _WHOLE and ("." in value or not 0 < int(value) <= _LARGEST):
        raise _wrong(text, f"{_MEANINGS[key]} of `{part}` is not a whole number from 1", None)
    if key not in _WHOLE and (len(value) > 12 or not (Fraction(value) or key == "se")):
        raise _wrong(text, f"`{part}` is not {_MEANINGS[key]}", None)
    return key, value


def _activation(text: str, part: str) -> str:
    word = part[1:]
    if word in ACTIVATIONS:
        return ACTIVATIONS[word]
    right = _SAID_OTHERWISE.get(word.lower())
    known = _listed(f"n{one}" for one in ACTIVATIONS)
    help = f"write `n{right}`" if right else f"activations are {known}"
    raise _wrong(text, f"`{printable(part[:20])}` is not an activation", help)


def _listed(words: "Iterator[str] | Sequence[str]") -> str:
    return ", ".join(f"`{word}`" for word in words)


def _wrong(text: str, why: str, help: str | None) -> Rejected:
    return reject(IMPORT, f"the block string `{printable(text[:80])}`: {why}", help=help)


# --- the network ----------------------------------------------------------------------------------


class _Builder:
    """The operators of a network, one after the other."""

    def __init__(self, side: int, activation: str) -> None:
        self.operations = [Operation(Input((side, side, 3)), (), (side, side, 3), "image")]
        self.activation = activation

    @property
    def last(self) -> int:
        return len(self.operations) - 1

    @property
    def shape(self) -> Shape:
        return self.operations[-1].shape

    def add(self, keyword: str, *reads: int, **arguments: object) -> None:
        op: Op = OPERATORS[keyword](**arguments)
        inputs = reads or (self.last,)
        shape = op.infer(*(self.operations[read].shape for read in inputs))
        self.operations.append(Operation(op, inputs, shape, f"{keyword}_{len(self.operations)}"))

    def conv(self, channels: int, kernel: int, stride: int = 1, activation: str = "") -> None:
        side, step = (kernel, kernel), (stride, stride)
        self.add("conv", channels=channels, kernel=side, stride=step, bias=False)
        self.norm(activation)

    def depthwise(self, kernel: int, stride: int, activation: str) -> None:
        self.add("dwconv", kernel=(kernel, kernel), stride=(stride, stride), bias=False)
        self.norm(activation)

    def norm(self, activation: str) -> None:
        self.add("batchnorm")
        if activation:
            self.add(activation)

    def attend(self, channels: int, activation: str) -> None:
        """Squeeze-and-excitation to so many channels."""
        entering, width = self.last, self.shape[-1]
        self.add("global_average_pool", keepdims=True)
        self.add("conv", channels=channels, bias=True)
        self.add(activation)
        self.add("conv", channels=width, bias=True)
        self.add("sigmoid")
        self.add("multiply", entering, self.last)

    def block(self, string: BlockString, stride: int) -> None:
        """One repeat of a string."""
        entering, before = self.last, self.shape
        channels = _ROUNDING.width(Fraction(string.channels))
        activation = string.activation or self.activation
        wide = _ROUNDING.width((string.widened or before[-1]) * string.expansion)
        squeezed = round(before[-1] * string.attention)
        if string.kind == "cn":
            self.conv(channels, string.kernel, stride, activation)
        elif string.kind == "er":
            self.conv(wide, string.kernel, stride, activation)
        elif string.kind == "ir":
            self.conv(wide, string.first, 1, activation)
        if string.kind in ("ir", "ds", "dsa"):
            self.depthwise(string.kernel, stride, activation)
        if squeezed:
            self.attend(squeezed, activation)
        if string.kind != "cn":
            self.conv(channels, string.last, 1, activation if string.kind == "dsa" else "")
        if string.skips and self.shape == before:
            self.add("add", self.last, entering)


def of_strings(
    given: Sequence[str],
    *,
    name: str = "network",
    side: int = 224,
    stem: int = 32,
    features: int = 1280,
    classes: int = 1000,
    activation: str = "relu",
    operators: int = 20_000,
) -> Network:
    """The network of block strings, one after the other.

    Args:
        side: rows and columns of the image.
        stem: channels of the 3x3 convolution with a stride of 2 before them; 0 for none.
        features: channels of the 1x1 convolution behind them; 0 for none.
        activation: where a string says none.
        operators: the most that it may have.

    Raises:
        Rejected: a string is wrong.
    """
    if not given:
        raise reject(IMPORT, "there is no block string", help="write `ir_r2_k3_s2_e6_c24`")
    read = [read_string(text) for text in given]
    builder = _Builder(side, activation)
    if stem:
        builder.conv(_ROUNDING.width(Fraction(stem)), 3, 2, activation)
    for string in read:
        for repeat in range(string.repeats):
            builder.block(string, 1 if repeat else string.stride)
            if len(builder.operations) > operators:
                raise reject(IMPORT, f"the block strings make more than {operators:,} operators")
    if features:
        builder.conv(features, 1, 1, activation)
    builder.add("global_average_pool")
    builder.add("dense", units=classes)
    notes = (
        "padding and batch normalisation are those of timm's `tf_` models; its others pad both "
        "sides alike where they stride",
    )
    made = tuple(builder.operations)
    return Network(name, made, (len(made) - 1,), (), notes)
