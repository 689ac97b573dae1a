"""All that is said of a target file with one value changed, left out or put in, kept as text in
`data/said.txt`. With `ARCHC_BLESS=1` set it is written; look at what changed.
"""

import json
import os
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from archc.diagnostics.model import Rejected
from archc.source import Source
from archc.targets.builtin import _literal, builtin_source
from archc.targets.target import _Reader
from archc.targets.toml import TEXT

KEPT = Path(__file__).parent / "data/said.txt"

VALUES: tuple[Any, ...] = (
    *(0, 0.5, 1, -1, 1.5, 1e9, "", "No_name", "a\nb", "conv", "x" * TEXT, "x" * (TEXT + 1)),
    *(True, [], ["conv", "conv"], [1], {}, {"x": 1}, [{"name": "x"}], 2**63 - 1, 2**63),
)


def document() -> dict[str, Any]:
    """The STM32N6 with a few of its rules and tiers."""
    whole = tomllib.loads(builtin_source("stm32n6").text)
    wanted = ("code_size", "stride")
    whole["rules"] = [rule for rule in whole["rules"] if rule["name"] in wanted]
    for tier in whole["tiers"]:
        tier.pop("rule", None)
        tier.pop("otherwise", None)
    whole["tiers"] = whole["tiers"][:2]
    whole["tiers"][0] |= {"rule": "stride", "otherwise": "runs on the CPU"}
    whole["boards"] = {"nucleo": whole["boards"]["nucleo"]}
    whole["default_board"] = "nucleo"
    whole["boards"]["nucleo"]["fill"] = whole["boards"]["nucleo"]["fill"][:2]
    used = {part["source"] for kind in ("rules", "tiers") for part in whole[kind]}
    used |= {board["source"] for board in whole["boards"].values()}
    used |= {each["source"] for each in whole["latency"]["constants"].values()}
    used.add(whole["demanded"]["source"])
    whole["sources"] = {name: one for name, one in whole["sources"].items() if name in used}
    return whole


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value of a document, but no more than two of those of one kind."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for number, (key, inner) in enumerate(items):
        few = path[-1:] in (("sources",), ("constants",), ("bands",)) or isinstance(value, list)
        if few and number > 1:
            return
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def edits(top: str) -> Iterator[tuple[tuple[Any, ...], str, dict[str, Any]]]:
    """Documents with one edit each in a part of them: where, and what was done."""
    whole = document()
    if top == "":
        yield (), "a rule called conv", put(whole, ("rules", 1, "name"), "conv")
        yield (), "with a surprise", put(whole, ("surprise",), 1)

    for path in (path for path in paths(whole) if path[0] == top):
        inner = at(whole, path)
        changed = deepcopy(whole)
        del at(changed, path[:-1])[path[-1]]
        yield path, "left out", changed
        for value in VALUES:
            text = json.dumps(value)
            yield (
                path,
                f"= {text if len(text) < 60 else f'a text of {len(text) - 2}'}",
                put(whole, path, value),
            )
        if isinstance(inner, str):
            yield path, "with an x", put(whole, path, f"{inner}x")
            yield path, "with a field", put(whole, path, "{nothing}")
            yield path, "with the target", put(whole, path, "{target}")
        if isinstance(inner, list) and inner:
            yield path, "with its first again", put(whole, path, [*inner, deepcopy(inner[0])])
        if isinstance(inner, dict):
            yield path, "with a surprise", put(whole, (*path, "surprise"), 1)


def put(whole: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = deepcopy(whole)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def shown(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)) or "top"


READ: list[str] = []
"""What is read of those documents that are accepted."""


def said(changed: dict[str, Any]) -> str:
    try:
        target = _Reader(Source("mine.toml", "")).target(changed)
    except Rejected as rejected:
        diagnostic = rejected.diagnostic
        return f"{diagnostic.message[:300]}" + (f" / {diagnostic.help}" if diagnostic.help else "")
    READ.append(_literal(target._replace(texts=())))
    return f"ok: {target.name}, {target.boards[0].name}, {target.default_build}"


PARTS = ("", *document())


def answers(top: str) -> str:
    found: dict[tuple[str, str], list[str]] = {}
    READ.clear()
    for path, what, changed in edits(top):
        answer, _, value = said(changed).rpartition(", not ")
        found.setdefault((shown(path), answer or value), []).append(what)
    lines = [
        f"{path} {', '.join(edited)}\n    {answer}\n" for (path, answer), edited in found.items()
    ]
    digest = blake2b("\n".join(READ).encode(), digest_size=8).hexdigest()
    return "".join(lines) + f"{top or 'top'}: {len(READ)} are read as {digest}\n"


@pytest.mark.parametrize("top", PARTS)
def test_what_is_said_is_kept(top: str) -> None:
    text = answers(top)
    if os.environ.get("ARCHC_BLESS"):
        every = {part: answers(part) for part in PARTS} if top == "" else {}
        KEPT.write_text("".join(every.values()) or KEPT.read_text("utf-8"), "utf-8")
    assert text in KEPT.read_text("utf-8")
    assert text
