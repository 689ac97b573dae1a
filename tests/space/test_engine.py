"""Every figure of every variant against a full compile of it."""

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.space import classes, reuse
from archc.space.engine import Difference, Space
from archc.space.measure import published
from support.printer import print_file
from support.profiles import Tally, share
from support.spaces import SPECS, agree, families, opened, space
from support.strategies import Spec, specs

np = pytest.importorskip("numpy")

SHIPPED = {
    "dscnn": (
        "alpha=0.05..2.0:0.05",
        "num_classes=1..40",
        "height=8..60",
        "width=8..60",
        "depth_multiplier=1..2",
    ),
    "squeezenet": ("resolution=32..96:4", "num_classes=2..1000"),
    "two_inputs": ("alpha=0.5..2.0:0.5", "num_classes=1..100"),
}

EDGES = {
    "what vanishes or not depends on sizes": (
        """arch a(h = 8, w = 8, c = 8, n = 10) {
    require params <= 9000, macs <= 400 k
    input image: h x w x c
    stage a(stride = 2) {
        zero_pad(before = 0, after = 1) conv(exact(c), 3x3, padding = valid) batchnorm relu6
    }
    stage b {
        skip { conv(exact(16), 3x3) relu }
        if in.channels == c { conv(exact(n)) } else { dwconv(3x3) }
    }
    stage d {
        gate {
            global_average_pool(keepdims = true)
            conv(max(in.channels / 4, 4)) relu conv(exact(in.channels)) hard_sigmoid
        }
    }
    head { flatten dense(n) dense(10) softmax }
}""",
        ("h=1..40", "w=1..40", "c=1..40", "n=1..40"),
    ),
    "windows, strides, groups and dilations": (
        """arch e(h = 32, c = 8, k = 3, s = 1, g = 1, p = 1, d = 1) {
    target stm32n6(io = int8, allow = [global_max_pool])
    input image: h x h x 3
    stage a(channels = 8 * c, stride = s) {
        zero_pad(p) conv(kernel = k x k, padding = valid) batchnorm relu6
        dwconv(k x 3, dilation = d) relu
    }
    stage b {
        conv(exact(12 * g), 3x3, groups = g) max_pool(2x2)
        skip(shortcut = conv(exact(4 * c), 1x1)) { conv(exact(4 * c), 3x3) relu }
    }
    head { global_max_pool reshape(4 x c) flatten dense(10) sigmoid }
}""",
        ("h=8..40", "c=4..20", "k=1..5", "s=1..3", "g=1..4", "p=0..2", "d=1..2"),
    ),
    "figures beyond an int64": (
        """arch huge(h = 8, w = 8, c = 8) {
    input image: h x w x c
    stage a(channels = c) { conv(kernel = 3x3) relu6 conv(channels, stride = 2) }
    head { global_average_pool dense(10) softmax }
}""",
        ("h=[1, 8, 1000, 2000000000]", "w=[1, 9, 2000000000]", "c=[1, 8, 30, 2000000]"),
    ),
    "buffers that no address reaches": (
        """arch wide(h = 8, c = 8) {
    target stm32n6
    input image: h x h x 3
    stage a(channels = c) { conv(kernel = 3x3) relu6 }
    head { global_average_pool dense(10) sigmoid }
}""",
        ("h=[8, 9, 24, 2000000000]", "c=[8, 24, 2000000]"),
    ),
    "a derived arch, choices, shares that are kept": (
        """arch base(a = 1.0 in 0.1 .. 3.0, unit = ds, n = 10) {
    rounding(divisor = 4, keep = 0.9)
    input image: 24 x 24 x 1
    stage s(channels = 16 * a, repeat = 2) { unit }
    head { global_average_pool dense(n) }
}
arch other = base(n = 3)
""",
        ("a=0.1..3.0:0.1", "unit=[ds, ir(expansion = 2), { conv relu }, bogus]"),
    ),
}

