"""What a name means, as Markdown for an editor: documentation, value, shape and cost."""

from collections.abc import Iterable
from typing import Any

from archc.diagnostics.text import shape_text
from archc.editor.costs import Cost, full
from archc.editor.names import Meaning, Use, parameters, width
from archc.editor.view import View
from archc.ops.arguments import Arg
from archc.sema.callees import Callee
from archc.sema.model import Model
from archc.source import Span
from archc.syntax import ast
from archc.targets.builtin import builtin, builtin_names
from archc.values import Plain, describe, show

FORM_DOCS = {
    "skip": "Residual connection: `skip { b }` is x + b(x) where both have one shape. Where they "
    "have not, `shortcut` is what x goes through, after the body unless `shortcut_first`; without "
    "one the sum is left out, unless `required`.",
    "gate": "Gating: `gate { b }` is x * b(x), each channel or element scaled by what b says.",
    "split": "Parts of the channels, each with a name: `split(2) as left, right`. What follows "
    "goes on from the map that was split.",
}
FORM_ARGUMENT_DOCS = {
    "shortcut": "a block that x goes through where the shapes differ",
    "into": "how many equal parts, or a list of their channels: `[16, 48]`",
    "required": "`true` makes it an error where the sum would be left out",
    "shortcut_first": "`true` runs the shortcut before the body: what enters is free earlier",
}
FUNCTION_DOCS = {
    "round": "`round(v)`: the nearest whole number, ties up.",
    "floor": "`floor(v)`: the largest whole number not above v.",
    "ceil": "`ceil(v)`: the smallest whole number not below v.",
    "min": "`min(a, b, ...)`: the least of them.",
    "max": "`max(a, b, ...)`: the greatest of them.",
    "exact": "`exact(channels)`: a width that is not rounded to the arch's multiple.",
}
STAGE_DOCS = {
    "channels": "width of the stage: supplied to statements that leave `channels` open; rounded "
    "unless `exact`",
    "stride": "given to the first statement that leaves `stride` open",
    "repeat": "how often the braces are run, one after the other; the stride is given once",
}
MEMBER_DOCS = {
    "allow": "operators and rules that the spec takes although the target would refuse them",
    "io": "type at the border of the deployed model",
    "board": "whose memories the network is placed in",
    "build": "the build of TensorFlow Lite Micro that `tflite_micro` gives figures of",
    "divisor": "widths are rounded to multiples of this",
    "keep": "the share of a width that rounding never goes below",
}
FEATURE_DOCS = {
    "channels": "Channels of the feature map that entered this block.",
    "height": "Rows of the feature map that entered this block.",
    "width": "Columns of the feature map that entered this block.",
    "size": "Rows x columns of the feature map that entered this block.",
}


def hover(view: View, at: int) -> tuple[str, tuple[int, int]] | None:
    """What to show of the name at an offset, with the place of the name."""
    found = view.use_at(at)
    if found is None:
        return None
    past, use = found
    place = view.now(use.span)
    if place is None:
        return None
    built = view.built if view.built is not None else past
    same = built.source is past.source
    parts = [*_about(use.meaning)]
    parts += _here(use, built) if same else []
    text = "\n\n".join(part for part in parts if part)
    return (text, place) if text else None


# --- what it is --------------------------------------------------------------------------------


def _about(meaning: Meaning) -> Iterable[str]:
    kind, node = meaning.kind, meaning.node
    if kind in ("operator", "form", "block", "arch") and not isinstance(node, ast.Derived):
        yield fenced(signature(meaning))
        yield summary(meaning)
        if kind == "operator":
            rows = [f"- `{name}`: {argument(one)}" for name, one in parameters(meaning).items()]
            yield "\n".join(rows)
            yield f"Reads {node.stated.reads}."
    elif kind == "arch":
        yield fenced(node.span.text)
        yield node.doc.strip()
    elif kind == "parameter":
        yield fenced(node.span.text)
        owner = f"A parameter of `{meaning.owner.name}`" if meaning.owner is not None else ""
        yield f"{owner}: {argument(meaning)}".removesuffix(": ") if owner else argument(meaning)
    elif kind == "argument":
        owner = f" of `{meaning.owner.name}`" if meaning.owner is not None else ""
        yield f"**`{meaning.name}`**{owner}: {argument(meaning)}"
    elif kind == "stage":
        yield fenced(f"stage {meaning.name}{_header(node)}")
        yield node.doc.strip()
    elif kind == "input":
        yield fenced(node.span.text)
    elif kind == "output":
        yield fenced(f"output {meaning.name} {{ ... }}")
        yield node.doc.strip()
    elif kind == "map":
        yield fenced(" ".join(node.span.text.split()))
        yield "A map: its name, standing as a statement, goes on from it."
    elif kind == "width":
        given = width(node)
        yield fenced(given.span.text if given is not None else "channels")
        yield f"The width of stage `{node.name.text}`."
    elif kind == "target":
        if meaning.name in builtin_names():
            yield f"**{meaning.name}**: {builtin(meaning.name).title}"
    else:
        yield summary(meaning)


