"""`archc import MODEL`: a model as a spec."""

import argparse
import os
import re
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, limit_argument, limits
from archc.diagnostics.text import several

if TYPE_CHECKING:
    from archc.limits import Limits
    from archc.models.decompiler import Decompiled
    from archc.models.decompiler.reading import Model

SUMMARY = "write a model as a spec"
MAP_SUFFIX = ".layers.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a `.keras` or `.h5` file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="NAME.arch",
        help="the spec to write, with `NAME.layers.json` beside it, which says what layers of the "
        "spec those of the model became (default: the spec on standard output)",
    )
    parser.add_argument(
        "--name", help="name of the arch (default: that of the output, or the model's)"
    )
    parser.add_argument(
        "--flat",
        action="store_true",
        help="one statement for each layer, in the model's order: no blocks, no stages",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="LAYER",
        help="leave out a layer that keeps the shape of what it reads, such as `normalization`",
    )
    parser.add_argument(
        "--shape",
        metavar="SHAPE",
        help="the shape of the input where the model leaves it open: `224x224x3`",
    )
    limit_argument(parser)


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, SUCCESS, tell
    from archc.diagnostics.model import Rejected
    from archc.models.decompiler import decompile

    bounds = limits(options.limit)
    name = arch_name(options)
    try:
        model = read(options.model, shape(options.shape), bounds)
        made = decompile(
            model.imported,
            name=name,
            flat_only=options.flat,
            without=options.without,
            results=model.results,
            limits=bounds,
        )
    except Rejected as rejected:
        tell(rejected.diagnostic)
        return FAILURE
    if options.output is None:
        print(made.text, end="")
        return SUCCESS
    return written(options.output, os.path.basename(options.model), made)


def arch_name(options: argparse.Namespace) -> str | None:
    """What the arch is to be called, if the command line says so.

    Raises:
        UsageError: it cannot have that name, or the output is no `.arch` file.
    """
    from archc.files import SPEC_SUFFIX

    output: str | None = options.output
    name: str | None = options.name
    if output is not None and not output.endswith(SPEC_SUFFIX):
        raise UsageError(f"`{output}` is not a `.arch` file: write `-o NAME.arch`")
    if name is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise UsageError(f"`{name}` is not a name: letters, digits and underscores")
    if name is None and output is not None:
        return os.path.basename(output).removesuffix(SPEC_SUFFIX)
    return name


def shape(text: str | None) -> tuple[int, ...] | None:
    """
    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    extents = re.split(r"\s*x\s*", text.strip())
    if not all(re.fullmatch(r"[1-9][0-9]{0,8}", extent) for extent in extents):
        raise UsageError(f"`{text}` is not a shape: write `--shape 224x224x3`")
    return tuple(map(int, extents))


def read(path: str, given: tuple[int, ...] | None, bounds: "Limits") -> "Model":
    """The graph of a model file.

    Raises:
        Rejected: it cannot be read.
    """
    from archc.files import load_bytes
    from archc.models.decompiler.reading import read_model

    data = load_bytes(path, bounds.model_bytes, "model_bytes", "a model: `.keras` or `.h5`")
    return read_model(path, data, given, bounds)


def written(path: str, model: str, made: "Decompiled") -> int:
    """Write a spec and the map of its layers, and say what it is."""
    from archc.cli.session import FAILURE, SUCCESS, tell
    from archc.emit.manifest import render
    from archc.files import SPEC_SUFFIX
    from archc.files.saving import save

    beside = path.removesuffix(SPEC_SUFFIX) + MAP_SUFFIX
    document: dict[str, Any] = {
        "model": model,
        "arch": made.name,
        "notes": list(made.notes),
        "layers": {layer: list(names) for layer, names in made.layers.items()},
    }
    files = {path: made.text.encode(), beside: render(document).encode()}
    failed = save(files, lambda content: False)
    if failed is not None:
        tell(failed)
        return FAILURE
    lines = sum(bool(line.strip()) for line in made.text.splitlines())
    print(f"{path} written: {several(lines, 'line')} for {several(len(made.layers), 'layer')}")
    print("  it compiles to the model's network: operators, shapes, parameters and wiring")
    for note in made.notes:
        print(f"  note: {note}")
    return SUCCESS
