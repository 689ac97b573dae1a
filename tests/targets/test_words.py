"""A target's words stand in its file: for specs, for Keras models, and nowhere else."""

import ast
import re
from pathlib import Path

import pytest

import archc
from archc.ops.base import OPERATORS
from archc.targets.builtin import builtin, builtin_names
from archc.targets.model import Rule, Target
from support.checking import compiled

PACKAGE = Path(archc.__file__).parent
RULES = [
    pytest.param(builtin(name), rule, id=f"{name}/{rule.name}")
    for name in builtin_names()
    for rule in builtin(name).rules
]


def texts(path: Path) -> list[str]:
    """The texts of a module that are not documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    ]


def test_no_code_that_judges_names_a_target() -> None:
    """What runs ST's own tool may: it is that chip's."""
    folders = ("analysis", "editor", "emit", "foreign", "ops", "sema", "targets", "models")
    paths = [path for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    assert len(paths) > 100
    named = {
        path.relative_to(PACKAGE).as_posix()
        for path in paths
        if any(re.search("stm32n6", text, re.IGNORECASE) for text in texts(path))
    }
    assert {name for name in named if not name.startswith("models/stedgeai/")} == set()


@pytest.mark.parametrize(("target", "rule"), RULES)
def test_how_to_allow_is_said_in_the_words_of_who_asks(target: Target, rule: Rule) -> None:
    """A spec is told to write `allow = [...]`, a program to pass it."""
    for text in (rule.remedy, rule.model_remedy):
        assert not re.search(r"allow `|allow=|target \{target\}|io=", text or ""), "use the fields"
    name = "softmax" if rule.by_operator else None
    spec = target.values(rule, name)
    model = target.values(rule, name, model="python")
    assert "pass" in model["allow"]
    assert f'"{name or rule.name}"' in model["allow"]
    assert "target" not in model["int8"]
    assert "pass" not in spec["allow"]
    if rule.overrule or rule.by_operator:
        assert "{allow}" in (rule.remedy or "")


def test_classes_of_tiers_are_not_operators_of_the_language() -> None:
    for name in builtin_names():
        for tier in builtin(name).tiers:
            assert not set(tier.classes) & {op.__name__ for op in OPERATORS.values()}


def test_what_is_allowed_already_is_not_to_be_written_otherwise() -> None:
    """The target's other way stands before the remedy of what has to be allowed, nowhere else."""
    text = "arch a {{ target stm32n6{} input image: 8x8x8 head {{ conv(8) hard_swish }} }}"
    helps = [
        next(d.help for d in compiled(text.format(allow)).diagnostics if "/operator" in d.code)
        for allow in ("", "(allow = [hard_swish])")
    ]
    assert helps[0].startswith("write `gate { sigmoid }`")
    assert helps[1].startswith("confirm with `stedgeai")