def summary(meaning: Meaning) -> str:
    """What a name is for, in a sentence or two."""
    kind, name = meaning.kind, meaning.name
    if kind == "operator":
        return " ".join((meaning.node.__doc__ or "").split())
    if kind in ("block", "arch", "stage"):
        return " ".join(meaning.node.doc.split())
    if kind == "form":
        return FORM_DOCS.get(name, "")
    if kind == "function":
        return FUNCTION_DOCS.get(name, "")
    if kind == "feature":
        return FEATURE_DOCS.get(name, "")
    if kind == "budget":
        return f"`{name}` of the manifest, with a budget."
    if kind == "constant":
        return f"`{name}`, a predefined value."
    if kind == "allowed":
        return allowed(meaning.node.name.text, name)
    return ""


def allowed(target: str, name: str) -> str:
    """What a target holds against an operator or a rule that a spec allows."""
    if target not in builtin_names():
        return ""
    rule = next((one for one in builtin(target).rules if one.name == name), None)
    if rule is not None:
        return f"A rule of {target}; `archc explain {target}/{name}` says what it is for."
    return f"The operator `{name}`, which {target} takes only where it is allowed."


def argument(meaning: Meaning) -> str:
    """What an argument takes, by itself, and what for."""
    node, name = meaning.node, meaning.name
    if isinstance(node, Arg):
        takes = node.takes + (", rounded unless `exact`" if node.rounds else "")
        default = "required" if node.required else f"default `{node.show_default()}`"
        filled = "; a stage supplies it" if node.filled else ""
        return f"{node.doc} ({takes}; {default}{filled})"
    if isinstance(node, ast.Parameter):
        return remark(node)
    owner = meaning.owner
    docs = STAGE_DOCS if owner is not None and owner.kind == "stage" else {}
    return {**MEMBER_DOCS, **FORM_ARGUMENT_DOCS, **docs}.get(name, "")


def remark(parameter: ast.Parameter) -> str:
    """The comment behind a parameter, on its line."""
    source = parameter.span.source
    line = source.position(parameter.span.end)[0]
    end = source.starts[line - 1] + len(source.line(line))
    _, found, comment = source.text[parameter.span.end : end].partition("#")
    return comment.strip() if found else ""


def signature(meaning: Meaning) -> str:
    """How something is called: `conv(channels, kernel = 1x1, ...)`."""
    return signature_parts(meaning)[0]


def signature_parts(meaning: Meaning) -> tuple[str, list[tuple[int, int]]]:
    """A signature, and where its parameters stand in it."""
    head = {"block": "block ", "arch": "arch ", "stage": "stage "}.get(meaning.kind, "")
    text, places = f"{head}{meaning.name}", []
    texts = [_parameter(one) for one in parameters(meaning).values()]
    if texts:
        text += "("
        for number, one in enumerate(texts):
            text += ", " if number else ""
            places.append((len(text), len(text) + len(one)))
            text += one
        text += ")"
    bodies = {"form": " { ... }"}.get(meaning.kind, "")
    if meaning.name == "split" and meaning.kind == "form":
        bodies = " as a, b"
    if meaning.kind == "operator" and meaning.node.bodies:
        bodies = " { ... } { ... }"
    return text + bodies, places


def _parameter(meaning: Meaning) -> str:
    node = meaning.node
    if isinstance(node, Arg):
        return meaning.name if node.required else f"{meaning.name} = {node.show_default()}"
    if isinstance(node, ast.Parameter):
        return " ".join(node.span.text.split())
    return meaning.name


