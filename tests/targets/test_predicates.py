"""What each predicate says, on each side of every limit: operators made by hand, and small nets."""

from types import SimpleNamespace
from typing import Any

import pytest

from archc.analysis.latency.model import Buffer, Layout
from archc.analysis.lowering import Deployed, DeviceOp, Trait, lower
from archc.analysis.lowering.deployed import measure
from archc.ops.base import Placement
from archc.targets import memories
from archc.targets.builtin import builtin
from archc.targets.facts import PREDICATES, Facts, Limits, Offence, Request, stride_text, tally
from archc.targets.model import Board, Pool, Reference
from archc.targets.rules import _filled, _largest_prime
from support.nets import Net

TARGET = builtin("stm32n6")
Shape = tuple[int, ...]


def deployed(*operators: DeviceOp, reads: tuple[Shape, ...], outputs: tuple[int, ...] = ()) -> Any:
    """A file of some operators, the first of layer 1, the next of layer 2."""
    numbered = tuple(op._replace(layers=(at + 1,)) for at, op in enumerate(operators))
    return measure(numbered, (), (), outputs or (len(operators) - 1,), reads, ())


def op(operator: str, shape: Shape, *inputs: int, **facts: Any) -> DeviceOp:
    return DeviceOp(operator, shape, inputs or (-1,), (), **facts)


def window(rows: int, columns: int, stride: tuple[int, int] = (1, 1)) -> Placement:
    return Placement((rows, columns), stride, "same")


def broken(
    name: str, file: Deployed, net: Net | None = None, io: str = "int8", **limits: Any
) -> Any:
    """The offences of one predicate."""
    graph = (net or Net(1, 1, 1)).graph()
    facts = Facts(TARGET, Request("stm32n6", (), io), graph, file)
    return list(PREDICATES[name].check(facts, Limits(limits)))


def of_net(name: str, net: Net, io: str = "int8", **limits: Any) -> list[Offence]:
    return broken(name, lower(net.graph(), io), net, io, **limits)


# --- how values flow --------------------------------------------------------------------------

