"""Memory over time as a picture: tensors as bars over the steps they live for, at their addresses.

Only elements and classes: colours come from the style sheet of the page that shows them, or of the
document that a picture is by itself. What a bar is stands in its title and, where there is room, on
it.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from archc.diagnostics.text import printable, several, size_text
from archc.emit.drawing import text
from archc.emit.drawing.svg import FONTS
from archc.emit.report.sheets import colours, sheet
from archc.typed import Any, NamedTuple

Manifest = dict[str, Any]

XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
WIDTH, LEFT, RIGHT = 1080, 76, 10
TOP, BOTTOM, GAP = 20, 28, 14
"""Of the picture, in pixels; the gap is between memories that are not neighbours."""
HEIGHT = 300
"""Of all memories together."""
SMALL = 11
_LEAST_HEIGHT, _LEAST_WIDTH = 12, 72
"""Of a bar that its name is written on."""
_LABELS = 24
"""Steps that are numbered at most."""


class Bar(NamedTuple):
    """A tensor: where it lies, and how long."""

    name: str
    kind: str
    first: int
    """The first step at which it is alive."""
    last: int
    address: int
    size: int


class Band(NamedTuple):
    """A memory, or the part of one that is drawn."""

    name: str
    start: int
    """Its first address, in the addresses of the bars."""
    size: int


class Plan(NamedTuple):
    """What is drawn: bars over steps, in memories."""

    title: str
    unit: str
    """What a step is called."""
    steps: tuple[str, ...]
    """What happens at each step."""
    bars: tuple[Bar, ...]
    bands: tuple[tuple[Band, ...], ...]
    """Memories from the lowest address up; those of one group are neighbours."""
    peak: int | None
    """The step at which most is alive."""


def arena(manifest: Manifest) -> Plan | None:
    """The arena of TensorFlow Lite Micro; None where there is nothing in it, or none is known."""
    deployed = manifest["deployed"]
    tensors = deployed["arena"]["plan"]
    if not tensors or deployed["arena_bytes"] is None:
        return None
    bars = tuple(
        Bar(one["layer"], one["kind"], one["first"], one["last"], one["offset"], one["bytes"])
        for one in tensors
    )
    size = max(bar.address + bar.size for bar in bars)
    return Plan(
        f"the arena's plan, {size_text(size)} of tensors",
        "step",
        _steps(manifest),
        bars,
        ((Band("arena", 0, size),),),
        deployed["peak"]["step"] if deployed["peak_at"] else None,
    )


def placement(manifest: Manifest) -> Plan | None:
    """Where buffers go on the target; None where that is not known."""
    deployed = manifest["deployed"]
    placed = deployed.get("placement")
    if not placed or not placed["buffers"]:
        return None
    steps = _epochs(manifest)
    pools = [pool for pool in deployed["pools"] if pool["holds"] == "activations"]
    starts = dict(zip((pool["name"] for pool in pools), _starts(pools), strict=True))
    outside = {pool["name"] for pool in pools if pool["external"]}
    bars = tuple(
        Bar(
            _buffer(manifest, one),
            "activation" if one["what"] == "map" else "scratch",
            max(one["first"], 0),
            min(one["last"], len(steps) - 1),
            # External RAM counts from its own start.
            one["offset"] + sum(starts[name] for name in one["pools"][:1] if name in outside),
            one["bytes"],
        )
        for one in placed["buffers"]
    )
    bands = tuple(_bands(pools, bars))
    return Plan("where buffers go on the target", "epoch", steps, bars, bands, None)


def _epochs(manifest: Manifest) -> tuple[str, ...]:
    """The steps of the target: several operators may be one."""
    latency = manifest["deployed"].get("latency")
    if latency and latency["epochs"]:
        return tuple(" ".join([one["kind"], *one["layers"][:1]]) for one in latency["epochs"])
    last = max(one["last"] for one in manifest["deployed"]["placement"]["buffers"])
    return tuple(f"epoch {step}" for step in range(last + 1))


def _starts(pools: Sequence[Manifest]) -> list[int]:
    """The first address of each memory, one behind the other."""
    return [sum(pool["bytes"] for pool in pools[:at]) for at in range(len(pools))]


def _steps(manifest: Manifest) -> tuple[str, ...]:
    return tuple(
        f"{one['operator']} {one['layers'][0]}" if one["layers"] else one["operator"]
        for one in manifest["deployed"]["sequence"]
    )


def _buffer(manifest: Manifest, buffer: Manifest) -> str:
    made = buffer["operator"]
    layers = manifest["deployed"]["sequence"][made]["layers"] if made is not None else []
    name = layers[-1] if layers else manifest["inputs"][0]["name"]
    return str(name) if buffer["what"] == "map" else f"{name} ({buffer['what']})"


def _bands(pools: Sequence[Manifest], bars: Sequence[Bar]) -> Iterator[tuple[Band, ...]]:
    """The memories that hold something and those between them; external ones as far as used."""
    inside = []
    for pool, start in zip(pools, _starts(pools), strict=True):
        band = Band(pool["name"], start, pool["bytes"])
        used = [bar for bar in bars if _overlap(bar, band)]
        if pool["external"] and used:
            end = max(bar.address + bar.size for bar in used) - band.start
            yield (band._replace(size=end),)
        elif not pool["external"]:
            inside.append((band, bool(used)))
    taken = [at for at, (_, used) in enumerate(inside) if used]
    if taken:
        yield tuple(band for band, _ in inside[taken[0] : taken[-1] + 1])


def _overlap(bar: Bar, band: Band) -> bool:
    return bar.address < band.start + band.size and band.start < bar.address + bar.size


class _Scale:
    """Where steps and addresses are drawn."""

    def __init__(self, plan: Plan) -> None:
        groups = [(group[0].start, sum(band.size for band in group)) for group in plan.bands]
        whole = max(sum(size for _, size in groups), 1)
        self.steps = max(len(plan.steps), 1)
        self.parts: list[tuple[int, int, int, int]] = []
        """First address, size, lower edge and height of each group."""
        floor = TOP + HEIGHT + GAP * (len(groups) - 1)
        self.floor = floor
        for start, size in groups:
            height = max(HEIGHT * size // whole, 40)
            self.parts.append((start, size, floor, height))
            floor -= height + GAP
        self.shift = TOP - (floor + GAP)
        """How far all is moved down, where small memories were drawn larger."""
        self.floor += self.shift

    def x(self, step: int) -> int:
        return LEFT + (WIDTH - LEFT - RIGHT) * step // self.steps

    def y(self, address: int) -> int:
        for start, size, floor, height in self.parts:
            if start <= address <= start + size:
                return self.shift + floor - height * (address - start) // size
        raise AssertionError(address)

    def cut(self, bar: Bar) -> Iterator[tuple[int, int]]:
        """The upper and lower edges of a bar, one pair for each group that it lies in."""
        for start, size, _, _ in self.parts:
            low, high = max(bar.address, start), min(bar.address + bar.size, start + size)
            if low < high:
                yield self.y(high), self.y(low)


def svg(plan: Plan, name: str, scheme: str | None = None) -> str:
    """A plan as an SVG document with its own style.

    Args:
        plan: what to draw.
        name: the identifier of the picture, its own in a page that holds others; its style reaches
            nothing else.
        scheme: `light` or `dark`; by default what the reader prefers.
    """
    rules = f"#{name}{{{colours(scheme or 'light')};background:var(--page)}}"
    if scheme is None:
        rules += f"@media(prefers-color-scheme:dark){{#{name}{{{colours('dark')}}}}}"
    rules += f"#{name} text{{font-family:{FONTS}}}"
    return drawn(plan, name, rules + sheet("memory").replace(".memory ", f"#{name} "))


def drawn(plan: Plan, name: str, style: str = "") -> str:
    """A plan as an SVG element.

    Args:
        plan: what to draw.
        name: what the element's identifiers begin with, its own in the page.
        style: of an element that is a document by itself.

    Returns:
        The element; all texts in it are escaped.
    """
    scale = _Scale(plan)
    height = scale.floor + BOTTOM
    own = f'id="{name}" {XMLNS} width="{WIDTH}" height="{height}" ' if style else ""
    parts = [
        f'<svg {own}class="memory" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{_said(plan.title)}</title>',
        f'<desc id="{name}-desc">{_said(described(plan))}</desc>',
        *([f"<style>{style}</style>"] if style else []),
        *_frame(plan, scale),
        *(part for bar in plan.bars for part in _bar(plan, bar, scale)),
        *_peak(plan, scale),
        *_axis(plan, scale),
        "</svg>",
    ]
    return "\n".join(parts)


def described(plan: Plan) -> str:
    """A plan in a sentence, for those who do not see it."""
    largest = max(plan.bars, key=lambda bar: bar.size)
    said = (
        f"{several(len(plan.bars), 'tensor')} over {several(len(plan.steps), plan.unit)}; "
        f"the largest is {largest.name} with {largest.size:,} bytes"
    )
    if plan.peak is not None:
        said += f"; most is alive at {plan.unit} {plan.peak}, {plan.steps[plan.peak]}"
    return said + "."


def _frame(plan: Plan, scale: _Scale) -> Iterator[str]:
    """The memories, their names and sizes."""
    left, right = scale.x(0), scale.x(scale.steps)
    for group in plan.bands:
        for number, band in enumerate(group):
            high, low = scale.y(band.start + band.size), scale.y(band.start)
            kind = "band" if number % 2 == 0 else "band odd"
            yield (
                f'<rect class="{kind}" x="{left}" y="{high}" width="{right - left}" '
                f'height="{low - high}"/>'
            )
            if low - high >= 2 * _LEAST_HEIGHT:
                shown = text.cut(printable(band.name), SMALL, LEFT - 8)
                yield _text(left - 6, (high + low) // 2, shown, "end")
                yield _text(left - 6, (high + low) // 2 + 13, size_text(band.size), "end soft")


def _bar(plan: Plan, bar: Bar, scale: _Scale) -> Iterator[str]:
    left, right = scale.x(bar.first), scale.x(bar.last + 1)
    last = min(bar.last, len(plan.steps) - 1)
    lives = f"{plan.unit} {bar.first}" + (f" to {last}" if last > bar.first else "")
    told = f"{bar.name} ({bar.kind})", f"{bar.size:,} bytes at {bar.address:,}, {lives}"
    title = "\n".join(_said(line) for line in told)
    for high, low in scale.cut(bar):
        tall = max(low - high, 1)
        yield (
            f'<g><title>{title}</title><rect class="bar {_word(bar.kind)}" '
            f'x="{left}" y="{high}" width="{max(right - left - 1, 1)}" height="{tall}" rx="2"/>'
        )
        if tall >= _LEAST_HEIGHT and right - left >= _LEAST_WIDTH:
            shown = text.cut(printable(bar.name), SMALL, right - left - 8)
            yield _text((left + right) // 2, (high + low) // 2 + 4, shown, "middle")
        yield "</g>"


def _peak(plan: Plan, scale: _Scale) -> Iterator[str]:
    if plan.peak is None:
        return
    left, right = scale.x(plan.peak), scale.x(plan.peak + 1)
    yield (
        f'<rect class="peak" x="{left}" y="{TOP}" width="{right - left - 1}" '
        f'height="{scale.floor - TOP}"/>'
    )
    middle = min(max((left + right) // 2, LEFT + 20), WIDTH - RIGHT - 20)
    yield _text(middle, TOP - 6, "peak", "middle")


def _axis(plan: Plan, scale: _Scale) -> Iterator[str]:
    """The steps' numbers, and what they are where the pointer rests."""
    for step, name in enumerate(plan.steps):
        left, right = scale.x(step), scale.x(step + 1)
        yield (
            f"<g><title>{_said(f'{plan.unit} {step}: {name}')}</title>"
            f'<rect class="tick" x="{left}" y="{scale.floor + 2}" '
            f'width="{max(right - left - 1, 1)}" height="5"/></g>'
        )
    for step in range(0, len(plan.steps), -(-len(plan.steps) // _LABELS)):
        middle = (scale.x(step) + scale.x(step + 1)) // 2
        yield _text(middle, scale.floor + 20, str(step), "middle soft")
    yield _text(LEFT - 6, scale.floor + 20, plan.unit, "end soft")


def kinds(plans: Iterable[Plan]) -> list[str]:
    """The kinds of bars there are, for a legend."""
    return list(dict.fromkeys(bar.kind for plan in plans for bar in plan.bars))


def _text(x: int, y: int, said: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{_said(said)}</text>'


def _said(said: str) -> str:
    """A text that cannot be taken for markup."""
    return escape(printable(said))


def _word(kind: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in kind)
