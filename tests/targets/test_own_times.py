"""The section `[latency]` of a target file: constants of one's own, none at all, and wrong ones."""

import pytest

import archc
from archc.analysis.latency import estimate, prepare
from archc.diagnostics.model import Rejected
from archc.source import Source
from archc.targets.builtin import builtin
from archc.targets.model import Target
from archc.targets.pools import memories, plan_net, uses
from archc.targets.target import parse_target
from support.npu_nets import chain

HEAD = 'extends = "stm32n6"\nname = "mine"\n'
OWN = """[sources.own]
text = "our board"
confidence = "B"
"""
SPEC = """arch a {
    target stm32n6(io = int8)
    input image: 64 x 64 x 8
    stage s(channels = 32) { conv(kernel = 3x3) relu6 conv(kernel = 3x3) relu6 }
}
"""


def made(text: str) -> Target:
    return parse_target(Source("mine.toml", HEAD + text))


def microseconds(target: Target) -> int:
    assert target.timing is not None
    slow = target.timing.slow
    found = estimate(prepare(chain(64, 32, 4), memories(target.boards[0], slow)), target.timing)
    assert found.microseconds is not None
    return found.microseconds


def test_a_constant_of_one_s_own() -> None:
    target = made(f'{OWN}[latency.constants]\nepoch = {{ value = 12_000, source = "own" }}\n')
    assert target.timing is not None
    known = builtin("stm32n6").timing
    assert known is not None
    assert target.timing.constants["epoch"].source.startswith("our board")
    assert target.timing.constants["flash"] == known.constants["flash"]
    # Four convolutions and the input: five epochs that start 6 us later.
    assert microseconds(target) == pytest.approx(microseconds(builtin("stm32n6")) + 30, abs=1)


def test_a_target_without_times_still_places() -> None:
    target = made('remove = ["latency"]\n')
    assert target.timing is None
    layout = plan_net(target, None, chain(64, 32, 4)).layout
    assert layout == plan_net(builtin("stm32n6"), None, chain(64, 32, 4)).layout
    assert sum(pool.used for pool in uses(target, target.boards[0], layout)) > 0


def test_a_network_without_times_has_a_placement(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("t") / "mine.toml"
    path.write_text(HEAD + 'remove = ["latency"]\n', encoding="utf-8")
    deployed = archc.compile_text(SPEC, target=str(path)).manifest["deployed"]
    timed = archc.compile_text(SPEC).manifest["deployed"]
    assert deployed["latency"] is None
    assert deployed["placement"] == timed["placement"]
    assert deployed["pools"] == timed["pools"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[latency]\nformulas = "other"\n', "not `other`"),
        ("[latency]\nspeed = 3\n", "`latency.speed`"),
        ('[latency]\nslow = ["nowhere"]\n', "names of pools, not `nowhere`"),
        ("[latency.constants]\nepoch = { value = 0 }\n", "latency.constants.epoch.value"),
        ("[latency.constants]\nepoch = { value = -1 }\n", "latency.constants.epoch.value"),
        ("[latency.constants]\nepoch = { value = inf }\n", "latency.constants.epoch.value"),
        ("[latency.constants]\nepoch = { value = nan }\n", "latency.constants.epoch.value"),
        ('[latency.constants]\nepoch = { value = "6" }\n', "latency.constants.epoch.value"),
        ('[latency.constants]\nepoch = { unit = "us" }\n', "is `ns`: the formulas count so"),
        ('[latency.constants]\nepoch = { source = "none" }\n', "not `none`"),
        ("[latency.constants]\nspeed = { value = 1 }\n", "latency.constants.speed"),
        ("[latency.bands.plain]\nleast = 1.5\n", "latency.bands.plain.least"),
        ("[latency.bands.plain]\nmost = 0.5\n", "latency.bands.plain.most"),
        ("[latency.bands.huge]\nleast = 1\n", "latency.bands.huge"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(Rejected) as raised:
        made(text)
    assert said in raised.value.diagnostic.message
    assert raised.value.diagnostic.code == "target"
