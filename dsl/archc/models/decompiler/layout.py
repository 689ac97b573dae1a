"""From chains of calls and operators to the text of an arch: stages, head, outputs."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from archc.compiler import Rounding, Shape
from archc.models.decompiler.abstraction import Abstraction
from archc.models.decompiler.blocks import Block, Call
from archc.models.decompiler.flat import input_names, output_names, several
from archc.models.decompiler.names import Names
from archc.models.decompiler.network import Network
from archc.models.decompiler.repetition import period, run_length
from archc.models.decompiler.structure import (
    KERNELS,
    Item,
    Leaf,
    Merge,
    Segment,
    kernels,
    keyword,
    segments,
    walk,
)
from archc.models.decompiler.units import Effort, Units
from archc.models.decompiler.widths import rounding_text
from archc.models.decompiler.writing import call, scalar, width

_PARAMETERS = ("alpha", "resolution", "height", "width", "num_classes")
"""Parameters of archs that are made here."""
_SCORES = {"sigmoid", "softmax"}
_WHOLE = {"flatten", "global_average_pool", "global_max_pool"}
_POOLS = ("max_pool", "average_pool", "zero_pad")


def structured(network: Network, name: str, rounding: Rounding, effort: Effort) -> str:
    """The text of a spec with blocks and stages, not laid out."""
    return _Arch(network, name, rounding, effort).text()


class _Stage(NamedTuple):
    """A stage as it is written."""

    arguments: tuple[str, ...]
    statements: tuple[str, ...]
    stem: bool = False
    name: str = ""

    @property
    def text(self) -> str:
        return f"stage {call(self.name, list(self.arguments))} {{ {' '.join(self.statements)} }}"


class _Arch:
    def __init__(self, network: Network, name: str, rounding: Rounding, effort: Effort) -> None:
        self.network, self.name, self.rounding = network, name, rounding
        self.names = Names([name, *_PARAMETERS, "stem"])
        self.inputs = input_names(network, self.names)
        self.outputs = output_names(network, self.names)
        self.chains = segments(network)
        self.flow()
        self.classes = None if several(network) else _classes(network, self.chains)
        everything = (*self.chains, *self.finals)
        self.units = Units([chain.items for chain in everything], rounding, self.names)
        self.units.find(effort)
        self.maps = dict(enumerate(self.inputs))
        self.number = 0
        self.parameters: list[str] = []

    # --- which chain goes on from which ---

    def flow(self) -> None:
        """Let chains and braces that begin with what was made last begin with nothing."""
        ends = set(self.network.ends) if self.outputs else set()
        self.finals = [chain for chain in self.chains if self.is_output(chain, ends)]
        self.chains = [chain for chain in self.chains if chain not in self.finals]
        current = 0 if self.network.entries == 1 else None
        for chain in self.chains:
            _enter(chain, current, self.network)
            current = chain.end
        for chain in self.finals:
            _enter(chain, current, self.network)
        self.order()

    def is_output(self, chain: Segment, ends: set[int]) -> bool:
        return chain.end in ends and not self.network.users()[chain.end]

    def order(self) -> None:
        """The outputs in the order of the network's results."""
        self.finals.sort(key=lambda chain: self.network.ends.index(chain.end))

    # --- text ---

    def text(self) -> str:
        lines = [line for line in [rounding_text(self.rounding)] if line]
        lines += [
            f"input {text}: {self.shape(self.network.operations[place].shape, place)}"
            for place, text in enumerate(self.inputs)
        ]
        for chain in self.chains[:-1] if not self.outputs else self.chains:
            lines += self.stages(chain, whole=True)
        if self.outputs:
            lines += self.results()
        else:
            lines += self.stages(self.chains[-1], whole=False)
        if self.classes is not None:
            self.parameters.append(f"num_classes = {self.classes}")
        head = f"arch {call(self.name, self.parameters)} {{"
        blocks = [block.text for block in reversed(self.units.blocks)]
        return self.named(self.norms("\n".join([head, *lines, "}", "", *blocks])))

    def shape(self, shape: Shape, place: int) -> str:
        """The shape of an input, its extents as parameters where it is the only one."""
        if len(shape) != 3 or len(self.inputs) > 1 or self.bound():
            return " x ".join(map(str, shape))
        height, wide, channels = shape
        if height == wide:
            self.parameters.append(f"resolution = {height}")
            return f"resolution x resolution x {channels}"
        self.parameters += [f"height = {height}", f"width = {wide}"]
        return f"height x width x {channels}"

    def bound(self) -> bool:
        """Whether some operator holds for this size of the input alone."""
        fixed = ("resize",)
        for chain in (*self.chains, *self.finals):
            for sequence in walk(chain.items):
                for item in sequence:
                    if isinstance(item, Leaf) and item.keyword in fixed:
                        return True
        return False

    def named(self, text: str) -> str:
        """The text with names in the place of references to maps."""
        return re.sub(r"@(\d+)@", lambda match: self.maps[int(match[1])], text)

    def norms(self, text: str) -> str:
        """The text with a block for a BatchNorm of unusual settings that stands in it often."""
        found = Counter(re.findall(r"batchnorm\([^()]*\)", text))
        for words, count in found.most_common(2):
            if count >= 3:
                name = self.names.fresh("norm", between="")
                text = text.replace(words, name) + f"\nblock {name} {{ {words} }}\n"
        return text

    def results(self) -> list[str]:
        by_end = {chain.end: chain for chain in self.finals}
        lines = []
        for text, end in zip(self.outputs, self.network.ends, strict=True):
            chain = by_end.get(end)
            if chain is None:
                lines.append(f"output {text} {{ @{end}@ }}")
                continue
            start = [] if chain.start is None else [f"@{chain.start}@"]
            statements = [*start, *self.plain(chain.items)]
            lines.append(f"output {text} {{ {' '.join(statements)} }}")
        return lines

    def plain(self, items: Sequence[Item]) -> list[str]:
        """Statements as they stand, all numbers in them."""
        made: list[str] = []
        for item in items:
            base = item.entering[-1] if item.entering else 0
            writer = Abstraction(self.rounding, Block("top"), [base], None, self.classes)
            made += writer.sequence([[item]], [base], ends=False)
        return made

    def stages(self, chain: Segment, *, whole: bool) -> list[str]:
        """The stages of a chain; with ``whole`` all of it, so that the last one names its end, else
        what comes after the last unit as the head."""
        items = chain.items
        last = len(items) if whole else _tail(items)
        made = _Stages(self, items[:last]).made()
        if last and not made:
            made = [_Stage((), tuple(self.plain(items[:last])))]
        start = () if chain.start is None else (f"@{chain.start}@",)
        if made and start:
            made[0] = made[0]._replace(statements=(*start, *made[0].statements))
        lines: list[str] = []
        for place, stage in enumerate(made):
            stem = stage.stem and not self.number and "stem" not in self.maps.values()
            name = "stem" if stem and place == 0 and not lines else self.next()
            lines.append(stage._replace(name=name).text)
        if whole:
            self.maps[chain.end] = name
        rest = items[last:]
        if rest or not whole:
            head = [*([] if made else start), *self.plain(rest)]
            if head:
                lines.append(f"head {{ {' '.join(head)} }}")
        return lines

    def next(self) -> str:
        self.number += 1
        return self.names.fresh(f"stage{self.number}")


