"""Every rule of the STM32N6 can fire and can stay silent, and says what it should."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.analysis.lowering import lower
from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.source import Source
from archc.targets.builtin import builtin
from archc.targets.facts import Request
from archc.targets.pools import plan
from archc.targets.verdict import Finding, Report, allowable, check, never_allowed
from support.nets import Net
from support.published import mobilenet_v1

TARGET = builtin("stm32n6")


def judge(net: Net, *allow: str, io: str = "float32", board: str | None = None) -> Report:
    graph = net.graph()
    return check(TARGET, Request("stm32n6", allow, io, board), graph, lower(graph, io))


def fired(report: Report) -> set[str]:
    return {finding.code.removeprefix("stm32n6/") for finding in report.findings}


def found(report: Report, rule: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == f"stm32n6/{rule}"]


def chain(shape: tuple[int, ...], *steps: tuple[str, dict[str, object]] | str) -> Net:
    net = Net(*shape)
    for step in steps:
        keyword, arguments = (step, {}) if isinstance(step, str) else step
        net(keyword, **arguments)
    return net


def conv(channels: int = 72, **arguments: object) -> tuple[str, dict[str, object]]:
    return "conv", {"channels": channels, **arguments}


def pool(window: int, stride: int) -> tuple[str, dict[str, object]]:
    return "max_pool", {"window": (window, window), "stride": (stride, stride)}


def two_concats() -> Net:
    net = Net(8, 8, 72)
    first = net("conv", channels=72)
    joined = []
    for _ in range(2):
        other = net("conv", first, channels=72)
        joined.append(net("concat", first, other))
    net("add", *joined)
    return net


def softmaxes(count: int) -> Net:
    return chain((8, 8, 8), *["softmax"] * count)


def float_concat() -> Net:
    net = Net(8, 8, 72)
    first = net("conv", channels=72)
    net("concat", first, net("relu6", net("conv", 0, channels=72)))
    return net


def concat(*widths: int, of: tuple[int, ...] = (8, 8, 72)) -> Net:
    """Branches of some widths, joined, on a map."""
    net = Net(*of)
    first = net("conv", channels=72)
    branches = [net("conv", first, channels=width) for width in widths]
    net("conv", net("concat", *branches), channels=24)
    return net


def gated_groups(groups: int, gate: bool = True) -> Net:
    net = Net(8, 8, 72)
    pooled = net("global_average_pool", keepdims=True)
    if gate:
        net("multiply", pooled, net("sigmoid", net("conv", pooled, channels=72)))
    net("conv", channels=48, groups=groups)
    return net


def cut_off(kernel: int) -> Net:
    """A RELU6 behind a RESHAPE that is read twice, so that it cannot move ahead of it."""
    net = Net(16, 16, 72)
    net("conv", channels=24)
    reshaped = net("reshape", shape=(8, 32, 24))
    net("relu6")
    net("dwconv", kernel=(kernel, kernel))
    net("add", reshaped, net("conv", channels=24))
    return net


MAP = (8, 8, 72)
ROW = (64, 1, 72)
QUIET = chain(MAP, conv(), "batchnorm", "relu6", conv(), "batchnorm")

FIRES: dict[str, Net] = {
    "operator": chain(MAP, "softmax", conv()),
    "unmapped": chain(MAP, "layernorm", conv()),
    "channel_alignment": chain(MAP, conv(12), conv()),
    "dimension": chain((70_000, 1, 1), ("dwconv", {"kernel": (3, 1)}), conv()),
    "rank": chain(MAP, ("reshape", {"shape": (2, 4, 8, 72)}), "sigmoid"),
    "convolution_window": chain(MAP, ("dwconv", {"kernel": (7, 7)})),
    "stride": chain((9, 9, 72), conv(kernel=(3, 3), stride=(3, 3))),
    "stride_over_kernel": chain(MAP, conv(stride=(2, 2))),
    "pool_window": chain(MAP, pool(5, 2)),
    "global_pool": chain((50, 11, 72), "global_average_pool"),
    "dilation": chain(MAP, conv(kernel=(3, 3), dilation=(2, 2))),
    "software_operators": softmaxes(13),
    "software_operators_limit": softmaxes(41),
    "unknown_lowering": two_concats(),
    "activation_spill": chain((512, 512, 8), conv(8, kernel=(3, 3))),
    "activation_margin": chain((360, 360, 8), conv(8, kernel=(3, 3), stride=(2, 2))),
    "unfolded_batchnorm": chain(MAP, "batchnorm", conv()),
    "open_batch": chain(MAP, "flatten", ("dense", {"units": 10})),
    "float_border": QUIET,
    "software_output": chain(MAP, "softmax"),
    "line_buffer": chain((8, 64, 72), conv()),
    "pointwise_efficiency": chain((8, 8, 8), conv(8)),
    "depthwise_weights": chain(MAP, ("dwconv", {"kernel": (3, 3)})),
    "concat_widths": concat(16, 32),
    "depthwise_row_stride": chain(ROW, ("dwconv", {"kernel": (3, 1), "stride": (2, 1)})),
    "reshaped_activation": cut_off(7),
    "gated_groups": gated_groups(3),
    "groups": chain((8, 8, 16), conv(48, groups=4)),
    "code_size": chain(MAP, *[conv(24), "sigmoid"] * 161),
    "buffer_spill": chain((400, 400, 8), conv(8, kernel=(3, 3), stride=(2, 2))),
    "partial_sums": chain(MAP, conv(kernel=(7, 7))),
}
ELSEWHERE = {
    *("deployed_operator", "activation_memory", "weight_memory", "static_int8"),
    *("slices", "transposes", "uint8_input", "buffer_memory"),
    *("onnx_opset", "onnx_ir", "onnx_contrib", "own_export", "front_end", "float_island"),
    *("float_first", "kept_activation", "scale_per_tensor"),
}
"""Rules that have a test of their own."""


def test_every_rule_is_tested() -> None:
    assert {rule.name for rule in TARGET.rules} == set(FIRES) | ELSEWHERE


@pytest.mark.parametrize("rule", FIRES)
def test_rule_fires(rule: str) -> None:
    findings = found(judge(FIRES[rule]), rule)
    assert findings
    declared = next(one for one in TARGET.rules if one.name == rule)
    for finding in findings:
        assert finding.level == declared.level
        assert finding.source == declared.source.text
        assert finding.confidence == declared.source.confidence
        assert "{" not in finding.message + (finding.remedy or "")


@pytest.mark.parametrize("rule", FIRES)
def test_rule_stays_silent(rule: str) -> None:
    assert rule not in fired(judge(QUIET, io="int8"))


def test_a_quiet_network_is_compatible() -> None:
    report = judge(QUIET, io="int8")
    assert report.findings == ()
    assert report.verdict == "compatible"
    assert all(report.supported(index) for index in range(6))


# --- the gate ---------------------------------------------------------------------------------


def test_an_exotic_operator_is_an_error_unless_allowed() -> None:
    net = FIRES["operator"]
    (finding,) = found(judge(net), "operator")
    assert (finding.level, finding.node, finding.allowed) == ("error", 1, False)
    assert "allow = [softmax]" in (finding.remedy or "")
    assert judge(net).verdict == "incompatible"
    report = judge(net, "softmax")
    (finding,) = found(report, "operator")
    assert (finding.level, finding.allowed) == ("warning", True)
    assert "stedgeai analyze" in (finding.remedy or "")
    assert report.verdict == "conditional"
    assert not report.supported(1)
    assert report.supported(2)


def test_what_nothing_maps_cannot_be_allowed() -> None:
    report = judge(FIRES["unmapped"], "layernorm")
    (finding,) = found(report, "unmapped")
    assert finding.level == "error"
    assert "cannot be allowed" in finding.message
    assert not found(report, "allow")


def test_swish_fails_by_its_layer_though_its_operators_are_demanded() -> None:
    (finding,) = found(judge(chain(MAP, conv(), "swish")), "operator")
    assert "LOGISTIC, MUL" in finding.message


def test_padding_passes_where_it_folds_and_only_there() -> None:
    pad = ("zero_pad", {"before": (1, 1)})
    folds = chain(MAP, pad, conv(kernel=(3, 3), padding="valid"))
    stays = chain(MAP, pad, conv(kernel=(3, 3), stride=(2, 2), padding="valid"))
    assert judge(folds).supported(1)
    assert judge(folds).verdict == "compatible"
    assert not judge(stays).supported(1)


def test_dropout_leaves_nothing() -> None:
    assert judge(chain(MAP, conv(), "dropout", "relu6")).verdict == "compatible"


def test_what_an_allowed_layer_brings_is_allowed_with_it() -> None:
    net = Net(*MAP)
    first = net("conv", channels=72)
    net("concat", first, net("sigmoid"))
    report = judge(net, "concat")
    assert not found(report, "deployed_operator")
    assert report.verdict == "conditional"


def test_a_deployed_operator_beyond_the_demanded_ones_is_an_error() -> None:
    net = Net(*MAP)
    x = net("conv", channels=72)
    net("sigmoid")
    graph = net.graph()
    deployed = lower(graph)
    odd = tuple(
        op._replace(operator="TILE") if op.operator == "LOGISTIC" else op
        for op in deployed.operators
    )
    for allow, level in ((), "error"), (("deployed_operator",), "warning"):
        request = Request("stm32n6", allow)
        report = check(TARGET, request, graph, deployed._replace(operators=odd))
        (finding,) = found(report, "deployed_operator")
        assert (finding.level, finding.node) == (level, x + 1)
        assert "TILE" in finding.message
        assert not report.supported(x + 1)


# --- alignment --------------------------------------------------------------------------------


def test_alignment_can_be_allowed_by_the_name_of_the_rule() -> None:
    report = judge(FIRES["channel_alignment"], "channel_alignment")
    (finding,) = found(report, "channel_alignment")
    assert (finding.level, finding.allowed, finding.node) == ("warning", True, 1)
    assert report.verdict == "conditional"
    assert report.supported(1)


@pytest.mark.parametrize("tail", [[], ["sigmoid"], ["global_average_pool", "sigmoid"]])
def test_the_output_is_exempt_from_alignment(tail: list[str]) -> None:
    assert not found(judge(chain(MAP, conv(10), *tail)), "channel_alignment")


def test_what_a_dense_layer_reads_is_not_exempt() -> None:
    net = chain(MAP, conv(10), "global_average_pool", ("dense", {"units": 3}))
    assert found(judge(net), "channel_alignment")


def test_all_findings_of_all_layers_at_once() -> None:
    net = chain(MAP, conv(12), "tanh", conv(20), "softmax", conv())
    report = judge(net)
    assert [f.node for f in found(report, "channel_alignment")] == [1, 3]
    assert [f.node for f in found(report, "operator")] == [2, 4]


# --- limits -----------------------------------------------------------------------------------

SILENT_AT_THE_LIMIT: dict[str, Callable[[], Net]] = {
    "convolution_window": lambda: chain(MAP, ("dwconv", {"kernel": (5, 5)})),
    "stride": lambda: chain(MAP, conv(kernel=(4, 4), stride=(4, 4))),
    "stride_over_kernel": lambda: chain(MAP, conv(kernel=(2, 2), stride=(2, 2))),
    "pool_window": lambda: chain((32, 32, 72), pool(3, 15)),
    "dimension": lambda: chain((65_535, 1, 1), ("dwconv", {"kernel": (3, 1)})),
    "line_buffer": lambda: chain((8, 32, 64), conv()),
    "concat_widths": lambda: concat(24, 24, 24),
    "depthwise_row_stride": lambda: chain(ROW, ("dwconv", {"kernel": (3, 1)}), conv(24)),
    "reshaped_activation": lambda: cut_off(5),
    "gated_groups": lambda: gated_groups(3, gate=False),
    "groups": lambda: chain((8, 8, 16), conv(48, groups=2)),
    "code_size": lambda: chain(MAP, *[conv(24), "sigmoid"] * 160),
    "buffer_spill": lambda: chain((350, 350, 8), conv(8, kernel=(3, 3))),
    "partial_sums": lambda: chain(MAP, conv(kernel=(6, 6))),
    "software_operators": lambda: softmaxes(10),
    "software_operators_limit": lambda: softmaxes(38),
}


@pytest.mark.parametrize("rule", SILENT_AT_THE_LIMIT)
def test_silent_at_the_limit(rule: str) -> None:
    assert rule not in fired(judge(SILENT_AT_THE_LIMIT[rule]()))


@pytest.mark.parametrize(
    ("size", "fires"),
    [
        *(((64, 64), False), ((25, 11), False), ((50, 6), False), ((50, 11), True)),
        *(((7, 7), False), ((60, 5), False), ((61, 5), True), ((27, 12), False)),
    ],
)
def test_global_pools_as_measured(size: tuple[int, int], fires: bool) -> None:
    net = chain((*size, 72), "global_average_pool")
    assert bool(found(judge(net), "global_pool")) is fires


def test_information_is_one_finding_for_all_layers() -> None:
    net = chain((8, 8, 8), *[conv(8)] * 9)
    (finding,) = found(judge(net), "pointwise_efficiency")
    assert "9 layers in all" in finding.message
    assert "and 5 more" in finding.message


def test_the_border_is_silent_in_int8() -> None:
    assert not found(judge(QUIET, io="int8"), "float_border")


# --- where values are moved -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("widths", "likely"),
    [((16, 16), False), ((64, 128), True), ((24, 24, 24), False), ((24, 24, 32), True)],
)
def test_where_a_concat_runs_is_judged_by_its_widths(widths: tuple[int, ...], likely: bool) -> None:
    report = judge(concat(*widths), "concat", io="int8")
    (finding,) = found(report, "operator")
    said = "likely runs on the CPU" if likely else "runs on the NPU where all widths are equal"
    assert said in finding.message
    assert bool(found(report, "concat_widths")) is likely


def test_unaligned_equal_widths_are_judged_too() -> None:
    net = Net(*MAP)
    parts = [net("conv", 0, channels=12), net("conv", 0, channels=12)]
    net("concat", *parts)
    assert found(judge(net, "concat", "channel_alignment"), "concat_widths")


def test_what_likely_runs_on_the_cpu_counts_as_software() -> None:
    net = Net(*MAP)
    for _ in range(13):
        at = net("conv", net.last, channels=72)
        net("concat", net("conv", at, channels=8), net("conv", at, channels=16))
        net("conv", channels=72)
    (finding,) = found(judge(net, "concat", io="int8"), "software_operators")
    assert "13 CONCATENATION" in finding.message


def test_nearest_upsampling_compiles_and_says_what_it_becomes() -> None:
    report = judge(chain(MAP, conv(), "upsample", conv()), "upsample", io="int8")
    assert report.verdict == "conditional"
    (finding,) = found(report, "operator")
    assert "becomes RESIZE_NEAREST_NEIGHBOR" in finding.message
    assert "a DepthToSpace on the CPU" in finding.message
    assert not found(report, "rank")


def test_silu_runs_on_the_npu() -> None:
    """63 times in one compile, with no option that recognises it."""
    (finding,) = found(judge(chain(MAP, conv(), "swish"), "swish", io="int8"), "operator")
    assert "LOGISTIC, MUL (runs on the NPU" in finding.message


MOVES = {
    # operator, its table, the shape it reads and gives: whether it is likely on the CPU
    "rows cut": ("STRIDED_SLICE", (0, 1, 0, 0), (8, 8, 72), (7, 8, 72), "slices"),
    "columns cut": ("STRIDED_SLICE", (0, 0, 1, 0), (8, 8, 72), (8, 7, 72), "slices"),
    "channels cut": ("STRIDED_SLICE", (0, 0, 0, 8), (8, 8, 72), (8, 8, 64), None),
    "channels cut unevenly": ("STRIDED_SLICE", (0, 0, 0, 4), (8, 8, 72), (8, 8, 68), "slices"),
    "split": ("SPLIT", (), (8, 8, 72), (8, 8, 24), None),
    "a vector cut": ("STRIDED_SLICE", (0, 8), (72,), (64,), "slices"),
    "sides swapped": ("TRANSPOSE", (0, 2, 1, 3), (8, 4, 72), (4, 8, 72), "transposes"),
    "a side of 1": ("TRANSPOSE", (0, 2, 1, 3), (8, 1, 72), (1, 8, 72), None),
    "channels first": ("TRANSPOSE", (0, 3, 1, 2), (8, 8, 72), (72, 8, 8), "transposes"),
}


@pytest.mark.parametrize("case", MOVES)
def test_slices_and_transposes(case: str) -> None:
    operator, table, before, after, rule = MOVES[case]
    net = chain(before, "sigmoid", "tanh")
    graph = net.graph()
    deployed = lower(graph, "int8")
    moved = tuple(
        op._replace(operator=operator, shape=after, tables=(table,) if table else ())
        if op.operator == "TANH"
        else op
        for op in deployed.operators
    )
    request = Request("stm32n6", ("tanh",), "int8")
    report = check(TARGET, request, graph, deployed._replace(operators=moved))
    fired = {f.code.partition("/")[2] for f in report.findings} & {"slices", "transposes"}
    assert fired == ({rule} if rule else set())
    (finding,) = found(report, "operator")
    assert ("likely runs on the CPU" in finding.message) is (rule is not None)


# --- what stalls ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "hangs"),
    [
        ((800, 1, 72), (3, 1), (2, 1), True),
        ((1, 800, 72), (1, 3), (1, 2), True),
        ((800, 1, 72), (3, 1), (2, 2), True),
        ((800, 1, 72), (3, 1), (1, 1), False),
        ((800, 2, 72), (3, 1), (2, 1), False),
        ((8, 8, 72), (3, 3), (2, 2), False),
    ],
)
def test_strides_along_one_row(
    shape: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int], hangs: bool
) -> None:
    net = chain(shape, ("dwconv", {"kernel": kernel, "stride": stride}))
    findings = found(judge(net), "depthwise_row_stride")
    assert bool(findings) is hangs
    if hangs:
        assert findings[0].level == "error"
        assert judge(net, "depthwise_row_stride").verdict == "conditional"


@pytest.mark.parametrize(
    ("kernel", "hangs"), [(3, False), (6, False), (7, True), (12, True), (13, False)]
)
def test_kernels_behind_an_activation_that_is_cut_off(kernel: int, hangs: bool) -> None:
    assert bool(found(judge(cut_off(kernel)), "reshaped_activation")) is hangs


def test_an_activation_that_fuses_is_not_cut_off() -> None:
    net = chain((16, 16, 72), conv(24), "relu6", ("reshape", {"shape": (8, 32, 24)}))
    net("dwconv", kernel=(7, 7))
    assert not found(judge(net), "reshaped_activation")


# --- memories ---------------------------------------------------------------------------------


def test_activations_above_what_is_on_chip() -> None:
    net = FIRES["activation_spill"]
    (finding,) = found(judge(net, io="int8"), "activation_spill")
    for part in ("4,096 KiB of", "2,816 KiB", "cpuRAM2, npuRAM3", "4,096 KiB go to hyperRAM"):
        assert part in finding.message
    assert "(`image` 2 x 2,048 KiB, `n00001_conv` 2,048 KiB)" in finding.message
    report = judge(net, io="int8", board="nucleo")
    (finding,) = found(report, "activation_memory")
    assert finding.level == "error"
    assert "board nucleo" in finding.message
    assert "find no room" in finding.message
    assert "there is no other memory" in finding.message
    assert "fit" not in finding.message
    report = judge(net, "activation_memory", board="nucleo")
    assert report.verdict == "conditional"


def test_external_ram_that_is_too_small_is_no_rescue() -> None:
    (finding,) = found(judge(chain((1100, 1100, 8), conv(8)), io="int8"), "activation_memory")
    assert "hyperRAM is too small" in finding.message


MEMORY_RULES = ("activation_memory", "activation_spill", "buffer_memory", "buffer_spill")


@pytest.mark.parametrize(
    ("side", "channels", "board", "rule"),
    [
        (400, 8, "nucleo", "buffer_memory"),  # 1,250 KiB twice: one in the NPU's RAM alone
        (400, 8, "dk", "buffer_spill"),
        (350, 8, "nucleo", None),  # 957 KiB twice: one in each
        (484, 8, "dk", "activation_spill"),  # 1,830 KiB twice: more than there is
        (512, 4, "dk", "buffer_spill"),  # 1 MiB twice, which misses cpuRAM2 by 8 bytes
    ],
)
def test_no_buffer_lies_across_areas(
    side: int, channels: int, board: str, rule: str | None
) -> None:
    net = chain((side, side, channels), conv(channels, kernel=(3, 3), stride=(2, 2)))
    report = judge(net, "channel_alignment", io="int8", board=board)
    assert [one for one in MEMORY_RULES if found(report, one)] == ([rule] if rule else [])


@given(
    st.integers(16, 1100),
    st.lists(st.integers(1, 8), min_size=1, max_size=4),
    st.sampled_from(["dk", "nucleo", "audio"]),
)
def test_rules_and_plan_say_the_same(side: int, widths: list[int], board: str) -> None:
    graph = chain((side, side, 4), *(conv(8 * width) for width in widths)).graph()
    deployed = lower(graph, "int8")
    layout = plan(TARGET, board, deployed).layout
    codes = fired(check(TARGET, Request("stm32n6", io="int8", board=board), graph, deployed))
    said = [name for name in MEMORY_RULES if name in codes]
    assert len(said) == (layout.external_bytes > 0)
    assert all(name.endswith("_memory") == layout.homeless for name in said)
    if said:
        assert "activation_margin" not in codes


def test_the_areas_of_the_boards() -> None:
    assert {board.name: board.rooms for board in TARGET.boards} == {
        "dk": (1_835_000, 1_048_568),
        "nucleo": (1_835_000, 1_048_568),
        "audio": (1_048_568, 458_744),
    }


def test_partial_sums_of_the_measured_network() -> None:
    """conv2d_32f_7x7 on 64x64x3: 1,323,008 B with Core 2.2.0, 1,585,152 B with 4.0.0, of which the
    input is 12,288: 10 and 12 bytes for each of 131,072 values. 143,360 B are live."""
    net = chain((64, 64, 3), conv(32, kernel=(7, 7)), "relu6", "global_average_pool")
    (finding,) = found(judge(net, io="int8"), "partial_sums")
    rule = next(rule for rule in TARGET.rules if rule.name == "partial_sums")
    low, high = (int(str(rule.limits[name])) * 64 * 64 * 32 for name in ("low", "high"))
    for needed in (1_323_008, 1_585_152):
        assert low <= needed - 12_288 <= high
    assert "768 KiB to 1,536 KiB" in finding.message
    assert "the peak of 140 KiB leaves out" in finding.message


def test_a_budget_that_partial_sums_put_in_doubt_is_marked() -> None:
    spec = """arch t {{
    target stm32n6
    require {} <= 448 KiB
    input image: 64 x 64 x 3
    head {{ conv(32, {}) relu6 global_average_pool }}
}}
"""
    for quantity, kernel, marked in (
        ("peak_activation_bytes", "7x7", True),
        ("peak_activation_bytes", "5x5", False),
        ("arena_bytes", "7x7", False),
    ):
        source = Source("t.arch", spec.format(quantity, kernel))
        labels = [
            label.text
            for found in compile_spec(Loader(), source, Options()).diagnostics
            for label in found.related
        ]
        assert ("this budget does not see it" in labels) is marked


def test_depthwise_weights_quote_whole_models() -> None:
    (finding,) = found(judge(FIRES["depthwise_weights"]), "depthwise_weights")
    assert "MobileNetV2 as a whole grew from 3,552,224 B to 4,137,361 B" in finding.message
    assert "3,669,793 B with 4.0.1" in finding.message


def test_a_uint8_input_costs_an_epoch() -> None:
    (finding,) = found(judge(QUIET, io="uint8"), "uint8_input")
    assert "8x8x72" not in finding.message
    assert "4,608 values" in finding.message
    for io in ("int8", "float32"):
        assert not found(judge(QUIET, io=io), "uint8_input")


def test_boards_differ() -> None:
    net = mobilenet_v1(Fraction(3, 4), 240)
    memory = {"activation_margin", *MEMORY_RULES}
    assert not memory & fired(judge(net, "softmax"))
    assert memory & fired(judge(net, "softmax", board="audio")) == {"activation_margin"}
    net = mobilenet_v1(Fraction(1), 256)
    assert memory & fired(judge(net, "softmax", board="audio")) == {"activation_memory"}


def test_the_margin_is_a_quarter_of_what_is_on_chip() -> None:
    sides = range(320, 400, 4)
    nets = [chain((side, side, 8), conv(8, kernel=(3, 3), stride=(2, 2))) for side in sides]
    used = [plan(TARGET, None, lower(net.graph(), "int8")).layout for net in nets]
    room = sum(TARGET.boards[0].rooms)
    near = [not layout.external_bytes and 4 * layout.internal_bytes > 3 * room for layout in used]
    assert True in near
    assert False in near
    for net, is_near in zip(nets, near, strict=True):
        messages = found(judge(net, io="int8"), "activation_margin")
        assert len(messages) == is_near
        assert all("leaves less than 25 %" in finding.message for finding in messages)


def test_weights_above_flash() -> None:
    net = Net(8192)
    net("dense", units=8192)
    (finding,) = found(judge(net), "weight_memory")
    assert "61,440 KiB" not in finding.message
    assert "62,464 KiB" in finding.message
    assert judge(net, "weight_memory").verdict == "conditional"


# --- allow ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"), [("relu6", "needs no permission"), ("tanh", "has no use here")]
)
def test_allowing_what_is_not_needed_is_a_note(name: str, why: str) -> None:
    report = judge(QUIET, name, io="int8")
    (finding,) = report.findings
    assert (finding.code, finding.level) == ("stm32n6/allow", "note")
    assert why in finding.message
    assert report.verdict == "compatible"


def test_what_can_be_allowed() -> None:
    names = allowable(TARGET)
    assert {"softmax", "channel_alignment", "activation_memory"} <= set(names)
    assert "dimension" not in names
    assert "hard rule" in (never_allowed(TARGET, "dimension") or "")
    assert "name the operators" in (never_allowed(TARGET, "operator") or "")
    assert "stops nothing" in (never_allowed(TARGET, "line_buffer") or "")
    assert never_allowed(TARGET, "softmax") is None
