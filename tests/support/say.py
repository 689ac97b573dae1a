"""What the compiler makes of a text, in the short forms that tests of semantics compare."""

from typing import Any

from archc.diagnostics.model import Diagnostic
from archc.driver import Compilation, Network, Options, compile_spec
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source


def compilation(text: str, **settings: str) -> Compilation:
    """All archs of a text, some parameters set from outside."""
    options = Options(settings=tuple(settings.items()), limits=DEFAULT_LIMITS)
    return compile_spec(Loader(), Source("spec.arch", text), options)


def network(text: str, name: str | None = None, **settings: str) -> Network:
    """A network of a text that has no errors; the last one, unless named."""
    made = compilation(text, **settings)
    assert not made.failed, [diagnostic.message for diagnostic in made.diagnostics]
    if name is None:
        return made.networks[-1]
    return next(network for network in made.networks if network.name == name)


def layers(text: str, **settings: str) -> list[tuple[str, str]]:
    """(name, shape) of every layer but the input: `("s_1_conv", "8x8x16")`."""
    rows = network(text, **settings).manifest["layers"][1:]
    return [(row["name"], "x".join(map(str, row["output_shape"]))) for row in rows]


def names(text: str, **settings: str) -> list[str]:
    return [name for name, _ in layers(text, **settings)]


def shapes(text: str, **settings: str) -> list[str]:
    return [shape for _, shape in layers(text, **settings)]


def operators(text: str, **settings: str) -> list[Any]:
    """The operators, which compare by their arguments."""
    return [node.op for node in network(text, **settings).graph.nodes[1:]]


def errors(text: str, **settings: str) -> list[Diagnostic]:
    """The errors of a text, which has some."""
    made = compilation(text, **settings)
    found = [diagnostic for diagnostic in made.diagnostics if diagnostic.level == "error"]
    assert found
    return found


def codes(text: str, **settings: str) -> list[str]:
    return [diagnostic.code for diagnostic in errors(text, **settings)]
