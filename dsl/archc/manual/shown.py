"""What the compiler makes of the specs that pages show."""

from typing import NamedTuple

from archc.diagnostics.grid import grid
from archc.diagnostics.model import Diagnostic
from archc.diagnostics.render import render
from archc.diagnostics.text import shape_text
from archc.driver import Compilation, Network, Options, compile_spec
from archc.emit.table import table
from archc.files import Loader, shipped_specs
from archc.source import Source

NAME = "shown.arch"
"""The name that specs of the manual go by."""


class Faulty(Exception):
    """A spec of the manual does not do what the page says. A bug in the manual."""


def compilation(text: str) -> Compilation:
    """What becomes of a spec; `use` reaches the shipped ones."""
    import os

    folder = os.path.dirname(next(iter(shipped_specs().values())))
    return compile_spec(Loader(folder), Source(NAME, text), Options())


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a spec that compiles.

    Raises:
        Faulty: it does not.
    """
    made = compilation(text)
    if made.failed:
        said = "\n".join(render(one, color=False) for one in made.diagnostics)
        raise Faulty(f"{text}\n{said}")
    return made.networks


def network(text: str) -> Network:
    """The last network of a spec that compiles."""
    return networks(text)[-1]


def faults(text: str) -> list[Diagnostic]:
    """The errors of a spec that has some.

    Raises:
        Faulty: it has none.
    """
    found = [one for one in compilation(text).diagnostics if one.level == "error"]
    if not found:
        raise Faulty(f"this compiles:\n{text}")
    return found


def complaint(text: str) -> str:
    """What is said of a spec with errors."""
    return "\n\n".join(render(one, color=False) for one in faults(text))


def layers(text: str) -> str:
    """The layers of the last network of a spec, one a line: name, class, output, params, MACs."""
    rows = [
        (
            row["name"],
            row["class_name"],
            shape_text(row["output_shape"]),
            f"{row['params']:,}",
            f"{row['macs']:,}",
        )
        for row in network(text).manifest["layers"]
    ]
    head = ("layer", "Keras class", "output", "params", "MACs")
    return "\n".join(line.rstrip() for line in grid([head, *rows], "llrrr"))


def roundings(text: str) -> str:
    """What was rounded in a spec."""
    return "\n".join(
        f"{row['where']}: {row['requested']} -> {row['effective']}"
        for row in network(text).manifest["roundings"]
    )


def skips(text: str) -> str:
    """What became of the skips of a spec."""
    lines = []
    for row in network(text).manifest["skips"]:
        why = f" ({row['reason']})" if row["reason"] else ""
        lines.append(f"{row['where']}: {'added' if row['taken'] else 'not added'}{why}")
    return "\n".join(lines)


def profile(text: str) -> str:
    """The table of `archc profile`."""
    return table(network(text).manifest, width=80, unicode=True, color=False)


def module(text: str) -> str:
    """The body of `build_model` that a spec becomes."""
    return network(text).module


SHOWS = {"layers": layers, "roundings": roundings, "skips": skips, "errors": complaint}
"""What a fence of a template may ask to be shown below it."""


class Piece(NamedTuple):
    """How the part of a spec that a page shows is completed to one that compiles."""

    before: str
    after: str


PIECES = {
    "spec": Piece("", ""),
    "members": Piece("arch shown {\n", "\n}\n"),
    "statements": Piece("arch shown {\ninput image: 32 x 32 x 8\nstage s {\n", "\n}\n}\n"),
    "blocks": Piece("", "\narch shown { input image: 32 x 32 x 8 stage s { conv(8) } }\n"),
}


def completed(kind: str, text: str) -> str:
    piece = PIECES[kind]
    return f"{piece.before}{text}{piece.after}"
