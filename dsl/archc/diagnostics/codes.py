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
"""
```arch
arch tiny {
    input image = 32 x 32 x 3
    head { conv(8) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) }
}
```
"""
LIMIT = Code(
    "limit",
    "The spec asks for more work than a bound allows.",
    "A spec may come from anywhere; bounds keep it from exhausting the machine. Each is adjustable "
    "with `--limit NAME=N`.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem(repeat = 5000) { relu6 }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem(repeat = 5) { relu6 }
}
```
"""
NUMBER = Code(
    "number",
    "A number is written or used in a way that has no meaning here.",
    "Numbers are exact; units belong to a number, and byte units only to quantities of bytes.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8 KiB) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) }
}
```
"""

# --- names ------------------------------------------------------------------------------------

UNKNOWN_NAME = Code(
    "unknown_name",
    "A name is used that nothing in scope declares.",
    "Names are looked up in the block, then the file, the files it uses, the standard library and "
    "the operators.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { Conv2D(8) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) }
}
```
"""
DUPLICATE_NAME = Code(
    "duplicate_name",
    "Two declarations have the same name.",
    "Which of them is meant would depend on their order. Names that differ only in case count as "
    "the same, as files and layers of such names do on some systems.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage body { conv(8) }
    stage body { relu6 }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem { conv(8) }
    stage body { relu6 }
}
```
"""
BAD_NAME = Code(
    "bad_name",
    "A declared name cannot be used where it has to go.",
    "Names of archs become Python modules and files; names of stages become names of layers.",
)
"""
```arch
arch lambda {
    input image: 32 x 32 x 3
    head { relu6 }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { relu6 }
}
```
"""
USE_CYCLE = Code(
    "use_cycle",
    "Files use one another in a circle.",
    "None of them could be read first.",
)
"""
```console
$ echo 'use "b.arch" block one { relu6 }' > a.arch
$ echo 'use "a.arch" arch tiny { input i: 8x8x3 head { one } }' > b.arch
$ archc check b.arch
```
```console
$ echo 'block one { relu6 }' > a.arch
$ echo 'use "a.arch" arch tiny { input i: 8x8x3 head { one } }' > b.arch
$ archc check b.arch
```
"""
ARCH_CYCLE = Code(
    "arch_cycle",
    "An arch is derived from itself.",
    "There is no network at the end of the chain.",
)
"""
```arch
arch big = small
arch small = big
```
```arch
arch big(n = 64) {
    input image: 32 x 32 x 3
    head { conv(n) }
}
arch small = big(n = 16)
```
"""
NO_ARCH = Code(
    "no_arch",
    "A spec declares no arch.",
    "There is nothing to compile. A file with blocks only is for `use`.",
)
"""
```arch
block pair { conv(8) relu6 }
```
```arch
block pair { conv(8) relu6 }
arch tiny {
    input image: 32 x 32 x 3
    head { pair }
}
```
"""

# --- calls and values -------------------------------------------------------------------------

ARGUMENTS = Code(
    "arguments",
    "A call has an argument too many, too few, twice or under a wrong name.",
    "An argument that is dropped silently is a network that is not the one you meant.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8, kernal = 3x3) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8, kernel = 3x3) }
}
```
"""
BODIES = Code(
    "bodies",
    "A name takes another number of bodies in braces.",
    "`skip` and `gate` take one, merging operators take several, all others none.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { skip }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { skip { conv(3) } }
}
```
"""
VALUE = Code(
    "value",
    "A value is of the wrong kind for the place it stands in.",
    "Each argument takes one kind of value.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8, 3*3) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8, 3x3) }
}
```
"""
OUT_OF_RANGE = Code(
    "out_of_range",
    "A parameter lies outside the range its declaration gives.",
    "The range is part of the arch's documentation and drives its tests.",
)
"""
```arch
arch tiny(alpha = 1.0 in 0.25 .. 2.0) {
    input image: 32 x 32 x 3
    head { conv(64 * alpha) }
}
arch huge = tiny(alpha = 20)
```
```arch
arch tiny(alpha = 1.0 in 0.25 .. 2.0) {
    input image: 32 x 32 x 3
    head { conv(64 * alpha) }
}
arch huge = tiny(alpha = 2)
```
"""
NOT_WHOLE = Code(
    "not_whole",
    "A count is not a whole number.",
    "Only channel widths are rounded for you; everything else would change the network silently.",
)
"""
```arch
arch tiny(depth = 0.5) {
    input image: 32 x 32 x 3
    stage body(repeat = 3 * depth) { relu6 }
}
```
```arch
arch tiny(depth = 0.5) {
    input image: 32 x 32 x 3
    stage body(repeat = ceil(3 * depth)) { relu6 }
}
```
"""
RECURSION = Code(
    "recursion",
    "A block calls itself.",
    "It would never end.",
)
"""
```arch
block tower { relu6 tower }
arch tiny {
    input image: 32 x 32 x 3
    head { tower }
}
```
```arch
block floor_ { relu6 }
arch tiny {
    input image: 32 x 32 x 3
    stage tower(repeat = 4) { floor_ }
}
```
"""

# --- networks ---------------------------------------------------------------------------------

STRUCTURE = Code(
    "structure",
    "A part of an arch is missing, doubled or out of order.",
    "An arch has one input, then stages, then at most one head.",
)
"""
```arch
arch tiny {
    head { conv(8) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) }
}
```
"""
SHAPE = Code(
    "shape",
    "An operator cannot read the feature map that reaches it.",
    "Keras would fail while building, or build something else by broadcasting.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) dense(10) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) global_average_pool dense(10) }
}
```
"""
STRIDE_UNUSED = Code(
    "stride_unused",
    "A stage declares a stride that nothing in it takes.",
    "The stage would silently keep its resolution.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem(stride = 2) { skip { conv(8, 3x3) } }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem { conv(8, 3x3, stride = 2) }
}
```
"""
STAGE_CHANNELS = Code(
    "stage_channels",
    "A stage does not end with the channels it declares.",
    "The declaration is a promise to the reader and to the next stage.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem(channels = 16) { conv(8) relu6 }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem(channels = 16) { conv(channels) relu6 }
}
```
"""
ROUNDED_OUTPUT = Code(
    "rounded_output",
    "Rounding gives the network's output another number of channels than was asked for.",
    "Widths are rounded so that they suit the hardware; the number of classes must not be.",
    "warning",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(21) sigmoid }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(exact(21)) sigmoid }
}
```
"""
ROUNDED_WIDTH = Code(
    "rounded_width",
    "A number of channels that is written in the spec is not the one that is built.",
    "Widths are rounded to a multiple, 8 unless the arch says otherwise. Of those that are worked "
    "out, such as `64 * alpha`, nothing is said: the manifest lists them.",
    "note",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(20) relu6 conv(8) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(24) relu6 conv(8) }
}
```
"""
REPEATED_IN = Code(
    "repeated_in",
    "`in` in a stage that repeats is what enters the stage, and it changes from repeat to repeat.",
    "The first repeat's feature map counts in all repeats; read as that of each repeat it would be "
    "another network.",
    "warning",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 24
    stage body(channels = 40, repeat = 2) { conv(in.channels * 2) conv }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 24
    stage body(channels = 40, repeat = 2) { widened }
}
block widened(channels) { conv(in.channels * 2) conv(channels) }
```
"""
LAYER_NAME = Code(
    "layer_name",
    "Two layers would get one name.",
    "Checkpoints find their weights by the names of layers.",
)
"""
```arch
arch tiny {
    input stem_1_conv: 32 x 32 x 3
    stage stem { conv(8) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    stage stem { conv(8) }
}
```
"""
CONVERSION = Code(
    "conversion",
    "TensorFlow's int8 converter is known to fail at the network.",
    "It raises an error instead of a file, whatever the training; nothing could be deployed.",
)
"""
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) gelu relu6 conv(8) }
}
```
```arch
arch tiny {
    input image: 32 x 32 x 3
    head { conv(8) gelu conv(8) }
}
```
"""
BUDGET = Code(
    "budget",
    "The network is over a budget that its arch requires.",
    "`require` is there to fail when this happens.",
)
"""
```arch
arch tiny {
    require params <= 1 k
    input image: 32 x 32 x 3
    head { conv(64) conv(64) }
}
```
```arch
arch tiny {
    require params <= 10 k
    input image: 32 x 32 x 3
    head { conv(64) conv(64) }
}
```
"""
TARGET = Code(
    "target",
    "The target, or something said about it, is not known.",
    "A network is judged by the rules of the target it names.",
)
"""
```arch
arch tiny {
    target stm32n7
    input image: 32 x 32 x 3
    head { conv(8) }
}
```
```arch
arch tiny {
    target stm32n6
    input image: 32 x 32 x 3
    head { conv(8) }
}
```
"""

# --- files ------------------------------------------------------------------------------------

FILE_MISSING = Code(
    "file_missing",
    "A file that was named does not exist.",
    "Nothing can be compiled from it.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc check tinny.arch
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc check tiny.arch
```
"""
FILE_NOT_REGULAR = Code(
    "file_not_regular",
    "A folder, pipe or device stands where a text file is needed.",
    "Only regular files are read, so that no read can block or go on for ever.",
)
"""
```console
$ mkdir specs
$ echo 'arch tiny { input i: 8x8x3 head { relu6 } }' > specs/tiny.arch
$ archc graph specs
```
```console
$ mkdir specs
$ echo 'arch tiny { input i: 8x8x3 head { relu6 } }' > specs/tiny.arch
$ archc graph specs/tiny.arch
```
"""
FILE_UNREADABLE = Code(
    "file_unreadable",
    "The system refuses to read a file.",
    "Nothing can be compiled from it.",
)
"""
```console
$ ln -s tiny.arch tiny.arch
$ archc check tiny.arch
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc check tiny.arch
```
"""
FILE_BINARY = Code(
    "file_binary",
    "A source holds NUL bytes, so it is not text.",
    "Sources are UTF-8 text.",
)
"""
```console
$ printf 'arch\\0tiny' > tiny.arch
$ archc check tiny.arch
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc check tiny.arch
```
"""
NOT_A_SPEC = Code(
    "not_a_spec",
    "A model, a manifest or another file was given where a spec is needed.",
    "Specs are compiled; what is made of them is compared, verified or quantised by other verbs.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o out
$ archc profile out/tiny.manifest.json
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc profile tiny.arch
```
"""
FILE_NOT_UTF8 = Code(
    "file_not_utf8",
    "A source file is not UTF-8.",
    "Sources are UTF-8 text; guessing an encoding would change what they say.",
)
"""
```console
$ printf '# caf\\xe9' > tiny.arch
$ archc check tiny.arch
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc check tiny.arch
```
"""
USE_PATH = Code(
    "use_path",
    "The path of a `use` does not mean the same on every system.",
    "A folder of specs compiles the same on every machine, so paths are relative to the file that "
    "uses them and have forward slashes.",
)
"""
```console
$ mkdir b
$ echo 'block one { relu6 }' > b/one.arch
$ echo 'use "b\\one.arch" arch t { input i: 8x8x3 head { one } }' > t.arch
$ archc check t.arch
```
```console
$ mkdir b
$ echo 'block one { relu6 }' > b/one.arch
$ echo 'use "b/one.arch" arch t { input i: 8x8x3 head { one } }' > t.arch
$ archc check t.arch
```
"""
USE_OUTSIDE = Code(
    "use_outside",
    "A `use` leads out of the folder of the spec being compiled.",
    "A spec reads only files at or below its own folder and the folders given with `-I`, links "
    "followed, so that a spec from elsewhere cannot read your other files.",
)
"""
```console
$ mkdir b s
$ echo 'block one { relu6 }' > b/o.arch
$ echo 'use "../b/o.arch" arch t { input i: 8x8x3 head { one } }' > s/t.arch
$ archc check s/t.arch
```
```console
$ mkdir b s
$ echo 'block one { relu6 }' > b/o.arch
$ echo 'use "o.arch" arch t { input i: 8x8x3 head { one } }' > s/t.arch
$ archc check s/t.arch -I b
```
"""
OUTPUT_FOLDER = Code(
    "output_folder",
    "The output folder is not a folder, or cannot be made or read.",
    "There is nowhere to write to.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ echo text > out
$ archc tiny.arch -o out
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o generated
```
"""
OUTPUT_UNWRITABLE = Code(
    "output_unwritable",
    "The system refuses to write an output.",
    "All outputs of a run are written, or none is.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ mkdir out
$ chmod 555 out
$ archc tiny.arch -o out
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ mkdir out
$ archc tiny.arch -o out
```
"""
OUTPUT_FOREIGN = Code(
    "output_foreign",
    "Something that archc did not write stands where an output goes.",
    "Only files with archc's own header or manifest schema are overwritten.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ mkdir out
$ echo 'print(1)' > out/tiny.py
$ archc tiny.arch -o out
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ mkdir out
$ echo 'print(1)' > out/mine.py
$ archc tiny.arch -o out
```
"""
REGISTRY_FOREIGN = Code(
    "registry_foreign",
    "The output folder has an `__init__.py` that archc did not write.",
    "It is left alone, so `build_model` and `list_models` cannot be imported from the folder.",
    "note",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ mkdir out
$ echo 'print(1)' > out/__init__.py
$ archc tiny.arch -o out
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o out
```
"""
OUTPUT_MISSING = Code(
    "output_missing",
    "An output that a spec makes does not exist.",
    "`--check` asks whether the outputs are those of the specs.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ mkdir out
$ archc tiny.arch -o out --check
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o out
$ archc tiny.arch -o out --check
```
"""
OUTPUT_STALE = Code(
    "output_stale",
    "An output differs from what its spec makes now.",
    "`--check` asks whether the outputs are those of the specs.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o out
$ echo 'arch tiny { input image: 8 x 8 x 3 head { sigmoid } }' > tiny.arch
$ archc tiny.arch -o out --check
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o out
$ echo 'arch tiny { input image: 8 x 8 x 3 head { sigmoid } }' > tiny.arch
$ archc tiny.arch -o out
$ archc tiny.arch -o out --check
```
"""
OUTPUT_ORPHAN = Code(
    "output_orphan",
    "An output of archc is there that none of the given specs makes.",
    "`--check` asks whether the outputs are those of the specs, no more and no fewer.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o out
$ echo 'arch other { input image: 8 x 8 x 3 head { relu6 } }' > other.arch
$ archc other.arch -o out
$ archc other.arch -o out --check
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ echo 'arch other { input image: 8 x 8 x 3 head { relu6 } }' > other.arch
$ archc tiny.arch other.arch -o out
$ archc tiny.arch other.arch -o out --check
```
"""
OUTPUT_LOCKED = Code(
    "output_locked",
    "Another archc is writing to the output folder.",
    "Two builds that write to one folder at once would leave a mix of both. The lock is the "
    "system's: it is free as soon as the process that has it is gone, however that ended.",
)
OUTPUT_MIXED = Code(
    "output_mixed",
    "The output folder holds files of different compiles.",
    "A builder and a manifest that do not belong together describe different networks.",
)
"""
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { relu6 } }' > tiny.arch
$ archc tiny.arch -o old
$ echo 'arch tiny { input image: 8 x 8 x 3 head { sigmoid } }' > tiny.arch
$ archc tiny.arch -o out
$ cp old/tiny.py out/tiny.py
$ archc tiny.arch -o out --check
```
```console
$ echo 'arch tiny { input image: 8 x 8 x 3 head { sigmoid } }' > tiny.arch
$ archc tiny.arch -o out
$ archc tiny.arch -o out --check
```
"""
OUTPUT_RECOVERED = Code(
    "output_recovered",
    "A build that was interrupted while it put its outputs in place is finished.",
    "What was killed halfway is completed by the next build into the same folder, so that no mix "
    "of old and new stays.",
    "note",
)

# --- stedgeai ---------------------------------------------------------------------------------

STEDGEAI_MISSING = Code(
    "stedgeai_missing",
    "ST's tool is not installed, or not where it is looked for.",
    "`stedgeai` is found by the environment variable `STEDGEAI` or on the search path.",
)
"""
```console
$ echo model > net.tflite
$ STEDGEAI=nowhere archc analyze net.tflite
```
"""
STEDGEAI_FAILED = Code(
    "stedgeai_failed",
    "ST's tool did not give a report.",
    "It was refused, failed or took too long; what it said last is repeated.",
)
"""
```console
$ printf '#!/bin/sh\\nexit 3\\n' > tool
$ chmod 755 tool
$ echo model > net.tflite
$ STEDGEAI=./tool archc analyze net.tflite
```
"""
STEDGEAI_LAYOUT = Code(
    "stedgeai_layout",
    "A file is not a report or info of ST Edge AI Core in a layout that is known.",
    "Layouts differ between versions of the tool; a figure read from the wrong place would be "
    "worse than none.",
)
"""
```console
$ printf '{"not": "a report"}' > report.json
$ archc analyze --report report.json
```
"""

# --- verify -----------------------------------------------------------------------------------

MANIFEST_FILE = Code(
    "manifest_file",
    "A file is not a manifest of archc.",
    "Manifests are held to their published schema before anything is compared with them.",
)
MODEL_FILE = Code(
    "model_file",
    "A model file is damaged, truncated, or not what its name says.",
    "Nothing in a model file is run or unpacked, and every length and offset in it is checked.",
)
VERIFY_BORDER = Code(
    "verify_border",
    "Inputs or outputs of a model are not those of the manifest.",
    "What feeds the network on the device writes these bytes in this shape.",
)
VERIFY_BATCH = Code(
    "verify_batch",
    "A model is not made for a batch of 1.",
    "With an open batch the converter leaves shape arithmetic behind that the NPU cannot run.",
)
VERIFY_OPERATORS = Code(
    "verify_operators",
    "An operator is missing, or is there that the manifest does not have.",
    "The manifest says what the device runs; anything else was not judged by the target's rules.",
)
VERIFY_ORDER = Code(
    "verify_order",
    "Operators stand in another order, or read other results than in the manifest.",
    "It is another network, or one whose memory is planned otherwise.",
)
VERIFY_SHAPE = Code(
    "verify_shape",
    "A result has another shape than in the manifest.",
    "A width, a stride, a padding or an input is not that of the spec.",
)
VERIFY_ACTIVATION = Code(
    "verify_activation",
    "An activation is not that of the manifest.",
    "The network computes something else with the same weights.",
)
VERIFY_WEIGHTS = Code(
    "verify_weights",
    "Weights have another size, or multiply another number of times, than in the manifest.",
    "Kernels, widths, groups or biases are not those of the spec.",
)
VERIFY_PRECISION = Code(
    "verify_precision",
    "A model is not quantised as the target wants it: int8 throughout, weights per channel.",
    "What is left in floating point runs on the CPU, and weights per tensor cost accuracy.",
)
VERIFY_VALUES = Code(
    "verify_values",
    "Weights hold values that no training leaves.",
    "Numbers that are not finite make every result useless; zeros throughout mean an untrained "
    "network.",
)
VERIFY_MEMORY = Code(
    "verify_memory",
    "TensorFlow Lite Micro needs an arena of another size than in the manifest.",
    "A firmware sets aside an arena by the manifest: `tflite_micro.smallest_working`, of which "
    "`arena_bytes` is only the head, activations and scratch memory.",
)
VERIFY_LAYERS = Code(
    "verify_layers",
    "A layer is missing, or is there that the manifest does not have, or is of another kind.",
    "The model was built from something else than the spec.",
)
VERIFY_PARAMS = Code(
    "verify_params",
    "A layer has another number of parameters than in the manifest.",
    "Kernels, widths, groups or biases are not those of the spec.",
)
VERIFY_CODE = Code(
    "verify_code",
    "A model carries code of its own, or layers that Keras does not have.",
    "What they compute cannot be seen without running them, and nothing from a file is run.",
)

# --- models -----------------------------------------------------------------------------------

MODEL = Code(
    "model",
    "A Keras model, or its config, cannot be read.",
    "A figure for a layer that was not understood would be worse than none.",
)

# --- training ---------------------------------------------------------------------------------

FINE_TUNE = Code(
    "fine_tune",
    "A model, or a layer of it, cannot be fine-tuned for int8.",
    "Training with kernels rounded in another way than the converter's would serve nothing.",
)

# --- quantize ---------------------------------------------------------------------------------

QUANTIZE_MODEL = Code(
    "quantize_model",
    "A model cannot be quantised.",
    "It is not one that can be rebuilt with a batch of 1 from layers of Keras.",
)
QUANTIZE_DATA = Code(
    "quantize_data",
    "Data for calibration or validation cannot be used.",
    "The ranges of all activations are taken from this data; wrong data gives a wrong network "
    "without any other sign of it.",
)
QUANTIZE_DOUBT = Code(
    "quantize_doubt",
    "Data or results look unlike what is usually meant.",
    "It may be right; if it is not, accuracy is lost on the device.",
    "warning",
)
QUANTIZE_FAILED = Code(
    "quantize_failed",
    "TensorFlow or its converter did not give an int8 file.",
    "The failure is theirs; what they said last is repeated.",
)
QUANTIZE_LOSS = Code(
    "quantize_loss",
    "Quantisation changes the results more than the threshold allows.",
    "Such a file runs, and answers wrongly.",
)
EXTRA_MISSING = Code(
    "extra_missing",
    "A package is needed that is not installed.",
    "The base install compiles specs only, so that it is small and starts quickly.",
)

# --- derived: keep this last ------------------------------------------------------------------

CODES: dict[str, Code] = {
    code.name: code for code in tuple(globals().values()) if isinstance(code, Code)
}
"""Every code by its name, in order of declaration."""
