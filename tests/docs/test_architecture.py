"""`docs/architecture.md` describes the layers that import-linter holds."""

import configparser
import re
from pathlib import Path

import pytest

import archc.models

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
ROW = re.compile(r"^\| (`[^|]+`) \| .+ \|$", re.MULTILINE)


def contract(name: str) -> configparser.SectionProxy:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    return contracts[f"importlinter:contract:{name}"]


def layers(name: str) -> list[list[str]]:
    """The layers of a contract, the highest first; several of one height beside each other."""
    lines = contract(name)["layers"].split("\n")
    return [re.findall(r"[\w.]+", line) for line in lines if line.strip()]


def tables() -> list[list[list[str]]]:
    """The layers of each table of the page."""
    parts = re.split(r"^\| layer \|.*$", PAGE, flags=re.MULTILINE)[1:]
    return [[re.findall(r"`([\w.]+)`", row) for row in ROW.findall(part)] for part in parts]


def test_the_layers_are_those_that_are_held() -> None:
    compiler, models = tables()
    assert compiler == layers("layers")
    assert models == layers("models")


def test_every_part_of_the_package_is_a_layer() -> None:
    root = ROOT / "dsl" / "archc"
    parts = {path.stem for path in root.iterdir() if (path.suffix == ".py" or path.is_dir())}
    told = {name.partition(".")[2] for row in tables()[0] for name in row}
    aside = {"__init__", "__pycache__", "std", "starter"}
    assert parts - aside == told
    inside = {path.name for path in Path(archc.models.__path__[0]).iterdir() if path.is_dir()}
    assert inside - {"__pycache__"} == {name for row in tables()[1] for name in row}


def test_the_door_is_the_only_way_into_the_compiler() -> None:
    """What is below the door is closed to the models, but for what both rooms speak."""
    held = contract("door")
    assert held["source_modules"].strip() == "archc.models"
    closed = set(held["forbidden_modules"].split())
    order = [name for row in layers("layers") for name in row]
    below = set(order[order.index("archc.compiler") + 1 :])
    shared = set(order[order.index("archc.rounding") :])
    assert closed == below - shared


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/.]+\.(?:py|md))`", PAGE))))
def test_files_it_names_are_there(path: str) -> None:
    assert (ROOT / path).is_file() or (ROOT / "dsl" / "archc" / path).is_file()


def test_it_is_linked_for_those_who_carry_on() -> None:
    assert "(docs/architecture.md)" in (ROOT / "CONTRIBUTING.md").read_text()
