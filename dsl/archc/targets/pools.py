"""What would lie in which memory of a board: an estimate, never a promise."""

from functools import lru_cache

from archc.analysis.latency import (
    Area,
    Layout,
    Memories,
    Net,
    Prepared,
    deployed_net,
    estimate,
    prepare,
    touched,
)
from archc.analysis.lowering import Deployed
from archc.analysis.profile import Timed
from archc.targets.model import Board, Target
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
    """Above ``bytes`` in the last pool where the board has not enough."""
    estimate: str | None
    """How good the estimate is, where something is placed and the target says so."""


def uses(target: Target, board: Board, layout: Layout) -> tuple[PoolUse, ...]:
    """The pools of a board, in its order, with what an estimated plan of buffers puts there.

    Args:
        target: says how good this is.
        board: the one that the plan was made for.
        layout: the plan. What finds no room in any pool for activations counts to the last one.
    """
    used = _weights(board, layout.flash_bytes)
    places = memories(board, ())
    for external, named in ((False, places.names), (True, places.outside)):
        spans = touched(
            (each.offset, each.offset + each.bytes)
            for each in layout.buffers
            if each.external == external
        )
        for name, area in named:
            inside = [min(end, area.end) - max(start, area.start) for start, end in spans]
            used[name] = sum([size for size in inside if size > 0])
    last = [name for name, _ in (*places.names, *places.outside)][-1:]
    for name in last:
        outside = sum(used[name] for name, _ in places.outside)
        used[name] += layout.external_bytes - outside
    return tuple(
        PoolUse(
            pool.name,
            pool.holds,
            pool.external,
            pool.bytes,
            used[pool.name],
            target.estimates.get(pool.holds) if used[pool.name] else None,
        )
        for pool in board.pools
    )


def _weights(board: Board, amount: int) -> dict[str, int]:
    """How much of the weights each pool takes, one filled before the next is begun, those on chip
    first; the last takes all that is left."""
    order = {name: place for place, name in enumerate(board.fill)}
    pools = sorted(
        board.weights, key=lambda pool: (pool.external, order.get(pool.name, len(order)))
    )
    used = {}
    for pool in pools:
        used[pool.name] = amount if pool is pools[-1] else min(pool.bytes, amount)
        amount -= used[pool.name]
    return used


def plan(target: Target, board: str | None, deployed: Deployed) -> Prepared:
    """Where a board of a target, by name or the default one, would have a network's buffers."""
    return plan_net(target, board, deployed_net(deployed))


def plan_net(target: Target, board: str | None, net: Net) -> Prepared:
    """The same of a network as the estimate takes it."""
    slow = target.timing.slow if target.timing is not None else ()
    return prepare(net, memories(target.board(board), slow))


def timed(target: Target, planned: Prepared) -> Timed | None:
    """The estimated time of a network whose buffers are planned; None where the target has no
    timing."""
    if target.timing is None:
        return None
    return Timed(estimate(planned, target.timing), target.timing)


@lru_cache(maxsize=16)
def memories(board: Board, slow: tuple[str, ...]) -> Memories:
    """The memories of a board as a plan of buffers sees them.

    Args:
        board: its pools, the areas that they make up, and the order in which they are filled.
        slow: names of the pools that are read and written more slowly.
    """
    pools = {pool.name: pool for pool in board.activations(external=False)}
    areas = board.areas or (tuple(pools),) * bool(pools)
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
    outside: list[tuple[str, Area]] = []
    reached = 0
    for pool in board.activations(external=True):
        outside.append((pool.name, Area(reached, reached + pool.bytes)))
        reached += pool.bytes
    return Memories(
        tuple(banks[name] for name in listed),
        tuple(spans),
        tuple(banks[name] for name in slow if name in banks),
        min((pool.bytes for pool in pools.values()), default=0),
        tuple(banks.items()),
        tuple(outside),
    )
