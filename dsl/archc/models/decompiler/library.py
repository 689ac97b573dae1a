"""Blocks of the standard library, recognised by what they are made of."""

import re
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from archc.compiler import Loader
from archc.models.decompiler.blocks import Block, Param

_DECLARED = re.compile(r"^block (\w+)(?:\(([^()]*)\))? \{(.*)\}\s*$", re.M | re.S)
_SUPPLIED = frozenset({"channels", "stride"})
"""Parameters that a stage supplies."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Standard(NamedTuple):
    """A block of the library whose parameters are widths, strides and ratios."""

    name: str
    body: re.Pattern[str]
    """Of a block that is this one; groups are what its ratios go by there."""
    ratios: dict[str, Fraction]
    """Parameters that are ratios, with their defaults."""


@cache
def standards() -> tuple[Standard, ...]:
    """The blocks of the library that can be recognised, read from their declarations."""
    made = []
    for name, source in Loader("").library().items():
        declared = _DECLARED.search(source.text)
        if declared is None or not declared[3].strip():
            continue
        params = [one.strip().partition(" = ") for one in (declared[2] or "").split(",")]
        ratios = {
            key: Fraction(default)
            for key, _, default in params
            if key not in ("", "channels", "stride") and _NUMBER.fullmatch(default)
        }
        pattern = re.escape(" ".join(declared[3].split()))
        for key in ratios:
            pattern = re.sub(rf"\b{key}\b", rf"(?P<{key}>\\w+(?:\\.\\d+)?)", pattern, count=1)
            pattern = re.sub(rf"(?<!<)\b{key}\b(?!>)", rf"(?P={key})", pattern)
        pattern = pattern.replace(re.escape(", stride"), r"(?:, stride)?")
        made.append(Standard(name, re.compile(pattern), ratios))
    return tuple(made)


def recognised(block: Block, calls: int) -> bool:
    """Give a block that is one of the library its name and parameters there; whether it is one."""
    for standard in standards():
        match = standard.body.fullmatch(block.body)
        if match is None:
            continue
        groups = match.groupdict()
        params: dict[str, Param] = {
            name: param for name, param in block.params.items() if name in _SUPPLIED
        }
        others = set(block.params) - set(params) - set(groups.values())
        if others:
            continue
        for key, default in standard.ratios.items():
            written = groups[key]
            constant = _NUMBER.fullmatch(written) is not None
            values = [Fraction(written)] * calls if constant else block.params[written].values
            params[key] = Param("ratio", values, default, omitted=True)
        block.name, block.params, block.standard = standard.name, params, True
        return True
    return False
