"""Trying again where a database is locked or restarts."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 60.0
"""How long to go on trying: what was trained for hours is not given up for a restart."""

Result = TypeVar("Result")


def patiently(
    work: Callable[[], Result], check: Callable[[], None], *errors: type[Exception]
) -> Result:
    """What some work gives, done again while it raises one of some errors.

    Args:
        work: to be done.
        check: raises where trying again is of no use.
        errors: what may pass.

    Raises:
        Exception: the last error, once the time is over, or what ``check`` raises.
    """
    end = time.monotonic() + SECONDS
    pause = 0.05
    while True:
        try:
            return work()
        except errors:
            check()
            if time.monotonic() + pause > end:
                raise
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 2.0)
