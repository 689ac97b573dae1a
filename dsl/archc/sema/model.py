"""A network before expansion: an arch with every parameter bound and its declarations evaluated."""

from fractions import Fraction

from archc.limits import Limits
from archc.ops.base import Shape
from archc.rounding import Rounding
from archc.sema.callees import Given
from archc.sema.scope import Module
from archc.source import Source, Span
from archc.syntax import ast
from archc.typed import NamedTuple


class TargetRequest(NamedTuple):
    """`target NAME(allow = [...], io = ...)`, arguments by name; None where not given."""

    name: ast.Name
    allow: tuple[ast.Name, ...]
    io: ast.Name | None
    board: ast.Name | None
    build: ast.Name | None


class BudgetRequest(NamedTuple):
    """`require NAME <= LIMIT`. ``name`` is a key of the manifest's totals or deployed section."""

    name: ast.Name
    limit: int | Fraction
    """A fraction where it is not whole, which few quantities can be."""
    span: Span
    """Of the limit."""
    bytes: bool
    """Whether the limit was written with a byte unit."""


class Model(NamedTuple):
    """One network to expand."""

    name: str
    base: str | None
    """The arch it is derived from."""
    declared: ast.Name
    """Where its name stands."""
    source: Source
    """The spec that declares it."""
    arch: ast.Arch
    """The declaration with the stages: its own, or that of the arch it is derived from."""
    module: Module
    """Where that stands."""
    parameters: tuple[tuple[str, Given], ...]
    """Bound values, in order of declaration."""
    inputs: tuple[tuple[ast.Name, Shape | None], ...]
    """Names and shapes; a shape is None where it is not known, which is reported: nobody but the
    expansion sees such a model."""
    rounding: Rounding
    target: TargetRequest | None
    budgets: tuple[BudgetRequest, ...]
    limits: Limits

    @property
    def known(self) -> bool:
        """Whether the shapes of all inputs are known."""
        return all(shape is not None for _, shape in self.inputs)
