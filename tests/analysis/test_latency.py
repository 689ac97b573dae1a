"""Time and placement on the NPU: published measurements, and what holds for every network."""

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from archc.analysis.latency import REASONS, Estimate, Net, Op, estimate, prepare, remedy
from archc.analysis.latency.epochs import epochs
from archc.analysis.latency.times import _arrays
from support import npu, npu_tables
from support.npu import board, by_family, chosen, error, estimated, timing
from support.npu_nets import chain, nets

PAGE = Path(__file__).parents[2] / "docs" / "latency.md"

# --- what was measured --------------------------------------------------------------------------


def test_times_of_the_calibration() -> None:
    wrong = [abs(error(row)) for row in chosen("cal")]
    assert len(wrong) == 68
    assert sum(wrong) / len(wrong) <= 0.042
    assert max(wrong) <= 0.189


@pytest.mark.parametrize(
    ("family", "mean", "worst"),
    [
        ("MobileNetV1", 0.020, 0.046),
        ("MobileNetV2", 0.039, 0.102),
        ("FdMobileNet", 0.041, 0.087),
        ("SqueezeNet", 0.029, 0.047),
        ("ResNet18", 0.021, 0.021),
        ("ST-ResNet", 0.101, 0.128),
        ("YAMNet", 0.025, 0.031),
        ("TinyYOLOv2", 0.106, 0.189),
        ("EfficientNet-LC", 0.007, 0.007),
        ("EfficientNetV2", 0.016, 0.018),
        ("ST YoloX-n", 0.035, 0.062),
        ("YOLOv8n", 0.073, 0.118),
        ("FastDepth", 0.092, 0.092),
    ],
)
def test_times_of_a_family(family: str, mean: float, worst: float) -> None:
    wrong = [abs(error(row)) for row in by_family(chosen("cal"))[family]]
    assert sum(wrong) / len(wrong) <= mean + 0.0005
    assert max(wrong) <= worst + 0.0005


def test_times_of_a_family_that_no_constant_has_seen() -> None:
    refitted = [abs(value) for family in npu_tables.left_out().values() for value in family]
    assert len(refitted) == 68
    assert sum(refitted) / len(refitted) <= 0.068


@pytest.mark.parametrize("name", ["plain", "wide", "short"])
def test_bands_hold_for_what_was_measured(name: str) -> None:
    band = timing().bands[name]
    rows = [row for row in chosen("cal") if estimated(row.network).grade.band == name]
    outside = [row.network for row in rows if not band.least <= 1 / (1 + error(row)) <= band.most]
    assert rows
    # The one exception: it is the 1 of "50 of 51" in the target's evidence.
    assert outside == (["tiny_yolov2_coco_person_416"] if name == "plain" else []), outside


def test_which_networks_spill() -> None:
    counts = npu_tables.confusion()
    assert counts == {
        (True, True): 6,
        (True, False): 2,
        (False, True): 0,
        (False, False): 68,
    }
    for row in chosen("cal spilled"):
        grade = estimated(row.network).grade.name
        assert grade == ("spilled" if estimated(row.network).layout.external_bytes else "wide")


def test_memory_on_chip() -> None:
    shares = [
        estimated(row.network).layout.internal_bytes / 1024 / row.internal_kib - 1
        for row in chosen("cal")
    ]
    assert sum(abs(share) for share in shares) / len(shares) <= 0.076
    assert max(map(abs, shares)) <= 0.345
    assert sum(abs(share) <= 0.1 for share in shares) >= 45
    exact = [
        abs(estimated(row.network).layout.internal_bytes / 1024 - row.internal_kib) < 0.5
        for row in chosen("cal")
    ]
    assert sum(exact) == 31


def test_flash() -> None:
    for family, rows in by_family(chosen("cal")).items():
        if family == "EfficientNetV2":  # wide depthwise kernels on small maps
            continue
        for row in rows:
            assert estimated(
                row.network
            ).layout.flash_bytes / 1024 / row.flash_kib == pytest.approx(1, abs=0.055)


