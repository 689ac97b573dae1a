"""Which stretches of a network are one block, called several times."""

from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum

from archc.compiler import Rounding
from archc.models.decompiler.abstraction import Abstraction, Unfit
from archc.models.decompiler.blocks import Block, Call
from archc.models.decompiler.library import recognised
from archc.models.decompiler.names import Names
from archc.models.decompiler.naming import name_of
from archc.models.decompiler.repetition import Stretch, longest
from archc.models.decompiler.skips import dropped, standard
from archc.models.decompiler.structure import (
    Item,
    Leaf,
    Merge,
    channels,
    flattened,
    kernels,
    keyword,
    walk,
)
from archc.models.decompiler.tokens import BELONGING, Token, aligned, kind, token, tokens, united


class Effort(IntEnum):
    """How much is made a block."""

    EVERYTHING = 0
    """Stretches too that lack the skip of those like them, and plain repetition."""
    MERGES = 1
    """What stands around merges."""
    NOTHING = 2


class Units:
    """Blocks, and the sequences in which their calls stand for what they are."""

    def __init__(self, chains: Sequence[list[Item]], rounding: Rounding, names: Names) -> None:
        self.chains, self.rounding, self.names = list(chains), rounding, names
        self.blocks: list[Block] = []

    def find(self, effort: Effort) -> None:
        """Make blocks of what is repeated, the innermost first."""
        if effort < Effort.NOTHING:
            self.gates()
            self.pooling()
            whole = self.cluster()
            if effort < Effort.MERGES:
                for chain in self.chains:
                    dropped(chain, whole)
                if not any(keyword(item) == "skip" for item in self.everything()):
                    for chain in self.chains:
                        standard(chain)
            self.merges()
            self.restore()
        if effort < Effort.MERGES:
            self.repeats()

    def sequences(self) -> list[list[Item]]:
        return [sequence for chain in self.chains for sequence in walk(chain)]

    def everything(self) -> list[Item]:
        return [item for chain in self.chains for item in flattened(chain)]

    # --- making blocks ---

    def block(self, stretches: Sequence[Stretch], *, gate: bool = False) -> None:
        """Make one block of stretches, and put calls of it in their places."""
        occurrences = [stretch.items for stretch in stretches]
        longest_one = max(occurrences, key=lambda items: len(list(flattened(items))))
        name = self.names.fresh(name_of(longest_one), between="")
        block = Block(name, gate=gate)
        entering = [channels(items[0].entering) for items in occurrences]
        leaving = [channels(items[-1].leaving) for items in occurrences]
        writer = Abstraction(self.rounding, block, entering, None if gate else leaving)
        writer.strides = None if gate else strides(occurrences)
        block.settle(" ".join(writer.sequence(aligned(occurrences), entering)))
        if not recognised(block, len(occurrences)):
            self.blocks.append(block)
        for number, items in enumerate(occurrences):
            arguments = {
                key: param.default if param.values[number] is None else param.values[number]
                for key, param in block.params.items()
            }
            made = Call(items[-1].index, items[0].entering, items[-1].leaving, block, arguments)
            occurrences[number] = [made]
        pairs = zip(stretches, occurrences, strict=True)
        for stretch, made_ in sorted(pairs, key=lambda pair: -pair[0].start):
            stretch.sequence[stretch.start : stretch.end] = made_

    # --- what is a unit ---

    def gates(self) -> None:
        """Gates that are alike, the innermost first."""
        while True:
            groups: dict[Token, list[Stretch]] = {}
            for sequence in self.sequences():
                for place, item in enumerate(sequence):
                    if keyword(item) == "gate" and not _holds(item, "gate"):
                        stretch = Stretch(sequence, place, place + 1)
                        groups.setdefault(token(item), []).append(stretch)
            repeated = [group for group in groups.values() if len(group) > 1]
            if not repeated:
                return
            for group in repeated:
                self.block(group, gate=True)

    def pooling(self) -> None:
        """A gate by a pointwise convolution before a global pool is `attention_pool`."""
        for sequence in self.sequences():
            for place in range(len(sequence) - 1):
                gate, pool = sequence[place : place + 2]
                if _is_attention(gate) and _pools(pool):
                    block = Block("attention_pool", standard=True, gate=True)
                    made = Call(pool.index, gate.entering, pool.leaving, block, {})
                    sequence[place : place + 2] = [made]
                    break

    def cluster(self) -> list[list[Token]]:
        """Number the bodies of skips by likeness; for each number what its bodies have together."""
        places = [
            (sequence, place, item)
            for sequence in self.sequences()
            for place, item in enumerate(sequence)
            if isinstance(item, Merge) and item.keyword == "skip"
        ]
        whole: list[list[Token]] = []
        shortcuts: list[list[Token] | None] = []
        for sequence, place, item in sorted(places, key=lambda one: -len(one[2].bodies[0].items)):
            own = tokens(item.bodies[0].items)
            number = None
            short = tokens(item.shortcut.items) if item.shortcut else None
            for candidate, known in enumerate(whole):
                if short and shortcuts[candidate] not in (None, short):
                    continue
                both = united(known, own)
                if both is not None:
                    whole[candidate], number = both, candidate
                    shortcuts[candidate] = short or shortcuts[candidate]
                    break
            if number is None:
                number = len(whole)
                whole.append(own)
                shortcuts.append(short)
            sequence[place] = item.changed(cluster=number)
        return whole

    def merges(self) -> None:
        """Merges that are alike, and what stands around all of them alike."""
        done: set[Token] = set()
        while True:
            groups: dict[Token, list[list[int]]] = {}
            sequences = self.sequences()
            for number, sequence in enumerate(sequences):
                for place, item in enumerate(sequence):
                    if isinstance(item, Merge) and _weighs(item) and token(item) not in done:
                        groups.setdefault(token(item), []).append([number, place, place + 1])
            groups = {key: group for key, group in groups.items() if len(group) > 1}
            if not groups:
                return
            key, group = max(groups.items(), key=lambda pair: len(pair[1]))
            done.add(key)
            grown(sequences, group, before=kind(key) != "skip")
            with suppress(Unfit):  # others may be one
                self.block([Stretch(sequences[n], start, end) for n, start, end in group])

    def restore(self) -> None:
        """Put back what was taken for the body of a skip and did not become a call."""
        for sequence in self.sequences():
            for place in reversed(range(len(sequence))):
                item = sequence[place]
                if isinstance(item, Merge) and item.dropped:
                    sequence[place : place + 1] = item.bodies[0].items

    def repeats(self) -> None:
        """Plain repetition, what saves most text first."""
        for _ in range(6):
            best = longest(self.sequences())
            if best is None:
                return
            try:
                self.block(best)
            except Unfit:
                return


