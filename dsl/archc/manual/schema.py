"""The page of the manifest, from the JSON schema that validates it."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from archc.analysis.figures import GROUPS, LISTED, TOTALS, Figure, Group
from archc.emit.marker import SCHEMA_FAMILY, SCHEMA_FILE
from archc.manual.markdown import HEADER, code, reflowed, table

INTRODUCTION = """\
For `arch NAME` a compile writes `NAME.manifest.json`: the profile of that network. It is made
before anything is built, and `archc verify` checks a trained or converted model against it. These
are all its keys; a new key raises the minor version of the schema, against which `archc build
--validate` checks the manifest."""


def schema() -> dict[str, Any]:
    """The schema, as it is published."""
    with open(SCHEMA_FILE, encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


def declared(document: dict[str, Any]) -> dict[str, Any]:
    """A schema with the figures of layers and of totals as they are declared."""
    definitions, sections = document["$defs"], document["properties"]
    layer, parts = definitions["layer"], definitions["bytes"]["properties"]
    keys = list(layer["properties"])
    first, last = keys.index("output_shape") + 1, keys.index("supported")
    kept = layer["properties"].items()
    figures = _figures(LISTED, parts, lambda figure: figure.about, lambda group: group.about)
    properties = {**dict(list(kept)[:first]), **figures, **dict(list(kept)[last:])}
    layer = {**layer, "required": list(properties), "properties": properties}
    sums = _figures(TOTALS, parts, lambda figure: figure.total or "", lambda group: group.total)
    totals = {**sections["totals"], "required": list(sums), "properties": sums}
    return {
        **document,
        "properties": {**sections, "totals": totals},
        "$defs": {**definitions, "layer": layer},
    }


def _figures(
    figures: Iterable[Figure],
    parts: dict[str, Any],
    about: Callable[[Figure], str],
    together: Callable[[Group], str],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for figure in figures:
        key, _, part = figure.name.partition(".")
        whole = {"description": about(figure), "type": "integer", "minimum": 0}
        if part:
            assert parts[part] == whole, f"`$defs/bytes` does not say what `{figure.name}` is"
            whole = {"description": together(GROUPS[key]), "$ref": "#/$defs/bytes"}
        found[key] = whole
    return found


def page() -> str:
    """The keys of the manifest, section by section."""
    document = schema()
    lines = [HEADER, "# The manifest", "", INTRODUCTION, "", document["description"], ""]
    sections = document["properties"]
    lines += [f"Schema: `{document['$id']}`, of the family `{SCHEMA_FAMILY}`."]
    plain = {key: one for key, one in sections.items() if not list(_keys(one, document))}
    lines += ["", _table(plain, document)]
    for key, one in sections.items():
        rows = list(_keys(one, document))
        if not rows:
            continue
        lines += ["", f"## `{key}`", ""]
        about = _resolved(one, document).get("description") or one.get("description")
        kind = _kind(one, document)
        lines += [f"{kind[0].upper()}{kind[1:]}. {about or ''}".strip(), ""]
        lines.append(table(("key", "type", "what"), rows))
    return reflowed("\n".join(lines) + "\n")


def _table(keys: dict[str, Any], document: dict[str, Any]) -> str:
    rows = ((code(k), _kind(one, document), _about(one, document)) for k, one in keys.items())
    return table(("key", "type", "what"), rows)


def _resolved(one: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference = one.get("$ref", "")
    if reference:
        found: dict[str, Any] = document["$defs"][reference.rpartition("/")[2]]
        return {**found, **{key: value for key, value in one.items() if key != "$ref"}}
    choices = [each for each in one.get("anyOf", ()) if each.get("type") != "null"]
    return _resolved(choices[0], document) if len(choices) == 1 else one


def _about(one: dict[str, Any], document: dict[str, Any]) -> str:
    about = one.get("description") or _resolved(one, document).get("description", "")
    return str(about)


def _keys(
    one: dict[str, Any], document: dict[str, Any], path: str = ""
) -> Iterator[tuple[str, str, str]]:
    """The keys below a schema, with dots between levels and `[]` after a list."""
    found = _resolved(one, document)
    if found.get("type") == "array":
        yield from _keys(found["items"], document, f"{path}[]" if path else "")
        return
    for key, inner in found.get("properties", {}).items():
        full = f"{path}.{key}" if path else key
        yield code(full), _kind(inner, document), _about(inner, document)
        yield from _keys(inner, document, full)


def _kind(one: dict[str, Any], document: dict[str, Any]) -> str:
    """The type of a value, in words."""
    found = _resolved(one, document)
    kinds = found.get("type", ())
    words = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    nullable = "null" in kinds and not isinstance(kinds, str)
    nullable |= any(each.get("type") == "null" for each in one.get("anyOf", ()))
    if "const" in found:
        text = code(json.dumps(found["const"]))
    elif "enum" in found:
        text = " or ".join(code(json.dumps(value)) for value in found["enum"])
    elif words == ["array"]:
        text = f"list of {_plural(found['items'], document)}"
    else:
        text = " or ".join(words)
    return f"{text}, or null" if nullable else text


def _plural(one: dict[str, Any], document: dict[str, Any]) -> str:
    kind = _kind(one, document)
    return f"{kind}s" if kind.isalpha() else kind
