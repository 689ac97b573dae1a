"""Arguments of the statements of a body: which are literals, which parameters, and their names."""

from collections.abc import Sequence

from archc.emit.python import UNUSABLE, identifier
from archc.emit.variables import MAIN
from archc.typed import NamedTuple

RESERVED = frozenset(
    {
        *("keras", "layers", "regularizers", "build_model", "inputs", "repeat", MAIN),
        *("name", "dropout", "weight_decay", "regularizer"),
        *("MODEL_NAME", "INPUT_SHAPE", "OUTPUT_SHAPE", "TOTAL_PARAMS"),
        *("INPUT_SHAPES", "OUTPUT_SHAPES"),
    }
)
"""Names the skeleton of a module uses."""

REFUSED = RESERVED | UNUSABLE
"""Names that neither a parameter nor a function has."""

LONGEST = 40
"""Characters of a parameter's name; longer ones are cut."""


class Item(NamedTuple):
    """A statement of a body: a layer, or a call of another body."""

    suffix: str
    """What follows the name of the body in the name of the layer or call."""
    callee: int
    """The number of the body called; -1 for a layer."""
    class_name: str
    undefaulted: tuple[str, ...]
    """Optional keywords whose default is not known here."""
    merges: bool
    inputs: tuple[int, ...]
    """Values read: 0 enters the body, i + 1 is made by item i; -1, -2, ... are others from
    outside."""

    @property
    def local(self) -> str:
        """The suffix as a name."""
        local = self.suffix.strip("_")
        return local if local.isidentifier() else f"layer_{local}"


class Layer(NamedTuple):
    """A Keras layer as one use of a body has it: its arguments as Python text."""

    positional: tuple[tuple[str, str], ...]
    keywords: dict[str, str]
    any_padding: bool
    """Whether padding makes no difference, for want of a kernel wider than one."""
    hints: dict[str, str]
    """Keyword → the name that the spec had there."""


class Column(NamedTuple):
    """The texts that the uses of a body have at one argument of one of its statements."""

    item: Item
    keyword: str
    """Of the Keras layer that it ends up in."""
    passed: str | None
    """The keyword under which the statement passes it; None if by position."""
    texts: tuple[str, ...]
    hint: str | None
    """The name that the spec has there, or the callee's parameter has."""
    weak: bool
    """Whether that is not a name of the spec's own choosing: none, or `in.channels`."""

    @property
    def varies(self) -> bool:
        return self.texts.count(self.texts[0]) != len(self.texts)


def hinted(keyword: str, layers: Sequence[Layer]) -> tuple[str | None, bool]:
    """The name that the spec has at an argument, if all layers have one; whether it is weak."""
    hints = {layer.hints.get(keyword) for layer in layers}
    hint = hints.pop() if len(hints) == 1 else None
    return hint, hint is None or hint.startswith("in_")


def parameters(columns: Sequence[Column], variables: set[str]) -> list[str | None]:
    """For every column the name of its parameter, or None where it is a literal.

    A column is named by the spec's own name there, else by its keyword, qualified by the layer
    where the keyword alone is ambiguous. Columns of one keyword that agree are one parameter,
    unless the spec has two names of its own for them.
    """
    own: dict[str, set[tuple[str, ...]]] = {}
    for column in columns:
        if column.item.callee < 0:
            own.setdefault(column.keyword, set()).add(column.texts)
    leaders: dict[tuple[str, tuple[str, ...]], Column] = {}
    for column in columns:
        key = (column.keyword, column.texts)
        if column.varies and (key not in leaders or (leaders[key].weak and not column.weak)):
            leaders[key] = column
    keys: list[tuple[str, tuple[str, ...]] | None] = []
    makers: dict[tuple[str, tuple[str, ...]], Column] = {}
    counts: dict[str, int] = {}
    for column in columns:
        if not column.varies:
            keys.append(None)
            continue
        leader = leaders[column.keyword, column.texts] if column.weak else column
        base = leader.hint or leader.keyword
        if leader.hint is None and len(own[leader.keyword]) > 1:
            base = f"{leader.item.local}_{leader.keyword}"
        keys.append((base, column.texts))
        if (base, column.texts) not in makers:
            makers[base, column.texts] = leader
            counts[base] = counts.get(base, 0) + 1
    if not makers:
        return [None] * len(columns)
    refused = REFUSED | variables
    names: dict[tuple[str, tuple[str, ...]], str] = {}
    taken: set[str] = set()
    for (base, texts), leader in makers.items():
        name = base
        if counts[base] > 1 and not base.startswith(f"{leader.item.local}_"):
            name = f"{leader.item.local}_{base}"
        names[base, texts] = _unused(name[:LONGEST], taken, refused)
        taken.add(names[base, texts])
    return [None if key is None else names[key] for key in keys]


def _unused(base: str, taken: set[str], refused: frozenset[str] | set[str]) -> str:
    """A parameter's name that is free: `name_` for a refused one, `name_2` for a second."""
    base = public(base)
    name, number = f"{base}_" if base in refused else base, 1
    while name in taken or name in refused:
        number += 1
        name = f"{base}_{number}"
    return identifier(name)


def public(name: str) -> str:
    """The name without the underscores of `__name__`: Python keeps such names for itself, and
    `__getattr__` in a module would change what importing from it means."""
    if not name.startswith("__"):
        return name
    bare = name.strip("_")
    return bare if bare.isidentifier() else f"block_{bare}"
