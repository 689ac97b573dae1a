"""The page of the operators, from their declarations and from what the compiler makes of them."""

from collections.abc import Iterator
from fractions import Fraction
from sys import modules
from typing import Any

from archc.diagnostics.text import shape_text
from archc.driver import Network
from archc.emit.python import literal
from archc.ir.graph import Graph, Node
from archc.manual.markdown import HEADER, code, fence, listed, reflowed, table
from archc.manual.shown import network
from archc.ops.arguments import (
    Arg,
    Auto,
    Bound,
    Choice,
    Count,
    Extents,
    Flag,
    Number,
    Order,
    PerChannel,
    Real,
    Stride,
    Width,
    Window,
)
from archc.ops.base import MACC_VERSION, OPERATORS, VECTOR, KerasCall, Op, Shape, symbols
from archc.ops.composite import run
from archc.targets.builtin import builtin, builtin_names
from archc.targets.support import LABELS, support_json

INPUT: Shape = (32, 32, 8)
"""What enters the examples."""

GROUPS = {
    "demanded": "no permission needed",
    "vanish": "leaves nothing on the device",
    "by allow": "only where the spec allows it",
    "never": "refused",
}
"""What the gate of a target does with an operator, in words."""

INTRODUCTION = """\
An operator is written by its name, with arguments in parentheses and, if it merges several feature
maps, bodies in braces. It reads the result of the statement before it. Arguments are given in the
order below or by name. Blocks are in [blocks.md](blocks.md), `skip` and `gate` in
[language.md](language.md#skips-and-gates)."""

FIGURES = f"""\
MACs count convolutions and dense layers only. *ST macc* is what ST Edge AI Core {MACC_VERSION}
counts for it in its table of layers, before it folds and fuses (the same file is 655,392 there,
524,320 in the summary of `validate`, 458,752 with 4.0); do not compare networks by it. Examples
read a feature map of {shape_text(INPUT)}; their figures, Keras calls and int8 operators are what
the compiler gave. On the device most operators do not stay separate: the int8 converter folds
batch normalisation into the convolution before it and fuses activations. The manifest's `deployed`
section shows what remains of a whole network."""

LEGEND = """\
In formulas `H`, `W` and `C` are rows, columns and channels of the input and `N` the number of its
values (of a vector, `C` and `N` are its length); `Ho`, `Wo`, `Co` and `M` those of the output.
`Kh` and `Kw` are rows and columns of the kernel or window, `Sh` and `Sw` of the stride or scale,
`Dh` and `Dw` of the dilation, `top`, `left`, `bottom` and `right` of padding, `n` is the number of
bodies. Other names are arguments; `true` counts as 1, `false` as 0. Shapes exclude the batch.
Counts and extents go up to 2,147,483,647. What is known of a device comes with its confidence."""


def page() -> str:
    """All operators, group by group."""
    lines = [
        HEADER,
        "# Operators",
        "",
        INTRODUCTION,
        "",
        LEGEND,
        "",
        FIGURES,
    ]
    for title, members in groups().items():
        lines += ["", f"**{title}**", "", _overview(members)]
    lines += [
        "",
        f"Names that arguments choose from, predefined everywhere: {listed(symbols())}.",
    ]
    for members in groups().values():
        for keyword in members:
            lines += ["", f"## {keyword}", "", *_entry(keyword, OPERATORS[keyword])]
    return reflowed("\n".join(lines) + "\n")


READING = (
    "convolution",
    "normalisation",
    "activation",
    "pooling",
    "merge",
    "reshaping",
    "rearranging",
    "dropout",
)
"""The modules of operators in reading order; one that is not listed comes last."""


def _place(item: tuple[str, type[Op]]) -> int:
    module = item[1].__module__.rpartition(".")[2]
    return READING.index(module) if module in READING else len(READING)


def groups() -> dict[str, list[str]]:
    """The operators by what the modules that declare them say of themselves."""
    found: dict[str, list[str]] = {}
    for keyword, op in sorted(OPERATORS.items(), key=_place):
        title = (modules[op.__module__].__doc__ or "").partition("\n")[0].rstrip(".")
        found.setdefault(title, []).append(keyword)
    return found


def _overview(members: list[str]) -> str:
    return table(
        ("operator", "reads", "what it does", *map(_short, builtin_names())),
        (
            (
                f"[`{keyword}`](#{keyword})",
                OPERATORS[keyword].stated.reads.partition(":")[0],
                _summary(OPERATORS[keyword]),
                *(LABELS[_group(name, keyword)] for name in builtin_names()),
            )
            for keyword in members
        ),
    )


def _short(target: str) -> str:
    return target.upper()


