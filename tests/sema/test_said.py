"""All that is said of many small specs, most of them wrong, kept as text in `data/said.txt`:
diagnostics with their places, labels, notes, help and fixes, and the networks that come out.

`exchange.py` chose the specs. With `ARCHC_BLESS=1` set the answers are written; look at what
changed.
"""

import os
from collections.abc import Iterator

import pytest

from support.checking import compiled
from support.said import KEPT, SEPARATOR, said


def specs() -> Iterator[tuple[str, str]]:
    """Each spec with the answer that is kept."""
    spec, answer, answering = [], [], False
    for line in KEPT.read_text("utf-8").split("\n"):
        if line == SEPARATOR:
            answering = True
        elif not line and answering:
            yield "\n".join(spec) + "\n", "\n".join(answer)
            spec, answer, answering = [], [], False
        else:
            (answer if answering else spec).append(line)


EVERY = list(specs())
TOGETHER = 50


def test_there_are_enough() -> None:
    assert len(EVERY) > 1000


@pytest.mark.parametrize("first", range(0, len(EVERY), TOGETHER))
def test_what_is_said_is_kept(first: int) -> None:
    some = EVERY[first : first + TOGETHER]
    found = [(spec, "\n".join(said(compiled(spec)))) for spec, _ in some]
    if os.environ.get("ARCHC_BLESS"):
        EVERY[first : first + TOGETHER] = found
        parts = (f"{spec}{SEPARATOR}\n{answer}\n\n" for spec, answer in EVERY)
        KEPT.write_text("".join(parts), "utf-8")
    else:
        assert found == some
