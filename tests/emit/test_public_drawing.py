"""The drawing and the report from Python are those of the command."""

import pytest

import archc
from support import shipped


def test_a_compiled_network_draws_itself(capfd: pytest.CaptureFixture[str]) -> None:
    from archc.cli import main

    compiled = shipped.compiled("dscnn_a05")
    assert main(["graph", "specs/dscnn_a05.arch"]) == 0
    assert capfd.readouterr().out == compiled.svg() == compiled._repr_svg_()
    assert main(["graph", "specs/dscnn_a05.arch", "--color", "time", "--detail", "layers"]) == 0
    assert capfd.readouterr().out == compiled.svg("layers", color="time")
    assert main(["report", "specs/dscnn_a05.arch", "-o", "-"]) == 0
    assert capfd.readouterr().out == compiled.report()


def test_what_cannot_be_drawn_says_why() -> None:
    compiled = shipped.compiled("dscnn_a05")
    for detail, color in (("everything", "macs"), (None, "red")):
        with pytest.raises(ValueError, match="one of"):
            compiled.svg(detail, color=color)
    untargeted = archc.compile_text("arch a { input image: 8x8x1 head { flatten dense(2) } }")
    with pytest.raises(ValueError, match="no target"):
        untargeted.svg(color="time")
