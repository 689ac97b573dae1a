"""The process of one objective: `python -m archc.search.trainee`.

The request comes as a line of JSON on standard input, the answer goes as one to standard output.
What the objective prints goes to standard error, where the search reads it. Standard input stays
open as long as the search lives; when it ends, so does this process and all that it started.
"""

import importlib
import inspect
import json
import math
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from archc.child import channels

MOST = 500
"""Characters of a message."""


class Refused(Exception):
    """The objective is none, or gave what is no value."""


def main() -> int:
    requests, channel = channels()
    line = requests.readline()
    if not line.endswith(b"\n"):
        return 1
    threading.Thread(target=_watch, args=[requests], daemon=True).start()
    try:
        answer = _answer(json.loads(line))
    except Refused as refused:
        answer = {"error": str(refused)}
    except KeyboardInterrupt:
        answer = {"error": "it was interrupted"}
    except SystemExit as error:
        answer = {"error": f"it called `sys.exit({error.code!r})`"}
    except BaseException as error:
        traceback.print_exc()
        answer = {"error": _said(error)}
    sys.stdout.flush()
    sys.stderr.flush()
    channel.write(json.dumps(answer).encode() + b"\n")
    channel.flush()
    return 0


def _watch(requests: BinaryIO) -> None:
    """End this process, and what it started, when the search is gone."""
    while os.read(requests.fileno(), 1 << 16):  # takes no lock that the end would wait for
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    objective = _loaded(request["objective"])
    if "manifest" not in request:
        return {"values": []}
    result = objective(request["manifest"], _builder(request["module"], request["name"]))
    return {"values": numbers(result, request["names"])}


def _loaded(path: str) -> Callable[..., Any]:
    """The objective of a dotted path.

    Raises:
        Refused: there is none, or it does not take what it is called with.
    """
    module, _, name = path.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise Refused(
            f"there is no module `{error.name}` in `{os.getcwd()}` or installed"
        ) from None
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise Refused(f"`{module}` has no `{name}`") from None
    if not callable(found):
        raise Refused(f"`{path}` is not a function but of type {type(found).__name__}")
    try:
        inspect.signature(found).bind({}, None)
    except TypeError as error:
        raise Refused(f"`{name}(manifest, build_model)` is how it is called: {error}") from None
    except ValueError:
        pass  # it does not say what it takes
    objective: Callable[..., Any] = found
    return objective


def _builder(module: str, name: str) -> Callable[..., Any]:
    """`build_model` of a generated module; Keras is loaded when it is called."""

    def build_model(**knobs: Any) -> Any:
        namespace: dict[str, Any] = {"__name__": f"archc.generated.{name}"}
        exec(compile(module, f"<{name}.py>", "exec"), namespace)  # our own text
        return namespace["build_model"](**knobs)

    return build_model


def numbers(result: Any, names: list[str]) -> list[float]:
    """What an objective returned, one number for each name.

    Raises:
        Refused: it is something else.
    """
    wanted = "a number" if len(names) == 1 else f"{len(names)} numbers"
    wanted += f" for {', '.join(names)}"
    if isinstance(result, str | bytes | dict) or result is None:
        raise Refused(f"it returned {_shown(result)}, not {wanted}")
    try:
        values = list(result)
    except TypeError:  # one number, of whatever library
        values = [result]
    if len(values) != len(names):
        several = "1 value" if len(values) == 1 else f"{len(values)} values"
        raise Refused(f"it returned {several}, not {wanted}")
    found = []
    for value, name in zip(values, names, strict=True):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise Refused(f"`{name}` is {_shown(value)}, not a number") from None
        if not math.isfinite(number):
            raise Refused(f"`{name}` is {number}")
        found.append(number)
    return found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"a value of type {type(value).__name__}"


def _said(error: BaseException) -> str:
    """An exception and where the user's code raised it, in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen")
    ]
    where = ""
    for frame in frames:
        if f"{os.sep}site-packages{os.sep}" not in frame.filename:
            where = f" ({os.path.basename(frame.filename)}:{frame.lineno})"
    return f"{text[:MOST]}{where}"


if __name__ == "__main__":
    sys.exit(main())
