"""The parameters of a block that is being recovered, and its widths as expressions."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from archc.compiler import Rounding
from archc.models.decompiler.blocks import Block, Param
from archc.models.decompiler.widths import Round, fitted, floored, ratios, rounder, scaled
from archc.models.decompiler.writing import number, width


class Parameters:
    """What differs between the occurrences of a block, value by value."""

    def __init__(
        self,
        rounding: Rounding,
        block: Block,
        entering: Sequence[int],
        leaving: Sequence[int] | None,
        classes: int | None = None,
    ) -> None:
        """
        Args:
            entering: the channels of what enters each occurrence.
            leaving: those of what leaves it; None where `channels` cannot be a parameter.
            classes: where it is one occurrence, in an arch: the number that is `num_classes`.
        """
        self.rounding, self.round = rounding, rounder(rounding)
        self.block, self.count = block, len(entering)
        self.entering, self.leaving = list(entering), leaving
        self.single = self.count == 1
        self.classes = classes
        self.strides: list[tuple[int, int]] | None = None
        """The strides that the calls would pass, where the block shrinks the map."""

    # --- parameters ---

    def param(self, kind: str, values: Sequence[Any], hints: Sequence[str]) -> str:
        """The name of a parameter with these values: one that is there, or a new one."""
        for name, param in self.block.params.items():
            pairs = zip(param.values, values, strict=True)
            if param.kind == kind and all(a is None or b is None or a == b for a, b in pairs):
                known = zip(param.values, values, strict=True)
                param.values = [b if a is None else a for a, b in known]
                return name
        name = next((hint for hint in hints if hint not in self.block.params), "")
        number_ = 2
        while not name or name in self.block.params:
            name, number_ = f"{hints[0]}_{number_}", number_ + 1
        self.block.params[name] = Param(kind, list(values))
        return name

    def constant(
        self, kind: str, values: Sequence[Any], hints: Sequence[str], show: Callable[[Any], str]
    ) -> str:
        """A constant where all values are one, else a parameter."""
        known = {value for value in values if value is not None}
        return show(known.pop()) if len(known) == 1 else self.param(kind, values, hints)

    def channels(self) -> str:
        assert self.leaving is not None
        if "channels" not in self.block.params:
            self.block.params["channels"] = Param("channels", list(self.leaving))
        return "channels"

    def ratio(self, values: Sequence[Any], hints: Sequence[str]) -> str:
        """A ratio: a constant, a multiple of another one, or a parameter."""
        known = {value for value in values if value is not None}
        if len(known) == 1:
            return number(known.pop())
        for name, param in self.block.params.items():
            if param.kind == "ratio":
                pairs = zip(values, param.values, strict=True)
                multiples = {Fraction(a) / Fraction(b) for a, b in pairs if a is not None and b}
                if len(multiples) == 1:
                    multiple = multiples.pop()
                    return name if multiple == 1 else f"{number(multiple)} * {name}"
        return self.param("ratio", values, hints)

    # --- widths ---

    def width(
        self,
        row: Sequence[int | None],
        base: Sequence[int],
        *,
        last: bool = False,
        forced: bool = False,
        round_: Round | None = None,
    ) -> str:
        """The width of a statement.

        Args:
            row: the widths; None where the statement is missing.
            base: what enters the braces it stands in.
            last: whether it is the one that decides what leaves the block.
            forced: whether it is to be a parameter that multiplies what enters.
            round_: how a width is rounded where this reaches it.
        """
        round_ = round_ or self.round
        known = [place for place, value in enumerate(row) if value is not None]
        widths = [value for value in row if value is not None]
        bases = [base[place] for place in known]
        outs = [self.leaving[place] for place in known] if self.leaving else None
        if self.single:
            return width(widths[0], self.rounding)
        if outs == widths and last and self.leaving:
            return self._end(widths, bases)
        choices = list(self._choices(widths, bases, outs, round_, forced=forced))
        if choices:
            text = min(choices)[1]
            if "channels" in text.replace("in.channels", ""):
                self.channels()
            return text
        return self._parameter(row, base, round_, forced=forced)

    def _end(self, widths: list[int], bases: list[int]) -> str:
        """What leaves a block: a share of what enters where that is so at three widths, else
        `channels`."""
        shares = {Fraction(w, b) for w, b in zip(widths, bases, strict=True)}
        rounded = any(self.round(Fraction(w)) != w for w in widths)
        if len(shares) == 1 and min(shares) < 1 and len(set(bases)) >= 3 and not rounded:
            return scaled("in.channels", shares.pop())
        return self.channels()

    def _choices(
        self,
        widths: list[int],
        bases: list[int],
        outs: list[int] | None,
        round_: Round,
        *,
        forced: bool,
    ) -> "list[tuple[float, str]]":
        """Expressions that give the widths, with what a reader pays for each."""
        found: list[tuple[float, str]] = []

        def add(cost: float, text: str, values: Sequence[Fraction]) -> None:
            fit = fitted(text, values, widths, round_)
            if fit is not None:
                found.append((cost + 0.3 * fit.startswith("exact"), fit))

        def times(by: Sequence[int], ratio: Fraction) -> list[Fraction]:
            return [Fraction(one) * ratio for one in by]

        if outs == widths and outs is not None:
            add(0.1, "channels", times(outs, Fraction(1)))
        if widths == bases:
            add(0, "in.channels", times(bases, Fraction(1)))
        if forced:
            return found
        for ratio in ratios(widths, bases, round_):
            add(1, scaled("in.channels", ratio), times(bases, ratio))
        if outs is not None:
            for ratio in ratios(widths, outs, round_):
                add(0.9, scaled("channels", ratio), times(outs, ratio))
        if len(set(widths)) == 1:
            several = len(set(bases)) > 1
            add(1.5 if several else 1.2, str(widths[0]), times(widths, Fraction(1)))
        for divisor in floored(widths, bases):
            add(1.6, f"floor(in.channels / {divisor})", times(widths, Fraction(1)))
        return found

    def _parameter(
        self, row: Sequence[int | None], base: Sequence[int], round_: Round, *, forced: bool
    ) -> str:
        """A width as a parameter: the ratio to what enters, to `channels`, or the number itself,
        whichever has the fewest values, and those a person would choose."""
        known = [place for place, value in enumerate(row) if value is not None]
        widths = [value for value in row if value is not None]
        rising = [Fraction(w, base[place]) for w, place in zip(widths, known, strict=True)]
        falling = all(ratio <= 1 for ratio in rising) and not forced
        values = [1 / ratio for ratio in rising] if falling else rising
        options = [
            (len(set(values)) + _odd(values) - 0.5, "in"),
            (len(set(widths)) + 0.0, "number"),
        ]
        shares: list[Fraction] = []
        if self.leaving is not None:
            shares = [
                Fraction(w, self.leaving[place]) for w, place in zip(widths, known, strict=True)
            ]
            options.append((len(set(shares)) + _odd(shares) - 0.4, "out"))

        def whole(some: Sequence[Any]) -> list[Any]:
            by_place = dict(zip(known, some, strict=True))
            return [by_place.get(place) for place in range(self.count)]

        choice = "in" if forced else min(options)[1]
        exact = [Fraction(width_) for width_ in widths]
        if choice == "in" and falling:
            text = f"in.channels / {self.ratio(whole(values), ['reduction', 'shrink'])}"
        elif forced:  # what the condition before it asks about
            text = f"in.channels * {self.param('ratio', whole(values), ['expansion'])}"
        elif choice == "in":
            text = f"in.channels * {self.ratio(whole(values), ['expansion', 'widening'])}"
        elif choice == "out":
            text = f"channels * {self.ratio(whole(shares), ['ratio', 'ratio_2'])}"
            self.channels()
        else:
            text = self.param("width", whole(widths), ["inner"])
        return fitted(text, exact, widths, round_) or f"exact({text})"


def _odd(values: Sequence[Fraction]) -> int:
    return sum(value.denominator > 8 for value in set(values))
