"""A pass through a space by several processes: the batches are those of one, in the same order."""

import pickle
import subprocess
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any

from archc.child import end, ended, started
from archc.space.engine import Batch, Space
from archc.space.pieces import Evaluated, Lost, Piece, Wanted, pieces, taken

WAITING = 2
"""So many pieces for each process are evaluated, or wait to be taken."""
_POLL = 1.0


def evaluated(space: Space, rows: Any, jobs: int, wanted: Wanted) -> Generator[Batch, None, None]:
    """What `Space.over` gives of the same variants.

    Args:
        space: it.
        rows: a range, or an array of numbers.
        jobs: processes at the most; no more are started than there is work for, and where it is
            for one, this one does it.
        wanted: what is to come of them.

    Raises:
        Difference: a class is wrong.
        Lost: a process ended before its work was done.
    """
    every = pieces(space, rows, jobs)
    first = list(islice(every, jobs))
    if len(first) < 2:
        yield from space.over(rows)
        return
    waiting: deque[tuple[Piece, Future[Evaluated]]] = deque()
    with _processes(space, wanted, len(first)) as ask:
        for piece in chain(first, every):
            waiting.append((piece, ask(piece)))
            if len(waiting) == WAITING * len(first):
                yield from _taken(space, *waiting.popleft())
        while waiting:
            yield from _taken(space, *waiting.popleft())


def _taken(space: Space, piece: Piece, future: "Future[Evaluated]") -> Iterator[Batch]:
    while not wait([future], _POLL).done:
        pass  # on Windows a wait without an end is deaf to Ctrl-C
    return taken(space, piece, future.result())


@contextmanager
def _processes(
    space: Space, wanted: Wanted, count: int
) -> "Iterator[Callable[[Piece], Future[Evaluated]]]":
    """Processes that evaluate pieces; they end with the block, whatever they are at."""
    begun: list[subprocess.Popen[bytes]] = []
    idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
    told = pickle.dumps(pickle.dumps((space, wanted), 5), 5)  # unpickled where errors are answers
    fresh: set[int] = set()

    def ask(piece: Piece) -> Evaluated:
        process = idle.get()
        try:
            if process.pid in fresh:
                fresh.discard(process.pid)
                _send(process, told)
            _send(process, pickle.dumps(piece, 5))
            return _answer(process)
        finally:
            idle.put(process)

    threads = ThreadPoolExecutor(count)
    try:
        for _ in range(count):
            begun.append(_started())
            fresh.add(begun[-1].pid)
            idle.put(begun[-1])
        yield lambda piece: threads.submit(ask, piece)
    finally:
        for process in begun:
            end(process)
        threads.shutdown(cancel_futures=True)
        for process in begun:
            assert process.stdout is not None
            process.stdout.close()


def _started() -> "subprocess.Popen[bytes]":
    try:
        # It does no linear algebra: threads for that would only take time and memory.
        return started("archc.space.worker", OPENBLAS_NUM_THREADS="1")
    except OSError as error:
        raise Lost(f"a worker could not be started: {error.strerror}") from None


def _send(process: "subprocess.Popen[bytes]", data: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has ended, which is said of its answer
        process.stdin.write(data)
        process.stdin.flush()


def _answer(process: "subprocess.Popen[bytes]") -> Evaluated:
    """
    Raises:
        Lost: there is none.
        Exception: what its work ended with.
    """
    assert process.stdout is not None
    try:
        answer = pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError):
        raise Lost(f"a worker ended before its work was done: {ended(process.wait())}") from None
    if isinstance(answer, Exception):
        raise answer
    evaluated: Evaluated = answer
    return evaluated
