"""The text of ST's tool as users have it: report files, and logs of the consoles around the tool.

A log holds the lines of a report among those of a build system and a board's loader, redrawn
progress bars between them, sometimes a time and a logger's name before each; one log often holds
several runs of the tool. Read off logs of ST's Developer Cloud (2.2, 4.0), STM32Cube AI Studio
(4.0) and STM32CubeMX (2.2).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from archc.diagnostics.model import Rejected
from archc.models.stedgeai.layout import number, strange
from archc.source import Source

HEAD = re.compile(r"ST Edge AI Core v([0-9]{1,4}(?:\.[0-9]{1,4}){1,3})(?:-(.{0,80}))?")
_CALL = re.compile(
    r".{0,2000}\bstedgeai(?:\.exe)?\"? (analyze|generate|validate) (-.*?)(ST Edge AI Core v.*)?"
)
"""4.0 prints its head on the end of the command's line."""
_PARAMETERS = re.compile(r"Parameters : (analyze|generate|validate)(?: (.*))?")
_LOGGER = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8},[0-9]{3} \[[A-Z]+\] \w+:[0-9]+ - ?")
_PROGRESS = re.compile(r"\s*[A-Z.]{2,12}: +[0-9]{1,3}%\|[^|]{0,80}\|[^\[]{0,40}\[[^\]]{0,80}\]")
_FAILURE = re.compile(
    r"(?:Run failed: Error: \w+ error: )?"
    r"((?:[A-Z]+ ERROR: |NOT IMPLEMENTED: |E[0-9]{3}\(\w+\): ).{1,400})"
)
SECTIONS = (
    *("Exec/report summary", "Model name - ", "Memory usage information", "Epochs details"),
    *("Requested memory size by section", "ST.AI Profiling results", "Evaluation report (summary)"),
)
"""How the sections begin that are read. A second one of a kind is of another run."""


class Line(NamedTuple):
    """A line with content, without what a logger put before it."""

    number: int
    """In the file, counted from 1."""
    text: str


class Call(NamedTuple):
    """What a run says of how the tool was called."""

    version: str | None
    build: str
    command: str | None
    """`analyze`, `generate` or `validate`."""
    arguments: str
    failure: str | None
    """What the tool said when it gave up."""


def cleaned(source: Source) -> list[Line]:
    """The lines that say something: no blank ones, no progress bars, no logger's heads."""
    lines = []
    for at, text in enumerate(source.text.split("\n"), 1):
        logged = _LOGGER.match(text)
        if logged:
            text = text[logged.end() :]
        drawn = _PROGRESS.match(text)
        if drawn:
            text = text[drawn.end() :]
        if text.strip():
            lines.append(Line(at, text))
    return lines


class Lines:
    """The lines of one run, by their index in it."""

    def __init__(self, source: Source, lines: Sequence[Line]) -> None:
        self.source, self.lines = source, lines

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, at: int) -> str:
        return self.lines[at].text

    def flat(self, at: int) -> str:
        """A line with runs of blanks made one."""
        return " ".join(self.lines[at].text.split())

    def is_rule(self, at: int) -> bool:
        """Whether a line is drawn of dashes."""
        return set(self.flat(at)) <= {"-", " "}

    def find(self, start: str) -> int | None:
        """The first line that starts so, blanks before it aside; None if there is none."""
        found = (i for i, line in enumerate(self.lines) if line.text.lstrip().startswith(start))
        return next(found, None)

    def need(self, start: str, why: str) -> int:
        """The same.

        Raises:
            Rejected: there is none; quotes the line where the run ends.
        """
        found = self.find(start)
        if found is None:
            raise self.strange(f"has no `{start.strip()}`: {why}", len(self) - 1)
        return found

    def next(self, at: int) -> int:
        """The index of the next line.

        Raises:
            Rejected: the run ends here.
        """
        if at + 1 >= len(self):
            raise self.strange("ends in the middle of a section", at)
        return at + 1

    def count(self, text: str, at: int) -> int:
        value = number(text)
        if value is None:
            raise self.strange(f"has `{text[:40]}` where a number is expected", at)
        return value

    def real(self, text: str, at: int) -> float:
        if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text):
            raise self.strange(f"has `{text[:40]}` where a number is expected", at)
        return float(text)

    def strange(self, what: str, at: int) -> Rejected:
        """The exception that says what is not known, and quotes the line."""
        return strange(self.source, what, self.lines[at].number if self.lines else None)


def runs(source: Source) -> list[Lines]:
    """The runs of the tool that a text holds, those that printed no section left out."""
    found: list[list[Line]] = [[]]
    seen: set[str] = set()
    for line in cleaned(source):
        words = line.text.strip()
        section = next((start for start in SECTIONS if words.startswith(start)), None)
        # A log that begins within a summary still holds what follows.
        if section is None and words.startswith("model file ") and not seen:
            section = SECTIONS[0]
        if section in seen or (seen and _begins(words)):
            found.append([])
            seen = set()
        if section:
            seen.add(section)
        found[-1].append(line)
    return [Lines(source, lines) for lines in found if lines]


def _begins(words: str) -> bool:
    """Whether a line is the first of a run."""
    if words.startswith("ST Edge AI Core v"):
        return HEAD.fullmatch(words) is not None
    return "stedgeai" in words and _CALL.fullmatch(words) is not None


def call(run: Lines) -> Call:
    """How the tool was called in a run, and whether it failed."""
    version = build = command = failure = None
    arguments = ""
    for at in range(len(run)):
        words = run.flat(at)
        head = HEAD.fullmatch(words) if words.startswith("ST Edge") else None
        called = (
            _PARAMETERS.fullmatch(words)
            if words.startswith("Parameters")
            else _CALL.fullmatch(words)
            if "stedgeai" in words
            else None
        )
        failed = _FAILURE.match(words)
        if head:
            version, build = head[1], head[2] or ""
        elif called:
            command, arguments = called[1], called[2] or ""
            head = HEAD.fullmatch(called[3]) if called.re is _CALL and called[3] else None
            version, build = (head[1], head[2] or "") if head else (version, build)
        elif failed and failure is None:
            failure = failed[1].partition(". Please check the report")[0]
    return Call(version, build or "", command, arguments, failure)


_INSTALLED = re.compile(
    r"(?:STEdgeAI[/\\]|X-CUBE-AI[/\\])([2-6](?:\.[0-9]{1,2}){1,2})[/\\]Utilities"
)


def installed(source: Source) -> str | None:
    """The version of the tool by the folder it was started from, which a log names even where the
    tool does not. (X-CUBE-AI counts its packs from 7 on; the Developer Cloud's go by the tool.)"""
    found = _INSTALLED.search(source.text)
    return found[1] if found else None
