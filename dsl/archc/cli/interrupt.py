"""Ctrl-C, as the command answers it."""

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
