"""Records as the plain data that JSON holds, and names that are imported late."""

import sys
from collections.abc import Callable, Mapping

from archc.typed import Any

_PLAIN = frozenset({str, int, bool, float, type(None)})


def plain(value: Any) -> Any:
    """Named tuples as objects, other tuples as lists, all the way down; anything else as it is."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple | list):
        items = [each if type(each) in _PLAIN else plain(each) for each in value]
        names = getattr(value, "_fields", None)
        return items if names is None else dict(zip(names, items, strict=True))
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def picked(record: Any, keys: str) -> dict[str, Any]:
    """Some fields of a record as plain data, by their names, in the order given."""
    entry = {}
    for key in keys.split():
        value = getattr(record, key)
        entry[key] = value if type(value) in _PLAIN else plain(value)
    return entry


def late(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """`__getattr__` of a module for names that are imported when they are first asked for.

    Args:
        module: its name.
        homes: by name, the module that has it.
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        __import__(homes[name])  # `importlib` would have to be loaded
        value = getattr(sys.modules[homes[name]], name)
        setattr(sys.modules[module], name, value)
        return value

    return found
