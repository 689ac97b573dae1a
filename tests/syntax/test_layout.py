"""The canonical layout: what it looks like, that it keeps meaning and comments, that it is one."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given

from archc.limits import DEFAULT_LIMITS, Limits
from archc.source import Source
from archc.syntax.lalr import END
from archc.syntax.layout import WIDTH, lay_out, meaning
from archc.syntax.parse import parse_file
from archc.syntax.tokens import tokens
from support.profiles import share
from support.strategies import Spec, specs

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*ROOT.glob("specs/**/*.arch"), *ROOT.glob("dsl/archc/std/*.arch")])


def laid_out(text: str, limits: Limits = DEFAULT_LIMITS) -> str:
    """The layout of a text, held to mean the same and to stay as it is."""
    found = lay_out(Source("text", text), limits)
    assert lay_out(Source("text", found), limits) == found
    before, after = (parse_file(Source("text", t), limits) for t in (text, found))
    assert meaning(before) == meaning(after)
    assert comments(text) == comments(found)
    return found


def comments(text: str) -> list[str]:
    found: list[str] = []
    for token in tokens(Source("text", text)):
        if token.kind == END:
            found.extend(comment.text for comment in token.leading)
            continue
        found.extend(comment.text for comment in token.leading)
        found.extend([token.trailing] if token.trailing else [])
    return sorted(found)  # a comma changes places with the comment before it


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_sources_are_laid_out(path: Path) -> None:
    assert laid_out(path.read_text("utf-8")) == path.read_text("utf-8")


CASES = {
    "a comment below a doc string": (
        '"""B"""\n# c\nblock b { relu6 }\n"""A""" # d\narch a {\n    """S"""\n    # e\n'
        "    stage s { relu6 }\n}\n",
        '"""B"""\n# c\nblock b { relu6 }\n\n"""A"""  # d\narch a {\n    """S"""\n    # e\n'
        "    stage s { relu6 }\n}\n",
    ),
    "a comment above else": (
        "block b {\n    if a { relu6 }\n    # c\n    else { relu }\n    relu # d\n"
        "    if a { relu6 } # e\n    else { relu }\n}\n",
        "block b {\n    if a { relu6 }\n    # c\n    else { relu }\n    relu            # d\n"
        "    if a { relu6 }  # e\n    else { relu }\n}\n",
    ),
    "spaces": (
        "arch a{input i:8 x 8 x 8 head{conv ( 8,3 x 3 )relu6}}",
        "arch a {\n    input i: 8x8x8\n    head { conv(8, 3x3) relu6 }\n}\n",
    ),
    "sizes of names": (
        "block b(h,k) { reshape(h x 1 x(k+1)) conv(8, -3 x 3, 3 x k) }",
        "block b(h, k) { reshape(h x 1 x (k + 1)) conv(8, -3 x 3, 3 x k) }\n",
    ),
    "units": (
        "arch a { require macs<=30M,params<=2 k input i: 8 x 8 x 8 }",
        "arch a {\n    require macs <= 30 M, params <= 2 k\n    input i: 8x8x8\n}\n",
    ),
    "empty": ("block b{\n\n}\n", "block b {}\n"),
    "nothing": ("\n\n", ""),
    "only a comment": ("\n\n  # none\n\n", "# none\n"),
    "line breaks in a body stay": (
        "block b {\n\n\n conv(8) relu\n\n\n\n conv(8) }",
        "block b {\n    conv(8) relu\n\n    conv(8)\n}\n",
    ),
    "a body on one line is broken where it does not fit": (
        f"block b {{ {' '.join(['conv(16, 3x3)'] * 7)} }}",
        f"block b {{\n    {' '.join(['conv(16, 3x3)'] * 6)}\n    conv(16, 3x3)\n}}\n",
    ),
    "a comma at the end asks for lines": (
        "block b(c,) { conv(8) }",
        "block b(\n    c,\n) { conv(8) }\n",
    ),
    "parentheses of an expression take no comma": (
        "block b(c = (1 + # one\n 2)) { conv(8) }",
        "block b(\n    c = (\n        1 +  # one\n            2\n    ),\n) { conv(8) }\n",
    ),
    "else": (
        "block b { if in.channels<8{conv(8)}\nelse if not true{conv(16)}else{conv(24)} }",
        "block b {\n    if in.channels < 8 { conv(8) }\n    else if not true { conv(16) } "
        "else { conv(24) }\n}\n",
    ),
    "bodies side by side": (
        "block b { concat{conv(8)}\n\n{conv(8,3x3)} add{conv(8)}{conv(8)} }",
        "block b {\n    concat\n        { conv(8) }\n        { conv(8, 3x3) }\n"
        "    add { conv(8) } { conv(8) }\n}\n",
    ),
    "comments": (
        "# file\n\nblock b( # open\n c, # c\n # own\n d # d\n) { # body\n conv(8) # conv\n# end\n}",
        "# file\n\nblock b(  # open\n    c,  # c\n    # own\n    d,  # d\n) {  # body\n"
        "    conv(8)  # conv\n    # end\n}\n",
    ),
    "comments of neighbours are aligned": (
        "block b {\nconv(8) # a\nbatchnorm # b\nrelu6\ntanh # c\n}",
        "block b {\n    conv(8)    # a\n    batchnorm  # b\n    relu6\n    tanh  # c\n}\n",
    ),
    "doc strings": (
        'use "a.arch"\n"""Of b.\n  More."""block b { conv(8) }"""Of c."""arch c=b\narch d=c',
        'use "a.arch"\n\n"""Of b.\n  More."""\nblock b { conv(8) }\n\n"""Of c."""\narch c = b\n\n'
        "arch d = c\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_layout(case: str) -> None:
    text, expected = CASES[case]
    assert laid_out(text) == expected


def test_braces_as_values() -> None:
    assert laid_out("arch c = b(unit={conv(8) relu})") == "arch c = b(unit = { conv(8) relu })\n"
    broken = "arch c = b(\n    unit = {\n        conv(8)\n        relu\n    },\n)\n"
    assert laid_out("arch c = b(unit={\nconv(8)\nrelu})") == broken


@share(0.3)
@given(specs())
def test_generated_specs(spec: Spec) -> None:
    for line in laid_out(spec.text).splitlines():
        assert line == line.rstrip()
        assert "\t" not in line


@pytest.mark.parametrize("seed", range(40))
def test_comments_and_breaks_anywhere(seed: int) -> None:
    """Between any two tokens there may be comments and empty lines; none is lost."""
    random = Random(seed)
    text = random.choice(SHIPPED).read_text("utf-8")
    rate = random.choice([0.0, 0.02, 0.1, 0.5])
    parts: list[str] = []
    for number, token in enumerate(tokens(Source("text", text))):
        breaks = [
            "\n",
            "\n\n\n",
            f"  # {number}\n",
            f"\n# {number}\n",
            f"\n\n# a\n  # {number}\n\n",
        ]
        parts += [random.choice(breaks) if random.random() < rate else " ", token.text]
    found = laid_out("".join(parts))
    if not rate:
        code = [line for line in found.splitlines() if '"' not in line]
        assert max(map(len, code)) <= WIDTH
