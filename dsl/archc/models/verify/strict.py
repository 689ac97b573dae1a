"""JSON from an untrusted file."""

import json
import re
from typing import Any

_QUOTED = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string; one that never ends goes to the end of the text, so that none is tried twice."""


class NotPlain(Exception):
    """Bytes are not plain JSON. The message completes "it is not a ...: "."""


def plain_json(data: bytes, nesting: int) -> Any:
    """A JSON document in UTF-8 whose brackets are nested at most so deep.

    Raises:
        NotPlain: it is not that; names that stand twice in an object and numbers beyond Python's
            are refused too, since readers differ on them.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotPlain(
            f"it is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
        ) from None
    if not text.strip():
        raise NotPlain("it is empty")
    if depth(data) > nesting:
        raise NotPlain(f"its brackets are nested deeper than {nesting}, the limit `nesting`")
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise NotPlain(
            f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise NotPlain(f"it is not JSON: {error}"[:200]) from None


def depth(data: bytes) -> int:
    """How deep the brackets of a text are nested, those in strings left out."""
    now = most = 0
    for sign in re.finditer(rb"[\[{\]}]", _QUOTED.sub(b"", data)):
        now += 1 if sign[0] in b"[{" else -1
        most = max(most, now)
    return most


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotPlain("a name appears twice in one object")
    return found
