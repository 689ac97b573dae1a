"""From statements that occur several times, slightly different, to one text with parameters."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from archc.models.decompiler.blocks import Block, Call, reference
from archc.models.decompiler.parameters import Parameters
from archc.models.decompiler.structure import Body, Item, Leaf, Merge
from archc.models.decompiler.tokens import aligned, token, tokens
from archc.models.decompiler.widths import exactly, scaled
from archc.models.decompiler.writing import call, number, scalar, size, statement

Row = Sequence[Item | None]
"""The items of all occurrences at one place."""


class Unfit(Exception):
    """Occurrences that one text cannot say."""


class Abstraction(Parameters):
    """The text of some occurrences, and the parameters that it needs."""

    def sequence(self, rows: Sequence[Row], base: Sequence[int], *, ends: bool = True) -> list[str]:
        """The statements of a sequence.

        Args:
            base: the channels of what enters the braces that it stands in.
            ends: whether what it makes leaves the block.
        """
        last = -1
        if ends:
            convs = (n for n, row in enumerate(rows) if any(_is(item, "conv") for item in row))
            last = max(convs, default=-1)
        made: list[str] = []
        place = 0
        while place < len(rows):
            present = _present(rows[place])
            end = place
            while end < len(rows) and _present(rows[end]) == present:
                end += 1
            run = rows[place:end]
            if all(present):
                for offset, row in enumerate(run):
                    made += self.statement(row, base, last=place + offset == last)
            else:
                made += self.optional(run, present, base, last - place)
            place = end
        return made

    def optional(
        self, run: Sequence[Row], present: tuple[bool, ...], base: Sequence[int], last: int
    ) -> list[str]:
        """Statements that only some occurrences have."""
        first = _any(run[0])
        if len(run) == 1 and isinstance(first, Leaf) and first.keyword == "dropout":
            rates = [item.values["rate"] if isinstance(item, Leaf) else 0 for item in run[0]]
            name = self.param("rate", rates, ["drop"])
            return [f"if {name} > 0 {{ dropout({name}) }}"]
        if len(run) == 1 and isinstance(first, Call) and not first.block.params:
            names = [item.block.name if isinstance(item, Call) else "identity" for item in run[0]]
            return [self.param("block", names, ["attention"])]
        condition = self.widening(run, present, base)
        inner: list[str] = []
        for place, row in enumerate(run):
            forced = condition is not None and place == 0
            inner += self.statement(row, base, last=place == last, forced=forced)
        if condition is None:
            word = re.sub(r"\W.*", "", inner[0])
            condition = self.param("flag", list(present), [f"with_{word}", "extended"])
        return [f"if {condition} {{ {' '.join(inner)} }}"]

    def widening(
        self, run: Sequence[Row], present: tuple[bool, ...], base: Sequence[int]
    ) -> str | None:
        """The condition of a stretch that begins by widening what enters: that it does widen."""
        if not _is(_any(run[0]), "conv"):
            return None
        widths = [
            item.values["channels"] if isinstance(item, Leaf) else base[place]
            for place, item in enumerate(run[0])
        ]
        ratios_ = [Fraction(w, b) for w, b in zip(widths, base, strict=True)]
        there = {ratio for ratio, is_there in zip(ratios_, present, strict=True) if is_there}
        if 1 in there:
            return None
        name = self.param("ratio", ratios_, ["expansion"])
        return f"{name} > 1" if min(there) > 1 else f"{name} != 1"

    # --- statements ---

    def statement(
        self, row: Row, base: Sequence[int], *, last: bool, forced: bool = False
    ) -> list[str]:
        first = _any(row)
        if isinstance(first, Call):
            return [self.call(row, first.block, base, last=last)]
        if isinstance(first, Merge):
            return self.merge(row, first, base, ends=last)
        assert isinstance(first, Leaf)
        if first.keyword in ("conv", "dwconv", "conv_transpose"):
            return self.convolution(row, first, base, last=last, forced=forced)
        if token(first) == ("activation",):
            words = [item.keyword if isinstance(item, Leaf) else None for item in row]
            return [self.constant("activation", words, ["activation"], str)]
        return [self.plain(row, first, base)]

    def plain(self, row: Row, leaf: Leaf, base: Sequence[int]) -> str:
        """An operator with at most one argument that varies."""
        given: dict[str, str] = {}
        if leaf.keyword in ("dropout", "spatial_dropout"):
            given["rate"] = self.constant("rate", _values(row, "rate"), ["drop"], number)
        elif leaf.keyword == "dense":
            given["units"] = self.constant("count", _values(row, "units"), ["units"], self.counted)
        elif leaf.keyword == "reshape":
            given["shape"] = self.reshaped(row, leaf, base)
        elif leaf.keyword == "slice":
            for name in ("first", "count"):
                given[name] = self.sliced(_values(row, name), base)
        if given.get("rate") == "0.5":
            del given["rate"]
        return statement(leaf.op, self.rounding, given)

    def counted(self, value: int) -> str:
        """A number of units: that of the classes by its name."""
        return "num_classes" if self.classes == value else str(value)

    def reshaped(self, row: Row, leaf: Leaf, base: Sequence[int]) -> str:
        shapes = _values(row, "shape")
        pairs = list(zip(shapes, base, strict=True))
        if not self.single and all(shape in (None, (1, 1, b)) for shape, b in pairs):
            return "1 x 1 x in.channels"
        if len({shape for shape in shapes if shape is not None}) > 1:
            raise Unfit("shapes that differ")
        if self.classes is not None and leaf.values["shape"] == (self.classes,):
            return "num_classes"
        return size(leaf.values["shape"])

    def sliced(self, values: Sequence[int | None], base: Sequence[int]) -> str:
        if len({value for value in values if value is not None}) == 1:
            return str(next(value for value in values if value is not None))
        shares = {Fraction(v, b) for v, b in zip(values, base, strict=True) if v is not None}
        if len(shares) > 1:
            raise Unfit("slices that differ")
        return scaled("in.channels", shares.pop())

    def call(self, row: Row, block: Block, base: Sequence[int], *, last: bool) -> str:
        """A call of a block that was recovered before."""
        texts: list[str] = []
        for name, param in block.params.items():
            values = [item.arguments[name] if isinstance(item, Call) else None for item in row]
            if param.kind in ("channels", "width"):
                round_ = exactly if name in block.exact else None
                ends = last and param.kind == "channels"
                text = self.width(values, base, last=ends, round_=round_)
            elif param.kind == "ratio":
                text = self.ratio(values, [name])
            else:
                text = self.constant(param.kind, values, [name], param.shown)
            if param.default is not None and text == param.shown(param.default):
                param.omitted = True
                continue
            if text not in {param.shown(value) for value in values if value is not None}:
                param.passed = True
            bare = name == "channels" and not texts
            texts.append(text if bare else f"{name} = {text}")
        return call(block.name, texts)

    def merge(self, row: Row, merge: Merge, base: Sequence[int], *, ends: bool) -> list[str]:
        """An operator with braces."""
        enters = [
            item.entering[-1] if item is not None and item.entering else base[place]
            for place, item in enumerate(row)
        ]
        merges = [item if isinstance(item, Merge) else None for item in row]
        split = 0 if self.single else _split(merge)
        bodies = []
        for place in range(len(merge.bodies)):
            each = [item.bodies[place] if item else None for item in merges]
            bodies.append(
                self.body(each, enters, ends=ends and merge.keyword == "skip", skips=split)
            )
        head = merge.keyword
        short = next((item for item in merges if item and item.shortcut), None)
        if short is not None:
            head += self.shortcut(short, merges, enters)
        if not split:
            return [" ".join([head, *bodies])]
        names = _PARTS[split]
        bodies = [
            "{ " + " ".join([name, *body[2:-2].split()]) + " }"
            for name, body in zip(names, bodies, strict=True)
        ]
        return [f"split({split}) as {', '.join(names)}", " ".join([head, *bodies])]

    def shortcut(self, short: Merge, merges: Sequence[Merge | None], enters: Sequence[int]) -> str:
        """The arguments of a `skip` with a shortcut, which only applies where shapes differ: those
        that keep theirs need none."""
        if any(item and bool(item.shortcut) != (item.entering != item.leaving) for item in merges):
            raise Unfit("skips that lack a shortcut")
        having = [item for item in merges if item and item.shortcut]
        if len({tuple(tokens(item.shortcut.items)) for item in having if item.shortcut}) > 1:
            raise Unfit("shortcuts that differ")
        if len({item.shortcut_first for item in having}) > 1:
            raise Unfit("shortcuts of which some come first")
        rows = aligned([item.shortcut.items if item and item.shortcut else None for item in merges])
        text: list[str] = []
        last = max((n for n, row in enumerate(rows) if _is(_any(row), "conv")), default=-1)
        for place, row in enumerate(rows):
            text += self.statement(row, enters, last=place == last)
        alone = len(text) == 1 and not text[0].startswith(("if ", "skip", "gate"))
        inner = text[0] if alone else f"{{ {' '.join(text)} }}"
        return f"(shortcut = {inner}{', shortcut_first = true' if short.shortcut_first else ''})"

    def body(
        self, bodies: Sequence[Body | None], enters: Sequence[int], *, ends: bool, skips: int
    ) -> str:
        """The braces of a merge; with ``skips`` without the slices that they begin with."""
        first = next(body for body in bodies if body is not None)
        drop = 1 if skips else 0
        rows = aligned([body.items[drop:] if body is not None else None for body in bodies])
        if first.start is not None:
            starts = [body.start if body is not None else None for body in bodies]
            name = self.constant("map", starts, ["other"], reference)
            shapes = [item.entering[-1] if item else None for item in _firsts(bodies)]
            inner = [base if c is None else c for c, base in zip(shapes, enters, strict=True)]
            text = [name, *self.sequence(rows, inner, ends=False)]
        else:
            if drop:
                enters = [c // skips for c in enters]
            text = self.sequence(rows, enters, ends=ends)
        return f"{{ {' '.join(text)} }}" if text else "{ }"

    def convolution(
        self, row: Row, leaf: Leaf, base: Sequence[int], *, last: bool, forced: bool
    ) -> list[str]:
        leaves = [item if isinstance(item, Leaf) else None for item in row]
        kernel = self.constant("kernel", _values(row, "kernel"), ["kernel"], size)
        strides = _values(row, "stride")
        stride = self.stride(strides)
        given = {"kernel": kernel, "bias": leaf.bias}
        if leaf.keyword == "conv" and kernel == "1x1":
            given["kernel"] = ""
        if "channels" in leaf.op.args:
            classes = self.classes is not None and leaf.values["channels"] == self.classes
            given["channels"] = (
                "exact(num_classes)"
                if classes
                else self.width(_values(row, "channels"), base, last=last, forced=forced)
            )

        def text(stride_: str, padding: str) -> str:
            extra = {
                "stride": "" if stride_ == "1" else stride_,
                "padding": "" if padding == "same" else padding,
            }
            return statement(leaf.op, self.rounding, {**given, **extra})

        padded = {each.padded for each in leaves if each is not None}
        if padded == {False}:
            return [text(stride, leaf.values["padding"])]
        pad = f"same_pad({kernel}, {stride})"
        if padded == {True}:
            return [pad, text(stride, "valid")]
        if any(each.padded != (each.values["stride"] != (1, 1)) for each in leaves if each):
            raise Unfit("paddings of both kinds at one stride")
        return [
            f"if {stride} == 1 {{ {text('1', 'same')} }} else {{ {pad} {text(stride, 'valid')} }}"
        ]

    def stride(self, strides: Sequence[tuple[int, int] | None]) -> str:
        """The stride of a convolution: that of the call where it is that everywhere."""
        known = {stride for stride in strides if stride is not None}
        own = self.strides
        if len(known) == 1:
            pairs = zip(strides, own or (), strict=False)
            if self.single or known == {(1, 1)} or own is None or all(a != b for a, b in pairs):
                return scalar(known.pop())
        if own is not None and all(a in (None, b) for a, b in zip(strides, own, strict=True)):
            return self.param("stride", own, ["stride"])
        return self.param("stride", strides, ["stride"])


_PARTS = {2: ("left", "right"), 3: ("first", "second", "third")}
"""What the parts of a split are called."""


def _split(merge: Merge) -> int:
    """Into how many equal parts a merge splits what enters it; 0 where it does not."""
    count = len(merge.bodies)
    if count not in _PARTS or merge.entering[-1:] == () or merge.entering[-1] % count:
        return 0
    share = merge.entering[-1] // count
    for place, body in enumerate(merge.bodies):
        first = body.items[0] if body.items else None
        if not isinstance(first, Leaf) or first.keyword != "slice" or body.start is not None:
            return 0
        if first.values != {"first": place * share, "count": share}:
            return 0
    return count


def _is(item: Item | None, keyword: str) -> bool:
    return isinstance(item, Leaf) and item.keyword == keyword


def _any(row: Row) -> Item:
    return next(item for item in row if item is not None)


def _present(row: Row) -> tuple[bool, ...]:
    return tuple(item is not None for item in row)


def _values(row: Row, name: str) -> list[Any]:
    return [item.values[name] if isinstance(item, Leaf) else None for item in row]


def _firsts(bodies: Sequence[Body | None]) -> list[Item | None]:
    return [body.items[0] if body is not None and body.items else None for body in bodies]
