"""A comparison as plain data, for JSON."""

from typing import Any

from archc.models.stedgeai.compare import Comparison
from archc.models.stedgeai.trace import heads
from archc.plain import plain as as_plain


def plain(comparison: Comparison) -> dict[str, Any]:
    """Everything of a comparison. Figures keep their names; tuples become lists."""
    report, info, prediction = comparison.report, comparison.info, comparison.prediction
    return {
        "report": {
            **as_plain(report),
            "rows": [
                {**as_plain(row), "shapes": [dict(shape) for shape in row.shapes]}
                for row in report.rows
            ],
            "boards": [
                {**as_plain(board), "clocks": dict(board.clocks)} for board in report.boards
            ],
        },
        "info": None if info is None else as_plain(info),
        "prediction": None
        if prediction is None
        else {
            "name": prediction.manifest["model"]["name"],
            "steps": as_plain(prediction.steps),
            "deployed_macc": prediction.deployed_macc,
        },
        "layers": [
            {"id": row.id, "name": row.name, "layer": comparison.layers[row.group]}
            for row, _ in heads(report)
            if row.group in comparison.layers
        ],
        "figures": as_plain(comparison.figures),
        "software_epochs": [
            {
                "epoch": as_plain(traced.epoch),
                "row": None
                if traced.row is None
                else {"id": traced.row.id, "name": traced.row.name, "type": traced.row.original},
                "layer": traced.layer,
                "place": traced.place,
                "why": traced.why,
            }
            for traced in comparison.traced
        ],
        "epochs": as_plain(comparison.aligned),
        "spilled": {pool.name: pool.activations.bytes for pool in comparison.spilled},
        "notes": list(comparison.notes),
    }
