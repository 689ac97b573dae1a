"""Target files that extend others: what differs is laid over, and what is wrong is named."""

from pathlib import Path

import pytest

import archc
from archc.diagnostics.model import Rejected
from archc.files.loader import Loader
from archc.files.targets import read_target
from archc.source import Source
from archc.targets.builtin import builtin
from archc.targets.model import Target
from archc.targets.target import parse_target

EXAMPLE = Path(__file__).parents[2] / "specs" / "targets" / "camera.toml"
HEAD = 'name = "mine"\nextends = "stm32n6"\n'


def parse(rest: str = "", head: str = HEAD) -> Target:
    return parse_target(Source("mine.toml", head + rest))


def refused(rest: str = "", head: str = HEAD) -> str:
    with pytest.raises(Rejected) as caught:
        parse(rest, head)
    diagnostic = caught.value.diagnostic
    assert diagnostic.code == "target"
    assert "`mine.toml`" in diagnostic.message
    return f"{diagnostic.message} / {diagnostic.help}"


def test_nothing_but_a_name_is_the_same_target() -> None:
    base = builtin("stm32n6")
    assert parse()._replace(name=base.name, texts=base.texts) == base


def test_a_rule_keeps_what_is_not_given() -> None:
    base = next(rule for rule in builtin("stm32n6").rules if rule.name == "stride")
    target = parse('[[rules]]\nname = "stride"\nlevel = "error"\nlimits = { preferred = [1, 2] }\n')
    rule = next(rule for rule in target.rules if rule.name == "stride")
    assert rule == base._replace(level="error", limits={"preferred": (1, 2)})
    assert [rule.name for rule in target.rules] == [r.name for r in builtin("stm32n6").rules]


def test_new_rules_come_last_and_new_tiers_first() -> None:
    target = parse(
        '[[rules]]\nname = "wide"\ncheck = "alignment"\nlevel = "note"\n'
        "limits = { multiple = 16 }\n"
        'statement = "s"\nmessage = "m"\nsource = "zoo"\n'
        '[[tiers]]\nname = "slow"\nmeaning = "is slow"\noperators = ["LOGISTIC"]\n'
        'source = "zoo"\n'
    )
    assert target.rules[-1].name == "wide"
    assert target.tiers[0].name == "slow"
    tier = target.tier("LOGISTIC")
    assert tier is not None
    assert tier.name == "slow"


def test_parts_are_removed_by_path() -> None:
    target = parse(
        'remove = ["rules.dilation", "boards.audio", "boards.nucleo.pools.cpuRAM2", '
        '"instead.relu"]\n[boards.nucleo]\nareas = [["npuRAM3", "npuRAM4", "npuRAM5", "npuRAM6"]]\n'
        'fill = ["npuRAM5"]\n'
    )
    assert "dilation" not in [rule.name for rule in target.rules]
    assert [board.name for board in target.boards] == ["dk", "nucleo"]
    assert "cpuRAM2" not in [pool.name for pool in target.board("nucleo").pools]
    assert "relu" not in target.instead
    assert "leaky_relu" in target.instead


def test_what_is_removed_may_be_declared_anew() -> None:
    target = parse(
        'remove = ["rules.stride"]\n[[rules]]\nname = "stride"\ncheck = "stride_over_kernel"\n'
        'level = "error"\nstatement = "s"\nmessage = "m"\nsource = "zoo"\n'
    )
    assert target.rules[-1].name == "stride"
    assert target.rules[-1].fails is None


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ('remove = ["rules.strid"]', "did you mean `stride`?"),
        ('remove = ["rules.strid"]', "`remove` lists `rules.strid`, which the target it extends"),
        ('remove = ["rules.stride.limits.preferred.1"]', "does not have"),
        ('remove = ["boards.dk"]', "`default_board` takes the name of a board: nucleo, audio"),
        ('remove = ["sources.zoo"]', "takes the name of one of `sources`, not `zoo`"),
        ('remove = "rules.stride"', "`remove` takes a list of texts"),
        ('remove = ["rules.concat_widths"]', "`tiers.concatenation.rule` takes the name of a rule"),
        (
            '[[rules]]\nname = "stride"\nlimits = { preferred = 2 }',
            "`rules.stride.limits.preferred`",
        ),
        ('[[rules]]\nname = "strid"\nlevel = "error"', "`rules.strid.check` is missing"),
        ('[[rules]]\nlevel = "error"', "`rules.1.name` is missing"),
        ('[[rules]]\nname = "stride"\n[[rules]]\nname = "stride"', "`rules.stride` appears twice"),
        ("rules = 3", "`rules` takes a list of tables"),
        ("speed = 3", "`speed` is not a key here"),
    ],
)
def test_what_is_wrong_is_named(rest: str, said: str) -> None:
    assert said in refused(rest)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('name = "mine"\nextends = "stm32n7"\n', "did you mean `stm32n6`?"),
        ('name = "mine"\nextends = "other"\n', "`extends` names `other`, which is not a target"),
        ('name = "mine"\nextends = "base.toml"\n', "targets that come with archc are stm32n6"),
        ('name = "mine"\nextends = 6\n', "`extends` takes a text"),
        ('extends = "stm32n6"\n', "`name` is missing or that of the target it extends"),
        ('name = "stm32n6"\nextends = "stm32n6"\n', "`name` is missing or that of the target it"),
        ('name = "mine"\nremove = []\n', "`title` is missing"),
    ],
)
def test_a_base_that_cannot_be_extended_is_named(head: str, said: str) -> None:
    assert said in refused("", head)


