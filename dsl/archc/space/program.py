"""From forms to code: a straight line of whole numbers that runs on arrays and on plain integers.

The text is made of indices and numbers alone; nothing of a spec's text is in it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from archc.space.atoms import LARGEST, Form, Guard, forms
from archc.space.trace import Trace

LONG, NEAR = 4, 12
"""Terms from which a sum is kept for others like it, and among how many of these one is looked for.
"""

Code = Callable[..., tuple[Any, ...]]


class Program:
    """Guards and figures of one class as functions of its axes.

    Each takes the axes by name (whole numbers `k`, see `symbolic.Axis`), functions for the maximum
    of two and for the sum of distinct ones, and the planners of arenas in the order of `plans`.
    """

    def __init__(self, trace: Trace, guards: Sequence[Guard], figures: Sequence[Form]) -> None:
        self.plans: list[int] = []
        """The atoms that are plans."""
        self.guards, self._wide_guards = self._compile(trace, guards, ())
        self.figures, self._wide_figures = self._compile(trace, (), figures)
        self.wide = self._wide_guards or self._wide_figures
        """Whether something may not fit an int64, so that arrays hold Python's integers."""

    def _compile(
        self, trace: Trace, guards: Sequence[Guard], figures: Sequence[Form]
    ) -> tuple[Code, bool]:
        writer = _Writer(trace, self.plans)
        results = [f"{writer.form(guard.form)}{guard.kind}0" for guard in guards]
        results += [writer.form(form) for form in figures]
        text = writer.function(results)
        made: dict[str, Any] = {}
        exec(compile(text, "<program>", "exec"), made)
        return made["run"], writer.wide


class _Writer:
    """Writes the lines that compute atoms, each once."""

    def __init__(self, trace: Trace, plans: list[int]) -> None:
        self.trace, self.plans = trace, plans
        self.lines: list[tuple[str, str]] = []
        """(variable, expression)"""
        self.wide = False
        self._sums: list[tuple[Form, str]] = []
        self._variables: dict[object, str] = {}

    def function(self, results: Sequence[str]) -> str:
        last: dict[str, int] = {}
        words = [_words(expression) for _, expression in self.lines]
        for place, used in enumerate(words):
            last.update(dict.fromkeys(used, place))
        kept = _words(" ".join(results))
        text = ["def run(P, M, D, plans):"]
        for place, (name, expression) in enumerate(self.lines):
            text.append(f" {name}={expression}")
            dead = [each for each in words[place] if last[each] == place and each not in kept]
            if dead:
                text.append(f" del {','.join(dead)}")
        text.append(f" return ({''.join(f'{result},' for result in results)})")
        return "\n".join(text)

    def _line(self, key: object, expression: str) -> str:
        name = self._variables[key] = f"v{len(self.lines)}"
        self.lines.append((name, expression))
        return name

    def form(self, form: Form) -> str:
        """An expression for a form; a sum stands in brackets."""
        if len(form.terms) >= LONG:
            return self._long(form)
        return self._short(form, "")

    def _long(self, form: Form) -> str:
        """The variable of a sum of many terms, made from a similar one where there is one."""
        key = ("sum", form)
        if key in self._variables:
            return self._variables[key]
        best, base, terms = form, "", dict(form.terms)
        for other, name in self._sums[-NEAR:]:
            factors = dict(terms)
            for atom, factor in other.terms:
                factors[atom] = factors.get(atom, 0) - factor
            left = tuple([(atom, factor) for atom, factor in factors.items() if factor])
            if len(left) + 1 < len(best.terms):
                best, base = Form(left, form.constant - other.constant), name
        name = self._line(key, self._short(best, base))
        self._sums.append((form, name))
        return name

    def _short(self, form: Form, base: str) -> str:
        trace = self.trace
        bound = abs(form.constant)
        parts = [f"+{base}"] if base else []
        for index, factor in sorted(form.terms, key=lambda entry: entry[1] < 0):
            atom = trace.atoms[index]
            bound += abs(factor) * atom.most
            name = self.atom(index)
            sign = "-" if factor < 0 else "+"
            parts.append(f"{sign}{name}" if abs(factor) == 1 else f"{sign}{abs(factor)}*{name}")
        self.wide |= bound >= LARGEST
        if form.constant or not parts:
            parts.append(f"{form.constant:+d}")
        text = "".join(parts).removeprefix("+")
        return text if len(parts) == 1 and text[0] != "-" else f"({text})"

    def atom(self, index: int) -> str:
        """The variable that holds an atom."""
        if index in self._variables:
            return self._variables[index]
        atom = self.trace.atoms[index]
        if atom.kind == "product":
            name = self._variables[index] = self._product(atom.args)
            return name
        return self._line(index, self._expression(index))

    def _expression(self, index: int) -> str:
        atom = self.trace.atoms[index]
        if atom.kind == "axis":
            return f"P[{atom.args[0]!r}]"
        if atom.kind == "plan":
            self.plans.append(index)
            place = len(self.plans) - 1
            return f"plans[{place}]([{','.join(map(self.form, atom.args[0]))}])"
        parts = [self.form(form) for form in forms(atom)]
        if atom.kind == "quotient":
            over = atom.args[1]
            shift = over.bit_length() - 1
            return f"{parts[0]}>>{shift}" if over == 1 << shift else f"{parts[0]}//{over}"
        if atom.kind == "divided":
            return f"{parts[0]}//M({parts[1]},1)"  # of other classes it may be 0
        if atom.kind == "distinct":
            return f"D([{','.join(parts)}])"
        if atom.kind == "below":
            return f"({parts[0]}<0)*1"
        text = parts[0]
        for part in parts[1:]:
            text = f"M({text},{part})"
        return text

    def _product(self, factors: tuple[Form, ...]) -> str:
        """The variable of a product; what several products begin with is computed once."""
        if len(factors) == 1:
            name = self.form(factors[0])
            return name if name.isidentifier() else self._sum(factors[0], name)
        if factors in self._variables:
            return self._variables[factors]
        bound = 1
        for factor in factors:
            bound *= max(map(abs, self.trace.bounds(factor)))
        self.wide |= bound >= LARGEST
        return self._line(factors, f"{self._product(factors[:-1])}*{self._product(factors[-1:])}")

    def _sum(self, form: Form, expression: str) -> str:
        key = ("sum", form)
        return self._variables[key] if key in self._variables else self._line(key, expression)


def _words(expression: str) -> set[str]:
    """The variables in an expression."""
    words: set[str] = set()
    for part in _split(expression):
        if part.startswith("v") and part[1:].isdigit():
            words.add(part)
    return words


def _split(text: str) -> Iterable[str]:
    for mark in "()[]+-*/<>=, ":
        text = text.replace(mark, " ")
    return text.split()
