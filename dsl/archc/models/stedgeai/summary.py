"""`Exec/report summary`: the model, its inputs and outputs, and what the tool counted."""

import re
from typing import NamedTuple

from archc.models.stedgeai.console import Lines
from archc.models.stedgeai.layout import number


class Tensor(NamedTuple):
    """An input or output. With a table alone neither type nor bytes are known."""

    name: str
    dtype: str | None
    shape: tuple[int, ...]
    """The batch included."""


class Summary(NamedTuple):
    """A summary as it stands."""

    command: str | None
    entries: dict[str, str]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def number_of(self, name: str) -> int | None:
        """The number that an entry begins with."""
        return number(self.entries.get(name, "").split(" ", 1)[0])


_HEADING = "Exec/report summary"


def summary(run: Lines) -> Summary | None:
    """The summary of a run; None if it printed none.

    Where a log begins within it, what is left of it.
    """
    start = run.find(_HEADING)
    command = None
    rules = 3
    if start is None:
        start = run.find("model file ")
        if start is None or run.find("Memory usage information") is None:
            return None
        start, rules = start - 1, 2
    else:
        named = re.fullmatch(rf"{_HEADING} \((analyze|generate|validate)\)", run.flat(start))
        if not named:
            raise run.strange("has a summary of another form", start)
        command = named[1]
    entries: dict[str, str] = {}
    tensors: dict[str, list[Tensor]] = {"input": [], "output": []}
    at = start
    while rules:
        at = run.next(at)
        text = run.flat(at)
        if run.is_rule(at):
            rules -= 1
            continue
        name, colon, value = text.partition(" : ")
        if not colon and text.endswith(" :"):
            name, value = text[:-2], ""
        elif not colon:
            raise run.strange("has a summary of another form", at)
        kind = re.fullmatch(r"(input|output) [0-9]+/[0-9]+", name)
        if kind:
            tensors[kind[1]].append(_tensor(run, value, at))
        elif name in entries:
            raise run.strange(f"says `{name}` twice", at)
        else:
            entries[name] = value
    return Summary(command, entries, tuple(tensors["input"]), tuple(tensors["output"]))


def _tensor(run: Lines, text: str, at: int) -> Tensor:
    found = re.fullmatch(r"'(.*)', ([A-Za-z0-9_]+)\(([0-9]+(?:x[0-9]+)*)\), .*", text)
    if not found:
        raise run.strange("has an input or output of another form", at)
    shape = tuple(run.count(part, at) for part in found[3].split("x"))
    return Tensor(found[1], found[2], shape)
