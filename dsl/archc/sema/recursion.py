"""Blocks that name themselves, directly or through one another, which would never end."""

from collections.abc import Iterator

from archc.diagnostics.codes import RECURSION
from archc.diagnostics.model import Diagnostic, Label, make
from archc.sema.maps import named
from archc.sema.scope import Module
from archc.syntax import ast

EXPRESSIONS = (ast.Operation, ast.Minus, ast.Not, ast.ListOf, ast.Item, ast.Choice)


def recursion(module: Module) -> Iterator[Diagnostic]:
    """The circles among the blocks of a file."""
    blocks = module.blocks
    edges = {name: list(_references(block)) for name, block in blocks.items()}
    done: set[str] = set()
    for start in blocks:
        path = [] if start in done else [start]
        within = set(path)
        rests = [iter(edges[name]) for name in path]
        while path:
            reference = next(rests[-1], None)
            if reference is None:
                within.discard(path[-1])
                done.add(path.pop())
                rests.pop()
            elif reference.text in within:
                yield _circle(path[path.index(reference.text) :], reference, module)
            elif reference.text in blocks and reference.text not in done:
                path.append(reference.text)
                within.add(reference.text)
                rests.append(iter(edges[reference.text]))


def _circle(path: list[str], reference: ast.Name, module: Module) -> Diagnostic:
    names = path if len(path) <= 6 else [*path[:3], "...", *path[-2:]]
    chain = " → ".join([*names, reference.text])
    alone = f"`{reference.text}` calls itself"
    return make(
        RECURSION,
        alone if len(path) == 1 else f"blocks call one another: {chain}",
        reference.span,
        label="closes the circle",
        related=[Label(module.blocks[path[0]].name.span, "declared here")],
        help="use `repeat` on a stage, or write the calls out",
    )


def _references(block: ast.Block) -> Iterator[ast.Name]:
    """Names that a block's text uses and its parameters do not declare."""
    own = {parameter.name.text for parameter in block.parameters}
    own |= {name.text for name in named(block)}
    work: list[object] = [block.body, *(p.default for p in block.parameters)]
    while work:
        part = work.pop()
        if isinstance(part, ast.Name):
            if part.text not in own:
                yield part
        elif isinstance(part, ast.Call):
            work.extend((part.name, *(a.value for a in part.arguments), *part.bodies))
        elif isinstance(part, ast.Reference):
            work.append(part.name)
            work.extend(ast.parts(part))
        elif isinstance(part, ast.Body):
            work.extend(part.statements)
        elif isinstance(part, ast.If):
            for branch in part.branches:
                work.extend(branch)
            work.append(part.otherwise)
        elif isinstance(part, ast.Braces):
            work.append(part.body)
        elif isinstance(part, EXPRESSIONS):
            work.extend(ast.parts(part))
