"""Calls while they are being expanded, and what stages supply to the statements in them."""

from fractions import Fraction

from archc.ir.graph import Frame, Via
from archc.sema.callees import Callee, Given
from archc.source import Span
from archc.typed import NamedTuple


class Open:
    """A call that is being expanded; becomes a `Frame`. None stands for a faulty value."""

    def __init__(
        self, kind: str, name: str, part: str, label: str, entry: int | None, span: Span | None
    ) -> None:
        self.kind, self.name, self.part, self.label = kind, name, part, label
        self.input, self.output, self.span = entry, entry, span
        self.children: list[int | Open | Frame] = []
        self.counts: dict[str, int] = {}

    def next_part(self, part: str) -> str:
        """The part of a name, with `_2` for its second use in this call, and so on."""
        count = self.counts[part] = self.counts.get(part, 0) + 1
        return part if count == 1 else f"{part}_{count}"

    def close(self) -> Frame:
        assert self.input is not None
        assert self.output is not None
        children = tuple(
            [child.close() if isinstance(child, Open) else child for child in self.children]
        )
        return Frame(
            self.kind,
            self.name,
            self.part,
            self.label,
            self.input,
            self.output,
            children,
            self.span,
        )


class Supply:
    """What a stage supplies to the statements directly in its braces; ``inner``: within braces in
    these, where only what cannot do without `channels` gets them."""

    def __init__(
        self, channels: Given | None, stride: Given | None, *, inner: bool = False
    ) -> None:
        self.channels = channels
        self.stride = stride
        self.inner = inner
        self.taken = False
        self._within: Supply | None = None

    def within(self) -> "Supply":
        """What is supplied in braces among the statements."""
        if self._within is None:
            self._within = Supply(self.channels, None, inner=True)
        return self._within

    def give(self, callee: Callee) -> Callee:
        """The callee with what it leaves open filled in. The stride is given once, then 1."""
        bound = callee.bound
        more: dict[str, Given] = {}
        for slot in callee.slots:
            if not slot.filled or slot.name in bound or (self.inner and not slot.required):
                continue
            if slot.name == "channels" and self.channels is not None:
                more["channels"] = self.channels
            elif slot.name == "stride" and self.stride is not None:
                given = self.stride
                more["stride"] = given._replace(value=Fraction(1)) if self.taken else given
                self.taken = True
        return callee._replace(bound={**bound, **more}) if more else callee


class Context(NamedTuple):
    """Where a statement stands."""

    frame: Open
    chain: tuple[Via, ...]
    stage: str | None
    repeat: int | None
    block: str | None
    depth: int
    whole: str | None = None
    """The operator whose Keras layers are being put in, where it is several."""
    supply: Supply | None = None
    """What braces among its arguments get."""
    ahead: str = ""
    """What the next part of a name begins with."""

    def within(self, via: Via, supply: Supply | None) -> "Context":
        """Where what a statement calls stands."""
        frame, chain, stage, repeat, block, depth, whole, _, ahead = self
        chain = (*chain, via)
        return Context(frame, chain, stage, repeat, block, depth, whole, supply, ahead)
