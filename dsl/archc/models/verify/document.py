"""Read a manifest that may come from anywhere."""

import json
from typing import Any

from archc.compiler import SCHEMA_FAMILY, SCHEMA_FILE, SCHEMA_VERSION, load_bytes
from archc.diagnostics.codes import MANIFEST_FILE
from archc.diagnostics.model import Rejected, reject
from archc.limits import Limits
from archc.models.verify.strict import NotPlain, plain_json

MANIFEST_BYTES = 16_777_216
"""Largest manifest that is read; that of EfficientNet-B0 has 240 kB."""

WANTED = "the `NAME.manifest.json` that `archc SPEC -o DIR` writes"


def load_manifest(path: str, limits: Limits) -> dict[str, Any]:
    """The manifest in a file; see `read_manifest`.

    Raises:
        Rejected: the file cannot be read, or is not a manifest.
    """
    most = min(MANIFEST_BYTES, limits.model_bytes)
    return read_manifest(path, load_bytes(path, most, "model_bytes", WANTED), limits)


def read_manifest(name: str, data: bytes, limits: Limits) -> dict[str, Any]:
    """A manifest, held to its schema.

    Args:
        name: of the file, for messages.
        data: its bytes.
        limits: ``nesting`` bounds the depth of brackets, ``operators`` the number of layers.

    Raises:
        Rejected: it is no JSON, no manifest of archc, of another version, or does not
            satisfy its schema.
    """
    try:
        document = plain_json(data, limits.nesting)
    except NotPlain as fault:
        raise reject(
            MANIFEST_FILE, f"`{name}` is not a manifest: {fault}", help=f"give {WANTED}"
        ) from None
    family = document.get("$schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(family, str):
        raise _foreign(name, "it does not name the schema of one")
    if not family.startswith(SCHEMA_FAMILY):
        raise _foreign(name, "it names another schema")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise reject(
            MANIFEST_FILE,
            f"`{name}` is a manifest of schema version {_short(version)}, and this archc reads "
            f"{SCHEMA_VERSION}",
            help="update archc if a newer one wrote it, or compile the spec again with this one",
        )
    problem = _fault(document)
    if problem is None and len(document["layers"]) > limits.operators:
        problem = f"$.layers: more than {limits.operators:,} layers, the limit `operators`"
    if problem is None and len({row["name"] for row in document["layers"]}) < len(
        document["layers"]
    ):
        problem = "$.layers: two layers have one name"
    if problem is not None:
        raise reject(
            MANIFEST_FILE,
            f"`{name}` is not a manifest as archc writes it",
            notes=[problem],
            help="manifests are not edited by hand: compile the spec again",
        )
    return document


def _foreign(name: str, why: str) -> Rejected:
    return reject(
        MANIFEST_FILE,
        f"`{name}` is not a manifest of archc: {why}",
        help=f"give {WANTED}",
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _fault(document: object) -> str | None:
    """Where a document does not satisfy the schema, and how."""
    from jsonschema import Draft202012Validator

    with open(SCHEMA_FILE, encoding="utf-8") as file:
        schema = json.load(file)
    error = next(Draft202012Validator(schema).iter_errors(document), None)
    if error is None:
        return None
    return f"{_short(error.json_path)[1:-1]}: {error.message[:200]}"