class _Stages:
    """The stages of one chain."""

    def __init__(self, arch: _Arch, items: list[Item]) -> None:
        self.arch, self.rounding, self.items = arch, arch.rounding, items
        self.place = 0
        self.stages: list[_Stage] = []

    def made(self) -> list[_Stage]:
        while self.place < len(self.items):
            before = self.operators()
            if self.place < len(self.items) and self.joins(before):
                self.group(before)
                continue
            rest = self.stem(before)
            if self.place >= len(self.items):
                if rest:
                    self.add(_Stage((), tuple(self.arch.plain(rest))))
            elif isinstance(self.items[self.place], Merge):
                merge = self.items[self.place]
                self.place += 1
                self.add(self.around([*rest, merge]))
            else:
                self.group(rest)
        return self.stages

    def around(self, items: list[Item]) -> _Stage:
        """A stage of a merge and the operators behind it that belong to it."""
        while self.place < len(self.items) and _belongs(self.items[self.place]):
            items = [*items, self.items[self.place]]
            self.place += 1
        return self.closed(items)

    def add(self, stage: _Stage) -> None:
        self.stages.append(stage)

    def operators(self) -> list[Item]:
        """The operators up to the next unit."""
        start = self.place
        while self.place < len(self.items) and _single(self.items[self.place]):
            self.place += 1
        return self.items[start : self.place]

    def joins(self, before: list[Item]) -> bool:
        """Whether operators before a call make its channels already, so that they are one stage."""
        unit = self.items[self.place]
        if not before or not isinstance(unit, Call) or "channels" not in unit.block.params:
            return False
        if unit.arguments.get("stride", (1, 1)) != (1, 1):
            return False
        convs = [item for item in before if isinstance(item, Leaf) and item.keyword in KERNELS]
        return bool(convs) and all(
            conv.keyword == "conv"
            and conv.leaving[-1] == unit.leaving[-1]
            and conv.values["stride"] == (1, 1)
            and not conv.padded
            for conv in convs
        )

    def stem(self, before: list[Item]) -> list[Item]:
        """Make a stage of operators with kernels; returns the pools that go with what follows."""
        if not kernels(before):
            return before
        cut = len(before)
        if self.pools_follow():
            while cut and keyword(before[cut - 1]) in _POOLS:
                cut -= 1
        if cut:
            self.add(self.closed(before[:cut]))
        return before[cut:]

    def pools_follow(self) -> bool:
        """Whether a pool stands before other units too, and so begins their stages."""
        if self.stages:
            return True
        later = self.items[self.place :]
        pooled = any(
            keyword(item) in _POOLS[:2] and isinstance(after, Call)
            for item, after in pairwise(later)
        )
        first = later[:2]
        twice = len(first) == 2 and all(isinstance(item, Call) for item in first)
        return pooled or not (twice and _same_block(*first))

    def closed(self, items: Sequence[Item]) -> _Stage:
        """A stage of operators; with a width of its own where they have one convolution."""
        convs = [item for item in items if isinstance(item, Leaf) and "stride" in item.values
                 and item.keyword in ("conv", "conv_transpose")]  # fmt: skip
        texts = self.arch.plain(items)
        if len(convs) != 1 or convs[0].leaving[-1] != items[-1].leaving[-1]:
            return _Stage((), tuple(texts), stem=True)
        if any(isinstance(item, Call) for item in items) or _nested(items):
            return _Stage((), tuple(texts), stem=True)
        conv = convs[0]
        channels = width(conv.leaving[-1], self.rounding)
        stride = conv.values["stride"]
        arguments = [f"channels = {channels}"]
        if stride != (1, 1):
            arguments.append(f"stride = {scalar(stride)}")
        texts = [_opened(text, channels, stride=True) for text in texts]
        return _Stage(tuple(arguments), tuple(texts), stem=True)

    def group(self, before: list[Item]) -> None:
        """A stage of calls that have one width, the first of which may stride."""
        first = self.items[self.place]
        assert isinstance(first, Call)
        calls = [first]
        self.place += 1
        while self.place < len(self.items) and self.continues(calls):
            following = self.items[self.place]
            assert isinstance(following, Call)
            calls.append(following)
            self.place += 1
        arguments: list[str] = []
        channels = width(first.leaving[-1], self.rounding)
        if "channels" in first.block.params:
            arguments.append(f"channels = {channels}")
        stride = first.arguments.get("stride", (1, 1))
        if stride != (1, 1):
            arguments.append(f"stride = {scalar(stride)}")
        texts = [self.called(one) for one in calls]
        repeat, kept = (1, texts) if before else period(texts)
        if repeat > 1:
            arguments.append(f"repeat = {repeat}")
        tail = run_length(kept) if repeat == 1 else 0
        if tail:
            kept = kept[:-tail]
        opened = [_opened(text, channels) for text in self.arch.plain(before)]
        if arguments[:1] != [f"channels = {channels}"]:
            opened = self.arch.plain(before)
        self.add(_Stage(tuple(arguments), (*opened, *kept)))
        if tail:
            wide = "channels" in calls[-1].block.params
            more = [f"channels = {channels}"] if wide else []
            self.add(_Stage((*more, f"repeat = {tail}"), (texts[-1],)))

    def continues(self, calls: Sequence[Call]) -> bool:
        """Whether the next item is in the same stage."""
        following, first = self.items[self.place], calls[0]
        if not isinstance(following, Call):
            return False
        if following.arguments.get("stride", (1, 1)) != (1, 1):
            return False
        wide = "channels" in first.block.params
        if not wide and (
            "channels" in following.block.params or following.block is not first.block
        ):
            return False
        if wide and following.leaving[-1] != first.leaving[-1]:
            return False
        return len(following.leaving) == len(first.leaving)

    def called(self, unit: Call) -> str:
        """A call without what its stage supplies."""
        texts = []
        for name, param in unit.block.params.items():
            if name in ("channels", "stride"):
                continue
            value = unit.arguments[name]
            if param.default is not None and value == param.default:
                param.omitted = True
                continue
            text = param.shown(value)
            if param.kind == "width" and name not in unit.block.exact:
                text = width(value, self.rounding)
            texts.append(f"{name} = {text}")
        return call(unit.block.name, texts)


