"""Diagnostics in the formats that other programs read: one line each, SARIF, GitHub's commands."""

from collections.abc import Callable, Iterable

from archc.diagnostics.model import Diagnostic, Part
from archc.diagnostics.render import Locate, part_text
from archc.diagnostics.text import printable
from archc.digest import sha256
from archc.source import Source, Span
from archc.typed import Any

SARIF_VERSION = "2.1.0"
SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

Help = Callable[[str], tuple[str, str] | None]
"""What a code means: a sentence, and all of it as Markdown; None of a code that is not known."""


def short(diagnostic: Diagnostic, locate: Locate) -> str:
    """`file:line:col: level[code]: message`, without what there is none of."""
    head = f"{diagnostic.level}[{diagnostic.code}]: {printable(diagnostic.message)}"
    if diagnostic.part is not None:
        return f"{printable(part_text(diagnostic.part))}: {head}"
    if diagnostic.span is None:
        return head
    line, column = diagnostic.span.source.position(diagnostic.span.start)
    return f"{printable(locate(diagnostic.span.source))}:{line}:{column}: {head}"


# --- GitHub ------------------------------------------------------------------------------------


def github(diagnostic: Diagnostic, locate: Locate) -> str:
    """A workflow command, which GitHub shows at the line in a pull request.

    Values of properties and the message are escaped as `@actions/core` does.
    """
    command = "notice" if diagnostic.level == "note" else diagnostic.level
    properties = {"title": f"{diagnostic.level}[{diagnostic.code}]"}
    if diagnostic.span is not None and not diagnostic.span.source.name.startswith(("std:", "<")):
        span = diagnostic.span
        line, column = span.source.position(span.start)
        end_line, end_column = span.source.position(max(span.end, span.start))
        properties |= {"file": locate(span.source), "line": str(line), "endLine": str(end_line)}
        if end_line == line:  # GitHub takes columns of one line only
            properties |= {"col": str(column), "endColumn": str(max(end_column - 1, column))}
    if diagnostic.part is not None:
        properties["file"] = diagnostic.part.file
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    where = f"{diagnostic.part.layer}: " if diagnostic.part and diagnostic.part.layer else ""
    text = [where + diagnostic.message, *diagnostic.notes]
    text += [f"help: {diagnostic.help}"] if diagnostic.help is not None else []
    return f"::{command} {given}::{_data(chr(10).join(text))}"


def _data(text: str) -> str:
    safe = "\n".join(printable(line) for line in text.split("\n"))
    return safe.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- SARIF -------------------------------------------------------------------------------------


def sarif(
    diagnostics: Iterable[Diagnostic], locate: Locate, version: str, explained: Help
) -> dict[str, Any]:
    """One SARIF 2.1.0 log of one run.

    Regions count lines and columns from 1, columns in Unicode code points; the end of a region
    is just behind it.

    Args:
        diagnostics: what was found, in order.
        locate: how sources are named, as paths.
        version: of archc.
        explained: what codes mean, for the rules of the run.
    """
    found = list(diagnostics)
    names = list(dict.fromkeys(one.code for one in found))
    levels = {one.code: one.level for one in reversed(found)}
    rules = [_rule(name, levels[name], explained(name)) for name in names]
    return {
        "$schema": SARIF_SCHEMA,
        "version": SARIF_VERSION,
        "runs": [
            {
                "tool": {"driver": {"name": "archc", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, names.index(one.code), locate) for one in found],
            }
        ],
    }


def _rule(name: str, level: str, explained: tuple[str, str] | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": name, "defaultConfiguration": {"level": level}}
    if explained is not None:
        summary, page = explained
        rule |= {"shortDescription": {"text": summary}, "help": {"text": page, "markdown": page}}
    return rule


def _result(diagnostic: Diagnostic, index: int, locate: Locate) -> dict[str, Any]:
    parts = [diagnostic.message, *diagnostic.notes]
    parts += [f"help: {diagnostic.help}"] if diagnostic.help is not None else []
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": diagnostic.level,
        "message": {"text": "\n".join(parts)},
    }
    if diagnostic.span is not None:
        result["locations"] = [{"physicalLocation": _location(diagnostic.span, locate)}]
    if diagnostic.part is not None:
        result["locations"] = [_part(diagnostic.part)]
    if diagnostic.related:
        result["relatedLocations"] = [
            {"physicalLocation": _location(label.span, locate), "message": {"text": label.text}}
            for label in diagnostic.related
        ]
    if diagnostic.edits:
        result["fixes"] = [_fix(diagnostic, locate)]
    place = f"\n{diagnostic.part.layer}" if diagnostic.part is not None else ""
    mark = sha256(f"{diagnostic.code}\n{diagnostic.message}{place}".encode(errors="replace"))
    result["partialFingerprints"] = {"archc/v1": mark.hexdigest()[:32]}
    return result


def _location(span: Span, locate: Locate) -> dict[str, Any]:
    region = _region(span)
    if span.end > span.start:
        region["snippet"] = {"text": span.text}
    return {"artifactLocation": {"uri": uri(locate(span.source))}, "region": region}


def _part(part: Part) -> dict[str, Any]:
    """A part of a model as a location: the file, and within it the layer and tensor by name."""
    logical = []
    if part.layer is not None:
        kind = {} if part.operator is None else {"kind": part.operator}
        logical.append({"name": part.layer, "fullyQualifiedName": part.layer, **kind})
    if part.tensor is not None:
        logical.append({"name": part.tensor, "kind": "tensor"})
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": uri(part.file)}}}
    return location | ({"logicalLocations": logical} if logical else {})


def _region(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(max(span.end, span.start))
    return {
        "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column
    }  # fmt: skip


def _fix(diagnostic: Diagnostic, locate: Locate) -> dict[str, Any]:
    changes: dict[Source, list[dict[str, Any]]] = {}
    for edit in diagnostic.edits:
        change = {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
        changes.setdefault(edit.span.source, []).append(change)
    return {
        "description": {"text": diagnostic.help or diagnostic.message},
        "artifactChanges": [
            {"artifactLocation": {"uri": uri(locate(source))}, "replacements": made}
            for source, made in changes.items()
        ],
    }


def uri(path: str) -> str:
    """A path as a URI reference: forward slashes, and percent signs for what a URI cannot hold.

    A library file `std:ds.arch` is a URI of its own.
    """
    from urllib.parse import quote

    if path.startswith("std:"):
        return "std:" + quote(path.removeprefix("std:"))
    absolute = path.startswith("/") or path[1:3] in (":/", ":\\")
    quoted = quote(path.replace("\\", "/") if absolute or "\\" in path else path, errors="replace")
    if absolute:
        return "file://" + ("" if quoted.startswith("/") else "/") + quoted
    return quoted
