"""Which names declarations may have, for Python, for layers and for files."""

from collections.abc import Iterable, Iterator
from keyword import iskeyword

from archc.diagnostics.codes import BAD_NAME, DUPLICATE_NAME, LIMIT
from archc.diagnostics.model import Diagnostic, Label, make
from archc.limits import Limits
from archc.sema.callees import FORMS
from archc.sema.scope import FUNCTIONS
from archc.syntax import ast

MODULE_NAMES = ("keras", "build_model", "list_models")
"""Names that a module in the output folder would shadow."""
DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{n}" for port in ("com", "lpt") for n in "123456789\u00b9\u00b2\u00b3"}
)
"""Names that are devices in every folder on Windows, whatever their extension."""
RESERVED_FORMS = frozenset(FORMS) - {"split"}
"""Those that no spec of before could have a block of the name of."""


def declared(name: ast.Name, limits: Limits) -> Iterator[Diagnostic]:
    """What is wrong with the name of any declaration."""
    if name.hole:
        return
    if iskeyword(name.text):
        yield make(
            BAD_NAME,
            f"`{name.text}` is a keyword of Python",
            name.span,
            help=f"call it `{name.text}_` or something that says what it is for",
        )
    if len(name.text) > limits.name_length:
        yield make(
            LIMIT,
            f"this name has more than {limits.name_length} characters",
            name.span,
            help="`--limit name_length=N` changes the limit",
        )


def of_arch(name: ast.Name, limits: Limits) -> Iterator[Diagnostic]:
    """What is wrong with the name of an arch, which becomes that of a module."""
    yield from declared(name, limits)
    why = unusable_module(name.text)
    if why is not None and not iskeyword(name.text):
        yield make(BAD_NAME, why, name.span, help="choose another name")


def of_layers(name: ast.Name, limits: Limits) -> Iterator[Diagnostic]:
    """What is wrong with a name that names of layers start with."""
    yield from declared(name, limits)
    if name.text.startswith("_"):
        # TensorFlow: "Accepted names conform to Regex ^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$"
        yield make(
            BAD_NAME,
            f"names of layers would start with the underscore of `{name.text}`",
            name.span,
            help="start it with a letter: TensorFlow converts no model with such names",
        )


def of_input(name: ast.Name, limits: Limits) -> Iterator[Diagnostic]:
    """What is wrong with the name of an input."""
    yield from of_layers(name, limits)
    if name.text == "self":  # observed on TensorFlow 2.21: it becomes a parameter of a method
        yield make(
            BAD_NAME,
            "the TFLite converter fails on an input called `self`",
            name.span,
            help="call it for what it is, such as `image`",
        )


def of_block(name: ast.Name, limits: Limits) -> Iterator[Diagnostic]:
    """What is wrong with the name of a block."""
    yield from declared(name, limits)
    if name.text in RESERVED_FORMS or name.text in FUNCTIONS:
        yield make(
            BAD_NAME,
            f"`{name.text}` is built in and cannot be declared",
            name.span,
            help="choose another name",
        )


def distinct(names: Iterable[ast.Name]) -> Iterator[Diagnostic]:
    """Names that are declared more than once, or differ in case alone."""
    seen: dict[str, ast.Name] = {}
    for name in names:
        first = seen.setdefault(name.text.casefold(), name)
        if first is name:
            continue
        same = "" if first.text == name.text else f", which differs from `{name.text}` in case"
        yield make(
            DUPLICATE_NAME,
            f"`{first.text}` is already declared{same}",
            name.span,
            label="declared again",
            related=[Label(first.span, "first here")],
            help="give one of them another name",
        )


def unusable_module(name: str) -> str | None:
    """Why a name cannot be that of a module in the output folder, or None if it can."""
    if iskeyword(name):
        return f"`{name}` is a keyword of Python"
    if name.startswith("_"):
        return f"`{name}` starts with an underscore, which is for private names"
    if name.casefold() in MODULE_NAMES:
        return f"a module called `{name}` would shadow one that generated code imports"
    if name.casefold() in DEVICE_NAMES:
        return f"`{name}` is a device on Windows, where no file can have that name"
    return None
