"""Ctrl-C, and other requests to end, as the command answers them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as `typing` has it, which takes long to import
if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
"""What a shell reports of a command that Ctrl-C ended: 128 and SIGINT."""

_asked: list[int] = []
"""The signals that asked."""


def ended(code: int) -> int:
    """The exit code of a command that a signal ended."""
    return 128 + _asked[0] if code == INTERRUPTED and _asked else code


def terminable() -> None:
    """Take SIGTERM and SIGHUP, of a batch system or a terminal that closes, for Ctrl-C: what is
    done is kept and nothing is left behind. Not where whoever started the command ignores them."""
    import signal

    def stop(number: int, frame: object) -> None:
        _asked.append(number)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            with suppress(ValueError):  # not in the main thread
                signal.signal(number, stop)


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
    met: list[tuple[int, FrameType | None]] = []
    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    before = {n: signal.getsignal(n) for n in numbers if n is not None}
    handled = {number: handler for number, handler in before.items() if callable(handler)}
    for number in handled:
        signal.signal(number, lambda number, frame: met.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
    for number, frame in met[:1]:
        handled[number](number, frame)
