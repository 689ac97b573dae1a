"""What `archc new` writes: a commented starter, or one of the shipped networks under a new name."""

from os.path import dirname, join

from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax import ast
from archc.syntax.layout import lay_out
from archc.syntax.parse import parse_file


def starter(name: str) -> str:
    """A spec to begin with: it compiles, and says what its parts are."""
    with open(join(dirname(__file__), "starter.arch"), encoding="utf-8") as file:
        return file.read().replace("NAME", name, 1)


def copied(name: str, declares: Source, base: Source | None = None) -> str:
    """A shipped spec as one file that declares one arch, under another name.

    What a variant sets becomes the default of the parameter.

    Args:
        name: of the new network.
        declares: the shipped spec.
        base: the file that it uses, where it declares a variant of an arch of that file.

    Raises:
        Rejected: a spec cannot be read.
    """
    chosen = parse_file(declares, DEFAULT_LIMITS).archs[0]
    given: dict[str, str] = {}
    home = declares
    if isinstance(chosen, ast.Derived):
        assert base is not None
        home = base
        given = {one.name.text: one.value.span.text for one in chosen.arguments if one.name}
        archs = parse_file(base, DEFAULT_LIMITS).archs
        chosen = next(one for one in archs if one.name.text == chosen.base.text)
    assert isinstance(chosen, ast.Arch)
    edits = {chosen.name.span: name}
    for parameter in chosen.parameters:
        if parameter.name.text in given and parameter.default is not None:
            edits[parameter.default.span] = given[parameter.name.text]
    text = home.text
    for span, new in sorted(edits.items(), key=lambda one: one[0].start, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return lay_out(Source(f"{name}.arch", text), DEFAULT_LIMITS)
