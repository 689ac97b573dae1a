"""What generated Python may consist of: an allow-list over its syntax tree."""

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

NODES = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.Expr, ast.Constant, ast.Assign,
    ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.For, ast.Call, ast.keyword, ast.Name,
    ast.Attribute, ast.Tuple, ast.List, ast.JoinedStr, ast.FormattedValue, ast.IfExp, ast.Compare,
    ast.Is, ast.BinOp, ast.BitOr, ast.Load, ast.Store, ast.Dict, ast.Subscript,
    ast.UnaryOp, ast.USub,
)  # fmt: skip
MODULES = {
    "keras": {"Input", "Model", "layers", "regularizers"},
    "regularizers": {"L2"},
}
"""Attributes of modules, those of `layers` aside: they are the classes in the manifest."""
GIVEN = {"keras", "layers", "regularizers", "range", "float", "str"}
"""Names that a module may use without defining them."""
CHOICES = {"same", "nearest", "bilinear"}
"""Texts other than names of layers and Keras' names of activations."""
LAYER = re.compile(r"[A-Za-z_0-9]*")


def outside(text: str, classes: Iterable[str]) -> list[str]:
    """What in a generated module is not on the allow-list; empty if all is.

    Args:
        text: the module.
        classes: Keras layer classes that its manifest names.
    """
    return list(_outside(text, set(classes)))


def _outside(text: str, classes: set[str]) -> Iterator[str]:
    if not text.isascii():
        yield "characters outside ASCII"
    tree = ast.parse(text)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    bound = defined | GIVEN
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    for name in bound - GIVEN:
        if name in dir(builtins) or name.startswith("__"):
            yield f"a definition of {name}"
    for node in ast.walk(tree):
        where = f"line {getattr(node, 'lineno', '?')}: "
        if not isinstance(node, NODES):
            yield f"{where}{type(node).__name__}"
        elif isinstance(node, ast.Import):
            if [alias.name for alias in node.names] != ["keras"] or node.names[0].asname:
                yield f"{where}an import"
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            if node.module != "keras" or node.level or names - {"layers", "regularizers"}:
                yield f"{where}an import"
        elif isinstance(node, ast.Attribute):
            allowed = dict(MODULES, layers=classes - {"InputLayer"})
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr not in allowed.get(base, set()):
                yield f"{where}attribute {node.attr}"
        elif isinstance(node, ast.Subscript):
            if ast.unparse(node.value) != "INPUT_SHAPES" or not isinstance(
                node.slice, ast.Constant
            ):
                yield f"{where}subscript"
        elif isinstance(node, ast.Name) and node.id not in bound:
            yield f"{where}name {node.id}"
        elif isinstance(node, ast.Call):
            yield from _call(node, defined, where)
        elif isinstance(node, ast.Constant):
            if type(node.value) not in (int, float, str, bool, type(None)):
                yield f"{where}constant {node.value!r}"
        elif isinstance(node, ast.FunctionDef):
            if node.decorator_list or not node.name.isidentifier():
                yield f"{where}function {node.name}"
        elif isinstance(node, ast.Expr):
            value = node.value
            if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
                yield f"{where}a statement without effect"
    for constant in _strings(tree):
        if not LAYER.fullmatch(constant.value) or len(constant.value) > 200:
            yield f"line {constant.lineno}: text {constant.value!r}"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not re.fullmatch(r"# [ -~]+", token.string):
            yield f"line {token.start[0]}: comment {token.string!r}"
        if token.type == tokenize.COMMENT and re.search(r"#.*#", token.string):
            yield f"line {token.start[0]}: a comment in a comment"


def _call(node: ast.Call, defined: set[str], where: str) -> Iterator[str]:
    function = node.func
    if isinstance(function, ast.Call):
        inner = function.func
        if (
            not (isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name))
            or inner.value.id != "layers"
            or node.keywords
            or len(node.args) != 1
        ):
            yield f"{where}a call of something called"
    elif isinstance(function, ast.Name):
        if function.id not in defined | {"range"}:
            yield f"{where}a call of {function.id}"
    elif not isinstance(function, ast.Attribute):
        yield f"{where}a call of an expression"


def _strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Texts in a module that are no doc strings."""
    docs = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and isinstance(node.body[0], ast.Expr):
            docs.add(id(node.body[0].value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node