def write(folder: Path, name: str, extends: str, rest: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'name = "{path.stem}"\nextends = "{extends}"\n{rest}')
    return path


def test_a_file_extends_a_file(tmp_path: Path) -> None:
    write(tmp_path, "parts/board", "stm32n6", 'title = "ours"\n')
    path = write(tmp_path, "product", "parts/board.toml", 'remove = ["rules.stride"]\n')
    loader = Loader()
    target = read_target(str(path), loader)
    assert target.title == "ours"
    assert "stride" not in [rule.name for rule in target.rules]
    assert [source.text.splitlines()[0] for source in target.texts[:2]] == [
        'name = "product"',
        'name = "board"',
    ]
    assert {Path(path).name for path in loader.paths} == {"product.toml", "board.toml"}  # watched


@pytest.mark.parametrize("last", ["a.toml", "c.toml"])
def test_files_that_extend_one_another_in_a_circle_are_refused(tmp_path: Path, last: str) -> None:
    for name, extends in (("a", "b.toml"), ("b", "c.toml"), ("c", last)):
        write(tmp_path, name, extends)
    with pytest.raises(Rejected, match="it extends itself"):
        read_target(str(tmp_path / "a.toml"))


def test_a_long_chain_of_files_is_refused(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, f"t{number}", f"t{number + 1}.toml")
    with pytest.raises(Rejected, match="more than 8 target files"):
        read_target(str(tmp_path / "t0.toml"))


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("../base.toml", "leads out of its folder"),
        ("/base.toml", "it is not relative"),
        ("none.toml", "there is no file"),
    ],
)
def test_a_file_that_cannot_be_extended_is_named(tmp_path: Path, extends: str, said: str) -> None:
    write(tmp_path, "base", "stm32n6")
    path = write(tmp_path / "below", "mine", extends)
    with pytest.raises(Rejected, match=said):
        read_target(str(path))


def test_the_digest_covers_what_is_extended(tmp_path: Path) -> None:
    spec = "arch tiny { input image: 8 x 8 x 8 head { conv(8) } }"
    write(tmp_path, "base", "stm32n6")
    path = write(tmp_path, "mine", "base.toml")

    def digest() -> str:
        model = archc.compile_text(spec, target=str(path)).manifest["model"]
        return str(model["source_digest"])

    before = digest()
    write(tmp_path, "base", "stm32n6", 'title = "another"\n')
    assert digest() != before


def test_the_example_judges_more_strictly() -> None:
    example = read_target(str(EXAMPLE))
    base = builtin("stm32n6")
    assert {pool.name for pool in base.boards[0].pools} - {
        pool.name for pool in example.boards[0].pools
    } == {"npuRAM3", "npuRAM4"}
    spec = """
    arch wide {
        target stm32n6
        input image: 128 x 128 x 40
        stage body { conv(88) relu6 conv(16) }
    }
    """
    assert archc.compile_text(spec).manifest["target"]["verdict"] == "compatible"
    with pytest.raises(archc.ArchError) as caught:
        archc.compile_text(spec, target=str(EXAMPLE))
    codes = {diagnostic.code for diagnostic in caught.value.diagnostics}
    assert "camera/activation_spill" in codes
    assert "camera/wide_alignment" in codes
