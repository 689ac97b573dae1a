"""Names that a wrong one may mean."""

import pytest

from archc.cli import main
from archc.diagnostics.nearest import AMONG, propose
from archc.source import Source, Span

FIGURES = ["params", "macs", "latency.microseconds", "latency.most", "latency_ms", "arena_bytes"]


@pytest.mark.parametrize(
    ("name", "known", "help"),
    [
        ("alpah", ["alpha", "depth"], "did you mean `alpha`?"),
        ("alfa", ["alpha", "depth"], "did you mean `alpha`?"),
        ("eror", ["errors", "digits"], "did you mean `errors`?"),
        (
            "latency",
            FIGURES,
            "did you mean `latency_ms`, `latency.most` or `latency.microseconds`?",
        ),
        ("arena", FIGURES, "did you mean `arena_bytes`?"),
        ("int16", ["float32", "int8", "uint8"], None),  # another type is no other spelling
        ("gain", ["alpha", "depth"], None),
        ("us", ["units", "bias"], None),
        ("alfa", ["alpha", *(f"name{n}" for n in range(AMONG))], None),
    ],
)
def test_what_may_be_meant(name: str, known: list[str], help: str | None) -> None:
    assert propose(name, None, known).help == help


def test_what_is_further_away_is_asked_and_never_put_right() -> None:
    span = Span(Source("x.arch", "alfa alpah"), 0, 4)
    assert propose("alfa", span, ["alpha"], closed=True).edits == ()
    assert propose("alpah", span, ["alpha"], closed=True).edits


SPEC = """arch kws(alpha = 1.0 in 0.5 .. 1.0, depth = 2) {
    input image: 32 x 32 x 1
    stage a(repeat = depth) { conv(64 * alpha, 3x3) }
    head { flatten dense(4) }
}
block wide(ratio) { conv(8) }
arch half = kws(alfa = 0.5)
"""


def test_every_place_that_names_a_parameter_asks(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"{tmp_path}/kws.arch"
    with open(path, "w") as file:
        file.write(SPEC)
    base = SPEC.rpartition("arch half")[0]
    for text, arguments in (
        (SPEC, ["check", path]),
        (base, ["check", path, "--set", "alfa=0.5"]),
        (base, ["sweep", path, "--over", "alfa=0.5,1"]),
    ):
        with open(path, "w") as file:
            file.write(text)
        assert main(arguments) == 1
        assert "help: did you mean `alpha`?" in capsys.readouterr().err
    assert main(["check", path, "--arch", "kwss"]) == 1
    assert "help: did you mean `kws`?" in capsys.readouterr().err
