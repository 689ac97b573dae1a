"""`archc import MODEL`: a model as a spec."""

import argparse
import os
import re
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, checked_name, limit_argument, limits
from archc.diagnostics.text import several
from archc.formats import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archc.limits import Limits
    from archc.models.decompiler import Decompiled, Model

SUMMARY = "write a model as a spec"
MAP_SUFFIX = ".layers.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help=f"a model: {listed()}; two of one family, at two widths, make one spec with a width "
        "multiplier",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="NAME.arch",
        help="the spec to write, with `ARCH.layers.json` beside it, which says what layers of the "
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
    parser.add_argument(
        "--from",
        dest="origin",
        choices=["timm"],
        help="MODEL is not a file but block strings of timm, such as `ir_r2_k3_s2_e6_c24_se0.25`, "
        "or a list of lists of them",
    )
    parser.add_argument(
        "--stem",
        type=int,
        default=32,
        metavar="N",
        help="with `--from timm`: channels of the convolution before the blocks, 0 for none "
        "(default: 32)",
    )
    parser.add_argument(
        "--features",
        type=int,
        default=1280,
        metavar="N",
        help="with `--from timm`: channels of the convolution behind the blocks, 0 for none "
        "(default: 1280)",
    )
    parser.add_argument(
        "--activation",
        choices=["relu", "relu6", "hard_swish", "swish"],
        default="relu",
        help="with `--from timm`: the activation of strings without one (default: relu)",
    )
    parser.add_argument(
        "--attention",
        choices=["efficientnet", "mobilenetv3"],
        default="efficientnet",
        help="with `--from timm`: whose `se` it is: of what enters a block, or of its widened "
        "channels in multiples of 8, with `relu` and a hard sigmoid (default: efficientnet)",
    )
    limit_argument(parser)


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, SUCCESS, tell
    from archc.diagnostics.model import Rejected

    bounds = limits(options.limit)
    name = arch_name(options)
    if options.origin is None and (
        len(options.models) > 2 or (options.flat and len(options.models) > 1)
    ):
        raise UsageError(
            "name one model, or two of one family, without `--flat`: "
            f"here are {len(options.models)}"
        )
    try:
        made = specs(models(options, bounds), name, bounds, flat_only=options.flat)
    except Rejected as rejected:
        tell(rejected.diagnostic)
        return FAILURE
    if options.output is None:
        print(made[0].text, end="")
        return SUCCESS
    named = [options.origin] if options.origin else list(map(os.path.basename, options.models))
    return written(options.output, named, made)


def models(options: argparse.Namespace, bounds: "Limits") -> "list[Model]":
    """The models of the command line.

    Raises:
        Rejected: one cannot be read, or the language cannot say it.
    """
    from archc.models.decompiler import Model, read_model

    if options.origin is None:
        extents, without = shape(options.shape), options.without
        return [read_model(path, bounds, shape=extents, without=without) for path in options.models]
    from archc.models.decompiler.timm import of_strings, strings

    for count in (options.stem, options.features):
        if not 0 <= count <= 100_000:
            raise UsageError(f"{count} is not a number of channels")
    given = [string for text in options.models for string in strings(text)]
    network = of_strings(
        given,
        name=options.name or "network",
        stem=options.stem,
        features=options.features,
        activation=options.activation,
        attention=options.attention,
        operators=bounds.operators,
    )
    return [Model(network, None)]


def specs(
    models: "Sequence[Model]", name: str | None, bounds: "Limits", *, flat_only: bool
) -> "Sequence[Decompiled]":
    """The models as archs of one text.

    Raises:
        Rejected: one cannot be said, or they are not one family.
    """
    from archc.models.decompiler import decompile, decompile_family

    if len(models) == 1:
        return [decompile(models[0], name=name, flat_only=flat_only, limits=bounds)]
    return decompile_family(models, name=name, limits=bounds)


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
    if name is not None:
        checked_name(name)
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


def mapped(content: bytes) -> bool:
    """Whether a file is a map of layers that an import wrote."""
    import json

    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and list(document) == ["model", "arch", "notes", "layers"]


def written(path: str, models: "Sequence[str]", made: "Sequence[Decompiled]") -> int:
    """Write a spec and the maps of its layers, and say what it is."""
    from archc.cli.session import FAILURE, SUCCESS, tell
    from archc.emit.manifest import render
    from archc.files.saving import save

    files = {path: made[0].text.encode()}
    for model, one in zip(models, made, strict=True):
        base = os.path.join(os.path.dirname(path), one.name)
        document: dict[str, Any] = {
            "model": model,
            "arch": one.name,
            "notes": list(one.notes),
            "layers": {layer: list(names) for layer, names in one.layers.items()},
        }
        files[base + MAP_SUFFIX] = render(document).encode()
    failed = save(files, mapped, {path: "a spec that may have been edited"})
    if failed is not None:
        tell(failed)
        return FAILURE
    lines = sum(bool(line.strip()) for line in made[0].text.splitlines())
    count = sum(len(one.layers) for one in made)
    print(f"{path} written: {several(lines, 'line')} for {several(count, 'layer')}")
    which = "the model's network" if len(made) == 1 else "both networks"
    print(f"  it compiles to {which}: operators, shapes, parameters and wiring")
    for note in (*made[0].notes, *untargeted(path, made[0].text)):
        print(f"  note: {note}")
    return SUCCESS


def untargeted(path: str, text: str) -> tuple[str, ...]:
    """How to have a spec judged that names no target; nothing where it names one."""
    from archc.targets.builtin import builtin_names

    if re.search(r"^\s*target \w", text, re.MULTILINE):
        return ()
    name = builtin_names()[0]
    return (
        f"the spec has no target, so nothing judges it: run `archc check {path} --target {name}`, "
        f"or write `target {name}` in the arch",
    )
