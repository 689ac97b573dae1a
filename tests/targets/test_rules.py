"""Every rule of the STM32N6 can fire and can stay silent, and says what it should."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from archc.analysis.lowering import lower
from archc.targets.check import Finding, Report, allowable, check, never_allowed
from archc.targets.rules import Request
from archc.targets.target import builtin
from support.nets import Net
from support.published import mobilenet_v1, mobilenet_v2

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


def gelu_relu() -> Net:
    return chain((8, 8, 72), conv(), "gelu", "relu6", conv())


def softmaxes(count: int) -> Net:
    return chain((8, 8, 8), *["softmax"] * count)


def float_concat() -> Net:
    net = Net(8, 8, 72)
    first = net("conv", channels=72)
    net("concat", first, net("relu6", net("conv", 0, channels=72)))
    return net


MAP = (8, 8, 72)
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
    "unknown_lowering": gelu_relu(),
    "activation_spill": chain((512, 512, 8), conv(8, kernel=(3, 3))),
    "activation_margin": chain((384, 384, 8), conv(8, kernel=(3, 3))),
    "unfolded_batchnorm": chain(MAP, "batchnorm", conv()),
    "open_batch": chain(MAP, "flatten", ("dense", {"units": 10})),
    "float_border": QUIET,
    "software_output": chain(MAP, "softmax"),
    "line_buffer": chain((8, 64, 72), conv()),
    "pointwise_efficiency": chain((8, 8, 8), conv(8)),
    "depthwise_weights": chain(MAP, ("dwconv", {"kernel": (3, 3)})),
}
ELSEWHERE = {
    *("deployed_operator", "activation_memory", "weight_memory", "static_int8"),
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
    "software_operators": lambda: softmaxes(10),
    "software_operators_limit": lambda: softmaxes(38),
}


@pytest.mark.parametrize("rule", SILENT_AT_THE_LIMIT)
def test_silent_at_the_limit(rule: str) -> None:
    assert rule not in fired(judge(SILENT_AT_THE_LIMIT[rule]()))


@pytest.mark.parametrize(
    ("size", "fires"),
    [((64, 64), False), ((25, 11), False), ((50, 6), False), ((50, 11), True), ((7, 7), False)],
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


# --- memories ---------------------------------------------------------------------------------


def test_activations_above_what_is_on_chip() -> None:
    net = FIRES["activation_spill"]
    (finding,) = found(judge(net), "activation_spill")
    for part in ("4,096 KiB", "2,816 KiB", "cpuRAM2, npuRAM3", "hyperRAM", "estimated", "1.4"):
        assert part in finding.message
    report = judge(net, board="nucleo")
    (finding,) = found(report, "activation_memory")
    assert finding.level == "error"
    assert "board nucleo" in finding.message
    assert "fit" not in finding.message
    report = judge(net, "activation_memory", board="nucleo")
    assert report.verdict == "conditional"


def test_boards_differ() -> None:
    net = mobilenet_v2(Fraction(1), 224)
    memory = {"activation_memory", "activation_margin", "activation_spill"}
    assert not memory & fired(judge(net, "softmax"))
    assert memory & fired(judge(net, "softmax", board="audio")) == {"activation_margin"}
    net = mobilenet_v1(Fraction(1), 256)
    assert memory & fired(judge(net, "softmax", board="audio")) == {"activation_memory"}


def test_the_margin_is_the_observed_error() -> None:
    on_chip = sum(pool.bytes for pool in TARGET.boards[0].activations(external=False))
    assert on_chip == 2_883_584
    (rule,) = [rule for rule in TARGET.rules if rule.name == "activation_margin"]
    assert (rule.limits["low"], rule.limits["high"], rule.limits["high_before"]) == (1, 1.4, 2)
    near = chain((358, 358, 8), conv(8))
    below = chain((357, 359, 8), conv(8))
    assert 2 * 358 * 358 * 8 < on_chip / 1.4 < 2 * 360 * 360 * 8
    assert not found(judge(near), "activation_margin")
    assert not found(judge(below), "activation_margin")
    assert found(judge(chain((360, 360, 8), conv(8))), "activation_margin")


def test_weights_above_flash() -> None:
    net = Net(8192)
    net("dense", units=8192)
    (finding,) = found(judge(net), "weight_memory")
    assert "61,440 KiB" not in finding.message
    assert "62,464 KiB" in finding.message
    assert judge(net, "weight_memory").verdict == "conditional"


# --- allow ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"), [("relu6", "may be used freely"), ("tanh", "needed by nothing")]
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
