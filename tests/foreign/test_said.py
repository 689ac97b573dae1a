"""All that is said of calls as other tools write them, kept as text in `data/said.txt`: what is
wrong, what to write instead, and what `--fix` makes of the line.

With `ARCHC_BLESS=1` set it is written; look at what changed.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from archc.diagnostics.fixes import applied
from archc.foreign import Found, entries, rows
from archc.ops.base import OPERATORS
from archc.sema.callees import FORMS, form, operator
from archc.sema.rewriting import aliases
from archc.syntax.grammar import keywords
from support.foreign_calls import VALUES, calls, compiled, errors, spec

KEPT = Path(__file__).parent / "data/said.txt"
NAME = re.compile(r"\W")
TOGETHER = 100
"""Lines of one spec."""

ODD = (
    *("Conv2D(8, 3.5)", "Conv2D(3x3, 8)", "Conv2D(0, 3)", "Conv2D(8, 3, 1, same)", "Conv2D(8, 64)"),
    *("Conv2D(8, kernel = 3, kernel_size = 5)", "Conv2d(3, 8, 3, padding = 1)", "Conv2D(8, 10000)"),
    *("Conv2D(16, (3), use_bias = False)", "Conv2D(8, use_bias = True)", "Conv2D(8, bias = 1)"),
    *("Conv2D(8, 3, activation = softplus)", "Conv2D(8, 3, activation = linear)", "Conv2D(-4)"),
    *("Conv2D(8, 3, activation = relu(6))", "Conv2D(8, 3, activation = None) { relu }", "Add()"),
    *("Conv2D(8, 3 # three\n, padding = same)", "Conv2D(8, # three\n 3, activation = relu)"),
    *("Add { relu } { }", "Concatenate(axis = 3) { relu } { }", "Linear(16, 10)", "Linear(10)"),
    *("Linear(in_features = 8)", "Linear(10, True)", "Activation(relu)", "Activation(softmax)"),
    *("Activation(nonsense)", "Activation(8)", "SeparableConv2D(32, 3)", "SeparableConv2D(9)"),
    *("SeparableConv2D(filters = 12)", "SeparableConv2D(1)", "None", "null", "Undefined(3)"),
    *("conv(8, filters = 3)", "max_pool(2, 2, 2)"),
    *("convs(8)", "conv_(8)", "CONV(8)", "con(8)", "xyzzy", "relu66", "RELU6", "Relus", "conv2d3"),
    *("dense(10, activation = softmax)", "dense(10, norm = batch)", "conv(8, norm_layer = bn)"),
    *("conv(8, Kernel = 3x3)", "conv(8, kernels = 3x3)", "conv(1, krnel = 3)"),
    *("conv(8, activation = relu6) ", "conv(8, activation = nonsense)", "conv(8, bias = None)"),
    *("conv(8, padding = Same)", "conv(8, padding = VALID)", "conv(8, padding = sme)"),
    *("conv(8, padding = full)", "conv(8, padding = None)", "conv(8, padding = channels)"),
    *("conv(8, bias = True)", "conv(8, bias = tru)", "conv(8, bias = yes)", "conv(int(8.5))"),
    *("conv(trunc(8))", "conv(sqrt(8))", "conv(make_divisible(8, 4))", "conv(float(8))"),
    *("conv(ceiling(8.5))", "conv(cel(8.5))", "conv(nonsense(8))", "conv(nonsense)", "conv(None)"),
    *("reshape(None x 8)", "conv(8, nil x 3)", "conv(maxx(8, 4))", "conv(in.chanels)"),
    *("conv(in.depth)", "conv(repeat.idx)", "upsample(2, interpolation = linear)"),
    *("skip(x = true)", "skip(requires = true) { conv(8) }"),
    *("gates { conv(8) }", "Residual { conv(8) }", "els { }"),
    *("conv(units = 8)", "dense(channels = 8)", "batchnorm(eps = 0.5)", "batchnorm(training = 1)"),
    *("layernorm(normalized_shape = 8)", "dropout(p = 0.5)", "max_pool(pool_size = 2)", ),
)  # fmt: skip
"""Calls that are wrong in other ways."""


def lines() -> list[str]:
    """Every call that is kept, once."""
    found = [*ODD]
    firsts: dict[tuple[str, object], Found] = {}
    for one in entries():
        if one.name not in keywords():
            firsts.setdefault((one.tool, id(one.row)), one)
    for one in firsts.values():
        found += foreign(one)
    for keyword in OPERATORS:
        target = operator(OPERATORS[keyword])  # type: ignore[arg-type]
        found += [f"{keyword}({name} = 2)" for name in aliases(target)]
        found += misspelt(keyword)
    for name in FORMS:
        found += [f"{name}({alias} = 2) {{ }}" for alias in aliases(form(name))]
    return list(dict.fromkeys(found))


def foreign(one: Found) -> Iterator[str]:
    """Calls of another tool's name, the most of them that its parameters allow."""
    if one.row.kind != "same":
        yield from (one.name, f"{one.name}(32)")
        return
    typical = [call.text for call in calls(one)]
    yield from (typical[0], typical[-1])
    for parameter in (one.row.takes or ())[::-1]:
        if parameter.ours is None or parameter.unlike or parameter.ours not in VALUES:
            yield f"{one.name}({parameter.name} = relu)"
            break
    yield f"{one.name}({', '.join(['8'] * (len(one.row.takes or ()) + 1))})"
    yield from misspelt(one.name)[:1]


