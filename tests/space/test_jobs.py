"""A pass by several processes against that of one."""

import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest

from archc.space import jobs, pieces
from archc.space.engine import BOX, Batch, Difference, Space
from archc.space.jobs import WAITING, evaluated
from archc.space.pieces import EACH, Evaluated, Lost, Piece, Wanted
from archc.space.question import FIGURES
from archc.space.worker import _portable
from support.processes import ended
from support.spaces import SPECS, space

np = pytest.importorskip("numpy")

ALL = Wanted(frozenset(FIGURES))
Ask = Callable[[Piece], "Future[Evaluated]"]

CHOICES = """arch a(u1 = ds, u2 = ds, c = 8, h = 8) {
    require params <= 4000
    target stm32n6
    input image: h x h x 3
    stage a(channels = c) { conv(kernel = 3x3) u1 }
    stage b(channels = 2 * c, stride = 2) { u2 }
    head { global_average_pool dense(4) }
}
"""
UNITS = "[ds, conv, ir(expansion = 2), ir(expansion = 3), nothing]"
SPACES = {
    "many structures": (CHOICES, f"u1={UNITS}", f"u2={UNITS}", "c=4..8", "h=[1, 9, 300]"),
    "one structure of many batches": (
        (SPECS / "dscnn.arch").read_text(),
        *("alpha=0.1..2.0:0.1", "num_classes=2..200", "height=8..60:4", "width=8..28:4"),
    ),
    "one structure of classes none of which most are of": (
        """arch a(c = 8, h = 8, n = 4) {
    input image: h x h x c
    stage a(stride = 2) { conv(exact(c + 3), 3x3) batchnorm relu6 }
    stage b { if in.channels > h { conv(exact(n)) } else { skip { dwconv(3x3) } } }
    stage d { if c > n { max_pool(2x2, stride = 1) } else { relu } }
    head { global_average_pool dense(n) }
}""",
        *("c=1..90", "h=1..30", "n=2..31"),
    ),
}


def answering(count: int) -> Any:
    """Instead of processes as many spaces that came through a pickle."""

    @contextmanager
    def processes(made: Space, wanted: Wanted, number: int) -> Iterator[Ask]:
        spaces = [pickle.loads(pickle.dumps(made, 5)) for _ in range(count)]
        asked = []

        def ask(piece: Piece) -> "Future[Evaluated]":
            future: Future[Evaluated] = Future()
            asked.append(piece)
            future.set_result(pieces.evaluate(spaces[len(asked) % count], piece, wanted))
            return future

        yield ask

    return processes


def same(one: Batch, other: Batch) -> bool:
    assert one.first == other.first
    for name in FIGURES:
        columns = [each.figures.get(name, np.full(len(each.rows), -1)) for each in (one, other)]
        assert np.array_equal(*columns), name
    rest = ("rows", "network", "verdicts", "valid", "within", "grades")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in rest)


@pytest.mark.parametrize("name", SPACES)
def test_batches_and_classes_are_those_of_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, *over = SPACES[name]
    alone, made = space(text, *over), space(text, *over)
    size = min(alone.grid.size, 2 * BOX)
    for rows in (range(7, size), np.arange(3, size, 1 + size // 900)):
        monkeypatch.setattr(jobs, "_processes", answering(3))
        every = evaluated(made, rows, 3, ALL)
        assert all(same(*batches) for batches in zip(alone.over(rows), every, strict=True))
        assert made.counted == alone.counted > 0


def test_pieces_end_at_structures() -> None:
    made = space(SPACES["many structures"][0], f"u1={UNITS}", f"u2={UNITS}", "c=4..24")
    cut = list(pieces.pieces(made, range(5, made.grid.size), 1))
    assert not any(piece.split for piece in cut)
    numbers = [row for piece in cut for part in piece.parts for row in part]
    assert numbers == list(range(5, made.grid.size))
    assert all(piece.parts[0][0] % made.grid.inner == 0 for piece in cut[1:])
    assert all(len(piece.parts) <= EACH for piece in cut)
    assert len(cut) >= pieces.SHARE
    large = space((SPECS / "dscnn.arch").read_text(), "num_classes=2..100000", "height=1..16")
    cut = list(pieces.pieces(large, range(large.grid.size), 2))
    assert all(piece.split for piece in cut)
    assert all(len(part) <= BOX for piece in cut for part in piece.parts)


def test_few_pieces_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly they are taken."""
    asked: list[Piece] = []
    real = answering(1)

    @contextmanager
    def processes(made: Space, wanted: Wanted, number: int) -> Iterator[Ask]:
        with real(made, wanted, number) as ask:

            def counted(piece: Piece) -> "Future[Evaluated]":
                asked.append(piece)
                return ask(piece)  # type: ignore[no-any-return]

            yield counted

    monkeypatch.setattr(jobs, "_processes", processes)
    made = space(SPACES["many structures"][0], f"u1={UNITS}", f"u2={UNITS}", "c=4..6")
    taken = 0
    for _ in evaluated(made, range(made.grid.size), 2, ALL):
        assert len(asked) <= taken + 2 * WAITING
        taken += 1
    assert len(asked) == taken == 25


def test_what_is_for_one_process_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_processes", None)
    made = space(SPACES["many structures"][0], "c=4..9")
    assert [len(batch.rows) for batch in evaluated(made, range(6), 1000, ALL)] == [6]


def test_what_a_process_ends_with_comes_here() -> None:
    difference = pickle.loads(pickle.dumps(_portable(Difference("`macs` is 1"))))
    assert isinstance(difference, Difference)
    assert str(difference) == "`macs` is 1"
    assert isinstance(_portable(MemoryError()), Lost)

    class Local(Exception):
        pass

    assert str(_portable(Local("cannot be pickled"))) == "Local: cannot be pickled"


def test_processes_end_with_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is left early, and where one of them is killed."""
    begun = []
    real = jobs._started

    def started() -> Any:
        begun.append(real())
        return begun[-1]

    monkeypatch.setattr(jobs, "_started", started)
    made = space(SPACES["many structures"][0], f"u1={UNITS}", f"u2={UNITS}", "c=4..6")
    passing = evaluated(made, range(made.grid.size), 2, ALL)
    next(passing)
    assert [each.poll() for each in begun] == [None, None]
    passing.close()
    assert all(ended(each.pid) for each in begun)
    passing = evaluated(made, range(made.grid.size), 2, ALL)
    next(passing)
    begun[2].send_signal(signal.SIGKILL)
    with pytest.raises(Lost, match="was killed: memory may have run out"):
        list(passing)
    assert len(begun) == 4
    assert all(ended(each.pid) for each in begun)
