"""Operators that cut, split up or reorder a feature map."""

from archc.ops.arguments import Amount, Count, Index, OpError, Order
from archc.ops.base import (
    FEATURE_MAP,
    TENSOR,
    UNCHANGED,
    KerasArgument,
    KerasCall,
    Op,
    Part,
    Shape,
    Stated,
    Step,
    Traced,
    feature_map,
    show_shape,
)
from archc.ops.composite import Composite, chain
from archc.ops.merge import Concat
from archc.ops.recognise import KerasLayer
from archc.ops.reshaping import Edges, Reshape

SLICED = Traced(
    "strided_slice", (), tuple(f"strided_slice/stack{place}" for place in ("", "_1", "_2"))
)


def sliced(shape: Shape, *tables: tuple[int, ...]) -> Step:
    """A part of a tensor, by where it begins and ends and its steps, the batch included."""
    return Step("STRIDED_SLICE", shape, tables=tables, traced=(SLICED,))


class Slice(Op):
    """Some neighbouring channels of a feature map, or values of a vector."""

    keyword = "slice"
    stated = Stated(
        "conv(16) slice(first = 8, count = 8)",
        TENSOR,
        (("", "... x count"),),
    )
    first = Index("the first channel of them, counted from 0")
    count = Count("how many channels")

    def infer(self, *inputs: Shape) -> Shape:
        channels = inputs[0][-1]
        if self.first + self.count > channels:
            raise OpError(
                f"there are {channels} channels, 0 to {channels - 1}: "
                f"{self.count} from {self.first} on are too many",
                argument="first" if self.first >= channels else "count",
            )
        if len(inputs[0]) == 1:
            return (self.count,)
        feature_map(self, inputs[0])
        return (*inputs[0][:-1], self.count)

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        """Keras has no layer that cuts a vector: it is made a map of one place first."""
        if len(inputs[0]) != 1:
            return ()
        one_place = Reshape(shape=(1, 1, *inputs[0]))
        return chain(one_place, self, Reshape(shape=(self.count,)))

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        """A `Cropping2D` told that channels are first takes rows for channels and channels for
        columns, and so cuts them with one layer, which only takes a slice."""
        rest = inputs[0][-1] - self.first - self.count
        return KerasCall(
            "Cropping2D",
            (
                KerasArgument("cropping", ((0, 0), (self.first, rest)), positional=True),
                KerasArgument("data_format", "channels_first"),
            ),
        )

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "Cropping2D" or layer.channels_last or len(layer.shape) != 3:
            return None
        columns, (first, rest) = layer.amounts("cropping", 2)
        count = layer.shape[-1] - first - rest
        return cls(first=first, count=count) if columns == (0, 0) and count > 0 else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        rest = inputs[0][-1] - self.first - self.count
        return (sliced(output, (0, 0, 0, self.first), (0, 0, 0, -rest), (1, 1, 1, 1)),)


class Crop(Edges):
    """A feature map without some of its outer rows and columns."""

    keyword = "crop"
    layer = ("Cropping2D", "cropping")
    stated = Stated(
        "crop(before = 1, after = 0 x 2)",
        FEATURE_MAP,
        (("", "H - top - bottom x W - left - right x C"),),
    )
    before = Amount("rows off the top and columns off the left")
    after = Amount("rows off the bottom and columns off the right", "=before")

    def infer(self, *inputs: Shape) -> Shape:
        height, width, channels = feature_map(self, inputs[0])
        rows = height - self.before[0] - self.after[0]
        columns = width - self.before[1] - self.after[1]
        if min(rows, columns) < 1:
            raise OpError(f"nothing is left of {show_shape(inputs[0])}", argument="before")
        return rows, columns, channels

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        (top, left), (bottom, right) = self.before, self.after
        return (sliced(output, (0, top, left, 0), (0, -bottom, -right, 0), (1, 1, 1, 1)),)


