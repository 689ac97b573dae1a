"""Declarations and members without a name or a body, misplaced, or in words of other languages."""

import re

from archc.syntax.grammar import keywords
from archc.syntax.lalr import END
from archc.syntax.place import CLOSES, TAIL, Edits, Place, Slip, inset, outdented
from archc.syntax.slips.brackets import MEMBERS
from archc.syntax.slips.spelling import misspelt

_USE = 'other files are read with `use "FILE.arch"`'
_BLOCK = "blocks are declared with `block NAME(parameters) { ... }`"
_ARCH = "networks are declared with `arch NAME(parameters) { ... }`"
_VALUE = "values are parameters: `arch NAME(alpha = 1.0) { ... }`"
_LOOP = "stages repeat their braces: `stage NAME(repeat = N) { ... }`"
_STAGE = "statements go in a stage: `stage NAME { ... }`"
_BUDGET = "budgets are set with `require QUANTITY <= LIMIT`"

OTHER: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("import", "include"), ("use", _USE)),
    "from": ("", _USE),
    **dict.fromkeys(("def", "fn", "func", "function", "module", "macro"), ("block", _BLOCK)),
    **dict.fromkeys(("class", "model", "network", "net", "graph"), ("arch", _ARCH)),
    **dict.fromkeys(("let", "var", "const"), ("", _VALUE)),
    **dict.fromkeys(("for", "while"), ("", _LOOP)),
    **dict.fromkeys(("layer", "layers", "body", "backbone"), ("stage", _STAGE)),
    **dict.fromkeys(("budget", "assert"), ("require", _BUDGET)),
    "repeat": ("", _LOOP),
    "output": ("", "the result of the last statement is the output; a `head { ... }` ends an arch"),
    "stem": ("", "a stem is a stage: `stage stem(channels = 32, stride = 2) { ... }`"),
    "classifier": ("head", "a network ends with `head { ... }`"),
    "round": ("", "the rule of rounding is `rounding(divisor = 8)`"),
    "device": ("target", "the device is named with `target stm32n6`"),
}
"""Words of other languages, ours where one stands for the other, and what to do."""


INPUTS = ("Input", "InputLayer", "InputSpec", "Placeholder")
"""What declares an input elsewhere."""
TYPES = ("int8", "uint8", "int16", "int32", "float32", "float16", "float", "int", "fp32", "fp16")
"""Types of an input, as they stand behind its shape elsewhere."""


def dashed_target(place: Place) -> Slip | None:
    """`target stm32n6570-dk`."""
    if place.found != "-" or place.kinds(-2, -1) != ("_TARGET", "NAME"):
        return None
    return Slip(
        "names of targets have no `-`",
        help="name the chip's family, and the board as an argument: `target stm32n6(board = dk)`",
        span=(
            place[-1].start,
            place.end + len(place.rest.split()[0] if place.rest.strip() else ""),
        ),
        skip=(place.start, place.end + len(place.rest)),
    )


def dashed_name(place: Place) -> Slip | None:
    """`stage stem-a(channels = 8)`."""
    tail = re.match(r"-([A-Za-z0-9_]+(-[A-Za-z0-9_]+)*)", place.text[place.start :][:TAIL])
    declared = place.kinds(-2, -1)
    if tail is None or declared[1] != "NAME" or not place.touches():
        return None
    if declared[0] not in ("_STAGE", "_BLOCK", "_ARCH", "_INPUT"):
        return None
    name = f"{place[-1].text}{tail.group()}".replace("-", "_")
    span = (place[-1].start, place.start + tail.end())
    return Slip("names have no `-`", help=f"write `{name}`", span=span, edits=((*span, name),))


