"""Files of other kinds that are given for specs, told by how their names end."""

from archc.diagnostics import codes
from archc.diagnostics.model import Rejected, reject
from archc.emit.marker import MANIFEST_SUFFIX
from archc.files.reading import SPEC_SUFFIX
from archc.formats import SUFFIXES, stranger

_MODEL = (
    f"`archc import MODEL -o NAME{SPEC_SUFFIX}` makes a spec of it; `archc check`, `profile`, "
    "`report`, `show`, `graph`, `diff` and `verify` read models"
)
_OUTPUT = f"give the spec that it was made from, `NAME{SPEC_SUFFIX}`"
KINDS = {
    **dict.fromkeys(SUFFIXES, ("a model", _MODEL)),
    MANIFEST_SUFFIX: (
        "a manifest",
        f"{_OUTPUT}; `archc diff A B` compares manifests, `archc verify MANIFEST MODEL` checks a "
        "model against one",
    ),
    ".py": ("a Python module", _OUTPUT),
    ".toml": ("a TOML file", "a target is given with `--target FILE`, after the spec"),
    ".svg": ("a drawing", _OUTPUT),
    ".mmd": ("a drawing", _OUTPUT),
    ".npz": ("an archive of arrays", "`archc quantize MODEL --data FILE` reads samples"),
    ".npy": ("an array", "`archc quantize MODEL --data FILE` reads samples"),
}
"""What a file is, and what to do with it."""


def not_a_spec(path: str) -> Rejected | None:
    """What to say of a path that names a file of another kind, or None."""
    for ending, (what, help) in KINDS.items():
        if path.lower().endswith(ending):
            return reject(codes.NOT_A_SPEC, f"`{path}` is {what}, not a spec", help=help)
    if (other := stranger(path)) is not None:
        return reject(codes.NOT_A_SPEC, other.said(path), help=other.remedy)
    return None