def _summary(op: type[Op]) -> str:
    return " ".join((op.__doc__ or "").split())


def _group(target: str, keyword: str) -> str:
    found = support_json(builtin(target))["layers"]
    return str(next(group for group, names in found.items() if keyword in names))


def _entry(keyword: str, op: type[Op]) -> Iterator[str]:
    stated = op.stated
    yield _summary(op)
    yield ""
    if op.args:
        yield table(
            ("argument", "takes", "default", "meaning", "in Keras"), map(_argument(op), op.args)
        )
    else:
        yield "No arguments." + (" Two or more bodies in braces." if op.bodies else "")
    yield ""
    yield f"- **Reads** {stated.reads}."
    for condition, formula in stated.shapes:
        when = f" with `{condition}`" if condition else ""
        what = "the shape of what enters" if formula == "unchanged" else code(formula)
        yield f"- **Output**{when}: {what}"
    frozen = f", of which `{stated.frozen}` not trainable" if stated.frozen != "0" else ""
    yield f"- **Params**: {_formula(stated.params)}{frozen}"
    yield f"- **MACs**: {_formula(stated.macs)}"
    yield f"- **ST macc**: {_formula(stated.macc)}"
    for name in builtin_names():
        yield f"- **{_short(name)}**: {_tier(name, keyword)}"
    yield ""
    yield from _example(keyword, op)


def _formula(text: str) -> str:
    return "none" if text == "0" else code(text)


# --- arguments ---------------------------------------------------------------------------------


def _argument(op: type[Op]) -> Any:
    def row(name: str) -> tuple[str, ...]:
        arg = op.args[name]
        takes = arg.takes
        if arg.rounds:
            takes += ", rounded unless `exact`"
        default = "required" if arg.required else code(arg.show_default())
        if arg.filled:
            default += "; a stage supplies it"
        return code(name), takes, default, arg.doc, listed(keywords(op, name)) or "-"

    return row


def _values(arg: Arg[Any]) -> tuple[Any, Any]:
    """Two values that an argument may have."""
    if isinstance(arg, Choice):
        return arg.choices[0], arg.choices[-1]
    if isinstance(arg, Flag | Auto):
        return True, False
    if isinstance(arg, Real):
        return Fraction(1, 8), Fraction(1, 4)
    if isinstance(arg, Number | Bound):
        return Fraction(2), Fraction(3)
    if isinstance(arg, PerChannel):
        return (Fraction(1, 2),), (Fraction(1, 4),)
    if isinstance(arg, Window):
        return (3, 3), (5, 5)
    if isinstance(arg, Order):
        return (2, 1, 3), (3, 1, 2)
    if isinstance(arg, Stride):
        return (1, 1), (2, 2)
    if isinstance(arg, Extents):
        return (32 * 32 * 8,), (64, 16, 8)
    if isinstance(arg, Width):
        return 8, 16
    assert isinstance(arg, Count)
    return (2, 1) if arg.low else (0, 2)


def samples(op: type[Op], name: str) -> Iterator[Op]:
    """The operator with two values of one argument, all else alike."""
    # A 1x1 kernel hides its padding: kernels are given though they may have a default.
    given = {
        one: _values(arg)[0]
        for one, arg in op.args.items()
        if arg.required or isinstance(arg, Window)
    }
    for value in _values(op.args[name]):
        yield op(**{**given, name: value})


def keywords(op: type[Op], name: str) -> list[str]:
    """The arguments of the Keras layers that an argument of ours decides: what differs between
    the calls of two operators that differ in it alone."""
    entering = _entering(op)
    found: set[str] = set()
    for calls in zip(*(keras_calls(one, entering) for one in samples(op, name)), strict=False):
        first, second = ({a.keyword: a.value for a in call.arguments} for call in calls)
        one_class = calls[0].class_name == calls[1].class_name
        keys = {*first, *second} if one_class else first.keys() & second.keys()
        found |= {key for key in keys if first.get(key) != second.get(key)}
    return sorted(found)


def keras_calls(op: Op, *entering: Shape) -> list[KerasCall]:
    """The Keras layers that an operator is, in order."""
    made = run(op.parts(*entering), entering[0]) or [(op, entering, op.infer(*entering))]
    return [part.keras(output, *reads) for part, reads, output in made]


def _entering(op: type[Op]) -> Shape:
    return INPUT[-1:] if op.stated.reads == VECTOR else INPUT


# --- the device --------------------------------------------------------------------------------


