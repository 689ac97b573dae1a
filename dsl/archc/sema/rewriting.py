"""A call as another tool writes it, written in the language: names, arguments, defaults."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from archc.diagnostics.model import Edit
from archc.foreign import Parameter, Row, arguments, lookup, rows
from archc.limits import DEFAULT_LIMITS
from archc.ops.arguments import Auto, Flag, OpError, Width, Window
from archc.ops.base import OPERATORS
from archc.sema.callees import Callee
from archc.source import Span
from archc.syntax import ast
from archc.syntax.numbers import BYTE_UNITS, literal, split_unit
from archc.values import Size, Symbol

ACTIVATIONS = (
    "activation",
    "act",
    "act_layer",
    "activation_fn",
    "activation_layer",
    "nonlinearity",
)
NO_ACTIVATION = ("None", "none", "linear", "null")


class Written(NamedTuple):
    """A call as it stands in the text."""

    name: ast.Name
    arguments: tuple[ast.Argument, ...]
    end: int
    """Where its arguments end."""
    bodies: int
    statement: bool

    @classmethod
    def of_call(cls, call: ast.Call) -> "Written":
        text = call.span.source.text
        end = call.bodies[0].span.start if call.bodies else call.span.end
        end = len(text[:end].rstrip())
        return cls(call.name, call.arguments, end, len(call.bodies), True)

    @classmethod
    def of_reference(cls, reference: ast.Reference) -> "Written":
        given = reference.arguments or ()
        return cls(reference.name, given, reference.span.end, 0, False)


class Rewritten(NamedTuple):
    """The same call in the language, or why there is none that is certain."""

    text: str | None = None
    edits: tuple[Edit, ...] = ()
    refused: str = ""
    """Completes "it is called `conv` here; ..."."""
    impossible: bool = False
    """Whether the call cannot have been meant so: a size for a number of channels."""
    notes: tuple[str, ...] = ()
    renamed: bool = False
    """Whether nothing changes but its name."""

    def told(self, shown: str, ours: str) -> str:
        """The help line: what to write and why that is what was meant."""
        if self.renamed:
            return f"it is called `{ours}` here"
        why = f" ({'; '.join(self.notes)})" if self.notes else ""
        return f"{shown} is `{ours}` here: write `{self.text}`{why}"


class _Refused(Exception):
    def __init__(self, why: str, impossible: bool = False) -> None:
        super().__init__(why)
        self.why, self.impossible = why, impossible


class _Part(NamedTuple):
    """An argument of the new call."""

    ours: str
    value: str
    given: ast.Argument | None

    def text(self, by_place: bool) -> str:
        return self.value if by_place else f"{self.ours} = {self.value}"


def rewritten(written: Written, target: Callee, row: Row) -> Rewritten:
    """A call of another tool's operator as one of ours.

    Args:
        written: the call.
        target: what it is here.
        row: what is known of the name.
    """
    try:
        return _Call(written, target, row).rewritten()
    except _Refused as refused:
        return Rewritten(refused=refused.why, impossible=refused.impossible)


class _Call:
    def __init__(self, written: Written, target: Callee, row: Row) -> None:
        self.written, self.target = written, target
        self.slots = [slot.name for slot in target.slots]
        self.types: dict[str, Any] = target.target.args if target.kind == "operator" else {}
        own = tuple(Parameter(slot, slot) for slot in self.slots)
        self.takes = own if row.takes is None else row.takes
        self.notes: list[str] = []
        self.after = ""
        """An activation that becomes a statement of its own."""
        self.changed = False
        """Whether arguments were left out or added."""

    def rewritten(self) -> Rewritten:
        written, target = self.written, self.target
        low = target.bodies[0]
        if low > written.bodies:
            raise _Refused(
                f"write `{target.name}" + " { ... }" * low + "`, a brace for each branch"
            )
        parts = [part for part in map(self.part, self.parameters()) if part is not None]
        parts += self.defaults(parts)
        given = [part.ours for part in parts]
        for slot in target.slots:
            if slot.required and not slot.filled and slot.name not in given:
                takes = self.types[slot.name].takes if slot.name in self.types else "a value"
                raise _Refused(f"it needs `{slot.name}`, {takes}")
            if given.count(slot.name) > 1:
                raise _Refused(f"`{slot.name}` is given twice")
        texts = list(self.ordered(parts))
        inside = f"({', '.join(texts)})" if texts else ""
        text = f"{target.name}{inside}{self.after}"
        return Rewritten(
            text, tuple(self.edits(parts, texts, text)), notes=tuple(self.notes),
            renamed=not self.changed and texts == [a.span.text for a in written.arguments],
        )  # fmt: skip

    def parameters(self) -> Iterator[tuple[ast.Argument, Parameter]]:
        """The arguments, each with the foreign parameter that it is for."""
        by_name = {parameter.name: parameter for parameter in self.takes}
        also = aliases(self.target)
        places = [one for one in self.written.arguments if one.name is None]
        skipped = int(len(places) == 1 and self.starts_with_what_enters())
        for place, argument in enumerate(self.written.arguments, skipped):
            if argument.name is None:
                if place >= len(self.takes):
                    raise _Refused("it takes fewer arguments", impossible=True)
                yield argument, self.takes[place]
                continue
            name = argument.name.text
            if name in by_name:
                yield argument, by_name[name]
            elif name in self.slots:
                yield argument, Parameter(name, name)
            elif also.get(name, (None, ""))[0] is not None:
                yield argument, Parameter(name, also[name][0])
            elif name in ACTIVATIONS:
                yield argument, Parameter("activation")
            else:
                why = also.get(name, (None, ""))[1]
                raise _Refused(f"of `{name}`: {why}" if why else f"nothing here takes `{name}`")

    def starts_with_what_enters(self) -> bool:
        """Whether the tool wants what enters before what leaves: `Linear(in, out)`. One number
        alone is then what leaves, since the other one is known here."""
        if len(self.takes) < 2 or self.takes[0].ours != "":
            return False
        return any(slot.name == self.takes[1].ours and slot.required for slot in self.target.slots)

    def part(self, given: tuple[ast.Argument, Parameter]) -> _Part | None:
        argument, parameter = given
        if parameter.name == "activation" and parameter.ours is None:
            self.activate(argument)
            return None
        if parameter.ours is None:
            raise _Refused(f"nothing here takes `{parameter.name}`")
        if parameter.unlike:
            raise _Refused(f"its `{parameter.name}` is not the `{parameter.ours}` of here")
        if not parameter.ours:
            self.changed = True
            if parameter.name.startswith(("in_", "num_")):
                self.notes.append("the channels that enter are known")
            return None
        return _Part(parameter.ours, self.value(parameter.ours, argument.value), argument)

    def activate(self, argument: ast.Argument) -> None:
        """Take an activation that is given as an argument for the statement that it is here."""
        self.changed = True
        value = argument.value
        if not isinstance(value, ast.Reference) or value.arguments is not None:
            raise _Refused("activations are separate statements")
        name = value.name.text
        if name in NO_ACTIVATION:
            return
        ours = activation(name)
        if ours is None or not self.written.statement or self.written.bodies:
            raise _Refused(f"activations are separate statements, such as `{ours or name}`")
        self.after = f" {ours}"
        self.notes.append("activations are separate statements")

    def defaults(self, parts: list[_Part]) -> Iterator[_Part]:
        """What the other tool does where an argument is left out, if it differs from ours."""
        given = {part.ours: part.value for part in parts}
        for parameter in self.takes:
            if parameter.default is None or not parameter.ours or parameter.ours in given:
                continue
            if parameter.beside and given.get(parameter.beside, "1x1").strip() in ("1", "1x1"):
                continue
            if parameter.default == "?":
                raise _Refused(f"give its `{parameter.ours}`")
            self.changed = True
            self.notes.append(f"`{parameter.ours} = {parameter.default}` is its default there")
            yield _Part(parameter.ours, parameter.default, None)

    def ordered(self, parts: list[_Part]) -> Iterator[str]:
        """The texts of the arguments: by place as long as the places agree, then by name."""
        by_place = True
        for place, part in enumerate(parts):
            named = part.given is not None and part.given.name is not None
            fits = place < len(self.slots) and self.slots[place] == part.ours
            added = part.given is None and not (fits and self.target.slots[place].required)
            by_place = by_place and fits and not named and not added
            yield part.text(by_place)

    def edits(self, parts: list[_Part], texts: list[str], text: str) -> Iterator[Edit]:
        """The edits of the text; none where they would lose a comment."""
        name = self.written.name
        source = name.span.source
        whole = Span(source, name.span.start, self.written.end)
        if self.changed:
            if "#" not in whole.text:
                yield Edit(whole, text)
            return
        yield Edit(name.span, self.target.name)
        for part, new in zip(parts, texts, strict=True):
            if part.given is not None and part.given.span.text != new:
                yield Edit(part.given.span, new)

    def value(self, slot: str, value: ast.Expression) -> str:
        """The text of a value as our argument takes it.

        Raises:
            _Refused: it is a literal that the argument does not take.
        """
        text, argument = value.span.text, self.types.get(slot)
        if argument is None:
            return text
        if isinstance(argument, Flag | Auto) and text in ("True", "False"):
            return text.lower()
        if isinstance(argument, Window) and re.fullmatch("[0-9]{1,4}", text):
            return f"{text}x{text}"
        known = _literal(value)
        if known is None:
            return text
        fits = isinstance(known, Fraction) and known > 0
        if not isinstance(argument, Width):
            try:
                argument.parse(known)
                fits = True
            except OpError:
                fits = False
        if not fits:
            raise _Refused(f"`{slot}` takes {argument.takes}, not `{text}`", impossible=True)
        return text


def _literal(value: ast.Expression) -> object | None:
    """The value of a number or a size of numbers, or a choice; None of anything else."""
    if isinstance(value, ast.Number):
        if split_unit(value.text)[1] in BYTE_UNITS:
            return None
        return literal(value.text, value.span, DEFAULT_LIMITS)
    if isinstance(value, ast.Operation) and set(value.operators) == {"x"}:
        extents = [_literal(one) for one in value.operands]
        whole = tuple(one for one in extents if isinstance(one, Fraction))
        return Size(whole) if len(whole) == len(extents) else None
    if isinstance(value, ast.Reference) and value.name.text in ("true", "false"):
        return value.name.text == "true"
    if isinstance(value, ast.Reference) and value.arguments is None:
        return Symbol(value.name.text) if value.name.text in ("same", "valid") else None
    return None


def activation(name: str) -> str | None:
    """The activation here that every tool means by a name without arguments, if there is one."""
    if name in OPERATORS:
        return name
    entries, _ = lookup(name)
    ours = {entry.row.ours for entry in entries if entry.row.kind == "same"}
    plain = all(
        entry.row.kind == "same" and not any(one.default for one in entry.row.takes or ())
        for entry in entries
    )
    return ours.pop() if len(ours) == 1 and plain else None


@cache
def _aliases(name: str) -> dict[str, tuple[str | None, str]]:
    found: dict[str, set[str | None]] = {}
    for row in rows():
        if row.kind == "same" and row.ours == name:
            for one in row.takes or ():
                found.setdefault(one.name, set()).add(one.ours if not one.unlike else None)
    whys: dict[str, str] = {}
    for table in arguments():
        if name in table.of:
            for ours, spellings in table.same.items():
                for spelling in spellings:
                    found.setdefault(spelling, set()).add(ours)
            whys |= table.unlike
    certain: dict[str, tuple[str | None, str]] = {}
    for spelling, meanings in found.items():
        only = next(iter(meanings)) if len(meanings) == 1 else None
        certain[spelling] = (only or None, "")
    return certain | {spelling: (None, why) for spelling, why in whys.items()}


def aliases(target: Callee) -> dict[str, tuple[str | None, str]]:
    """What an argument is called elsewhere, with its name here, or None and what to do instead."""
    return _aliases("stage" if target.kind == "stage" else target.name)
