"""Blocks that are recovered: their parameters, their bodies, and the calls of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from archc.models.decompiler.structure import Item
from archc.models.decompiler.writing import call, number, scalar, size

SHOWN: dict[str, Callable[[Any], str]] = {
    "channels": str,
    "width": str,
    "ratio": number,
    "kernel": size,
    "stride": scalar,
    "activation": str,
    "rate": number,
    "flag": lambda value: str(value).lower(),
    "block": str,
    "count": str,
    "map": lambda index: reference(index),
}
"""How values of parameters of each kind are written."""


def reference(index: int) -> str:
    """The map that an operation makes, until it has a name."""
    return f"@{index}@"


@dataclass(eq=False)
class Param:
    """A parameter, with its value in every call; None where a call does not need it."""

    kind: str
    values: list[Any]
    default: Any = None
    omitted: bool = False
    """Whether some call leaves it to its default."""
    passed: bool = False
    """Whether some call passes what is no constant, so that a default would say nothing."""

    @property
    def open(self) -> bool:
        """Whether it has no default."""
        return self.default is None or (self.passed and not self.omitted)

    def shown(self, value: Any) -> str:
        return SHOWN[self.kind](value)


@dataclass(eq=False)
class Block:
    """A block, and what it is made of."""

    name: str
    params: dict[str, Param] = field(default_factory=dict)
    body: str = ""
    exact: set[str] = field(default_factory=set)
    """Parameters that are widths which are not rounded where they are used."""
    standard: bool = False
    """Whether it is one of the standard library."""
    gate: bool = False

    @property
    def text(self) -> str:
        """Its declaration."""
        ordered = sorted(self.params.items(), key=lambda pair: not pair[1].open)
        texts = [
            name if param.open else f"{name} = {param.shown(param.default)}"
            for name, param in ordered
        ]
        return f"block {call(self.name, texts)} {{ {self.body} }}\n"

    def settle(self, body: str) -> None:
        """Take a body, now that all parameters are known, and decide their defaults and order."""
        self.body = body
        for name, param in self.params.items():
            if param.kind == "stride":
                param.default = (1, 1)
            elif param.kind == "rate" and 0 in param.values:
                param.default = 0
            elif param.kind not in ("channels", "map"):
                param.default = commonest(param.values)
            if param.kind in ("channels", "width") and f"exact({name})" in body:
                self.exact.add(name)
        first = ("channels", "stride")
        names = sorted(
            self.params, key=lambda name: first.index(name) if name in first else len(first)
        )
        self.params = {name: self.params[name] for name in names}


@dataclass(frozen=True, eq=False)
class Call(Item):
    """A call of a block."""

    block: Block
    arguments: dict[str, Any]


def commonest(values: list[Any]) -> Any:
    """The value that most calls have; the first of those that are as common."""
    counted = Counter(value for value in values if value is not None)
    return counted.most_common(1)[0][0] if counted else None
