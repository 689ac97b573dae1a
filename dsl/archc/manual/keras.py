"""The page of Keras layers: what each of them is here or why not, and what is known of one in a
saved model. Made of the table of other tools' names, the operators and the importer."""

import re
from collections.abc import Iterator
from functools import cache

from archc.foreign import Row, rows
from archc.manual.markdown import HEADER, code, reflowed, table
from archc.manual.names import line, takes
from archc.manual.operators import example, keras_calls
from archc.models.decompiler.network import HALVED
from archc.models.importer.layers import known
from archc.models.importer.norms import IDLE
from archc.ops.base import OPERATORS

INTRODUCTION = """\
Every layer of Keras 3, what to write in its place, and how its arguments are called here: `-` where
one is not needed, after `=` what to write where Keras' default differs. Activations of a layer are
statements of their own. [From Keras to .arch](from-keras.md) begins at the other end, with a model.

The last column is about saved models, `.keras` and `.h5`:"""

LEVELS = {
    "spec": "`archc import` writes it into a spec, where the operator has these arguments",
    "left out": "it does nothing outside training, and `import` leaves it out",
    "figures": "`archc check` and `profile` count it, `import` refuses it by name",
    "named": "it is named as unknown, and only the figures that it hides are left out",
    "-": "it stands in no model as a layer of its own",
}
NO_LAYERS = frozenset({"Functional", "InputSpec", "Layer", "Model", "Pipeline", "Wrapper"})
"""Classes among Keras' layers that hold others, or are none."""
BORDER = frozenset({"Input", "InputLayer"})
_SAVED = {"Convolution": "Conv", "AvgPool": "AveragePooling", "MaxPool": "MaxPooling"}
_ALIAS = re.compile(r"Convolution|AvgPool|MaxPool(?!ing)")
"""Keras' second names, and those that it saves."""


def page() -> str:
    """All layers, in alphabetical order."""
    meanings = (f"- **{name}**: {text}." for name, text in LEVELS.items())
    lines = [HEADER, "# Keras layers", "", INTRODUCTION, "", *meanings, "", _table()]
    return reflowed("\n".join(lines) + "\n")


def layers() -> dict[str, Row]:
    """The row of the table for each Keras layer and alias, in alphabetical order."""
    found = {
        name: row
        for row in rows()
        for tool, name in row.names
        if tool == "keras" and name[0].isupper()
    }
    return dict(sorted(found.items()))


def level(name: str, row: Row) -> str:
    """What is known of a layer in a saved model: a key of `LEVELS`."""
    if name in NO_LAYERS:
        return "-"
    saved = _ALIAS.sub(lambda alias: _SAVED[alias[0]], name)
    if name in BORDER or row.kind == "same" or saved in _written() | HALVED:
        return "spec"
    if saved in IDLE:
        return "left out"
    return "figures" if saved in known() else "named"


@cache
def _written() -> frozenset[str]:
    """The Keras layers that operators become."""
    written: set[str] = set()
    for made, nodes in map(example, OPERATORS):
        for node in nodes:
            calls = keras_calls(node.op, *made.graph.input_shapes(node))
            written.update(call.class_name for call in calls)
    return frozenset(written)


def _table() -> str:
    return table(("Keras", "here", "arguments, or why", "in a model"), _rows())


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for name, row in layers().items():
        yield code(name), _here(row), _why(row), level(name, row)


def _here(row: Row) -> str:
    if row.kind == "same":
        link = f"[`{row.ours}`](operators.md#{row.ours})"
        return link if row.ours in OPERATORS else f"[`{row.ours}`](blocks.md#{row.ours})"
    if row.kind == "block":
        return code(row.call or line(row))
    return "not in the language"


def _why(row: Row) -> str:
    why = f"{row.why} (`{row.rule}`)" if row.rule else row.why
    if row.kind != "same":
        return why
    return "; ".join(filter(None, (takes(row) if row.takes else "", why)))
