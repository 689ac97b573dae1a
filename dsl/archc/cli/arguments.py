"""Arguments that several verbs share, and what they mean."""

from collections.abc import Sequence

from archc.formats import listed
from archc.limits import DEFAULT_LIMITS, Limits
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


class UsageError(Exception):
    """The command line cannot be followed."""


FORMATS = ("text", "short", "json", "sarif", "github")
"""How diagnostics can be shown; `json` and `sarif` make one document of the whole run."""


def compile_arguments(
    parser: "argparse.ArgumentParser",
    formats: Sequence[str] = FORMATS,
    *,
    models: bool = False,
) -> None:
    """Arguments of every verb that compiles specs.

    Args:
        parser: of the verb.
        formats: how it shows what it found.
        models: whether it takes model files too.
    """
    help = "a `.arch` file, or a folder of them"
    if models:
        help += f", or a model: {listed()}, or a folder with models and no specs"
    parser.add_argument("specs", nargs="+", metavar="SPEC|MODEL" if models else "SPEC", help=help)
    parser.set_defaults(folders=True)
    binding_arguments(parser)
    if models:
        model_arguments(parser)
    shared_arguments(parser, formats)


def model_arguments(parser: "argparse.ArgumentParser") -> None:
    """What a spec says of itself, and has to be said of a model."""
    parser.set_defaults(models=True)
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help="of a model: an operator or a rule that the target lets pass, as "
        "`target NAME(allow = [...])` in a spec",
    )
    parser.add_argument(
        "--io",
        choices=("float32", "int8", "uint8"),
        help="of a Keras model: the type of inputs and outputs once it is converted (default: "
        "float32; of `archc verify` that of the file it is compared with); a converted file has "
        "its own",
    )
    parser.add_argument(
        "--board", metavar="NAME", help="of a model: a board of the target (default: its first)"
    )


def binding_arguments(parser: "argparse.ArgumentParser") -> None:
    """Which network of a spec is meant."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter that is not bound yet; any expression of the language",
    )
    parser.add_argument("--name", help="name of the network compiled with `--set`")
    parser.add_argument("--arch", help="compile only this arch of the spec")


def shared_arguments(
    parser: "argparse.ArgumentParser", formats: Sequence[str] = ("text", "json")
) -> None:
    from archc.analysis.tflite_micro.tables import BUILDS

    parser.add_argument(
        "--target",
        metavar="FILE",
        help="check against this target: a TOML file, or one that comes with archc by its name; a "
        "model is checked against stm32n6, and against nothing with `none`",
    )
    parser.add_argument(
        "--build",
        choices=list(BUILDS),
        help="give the arena of TensorFlow Lite Micro for this build of it (default: what the "
        "target says, else the Python wheel)",
    )
    reading_arguments(parser)
    parser.add_argument("--format", choices=formats, default="text")


def reading_arguments(parser: "argparse.ArgumentParser") -> None:
    """What specs may read, and how much work they may cause."""
    parser.add_argument(
        "-I",
        dest="include",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder in which `use` may look",
    )
    limit_argument(parser)


def limit_argument(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help=f"change a limit on the work a spec may cause: {', '.join(Limits._fields)}",
    )


def limits(given: Sequence[str]) -> Limits:
    """The bounds, some of them moved.

    Raises:
        UsageError: one is not known, or not a whole number from 1.
    """
    if not given:
        return DEFAULT_LIMITS
    from archc.diagnostics.nearest import did_you_mean

    moved: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in Limits._fields:
            hint = did_you_mean(name, Limits._fields) or f"they are {', '.join(Limits._fields)}"
            raise UsageError(f"there is no limit `{name}`: {hint}")
        if not (value.isascii() and value.isdigit() and 0 < len(value) <= 12 and int(value) > 0):
            raise UsageError(f"`--limit {name}` takes a whole number from 1")
        moved[name] = int(value)
    return DEFAULT_LIMITS._replace(**moved)


def settings(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise UsageError(f"`--set {text}` is not of the form NAME=VALUE")
        pairs.append((name.strip(), value))
    return tuple(pairs)


def checked_name(name: str) -> str:
    """The name of a network, as it was given.

    Raises:
        UsageError: it is not one.
    """
    import re

    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return name
    near = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    near = f"; write `{near}`" if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", near) else ""
    raise UsageError(
        f"`{name}` is not a name: letters, digits and underscores, a letter first{near}"
    )
