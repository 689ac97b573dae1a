"""What can be called: operators, blocks, braces, and the forms `skip` and `gate`."""

from functools import cache

from archc.ops.base import Op
from archc.source import Span
from archc.syntax import ast
from archc.typed import Any, NamedTuple

FORMS: dict[str, tuple[str, ...]] = {
    "skip": ("shortcut", "required", "shortcut_first"),
    "gate": (),
    "split": ("into",),
}
"""The built-in forms and their arguments. `skip { b }` is x + b(x), `gate { b }` is x * b(x),
`split(2) as a, b` names parts of the channels."""
BODIES = {"split": (0, 0)}
"""How many bodies those take that take not one."""
REQUIRED = frozenset({("split", "into")})


ANY = 1 << 30
"""So many bodies that a source, whose size is bounded, cannot have more."""


class Bad:
    """The value of an expression whose fault has been reported. Whatever reads it stays silent."""

    noun = "a faulty value"


BAD = Bad()


class Given(NamedTuple):
    """An argument's value, where it was written, and the plain name it was written as, if any."""

    value: object
    span: Span
    hint: str | None = None
    made: Any = None
    """The expression it was written as, and the scope that was evaluated in; for messages."""
    remark: str = ""
    """What to say of where it comes from, if not that it was set there."""


class Slot(NamedTuple):
    """A parameter of something that can be called."""

    name: str
    required: bool
    filled: bool
    """Whether a stage supplies it where the call leaves it out."""


class Callee(NamedTuple):
    """Something to call, with the arguments bound to it so far. Blocks are values: this is one."""

    kind: str
    """`operator`, `block`, `braces` or `form`."""
    name: str
    target: Any
    """The operator's class, the block's or the braces' AST, or the form's name."""
    scope: Any
    """The module of a block, or the scope that braces were written in."""
    slots: tuple[Slot, ...]
    bodies: tuple[int, int]
    """How many bodies it takes, at least and at most."""
    bound: dict[str, Given]
    weight: int = 0
    """How many arguments are bound in it, those bound in them included."""
    required: tuple[str, ...] = ()
    """The parameters that have to be bound."""

    @property
    def noun(self) -> str:
        if self.kind == "braces":
            return "a block in braces"
        return f"the {'operator' if self.kind == 'form' else self.kind} `{self.name}`"

    def takes(self, bodies: int) -> bool:
        """Whether it takes so many bodies."""
        low, high = self.bodies
        return low <= bodies <= high

    def missing(self) -> list[str]:
        """Its parameters that have to be bound yet."""
        bound = self.bound
        return [name for name in self.required if name not in bound]

    def free(self) -> list[Slot]:
        """Its parameters that nothing is bound to."""
        bound = self.bound
        return [slot for slot in self.slots if slot.name not in bound]


STAGE_SUPPLIES = ("channels", "stride")


def _unbound(
    kind: str, name: str, target: Any, scope: Any, slots: tuple[Slot, ...], bodies: tuple[int, int]
) -> Callee:
    required = tuple([slot.name for slot in slots if slot.required])
    return Callee(kind, name, target, scope, slots, bodies, {}, required=required)


@cache
def operator(op: type[Op]) -> Callee:
    slots = tuple(Slot(arg.name, arg.required, arg.filled) for arg in op.args.values())
    return _unbound("operator", op.keyword, op, None, slots, (2, ANY) if op.bodies else (0, 0))


def block(declaration: ast.Block, module: object) -> Callee:
    slots = tuple(
        Slot(p.name.text, p.default is None, p.name.text in STAGE_SUPPLIES)
        for p in declaration.parameters
    )
    return _unbound("block", declaration.name.text, declaration, module, slots, (0, 0))


@cache
def form(name: str) -> Callee:
    slots = tuple(Slot(slot, (name, slot) in REQUIRED, False) for slot in FORMS[name])
    return _unbound("form", name, name, None, slots, BODIES.get(name, (1, 1)))


def braces(body: ast.Body, scope: object, name: str = "block") -> Callee:
    return Callee("braces", name, body, scope, (), (0, 0), {})
