"""One build of the playground for all tests of it."""

import os
from pathlib import Path

import pytest

from support import playground


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the playground: of this checkout, or `ARCHC_PLAYGROUND`, one made before."""
    if made_before := os.environ.get("ARCHC_PLAYGROUND"):
        return Path(made_before)
    made: Path = tmp_path_factory.mktemp("playground") / "site"
    done = playground.publish(made)
    if done.returncode and not playground.REQUIRED and "npm" in done.stderr:
        pytest.skip(f"its packages cannot be installed: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    return made