class Permute(Op):
    """The axes of a tensor in another order."""

    keyword = "permute"
    stated = Stated("permute(2 x 1 x 3)", FEATURE_MAP, (("", "order of H x W x C"),))
    order = Order("the axes in their new order: 2 x 1 x 3 swaps rows and columns")

    def infer(self, *inputs: Shape) -> Shape:
        axes = range(1, len(inputs[0]) + 1)
        if sorted(self.order) != list(axes):
            raise OpError(
                f"`permute` names each of the {len(axes)} axes of {show_shape(inputs[0])} once",
                f"`{' x '.join(map(str, reversed(axes)))}` turns their order round",
                argument="order",
            )
        return tuple(inputs[0][axis - 1] for axis in self.order)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(
            "Permute", (KerasArgument("dims", self.order, positional=True, source="order"),)
        )

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        dims = layer.value("dims")
        if layer.class_name != "Permute" or not isinstance(dims, list | tuple) or not dims:
            return None
        return cls(order=layer.counts("dims", len(dims)))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        moved = Traced("transpose", (), ("transpose/perm",))
        return (Step("TRANSPOSE", output, tables=((0, *self.order),), traced=(moved,)),)


def divided(op: Op, extent: int, by: int, what: str, argument: str) -> int:
    """An extent over a whole number.

    Raises:
        OpError: it does not divide.
    """
    if extent % by:
        raise OpError(f"{by} does not divide {extent} {what} evenly", argument=argument)
    return extent // by


class ChannelShuffle(Composite):
    """Channels in groups dealt out in turn: the first of every group, then the second of each."""

    keyword = "channel_shuffle"
    stated = Stated("channel_shuffle(2)", FEATURE_MAP, UNCHANGED)
    groups = Count("groups of channels that are next to each other before")

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        """Rows and columns are one axis meanwhile, so that no tensor has more than four."""
        rows, columns, channels = feature_map(self, inputs[0])
        each = divided(self, channels, self.groups, "channels", "groups")
        return chain(
            Reshape(shape=(rows * columns, self.groups, each)),
            Permute(order=(1, 3, 2)),
            Reshape(shape=(rows, columns, channels)),
        )


class SpaceToDepth(Composite):
    """Blocks of places as channels of one place: row by row, in each place by place."""

    keyword = "space_to_depth"
    stated = Stated(
        "space_to_depth(2)", FEATURE_MAP, (("", "H / factor x W / factor x C * factor * factor"),)
    )
    factor = Count("rows and columns of a block")

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        """Places of a row that become channels are next to each other already. Rows are cut apart
        as channels of one long row, since a transpose would have five axes."""
        height, width, channels = feature_map(self, inputs[0])
        rows = divided(self, height, self.factor, "rows", "factor")
        columns = divided(self, width, self.factor, "columns", "factor")
        row = width * channels
        parts = [Part(Reshape(shape=(rows, 1, self.factor * row)))]
        ends = []
        for number in range(self.factor):
            parts.append(Part(Slice(first=number * row, count=row), (0,)))
            shape = (rows, columns, self.factor * channels)
            parts.append(Part(Reshape(shape=shape), (len(parts) - 1,)))
            ends.append(len(parts) - 1)
        return joined(parts, ends)


class DepthToSpace(Composite):
    """Channels as blocks of places: the inverse of `space_to_depth`."""

    keyword = "depth_to_space"
    stated = Stated(
        "depth_to_space(2)", FEATURE_MAP, (("", "H * factor x W * factor x C / (factor * factor)"),)
    )
    factor = Count("rows and columns of a block")

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        height, width, channels = feature_map(self, inputs[0])
        left = divided(self, channels, self.factor * self.factor, "channels", "factor")
        row = self.factor * left
        parts: list[Part] = []
        ends = []
        for number in range(self.factor):
            parts.append(Part(Slice(first=number * row, count=row)))
            shape = (height, 1, width * row)
            parts.append(Part(Reshape(shape=shape), (len(parts) - 1,)))
            ends.append(len(parts) - 1)
        whole = joined(parts, ends)
        shape = (height * self.factor, width * self.factor, left)
        return (*whole, Part(Reshape(shape=shape), (len(whole) - 1,)))


def joined(parts: list[Part], ends: list[int]) -> tuple[Part, ...]:
    """Parts, and the channels of some of them one after the other."""
    return (*parts, Part(Concat(), tuple(ends))) if len(ends) > 1 else tuple(parts)
