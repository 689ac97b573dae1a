"""A model as a spec: the text of an `.arch` file that compiles to the same network.

Nothing is guessed. Whatever text is made here is compiled, and the network it becomes is compared
with the model's, operator by operator and wire by wire; of the texts that are equal the shortest is
taken. What no text can say is refused with the name of its layer.
"""

from collections.abc import Sequence

from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.decompiler.border import bordered
from archc.models.decompiler.family import family
from archc.models.decompiler.flat import flat
from archc.models.decompiler.names import Names
from archc.models.decompiler.reading import Model, of_config, read_model
from archc.models.decompiler.result import Decompiled, finished, remarks
from archc.models.decompiler.search import Candidate, Failure, searched, tried


def decompile(
    model: Model,
    *,
    name: str | None = None,
    flat_only: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Decompiled:
    """Write a model as a spec.

    Args:
        name: of the arch; the model's own by default.
        flat_only: one statement for each layer, in the model's order, and no blocks or stages.

    Raises:
        Rejected: it cannot be said.
    """
    network = model.network
    own = Names().arch(name or network.name, "network")
    best = None if flat_only else searched(network, own, limits)
    if best is None:
        result = tried(flat(network, own), network, limits)
        if isinstance(result, Failure):
            raise reject(
                IMPORT,
                f"the model `{own}` cannot be written as a spec: {result.why}",
                notes=["nothing was written"],
            )
        best = result
    text, said = bordered(best.text, [best.graph], network.io)
    if text != best.text:
        result = tried(text, network, limits)
        assert isinstance(result, Candidate), result
        best = result
    return finished(network, own, best, (*network.notes, *said, *remarks(model.graph, best)))


def decompile_family(
    models: Sequence[Model], *, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> tuple[Decompiled, Decompiled]:
    """Write two models of one family, at two widths, as one spec: the arch of the wider one with a
    width multiplier, and the other as a variant of it.

    Args:
        name: of the arch; by default, as that of the variant, the model's own.

    Raises:
        Rejected: the models are not one network at two widths.
    """
    first, second, _ = family([model.network for model in models], name, limits)
    return first, second