def _tier(target: str, keyword: str) -> str:
    chosen = builtin(target)
    group = _group(target, keyword)
    if keyword in chosen.demanded.layers:
        return f"{GROUPS[group]}."
    says = GROUPS[group]
    if group == "by allow":
        says += f", `target {target}(allow = [{keyword}])`"
    whole = chosen.layer_tier(keyword)
    operators = [whole] if whole else []
    known = [f"it {tier.says} ({_source(tier.source)})" for tier in operators]
    for name in dict.fromkeys(alone(keyword)) if whole is None else ():
        tier = chosen.tier(name)
        if tier is None:
            known.append(f"of `{name}` no source says how it runs")
        else:
            known.append(f"`{name}` {tier.says} ({_source(tier.source)})")
    return "; ".join([says, *known]) + "."


def _source(source: Any) -> str:
    return f"[{source.confidence}](targets.md#how-the-device-treats-operators)"


def example(keyword: str) -> tuple[Network, list[Node]]:
    """The network of an operator's example, and the layers that the operator is in it."""
    made = network(spec(OPERATORS[keyword].stated.example))
    return made, last_of(keyword, made.graph)


def last_of(keyword: str, graph: Graph) -> list[Node]:
    """The layers that the last use of an operator is."""
    nodes = [node for node in graph.nodes[1:] if node.keyword == keyword]
    if nodes[-1].whole is None:
        return nodes[-1:]
    return [node for node in nodes if node.origin[:-1] == nodes[-1].origin[:-1]]


def spec(statements: str) -> str:
    return f"arch shown {{\n    input image: {shape_text(INPUT)}\n    head {{ {statements} }}\n}}\n"


def deployed(keyword: str) -> list[tuple[str, list[str]]]:
    """The int8 operators of an example that the operator has a part in, each with the other layers
    that have one."""
    made, nodes = example(keyword)
    names = {node.name for node in nodes}
    return [
        (step["operator"], [layer for layer in step["layers"] if layer not in names])
        for step in made.manifest["deployed"]["sequence"]
        if names.intersection(step["layers"])
    ]


def alone(keyword: str) -> list[str]:
    """The int8 operators that an operator becomes where nothing else takes it in."""
    op = OPERATORS[keyword]
    if op.bodies:
        return [operator for operator, _ in deployed(keyword)]
    given = {name: _values(arg)[0] for name, arg in op.args.items() if arg.required}
    texts = [f"{name} = {op.args[name].show(value)}" for name, value in given.items()]
    before = "" if _entering(op) == INPUT else "global_average_pool "
    call = f"{keyword}({', '.join(texts)})" if texts else keyword
    made = network(spec(before + call))
    names = {node.name for node in last_of(keyword, made.graph)}
    sequence = made.manifest["deployed"]["sequence"]
    return [step["operator"] for step in sequence if names.intersection(step["layers"])]


def _example(keyword: str, op: type[Op]) -> Iterator[str]:
    made, nodes = example(keyword)
    rows = {row["name"]: row for row in made.manifest["layers"]}
    inputs = made.graph.input_shapes(nodes[0])
    params, macs = (sum(rows[node.name][of] for node in nodes) for of in ("params", "macs"))
    macc = sum(node.op.stedgeai_macc(node.shape, *made.graph.input_shapes(node)) for node in nodes)
    yield fence("arch", op.stated.example)
    yield ""
    entered = " and ".join(map(tensor, inputs))
    becomes = "become" if inputs[1:] else "becomes"
    parts = [f"{entered} {becomes} {tensor(nodes[-1].shape)}"]
    parts += [f"{params:,} params", f"{macs:,} MACs", f"ST macc {macc:,}"]
    parts[0] = parts[0][0].upper() + parts[0][1:]
    yield f"{', '.join(parts)}. In Keras:"
    yield ""
    calls = [node.op.keras(node.shape, *made.graph.input_shapes(node)) for node in nodes]
    yield fence("python", "\n".join(map(call_text, calls)))
    yield ""
    steps, single = deployed(keyword), alone(keyword)
    if not steps:
        yield "In the int8 file nothing is left of it."
        return
    texts = []
    for operator, others in steps:
        texts.append(code(operator) + (f", shared with {listed(others)}" if others else ""))
    here = f"In the int8 file: {', '.join(texts)}"
    apart = (
        ""
        if single == [operator for operator, _ in steps] and not any(others for _, others in steps)
        else f"; by itself it is {listed(single)}"
    )
    yield f"{here}{apart}."


def tensor(extents: Shape) -> str:
    return shape_text(extents) if len(extents) > 1 else f"a vector of {extents[0]:,}"


def call_text(call: KerasCall) -> str:
    """The call of a Keras layer as generated modules write it, without name and regulariser."""
    arguments = [
        literal(one.value) if one.positional else f"{one.keyword}={literal(one.value)}"
        for one in call.arguments
    ]
    return f"layers.{call.class_name}({', '.join(arguments)})"