FLOW: dict[str, list[tuple[DeviceOp, tuple[Shape, ...], dict[str, str] | None]]] = {
    "concat_widths": [
        (op("CONCATENATION", (4, 4, 16), -1, -2), ((4, 4, 8), (4, 4, 8)), None),
        (op("CONCATENATION", (4, 4, 24), -1, -2), ((4, 4, 8), (4, 4, 16)), {"widths": "8 and 16"}),
        (op("CONCATENATION", (4, 4, 24), -1, -2), ((4, 4, 12),) * 2, {"widths": "12 and 12"}),
        (op("CONCATENATION", (4, 4, 18), -1, -2), ((4, 4, 9), (4, 4, 9)), {"widths": "9 and 9"}),
        (op("CONCATENATION", (8, 4, 12), -1, -2), ((4, 4, 12), (4, 4, 12)), None),
        (op("CONCATENATION", (4, 16), -1, -2), ((4, 8), (4, 8)), {"widths": "8 and 8"}),
        (op("CONCATENATION", (16,), -1, -2), ((8,), (8,)), None),
        (op("CONCATENATION", (12,), -1), ((12,),), None),
        (op("ADD", (12,), -1, -2), ((4,), (8,)), None),
    ],
    "slices": [
        (op("STRIDED_SLICE", (4, 4, 8)), ((4, 4, 16),), None),
        (op("STRIDED_SLICE", (4, 4, 12)), ((4, 4, 16),), {"before": "4x4x16", "after": "4x4x12"}),
        (op("SLICE", (2, 4, 8)), ((4, 4, 8),), {"before": "4x4x8", "after": "2x4x8"}),
        (op("SPLIT", (4, 2, 8)), ((4, 4, 8),), {"before": "4x4x8", "after": "4x2x8"}),
        (op("SPLIT_V", (8,)), ((16,),), {"before": "16", "after": "8"}),
        (op("SLICE", (4, 8)), ((4, 16),), {"before": "4x16", "after": "4x8"}),
        (op("SLICE", (4, 4, 8)), ((4, 4, 8, 1),), {"before": "4x4x8x1", "after": "4x4x8"}),
        (op("SLICE", (4, 4, 12)), ((4, 4, 12),), None),
        (op("RESHAPE", (4, 4, 12)), ((4, 4, 16),), None),
    ],
    "transposes": [
        (op("TRANSPOSE", (4, 6, 8), tables=((0, 1, 2, 3),)), ((4, 6, 8),), None),
        (op("TRANSPOSE", (6, 4, 8), tables=((0, 2, 1, 3),)), ((4, 6, 8),),
         {"before": "4x6x8", "after": "6x4x8"}),
        (op("TRANSPOSE", (6, 1, 8), tables=((0, 2, 1, 3),)), ((1, 6, 8),), None),
        (op("TRANSPOSE", (6, 2, 8), tables=((0, 2, 1, 3),)), ((2, 6, 8),),
         {"before": "2x6x8", "after": "6x2x8"}),
        (op("TRANSPOSE", (8, 1, 1), tables=((0, 3, 1, 2),)), ((1, 1, 8),), None),
        (op("TRANSPOSE", (6, 4), tables=((0, 2, 1),)), ((4, 6),),
         {"before": "4x6", "after": "6x4"}),
        (op("TRANSPOSE", (6, 4)), ((4, 6),), None),
    ],
    "depthwise_row_stride": [
        (op("DEPTHWISE_CONV_2D", shape, window=window(3, 3, stride)), (entering,), said)
        for shape, entering, stride, said in (
            ((32, 1, 8), (64, 1, 8), (2, 1), {"map": "64x1x8", "stride": "2x1"}),
            ((64, 1, 8), (64, 1, 8), (1, 2), None),
            ((1, 32, 8), (1, 64, 8), (1, 2), {"map": "1x64x8", "stride": "1x2"}),
            ((1, 64, 8), (1, 64, 8), (2, 1), None),
            ((1, 1, 8), (1, 1, 8), (2, 2), None),
            ((1, 1, 8), (2, 1, 8), (2, 2), {"map": "2x1x8", "stride": "2"}),
            ((1, 1, 8), (1, 2, 8), (3, 3), {"map": "1x2x8", "stride": "3"}),
            ((64, 1, 8), (64, 1, 8), (1, 1), None),
            ((32, 1, 8), (64, 2, 8), (2, 2), None),
            ((1, 32, 8), (2, 64, 8), (2, 2), None),
        )
    ],
    "groups": [
        (op("CONV_2D", shape, window=window(3, 1), weights=3 * shape[2] * inside), (enters,), said)
        for shape, enters, inside, said in (
            ((4, 4, 48), (4, 4, 16), 8, None),
            ((4, 4, 48), (4, 4, 16), 4,
             {"groups": "4", "channels_in": "4", "channels_out": "12"}),
            ((4, 4, 24), (4, 4, 16), 8,
             {"groups": "2", "channels_in": "8", "channels_out": "12"}),
            ((4, 4, 32), (4, 4, 24), 12,
             {"groups": "2", "channels_in": "12", "channels_out": "16"}),
            ((4, 4, 12), (4, 4, 12), 12, None),
            ((4, 4, 9), (4, 4, 9), 1, {"groups": "9", "channels_in": "1", "channels_out": "1"}),
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, cases in FLOW.items() for case in range(len(cases))]
)
def test_what_flows(name: str, case: int) -> None:
    operator, reads, said = FLOW[name][case]
    limits = {} if name in ("transposes", "depthwise_row_stride") else {"multiple": 8}
    offences = broken(name, deployed(operator, reads=reads), **limits)
    weight = 1
    for extent in operator.shape:
        weight *= extent
    expected = [] if said is None else [Offence(1, said, weight, op=0)]
    assert offences == expected


def test_what_has_no_window_or_no_map_is_passed_over() -> None:
    bare = deployed(op("DEPTHWISE_CONV_2D", (32, 1, 8)), reads=((64, 1, 8),))
    assert not broken("depthwise_row_stride", bare)
    flat = op("DEPTHWISE_CONV_2D", (1, 8), window=window(1, 3, (2, 2)))
    assert not broken("depthwise_row_stride", deployed(flat, reads=((1, 16),)))
    for shape, entering in (((4, 12), (4, 4, 16)), ((4, 4, 12), (4, 16))):
        grouped = op("CONV_2D", shape, window=window(1, 1), weights=12)
        assert not broken("groups", deployed(grouped, reads=(entering,)), multiple=8)
    bare = deployed(op("CONV_2D", (4, 4, 12), weights=12), reads=((4, 4, 16),))
    assert not broken("groups", bare, multiple=8)
    empty = op("CONV_2D", (4, 4, 12), window=window(1, 1), weights=0)
    assert not broken("groups", deployed(empty, reads=((4, 4, 16),)), multiple=8)


def test_widths_with_scales_of_their_own_may_differ_and_are_multiples_all_the_same() -> None:
    for wide, fires in ((16, False), (12, True)):
        joined = op("CONCATENATION", (4, 4, 8 + wide), -1, -2)
        file = deployed(joined, reads=((4, 4, 8), (4, 4, wide)))
        loose = file._replace(traits=(Trait("own_scales"),))
        assert bool(broken("concat_widths", loose, multiple=8)) is fires
        other = file._replace(traits=(Trait("another"),))
        assert broken("concat_widths", other, multiple=8)


def cut_off(*steps: str, kernel: tuple[int, int] = (7, 1)) -> Deployed:
    """A chain of operators, the last one depthwise."""
    last = op("DEPTHWISE_CONV_2D", (4, 4, 8), len(steps) - 1, window=window(*kernel))
    chain = [op(step, (4, 4, 8), at - 1) for at, step in enumerate(steps)]
    return deployed(*chain, last, reads=((4, 4, 8),))


@pytest.mark.parametrize(
    ("steps", "fires"),
    [
        ("CONV_2D RESHAPE RELU6", True),
        ("TRANSPOSE_CONV RESHAPE RESHAPE PRELU RESHAPE RESHAPE", True),
        ("DEPTHWISE_CONV_2D RESHAPE LEAKY_RELU RESHAPE", True),
        ("CONV_2D RESHAPE RELU", True),
        ("CONV_2D RELU6", False),
        ("CONV_2D RESHAPE", False),
        ("CONV_2D RESHAPE SOFTMAX", False),
        ("ADD RESHAPE RELU6", False),
        ("RESHAPE RELU6", False),
        ("RELU6", False),
        ("RESHAPE", False),
        ("", False),
    ],
)
def test_activations_cut_off(steps: str, fires: bool) -> None:
    offences = broken("reshaped_activation", cut_off(*steps.split()), low=7, high=9)
    assert bool(offences) is fires
    for found in offences:
        activation = next(step for step in reversed(steps.split()) if step != "RESHAPE")
        assert found.values == {"operator": activation, "kernel": "7x1"}
        assert (found.weight, found.op) == (128, len(steps.split()))


@pytest.mark.parametrize(
    ("kernel", "fires"),
    [((6, 6), False), ((7, 7), True), ((1, 7), True), ((9, 3), True), ((10, 7), False)],
)
def test_kernels_behind_what_is_cut_off(kernel: tuple[int, int], fires: bool) -> None:
    file = cut_off("CONV_2D", "RESHAPE", "RELU6", kernel=kernel)
    assert bool(broken("reshaped_activation", file, low=7, high=9)) is fires
    bare = file.operators[3]._replace(window=None)
    bare_file = file._replace(operators=(*file.operators[:3], bare))
    assert not broken("reshaped_activation", bare_file, low=7, high=9)


def gated(gate: DeviceOp, *steps: DeviceOp, groups: int = 2) -> Deployed:
    size = 1 + len(steps)
    side = steps[-1].shape[:2] if steps else gate.shape[:2]
    conv = op("CONV_2D", (*side, 16), size - 1, window=window(1, 1), weights=16 * 16 // groups)
    return deployed(gate, *steps, conv, reads=((1, 1, 16), (1, 1, 16)))


@pytest.mark.parametrize(
    ("file", "groups"),
    [
        (gated(op("MUL", (1, 1, 16), -1, -2)), "2"),
        (gated(op("MUL", (1, 1, 16), -1, -2), op("RELU", (1, 1, 16), 0), groups=4), "4"),
        (gated(op("MUL", (16,), -1, -2), op("RESHAPE", (1, 1, 16), 0)), "2"),
        (gated(op("MUL", (1, 1, 16), -1)), None),
        (gated(op("ADD", (1, 1, 16), -1, -2)), None),
        (gated(op("MUL", (1, 1, 16), -1, -2), groups=1), None),
        (gated(op("MUL", (2, 1, 16), -1, -2)), None),
        (gated(op("MUL", (1, 2, 16), -1, -2)), None),
        (gated(op("MUL", (4, 4, 16), -1, -2), op("MEAN", (1, 1, 16), 0)), None),
    ],
)
def test_groups_behind_a_gate(file: Deployed, groups: str | None) -> None:
    said = [found.values for found in broken("gated_groups", file)]
    assert said == ([{"groups": groups}] if groups else [])


def test_a_gate_is_said_once() -> None:
    twice = gated(op("MUL", (1, 1, 16), -1, -2), op("MUL", (1, 1, 16), 0, 0))
    assert len(broken("gated_groups", twice)) == 1


# --- the network as a whole -------------------------------------------------------------------


def test_the_bytes_of_a_uint8_border() -> None:
    file = deployed(op("ADD", (4, 4, 8), -1, -2), reads=((4, 4, 8), (1, 1, 2000)))
    (found,) = broken("uint8_input", file, io="uint8")
    assert (found.node, found.values) == (None, {"bytes": "2,128"})
    assert not broken("uint8_input", file)
    assert not broken("uint8_input", file, io="float32")


def test_the_size_of_code() -> None:
    chain = [op("RELU", (4,), at - 1) for at in range(3)]
    limits = {"above": 2, "low": 0.5, "high": 1.25}
    (found,) = broken("code_size", deployed(*chain, reads=((4,),)), **limits)
    assert found.values == {"count": "3", "low_size": "1,536 B", "high_size": "3,840 B"}
    assert found.node is None
    border = [chain[0], chain[1], chain[2]._replace(border=True)]
    assert not broken("code_size", deployed(*border, reads=((4,),)), **limits)


def test_software_is_counted_and_tallied() -> None:
    names = ("SOFTMAX", "RELU", "ARG_MAX", "SOFTMAX")
    chain = deployed(*(op(n, (4,), at - 1) for at, n in enumerate(names)), reads=((4,),))
    (found,) = broken("software_operators", chain, above=2)
    assert found.values == {"count": "3", "operators": "2 SOFTMAX, 1 ARG_MAX"}
    assert not broken("software_operators", chain, above=3)
    floats = [op("RELU", (4,), float_result=True), op("RELU", (4,), 0), op("RELU", (4,), 1)]
    (found,) = broken("software_operators", deployed(*floats, reads=((4,),)), above=1)
    assert found.values["operators"] == "2 RELU"  # what makes float32, and what reads it
    border = [op("QUANTIZE", (4,), border=True), op("RELU", (4,), 0)]
    for io, count in (("float32", 1), ("uint8", 0)):
        file = deployed(*border, reads=((4,),))
        assert len(broken("software_operators", file, io=io, above=0)) == count


def test_the_float_border_and_the_output() -> None:
    chain = deployed(
        op("QUANTIZE", (4,), border=True),
        op("SOFTMAX", (4,), 0),
        op("DEQUANTIZE", (4,), 1, border=True),
        op("DEQUANTIZE", (4,), 1, border=True),
        reads=((4,),),
        outputs=(1, 0, 1, -1),
    )
    (found,) = broken("float_border", chain, io="float32")
    assert (found.node, found.values) == (
        None, {"count": "3", "operators": "2 DEQUANTIZE, 1 QUANTIZE"})  # fmt: skip
    assert not broken("float_border", chain, io="uint8")
    bare = deployed(op("SOFTMAX", (4,)), reads=((4,),))
    assert not broken("float_border", bare, io="float32")
    (found,) = broken("software_output", chain)
    assert (found.node, found.values) == (2, {"becomes": "SOFTMAX"})


def test_tallies_are_sorted() -> None:
    assert tally(["B", "A", "C", "A", "C"]) == "2 A, 2 C, 1 B"
    assert (stride_text((2, 2)), stride_text((2, 1))) == ("2", "2x1")


# --- kernels, pools and shapes ----------------------------------------------------------------

CONV: dict[str, list[tuple[dict[str, Any], dict[str, Any], dict[str, str] | None, int]]] = {
    "convolution_window": [
        ({"kernel": kernel, "stride": stride},
         {"height": 3, "width": 4, "strided_width": 2, "one_step": step}, said, weight)
        for kernel, stride, step, said, weight in (
            ((3, 4), (1, 1), 1, None, 0),
            ((4, 4), (1, 1), 1, {"kernel": "4x4"}, 16),
            ((4, 1), (1, 1), 4, None, 0),
            ((5, 1), (1, 1), 4, {"kernel": "5x1"}, 5),
            ((1, 5), (1, 1), 4, {"kernel": "1x5"}, 5),
            ((2, 5), (1, 1), 5, None, 0),
            ((1, 3), (2, 1), 1, {"kernel": "1x3"}, 3),
            ((1, 3), (1, 2), 1, {"kernel": "1x3"}, 3),
            ((3, 2), (2, 2), 1, None, 0),
        )
    ],
    "stride": [
        ({"kernel": (4, 4), "stride": stride}, {"preferred": (1, 2)}, said, weight)
        for stride, said, weight in (
            ((1, 1), None, 0),
            ((2, 1), None, 0),
            ((2, 2), None, 0),
            ((3, 1), {"stride": "3x1"}, 3),
            ((1, 4), {"stride": "1x4"}, 4),
            ((3, 3), {"stride": "3"}, 3),
        )
    ],
    "stride_over_kernel": [
        ({"kernel": (2, 3), "stride": stride}, {}, said, 0)
        for stride, said in (
            ((2, 3), None),
            ((1, 1), None),
            ((3, 3), {"stride": "3", "kernel": "2x3"}),
            ((2, 4), {"stride": "2x4", "kernel": "2x3"}),
            ((3, 1), {"stride": "3x1", "kernel": "2x3"}),
        )
    ],
    "dilation": [
        ({"kernel": (2, 2), "dilation": dilation}, {}, said, 0)
        for dilation, said in (
            ((1, 1), None),
            ((2, 1), {"dilation": "2x1"}),
            ((1, 2), {"dilation": "1x2"}),
            ((3, 3), {"dilation": "3"}),
        )
    ],
    "line_buffer": [
        ({"kernel": (1, 1)}, {"values": values}, said, weight)
        for values, said, weight in (
            (72, None, 0),
            (71, {"wide": "72"}, 72),
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, cases in CONV.items() for case in range(len(cases))]
)
def test_what_a_kernel_does(name: str, case: int) -> None:
    arguments, limits, said, weight = CONV[name][case]
    net = Net(12, 12, 6)
    net("conv", channels=8, **arguments)
    expected = [] if said is None else [Offence(1, said, weight)]
    assert of_net(name, net, **limits) == expected


@pytest.mark.parametrize(
    ("window_", "stride_", "said"),
    [
        ((3, 3), (2, 2), None),
        ((4, 1), (1, 1), {"kernel": "4x1", "steps": "1"}),
        ((1, 4), (1, 1), {"kernel": "1x4", "steps": "1"}),
        ((2, 3), (3, 1), {"kernel": "2x3", "steps": "3x1"}),
        ((3, 2), (1, 3), {"kernel": "3x2", "steps": "1x3"}),
    ],
)
@pytest.mark.parametrize("keyword", ["max_pool", "average_pool"])
def test_pools(
    keyword: str, window_: tuple[int, int], stride_: tuple[int, int], said: dict[str, str] | None
) -> None:
    net = Net(12, 12, 6)
    net(keyword, window=window_, stride=stride_)
    weight = window_[0] * window_[1]
    expected = [] if said is None else [Offence(1, said, weight)]
    assert of_net("pool_window", net, window=3, stride=2) == expected


@pytest.mark.parametrize(
    ("size", "elements", "factor", "prime"),
    [
        ((5, 2), 10, 4, None),
        ((5, 2), 9, 4, "5"),
        ((2, 5), 9, 4, "5"),
        ((5, 2), 9, 5, None),
        ((9, 8), 9, 3, None),
        ((9, 8), 9, 2, "3"),
        ((22, 7), 9, 2, "11"),
    ],
)
def test_global_pools(size: tuple[int, int], elements: int, factor: int, prime: str | None) -> None:
    net = Net(*size, 8)
    net("global_average_pool")
    found = of_net("global_pool", net, elements=elements, factor=factor)
    count = size[0] * size[1]
    values = {"map": f"{size[0]}x{size[1]}", "elements_found": str(count), "prime": prime}
    assert found == ([Offence(1, values, count)] if prime else [])  # type: ignore[arg-type]
    other = Net(*size, 8)
    other("global_max_pool")
    assert not of_net("global_pool", other, elements=1, factor=1)


def test_prime_factors() -> None:
    for number in range(1, 200):
        primes = [
            p for p in range(2, number + 1) if number % p == 0 and all(p % d for d in range(2, p))
        ]
        assert _largest_prime(number) == max(primes, default=1)


def test_what_fills_an_array() -> None:
    for low in range(1, 9):
        for high in range(low, 12):
            filled = {c for n in range(61) for c in range(low * n, high * n + 1)}
            for channels in range(1, 60):
                assert _filled(channels, low, high) is (channels in filled), (channels, low, high)


@pytest.mark.parametrize(
    ("entering", "leaving", "fires"),
    [(8, 12, False), (9, 12, True), (8, 13, True), (10, 14, True), (24, 24, False)],
)
def test_pointwise_channels(entering: int, leaving: int, fires: bool) -> None:
    limits = {"input_low": 8, "input_high": 8, "output_low": 12, "output_high": 12}
    net = Net(5, 3, entering)
    net("conv", channels=leaving)
    values = {"channels_in": str(entering), "channels_out": str(leaving)}
    expected = [Offence(1, values, 15 * entering * leaving)] if fires else []
    assert of_net("pointwise_efficiency", net, **limits) == expected
    wide = Net(5, 3, entering)
    wide("conv", channels=leaving, kernel=(1, 3))
    assert not of_net("pointwise_efficiency", wide, **limits)


def test_alignment_exempts_what_leads_to_the_output_alone() -> None:
    def widths(*steps: tuple[str, dict[str, Any]]) -> list[str]:
        net = Net(8, 8, 4)
        for keyword, arguments in steps:
            net(keyword, **arguments)
        return [o.values["channels"] for o in of_net("alignment", net, multiple=8)]

    conv = lambda channels: ("conv", {"channels": channels})  # noqa: E731
    assert widths(conv(12), conv(16), conv(9)) == ["12"]
    assert widths(conv(12), ("relu", {})) == []
    assert widths(conv(12), ("batchnorm", {})) == ["12"]
    assert widths(conv(1004), ("relu", {}), conv(8)) == ["1,004"]
    assert widths(conv(8), conv(16), conv(24)) == []
    net = Net(8, 8, 4)
    first, second = net("conv", 0, channels=12), net("conv", 0, channels=12)
    net("relu", net("add", first, second))
    assert [o.node for o in of_net("alignment", net, multiple=8)] == [1, 2]


def test_dimensions_and_axes() -> None:
    net = Net(8, 7, 2)
    net("conv", channels=3)
    assert of_net("dimension", net, below=9) == []
    found = of_net("dimension", net, below=8)
    assert found == [
        Offence(0, {"extent": "8", "shape": "8x7x2"}, 8),
        Offence(1, {"extent": "8", "shape": "8x7x3"}, 8),
    ]
    net = Net(2, 3, 4)
    net("sigmoid", net("reshape", shape=(2, 3, 2, 2)))
    assert of_net("rank", net, axes=5) == []
    found = of_net("rank", net, axes=4)
    assert [(o.node, o.values["axes_found"]) for o in found] == [(1, "5")]
    assert found[0].values["operator"] == "RESHAPE"
    deep = Net(2, 2, 2, 2)
    deep("sigmoid")
    found = of_net("rank", deep, axes=4)
    assert [(o.node, o.values["operator"]) for o in found] == [(1, "LOGISTIC"), (0, "the input")]


def test_layers_by_name_and_normalisations() -> None:
    net = Net(4, 4, 8)
    net.chain("relu", "batchnorm", "sigmoid", "relu")
    assert of_net("layers", net, layers=("relu", "softmax")) == [
        Offence(1, {}, 128), Offence(4, {}, 128)]  # fmt: skip
    assert of_net("unfolded_batchnorm", net) == [Offence(2, {}, 128)]


# --- memories ---------------------------------------------------------------------------------

NOWHERE = Reference("a test", "certain")
POOLS = (
    Pool("small", 4096, 0, "activations", False),
    Pool("large", 20480, 0, "activations", False),
    Pool("ram", 10**6, 0, "activations", True),
    Pool("flash", 3000, 0, "weights", True),
)


def buffer(
    op: int, size: int, first: int, last: int, *, out: bool = False, what: str = "map"
) -> Buffer:
    return Buffer(op, what, size, first, last, 0, out, ())


def held(
    *buffers: Buffer,
    internal: int = 0,
    homeless: bool = False,
    pools: tuple[Pool, ...] = POOLS,
) -> Any:
    """Facts of a network whose plan of buffers is given."""
    net = Net(4, 4, 8)
    for _ in range(5):
        net("relu")
    file = deployed(*(op("RELU", (4, 4, 8), at - 1) for at in range(5)), reads=((4, 4, 8),))
    external = sum(each.bytes for each in buffers if each.external)
    board = Board("board", "a board", pools, NOWHERE)
    return SimpleNamespace(
        layout=Layout(buffers, internal, external, homeless, 0),
        board=board, rooms=board.rooms, graph=net.graph(), deployed=file,
        request=Request("t"), first_layer=lambda op: op.layers[0] if op.layers else None,
    )  # fmt: skip


def said(name: str, facts: Any, **limits: Any) -> list[Offence]:
    return list(PREDICATES[name].check(facts, Limits(limits)))


def test_the_busiest_epoch() -> None:
    buffers = (buffer(-1, 5, -1, 1), buffer(0, 7, 1, 2), buffer(1, 12, 2, 3), buffer(2, 7, 4, 4),
               buffer(3, 12, 4, 4))  # fmt: skip
    most, at = memories._busiest(held(*buffers))
    alive = {epoch: sum(b.bytes for b in buffers if b.first <= epoch <= b.last)
             for epoch in range(-1, 5)}  # fmt: skip
    assert most == max(alive.values()) == 19
    assert at == next(epoch for epoch in alive if alive[epoch] == most) == 2


@pytest.mark.parametrize(
    ("homeless", "rule"), [(False, "activations_spill"), (True, "activations_over")]
)
def test_more_alive_than_there_is(homeless: bool, rule: str) -> None:
    other = {"activations_spill": "activations_over", "activations_over": "activations_spill"}[rule]
    big = buffer(-1, 20000, -1, 0, out=True), buffer(0, 4577, 0, 1), buffer(1, 4000, 1, 2)
    (found,) = said(rule, held(*big, homeless=homeless))
    assert found == Offence(None, {
        "on_chip": "24 KiB", "pools": "small, large", "external": "ram",
        "elsewhere": "ram is too small", "outside": "20 KiB", "buffers": "`image` 20 KiB",
        "live": "24 KiB", "at": found.values["at"],
    })  # fmt: skip
    assert found.values["at"].endswith("1_relu")  # what is made last of those alive
    assert not said(other, held(*big, homeless=homeless))
    fits = buffer(-1, 20000, -1, 0, out=True), buffer(0, 4576, 0, 1)
    assert not said(rule, held(*fits, homeless=homeless))
    assert not said(rule, held(big[1], big[2], homeless=homeless))


def test_where_there_is_no_other_memory() -> None:
    big = buffer(-1, 30000, -1, 0, out=True), buffer(0, 40000, 0, 1, out=True)
    (found,) = said("activations_over", held(*big, homeless=True, pools=POOLS[:2]))
    assert found.values["external"] == "no other memory"
    assert found.values["elsewhere"] == "there is no other memory"
    assert found.values["buffers"].endswith("1_relu` 39 KiB, `image` 29 KiB")
    (found,) = said("activations_over", held(*big, homeless=True, pools=POOLS[2:]))
    assert (found.values["pools"], found.values["on_chip"]) == ("none", "0 B")


@pytest.mark.parametrize(("used", "fires"), [(24576 * 3 // 4, False), (24576 * 3 // 4 + 1, True)])
def test_little_left_on_chip(used: int, fires: bool) -> None:
    found = said("activations_near", held(buffer(0, used, 0, 1), internal=used), percent=25)
    assert bool(found) is fires
    assert all(each.values["used"] == "18 KiB" for each in found)
    spilt = held(buffer(0, used, 0, 1), buffer(1, 1, 0, 1, out=True), internal=used)
    assert not said("activations_near", spilt, percent=25)


@pytest.mark.parametrize(("homeless", "rule"), [(False, "buffers_spill"), (True, "buffers_over")])
def test_buffers_that_lie_across(homeless: bool, rule: str) -> None:
    other = {"buffers_spill": "buffers_over", "buffers_over": "buffers_spill"}[rule]
    cut = buffer(-1, 3000, -1, 1, out=True), buffer(2, 21000, 1, 2, out=True), buffer(1, 9, 1, 2)
    (found,) = said(rule, held(*cut, homeless=homeless))
    assert (found.node, found.weight, found.op) == (3, 21000, 2)
    assert found.values["rooms"] == "24 KiB"
    assert not said(other, held(*cut, homeless=homeless))
    (found,) = said(rule, held(buffer(-1, 21000, -1, 1, out=True), homeless=homeless))
    assert (found.node, found.op) == (0, None)
    (found,) = said(rule, held(buffer(0, 24576, 0, 1, out=True), homeless=homeless))
    assert found.op == 0
    assert not said(rule, held(buffer(0, 24577, 0, 1, out=True), homeless=homeless))


def test_buffers_are_named_by_their_layers() -> None:
    many = [buffer(at, 500, at, at, out=True) for at in range(4)]
    facts = held(buffer(0, 900, 0, 1, what="partial sums"), buffer(0, 500, 3, 3), *many)
    text = memories._titled(facts, list(facts.layout.buffers))
    names = [f"`{node.name}`" for node in facts.graph.nodes]
    assert text == (
        f"partial sums of {names[1]} 900 B, {names[1]} 2 x 500 B, {names[2]} 500 B and 2 more"
    )
    border = facts.deployed.operators[0]._replace(border=True, layers=())
    facts.deployed = facts.deployed._replace(operators=(border, *facts.deployed.operators[1:]))
    text = memories._titled(facts, [buffer(0, 5, 0, 0), buffer(-3, 4, 0, 0)])
    assert text == f"float32 form of {names[5]} 5 B, `image` 4 B"


def test_weights_and_partial_sums() -> None:
    for weights, fires in ((3000, False), (3001, True)):
        facts = held(buffer(0, 1, 0, 0))
        facts.deployed = facts.deployed._replace(weight_bytes=weights)
        assert said("weights_over", facts) == [
            Offence(None, {"weights": "3,001 B", "flash": "3,000 B", "pools": "flash"})
        ] * fires  # fmt: skip
    for side, fires in ((6, False), (7, True)):
        large = op("CONV_2D", (4, 4, 8), window=window(2, side), weights=16)
        depthwise = op("DEPTHWISE_CONV_2D", (4, 4, 8), 0, window=window(9, 9), weights=72)
        file = deployed(large, depthwise, reads=((4, 4, 8),))
        limits = {"kernel_from": 7, "low": 2, "high": 4}
        assert broken("partial_sums", file, **limits) == [
            Offence(1, {"kernel": "2x7", "result": "4x4x8", "peak": "256 B", "low_size": "256 B",
                        "high_size": "512 B"}, 128, op=0)
        ] * fires  # fmt: skip
        assert broken("depthwise_weights", file) == [Offence(None, {"bytes": "72 B"})]
    assert not broken("depthwise_weights", deployed(large, reads=((4, 4, 8),)))


# --- what only files have ---------------------------------------------------------------------


def test_traits_of_files_and_versions() -> None:
    file = deployed(op("ADD", (4,), -1, -2), reads=((4,), (4,)))
    traits = (
        Trait("island", "2 operators", 3),
        Trait("opset", "", None, 1017),
        Trait("island", "x"),
    )
    file = file._replace(traits=traits)
    assert broken("stored", file, traits=("island", "other")) == [
        Offence(3, {"what": "2 operators"}), Offence(None, {"what": "x"})]  # fmt: skip
    assert broken("stored", file, traits=("other",)) == []
    assert broken("stored_version", file, traits=("opset",), above=1016) == [
        Offence(None, {"version": "1,017"})]  # fmt: skip
    assert broken("stored_version", file, traits=("opset",), above=1017) == []
    assert broken("stored_version", file, traits=("island",), above=5) == []
