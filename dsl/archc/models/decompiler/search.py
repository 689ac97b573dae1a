"""Candidates: each is compiled and compared with the model, and the shortest equal one wins."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from archc.compiler import Graph, Loader, elaborate, lay_out
from archc.diagnostics.model import Rejected
from archc.limits import Limits
from archc.models.decompiler.equality import Comparison, compare
from archc.models.decompiler.network import Network, of_graph
from archc.source import Source

_TOKEN = re.compile(r'"""|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e-?\d+)?|\.\.|[<>=!]=|\S')

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
    return len(_TOKEN.findall(text))


def tried(text: str, network: Network, limits: Limits) -> Candidate | Failure:
    """Compile a text and compare it with the network that it is to be."""
    source = Source("imported.arch", text)
    try:
        laid_out = lay_out(source, limits)
    except Rejected as rejected:
        return Failure(text, rejected.diagnostic.message)
    graph, diagnostics = elaborate(Loader("", [], limits), Source(source.name, laid_out), limits)
    if graph is None:
        return Failure(laid_out, "; ".join(d.message for d in diagnostics if d.level == "error"))
    made = of_graph(graph)
    comparison = compare(network, made)
    if not comparison.equal:
        return Failure(laid_out, "it compiles to another network")
    odd = _UNROUNDED * ("rounding(divisor = 1)" in laid_out)
    return Candidate(laid_out, graph, made, comparison, tokens(laid_out) + odd)


def shortest(
    texts: Iterable[str], network: Network, limits: Limits
) -> tuple[Candidate | None, list[Failure]]:
    """The best of some texts, and those that are not the network."""
    best: Candidate | None = None
    failures: list[Failure] = []
    for text in dict.fromkeys(texts):
        result = tried(text, network, limits)
        if isinstance(result, Failure):
            failures.append(result)
        elif best is None or result.size < best.size:
            best = result
    return best, failures
