"""Command lines that are understood without argparse mean what it makes of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.cli.arguments import UsageError
from archc.cli.parser import Parser
from archc.cli.plain import plain
from archc.cli.verbs import VERBS

PLAIN = [
    "build a.arch -o out",
    "build -o out a.arch b.arch",
    "build a.arch --output out b.arch --check",
    "build a.arch -o out -o other",
    "build a.arch -o out --set alpha=0.5 --set b=2 --name x --arch y",
    "build a.arch -I one -I two --limit errors=3 --format json -o out",
    "check a.arch",
    "check folder --fix --diff",
    "profile a.arch --target mine.toml",
]
OTHER = [
    "build",
    "build -o out",
    "build a.arch -o",
    "build a.arch -o -x",
    "build a.arch -oout",
    "build a.arch --output=out",
    "build a.arch --outp out",
    "build a.arch -o out --",
    "build a.arch --format odd",
    "build a.arch --check=yes",
    "build a.arch - -o out",
    "build --help",
    "build --version",
    "sweep a.arch alpha=1,2",
    "new",
]


def argparse_makes(verb: str, words: list[str]) -> Any:
    parser = Parser()
    VERBS[verb].load().arguments(parser)
    return parser.parse_intermixed_args(words)


@pytest.mark.parametrize("line", PLAIN)
def test_plain_lines_are_understood(line: str) -> None:
    verb, *words = line.split()
    found = plain(VERBS[verb].load().arguments, words)
    assert found is not None
    assert vars(found) == vars(argparse_makes(verb, words))


@pytest.mark.parametrize("line", OTHER)
def test_others_are_left_to_argparse(line: str) -> None:
    verb, *words = line.split()
    assert plain(VERBS[verb].load().arguments, words) is None


WORDS = ["a.arch", "b", "", "x y", "-o", "--check", "--set", "-I", "--format", "json", "text", "--"]
WORDS += ["-x", "-5", "--name", "--build", "-", "-oout", "--target", "--limit", "n=1", "--fix"]


@given(st.sampled_from(sorted(VERBS)), st.lists(st.sampled_from(WORDS), max_size=7))
def test_what_is_understood_is_what_argparse_understands(verb: str, words: list[str]) -> None:
    found = plain(VERBS[verb].load().arguments, words)
    if found is not None:
        try:
            assert vars(found) == vars(argparse_makes(verb, words))
        except UsageError:
            pytest.fail(f"argparse refuses {words}")


def test_a_plain_build_needs_no_argparse(tmp_path: Path) -> None:
    (tmp_path / "a.arch").write_text("arch a { input i: 8 x 8 x 8 head { relu6 } }")
    code = (
        "import sys; from archc.cli import main\n"
        "sys.exit(main(['a.arch', '-o', 'out']) or 'argparse' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
