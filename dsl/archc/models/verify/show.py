"""A verification for people and as plain data."""

from typing import Any

from archc.diagnostics.text import printable, several, wrapped
from archc.models.verify.model import Verification
from archc.plain import plain as as_plain

WIDTH = 80


def plain(verification: Verification) -> dict[str, Any]:
    """A verification as plain data for JSON."""
    return {
        "model": verification.model,
        "kind": verification.kind,
        "network": verification.network,
        "same": not verification.failed,
        "summary": verification.summary,
        "differences": as_plain(verification.differences),
        "compared": list(verification.compared),
        "left_out": list(verification.left_out),
    }


def text(verification: Verification) -> str:
    """What was found, what was checked against what, and what was not; at most 80 columns wide."""
    matter = sum(found.level == "error" for found in verification.differences)
    noted = len(verification.differences) - matter
    said = ", ".join(
        part
        for part in (
            f"{several(matter, 'difference')} that matter{'s' * (matter == 1)}" if matter else "",
            several(noted, "note") if noted else "",
        )
        if part
    )
    verb = "is not" if verification.failed else "is"
    head = f"{verification.model} {verb} {verification.network}: {said or verification.summary}"
    lines = wrapped(printable(head), WIDTH, hang="  ")
    if said:
        lines += wrapped(printable(verification.summary), WIDTH, "  ", "  ")
    for title, parts in (
        ("compared", verification.compared),
        ("not compared", verification.left_out),
    ):
        if parts:
            lines.append(f"{title}:")
            for part in parts:
                lines += wrapped(printable(part), WIDTH, "  ", "  ")
    return "\n".join(lines) + "\n"
