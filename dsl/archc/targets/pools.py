"""What would lie in which memory of a board: an estimate, never a promise."""

from functools import lru_cache

from archc.analysis.latency import (
    Area,
    Estimate,
    Memories,
    Net,
    deployed_net,
    estimate,
    touched,
)
from archc.analysis.lowering import Deployed
from archc.analysis.profile import Timed
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
    return _uses(target, board, used)


def placed(target: Target, board: Board, estimate: Estimate) -> tuple[PoolUse, ...]:
    """The pools of a board with what an estimated plan of buffers puts there.

    Args:
        target: says how good this is.
        board: the one that the plan was made for.
        estimate: the plan.
    """
    chip = [(each.offset, each.offset + each.bytes) for each in estimate.buffers if each.on_chip]
    used = _used(board.weights, board, estimate.flash_bytes)
    places = dict(memories(board, ()).names)
    for pool in board.activations(external=False):
        start, end = places[pool.name]
        used[pool] = touched((max(low, start), min(high, end)) for low, high in chip)
    external = board.activations(external=True)
    used.update((pool, 0) for pool in external)
    for pool in (external or board.activations(external=False)[-1:])[:1]:
        used[pool] += estimate.external_bytes  # without external RAM they have no room at all
    return _uses(target, board, used)


def _uses(target: Target, board: Board, used: dict[Pool, int]) -> tuple[PoolUse, ...]:
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


def timed(target: Target, board: str | None, deployed: Deployed) -> Timed | None:
    """The estimate of time and placement on a board of a target, by name or the default one; None
    where the target has no timing."""
    return None if target.timing is None else timed_net(target, board, deployed_net(deployed))


def timed_net(target: Target, board: str | None, net: Net) -> Timed | None:
    """The same of a network as the estimate takes it."""
    if target.timing is None:
        return None
    places = memories(target.board(board), target.timing.slow)
    return Timed(estimate(net, target.timing, places), target.timing)


@lru_cache(maxsize=16)
def memories(board: Board, slow: tuple[str, ...]) -> Memories:
    """The memories of a board as a plan of buffers sees them.

    Args:
        board: its pools, the areas that they make up, and the order in which they are filled.
        slow: names of the pools that are read and written more slowly.
    """
    pools = {pool.name: pool for pool in board.activations(external=False)}
    areas = board.areas or (tuple(pools),)
    spans: list[Area] = []
    banks: dict[str, Area] = {}
    start = 0
    for area in areas:
        first = start
        for name in area:
            banks[name] = Area(start, start + pools[name].bytes)
            start += pools[name].bytes
        banks[area[-1]] = Area(banks[area[-1]].start, start - board.reserve)
        spans.append(Area(first, start - board.reserve))
    listed = [name for name in board.fill if name in banks]
    listed += [name for name in banks if name not in listed]
    external = board.activations(external=True)
    return Memories(
        tuple(banks[name] for name in listed),
        tuple(spans),
        tuple(banks[name] for name in slow if name in banks),
        min((pool.bytes for pool in pools.values()), default=0),
        tuple(banks.items()),
        external[0].name if external else None,
    )