def missing_body(place: Place) -> Slip | None:
    """`stage s(channels = 8)` and nothing after it; `if a relu6`; `arch a:`."""
    if "LBRACE" not in place.expected:
        return None
    owner = place.last_word("_STAGE", "_BLOCK", "_HEAD", "_ARCH", "_IF", "_ELSE")
    if owner is None:
        return None
    word = owner.text
    if place.found == ":":
        rest = place.rest.strip()[:TAIL] or "..."
        last, line = place.tokens[place.block() - 1], place.line_start(owner.start)
        blanks = place.text[line : owner.start]
        close = f"\n{blanks}}}" if "\n" in place.text[place.end : last.end] else " }"
        edits = ((place.start, place.end, " {"), (last.end, last.end, close))
        return Slip(
            "bodies go in braces, not after a colon",
            help=f"write `{word} ... {{ {rest} }}`",
            edits=edits if last.start > place.start and not blanks.strip() else (),
        )
    if place.found in ("then", "do"):
        return Slip(
            f"bodies go in braces, without `{place.found}`",
            help="write `{ ... }`",
            edits=place.instead("") if place[1].text == "{" else (),
        )
    if place.inner != "{" or place.found in ("=", ",", ")"):
        return None
    if place.found in ("(", "["):
        return _other_brackets(place, word) if place[-1].text == ")" else None
    if word in ("if", "else") and re.match("[A-Za-z_]", place.found):
        return Slip(
            f"what depends on `{word}` goes in braces",
            help=f"write `{{ {place.found[:TAIL]} ... }}`",
        )
    if word in ("stage", "block", "head") and (
        place.found in MEMBERS or place.found == "}" or not place.touches()
    ):
        alone = place[0].kind == "NAME" and place.found not in MEMBERS
        return Slip(
            f"this `{word}` has no body in braces",
            help=f"write `{{ {place.found[:TAIL]} ... }}`"
            if alone
            else "write `{ ... }` before this",
        )
    return None


def _other_brackets(place: Place, word: str) -> Slip | None:
    """`stage s(channels = 8) [ conv ]`."""
    _, last = place.within(place.at)
    closes = CLOSES[place.found]
    edits: Edits = ()
    if last is not None and place.tokens[last].text == closes:
        close = place.tokens[last]
        edits = ((place.start, place.end, "{"), (close.start, close.end, "}"))
    return Slip(
        f"the body of a `{word}` goes in braces",
        help=f"write `{{ ... }}` instead of `{place.found} ... {closes}`",
        edits=edits,
    )


def other_language(place: Place) -> Slip | None:
    """Words of Python and its like where a declaration or a statement should stand."""
    known = OTHER.get(place.found)
    if known is None or not {"_ARCH", "_STAGE"} & place.expected or place[1].text in ("=", "."):
        return None
    word, help = known
    fits = place[1].kind == "STRING" if word == "use" else re.match(r"[ \t].*\{", place.rest)
    edits = place.instead(word) if word and fits else ()
    repeat = place.found == "repeat"
    return Slip(
        f"there is no `{place.found}` {'statement' if repeat else 'in the language'}",
        help=help,
        edits=edits,
        skip=(place.start, place.tokens[place.block()].start),
    )


def missing_arch(place: Place) -> Slip | None:
    """`small = base(alpha = 0.5)` in a file."""
    derived = ("NAME", "EQUAL", "NAME", "LPAR", "NAME", "EQUAL")
    if place.kinds(*range(6)) != derived or "_ARCH" not in place.expected:
        return None
    if not any(token.kind in ("_USE", "_ARCH") for token in place.tokens):
        return None
    if re.search(r",\s*(#.*)?$", place.rest) or place[-1].text == ",":
        return None  # a parameter
    return Slip(
        f"`arch` is missing before `{place.found[:TAIL]}`",
        help="write `arch NAME = BASE(...)`",
        edits=((place.start, place.start, "arch "),),
    )


def assigned(place: Place) -> Slip | None:
    """`input_shape = (49, 10, 1)`, `width = 0.5` outside of a body."""
    if place.kinds(0, 1) != ("NAME", "EQUAL") or not {"_ARCH", "_STAGE"} & place.expected:
        return None
    if place[2].kind == "NAME" and place[3].text in ("(", "."):
        return None  # a layer
    last = place.text.find("\n", place.end)
    last = last if last >= 0 else len(place.text)
    numbers = re.findall(r"[0-9]+", place.text[place[1].end : last].partition("#")[0])
    if "shape" in place.found.lower() or place.found.lower() in ("input", "inputs", "input_size"):
        shape = " x ".join(numbers) or "ROWS x COLUMNS x CHANNELS"
        return Slip(
            "the shape of the input is declared in the arch",
            help=f"write `input NAME: {shape}`",
            skip=(place.start, last),
        )
    while place.text[:last].rstrip().endswith(",") or "," in place.text[place.end : last][-60:]:
        following = place.text.find("\n", last + 1)  # a list of parameters without its beginning
        line = place.text[last + 1 : following if following >= 0 else None]
        if following < 0 or re.match(r"\s*(arch|block|use|stage|input|target|head)\b", line):
            break
        last = following
    return Slip("values are parameters of an arch", help=_VALUE, skip=(place.start, last))


