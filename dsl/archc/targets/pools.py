"""What would lie in which memory of a board: an estimate, never a promise."""

from archc.targets.model import Board, Pool, Target
from archc.typed import NamedTuple


class PoolUse(NamedTuple):
    """What one pool is estimated to hold."""

    name: str
    holds: str
    """`activations` or `weights`."""
    external: bool
    bytes: int
    """Of the pool."""
    used: int
    """Above ``bytes`` in the last pool to be filled where the board has not enough."""
    estimate: str | None
    """How good the estimate is, where something is placed and the target says so."""


def fill(target: Target, board: Board, activations: int, weights: int) -> tuple[PoolUse, ...]:
    """The pools of a board, in its order, with what would be placed in them.

    A pool is filled before the next is begun, those on chip before external ones. Tensors are taken
    to lie across pools, as the largest of MobileNetV2 at 224x224, 1,176 KiB, has to.

    Args:
        target: says how good this is.
        board: which pools there are, and in which order they are filled.
        activations: bytes that a plan of the int8 activations takes.
        weights: int8 values and int32 biases, before any repacking.
    """
    used = {
        **_used(
            board.activations(external=False) + board.activations(external=True), board, activations
        ),
        **_used(board.weights, board, weights),
    }
    return tuple(
        PoolUse(
            pool.name,
            pool.holds,
            pool.external,
            pool.bytes,
            used[pool],
            target.estimates.get(pool.holds) if used[pool] else None,
        )
        for pool in board.pools
    )


def _used(pools: tuple[Pool, ...], board: Board, amount: int) -> dict[Pool, int]:
    """How much of an amount each pool takes; the last takes all that is left."""
    order = {name: place for place, name in enumerate(board.fill)}
    ordered = sorted(pools, key=lambda pool: (pool.external, order.get(pool.name, len(order))))
    used = {}
    for pool in ordered:
        last = pool is ordered[-1]
        used[pool] = amount if last else min(pool.bytes, amount)
        amount -= used[pool]
    return used
