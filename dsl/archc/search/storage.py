"""The storage of a search: an Optuna study and our tables, in one SQLite file or PostgreSQL."""

import json
import os
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import optuna
import sqlalchemy as sa
from optuna.exceptions import DuplicatedStudyError, StorageInternalError
from optuna.storages import BaseStorage, RDBStorage, get_storage
from optuna.trial import TrialState
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from archc.diagnostics.codes import EXTRA_MISSING, SEARCH_STORAGE
from archc.diagnostics.model import reject
from archc.search.ledger import Ledger

SCHEMES = ("sqlite", "postgresql")
"""Databases that are known to work."""
LOCKED = 20
"""Seconds to wait for a SQLite file that another process writes to."""
Result = TypeVar("Result")
_RACES = 8
"""Times that tables are asked for where others make them at the same moment."""
Failed = (StorageInternalError, SQLAlchemyError)
"""What Optuna and SQLAlchemy raise where a storage cannot be used."""


class Storage(NamedTuple):
    """A storage that is open."""

    shown: str
    """Its URL, without a password."""
    backend: BaseStorage
    study_id: int
    name: str
    """Of the study."""
    ledger: Ledger

    def study(self, sampler: "optuna.samplers.BaseSampler | None" = None) -> optuna.Study:
        """The study, to be used by one thread."""
        return optuna.load_study(study_name=self.name, storage=self.backend, sampler=sampler)

    def release(self) -> None:
        """Give back what a thread holds of it."""
        self.backend.remove_session()

    def close(self) -> None:
        """Close all connections."""
        self.release()
        self.ledger.engine.dispose()


