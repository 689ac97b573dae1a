"""The template of the generated module, as a function.

It is written for Jinja, and Jinja reads it. What a wheel carries (`archc.prebuilt`) is Python made
from Jinja's syntax tree: the few constructs that a skeleton needs, so that filling it in takes no
Jinja.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from os.path import dirname, join

from archc.prebuilt import Stamp, carried, text
from archc.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

FORM = "1"
"""Changes with what is made from the same template."""


@cache
def skeleton() -> Callable[..., str]:
    """What fills in the template; the names in it are keyword arguments."""
    template = read_template()
    found = carried("skeleton", stamp(template))
    if found is None:
        return environment().from_string(template).render
    parts: Callable[..., Iterator[str]] = found.parts
    return lambda **values: "".join(parts(**values))


def read_template() -> str:
    with open(join(dirname(__file__), "templates", "module.py.jinja"), encoding="utf-8") as file:
        return file.read()


def environment() -> "Environment":
    from jinja2 import Environment, StrictUndefined

    return Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def stamp(template: str) -> Stamp:
    return template, FORM


def prebuilt() -> str:
    """The text of the generated module with the template as a function."""
    template = read_template()
    return text(stamp(template), function(template))


def function(template: str) -> str:
    """A template as the text of a generator function, `parts`.

    Raises:
        ValueError: it has a construct that a skeleton does not need.
    """
    from jinja2.meta import find_undeclared_variables

    tree = environment().parse(template)
    names = find_undeclared_variables(tree)
    head = f"def parts(*, {', '.join(sorted(names))}):"
    return "\n".join(["", "", head, *_statements(tree.body, frozenset(names), "    "), ""])


def _statements(body: "Sequence[nodes.Node]", known: frozenset[str], indent: str) -> Iterator[str]:
    from jinja2 import nodes

    for node in body:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                yield f"{indent}yield {_value(part)}"
        elif isinstance(node, nodes.For) and not (node.else_ or node.test or node.recursive):
            target = _value(node.target)
            if target in known:  # Python's `for` would not give it back its value
                raise ValueError(f"line {node.lineno} of the template hides `{target}`")
            yield f"{indent}for {target} in {_value(node.iter)}:"
            yield from _statements(node.body, known | {target}, f"{indent}    ")
        elif isinstance(node, nodes.If) and not (node.elif_ or node.else_):
            yield f"{indent}if {_value(node.test)}:"
            yield from _statements(node.body, known, f"{indent}    ")
        else:
            raise ValueError(f"line {node.lineno} of the template is more than a skeleton needs")


def _value(node: Any) -> str:
    from jinja2 import nodes

    if isinstance(node, nodes.TemplateData):
        return repr(node.data)
    if isinstance(node, nodes.Name) and node.name != "loop":
        return node.name
    if isinstance(node, nodes.Filter) and node.name == "join" and len(node.args) == 1:
        return f"{node.args[0].as_const()!r}.join({_value(node.node)})"
    raise ValueError(f"line {node.lineno} of the template is more than a skeleton needs")
