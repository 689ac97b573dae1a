"""Claims and heartbeats, with many workers at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sa = pytest.importorskip("sqlalchemy")

from archc.search.ledger import Beat, Claim, Count, Ledger  # noqa: E402


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}", connect_args={"timeout": 20})
    made = Ledger(engine, 1)
    made.prepare()
    made.identity("one")
    yield made
    engine.dispose()


def test_one_of_many_gets_a_network_and_no_more_than_were_asked_for(ledger: Ledger) -> None:
    def claim(trial: int) -> Claim:
        return ledger.claim(f"network {trial % 10}", trial, trial, "w", 7)

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(claim, range(40)))
    ours = [trial % 10 for trial, each in enumerate(claims) if each.ours]
    assert len(ours) == len({*ours}) == 7
    assert ledger.count() == Count(0, 7)
    taken = [each.taken_by for each in claims if not each.ours]
    holders = {trial for trial, each in enumerate(claims) if each.ours}
    assert {*taken} - {None} <= holders


def test_a_claim_stays_with_what_came_of_it(ledger: Ledger) -> None:
    assert ledger.claim("a", 1, 10, "w", 5) == Claim(True)
    assert ledger.claim("a", 1, 10, "w", 5).ours, "again, where the first answer was lost"
    assert ledger.claim("a", 2, 11, "w", 5) == Claim(False, 10)
    assert ledger.settle(1, "values")
    assert ledger.settle(1, "values"), "again, where the first answer was lost"
    assert ledger.release(1) == "values", "it ended, so it is not released"
    assert ledger.claim("a", 3, 12, "w", 5) == Claim(False, 10)
    assert ledger.count() == Count(1, 0)


def test_a_released_claim_is_free_and_its_holder_settles_nothing(ledger: Ledger) -> None:
    ledger.claim("a", 1, 10, "w", 5)
    assert ledger.release(1) is None
    assert not ledger.settle(1, "late")
    assert ledger.claim("a", 2, 11, "v", 5) == Claim(True)
    assert ledger.digests() == {"a"}


def test_a_worker_is_buried_only_if_it_has_not_beaten_since(ledger: Ledger) -> None:
    worker = ledger.register("here")
    (seen,) = ledger.silent(-60)
    assert (seen.worker, seen.name) == (worker, "here")
    assert not ledger.silent(60)
    assert not ledger.bury(Beat(worker, "here", seen.heartbeat - 1)), "it has beaten since"
    assert ledger.living() == {worker: "here"}
    assert ledger.bury(seen)
    assert ledger.living() == {}
    assert not ledger.beat(worker), "what is buried learns of it"


def test_the_identity_is_that_of_the_first(ledger: Ledger) -> None:
    other = Ledger(ledger.engine, 2)
    assert other.identity(None) is None
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(other.identity, map(str, range(16))))
    assert len({*texts}) == 1
    assert ledger.identity("two") == "one"
