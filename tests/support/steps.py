"""What work costs, counted in calls of functions: the same on a busy machine and on an idle one.

What a built-in function does inside counts as one. Where that could be quadratic, tests give it
so much that it would not end.
"""

import cProfile
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Calls of functions, ours and built-in, while they were counted."""

    calls = 0


@contextmanager
def counted() -> Iterator[Steps]:
    """Count the calls of what is done in a `with`; the figure is there after it."""
    profile, steps = cProfile.Profile(), Steps()
    profile.enable()
    try:
        yield steps
    finally:
        profile.disable()
        steps.calls = sum(entry.callcount for entry in profile.getstats())
