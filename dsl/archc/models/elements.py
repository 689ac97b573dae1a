"""Types of the values of tensors, by the names that readers give them."""

import re


def bits(dtype: str) -> int:
    """Bits of one value as it is stored, which the name says; 0 where that is not fixed (texts)."""
    said = re.search("[0-9]+", dtype)
    return int(said[0]) if said else 8 * (dtype == "bool")
