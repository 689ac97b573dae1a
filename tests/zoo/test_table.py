"""The page of zoos: a few of its rows made again, and what it says of the rest."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import table
import theirs

ROWS = [line for line in table.PAGE.read_text().splitlines() if line.startswith("| `")]
_SOURCE = 1
"""The cell that names the version."""


def cells(row: str) -> list[str]:
    """Without the version, which may be another one here."""
    found = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
    return found[:_SOURCE] + found[_SOURCE + 1 :]


def again(source: str, name: str, folder: Path) -> str:
    """The row of a network, made anew."""
    said: dict[str, Any] = getattr(theirs, source)(name, folder)
    return table.row(source, name, {"theirs": said, "ours": table.ours(folder, said)})


@pytest.mark.keras
@pytest.mark.parametrize(
    "name",
    ["MobileNet-0.25", "MobileNet-0.5", "MobileNetV2-0.35", "MobileNetV3Small", "MobileNetV3Large"],
)
def test_applications_of_keras(name: str, tmp_path: Path) -> None:
    made = cells(again("keras", name, tmp_path))
    (kept,) = [cells(row) for row in ROWS if row.startswith(f"| `{name}` | Keras")]
    assert made == kept


@pytest.mark.keras
@pytest.mark.parametrize("name", ["squeezenet.squeezenet_v1_1", "mobilenet.mobilenet_wd4"])
def test_networks_of_pytorch(name: str, tmp_path: Path) -> None:
    """The export itself; left out where PyTorch is not installed, which CI does not do."""
    for needed in ("torch", "onnxscript", "onnxruntime", "pytorchcv"):
        pytest.importorskip(needed)
    made = cells(again("pytorchcv", name, tmp_path))
    label = name.rpartition(".")[2]
    (kept,) = [cells(row) for row in ROWS if row.startswith(f"| `{label}` | pytorchcv")]
    assert made == kept


def test_what_the_page_says_holds_for_its_rows() -> None:
    assert len(ROWS) >= 50
    count, equal = re.search(
        r"In (\d+) of (\d+) networks ours are equal", table.PAGE.read_text()
    ).groups()
    assert int(equal) == len(ROWS)
    differing = 0
    for row in ROWS:
        _, _, theirs_, ours_, *_, said = cells(row)
        numbers = re.search(r"(\d+) of our parameters are numbers of formulas", said)
        more = int(numbers[1]) if numbers else 0
        same = int(ours_.replace(",", "")) == int(theirs_.replace(",", "")) + more
        assert same or "not equal" in said or "is refused" in said
        differing += not same
    assert int(count) == len(ROWS) - differing
