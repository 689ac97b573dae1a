"""`require latency_ms`: judged at the upper end of the band, with what costs most."""

import pytest

import archc
from archc.diagnostics.model import Diagnostic

SPEC = """arch a {{
    {target}
    input image: 224 x 224 x 3
    require latency_ms <= {limit}
    stage b(channels = 32, stride = 2, repeat = 3) {{ conv(kernel = 3x3{more}) batchnorm relu6 }}
    head {{ global_average_pool dense(10) }}
}}
"""
TARGET = "target stm32n6(io = int8)"


def spec(limit: str, target: str = TARGET, more: str = "") -> str:
    return SPEC.format(limit=limit, target=target, more=more)


def fault(text: str) -> Diagnostic:
    with pytest.raises(archc.ArchError) as raised:
        archc.compile_text(text)
    (found,) = [one for one in raised.value.diagnostics if one.code == "budget"]
    return found


def test_it_is_judged_at_the_upper_end() -> None:
    latency = archc.compile_text(spec("1000")).manifest["deployed"]["latency"]
    below, above = latency["most"] / 1000, (latency["most"] - 1) / 1000
    assert latency["microseconds"] / 1000 < above
    kept = archc.compile_text(spec(f"{below}")).manifest["budgets"]
    assert kept == [
        {
            "name": "latency.most",
            "limit": latency["most"],
            "actual": latency["most"],
            "passed": True,
        }
    ]
    found = fault(spec(f"{above}"))
    assert "`latency_ms` may be" in found.message
    assert found.label == "judged at the upper end of the estimate"
    assert "the estimate is" in found.notes[0]
    assert "±" in found.notes[0]
    assert len(found.notes) == 4  # and the three that take longest
    assert all("%" in note for note in found.notes[1:])
    assert "±15 %), above the" in found.message
    # Where those stand: a statement whose three repeats count together is marked once.
    assert [label.span.text for label in found.related] == ["conv(kernel = 3x3)"]
    assert int(found.related[0].text.partition(" %")[0]) > 60


def test_what_the_help_allows_is_enough() -> None:
    found = fault(spec("0.1"))
    assert found.help is not None
    allowed = found.help.rpartition("<= ")[2].rstrip("`")
    archc.compile_text(spec(allowed))


def test_what_is_not_known_cannot_be_held() -> None:
    found = fault(spec("20", target=""))
    assert "cannot be held: no target" in found.message
    dilated = spec("20", more=", dilation = 2").replace("stride = 2, ", "")
    dilated = dilated.replace("(io = int8)", "(io = int8, allow = [deployed_operator])")
    found = fault(dilated)
    assert "cannot be held: not known (a convolution is dilated)" in found.message


def test_a_fraction_of_another_quantity_is_refused() -> None:
    with pytest.raises(archc.ArchError) as raised:
        archc.compile_text(spec("20").replace("latency_ms <= 20", "params <= 20.5"))
    assert any("a whole number, not 20.5" in one.message for one in raised.value.diagnostics)