BLOCKS = """block mb(channels, stride = 1, kernel = 3x3, expansion = 6, squeeze = 4) {
    skip {
        conv(in.channels * expansion) batchnorm relu6
        dwconv(kernel, stride) batchnorm relu6
        gate {
            global_average_pool(keepdims = true)
            conv(in.channels / squeeze) relu conv(exact(in.channels)) hard_sigmoid
        }
        conv(channels) batchnorm
    }
}
arch nas(h = 32, u = mb in [mb, mb(expansion = 3), mb(kernel = 5x5), mb(kernel = 3x3)],
    v = mb, w = conv(64)) {
    target stm32n6
    input image: h x h x 3
    stage a(channels = 16, stride = 2) { u }
    stage b(channels = 32, stride = 2, repeat = 2) { v }
    stage c { w }
    head { global_average_pool dense(7) sigmoid }
}
"""
NUMBERS = (
    "u=[mb, mb(expansion = 3), mb(kernel = 5x5), mb(kernel = 3x3)]",
    "v=[mb(32), mb, mb(expansion = 1), mb(kernel = 5x3, squeeze = 8), mb(width = 3), ds]",
    "w=[conv(64), conv(exact(64)), conv(72), conv(72, 3x3), conv(kernel = 3x3)]",
    "h=24..40",
)
EDGES["blocks that differ in numbers, and blocks that do not"] = BLOCKS, NUMBERS

PLACED = """arch placed(h = 64, w = 64, c = 16, n = 10) {
    require latency_ms <= 6 + n / 4
    target stm32n6(board = BOARD, io = int8, allow = [softmax])
    input image: h x w x 3
    stage a(channels = c, stride = 2) { conv(kernel = 7x7) batchnorm relu6 }
    stage b(channels = 2 * c) {
        skip(shortcut = conv(channels, 1x1)) {
            dwconv(5x5) conv(channels) relu6 conv(channels, 3x3)
        }
        skip { conv(channels, 3x3) relu6 }
    }
    stage d(channels = 4 * c, stride = 2) { conv(kernel = 3x3) relu6 dwconv(3x3) }
    head { global_average_pool dense(n) softmax }
}"""
OVER = ("h=8..640:8", "w=32..800:16", "c=4..64:4", "n=2..600")
EDGES |= {
    f"maps that spill, and times, on {board}": (PLACED.replace("BOARD", board), OVER)
    for board in ("dk", "nucleo")
}


def some(made: Space, rows: int) -> list[int]:
    chance = random.Random(rows)
    count = made.grid.size
    return [0, count - 1, *chance.sample(range(count), min(rows, count))]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_specs(name: str) -> None:
    made = space((SPECS / f"{name}.arch").read_text(), *SHIPPED[name])
    assert agree(made, some(made, 12)) == 14


@pytest.mark.parametrize("name", EDGES)
def test_decisions_that_depend_on_parameters(name: str) -> None:
    text, over = EDGES[name]
    made = space(text, *over, arch="other" if "other" in text else None)
    assert agree(made, some(made, 12)) >= 7


@pytest.mark.parametrize("name", [*SHIPPED, *EDGES])
def test_combinations_of_values_are_as_variants_one_by_one(name: str) -> None:
    """What is computed for the values of few parameters against what is for every row."""
    if name in SHIPPED:
        text, over = (SPECS / f"{name}.arch").read_text(), SHIPPED[name]
    else:
        text, over = EDGES[name]
    made = space(text, *over, arch="other" if "other" in text else None)
    start, many = made.grid.size // 3, 6_000 if made.grid.size < 10**7 else 60
    for batch in made.batches(start, min(start + many, made.grid.size), 4_000):
        rows = list(made.chosen(batch.rows))
        for field in ("rows", "network", "valid", "within", "verdicts", "grades"):
            every = np.concatenate([getattr(each, field) for each in rows])
            assert (getattr(batch, field) == every).all(), field
        for figure, column in batch.figures.items():
            none = np.full(1, -1)
            parts = [each.figures.get(figure, none.repeat(len(each.rows))) for each in rows]
            assert (column == np.concatenate(parts)).all(), figure


STRUCTURES = """arch two(a = 1.0 in 0.1 .. 3.0, h = 32 in 8 .. 64, u = ds, v = ds) {
    target stm32n6
    input image: h x 24 x 1
    stage s(channels = 16 * a, stride = 2) { u }
    stage t(channels = 32 * a, stride = 2) { v }
    head { global_average_pool dense(7) sigmoid }
}
"""
UNITS = "[ds, ir(expansion = 2), { conv(channels, 3x3, stride) relu }, ir, bogus]"


