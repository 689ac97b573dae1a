"""What an import gives: a text, what of the model became what of it, and how both differ."""

import re
from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from archc.compiler import Deployed, Graph, lower, memory
from archc.models.decompiler.network import Network
from archc.models.decompiler.search import Candidate


class Decompiled(NamedTuple):
    """A spec made of a model."""

    name: str
    """Of its arch."""
    text: str
    """As `archc fmt` leaves it."""
    layers: dict[str, tuple[str, ...]]
    """The layers of the spec that every layer of the model became, in order of execution."""
    notes: tuple[str, ...]
    """What is not word for word as in the model."""
    in_order: bool
    """Whether the operators are executed in the model's order."""


def introduced(text: str, models: Sequence[str], notes: Sequence[str]) -> str:
    """A text with where it comes from before it. What stands in names of layers stays a comment."""
    said = [line for note in notes for line in wrap(note, 96, break_on_hyphens=False)]
    plain = [re.sub(r"[^\w .,()+-]", "", model, flags=re.ASCII) for model in models]
    named = " and ".join(f"`{model}`" for model in plain)
    return "".join(f"# {line}\n" for line in said) + f'"""Imported from {named}."""\n{text}'


def finished(network: Network, name: str, best: Candidate, notes: tuple[str, ...]) -> Decompiled:
    """A candidate with the names of the layers of the model."""
    return Decompiled(
        name,
        introduced(best.text, [network.name], notes),
        layer_names(network, best),
        notes,
        best.comparison.in_order,
    )


def layer_names(network: Network, best: Candidate) -> dict[str, tuple[str, ...]]:
    """The layers of the spec that every layer of a model became."""
    layers: dict[str, dict[str, None]] = {}
    for operation, place in zip(network.operations, best.comparison.pairs, strict=True):
        made = best.network.operations[place].layer
        layers.setdefault(operation.layer, {})[made] = None
    return {path: tuple(made) for path, made in layers.items()}


def remarks(model: Graph | None, made: Candidate) -> tuple[str, ...]:
    """That operators are executed in another order, and what that does to the arena.

    Args:
        model: as the converter sees it; None where the spec is not all of it, or it is a file.
    """
    other = "branches are executed in another order than in the model"
    if model is None:
        return () if made.comparison.in_order else (other,)
    before, after = lower(model), lower(made.graph)
    sizes = memory(before).arena_bytes, memory(after).arena_bytes
    if sizes[0] != sizes[1]:
        return (f"{other}: the arena is estimated at {sizes[1]:,} bytes, not {sizes[0]:,}",)
    if _order(before) != _order(after):
        return (f"{other}, with the same arena of {sizes[0]:,} bytes",)
    return ()


def _order(deployed: Deployed) -> list[tuple[object, ...]]:
    return [(operator.operator, operator.shape) for operator in deployed.operators]
