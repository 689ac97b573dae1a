"""Networks in the block strings of timm: `ir_r3_k5_s2_e3_c40_se0.25_nre`.

timm takes what it does not know of a string for nothing (`see0.25` drops the attention, `nrelu6`
keeps the default activation); here everything in a string has to mean something for its block.

Source: timm 1.0, `timm/models/_efficientnet_builder.py` (the strings), `_efficientnet_blocks.py`
(the blocks) and `layers/helpers.py` (`make_divisible`); padding and batch normalisation are those
of its `tf_` models, which are TensorFlow's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from archc.compiler import OPERATORS, Input, Op, Rounding, Shape
from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.nearest import did_you_mean
from archc.diagnostics.text import printable
from archc.models.decompiler.network import Network, Operation
from archc.plain import beside

_ROUNDING = Rounding(8, Fraction(9, 10))
"""`make_divisible`."""
ATTENTIONS = ("efficientnet", "mobilenetv3")
"""Ways of squeeze-and-excitation: a share of what enters the block, its activation and a sigmoid;
or a share of the widened channels in multiples of 8, `relu` and a hard sigmoid."""
_TABLE = beside(__file__, "timm.toml")
_KEYS: dict[str, dict[str, Any]] = _TABLE["keys"]
ACTIVATIONS: dict[str, str] = _TABLE["activations"]
"""By what stands behind `n`."""
_SAID_OTHERWISE: dict[str, str] = _TABLE["otherwise"]
"""Activations as they are often written by mistake."""
_MEANINGS = {key: row["means"] for key, row in _KEYS.items()}
_EXAMPLES = {key: row["example"] for key, row in _KEYS.items() if "example" in row}
_WORDS = {word: key for key, row in _KEYS.items() for word in row.get("words", ())}
_WHOLE = frozenset(key for key, row in _KEYS.items() if row.get("is") == "whole")
_KERNELS = frozenset(key for key, row in _KEYS.items() if row.get("is") == "kernel")
KINDS = {kind: tuple(row["takes"].split()) for kind, row in _TABLE["kinds"].items()}
"""What each kind of block takes."""
_NEEDED = {kind: row["needs"] for kind, row in _TABLE["kinds"].items()}
_UNSAID: dict[str, str] = _TABLE["unsaid"]
_LARGEST = 10_000
"""Of any whole number in a string."""


class BlockString(NamedTuple):
    """A string, read."""

    kind: str
    repeats: int
    kernel: tuple[int, ...]
    """One, or one for each part of the channels; empty for no such convolution."""
    stride: int
    channels: int
    expansion: Fraction
    attention: Fraction
    """The share of `se`; 0 where there is none."""
    activation: str | None
    first: tuple[int, ...]
    """The kernel of the convolution that widens; of `uir` of the depthwise one before it."""
    last: tuple[int, ...]
    """The kernel of the one that projects; of `uir` of the depthwise one behind it."""
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
    if kind in _UNSAID:
        raise _wrong(text, f"a `{kind}` block cannot be said", _UNSAID[kind])
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
    if kind in ("ds", "dsa", "cn") and Fraction(given.get("e", "1")) != 1:
        why = f"a `{kind}` block does not widen, and timm leaves its `e` out of account"
        raise _wrong(text, why, "write an `ir` block, or `e1`")
    number = {key: int(given.get(key, "0")) for key in _WHOLE}
    absent = "0" if kind == "uir" else "1"
    kernels = {
        key: tuple(side for side in map(int, given.get(key, absent).split(".")) if side)
        for key in _KERNELS
    }
    if number["s"] > 1 and not any(kernels.values()):
        raise _wrong(text, "nothing in it can stride", "give it a kernel, such as `k3`")
    return BlockString(
        kind,
        number["r"],
        kernels["k"],
        number["s"],
        number["c"],
        Fraction(given.get("e", "1")),
        Fraction(given.get("se", "0")),
        given.get("n"),
        kernels["a"],
        kernels["p"],
        number["fc"],
        "skip" in given if kind == "cn" else "noskip" not in given and kind != "dsa",
    )


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
    match = re.fullmatch(r"([A-Za-z]+)(\d+(?:\.\d+){0,7})", part)
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
    if key in _KERNELS:
        _kernels(text, kind, part, value)
        return key, value
    if key not in _WHOLE and (
        value.count(".") > 1 or len(value) > 12 or not (Fraction(value) or key == "se")
    ):
        raise _wrong(text, f"`{part}` is not {_MEANINGS[key]}", None)
    return key, value


def _kernels(text: str, kind: str, part: str, value: str) -> None:
    """Check the kernels of a part.

    Raises:
        Rejected: one is not a whole number, or there are several where there can be one.
    """
    sides = [int(side) for side in value.split(".")]
    least = 0 if kind == "uir" else 1
    if not all(least <= side <= _LARGEST for side in sides):
        raise _wrong(text, f"the kernel of `{part}` is not a whole number from {least}", None)
    if len(sides) > 1 and kind in ("uir", "cn", "er"):
        raise _wrong(
            text, f"a `{kind}` block has one kernel for all channels", f"write `k{sides[0]}`"
        )


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

    def __init__(self, side: int, activation: str, attention: str) -> None:
        self.attention = attention
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

    def conv(
        self, channels: int, kernels: tuple[int, ...], stride: int = 1, activation: str = ""
    ) -> None:
        shares = _shares(channels, len(kernels))
        self.mixed("conv", kernels, stride, [{"channels": share} for share in shares])
        self.norm(activation)

    def depthwise(self, kernels: tuple[int, ...], stride: int, activation: str = "") -> None:
        self.mixed("dwconv", kernels, stride, [{} for _ in kernels])
        self.norm(activation)

    def mixed(
        self,
        keyword: str,
        kernels: tuple[int, ...],
        stride: int,
        given: Sequence[Mapping[str, object]],
    ) -> None:
        """A convolution with a kernel for each part of the channels."""
        entering, first, made = self.last, 0, []
        for kernel, count, more in zip(
            kernels, _shares(self.shape[-1], len(kernels)), given, strict=True
        ):
            reads = entering
            if len(kernels) > 1:
                self.add("slice", entering, first=first, count=count)
                reads, first = self.last, first + count
            lies = {"kernel": (kernel, kernel), "stride": (stride, stride), "bias": False}
            self.add(keyword, reads, **lies, **more)
            made.append(self.last)
        if len(made) > 1:
            self.add("concat", *made)

    def norm(self, activation: str) -> None:
        self.add("batchnorm")
        if activation:
            self.add(activation)

    def attend(self, share: Fraction, before: int, activation: str) -> None:
        """Squeeze-and-excitation, to a share of the channels that enter the block or, of
        MobileNetV3, of those here."""
        entering, width = self.last, self.shape[-1]
        gate, channels = "sigmoid", round(before * share)
        if self.attention == "mobilenetv3":
            gate, activation = "hard_sigmoid", "relu"
            channels = _ROUNDING.width(width * share)
        if not channels:
            return
        self.add("global_average_pool", keepdims=True)
        self.add("conv", channels=channels, bias=True)
        self.add(activation)
        self.add("conv", channels=width, bias=True)
        self.add(gate)
        self.add("multiply", entering, self.last)

    def block(self, string: BlockString, stride: int) -> None:
        """One repeat of a string."""
        entering, before = self.last, self.shape
        channels = _ROUNDING.width(Fraction(string.channels))
        activation = string.activation or self.activation
        wide = _ROUNDING.width((string.widened or before[-1]) * string.expansion)
        start, middle, end = string.first, string.kernel, string.last
        if string.kind == "uir":
            if start:
                self.depthwise(start, 1 if middle else stride)
            self.conv(wide, (1,), 1, activation)
            if middle:
                self.depthwise(middle, stride, activation)
        if string.kind == "cn":
            self.conv(channels, string.kernel, stride, activation)
        elif string.kind == "er":
            self.conv(wide, string.kernel, stride, activation)
        elif string.kind == "ir":
            self.conv(wide, string.first, 1, activation)
        if string.kind in ("ir", "ds", "dsa"):
            self.depthwise(string.kernel, stride, activation)
        if string.attention:
            self.attend(string.attention, before[-1], activation)
        if string.kind == "uir":
            self.conv(channels, (1,))
            if end:
                self.depthwise(end, 1 if start or middle else stride)
        elif string.kind != "cn":
            self.conv(channels, end, 1, activation if string.kind == "dsa" else "")
        if string.skips and self.shape == before:
            self.add("add", self.last, entering)


def _shares(channels: int, parts: int) -> list[int]:
    """Channels in parts as equal as can be; the first has what is left over."""
    each = channels // parts
    return [channels - each * (parts - 1), *[each] * (parts - 1)]


def of_strings(
    given: Sequence[str],
    *,
    name: str = "network",
    side: int = 224,
    stem: int = 32,
    features: int = 1280,
    classes: int = 1000,
    activation: str = "relu",
    attention: str = ATTENTIONS[0],
    operators: int = 20_000,
) -> Network:
    """The network of block strings, one after the other.

    Args:
        side: rows and columns of the image.
        stem: channels of the 3x3 convolution with a stride of 2 before them; 0 for none.
        features: channels of the 1x1 convolution behind them; 0 for none.
        activation: where a string says none.
        attention: how `se` is rounded and computed, any of `ATTENTIONS`.
        operators: the most that it may have.

    Raises:
        Rejected: a string is wrong.
    """
    if not given:
        raise reject(IMPORT, "there is no block string", help="write `ir_r2_k3_s2_e6_c24`")
    read = [read_string(text) for text in given]
    builder = _Builder(side, activation, attention)
    if stem:
        builder.conv(_ROUNDING.width(Fraction(stem)), (3,), 2, activation)
    for string in read:
        for repeat in range(string.repeats):
            builder.block(string, 1 if repeat else string.stride)
            if len(builder.operations) > operators:
                raise reject(IMPORT, f"the block strings make more than {operators:,} operators")
    if features:
        builder.conv(features, (1,), 1, activation)
    builder.add("global_average_pool")
    builder.add("dense", units=classes)
    notes = (
        "padding and batch normalisation are those of timm's `tf_` models; its others pad both "
        "sides alike where they stride",
    )
    made = tuple(builder.operations)
    return Network(name, made, (len(made) - 1,), (), notes)
