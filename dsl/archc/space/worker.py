"""A process that evaluates pieces of a space: `python -m archc.space.worker`.

Requests come pickled on standard input, first the space and what is wanted of it, then pieces;
each answer goes pickled to standard output, or the exception that ended it. This process ends with
its standard input, and so with the process that asks.
"""

import os
import pickle
import signal
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import Any, BinaryIO

from archc.child import channels


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends this process
    requests, answers = channels()
    asked: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=[requests, asked], daemon=True).start()
    space: Any = None
    wanted: Any = None
    while True:
        request = asked.get()
        try:
            from archc.space.pieces import evaluate

            if space is None:
                space, wanted = pickle.loads(request)
                continue
            answer: Any = evaluate(space, request, wanted)
        except Exception as error:
            answer = _portable(error)
        try:
            pickle.dump(answer, answers, 5)
            answers.flush()
        except OSError:  # whoever asked is gone
            return 1


def _listen(requests: BinaryIO, asked: "SimpleQueue[Any]") -> None:
    """Take requests, and end this process where there will be no more."""
    try:
        while True:
            asked.put(pickle.load(requests))
    except Exception:
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """An exception that can be raised where this process was asked."""
    from archc.space.pieces import Lost

    if isinstance(error, MemoryError):
        return Lost("memory of a worker ran out")
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error, 5))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    sys.exit(main())
