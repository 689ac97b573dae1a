"""The figures of layers: everything that lists them is made from their declarations."""

import pytest

import archc
from archc.analysis import figures
from archc.analysis.figures import FIGURES, LISTED, TOTALS, Figure, flat, value
from archc.manual import schema

SPEC = """
arch tiny {
    input image: 16 x 16 x 3
    stage body { conv(8, 3x3) batchnorm relu6 }
    head { global_average_pool dense(4) }
}
"""


def test_the_published_schema_has_the_figures_as_they_are_declared() -> None:
    assert schema.declared(schema.schema()) == schema.schema()


def test_totals_are_sums_of_layers() -> None:
    document = archc.compile_text(SPEC).manifest
    for figure in TOTALS:
        if figure in LISTED:
            costs = [value(layer, figure.name) for layer in document["layers"]]
            assert sum(costs) == value(document["totals"], figure.name)


def test_a_new_figure_is_a_new_key_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = Figure("kernels", "Tensors of weights.", lambda layer: 0, total="All of them.")
    monkeypatch.setattr(schema, "LISTED", (*LISTED, kernels))
    monkeypatch.setattr(schema, "TOTALS", (*TOTALS, kernels))
    document = schema.declared(schema.schema())
    totals, layer = document["properties"]["totals"], document["$defs"]["layer"]
    assert totals["properties"]["kernels"]["description"] == "All of them."
    assert layer["properties"]["kernels"]["description"] == "Tensors of weights."
    assert {"kernels"} < set(totals["required"]) & set(layer["required"])


def test_sums_of_what_is_not_known() -> None:
    known = {figure.name: 2 for figure in FIGURES}
    unknown = {figure.name: None for figure in FIGURES}
    sums = figures.totals([known, unknown])
    assert sums["macs"] == 2  # a lower bound
    assert sums["stedgeai_macc"] is None
    assert figures.nested(LISTED, unknown)["activation_bytes"] is None
    assert dict(flat(figures.nested(TOTALS, known))) == {figure.name: 2 for figure in TOTALS}
