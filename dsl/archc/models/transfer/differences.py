"""What keeps weights from being transferred, with both sides."""

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from archc.diagnostics.codes import TRANSFER
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.text import few, several
from archc.models.transfer.arrays import Array, Atom
from archc.models.transfer.matching import Ambiguous, Unlike
from archc.models.transfer.network import Network

SHOWN = 8
"""Arrays listed of each side."""
HELP = (
    "give a model that is this network: `archc.profile_model` lists the layers of both; of a "
    "larger one take the part, `keras.Model(model.input, model.get_layer(NAME).output)`"
)


def refused(source: Network, target: Network, failure: Unlike | Ambiguous) -> Rejected:
    """The exception for two models that are not the same network."""
    what = f"the weights of `{source.name}` are not those of `{target.name}`"
    if isinstance(failure, Ambiguous):
        return reject(
            TRANSFER,
            f"{what} in one way only: layers of equal shape are used differently",
            notes=[
                _layers("source", source, failure.source),
                _layers("target", target, failure.target),
            ],
            help="give the layers the same names in both models",
        )
    if str(failure):
        return reject(TRANSFER, f"{what}: {failure}", help=HELP)
    keys = [Counter(atom.key for atom in network.atoms) for network in (source, target)]
    if keys[0] == keys[1] and not source.loose and not target.loose:
        return reject(
            TRANSFER,
            f"{what}: they hold the same arrays, and are connected in different ways",
            notes=[
                f"the source `{source.name}` has {_counted(source.atoms)}",
                f"the target `{target.name}` has {_counted(target.atoms)}",
            ],
            help=f"{HELP}; where the names of all layers are equal, they decide",
        )
    left, right = _apart(source, target)
    return reject(
        TRANSFER,
        f"{what}: {several(len(left), 'array')} would be left over, and "
        f"{several(len(right), 'array')} not be filled",
        notes=[_arrays("left over", source, left), _arrays("not filled", target, right)],
        help=HELP,
    )


def _layers(side: str, network: Network, atoms: Sequence[int]) -> str:
    names = [f"`{network.atoms[index].layer}`" for index in atoms]
    return f"the {side} `{network.name}` has {few(names, SHOWN)}"


def _counted(atoms: Sequence[Atom]) -> str:
    return several(len({atom.layer for atom in atoms}), "layer") + " with weights"


def _arrays(what: str, network: Network, arrays: Sequence[Array]) -> str:
    listed = few([array.shown for array in arrays], SHOWN) if arrays else "nothing"
    return f"{what} of `{network.name}`: {listed}"


def _apart(source: Network, target: Network) -> tuple[list[Array], list[Array]]:
    """The arrays of both sides that the other does not have, in order of execution."""
    ours, theirs = source.atoms, target.atoms
    matcher = SequenceMatcher(None, [a.key for a in ours], [b.key for b in theirs], autojunk=False)
    left: list[Array] = []
    right: list[Array] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            left += [array for atom in ours[i:j] for array in atom.arrays]
            right += [array for atom in theirs[k:m] for array in atom.arrays]
    return [*left, *source.loose], [*right, *target.loose]
