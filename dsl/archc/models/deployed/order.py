"""The order of operators in which the fewest bytes of feature maps are alive together.

A file has its operators in one order, and a compiler may run them in another: onnxruntime writes
branches level by level, where one branch after the other needs less. What a file costs at its peak
is therefore said of both orders, the file's and the best one that is found here.

States are sets of operators that have run. They are visited from the lowest peak on, so that the
first one with all operators is the best order. From a state, an operator that raises no peak and
leaves no more alive than before may as well run at once: moved to the front of any order, it makes
no step of it larger. That leaves few states of most networks. Where there are too many, the best of
a descent that always takes the cheapest operator stands, and nothing says that it is the best.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from archc.models.deployed.graph import FileGraph
from archc.models.deployed.memory import leaving, outside, root

WORK = 20_000_000
"""Operators that are tried, times those of the network: about a second or two."""


LARGE = 2_000
"""Operators above which no other order is looked for."""


class Order(NamedTuple):
    """An order of operators and its peak."""

    peak: int
    """Bytes of feature maps alive together, as `archc.models.deployed.memory` counts them."""
    operators: tuple[int, ...]
    """Indices of the file's operators."""
    best: bool
    """Whether no other order has a lower peak."""


class _Task(NamedTuple):
    """What the search sees of a graph: maps by number, border and constants left out."""

    reads: tuple[tuple[int, ...], ...]
    """By operator."""
    makes: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    users: tuple[int, ...]
    """How many operators read a map; one more for an output, which outlives all."""
    before: tuple[frozenset[int], ...]
    """By operator: those whose results it reads."""
    after: tuple[tuple[int, ...], ...]
    start: int
    """Bytes alive at the start: the inputs."""


class _State(NamedTuple):
    """Operators that have run."""

    peak: int
    alive: int
    done: frozenset[int]
    ready: frozenset[int]
    left: tuple[int, ...]
    """Users that each map still has."""
    order: "_Link | None"
    """The last operator that ran, and those before it."""


class _Link(NamedTuple):
    place: int
    before: "_Link | None"


