"""Candidates: each is compiled and compared with the model, and the shortest equal one wins."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archc.compiler import Graph, Loader, elaborate, lay_out
from archc.diagnostics.model import Rejected
from archc.limits import Limits
from archc.models.decompiler.abstraction import Unfit
from archc.models.decompiler.equality import Comparison, compare
from archc.models.decompiler.layout import structured
from archc.models.decompiler.network import Network, of_graph
from archc.models.decompiler.units import Effort
from archc.models.decompiler.widths import SCHEMES
from archc.source import Source

TOKEN = re.compile(r'"""|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e-?\d+)?|\.\.|[<>=!]=|\S')

LARGE, LARGEST = 1500, 5000
"""Operations from which on fewer texts are tried, and none but that of one statement each."""
_WORTH = 0.85
"""How much shorter a text with fewer blocks has to be: what repeats is to be seen."""
_UNROUNDED = 8
"""What `rounding(divisor = 1)` costs beside its tokens: a family of the network would have odd
widths, where a few `exact` say which ones are meant."""


class Candidate(NamedTuple):
    """A text that compiles to the network."""

    text: str
    """As `archc fmt` leaves it."""
    graph: Graph
    network: Network
    """What it compiles to."""
    comparison: Comparison
    size: int
    """In tokens, and what a rounding costs that no width needs but for being itself."""


class Failure(NamedTuple):
    """A text that does not."""

    text: str
    why: str


def tokens(text: str) -> int:
    """How long a text is, whatever its layout."""
    return len(TOKEN.findall(text))


def tried(text: str, network: Network, limits: Limits, arch: int = 0) -> Candidate | Failure:
    """Compile an arch of a text, by its place, and compare it with the network that it is to be."""
    source = Source("imported.arch", text)
    try:
        laid_out = lay_out(source, limits)
    except Rejected as rejected:
        return Failure(text, rejected.diagnostic.message)
    loader = Loader("", [], limits)
    graph, diagnostics = elaborate(loader, Source(source.name, laid_out), limits, arch)
    if graph is None:
        return Failure(laid_out, "; ".join(d.message for d in diagnostics if d.level == "error"))
    made = of_graph(graph)
    comparison = compare(network, made)
    if not comparison.equal:
        return Failure(laid_out, "it compiles to another network")
    odd = _UNROUNDED * ("rounding(divisor = 1)" in laid_out)
    return Candidate(laid_out, graph, made, comparison, tokens(laid_out) + odd)


def shortest(texts: Iterable[str], network: Network, limits: Limits) -> Candidate | None:
    """The best of some texts; None where none of them is the network."""
    best: Candidate | None = None
    for text in dict.fromkeys(texts):
        result = tried(text, network, limits)
        if isinstance(result, Candidate) and (best is None or result.size < best.size):
            best = result
    return best


def structures(network: Network, name: str, effort: Effort) -> Iterator[str]:
    """The texts with blocks and stages of one effort, with every rounding."""
    for rounding in SCHEMES:
        try:
            yield structured(network, name, rounding, effort)
        except Unfit:
            continue


def searched(network: Network, name: str, limits: Limits) -> Candidate | None:
    """The shortest text with blocks and stages; None where there is none, or where the network is
    too large for a text that somebody reads."""
    if len(network.operations) > LARGEST:
        return None
    best: Candidate | None = None
    for effort in Effort:
        found = shortest(structures(network, name, effort), network, limits)
        if found is not None and (best is None or found.size < _WORTH * best.size):
            best = found
        if best is not None and (effort is Effort.MERGES or len(network.operations) > LARGE):
            break  # less effort only makes longer texts
    return best
