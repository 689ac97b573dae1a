"""Copy the weights of one Keras model into another that is the same network."""

import os
from typing import Any, NamedTuple

from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.importer import live
from archc.models.quantization import keras_file
from archc.models.transfer.arrays import Array
from archc.models.transfer.differences import refused
from archc.models.transfer.matching import Ambiguous, Unlike, by_names, by_structure
from archc.models.transfer.network import Network, network


class Transfer(NamedTuple):
    """What was copied."""

    by: str
    """How layers were paired: by `structure` or, where the models are wired differently, by
    `names`."""
    arrays: tuple[tuple[str, str], ...]
    """(array of the source, array of the target), each as `LAYER/NAME`, in the target's order."""


def transfer(source: Any, target: Any, limits: Limits = DEFAULT_LIMITS) -> Transfer:
    """See `archc.transfer_weights`.

    Raises:
        Rejected: the models are not the same network, or a file cannot be read.
        ImportError: Keras is not installed.
    """
    if isinstance(source, str | os.PathLike):
        archive = keras_file.read(os.fspath(source), limits)
        source = keras_file.load(archive)
    for model in (source, target):
        live.require(model)
    networks = network(source, limits), network(target, limits)
    by, pairs = _paired(*networks)
    copied = _checked(networks, pairs)
    import numpy as np

    values = [np.asarray(ours.variable) for ours, _ in copied]  # all read before one is set
    for value, (_, theirs) in zip(values, copied, strict=True):
        theirs.variable.assign(value.reshape(tuple(theirs.variable.shape)))
    for _, layer in live.walk(target):
        if type(layer).__module__.startswith("keras.") and hasattr(layer, "finalize_state"):
            layer.finalize_state()  # a Normalization computes with what it has made of its arrays
    return Transfer(by, tuple((ours.name, theirs.name) for ours, theirs in copied))


def _paired(source: Network, target: Network) -> tuple[str, list[tuple[int, int]]]:
    """How atoms are paired, and the pairs.

    Raises:
        Rejected: they cannot be.
    """
    try:
        return "structure", by_structure(source, target)
    except (Unlike, Ambiguous) as failure:
        pairs = by_names(source, target)
        if pairs is not None:
            return "names", pairs
        raise refused(source, target, failure) from None


def _checked(
    networks: tuple[Network, Network], pairs: list[tuple[int, int]]
) -> list[tuple[Array, Array]]:
    """The arrays of pairs of atoms, each of the target once, in its order.

    Raises:
        Rejected: an array is left over or would get two different values, or has another shape.
    """
    source, target = networks
    given: dict[int, tuple[Array, Array]] = {}
    for ours, theirs in pairs:
        for a, b in zip(source.atoms[ours].arrays, target.atoms[theirs].arrays, strict=True):
            before = given.setdefault(id(b.variable), (a, b))
            if before[0].variable is not a.variable and not _equal(before[0], a):
                what = f"`{b.name}` is shared, and is to be both `{before[0].name}` and `{a.name}`"
                raise refused(source, target, Unlike(what))
            if not a.fits(b):
                raise refused(source, target, Unlike(f"`{a.name}` and `{b.name}` differ in shape"))
    return list(given.values())


def _equal(a: Array, b: Array) -> bool:
    import numpy as np

    return np.array_equal(np.asarray(a.variable), np.asarray(b.variable))
