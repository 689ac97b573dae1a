"""What code and tests cite of the project's own pages is there: the page, and the section named."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for top in ("dsl", "tests") for path in sorted((ROOT / top).rglob("*.py"))]
CITED = re.compile(r"`((?:docs/)?[\w-]+\.md)`((?:,?\s+(?:and\s+)?\"[A-Z][^\"]*\")*)")
ELSEWHERE = {"README.md", "CHANGELOG.md", "mine.md", "codes.md"}
"""Names of pages that tests make, that stand at the top, or beside what reads them."""


def sections(page: Path) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_cited_is_there(source: Path) -> None:
    for name, named in CITED.findall(source.read_text()):
        if not name.startswith("docs/"):
            assert name in ELSEWHERE, f"`{name}` is cited without its folder"
            continue
        page = ROOT / name
        assert page.is_file(), f"{name} is not there"
        for section in re.findall(r'"([^"]*)"', named):
            assert " ".join(section.split()) in sections(page), f"{name} has no section {section}"
