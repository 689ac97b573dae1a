"""A target file that extends another: `extends = "stm32n6"`.

The file says only what differs. Its document is laid over the one it extends, and the result is
read like any other target file:

- What `remove` lists by path, such as `rules.stride` or `boards.nucleo`, is left out first.
- Tables are laid over each other key by key. So are lists of tables with names (`rules`, `tiers`,
  the `pools` of a board): an entry of the same name keeps what the file does not give.
- New rules, boards and pools come last. New tiers come first, since the first tier that lists an
  operator decides.
- Anything else, plain lists included, replaces what was there.
"""

from archc.diagnostics.nearest import did_you_mean
from archc.targets.toml import Table, plain
from archc.typed import Any

Document = dict[str, Any]

FIRST = frozenset({"tiers"})
"""Lists in whose order the first entry that applies decides."""


def extend(base: Document, document: Document, top: Table) -> Document:
    """The document of a file laid over that of the target it extends.

    Args:
        base: of the target extended.
        document: of the file, without `extends` and `remove`.
        top: the file's document being read, from which `remove` is taken.

    Raises:
        Rejected: `remove` names what is not there.
    """
    left = base
    for path in top.texts("remove", ()):
        left = _without(left, path.split("."), path, top)
    return _over(left, document)


def _over(base: Document, document: Document) -> Document:
    merged = dict(base)
    for key, value in document.items():
        below = base.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _over(below, value)
        elif below is not None and _named(below) and _named(value):
            merged[key] = _entries(below, value, new_first=key in FIRST)
        else:
            merged[key] = value
    return merged


def _entries(base: list[Document], given: list[Document], *, new_first: bool) -> list[Document]:
    """Named entries laid over those of the same names. A name that a file gives twice stays twice,
    for the reader to refuse."""
    old = {entry["name"]: entry for entry in base}
    new: list[Document] = []
    changed: dict[str, Document] = {}
    for entry in given:
        name = entry["name"]
        merged = _over(old.get(name, {}), entry)
        if name in old and name not in changed:
            changed[name] = merged
        else:
            new.append(merged)
    kept = [changed.get(name, entry) for name, entry in old.items()]
    return new + kept if new_first else kept + new


def _named(value: Any) -> bool:
    """Whether it is a list of tables that all have names."""
    return isinstance(value, list) and all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in value
    )


def _without(value: Any, parts: list[str], path: str, top: Table) -> Any:
    """A table or a list of named tables without what is at a path."""
    name, *rest = parts
    inner = _children(value)
    if name not in inner:
        raise top.error(
            f"`remove` lists `{plain(path)}`, which the target it extends does not have",
            did_you_mean(name, inner),
        )
    kept = dict(inner)
    if rest:
        kept[name] = _without(inner[name], rest, path, top)
    else:
        del kept[name]
    return list(kept.values()) if isinstance(value, list) else kept


def _children(value: Any) -> Document:
    if isinstance(value, dict):
        return value
    return {entry["name"]: entry for entry in value} if _named(value) else {}
