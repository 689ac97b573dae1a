"""What other tools call our operators, from `names.toml`. Read only where a name is unknown.

A name spelled exactly as a tool spells it means what it means there. Otherwise names are compared
without case and underscores.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

from archc.diagnostics.nearest import distance, normal
from archc.plain import beside

Kind = Literal["same", "block", "absent", "never"]
TOOLS = {
    "keras": "Keras",
    "torch": "PyTorch",
    "onnx": "ONNX",
    "tflite": "TFLite",
    "timm": "timm",
    "spoken": "",
}
"""Keys of the table by the name of the tool; what is spoken belongs to none."""


class Parameter(NamedTuple):
    """A parameter of a foreign operator, and the argument here that it is."""

    name: str
    ours: str | None = None
    """None where nothing here takes it, empty where it is known here anyway."""
    default: str | None = None
    """What to write where it is left out, if the operator here does something else then."""
    beside: str | None = None
    """The argument beside which alone the default matters, unless that is 1x1."""
    unlike: bool = False
    """Whether its values mean something else there."""


class Row(NamedTuple):
    """What is done about some names."""

    kind: Kind
    names: tuple[tuple[str, str], ...]
    """(tool, name)."""
    ours: str = ""
    """The operator or library block that it is."""
    takes: tuple[Parameter, ...] | None = None
    """Its parameters, in the tool's order; None where it goes by ours."""
    text: str = ""
    """Statements that do it, or a block that does."""
    call: str = ""
    """How the block is called."""
    why: str = ""
    rule: str = ""
    """The rule that keeps it from a device, as `TARGET/RULE`."""

    @property
    def device(self) -> str:
        """The target that it never runs on."""
        return self.rule.partition("/")[0]


class Found(NamedTuple):
    """A name in the table."""

    name: str
    tool: str
    row: Row

    @property
    def shown(self) -> str:
        """The name as a message has it: "Keras' `Dense`"."""
        tool = TOOLS[self.tool]
        if not tool:
            return f"`{self.name}`"
        return f"{tool}' `{self.name}`" if tool[-1] == "s" else f"{tool}'s `{self.name}`"


class Arguments(NamedTuple):
    """What arguments of operators and blocks of ours are called elsewhere."""

    of: tuple[str, ...]
    """Operators, blocks, forms, or `stage`."""
    same: dict[str, tuple[str, ...]]
    """Names elsewhere by the argument that they are."""
    unlike: dict[str, str]
    """Names that are none of them, and what to do instead."""


@cache
def _document() -> dict[str, Any]:
    return beside(__file__, "names.toml")


@cache
def rows() -> tuple[Row, ...]:
    """The whole table, in its order."""
    kinds: tuple[Kind, ...] = ("same", "block", "absent", "never")
    return tuple(_row(kind, table) for kind in kinds for table in _document()[kind])


@cache
def arguments() -> tuple[Arguments, ...]:
    """What is known of arguments, beyond what rows say of theirs."""
    found = []
    for table in _document()["arguments"]:
        same = {key: tuple(names) for key, names in table.items() if key not in ("of", "unlike")}
        found.append(Arguments(tuple(table["of"]), same, table.get("unlike", {})))
    return tuple(found)


def _row(kind: Kind, table: dict[str, Any]) -> Row:
    takes = table.get("takes")
    names = tuple((tool, name) for tool in TOOLS for name in table.get(tool, ()))
    texts = {key: table.get(key, "").strip() for key in ("text", "call", "why", "rule")}
    parameters = None if takes is None else tuple(_parameter(*items) for items in takes)
    return Row(kind, names, table.get("is", ""), parameters, **texts)


def _parameter(
    name: str, ours: str | None = None, default: str | None = None, beside: str | None = None
) -> Parameter:
    unlike = ours is not None and ours.endswith("!")
    return Parameter(name, ours.rstrip("!") if ours else ours, default, beside, unlike)


class Quantity(NamedTuple):
    """What is done about names that budgets have elsewhere."""

    names: tuple[str, ...]
    ours: str
    """The same quantity, or empty."""
    why: str
    """What can be required instead."""


@cache
def quantities() -> tuple[Quantity, ...]:
    """What people want to bound, by other names than ours or in vain."""
    return tuple(
        Quantity(tuple(table["names"]), table.get("is", ""), table.get("why", ""))
        for table in _document()["quantities"]
    )


def entries() -> Iterator[Found]:
    """Every name of the table with its row."""
    for row in rows():
        for tool, name in row.names:
            yield Found(name, tool, row)


@cache
def _index() -> tuple[dict[str, list[Found]], dict[str, list[Found]]]:
    exact: dict[str, list[Found]] = {}
    alike: dict[str, list[Found]] = {}
    for entry in entries():
        exact.setdefault(entry.name, []).append(entry)
        alike.setdefault(normal(entry.name), []).append(entry)
    return exact, alike


def lookup(name: str) -> tuple[tuple[Found, ...], bool]:
    """The entries of a name, and whether it is spelled exactly as the table has it."""
    exact, alike = _index()
    if name in exact:
        return tuple(exact[name]), True
    return tuple(alike.get(normal(name), ())), False


@cache
def _shortened() -> dict[str, set[str]]:
    """Names by what is left of them without one of their letters (W. Garbe's deletion index)."""
    found: dict[str, set[str]] = {}
    for name in _index()[1]:
        if len(name) > 3:
            for short in (name, *_without_one(name)):
                found.setdefault(short, set()).add(name)
    return found


def _without_one(name: str) -> list[str]:
    return [name[:at] + name[at + 1 :] for at in range(len(name))]


def near(name: str) -> Found | None:
    """The entry of which a name is a misspelling: one letter more, less, other or swapped."""
    bare = normal(name)
    if not 4 <= len(bare) <= 40:
        return None
    known = _shortened()
    close = {one for short in (bare, *_without_one(bare)) for one in known.get(short, ())}
    close = {one for one in close if _digits(one) == _digits(bare) and distance(one, bare) == 1}
    best = min(close, key=lambda one: (sorted(one) != sorted(bare), one[0] != bare[0], one),
               default=None)  # fmt: skip
    return _index()[1][best][0] if best is not None else None


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())
