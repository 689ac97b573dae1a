"""Records as the plain data that JSON holds."""

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