def misspelt(name: str) -> list[str]:
    middle = len(name) // 2
    return [name[:middle] + name[middle + 1 :], name[:middle] + "z" + name[middle:]]


def told(calls_: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each call of one spec with what is said of it."""
    head, tail = spec("\n\0\n").split("\0")
    text = head + "\n".join(calls_) + tail
    found = [one for one in errors(compiled(text)) if one.span is not None]
    start = len(head)
    for call in calls_:
        said = [call.replace("\n", " / ")]
        for one in found:
            if one.span is None or not start <= one.span.start <= start + len(call):
                continue
            said += [f"    {one.code}: {one.message}", f"        {one.help}"]
            if one.edits:
                fixed = applied(one.span.source, [one])
                end = start + len(call) + len(fixed) - len(text)
                said.append(f"        → {fixed[start:end]}".replace("\n", " / "))
        yield call, said
        start += len(call) + 1


def specs() -> list[list[str]]:
    """The calls of each spec: each name once, since what is said of a name is said once."""
    found: list[dict[str, str]] = []
    for call in lines():
        name = NAME.split(call)[0]
        place = next((s for s in found if name not in s and len(s) < TOGETHER), None)
        if place is None:
            found.append(place := {})
        place[name] = call
    return [list(one.values()) for one in found]


SPECS = specs()


def kept() -> dict[str, list[str]]:
    """What is kept of each call."""
    found: dict[str, list[str]] = {}
    for line in KEPT.read_text("utf-8").splitlines() if KEPT.exists() else ():
        if not line.startswith("    "):
            found[line] = own = []
        own.append(line)
    return found


@pytest.mark.parametrize("number", range(len(SPECS)))
def test_what_is_said_is_kept(number: int) -> None:
    said = {own[0]: own for _, own in told(SPECS[number])}
    known = kept()
    if os.environ.get("ARCHC_BLESS"):
        every = [call.replace("\n", " / ") for call in lines()]
        order = [call for call in every if call in known or call in said]
        text = "".join(f"{line}\n" for call in order for line in (known | said)[call])
        KEPT.write_text(text, "utf-8")
    else:
        assert said == {call: known.get(call) for call in said}


def test_every_row_is_among_them() -> None:
    text = KEPT.read_text("utf-8")
    for row in rows():
        names = [name for _, name in row.names if name not in keywords()]
        assert not names or any(f"\n{name}" in f"\n{text}" for name in names), row
