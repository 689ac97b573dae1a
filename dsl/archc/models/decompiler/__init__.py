"""A model as a spec: the text of an `.arch` file that compiles to the same network.

Nothing is guessed. Whatever text is made here is compiled, and the network it becomes is compared
with the model's, operator by operator and wire by wire; of the texts that are equal the shortest is
taken. What no text can say is refused with the name of its layer.
"""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.decompiler.abstraction import Unfit
from archc.models.decompiler.flat import flat
from archc.models.decompiler.layout import structured
from archc.models.decompiler.names import Names
from archc.models.decompiler.network import Network, of_model
from archc.models.decompiler.remarks import remarks
from archc.models.decompiler.search import Candidate, Failure, shortest
from archc.models.decompiler.units import Effort
from archc.models.decompiler.widths import SCHEMES
from archc.models.importer import Imported

__all__ = ["Decompiled", "decompile"]


class Decompiled(NamedTuple):
    """A spec made of a model."""

    name: str
    """Of its arch."""
    text: str
    """As `archc fmt` leaves it."""
    layers: dict[str, tuple[str, ...]]
    """The layers of the spec that every layer of the model became, in order of execution."""
    notes: tuple[str, ...]
    """What is not word for word as in the model."""
    in_order: bool
    """Whether the operators are executed in the model's order."""


def decompile(
    model: Imported,
    *,
    name: str | None = None,
    flat_only: bool = False,
    without: Sequence[str] = (),
    results: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Decompiled:
    """Write a model as a spec.

    Args:
        name: of the arch; the model's own by default.
        flat_only: one statement for each layer, in the model's order, and no blocks or stages.
        without: paths of layers to leave out.
        results: names of the results, where they have names.

    Raises:
        Rejected: a layer cannot be said, is called more than once or is not known.
    """
    network = of_model(model, without, tuple(results))
    own = Names().fresh(name or network.name, "network")
    best: Candidate | None = None
    failures: list[Failure] = []
    if not flat_only:
        best, _ = shortest(structures(network, own), network, limits)
    if best is None:
        best, failures = shortest([flat(network, own)], network, limits)
    if best is None:
        raise reject(
            IMPORT,
            f"the model `{own}` cannot be written as a spec: {failures[0].why}",
            notes=["nothing was written"],
        )
    notes = (*network.notes, *remarks(model, best, whole=not without))
    return _finished(network, own, best, notes)


def introduced(text: str, model: str, notes: Sequence[str]) -> str:
    """A text with where it comes from before it. What stands in names of layers stays a comment."""
    said = [line for note in notes for line in wrap(note, 96)]
    plain = re.sub(r"[^\w .,()+-]", "", model, flags=re.ASCII)
    return "".join(f"# {line}\n" for line in said) + f'"""Imported from `{plain}`."""\n{text}'


def structures(network: Network, name: str) -> Iterator[str]:
    """The texts with blocks and stages that are worth a try."""
    for effort in Effort:
        for rounding in SCHEMES:
            try:
                yield structured(network, name, rounding, effort)
            except Unfit:
                continue


def _finished(network: Network, name: str, best: Candidate, notes: tuple[str, ...]) -> Decompiled:
    layers: dict[str, dict[str, None]] = {}
    for operation, place in zip(network.operations, best.comparison.pairs, strict=True):
        made = best.network.operations[place].layer
        layers.setdefault(operation.layer, {})[made] = None
    return Decompiled(
        name,
        introduced(best.text, network.name, notes),
        {path: tuple(made) for path, made in layers.items()},
        notes,
        best.comparison.in_order,
    )