def _header(stage: ast.Stage) -> str:
    texts = [one.span.text for one in stage.arguments]
    return f"({', '.join(texts)})" if texts else ""


def fenced(text: str) -> str:
    return f"```arch\n{text}\n```"


# --- what it is here ---------------------------------------------------------------------------


def _here(use: Use, built: View) -> Iterable[str]:
    """Values, shapes and costs of the name where it stands, in networks that were made."""
    meaning, node = use.meaning, use.node
    if meaning.kind == "parameter":
        if isinstance(node, ast.Argument):
            yield from _roundings(node.value.span, built)
        yield "\n".join(_values(meaning, built.compilation.models))
    elif isinstance(node, ast.Argument) and meaning.kind == "argument":
        yield from _argument(use, built)
    elif meaning.kind == "width":
        cost = built.costs.of(meaning.node.span)
        given = width(meaning.node)
        noted = list(_roundings(given.value.span, built)) if given is not None else []
        yield from noted
        if not noted and cost is not None:
            yield f"= {cost.shapes[-1][-1]}"
    elif isinstance(node, ast.Call | ast.Stage | ast.Output):
        yield from _cost(built.costs.of(node.span))
        if meaning.kind in ("map", "stage", "input") and not use.declares:
            yield from _map(meaning, built)
    elif meaning.kind == "arch" and use.declares:
        yield from _cost(built.costs.of(use.span))
    elif meaning.kind == "input":
        for model in built.compilation.models[:1]:
            for name, shape in model.inputs:
                if shape is not None and name.text == meaning.name:
                    yield f"= {shape_text(shape)}"
    elif meaning.kind == "budget":
        for network in built.networks:
            for budget in network.manifest["budgets"]:
                if meaning.name in budget.values():
                    yield f"{budget['actual']:,} of {budget['limit']:,} in `{network.name}`"


def _map(meaning: Meaning, built: Any) -> Iterable[str]:
    """The shape of a map where it is read."""
    for network in built.networks[:1]:
        nodes = network.graph.nodes
        named = {nodes[index].name: nodes[index].shape for index in network.graph.inputs}
        named |= {name: nodes[index].shape for name, index in network.graph.maps}
        if meaning.name in named:
            yield f"= {shape_text(named[meaning.name])}"


def _cost(cost: Cost | None) -> Iterable[str]:
    if cost is not None:
        yield full(cost)


def _values(meaning: Meaning, models: Iterable[Model]) -> Iterable[str]:
    """The value of an arch's parameter in each network."""
    for model in models:
        if not any(one is meaning.node for one in model.arch.parameters):
            continue
        value = dict(model.parameters)[meaning.name]
        yield f"- = {shown(value.value, value.span)} in `{model.name}`"


def shown(value: object, span: Span) -> str:
    """A value, in the language where it can be."""
    if isinstance(value, Plain):
        return f"`{show(value)}`"
    if isinstance(value, Callee):
        return f"`{' '.join(span.text.split())}`"
    return describe(value)


def _argument(use: Use, built: View) -> Iterable[str]:
    given = use.node
    noted = list(_roundings(given.value.span, built))
    if noted:
        yield from noted
        return
    values: dict[str, None] = {}
    node: Any = use.meaning.node
    owner = use.meaning.owner
    if owner is not None and owner.kind == "stage" and use.meaning.name == "channels":
        cost = built.costs.of(owner.node.span)
        if cost is not None:
            yield f"= {cost.shapes[-1][-1]}"
    if not isinstance(node, Arg):
        return
    for call, nodes in built.costs.calls.items():
        if call.source is use.span.source and call.start <= use.span.start < call.end:
            for one in nodes:
                if use.meaning.owner is not None and type(one.op) is use.meaning.owner.node:
                    values[node.show(getattr(one.op, use.meaning.name))] = None
    if values and given.value.span.text not in values:
        yield f"= {', '.join(f'`{value}`' for value in list(values)[:6])}"


def _roundings(span: Span, built: View) -> Iterable[str]:
    """What a width was asked for and what it became."""
    seen: dict[str, None] = {}
    for network in built.networks:
        for note in network.graph.roundings:
            if note.span == span:
                text = f"{note.requested} \u2192 {note.effective}"
                seen[f"{text}, rounded to a multiple of {note.divisor} (`{note.where}`)"] = None
    yield from list(seen)[:6]
