"""Every kind of diagnostic the compiler has, each declared once.

A target's findings have codes of their own, `TARGET/RULE`, declared in the target's file.
"""

from archc.diagnostics.model import Code

# --- syntax -----------------------------------------------------------------------------------

SYNTAX = Code(
    "syntax",
    "The text is not a sentence of the language.",
    "Nothing after the first such place can be trusted, so only the first one is reported.",
)
LIMIT = Code(
    "limit",
    "The spec asks for more work than a bound allows.",
    "A spec may come from anywhere; bounds keep it from exhausting the machine. Each is adjustable "
    "with `--limit NAME=N`.",
)
NUMBER = Code(
    "number",
    "A number is written or used in a way that has no meaning here.",
    "Numbers are exact; units belong to a number, and byte units only to quantities of bytes.",
)

# --- names ------------------------------------------------------------------------------------

UNKNOWN_NAME = Code(
    "unknown_name",
    "A name is used that nothing in scope declares.",
    "Names are looked up in the block, then the file, the files it uses, the standard library and "
    "the operators.",
)
DUPLICATE_NAME = Code(
    "duplicate_name",
    "Two declarations have the same name.",
    "Which of them is meant would depend on their order. Names that differ only in case count as "
    "the same, as files and layers of such names do on some systems.",
)
BAD_NAME = Code(
    "bad_name",
    "A declared name cannot be used where it has to go.",
    "Names of archs become Python modules and files; names of stages become names of layers.",
)
USE_CYCLE = Code(
    "use_cycle",
    "Files use one another in a circle.",
    "None of them could be read first.",
)
ARCH_CYCLE = Code(
    "arch_cycle",
    "An arch is derived from itself.",
    "There is no network at the end of the chain.",
)
NO_ARCH = Code(
    "no_arch",
    "A spec declares no arch.",
    "There is nothing to compile. A file with blocks only is for `use`.",
)

# --- calls and values -------------------------------------------------------------------------

ARGUMENTS = Code(
    "arguments",
    "A call has an argument too many, too few, twice or under a wrong name.",
    "An argument that is dropped silently is a network that is not the one you meant.",
)
BODIES = Code(
    "bodies",
    "A name takes another number of bodies in braces.",
    "`skip` and `gate` take one, merging operators take several, all others none.",
)
VALUE = Code(
    "value",
    "A value is of the wrong kind for the place it stands in.",
    "Each argument takes one kind of value.",
)
OUT_OF_RANGE = Code(
    "out_of_range",
    "A parameter lies outside the range its declaration gives.",
    "The range is part of the arch's documentation and drives its tests.",
)
NOT_WHOLE = Code(
    "not_whole",
    "A count is not a whole number.",
    "Only channel widths are rounded for you; everything else would change the network silently.",
)
RECURSION = Code(
    "recursion",
    "A block calls itself.",
    "It would never end.",
)

# --- networks ---------------------------------------------------------------------------------

STRUCTURE = Code(
    "structure",
    "A part of an arch is missing, doubled or out of order.",
    "An arch has one input, then stages, then at most one head.",
)
SHAPE = Code(
    "shape",
    "An operator cannot read the feature map that reaches it.",
    "Keras would fail while building, or build something else by broadcasting.",
)
STRIDE_UNUSED = Code(
    "stride_unused",
    "A stage declares a stride that nothing in it takes.",
    "The stage would silently keep its resolution.",
)
STAGE_CHANNELS = Code(
    "stage_channels",
    "A stage does not end with the channels it declares.",
    "The declaration is a promise to the reader and to the next stage.",
)
LAYER_NAME = Code(
    "layer_name",
    "Two layers would get one name.",
    "Checkpoints find their weights by the names of layers.",
)
BUDGET = Code(
    "budget",
    "The network is over a budget that its arch requires.",
    "`require` is there to fail when this happens.",
)
TARGET = Code(
    "target",
    "The target, or something said about it, is not known.",
    "A network is judged by the rules of the target it names.",
)

# --- files ------------------------------------------------------------------------------------

FILE_MISSING = Code(
    "file_missing",
    "A file that was named does not exist.",
    "Nothing can be compiled from it.",
)
FILE_NOT_REGULAR = Code(
    "file_not_regular",
    "A folder, pipe or device stands where a text file is needed.",
    "Only regular files are read, so that no read can block or go on for ever.",
)
FILE_UNREADABLE = Code(
    "file_unreadable",
    "The system refuses to read a file.",
    "Nothing can be compiled from it.",
)
FILE_BINARY = Code(
    "file_binary",
    "A source file holds NUL bytes, so it is no text.",
    "Sources are UTF-8 text.",
)
FILE_NOT_UTF8 = Code(
    "file_not_utf8",
    "A source file is not UTF-8.",
    "Sources are UTF-8 text; guessing an encoding would change what they say.",
)
USE_PATH = Code(
    "use_path",
    "The path of a `use` does not mean the same on every system.",
    "A folder of specs compiles the same on every machine, so paths are relative to the file that "
    "uses them and have forward slashes.",
)
USE_OUTSIDE = Code(
    "use_outside",
    "A `use` leads out of the folder of the spec being compiled.",
    "A spec reads only files at or below its own folder and the folders given with `-I`, links "
    "followed, so that a spec from elsewhere cannot read your other files.",
)
OUTPUT_FOLDER = Code(
    "output_folder",
    "The output folder is not a folder, or cannot be made or read.",
    "There is nowhere to write to.",
)
OUTPUT_UNWRITABLE = Code(
    "output_unwritable",
    "The system refuses to write an output.",
    "All outputs of a run are written, or none is.",
)
OUTPUT_FOREIGN = Code(
    "output_foreign",
    "Something that archc did not write stands where an output goes.",
    "Only files with archc's own header or manifest schema are overwritten.",
)
REGISTRY_FOREIGN = Code(
    "registry_foreign",
    "The output folder has an `__init__.py` that archc did not write.",
    "It is left alone, so `build_model` and `list_models` cannot be imported from the folder.",
    "note",
)
OUTPUT_MISSING = Code(
    "output_missing",
    "An output that a spec makes does not exist.",
    "`--check` asks whether the outputs are those of the specs.",
)
OUTPUT_STALE = Code(
    "output_stale",
    "An output differs from what its spec makes now.",
    "`--check` asks whether the outputs are those of the specs.",
)
OUTPUT_ORPHAN = Code(
    "output_orphan",
    "An output of archc is there that none of the given specs makes.",
    "`--check` asks whether the outputs are those of the specs, no more and no fewer.",
)

# --- stedgeai ---------------------------------------------------------------------------------

STEDGEAI_MISSING = Code(
    "stedgeai_missing",
    "ST's tool is not installed, or not where it is looked for.",
    "`stedgeai` is found by the environment variable `STEDGEAI` or on the search path.",
)
STEDGEAI_FAILED = Code(
    "stedgeai_failed",
    "ST's tool did not give a report.",
    "It was refused, failed or took too long; what it said last is repeated.",
)
STEDGEAI_LAYOUT = Code(
    "stedgeai_layout",
    "A file is not a report or info of ST Edge AI Core in a layout that is known.",
    "Layouts differ between versions of the tool; a figure read from the wrong place would be "
    "worse than none.",
)

# --- derived: keep this last ------------------------------------------------------------------

CODES: dict[str, Code] = {
    code.name: code for code in tuple(globals().values()) if isinstance(code, Code)
}
"""Every code by its name, in order of declaration."""
