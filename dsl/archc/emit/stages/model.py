"""The model, an arch with its parameters bound, as text and as plain data."""

from typing import Any

from archc.diagnostics.text import shape_text
from archc.emit.manifest import parameter_text
from archc.emit.stages.rows import Row, at
from archc.emit.stages.syntax import described, named_at
from archc.plain import picked
from archc.sema.callees import Bad, Callee
from archc.sema.model import BudgetRequest, Model
from archc.syntax import ast
from archc.values import show


def _limit(budget: BudgetRequest) -> str:
    return f"{budget.limit:,}" if isinstance(budget.limit, int) else show(budget.limit)


def model_rows(model: Model) -> list[Row]:
    """What an arch is once its parameters are bound, and where each value was set."""
    base = f", from `{model.base}`" if model.base else ""
    rows = [Row(model.declared.span, 0, f"arch {model.name}{base}", True)]
    for name, given in model.parameters:
        rows.append(Row(given.span, 1, f"{name} = {_value(given.value)}"))
    for entry, shape in model.inputs:
        rows.append(Row(entry.span, 1, f"input {entry.text}: {shape_text(shape or ())}"))
    keep = show(model.rounding.keep)
    rows.append(Row(None, 1, f"rounding divisor = {model.rounding.divisor}, keep = {keep}"))
    if model.target:
        target = _target(model)
        said = [f"allow = [{', '.join(target['allow'])}]"] if target["allow"] else []
        said += [f"{name} = {target[name]}" for name in ("io", "board", "build") if target[name]]
        called = f"({', '.join(said)})" if said else ""
        rows.append(Row(model.target.name.span, 1, f"target {target['name']}{called}"))
    for budget in model.budgets:
        rows.append(Row(budget.name.span, 1, f"require {budget.name.text} <= {_limit(budget)}"))
    for member in model.arch.members:
        if isinstance(member, ast.Stage | ast.Head | ast.Output):
            rows.append(Row(named_at(member), 1, described(member).split("  #")[0]))
    return rows


def _value(value: object) -> str:
    """The text of a parameter's value; what was reported as faulty is a question mark."""
    if isinstance(value, Bad):
        return "?"
    if isinstance(value, Callee) and value.kind != "braces" and value.bound:
        bound = (f"{name} = {_value(given.value)}" for name, given in value.bound.items())
        return f"{value.name}({', '.join(bound)})"
    return parameter_text(value)


def _target(model: Model) -> dict[str, Any]:
    target = model.target
    assert target is not None
    return {
        "name": target.name.text,
        "allow": [name.text for name in target.allow],
        **{key: (name := getattr(target, key)) and name.text for key in ("io", "board", "build")},
        "at": at(target.name.span),
    }


def model_data(model: Model) -> dict[str, Any]:
    """The same as plain data."""
    return {
        **picked(model, "name base"),
        "at": at(model.declared.span),
        "parameters": [
            {"name": name, "value": _value(given.value), "at": at(given.span)}
            for name, given in model.parameters
        ],
        "inputs": [
            {"name": name.text, "shape": list(shape or ()), "at": at(name.span)}
            for name, shape in model.inputs
        ],
        "rounding": {"divisor": model.rounding.divisor, "keep": show(model.rounding.keep)},
        "target": _target(model) if model.target else None,
        "budgets": [
            {
                "name": one.name.text,
                "limit": one.limit if isinstance(one.limit, int) else show(one.limit),
                "at": at(one.name.span),
            }
            for one in model.budgets
        ],
        "stages": [
            {"text": described(one).split("  #")[0], "at": at(one.span)}
            for one in model.arch.members
            if isinstance(one, ast.Stage | ast.Head | ast.Output)
        ],
    }