@pytest.mark.parametrize(
    ("few", "numbers", "size", "places"),
    [(0, 10**6, 10**9, 4), (10**6, 10**6, 10**9, 4), (2, 200, 10**9, 1), (2, 10**6, 1_000, 2)],
)
def test_structures_share_numbers_and_say_what_each_says_alone(
    monkeypatch: pytest.MonkeyPatch, few: int, numbers: int, size: int, places: int
) -> None:
    """By code or by values that are kept, and however little is kept."""
    over = (f"u={UNITS}", f"v={UNITS}", "a=0.1..2.0:0.1", "h=16..28")
    made = space(STRUCTURES, *over)
    inner = made.grid.inner
    chance = random.Random(few + numbers)
    for structure in chance.sample(range(25), 5):
        start, stop = structure * inner, (structure + 1) * inner
        (alone,) = space(STRUCTURES, *over).batches(start, stop)
        with monkeypatch.context() as limits:
            limits.setattr(classes, "FEW", few)
            limits.setattr(reuse, "NUMBERS", numbers)
            limits.setattr(reuse, "BYTES", size)
            limits.setattr(reuse, "PLACES", places)
            (batch,) = made.batches(start, stop)
            agree(made, chance.sample(range(start, stop), 1))
        for field in ("network", "valid", "within", "verdicts", "grades"):
            assert (getattr(batch, field) == getattr(alone, field)).all(), field
        assert batch.figures.keys() == alone.figures.keys()
        for figure, column in batch.figures.items():
            assert (column == alone.figures[figure]).all(), figure


def test_blocks_that_differ_in_numbers_are_one_structure() -> None:
    blocks = "[mb, mb(expansion = 3), mb(kernel = 5x5), mb(kernel = 7x7, expansion = 8)]"
    made = space(
        BLOCKS.replace("mb in [", "mb in [mb(kernel = 7x7, expansion = 8), "),
        f"u={blocks}",
        f"v={blocks}",
    )
    for _ in made.batches(0, made.grid.size):
        pass
    assert (made.grid.size, made.count, made.compiled) == (16, 1, 7)  # each block once
    assert agree(made, range(16)) == 16


def test_two_families_of_one_parameter() -> None:
    text = """block often(times) { if times > 2 { conv(16) relu } conv(8) }
block rarely(times) { if times > 5 { conv(32) relu } conv(8) }
arch a(u = often(1)) { input image: 8 x 8 x 3 stage s { u } head { flatten dense(2) } }
"""
    blocks = ("rarely(5)", "rarely(6)", "often(1)", "often(2)", "often(3)", "often(9)")
    made = space(text, f"u=[{', '.join(blocks)}]")
    assert agree(made, range(6)) == 6
    assert made.count == 4


@pytest.mark.parametrize(
    ("over", "classes", "networks"),
    [
        ("u=[mb(kernel = 5x5), mb(kernel = 7x7)]", 2, 1),  # not among the choices
        ("v=[mb(kernel = 5x5), mb(kernel = 3x5)]", 1, 2),
        ("v=[mb(kernel = 5x5), mb(kernel = 5)]", 2, 1),  # not a size
        ("v=[mb(channels = 32), mb(channels = exact(32))]", 2, 2),  # not a number
        ("v=[mb(squeeze = 2), mb(squeeze = 8)]", 2, 2),  # division by a parameter
        ("w=[conv(exact(10)), conv(exact(20))]", 2, 2),  # not a number either
        ("w=[{ conv(8) }, { conv(16) }]", 2, 2),
    ],
)
def test_blocks_that_are_structures_of_their_own(over: str, classes: int, networks: int) -> None:
    made = space(BLOCKS, over)
    assert agree(made, range(2)) == networks
    assert made.count == classes


@pytest.mark.parametrize(
    ("stage", "networks"),
    [
        ("u(8, 1, 2)", 1),  # the third is what is free of it: the growth, or the kernel
        ("u(8, growth = 2)", 1),  # which is bound in the others
        ("outer(8, u)", 2),  # whose choices differ in what is bound in them
        ("skip(shortcut = u(kernel = 1x1)) { conv(8) }", 4),
    ],
)
def test_what_is_bound_in_a_block_is_not_its_default(stage: str, networks: int) -> None:
    text = f"""block grown(channels = 8, stride = 1, growth = 1, kernel = 3x3) {{
    conv(channels * growth, kernel, stride) relu conv(channels)
}}
block outer(channels, inner = grown in [grown, grown(growth = 3)]) {{ inner(channels) }}
arch a(u = grown) {{
    input image: 8 x 8 x 3
    stage s {{ {stage} }}
    head {{ flatten dense(2) }}
}}
"""
    made = space(text, "u=[grown(growth = 2), grown, grown(growth = 1), grown(growth = 3)]")
    assert sum(agree(made, [row]) for row in range(4)) == networks


def test_each_block_of_a_family_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that is joined with others though it is not like them stops the sweep."""
    monkeypatch.setattr("archc.space.families._plain", lambda name, arch: True)
    text = """block a(channels, e = 1) { conv(channels * e) }
