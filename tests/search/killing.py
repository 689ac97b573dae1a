"""Workers of one search, killed at random and started again, until enough networks are trained.

    python tests/search/killing.py --rounds 3 --trials 30 [--postgres]

Afterwards every network has to be trained once, and nothing may be left running or claimed.
"""

import argparse
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sqlalchemy as sa

from support.postgres import server
from support.searches import begin_again, calls, prepare

WORKERS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    for number in range(options.rounds):
        print(f"round {number}: {killed(options, chance)}", flush=True)
    return 0


def killed(options: argparse.Namespace, chance: random.Random) -> str:
    """One search; what became of it."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        prepare(folder)
        url = stack.enter_context(server()) if options.postgres else "search.db"
        more = (
            "--storage",
            url,
            "--trials",
            str(options.trials),
            "--heartbeat",
            "1",
            "--jobs",
            "2",
        )
        workers: list[subprocess.Popen[str]] = []
        kills = 0
        while True:
            workers = [each for each in workers if each.poll() is None]
            if len(ended(folder)) >= options.trials - 2:
                break
            while len(workers) < WORKERS:
                workers.append(begin_again(folder, *more, SLEEP=f"{chance.uniform(0, 1):.2f}"))
            known, pause = len(calls(folder)), chance.uniform(0, 2)
            while len(calls(folder)) <= known and all(each.poll() is None for each in workers):
                time.sleep(0.1)  # so that something is done between two kills
            time.sleep(pause)
            chance.choice(workers).kill()
            kills += 1
        for each in workers:
            each.kill()
            each.wait()
        last = begin_again(folder, *more)
        assert last.wait(timeout=600) == 0, "the last worker failed"
        check(folder, url, options.trials)
        twice = sum(count - 1 for count in Counter(ended(folder)).values())
        begun = len(calls(folder)) - len(ended(folder))
        return f"{kills} kills, {begun} trainings begun, {twice} ended twice, all as it should be"


def ended(folder: Path) -> list[str]:
    return [variant for what, variant in calls(folder) if what == "end"]


def check(folder: Path, url: str, trials: int) -> None:
    """What has to hold after a search."""
    if "://" not in url:
        url = f"sqlite:///{folder / url}"
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def asked(query: str) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(sa.text(query)))

    states = dict(tuple(row) for row in asked("select state, count(*) from trials group by state"))
    assert states["COMPLETE"] == trials, states
    assert "RUNNING" not in states, states
    networks = asked(
        "select value_json from trial_user_attributes a join trials t on a.trial_id = t.trial_id "
        "where t.state = 'COMPLETE' and a.key = 'network'"
    )
    assert len({row[0] for row in networks}) == trials
    assert asked("select count(*) from archc_claims where outcome is null")[0][0] == 0
    assert asked("select count(*) from archc_claims")[0][0] == trials
    engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