def test_the_page_shows_these_tables() -> None:
    text = PAGE.read_text()
    for name, made in npu_tables.TABLES.items():
        found = re.search(rf"<!-- table: {name} -->\n((?:\|.*\n)+)", text)
        assert found, name
        assert found[1].splitlines()[2:] == list(made()), name


def test_what_the_page_says_in_words() -> None:
    """Every figure in its sentences that data here can tell; what only the study tells says so."""
    text = " ".join(PAGE.read_text().split())
    rows = chosen("cal", "cal spilled")
    for name in ("plain", "wide", "spilled"):
        band = timing().bands[name]
        own = chosen("cal spilled")
        if name != "spilled":
            own = [row for row in chosen("cal") if estimated(row.network).grade.band == name]
        inside = sum(band.least <= 1 / (1 + error(row)) <= band.most for row in own)
        assert f"{inside} of {len(own)} " in text
        if name != "spilled":
            assert band.evidence.startswith(f"{inside} of {len(own)} networks that the constants")
    counts = npu_tables.confusion()
    assert (
        f"({len(rows)} in all: {counts[True, True]} rightly said to spill, {counts[False, False]} "
        f"rightly not, {counts[True, False]} missed, none wrongly)"
    ) in text
    assert counts[False, True] == 0
    suspect = sorted(-error(row) for row in npu.rows() if row.use.startswith("shown: label"))
    assert f"(three rows, {100 * suspect[0]:.0f} to {100 * suspect[-1]:.0f} % too low)" in text
    (pico,) = (error(row) for row in npu.rows() if row.use.startswith("shown: row"))
    assert f"({-100 * pico:.1f} % too low)" in text
    pose = estimated("yolov8n_pose_per_channel_coco_person_256").epochs
    software = sum(e.nanoseconds for e in pose if e.reason == "software")
    share = 100 * software / sum(e.nanoseconds for e in pose)
    assert f"these formulas at {share:.0f} %" in text
    for sentence in re.split(r"[.;|:] ", text):
        if "kept apart" in sentence and "study" not in sentence:
            assert "to judge it by" in sentence, sentence


# --- what holds for every network ------------------------------------------------------------


HYPER_RAM = 16 << 20
"""Bytes of external RAM of the board."""


@given(nets())
def test_a_plan_of_buffers(net: Net) -> None:
    memories = board()
    found = estimate(prepare(net, memories), timing())
    for one, other in combinations(found.layout.buffers, 2):
        if one.external != other.external or one.last < other.first or other.last < one.first:
            continue
        assert one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset
    for buffer in found.layout.buffers:
        if not buffer.external:
            end = buffer.offset + buffer.bytes
            inside = [
                area for area in memories.areas if area.start <= buffer.offset and end <= area.end
            ]
            assert len(inside) == 1, buffer
            assert buffer.pools or not buffer.bytes
        else:
            end = buffer.offset + buffer.bytes
            assert buffer.pools == (("hyperRAM",) if end <= HYPER_RAM else ())
    spilled = any(buffer.external for buffer in found.layout.buffers)
    assert spilled == (found.layout.external_bytes > 0)
    assert found.layout.internal_bytes <= sum(area.end - area.start for area in memories.areas)
    assert found.layout.homeless == any(not buffer.pools for buffer in found.layout.buffers)
    if spilled:
        grades = ("unknown",) if found.layout.homeless else ("spilled", "refuse")
        assert found.grade.name in grades