arch t(u = a) { input i: 8 x 8 x 8 stage s { u(8, e = 5) } head { flatten dense(2) } }
"""
    made = space(text, "u=[a(e = 2), a(e = 3), a]")
    with pytest.raises(Difference, match="u = a"):
        for _ in made.batches(0, 3):
            pass


def test_choices_of_another_file_are_its_own_blocks(tmp_path: Path) -> None:
    """The block `mb` of the spec is not the one that its base allows."""
    (tmp_path / "base.arch").write_text("""block mb(channels, e = 2) { conv(channels * e) }
arch base(u = mb in [mb, mb(e = 3)]) {
    input image: 8 x 8 x 8
    stage s(channels = 8) { u }
    head { flatten dense(2) }
}
""")
    text = """use "base.arch"
block mb(channels, e = 2) { conv(channels * e, 3x3) conv(channels) }
arch mine = base()
"""
    made = space(text, "u=[mb, mb(e = 3)]", arch="mine", folder=tmp_path)
    assert agree(made, range(2)) == 0


def test_structures_without_numbers() -> None:
    made = space((SPECS / "dscnn.arch").read_text(), "unit=[ds, ir, bogus]")
    batches = list(made.batches(0, 3))
    assert [len(batch.rows) for batch in batches] == [1, 1, 1]
    for row, batch in enumerate(batches):
        figures = {name: int(column[0]) for name, column in batch.figures.items()}
        known = {name: value for name, value in figures.items() if value >= 0}
        assert (known or None) == made.figures(row)
        assert bool(batch.network[0]) == (row < 2)


TALLY = Tally("design spaces of generated specs, with a network among them")


@share(0.25)
@given(specs(), st.integers(0, 10_000))
def test_generated_specs(spec: Spec, seed: int) -> None:
    """Of specs written at random, with numbers turned into parameters, every variant is right."""
    text = print_file(spec.file)
    chance = random.Random(seed)
    made = opened(text, chance)
    if made is None:
        return
    text, arch, over = made
    variants = space(text, *over, arch=arch)
    if variants.failed:
        return
    count = variants.grid.size
    rows = chance.sample(range(count), min(8, count))
    TALLY.add(text, agree(variants, rows) > 0)


@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_generated_blocks_that_differ_in_numbers(seed: int) -> None:
    chance = random.Random(seed)
    text, over = families(chance)
    made = space(text, *over)
    assert not made.failed
    assert agree(made, chance.sample(range(made.grid.size), 20)) >= 3


def test_a_class_that_is_wrong_stops_the_sweep() -> None:
    made = space((SPECS / "dscnn.arch").read_text(), "height=16..48", "num_classes=2..9")
    known, places = made.of(0)
    right = known.one(places)
    wrong = {
        r"`params` is .* with height = 16, num_classes = 2": right._replace(
            figures={**right.figures, "params": right.figures["params"] + 1}
        ),
        "the verdict": right._replace(verdict=3),
        "the grade": right._replace(grade=4),
    }
    for message, said in wrong.items():
        known.one = lambda places, said=said: said  # type: ignore[method-assign,misc]
        with pytest.raises(Difference, match=message):
            made.compare(made.compile(0), known, places)


def test_a_class_is_compared_with_more_than_its_witness() -> None:
    """The first batch has the witness alone: the next variant of the class is compiled as well."""
    made = space((SPECS / "dscnn.arch").read_text(), "num_classes=2..40")
    compiled = []
    for row in range(4):
        for _ in made.chosen(np.array([row])):
            compiled.append(made.compiled)
    assert made.count == 1
    assert compiled == [1, 2, 2, 2]


def test_one_variant_needs_no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    made = space((SPECS / "dscnn.arch").read_text(), "alpha=0.1..1.0:0.1", "height=16..48")
    for row in (0, 5, 100, made.grid.size - 1):
        network = made.compile(row).network
        assert network is not None
        assert made.figures(row) == published(network.manifest)


def test_few_classes_and_few_guards() -> None:
    """What splits the variants of a plain network into classes are its sizes, not its texts."""
    over = ("alpha=0.5..1.5:0.05", "num_classes=2..100", "height=32..96", "width=64..256:4")
    made = space((SPECS / "dscnn.arch").read_text(), *over)
    for _ in made.batches(0, 200_000):
        pass
    assert made.count <= 4
    assert not any(known.fixed for known in made.classes)
    assert all(len(known.outcomes) < 12 for known in made.classes)
