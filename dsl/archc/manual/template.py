"""Pages of prose: Markdown with fields, and fences whose specs are compiled.

A fence "```arch KIND [SHOWS]" holds a spec, or the part of one that KIND names (`shown.PIECES`).
It is compiled; with SHOWS (`shown.SHOWS`) what comes of it stands below it on the page. A field
`{{ name }}` is one of `fields`.
"""

import ast
import inspect
import os
import re
from collections.abc import Callable, Mapping

from archc import limits
from archc.analysis.budgets import BUDGET_NAMES
from archc.analysis.tflite_micro.replay import unsupported
from archc.analysis.tflite_micro.tables import BUILDS
from archc.limits import DEFAULT_LIMITS
from archc.manual.markdown import HEADER, code, fence, listed, reflowed, table
from archc.manual.shown import PIECES, SHOWS, completed, faults, networks
from archc.ops.base import symbols
from archc.sema.callees import FORMS
from archc.sema.declarations import TARGET_ARGUMENTS
from archc.sema.evaluate import FEATURES
from archc.sema.scope import FUNCTIONS
from archc.syntax.grammar import keywords, read_grammar
from archc.syntax.numbers import BYTE_UNITS, UNITS
from archc.targets.builtin import builtin_names

FENCE = re.compile(r"^```arch(?P<words>(?: [a-z]+)*)\n(?P<text>.*?)^```$", re.M | re.S)


def page(name: str) -> str:
    """A page from its template.

    Raises:
        Faulty: a spec on it does not do what the page says.
    """
    return f"{HEADER}\n{FENCE.sub(_compiled, reflowed(filled(template(name), FIELDS)))}"


def template(name: str) -> str:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, encoding="utf-8") as file:
        return file.read()


def filled(text: str, fields: Mapping[str, Callable[[], str]]) -> str:
    """A template with its fields replaced; one that there is not is an error."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    values = {name: make() for name, make in fields.items() if name in text}
    return environment.from_string(text).render(values)


def specs(text: str) -> list[tuple[str, str, str | None]]:
    """The specs of a template: kind, text, and what is to be shown of each."""
    found = []
    for match in FENCE.finditer(text):
        kind, shows = _meant(match)
        found.append((kind, match["text"], shows))
    return found


def _meant(match: "re.Match[str]") -> tuple[str, str | None]:
    words = match["words"].split()
    kind = words[0] if words else "spec"
    shows = words[1] if words[1:] else None
    if kind not in PIECES or (shows is not None and shows not in SHOWS):
        raise ValueError(f"there is no fence of {' '.join(words)}")
    return kind, shows


def _compiled(match: "re.Match[str]") -> str:
    kind, shows = _meant(match)
    whole = completed(kind, match["text"])
    (faults if shows == "errors" else networks)(whole)
    shown = fence("arch", match["text"])
    if shows is None:
        return shown
    return f"{shown}\n\n{fence('text', SHOWS[shows](whole))}"


# --- fields ------------------------------------------------------------------------------------


def grammar() -> str:
    """The rules of the grammar, without its terminals and comments."""
    rules = read_grammar().decode().partition("// A keyword ends")[0]
    lines = [line for line in rules.split("\n") if not line.startswith("//")]
    return fence("ebnf", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


def limit_table() -> str:
    """Every limit with its default and what it bounds, as `limits` documents it."""
    documented = ast.parse(inspect.getsource(limits.Limits)).body[0]
    assert isinstance(documented, ast.ClassDef)
    docs: dict[str, str] = {}
    name = ""
    for part in documented.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            name = part.target.id
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and name:
            docs[name] = str(part.value.value).rstrip(".")
    rows = [
        (code(name), f"{value:,}", docs[name]) for name, value in DEFAULT_LIMITS._asdict().items()
    ]
    return table(("limit", "default", "bounds"), rows, numbers=[1])


def micro_builds() -> str:
    """The builds of TensorFlow Lite Micro, the default one first."""
    rows = ((code(build.name), build.title, build.about) for build in BUILDS.values())
    return table(("build", "what", "how it was confirmed"), rows)


def micro_missing() -> str:
    """What operators of the language become that TensorFlow Lite Micro has no kernel for."""
    from archc.manual.operators import alone
    from archc.ops.base import OPERATORS

    found = (name for keyword in OPERATORS for name in unsupported(alone(keyword)))
    return listed(sorted(set(found)))


def _units() -> str:
    each = [f"`{name}` {value:,}" for name, value in (UNITS | BYTE_UNITS).items()]
    return ", ".join(each)


FIELDS: dict[str, Callable[[], str]] = {
    "keywords": lambda: listed(sorted(keywords())),
    "grammar": grammar,
    "limits": limit_table,
    "units": _units,
    "byte_units": lambda: listed(BYTE_UNITS),
    "forms": lambda: " and ".join(map(code, FORMS)),
    "functions": lambda: listed(FUNCTIONS),
    "features": lambda: listed(f"in.{name}" for name in FEATURES),
    "choices": lambda: listed(symbols()),
    "budgets": lambda: listed(BUDGET_NAMES),
    "targets": lambda: listed(builtin_names()),
    "target_arguments": lambda: ", ".join(f"{name} = ..." for name in TARGET_ARGUMENTS),
    "micro_builds": micro_builds,
    "micro_missing": micro_missing,
    "actions": lambda: fence("yaml", template("actions.yml")),
}
