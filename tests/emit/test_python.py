"""The printer: every value through one function, every line as ruff leaves it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.emit.python import (
    WIDTH,
    call,
    comment,
    constant,
    define,
    docstring,
    identifier,
    interpolated,
    literal,
    merge,
)

plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(plain, lambda inner: st.lists(inner).map(tuple), max_leaves=8)


@given(values)
def test_a_literal_reads_back_as_the_value(value: object) -> None:
    text = literal(value)
    assert ast.literal_eval(text) == value
    assert repr(ast.literal_eval(text)) == repr(value)
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_floats_without_a_literal_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a literal"):
        literal(value)


@pytest.mark.parametrize("value", [[1], {1: 2}, b"x", object(), 1j, ([1],)])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no literal"):
        literal(value)


@pytest.mark.parametrize("name", ["", "a b", "1a", "a-b", "class", "None", "é", "a\n", "a;b"])
def test_only_identifiers_are_identifiers(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        identifier(name)


@pytest.mark.parametrize("part", ["{x}", '"', "\\", "a b", "é", "\n"])
def test_a_layer_name_cannot_leave_its_string(part: str) -> None:
    with pytest.raises(ValueError, match="part of a layer"):
        interpolated("", "name", part)


@given(st.text())
def test_comments_and_docstrings_hold_any_text(text: str) -> None:
    line = comment("source:", text)
    assert line.isascii()
    assert line.isprintable()
    assert line.startswith("# source:")
    assert "#" not in line[1:]
    quoted = docstring(text)
    assert quoted.isascii()
    assert quoted.isprintable()
    (statement,) = ast.parse(quoted).body
    assert isinstance(statement, ast.Expr)
    assert ast.literal_eval(statement.value) == text


def _every_fit() -> str:
    """Statements of every kind whose lengths cross the width, one column at a time."""
    lines: list[str] = []
    for size in range(1, WIDTH + 30, 1):
        lines.extend(["", "", *define(f"f{size}", ["x", "a" * size, "b", "name"])])
        name = literal("n" * size)
        for indent in (4, 8):
            if indent == 8:
                lines.append("    for repeat in range(2, 4):")
            for arguments in (
                [f"name={name}"],
                ["32", "3", "use_bias=False", f"name={name}"],
                ["32", "3", "use_bias=False", 'padding="same"', "alpha=beta", f"name={name}"],
                ["0.5 if dropout is None else dropout", f"name={name}"],
                ["(2147483647, 2147483647, 2147483647, 2147483647)", f"name={name}"],
            ):
                lines.extend(call(indent, "x", "layers.Conv2D", arguments, "x"))
                lines.extend(call(indent, "shortcut_2", "layers.Conv2D", arguments, "branch_1"))
                lines.extend(call(indent, "x", "some_block", ["x", *arguments]))
            for count in (2, 3, 6, 12):
                operands = [f"branch_{n}" for n in range(count)]
                lines.extend(merge(indent, "x", "layers.Add", [f"name={name}"], operands))
        lines.append("    return x")
    for size in range(1, WIDTH + 30):
        lines.extend(["", "", *define("g" * size, ["x", "name"]), "    return x"])
    lines.extend(["", ""])
    for size in range(1, WIDTH + 30):
        lines.extend(constant(f"NAME_{size}", "n" * size))
        lines.extend(constant(f"SHAPE_{size}", (10**size, 10)))
        lines.extend(constant(f"VECTOR_{size}", (10**size,)))
    return "\n".join(lines) + "\n"


def test_lines_are_fitted_as_ruff_does(tmp_path: Path) -> None:
    file = tmp_path / "fit.py"
    file.write_text(_every_fit().lstrip("\n"))
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--diff"]
    done = subprocess.run([*ruff, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
