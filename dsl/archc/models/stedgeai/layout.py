"""What the readers of ST's files share: how a file is read, and how a strange one is refused."""

import re
from typing import Literal, NamedTuple

from archc.compiler import load_text
from archc.diagnostics.codes import STEDGEAI_FAILED, STEDGEAI_LAYOUT
from archc.diagnostics.model import Rejected, reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.source import Source, Span

FILE_BYTES = 64 * 1024 * 1024
"""Largest report or info that is read; the info of a MobileNetV2 has 0.9 MB."""

WANTED = (
    "a `*_report.txt` or `*_c_info.json` as `stedgeai` writes it, or a whole console log of one"
)

KNOWN_VERSIONS = ("2.0.0", "2.1.0", "2.2.0", "3.0.0", "4.0.0", "4.0.1")
"""Tool versions of which real files were read. Sources: the files of Han-Sang-min/STM32N6_AI
(2.0.0), AlexGraefe/STM32N6Example (2.1.0, 2.2.0, 3.0.0), ginodecock/fall-guard-pe (2.1.0),
Magnus3327/stm32n6-edge-ai-benchmarks (2.2.0, 4.0.0, 4.0.1, consoles too),
MichelePoli/stm32-ai-workflow (2.2.0), Guguitino/STM32N6-Audio-Low-Latency (2.2.0),
tintran193/NUCLEO-N65X0Q-NPU-Setup (2.2.0), packetqc/AI and wwebtvmedia/enhancedoptimaltransport
(4.0.0), LarocheC/stm32n6-stt and NetanelUnger/N6_tof (4.0.1)."""

EpochKind = Literal["hw", "sw", "hybrid", "ec"]
"""Where an epoch runs: on the NPU, on the CPU, on both, or on the NPU under its own epoch
controller."""


class Epoch(NamedTuple):
    """One step of the schedule that the NPU compiler makes."""

    id: int
    kind: EpochKind
    operation: str
    """The ONNX operator it runs, where the tool says so: for what is not hardware alone."""


def load(path: str, limits: Limits = DEFAULT_LIMITS) -> Source:
    """A report or an info as text, named by the path it was read from.

    Raises:
        Rejected: there is no such file, it is larger than `FILE_BYTES`, or it is not UTF-8 text.
    """
    most = max(limits.source_bytes, FILE_BYTES)
    return Source(path, load_text(path, most, "source_bytes", WANTED))


def strange(source: Source, what: str, line: int | None = None, *, label: str = "") -> Rejected:
    """The exception that says a file is not laid out in a way that is known.

    Args:
        what: completes "`FILE` ...".
        line: where, counted from 1.
        label: a few words under that line.
    """
    span = None
    if line is not None:
        start = source.starts[line - 1]
        span = Span(source, start, start + len(source.line(line)))
    return reject(
        STEDGEAI_LAYOUT,
        f"`{source.name}` {what}",
        span,
        label=label,
        notes=[
            "files of ST Edge AI Core "
            f"{', '.join(KNOWN_VERSIONS)} are known; nothing is guessed about others"
        ],
        help=f"give {WANTED}",
    )


def failed(source: Source, said: str) -> Rejected:
    """The exception of a log in which the tool gave up before it printed a figure."""
    from archc.diagnostics.text import printable

    return reject(
        STEDGEAI_FAILED,
        f"`{source.name}` contains no figures: the tool failed",
        notes=[f"it said: {printable(said)[:300]}"],
        help="give the log of a run that ended well",
    )


def number(text: str) -> int | None:
    """A count as the tool writes it, `1,769,488` or `1769488`; None if it is not one."""
    if len(text) <= 24 and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+|[0-9]+", text):
        return int(text.replace(",", ""))
    return None


def base_name(path: str) -> str:
    """The last part of a path of either kind of system."""
    return re.split(r"[/\\]", path)[-1]
