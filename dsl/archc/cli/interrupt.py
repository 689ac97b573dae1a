"""Ctrl-C, as the command answers it."""

from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""What a shell reports of a command that Ctrl-C ended: 128 and SIGINT."""


def interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an exception: what it interrupts may raise one of its own, as
    `type()` does in Python 3.11 around a `__set_name__`."""
    seen: set[int] = set()
    found: list[BaseException | None] = [error]
    while found:
        one = found.pop()
        if one is None or id(one) in seen:
            continue
        if isinstance(one, KeyboardInterrupt):
            return True
        seen.add(id(one))
        found += [one.__cause__, one.__context__]
        found += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    return False


@contextmanager
def deferred() -> Iterator[None]:
    """What must not be cut in two: Ctrl-C inside the block is raised behind it."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    met: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: met.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if met:
        raise KeyboardInterrupt
