"""Who trains what: three tables of our own beside Optuna's, in the same database.

Optuna keeps trials, and has nothing by which one of several workers could claim a network. Every
decision that two workers could take at once is one statement or one transaction here:

- A claim is a row whose primary key is the network's digest. It stays, with what came of it, so
  that nobody trains that network again; only the claim of a trial that did not end is released.
- What an objective gave is written to its claim before Optuna is told. Who finds the trial of a
  dead worker can thus finish it: nothing that was trained is lost.
- A worker is dead once its heartbeat is old by the clock of the database. It is marked as such only
  if it has not beaten since that was seen, and what is marked never beats again.
"""

import os
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from archc.search.patience import patiently

_TABLES = sa.MetaData()
_SEARCHES = sa.Table(
    "archc_searches",
    _TABLES,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),  # changing it is how a transaction takes turns
)
_WORKERS = sa.Table(
    "archc_workers",
    _TABLES,
    sa.Column("worker", sa.String(32), primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("heartbeat", sa.Float, nullable=False),
    sa.Column("dead", sa.Boolean, nullable=False),
)
_CLAIMS = sa.Table(
    "archc_claims",
    _TABLES,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("trial_id", sa.Integer, nullable=False, unique=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("worker", sa.String(32), nullable=False),
    sa.Column("outcome", sa.Text),
)

Result = TypeVar("Result")


class Claim(NamedTuple):
    """What became of a claim: it is ours, it belongs to another trial, or there are enough."""

    ours: bool
    taken_by: int | None = None
    """The number of the trial that has the network."""


class Count(NamedTuple):
    """Networks by how far they are."""

    ended: int
    """Trained, or failed at it."""
    running: int


class Beat(NamedTuple):
    """A worker and its heartbeat, in seconds by the clock of the database."""

    worker: str
    name: str
    heartbeat: float


class Ledger:
    """The tables of one search."""

    def __init__(self, engine: sa.Engine, study_id: int) -> None:
        self.engine, self.study_id = engine, study_id
        if engine.dialect.name == "sqlite":
            self._now: sa.ColumnElement[Any] = sa.func.julianday("now") * 86400.0
        else:
            self._now = sa.extract("epoch", sa.func.clock_timestamp())

    @property
    def file(self) -> str | None:
        """The SQLite file."""
        url = self.engine.url
        return url.database if url.get_backend_name() == "sqlite" else None

    def check(self) -> None:
        """See whether the storage is still there: a SQLite file that was deleted can be read.

        Raises:
            FileNotFoundError: it is gone.
        """
        if self.file is not None:
            os.stat(self.file)

    def prepare(self) -> None:
        """Make the tables, unless they are there; others may be doing the same.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: they cannot be made.
        """
        _TABLES.create_all(self.engine)

    def _do(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Do some work as one transaction, again where the database was not ready for it."""

        def once() -> Result:
            with self.engine.begin() as connection:
                return work(connection)

        return patiently(once, self.check, OperationalError)

    # --- the search ---------------------------------------------------------------------------

    def identity(self, own: str | None) -> str | None:
        """What the search is of: the text that was written first.

        Args:
            own: is written if none is; None: only look.
        """
        query = sa.select(_SEARCHES.c.identity).where(_SEARCHES.c.study_id == self.study_id)
        known: str | None = self._do(lambda connection: connection.execute(query).scalar())
        if known is not None or own is None:
            return known
        row = {"study_id": self.study_id, "identity": own, "turn": 0}
        try:
            self._do(lambda connection: connection.execute(sa.insert(_SEARCHES).values(row)))
        except IntegrityError:  # another worker was faster
            return self._do(lambda connection: connection.execute(query).scalar())
        return own

    # --- workers ------------------------------------------------------------------------------

    def register(self, name: str) -> str:
        """A new worker; gives its id."""
        worker = uuid.uuid4().hex
        row = {"worker": worker, "study_id": self.study_id, "name": name, "dead": False}
        insert = sa.insert(_WORKERS).values(**row, heartbeat=self._now)
        self._do(lambda connection: connection.execute(insert))
        return worker

    def beat(self, worker: str) -> bool:
        """Say that a worker lives; False if it was given up in the meantime.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached; it is asked once.
        """
        own = sa.and_(_WORKERS.c.worker == worker, ~_WORKERS.c.dead)
        with self.engine.begin() as connection:
            done = connection.execute(sa.update(_WORKERS).where(own).values(heartbeat=self._now))
            return done.rowcount == 1

    def leave(self, worker: str) -> None:
        """Take a worker off, which has nothing running."""
        self._do(lambda c: c.execute(sa.delete(_WORKERS).where(_WORKERS.c.worker == worker)))

    def silent(self, seconds: float) -> list[Beat]:
        """The workers that have not been heard of for so long."""
        query = sa.select(_WORKERS.c.worker, _WORKERS.c.name, _WORKERS.c.heartbeat).where(
            _WORKERS.c.study_id == self.study_id,
            ~_WORKERS.c.dead,
            _WORKERS.c.heartbeat < self._now - seconds,
        )
        return self._do(lambda connection: [Beat(*row) for row in connection.execute(query)])

    def bury(self, beat: Beat) -> bool:
        """Mark a worker as dead, unless it has beaten since."""
        same = sa.and_(
            _WORKERS.c.worker == beat.worker,
            _WORKERS.c.heartbeat == beat.heartbeat,
            ~_WORKERS.c.dead,
        )
        update = sa.update(_WORKERS).where(same).values(dead=True)
        return self._do(lambda connection: connection.execute(update).rowcount) == 1

    def living(self) -> dict[str, str]:
        """The names of the workers that are not dead, by id."""
        query = sa.select(_WORKERS.c.worker, _WORKERS.c.name).where(
            _WORKERS.c.study_id == self.study_id, ~_WORKERS.c.dead
        )
        return self._do(lambda c: {row.worker: row.name for row in c.execute(query)})

    # --- claims -------------------------------------------------------------------------------

    def claim(self, digest: str, trial_id: int, number: int, worker: str, most: int) -> Claim:
        """Claim a network for a trial, unless it has been claimed or ``most`` have been."""
        own = {"digest": digest, "trial_id": trial_id, "number": number, "worker": worker}
        ours = _CLAIMS.c.study_id == self.study_id

        def work(connection: sa.Connection) -> Claim:
            # The first statement locks the row of the search: from here on one at a time.
            connection.execute(
                sa.update(_SEARCHES)
                .where(_SEARCHES.c.study_id == self.study_id)
                .values(turn=_SEARCHES.c.turn + 1)
            )
            query = sa.select(_CLAIMS.c.trial_id, _CLAIMS.c.number)
            taken = connection.execute(query.where(ours, _CLAIMS.c.digest == digest)).first()
            if taken is not None:  # by itself, where the answer to a first attempt was lost
                return Claim(taken.trial_id == trial_id, taken.number)
            count = connection.execute(sa.select(sa.func.count()).where(ours)).scalar() or 0
            if count >= most:
                return Claim(False)
            connection.execute(sa.insert(_CLAIMS).values(study_id=self.study_id, **own))
            return Claim(True)

        return self._do(work)

    def settle(self, trial_id: int, outcome: str) -> bool:
        """Write what came of a trial to its claim; False if the claim is no longer its own."""
        open_ = sa.and_(_CLAIMS.c.trial_id == trial_id, _CLAIMS.c.outcome.is_(None))
        query = sa.select(_CLAIMS.c.outcome).where(_CLAIMS.c.trial_id == trial_id)

        def work(connection: sa.Connection) -> bool:
            connection.execute(sa.update(_CLAIMS).where(open_).values(outcome=outcome))
            return bool(connection.execute(query).scalar() == outcome)

        return self._do(work)

    def release(self, trial_id: int) -> str | None:
        """Give up the claim of a trial that did not end; what came of it, if it did."""
        open_ = sa.and_(_CLAIMS.c.trial_id == trial_id, _CLAIMS.c.outcome.is_(None))
        query = sa.select(_CLAIMS.c.outcome).where(_CLAIMS.c.trial_id == trial_id)

        def work(connection: sa.Connection) -> str | None:
            connection.execute(sa.delete(_CLAIMS).where(open_))
            outcome: str | None = connection.execute(query).scalar()
            return outcome

        return self._do(work)

    def release_dead(self) -> None:
        """Give up all claims of dead workers, of whose trials nothing came."""
        living = sa.select(_WORKERS.c.worker).where(~_WORKERS.c.dead)
        open_ = sa.and_(_CLAIMS.c.study_id == self.study_id, _CLAIMS.c.outcome.is_(None))
        delete = sa.delete(_CLAIMS).where(open_, _CLAIMS.c.worker.not_in(living))
        self._do(lambda connection: connection.execute(delete))

    def count(self) -> Count:
        query = sa.select(sa.func.count(), sa.func.count(_CLAIMS.c.outcome)).where(
            _CLAIMS.c.study_id == self.study_id
        )
        every, ended = self._do(lambda connection: connection.execute(query).one())
        return Count(ended, every - ended)

    def digests(self) -> frozenset[str]:
        """Of the networks that are claimed."""
        query = sa.select(_CLAIMS.c.digest).where(_CLAIMS.c.study_id == self.study_id)
        return self._do(lambda connection: frozenset(connection.execute(query).scalars()))