@given(nets())
def test_a_total_is_the_sum_of_its_epochs(net: Net) -> None:
    found = estimate(prepare(net, board()), timing())
    if found.layout.homeless:
        assert found.microseconds is found.most is None
        return
    assert found.microseconds is not None
    assert found.microseconds == int(sum(e.nanoseconds for e in found.epochs) / 1000 + 0.5)
    assert found.least is not None
    assert found.least <= found.microseconds <= (found.most or found.microseconds)
    # Each operator is in exactly one epoch, or, where it moves nothing, in none; those of which
    # two epochs are made stay together.
    places: dict[int, list[int]] = {}
    for number, epoch in enumerate(found.epochs):
        for op in epoch.ops:
            places.setdefault(op, []).append(number)
    for where in places.values():
        assert all(b == a + 1 for a, b in pairwise(where)), places


@given(
    st.integers(4, 96),
    st.integers(1, 20),
    st.integers(1, 6),
    st.sampled_from([1, 3, 5, 7]),
    st.sampled_from(["width", "side", "depth"]),
    st.booleans(),
)
def test_what_grows_takes_longer_or_a_rule_says_why(
    side: int, eights: int, depth: int, kernel: int, what: str, qdq: bool
) -> None:
    before = {"side": side, "width": 4 * eights, "depth": depth}
    after = {**before, what: before[what] + (4 if what == "width" else 1)}
    small = chain(before["side"], before["width"], before["depth"], kernel, qdq)
    large = chain(after["side"], after["width"], after["depth"], kernel, qdq)
    one, two = (estimate(prepare(net, board()), timing()) for net in (small, large))
    time = [sum(epoch.nanoseconds for epoch in each.epochs) for each in (one, two)]
    if time[1] >= time[0]:
        return
    note(f"{before} {time[0]} ns, {after} {time[1]} ns")
    assert _explained(small, large, one, two)


def _explained(small: Net, large: Net, one: Estimate, two: Estimate) -> bool:
    """Whether a named rule of the model says why the larger network is faster: channels that more
    accelerators share, or another place of its buffers."""
    steps = [[step for step in epochs(net).steps if step.kind == "conv"] for net in (small, large)]
    for before, after in zip(*steps, strict=False):  # those that both have
        if _arrays(before.channels[0]) != _arrays(after.channels[0]):
            return True
        if (before.channels[0] < 8) != (after.channels[0] < 8):
            return True
    maps = [
        {(each.op, each.first): each.pools for each in found.layout.buffers if each.what == "map"}
        for found in (one, two)
    ]
    return any(maps[0][key] != maps[1][key] for key in maps[0].keys() & maps[1].keys())


def test_every_reason_and_grade_is_reached() -> None:
    reasons = {e.reason for row in npu.rows() for e in estimated(row.network).epochs}
    assert reasons == set(REASONS)
    grades = {estimated(row.network).grade.band for row in npu.rows()}
    strange = Net(((64, 64, 32), (64, 64, 32)), (4, 4), (0,), (Op("DIV", (0,), (1,)),))
    grades.add(estimate(prepare(strange, board()), timing()).grade.band)
    dilated = Net(
        ((64, 64, 32), (64, 64, 32)), (4, 4), (0,), (Op("ADD", (0,), (1,), doubt="dilated"),)
    )
    grades.add(estimate(prepare(dilated, board()), timing()).grade.band)
    assert grades == {"plain", "wide", "spilled", "refuse", "short", None}


def test_a_board_without_external_ram() -> None:
    nucleo = board()._replace(outside=())
    found = estimate(prepare(chain(400, 64, 2), nucleo), timing())
    assert found.grade.name == "unknown"
    assert found.microseconds is None
    assert "no external RAM" in found.grade.why[0]


@pytest.mark.parametrize(("kernel", "said"), [(7, "3x3 kernel"), (3, "halve its map")])
def test_a_large_kernel_is_what_to_drop(kernel: int, said: str) -> None:
    found = estimate(prepare(chain(64, 32, 1, kernel), board()), timing())
    (conv,) = (epoch for epoch in found.epochs if epoch.ops)
    assert said in remedy(conv.kind, conv.reason, "CONV_2D")
