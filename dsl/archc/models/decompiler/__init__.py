"""A model as a spec: the text of an `.arch` file that compiles to the same network.

Nothing is guessed. Whatever text is made here is compiled, and the network it becomes is compared
with the model's, operator by operator and wire by wire; of the texts that are equal the shortest is
taken. What no text can say is refused with the name of its layer.
"""

from collections.abc import Sequence

from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.decompiler.family import family
from archc.models.decompiler.flat import flat
from archc.models.decompiler.names import Names
from archc.models.decompiler.network import of_model
from archc.models.decompiler.remarks import remarks
from archc.models.decompiler.result import Decompiled, finished
from archc.models.decompiler.search import Failure, searched, tried
from archc.models.importer import Imported

__all__ = ["Decompiled", "decompile", "decompile_family"]


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
    notes = (*network.notes, *remarks(model, best, whole=not without))
    return finished(network, own, best, notes)


def decompile_family(
    models: Sequence[Imported],
    *,
    name: str | None = None,
    without: Sequence[str] = (),
    results: Sequence[Sequence[str]] = ((), ()),
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Decompiled, Decompiled]:
    """Write two models of one family, at two widths, as one spec: the arch of the wider one with a
    width multiplier, and the other as a variant of it.

    Args:
        name: of the arch; by default, as that of the variant, the model's own.
        without: paths of layers to leave out, in both.
        results: names of the results of each, where they have names.

    Raises:
        Rejected: a layer cannot be said, or the models are not one network at two widths.
    """
    networks = [
        of_model(model, without, tuple(named)) for model, named in zip(models, results, strict=True)
    ]
    first, second, _ = family(networks, name, limits)
    return first, second
