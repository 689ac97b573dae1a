"""Bounds on the work one spec can cause. Each is named in its message and set by ``--limit``."""

from archc.typed import NamedTuple


class Limits(NamedTuple):
    """The bounds, with the defaults that every realistic network stays far below."""

    source_bytes: int = 1_048_576
    """Size of one source file."""
    model_bytes: int = 268_435_456
    """Size of one model file, and of what is unpacked from it."""
    files: int = 64
    """Files one spec may reach through `use`."""
    nesting: int = 64
    """Depth of braces, parentheses and brackets in a text."""
    name_length: int = 48
    """Characters in a name that a spec declares."""
    layer_name_length: int = 200
    """Characters in the name of a layer."""
    arguments: int = 100
    """Parameters of a declaration, or arguments of a call."""
    bindings: int = 200
    """Arguments bound in one value, those bound in them included."""
    digits: int = 60
    """Decimal digits in the numerator or denominator of a number."""
    derivations: int = 64
    """Archs between a derived arch and the one with the stages."""
    call_depth: int = 48
    """Blocks being called, and braces and branches entered, within one another."""
    steps: int = 300_000
    """Statements run and expressions evaluated for one arch."""
    repeats: int = 1_000
    """Repeats of one stage."""
    operators: int = 20_000
    """Operators of one network."""
    rank: int = 4
    """Axes of a tensor, not counting the batch."""
    dimension: int = 2_147_483_647
    """Extent of one axis of a tensor: int32, as TFLite stores it."""
    errors: int = 100
    """Errors reported in one run."""


DEFAULT_LIMITS = Limits()
