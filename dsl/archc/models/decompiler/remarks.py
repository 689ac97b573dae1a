"""What a spec does not have in common with its model although the networks are equal."""

from archc.compiler import Deployed, Graph, lower, memory
from archc.models.decompiler.search import Candidate


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
