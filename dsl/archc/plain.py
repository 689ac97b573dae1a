"""Records as the plain data that JSON holds, and names that are imported late."""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter

from archc.typed import Any

_PLAIN = frozenset({str, int, bool, float, type(None)})
_HINTS: dict[Any, dict[str, Any]] = {}


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


def restored(kind: Any, value: Any) -> Any:
    """The inverse of `plain`, for an annotation: named tuples from objects, or from lists in the
    order of their fields, other tuples from lists."""
    from types import UnionType
    from typing import get_args, get_type_hints

    inner = [one for one in get_args(kind) if one is not type(None)]
    if value is None or isinstance(kind, UnionType):
        return restored(inner[0], value) if value is not None and len(inner) == 1 else value
    if names := getattr(kind, "_fields", None):
        given = value if isinstance(value, dict) else dict(zip(names, value, strict=True))
        if kind not in _HINTS:
            _HINTS[kind] = get_type_hints(kind)
        return kind(**{name: restored(_HINTS[kind][name], one) for name, one in given.items()})
    if isinstance(value, dict):
        return {name: restored(inner[-1] if inner else None, one) for name, one in value.items()}
    if getattr(kind, "__origin__", None) is tuple:
        kinds = inner[:1] * len(value) if inner[-1] is ... else inner
        return tuple(restored(own, one) for own, one in zip(kinds, value, strict=True))
    return value


def picked(record: Any, keys: str) -> dict[str, Any]:
    """Some fields of a record as plain data, by their names, in the order given."""
    names, values = _fields(keys)
    return {
        name: value if type(value) in _PLAIN else plain(value)
        for name, value in zip(names, values(record), strict=True)
    }


@cache
def _fields(keys: str) -> tuple[list[str], Callable[[Any], tuple[Any, ...]]]:
    """Names, and what gets the fields of a record that have them."""
    names = keys.split()
    values = attrgetter(*names)
    return names, values if len(names) > 1 else lambda record: (values(record),)


def beside(module: str, name: str) -> dict[str, Any]:
    """A TOML file of ours that lies beside a module, which is given by its `__file__`."""
    import tomllib
    from os.path import dirname, join

    with open(join(dirname(module), name), "rb") as file:
        return tomllib.load(file)


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