def url_of(text: str) -> sa.URL:
    """The URL of `--storage`; a path is that of a SQLite file.

    Raises:
        Rejected: it is none, or of a database that is not known to work.
    """
    if "://" not in text:
        text = f"sqlite:///{text}"
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        shown = re.sub(r"://.*@", "://***@", text)
        raise reject(SEARCH_STORAGE, f"`{shown}` is not the URL of a storage", help=_HELP) from None
    if url.get_backend_name() not in SCHEMES:
        raise reject(
            SEARCH_STORAGE,
            f"`{url.get_backend_name()}` is not a database that a search can use",
            help=_HELP,
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise reject(
            SEARCH_STORAGE,
            "a storage in memory would be gone with the first process",
            help="name a file: `--storage search.db`",
        )
    return url if url.drivername != "postgresql" else url.set(drivername=_driver())


def _driver() -> str:
    """What reaches PostgreSQL: which driver a URL without one means differs between versions of
    SQLAlchemy."""
    for name in ("psycopg", "psycopg2"):
        if find_spec(name) is not None:
            return f"postgresql+{name}"
    return "postgresql+psycopg"


_HELP = "name a file, or write `postgresql://USER:PASSWORD@HOST/DATABASE`"


def opened(
    url: sa.URL,
    name: str,
    objectives: Sequence[tuple[str, bool]],
    identity: Mapping[str, Any],
) -> Storage:
    """Open a storage, and make what is not in it yet.

    Args:
        url: where it is.
        name: of the study.
        objectives: their names, and whether the largest is the best.
        identity: what the search is of, as plain data by words for messages.

    Raises:
        Rejected: it cannot be used, or holds a search of something else.
    """
    shown = url.render_as_string(hide_password=True)
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file is not None and not os.path.isdir(os.path.dirname(file) or "."):
        raise reject(
            SEARCH_STORAGE,
            f"there is no folder for the storage `{file}`",
            help="make it, or name another file",
        )
    with usable(shown), ExitStack() as failing:
        backend = _backend(url)
        failing.callback(backend.engine.dispose)
        failing.callback(backend.remove_session)
        storage = get_storage(backend)
        directions = ["maximize" if largest else "minimize" for _, largest in objectives]
        study_id = _study(storage, name, directions)
        ledger = Ledger(backend.engine, study_id)
        _together(ledger.prepare)
        _same(storage, ledger, shown, name, identity)
        made = Storage(shown, storage, study_id, name, ledger)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is an experiment of Optuna's since 2022
            made.study().set_metric_names([each for each, _ in objectives])
        failing.pop_all()
        return made


@contextmanager
def usable(shown: str) -> Iterator[None]:
    """Say what is wrong with a storage where it cannot be used.

    Raises:
        Rejected: it cannot.
    """
    try:
        yield
    except Failed as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        words = str(getattr(cause, "orig", None) or cause or error).strip().splitlines()
        locked = "locked" in "".join(words)
        raise reject(
            SEARCH_STORAGE,
            f"the storage `{shown}` is locked by another process"
            if locked
            else f"the storage `{shown}` cannot be used",
            notes=[f"the database says: {line.strip()}" for line in words[:3]],
            help="wait for that process, or end it"
            if locked
            else "check that it is there and may be written to; then run the same command again",
        ) from None
    except FileNotFoundError as error:
        raise reject(
            SEARCH_STORAGE,
            f"the storage `{shown}` is gone",
            notes=[f"there is no file `{error.filename}`"],
            help="put it back, and run the same command again",
        ) from None


def _backend(url: sa.URL) -> RDBStorage:
    """Optuna's storage.

    Raises:
        Rejected: a driver is missing, or the storage is of another version of Optuna.
        sqlalchemy.exc.SQLAlchemyError: it cannot be used.
    """
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": LOCKED}
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    try:
        return _together(lambda: RDBStorage(text, engine_kwargs=options))
    except (ImportError, NoSuchModuleError) as error:
        said = f"`{url.drivername}` needs a package that is not installed"
        raise reject(
            EXTRA_MISSING,
            said,
            notes=[str(error.__cause__ or error)],
            help="pip install 'archc-dsl[postgresql]', or the package that the URL names",
        ) from None
    except RuntimeError as error:  # so Optuna says that its schema is another one
        raise reject(
            SEARCH_STORAGE,
            "the storage was made by another version of Optuna",
            notes=[str(error)],
            help="install that version, or name another storage",
        ) from None


def _together(work: Callable[[], Result]) -> Result:
    """Make tables that other workers may be making too: who comes second fails, and looks again."""
    for left in reversed(range(_RACES)):
        try:
            return work()
        except Failed as error:
            late = isinstance(error, OperationalError) and "exist" not in str(error)
            if not left or late:
                raise
            time.sleep(random.uniform(0.1, 0.5))
    raise AssertionError  # the last round returns or raises


def _study(storage: BaseStorage, name: str, directions: Sequence[str]) -> int:
    ways = [optuna.study.StudyDirection[each.upper()] for each in directions]
    try:
        return storage.create_new_study(ways, name)
    except DuplicatedStudyError:
        return storage.get_study_id_from_name(name)


def _same(
    storage: BaseStorage,
    ledger: Ledger,
    shown: str,
    name: str,
    identity: Mapping[str, Any],
) -> None:
    """Refuse a study of something else.

    Raises:
        Rejected: it is one.
    """
    known = ledger.identity(None)
    if known is None and storage.get_all_trials(ledger.study_id, deepcopy=False):
        raise reject(
            SEARCH_STORAGE,
            f"the study `{name}` in `{shown}` is not one of archc",
            help="choose another name with `--study NAME`, or another storage",
        )
    if known is None:
        known = ledger.identity(json.dumps(identity))
    other = json.loads(known or "{}")
    own = json.loads(json.dumps(identity))
    different = [what for what in own if other.get(what) != own[what]]
    if different:
        raise reject(
            SEARCH_STORAGE,
            f"the study `{name}` in `{shown}` is a search of something else",
            notes=[
                f"{what}: {_short(other.get(what))} there, {_short(own[what])} here"
                for what in different
            ],
            help="run the command it was started with, or choose another name with `--study NAME`",
        )


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    text = str(value)
    return f"{text[:15]}..." if re.fullmatch(r"sha256:[0-9a-f]{64}", text) else text


RUNNING = (TrialState.RUNNING,)
