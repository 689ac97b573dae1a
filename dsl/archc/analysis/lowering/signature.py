"""In which order a file lists several inputs and outputs.

TensorFlow imports the signature of a SavedModel with its inputs and outputs sorted by a hash of
their names, "an unintuitive sorting" so that nobody relies on it (TensorFlow 2.21,
`tensorflow/compiler/mlir/tensorflow/translate/import_model.cc`,
SavedModelSignatureDefImporterLite::ConvertSignature). The hash is Fingerprint64, which is
FarmHash's and fixed for good, so that the order follows from the names.
"""

from collections.abc import Sequence

from archc.ir.graph import Graph

_MASK, _TWICE = 2**64 - 1, 2**64 + 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
LONGEST = 64
"""Bytes of a name up to which its hash is known here."""


def inputs_listed(graph: Graph) -> list[int] | None:
    """The places of a network's inputs in the order of its file; None if that is not known."""
    return listed([graph.nodes[index].name for index in graph.inputs])


def outputs_listed(graph: Graph) -> list[int] | None:
    """The same of its outputs. Those that Keras returns without names are `output_0`, `output_1`
    and so on in the signature."""
    ends = len(graph.ends)
    if ends == 1:
        return [0]
    names = graph.names or [f"output_{place}" for place in range(ends)]
    return listed(names) if len(names) == ends else None


def listed(names: Sequence[str]) -> list[int] | None:
    """The places of names in the order in which a file lists them; None if that is not known."""
    encoded = [name.encode() for name in names]
    if any(len(name) > LONGEST for name in encoded):
        return None
    return sorted(range(len(names)), key=lambda place: fingerprint(encoded[place]))


def fingerprint(data: bytes) -> int:
    """FarmHash's Fingerprint64 (https://github.com/google/farmhash) of at most 64 bytes.

    Raises:
        ValueError: there are more.
    """
    size = len(data)
    if size > LONGEST:
        raise ValueError(f"{size} bytes, and the hash of more than {LONGEST} is not known here")
    if size > 32:
        return _of_64(data)
    if size > 16:
        return _of_32(data)
    return _of_16(data)


def _of_16(data: bytes) -> int:
    size = len(data)
    mul = _K2 + 2 * size
    if size >= 8:
        a, b = _word(data, 0) + _K2 & _MASK, _word(data, size - 8)
        c = _rotated(b, 37) * mul + a & _MASK
        d = (_rotated(a, 25) + b) * mul & _MASK
        return _mixed(c, d, mul)
    if size >= 4:
        first, last = (int.from_bytes(data[at : at + 4], "little") for at in (0, size - 4))
        return _mixed(size + (first << 3), last, mul)
    if not size:
        return _K2
    y = int.from_bytes((data[0], data[size // 2]), "little")
    z = size + (data[-1] << 2)
    return _shifted(y * _K2 & _MASK ^ z * _K0 & _MASK) * _K2 & _MASK


def _of_32(data: bytes) -> int:
    size = len(data)
    mul = _K2 + 2 * size
    a, b = _word(data, 0) * _K1 & _MASK, _word(data, 8)
    c, d = _word(data, size - 8) * mul & _MASK, _word(data, size - 16) * _K2 & _MASK
    u = _rotated(a + b & _MASK, 43) + _rotated(c, 30) + d & _MASK
    return _mixed(u, a + _rotated(b + _K2 & _MASK, 18) + c & _MASK, mul)


def _of_64(data: bytes) -> int:
    size = len(data)
    mul = _K2 + 2 * size
    a, b = _word(data, 0) * _K2 & _MASK, _word(data, 8)
    c, d = _word(data, size - 8) * mul & _MASK, _word(data, size - 16) * _K2 & _MASK
    y = _rotated(a + b & _MASK, 43) + _rotated(c, 30) + d & _MASK
    z = _mixed(y, a + _rotated(b + _K2 & _MASK, 18) + c & _MASK, mul)
    e, f = _word(data, 16) * mul & _MASK, _word(data, 24)
    g = (y + _word(data, size - 32)) * mul & _MASK
    h = (z + _word(data, size - 24)) * mul & _MASK
    u = _rotated(e + f & _MASK, 43) + _rotated(g, 30) + h & _MASK
    return _mixed(u, e + _rotated(f + a & _MASK, 18) + g & _MASK, mul)


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _rotated(value: int, bits: int) -> int:
    return (value * _TWICE >> bits) & _MASK


def _shifted(value: int) -> int:
    return value ^ value >> 47


def _mixed(u: int, v: int, mul: int) -> int:
    a = _shifted((u ^ v) * mul & _MASK)
    b = _shifted((v ^ a) * mul & _MASK)
    return b * mul & _MASK
