"""Which version of the language a text is written in: the first that has all it uses."""

from collections.abc import Iterable, Iterator

from archc.sema.maps import named
from archc.source import Span
from archc.syntax import ast
from archc.typed import Any

FIRST, LATEST = "1.0", "1.1"
"""1.1 has named maps, several inputs and outputs, lists, steps and choices of ranges, conditional
expressions, powers and the repeat's index."""


def language_version(files: Iterable[ast.File]) -> str:
    """The version of texts together. Those of the library come with the compiler and do not
    count."""
    return LATEST if any(map(_later, files)) else FIRST


def _later(file: ast.File) -> bool:
    known = file.source.read
    if _later not in known:
        known[_later] = _uses_later(file)
    return bool(known[_later])


def _uses_later(file: ast.File) -> bool:
    for arch in file.archs:
        members = arch.members if isinstance(arch, ast.Arch) else ()
        if sum(isinstance(member, ast.Input) for member in members) > 1:
            return True
        maps = {name.text for name in named(arch)} if isinstance(arch, ast.Arch) else set()
        maps -= {block.name.text for block in file.blocks}
        if any(_is_later(node, maps) for node in _walk(arch)):
            return True
    return any(_is_later(node, set()) for block in file.blocks for node in _walk(block))


def _is_later(node: object, maps: set[str]) -> bool:
    if isinstance(node, ast.Call):
        return bool(node.names) or (node.plain and node.name.text in maps)
    if isinstance(node, ast.Range):
        return node.high is None or node.step is not None
    if isinstance(node, ast.Operation):
        return "**" in node.operators
    return isinstance(node, ast.Output | ast.Property | ast.Item | ast.Choice)


def _walk(node: Any) -> Iterator[object]:
    """A node and all below it."""
    work = [node]
    while work:
        part = work.pop()
        yield part
        if isinstance(part, tuple):
            work.extend(one for one in part if isinstance(one, tuple) and not isinstance(one, Span))
