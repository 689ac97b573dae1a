"""The page of the standard blocks: their source, and what they make of a feature map."""

from archc.files import std_sources
from archc.limits import DEFAULT_LIMITS
from archc.manual.markdown import HEADER, code, fence, reflowed, table
from archc.manual.shown import Faulty, layers, skips
from archc.syntax import ast
from archc.syntax.parse import parse_file

EXAMPLE = " Example: "
"""What stands in a block's text before the call that the manual shows, which ends the text."""

INTRODUCTION = """\
Blocks that come with archc, written in the language: read their source as examples. They need no
`use`. A block in your file, or in a file that it uses, hides one of the same name. A stage
supplies `channels` and `stride` to a block that has these parameters and is called without them."""


def declared() -> dict[str, tuple[ast.Block, str]]:
    """Every standard block with its source, by name."""
    found = {}
    for name, source in sorted(std_sources().items()):
        block = next(one for one in parse_file(source, DEFAULT_LIMITS).blocks)
        found[name] = (block, source.text)
    return found


def example(block: ast.Block) -> str:
    """The call of a block that its text gives after `Example:`, or the plainest one."""
    given = _doc(block).partition(EXAMPLE)[2]
    if given:
        return given.strip("`.")
    name = block.name.text
    wide = any(one.name.text == "channels" for one in block.parameters)
    return f"stage s(channels = 8) {{ {name} }}" if wide else f"head {{ {name} }}"


def spec(call: str) -> str:
    return f"arch shown {{\n    input image: 32 x 32 x 8\n    {call}\n}}\n"


def shown(block: ast.Block) -> list[str]:
    """What a call of a block makes of a feature map of 32x32x8, as lines of the page; none where a
    block that gives no example cannot be called without arguments."""
    call = example(block)
    try:
        made, took = layers(spec(call)), skips(spec(call))
    except Faulty:
        if EXAMPLE in _doc(block):
            raise
        return []
    lines = [f"`{call}` makes of 32x32x8:", "", fence("text", made)]
    return [*lines, "", f"Its skip: {took.partition(': ')[2]}."] if took else lines


def page() -> str:
    """All standard blocks."""
    blocks = declared()
    lines = [
        HEADER,
        "# Standard blocks",
        "",
        INTRODUCTION,
        "",
        table(
            ("block", "parameters", "what it is"),
            (
                (f"[`{name}`](#{name})", _parameters(block), _what(block))
                for name, (block, _) in blocks.items()
            ),
        ),
    ]
    for name, (block, text) in blocks.items():
        lines += ["", f"## {name}", "", _what(block), "", fence("arch", text), ""]
        lines += shown(block)
    return reflowed("\n".join(lines) + "\n")


def _what(block: ast.Block) -> str:
    return _doc(block).partition(EXAMPLE)[0]


def _doc(block: ast.Block) -> str:
    return " ".join((block.doc or "").split())


def _parameters(block: ast.Block) -> str:
    texts = []
    for parameter in block.parameters:
        default = parameter.default
        shown = f" = {' '.join(default.span.text.split())}" if default is not None else ""
        texts.append(code(parameter.name.text + shown))
    return ", ".join(texts) or "-"
