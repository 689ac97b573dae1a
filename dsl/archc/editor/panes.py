"""What can be shown beside a spec: pictures and texts of a network, each made when asked for."""

from typing import Any

from archc.diagnostics.text import several
from archc.driver import Network
from archc.emit.drawing import DETAILS, QUANTITIES, TooLarge, picture, svg, untimed
from archc.emit.marker import MANIFEST_SUFFIX
from archc.emit.report import memory

Json = dict[str, Any]

MOST_BOXES, MOST_BARS = 1_000, 2_000
"""Of a drawing, and of the pictures of memory: of what would be larger is said so instead."""
LEAST_WIDTH, MOST_WIDTH = 480, 8_000
"""Of a drawing, in pixels."""
SCHEMES = ("light", "dark")


class Unshown(Exception):
    """There is nothing to show; the message says why."""


def drawing(
    network: Network,
    detail: str | None = None,
    color: str = "macs",
    width: int = 1120,
    scheme: str | None = None,
    name: str = "drawing",
) -> Json:
    """`svg`, the drawing; `detail`, how much it shows."""
    if detail not in (None, *DETAILS):
        raise Unshown(f"there is no detail `{detail}`: {', '.join(DETAILS)}")
    if color not in QUANTITIES:
        raise Unshown(f"there is no colour `{color}`: {', '.join(QUANTITIES)}")
    reason = untimed(network.manifest) if color == "time" else None
    if reason is not None:
        raise Unshown(reason)
    try:
        found = picture(network.graph, network.manifest, detail, color=color, most=MOST_BOXES)
    except TooLarge as large:
        raise Unshown(f"it would have {large.size:,} boxes, too many to read here") from None
    width = min(max(width, LEAST_WIDTH), MOST_WIDTH)
    return {
        "svg": svg(found, width=width, within=name, scheme=_scheme(scheme)),
        "detail": found.detail,
    }


def pictures(network: Network, scheme: str | None = None, name: str = "memory") -> Json:
    """`pictures`: memory over time, each with `title`, `description` and `svg`."""
    plans = [
        plan
        for of in (memory.placement, memory.arena)
        if (plan := of(network.manifest)) is not None
    ]
    if not plans:
        raise Unshown("it is not known where its tensors go")
    bars = sum(len(plan.bars) for plan in plans)
    if bars > MOST_BARS:
        raise Unshown(f"it would have {several(bars, 'bar')}, too many to read here")
    scheme = _scheme(scheme)
    return {
        "pictures": [
            {
                "title": plan.title,
                "description": memory.described(plan),
                "svg": memory.svg(plan, f"{name}-{number}", scheme),
            }
            for number, plan in enumerate(plans)
        ]
    }


def profile(network: Network, width: int = 80, timeline: bool = False) -> Json:
    """`text`: the table that `archc profile` prints, without colours."""
    from archc.emit.table import table

    width = min(max(width, 60), 400)
    return {"text": table(network.manifest, width=width, timeline=timeline)}


def rows(network: Network) -> Json:
    """`layers`, `totals` and `deployed`, as the manifest has them."""
    manifest = network.manifest
    return {name: manifest[name] for name in ("layers", "totals", "deployed", "target", "budgets")}


def manifest(network: Network) -> Json:
    """`text`: the manifest, byte for byte as the command writes it; `file`, its name."""
    from archc.emit.manifest import render

    return {"text": render(network.manifest), "file": f"{network.name}{MANIFEST_SUFFIX}"}


def module(network: Network) -> Json:
    """`text`: the Keras module, byte for byte as the command writes it; `file`, its name."""
    return {"text": network.module, "file": f"{network.name}.py"}


def report(network: Network) -> Json:
    """`text`: the page that `archc report` makes; `file`, a name for it."""
    from archc.emit.report import Subject
    from archc.emit.report import report as page

    subject = Subject(network.manifest, network.graph, network.manifest)
    return {"text": page([subject]), "file": f"{network.name}.html"}


def places(network: Network) -> dict[str, list[Any]]:
    """By the name of a layer, the file and the line that it stands in."""
    return {
        layer["name"]: [layer["source"]["file"], layer["source"]["line"]]
        for layer in network.manifest["layers"]
        if layer["source"]
    }


def _scheme(scheme: str | None) -> str | None:
    return scheme if scheme in SCHEMES else None