def strides(occurrences: Sequence[Sequence[Item]]) -> list[tuple[int, int]] | None:
    """By how much each occurrence shrinks its map, where a convolution in it has that stride."""
    found = []
    for items in occurrences:
        before, after = items[0].entering, items[-1].leaving
        if len(before) != 3 or len(after) != 3:
            return None
        found.append((-(-before[0] // after[0]), -(-before[1] // after[1])))
    shrinking = [(items, s) for items, s in zip(occurrences, found, strict=True) if s != (1, 1)]
    takes = any(
        isinstance(item, Leaf) and item.values.get("stride") == stride
        and item.keyword in ("conv", "dwconv")
        for items, stride in shrinking
        for item in flattened(list(items))
    )  # fmt: skip
    return found if takes else None


def grown(sequences: Sequence[Sequence[Item]], group: list[list[int]], *, before: bool) -> None:
    """Take in neighbours that all have: activations and norms behind, and anything before."""
    while True:
        ends = [end < len(sequences[n]) for n, _, end in group]
        if not all(ends):
            break
        after = {token(sequences[n][end]) for n, _, end in group}
        if len(after) > 1 or kind(next(iter(after))) not in (*BELONGING, "channel_shuffle"):
            break
        for one in group:
            one[2] += 1
    while before:
        taken = {(n, end) for n, _, end in group}
        if any(start == 0 or (n, start) in taken for n, start, _ in group):
            break
        if len({token(sequences[n][start - 1]) for n, start, _ in group}) > 1:
            break
        for one in group:
            one[1] -= 1


def _holds(item: Item, word: str) -> bool:
    return any(keyword(inner) == word for inner in flattened([item]) if inner is not item)


def _weighs(item: Item) -> bool:
    """Whether a merge is worth a block: it has kernels, or calls of blocks."""
    return any(
        isinstance(i, Call) or (isinstance(i, Leaf) and kernels([i])) for i in flattened([item])
    )


def _is_attention(item: Item) -> bool:
    if not isinstance(item, Merge) or item.keyword != "gate":
        return False
    inner = item.bodies[0].items
    if [keyword(one) for one in inner] != ["conv", "sigmoid"]:
        return False
    conv = inner[0]
    own = isinstance(conv, Leaf) and conv.values["kernel"] == (1, 1)
    return own and conv.leaving == conv.entering


def _pools(item: Item) -> bool:
    is_pool = isinstance(item, Leaf) and item.keyword == "global_average_pool"
    return is_pool and len(item.leaving) == 1