def shape_with_commas(place: Place) -> Slip | None:
    """`input mfcc: 49, 10, 1`."""
    if place.found != "," or place[-1].kind != "NUMBER" or "_STAGE" not in place.expected:
        return None
    if place.kinds(-4, -3, -2) != ("_INPUT", "NAME", "COLON"):
        return None
    last = 0
    while place.kinds(last, last + 1) == ("COMMA", "NUMBER"):
        last += 2
    if not last:
        return None
    size = " x ".join(token.text for token in place.tokens[place.at - 1 : place.at + last : 2])
    return Slip(
        "a size is written with `x`, rows first",
        help=f"write `{size}`",
        edits=place.instead(size, -1, last - 1),
        span=(place[-1].start, place[last - 1].end),
    )


def use_without_quotes(place: Place) -> Slip | None:
    """`use lib.arch`."""
    found = re.match(r"[^\s\"'#]+", place.text[place.start : place.start + 200])
    if place[-1].kind != "_USE" or found is None:
        return None
    path = found.group()
    shown = path if path.endswith(".arch") else f"{path}.arch"
    span = (place.start, place.start + len(path))
    return Slip(
        "the path of a `use` goes in quotes",
        help=f'write `use "{shown}"`',
        edits=((*span, f'"{shown}"'),),
        span=span,
    )


def outside(place: Place) -> Slip | None:
    """What stands between the declarations of a file."""
    if not {"_ARCH", END} <= place.expected or not re.match("[A-Za-z_]", place.found):
        return None
    if place.found not in keywords():
        near, edits = misspelt(place)
        return Slip(
            "only `use`, `block` and `arch` are allowed at the top level of a file",
            "none of them",
            help=near or "statements go in a stage or the head of an `arch NAME { ... }`",
            edits=edits,
        )
    message = f"this `{place.found}` is outside any arch"
    inner = inset(place, place.at + 1)
    if inner is not None and inner < place.at:
        after = place.last_token(inner)
        return Slip(
            message,
            help="by the layout a brace is missing, or one too many, after the mark",
            related=((after.start, after.end, "after this"),),
        )
    closed = next((t for t in reversed(place.tokens[: place.at]) if t.text == "}"), None)
    if closed is None:
        return Slip(message, help="write `arch NAME { ... }` around it")
    return Slip(
        message,
        help="put it into the arch: a `}` before it may be one too many",
        related=((closed.start, closed.end, "this closed the arch"),),
    )


def not_a_member(place: Place) -> Slip | None:
    """What stands between the members of an arch."""
    if "_STAGE" not in place.expected or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", place.found):
        return None
    if place.found in keywords() - {"if"}:
        suspect = outdented(place)
        still = suspect.open if suspect is not None else place.opens[-1] if place.opens else None
        related = [] if still is None else [(still.start, still.end, "this is still open")]
        if suspect is not None:
            after = place.last_token(suspect.before)
            related.append((after.start, after.end, "`}` may be missing after this"))
        return Slip(
            f"`{place.found}` is not allowed in an arch",
            "not a declaration, stage or head",
            help="put it before or after the arch, whose `}` may be missing",
            related=tuple(related),
            skip=(place.start, place.tokens[place.block()].start)
            if place.found == "block" and place.indent(place.at)
            else None,
        )
    from archc.foreign import lookup

    if place.found in INPUTS and place[1].text == "(":
        last = place.tokens[place.block() - 1].end
        numbers = re.findall(r"[0-9]+", place.text[place[1].start : last].partition("\n")[0])
        shape = " x ".join(numbers) if len(numbers) in (1, 3) else "ROWS x COLUMNS x CHANNELS"
        return Slip(
            "the input is declared by its name and shape",
            help=f"write `input NAME: {shape}`",
            skip=(place.start, last),
        )
    if place.found in TYPES and place.same_line():
        kind = place.found if place.found in ("int8", "uint8") else "int8"
        return Slip(
            "an input has no type",
            help="leave it out: inputs are float32 unless the target says otherwise, as in "
            f"`target stm32n6(io = {kind})`",
            skip=(place.start, place.end),
        )
    near, edits = misspelt(place)
    ours = {one.row.ours for one in lookup(place.found)[0] if one.row.kind == "same"}
    layer = ours.pop() if len(ours) == 1 else place.found[:TAIL]
    return Slip(
        "only declarations, stages and the head are allowed directly in an arch",
        "not one of them",
        help=near or f"put it into a stage: `stage stem {{ {layer} ... }}`",
        edits=edits,
    )