def _single(item: Item) -> bool:
    """Whether an item is an operator in the chain of a stage, and not a unit of it."""
    if isinstance(item, Call):
        return item.block.gate
    return isinstance(item, Leaf) or not kernels([item])


def _nested(items: Sequence[Item]) -> bool:
    return any(isinstance(item, Merge) and kernels([item]) for item in items)


def _belongs(item: Item) -> bool:
    return isinstance(item, Leaf) and not item.values.get("kernel") and item.keyword != "dense"


def _same_block(first: Item, second: Item) -> bool:
    return isinstance(first, Call) and isinstance(second, Call) and first.block is second.block


def _tail(items: Sequence[Item]) -> int:
    """Where the head begins: behind the last unit."""
    units = [place for place, item in enumerate(items) if not _single(item)]
    return units[-1] + 1 if units else 0


def _opened(text: str, channels: str, *, stride: bool = False) -> str:
    """A convolution without what its stage supplies."""
    if not text.startswith(("conv(", "conv_transpose(")):
        return text
    name, _, rest = text.partition("(")
    arguments = rest.removesuffix(")").split(", ")
    if arguments[0] == channels:
        del arguments[0]
        if arguments and re.fullmatch(r"\d+x\d+", arguments[0]):
            arguments[0] = f"kernel = {arguments[0]}"
    if stride:
        arguments = [one for one in arguments if not one.startswith("stride = ")]
    return call(name, arguments)


def _enter(chain: Segment, current: int | None, network: Network) -> None:
    """Leave out the name of what was made last where a chain, or braces of it, begin with it."""
    if chain.start == current and current is not None:
        chain.start = None
    first = chain.items[0]
    if isinstance(first, Merge) and not first.entering and current is not None:
        shape = network.operations[current].shape
        for body in first.bodies:
            if body.start == current:
                body.start = None
        chain.items[0] = first.changed(entering=shape)


def _classes(network: Network, chains: Sequence[Segment]) -> int | None:
    """The number of classes, where the last layer with weights decides what leaves the network and
    that is a choice: scores, or what is made of a whole map."""
    shape = network.operations[network.ends[0]].shape
    if len(shape) != 1:
        return None
    after: set[str] = set()
    for place in reversed(range(len(chains[-1].items))):
        item = chains[-1].items[place]
        if not isinstance(item, Leaf):
            return None
        if item.keyword in ("conv", "dense"):
            before = {keyword(one) for one in chains[-1].items[max(place - 2, 0) : place]}
            scores = after & _SCORES or (item.keyword == "dense" and before & _WHOLE)
            return shape[0] if scores and item.leaving[-1] == shape[0] else None
        after.add(item.keyword)
    return None
