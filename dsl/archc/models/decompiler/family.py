"""Two models of one family: the width multiplier between them, and the rounding of its widths.

Both are written with one rounding. Where the two texts differ in numbers only, and one multiplier
makes every width of the smaller one under that rounding, they are one arch and a variant of it.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from archc.compiler import Rounding
from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import Rejected, reject
from archc.limits import Limits
from archc.models.decompiler.abstraction import Unfit
from archc.models.decompiler.border import HEADER, bordered
from archc.models.decompiler.layout import structured
from archc.models.decompiler.names import Names
from archc.models.decompiler.network import Network
from archc.models.decompiler.result import Decompiled, introduced, layer_names
from archc.models.decompiler.search import TOKEN, Candidate, tried
from archc.models.decompiler.units import Effort
from archc.models.decompiler.widths import SCHEMES
from archc.models.decompiler.writing import number

_MEANT = re.compile(r"\bexact\((\d+)\)")
"""A width that is not rounded; the other model may have a width there that is."""
_NUMBER = re.compile(r"\d+")
_PLACES = 4
"""Decimals of a multiplier."""


class _Pair(NamedTuple):
    text: str
    multiplier: Fraction
    rounding: Rounding
    first: Candidate
    second: Candidate


def family(
    networks: Sequence[Network], name: str | None, limits: Limits
) -> tuple[Decompiled, Decompiled, Fraction]:
    """One spec of two models: the arch of the wider one, and a variant that is the other.

    Args:
        name: of the arch; by default, as that of the variant, the model's own.

    Returns:
        the two, in the order given, with one text, and the multiplier.

    Raises:
        Rejected: they are not one network at two widths.
    """
    order = sorted((0, 1), key=lambda place: -_width(networks[place]))
    wide, narrow = (networks[place] for place in order)
    known = Names()
    names = [known.arch(name or wide.name, "network"), known.arch(narrow.name, "variant")]
    best: _Pair | None = None
    for pair in _pairs(wide, narrow, names, limits):
        if best is None or pair.first.size < best.first.size:
            best = pair
    if best is None:
        raise _unrelated(wide, narrow)
    io = wide.io if wide.io == narrow.io else None
    text, said = bordered(best.text, [best.first.graph, best.second.graph], io)
    if text != best.text:
        first, second = (tried(text, one, limits, arch) for arch, one in enumerate((wide, narrow)))
        assert isinstance(first, Candidate), first
        assert isinstance(second, Candidate), second
        best = best._replace(text=first.text, first=first, second=second)
    notes = tuple(dict.fromkeys((*wide.notes, *narrow.notes, *said)))
    text = introduced(best.text, [wide.name, narrow.name], notes)
    pairs = zip(order, names, (wide, narrow), (best.first, best.second), strict=True)
    made = {
        place: Decompiled(own, text, layer_names(network, one), notes, one.comparison.in_order)
        for place, own, network, one in pairs
    }
    return made[0], made[1], best.multiplier


def _width(network: Network) -> int:
    return sum(operation.shape[-1] for operation in network.operations if operation.shape)


def _unrelated(wide: Network, narrow: Network) -> Rejected:
    return reject(
        IMPORT,
        f"`{wide.name}` and `{narrow.name}` are not one network at two widths",
        notes=["nothing was written"],
        help="import each by itself",
    )


def _pairs(wide: Network, narrow: Network, names: Sequence[str], limits: Limits) -> Iterator[_Pair]:
    """The texts that are both, of every rounding."""
    for effort in (Effort.EVERYTHING, Effort.MERGES):
        for rounding in SCHEMES:
            try:
                texts = [structured(one, names[0], rounding, effort) for one in (wide, narrow)]
            except Unfit:
                continue
            joined = _joined(texts[0], texts[1], names, rounding)
            if joined is None:
                continue
            text, multiplier = joined
            first = tried(text, wide, limits)
            if not isinstance(first, Candidate):
                continue
            second = tried(text, narrow, limits, arch=1)
            if isinstance(second, Candidate):
                yield _Pair(first.text, multiplier, rounding, first, second)


def _joined(
    wide: str, narrow: str, names: Sequence[str], rounding: Rounding
) -> tuple[str, Fraction] | None:
    """One text of two, with `alpha` where they differ; None where it is not numbers they differ in,
    or no multiplier makes all of them."""
    first, second = HEADER.search(wide), HEADER.search(narrow)
    if first is None or second is None:
        return None
    parameters = _parameters(first[2] or ""), _parameters(second[2] or "")
    if [*parameters[0]] != [*parameters[1]]:
        return None
    bodies = wide[first.end() :], narrow[second.end() :]
    words = [TOKEN.findall(_MEANT.sub(r"\1", body)) for body in bodies]
    if len(words[0]) != len(words[1]):
        return None
    differing = [(a, b) for a, b in zip(*words, strict=True) if a != b]
    if not differing or not all(
        _NUMBER.fullmatch(a) and _NUMBER.fullmatch(b) for a, b in differing
    ):
        return None
    multiplier = _multiplier([(int(a), int(b)) for a, b in differing], rounding)
    if multiplier is None:
        return None
    body = _scaled(bodies[0], words[1])
    alpha = f"alpha = 1.0 in {number(multiplier)} .. 1.0"
    declared = [alpha, *(f"{key} = {value}" for key, value in parameters[0].items())]
    bound = [f"alpha = {number(multiplier)}"]
    bound += [
        f"{key} = {value}" for key, value in parameters[1].items() if parameters[0][key] != value
    ]
    variant = f"arch {names[1]} = {names[0]}({', '.join(bound)})"
    inside, _, blocks = body.partition("\n}\n")
    text = f"arch {names[0]}({', '.join(declared)}) {{{inside}\n}}\n\n{variant}\n{blocks}"
    return text, multiplier


def _parameters(text: str) -> dict[str, str]:
    pairs = (one.partition(" = ") for one in text.split(", ") if one)
    return {name: value for name, _, value in pairs}


def _scaled(body: str, other: Sequence[str]) -> str:
    """A text with a multiple of `alpha` for each number that differs from the other text's."""
    made: list[str] = []
    end = 0
    found = re.finditer(rf"{_MEANT.pattern}|{TOKEN.pattern}", body)
    for match, there in zip(found, other, strict=True):
        word = match[1] or match[0]
        made.append(body[end : match.start()])
        made.append(match[0] if word == there else f"{word} * alpha")
        end = match.end()
    return "".join([*made, body[end:]])


def _multiplier(pairs: Sequence[tuple[int, int]], rounding: Rounding) -> Fraction | None:
    """The simplest number that makes the second of each pair of the first."""

    def fits(multiplier: Fraction) -> bool:
        return all(rounding.width(a * multiplier) == b for a, b in pairs)

    large, small = max(pairs)
    step = Fraction(rounding.divisor, large)
    for places in range(1, _PLACES + 1):
        unit = Fraction(1, 10**places)
        low = (Fraction(small, large) - step) / unit
        high = (Fraction(small, large) + step) / unit
        fitting = [
            count * unit for count in range(max(low.__ceil__(), 1), high.__floor__() + 1)
            if fits(count * unit)
        ]  # fmt: skip
        if fitting:
            return min(fitting, key=lambda one: abs(one - Fraction(small, large)))
    exact = Fraction(small, large)
    return exact if fits(exact) else None