def best_order(graph: FileGraph, work: int = WORK) -> Order:
    """The order with the lowest peak that is found, and the file's own where that is no higher."""
    task = _task(graph)
    count = len(graph.operators)
    own = _peak(task, range(count))
    least = _bound(task)
    file = Order(own, tuple(range(count)), own == least)
    if own == least or not 0 < count <= LARGE:
        return file
    dive = _descent(task)
    peak = _peak(task, dive)
    start = file if own <= peak else Order(peak, dive, peak == least)
    if start.best:
        return start
    return _Search(task, work // count).run(start)


def _task(graph: FileGraph) -> _Task:
    outer = outside(graph)
    numbers: dict[int, int] = {}
    sizes: list[int] = []

    def numbered(indices: tuple[int, ...]) -> tuple[int, ...]:
        made = []
        for index in dict.fromkeys(root(graph, index) for index in indices):
            if index not in outer and index not in numbers:
                numbers[index] = len(sizes)
                sizes.append(graph.tensors[index].bytes)
            if index in numbers:
                made.append(numbers[index])
        return tuple(made)

    inputs = numbered(graph.inputs)
    reads = tuple(numbered(graph.reads(op)) for op in graph.operators)
    makes = tuple(numbered(op.outputs) for op in graph.operators)
    users = [0] * len(sizes)
    for places in reads:
        for number in places:
            users[number] += 1
    ends = {root(graph, index) for index in graph.outputs if not graph.tensors[index].constant}
    for number in numbered(tuple(sorted(ends | leaving(graph)))):
        users[number] += 1
    makers = graph.makers()
    before = tuple(
        frozenset(makers[i] for i in graph.reads(op) if i in makers) for op in graph.operators
    )
    after: list[list[int]] = [[] for _ in before]
    for place, needed in enumerate(before):
        for other in needed:
            after[other].append(place)
    return _Task(
        reads,
        makes,
        tuple(sizes),
        tuple(users),
        before,
        tuple(map(tuple, after)),
        sum(sizes[number] for number in inputs),
    )


def _bound(task: _Task) -> int:
    """What no order is below: the maps that one operator reads and makes."""
    steps = (
        sum(task.sizes[number] for number in {*reads, *makes})
        for reads, makes in zip(task.reads, task.makes, strict=True)
    )
    return max((task.start, *steps))


def _first(task: _Task) -> _State:
    ready = frozenset(place for place, needed in enumerate(task.before) if not needed)
    return _State(0, task.start, frozenset(), ready, task.users, None)


def _after(task: _Task, state: _State, place: int) -> _State:
    """The state once an operator has run. A map of which another shape is made stays one map."""
    fresh = set(task.makes[place]) - set(task.reads[place])
    alive = state.alive + sum(task.sizes[number] for number in fresh)
    peak = max(state.peak, alive)
    left = list(state.left)
    for number in task.reads[place]:
        left[number] -= 1
    for number in {*task.reads[place], *fresh}:
        alive -= task.sizes[number] * (left[number] == 0)
    done = state.done | {place}
    opened = {other for other in task.after[place] if task.before[other] <= done}
    ready = (state.ready - {place}) | opened
    return _State(peak, alive, done, ready, tuple(left), _Link(place, state.order))


def _peak(task: _Task, order: Iterable[int]) -> int:
    """The peak of an order, in time linear in the size of the network."""
    left, alive, peak = list(task.users), task.start, 0
    for place in order:
        reads = task.reads[place]
        fresh = [number for number in task.makes[place] if number not in reads]
        alive += sum(task.sizes[number] for number in fresh)
        peak = max(peak, alive)
        for number in reads:
            left[number] -= 1
        alive -= sum(task.sizes[number] for number in (*reads, *fresh) if left[number] == 0)
    return peak


def _cost(task: _Task, state: _State, place: int) -> tuple[int, int]:
    """Peak and bytes alive after an operator: what `_after` has, without the rest of the state."""
    reads = task.reads[place]
    fresh = [number for number in task.makes[place] if number not in reads]
    alive = state.alive + sum(task.sizes[number] for number in fresh)
    freed = sum(task.sizes[number] for number in reads if state.left[number] == 1)
    freed += sum(task.sizes[number] for number in fresh if state.left[number] == 0)
    return max(state.peak, alive), alive - freed


def _descent(task: _Task) -> tuple[int, ...]:
    """The order that always takes the operator that leaves the fewest bytes alive, of those that
    raise the peak least."""
    state, order = _first(task), []
    while state.ready:
        place = min(state.ready, key=lambda one: (*_cost(task, state, one), one))
        order.append(place)
        state = _after(task, state, place)
    return tuple(order)


class _Spent(Exception):
    """Raised where more operators were tried than may be."""


class _Search:
    """The best order, unless more operators are tried on the way than may be."""

    def __init__(self, task: _Task, tries: int) -> None:
        self.task = task
        self.tries = tries

    def run(self, start: Order) -> Order:
        try:
            return self.best(start)
        except _Spent:
            return start

    def after(self, state: _State, place: int) -> _State:
        self.tries -= 1
        if self.tries < 0:
            raise _Spent
        return _after(self.task, state, place)

    def settled(self, state: _State) -> _State:
        """The state with everything run that costs nothing."""
        while True:
            for place in sorted(state.ready):
                peak, alive = _cost(self.task, state, place)
                if peak == state.peak and alive <= state.alive:
                    state = self.after(state, place)
                    break
            else:
                return state

    def best(self, start: Order) -> Order:
        count = len(self.task.reads)
        state = self.settled(_first(self.task))
        lowest = {state.done: state.peak}
        """By set of operators: the lowest peak of the orders that were seen of it."""
        queue = [(state.peak, -len(state.done), 0, state)]
        number = 0
        while queue:
            *_, state = heappop(queue)
            if len(state.done) == count:
                return Order(state.peak, _listed(state), True)
            if state.peak > lowest[state.done]:
                continue
            for place in sorted(state.ready):
                if _cost(self.task, state, place)[0] >= start.peak:
                    continue
                reached = self.settled(self.after(state, place))
                if reached.peak >= lowest.get(reached.done, start.peak):
                    continue
                lowest[reached.done] = reached.peak
                number += 1
                heappush(queue, (reached.peak, -len(reached.done), number, reached))
        return start._replace(best=True)


def _listed(state: _State) -> tuple[int, ...]:
    order: list[int] = []
    link = state.order
    while link is not None:
        order.append(link.place)
        link = link.before
    return tuple(reversed(order))
