"""The page of the standard blocks: their source, and what they make of a feature map."""

from archc.files import std_sources
from archc.limits import DEFAULT_LIMITS
from archc.manual.markdown import HEADER, code, fence, reflowed, table
from archc.manual.shown import Faulty, layers, skips
from archc.syntax import ast
from archc.syntax.parse import parse_file

EXAMPLES = {
    "attention_pool": "head { attention_pool }",
    "ds": "stage s(channels = 8) { ds }",
    "identity": "head { identity sigmoid }",
    "ir": "stage s(channels = 16, stride = 2) { ir }",
    "same_pad": "head { same_pad(3x3, 2) conv(8, 3x3, stride = 2, padding = valid) }",
    "se": "head { se }",
}
"""How blocks are called on the page, on a feature map of 32x32x8; one that is not here is called
without arguments, if it can be."""

INTRODUCTION = """\
Blocks that come with archc, written in the language: read their source as examples. They need no
`use`. A block of your own file, or of a file that it uses, hides one of the same name. A stage
supplies `channels` and `stride` to a block that has such parameters and is called without them."""


def declared() -> dict[str, tuple[ast.Block, str]]:
    """Every standard block with its source, by name."""
    found = {}
    for name, source in sorted(std_sources().items()):
        block = next(one for one in parse_file(source, DEFAULT_LIMITS).blocks)
        found[name] = (block, source.text)
    return found


def example(block: ast.Block) -> str:
    """A call of a block."""
    name = block.name.text
    wide = any(one.name.text == "channels" for one in block.parameters)
    return EXAMPLES.get(
        name, f"stage s(channels = 8) {{ {name} }}" if wide else f"head {{ {name} }}"
    )


def spec(call: str) -> str:
    return f"arch shown {{\n    input image: 32 x 32 x 8\n    {call}\n}}\n"


def shown(block: ast.Block) -> list[str]:
    """What a call of a block makes, as lines of the page; none where it needs arguments that the
    page does not know."""
    call = example(block)
    try:
        made, took = layers(spec(call)), skips(spec(call))
    except Faulty:
        if block.name.text in EXAMPLES:
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
                (f"[`{name}`](#{name})", _parameters(block), _doc(block))
                for name, (block, _) in blocks.items()
            ),
        ),
    ]
    for name, (block, text) in blocks.items():
        lines += ["", f"## {name}", "", _doc(block), "", fence("arch", text), ""]
        lines += shown(block)
    return reflowed("\n".join(lines) + "\n")


def _doc(block: ast.Block) -> str:
    return " ".join((block.doc or "").split())


def _parameters(block: ast.Block) -> str:
    texts = []
    for parameter in block.parameters:
        default = parameter.default
        shown = f" = {' '.join(default.span.text.split())}" if default is not None else ""
        texts.append(code(parameter.name.text + shown))
    return ", ".join(texts) or "-"
