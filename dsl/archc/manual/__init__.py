"""The reference manual, made of the declarations: pages of Markdown, by file name.

What can be derived is derived: operators from their classes, blocks from the standard library,
targets from what judges, codes from where they are declared, the manifest from its schema. Prose
that cannot be stands in templates beside this file; their specs are compiled while the page is
made, and what they are shown to give is what the compiler gave. Nothing here is imported by a
compile.
"""

from archc.manual.markdown import HEADER, reflowed

TITLES = {
    "language.md": (
        "The language",
        "syntax, scope, rounding, arithmetic, stages, variants, limits",
    ),
    "operators.md": ("Operators", "arguments, shapes, cost, Keras layer, int8 operators, STM32N6"),
    "blocks.md": ("Standard blocks", "source and cost of what comes with archc"),
    "targets.md": ("Targets", "what a device demands, its rules, its memories, and the sources"),
    "names.md": (
        "Names of other tools",
        "what Keras, PyTorch, ONNX, TFLite and timm call things, and what is written here",
    ),
    "keras.md": (
        "Keras layers",
        "every layer: what it is here or why not, its arguments, what is known of it in a model",
    ),
    "onnx.md": (
        "ONNX files",
        "what is counted, what is refused, what each operator is on a device",
    ),
    "codes.md": (
        "Codes",
        "every diagnostic: what, why, an example that fails and one that does not",
    ),
    "cli.md": ("The command", "every verb and option"),
    "manifest.md": ("The manifest", "every key of the JSON document"),
    "arena.md": (
        "The arena of TensorFlow Lite Micro",
        "what a firmware sets aside, for which build, and budgets on it",
    ),
    "editors.md": (
        "Editors and CI",
        "VS Code and others, highlighting, completion, hooks, Actions",
    ),
}
"""Every page with its title and what it has, in reading order."""

INDEX = "README.md"


def pages(command: str, version: str) -> dict[str, str]:
    """All pages by file name, the index first.

    Args:
        command: the page of the command, which only the command can describe.
        version: of archc.
    """
    from archc.explain import explanations, markdown
    from archc.manual import blocks, keras, names, onnx_files, operators, schema, targets, template

    made = {
        "language.md": template.page("language.md"),
        "operators.md": operators.page(),
        "blocks.md": blocks.page(),
        "targets.md": targets.page(),
        "names.md": names.page(),
        "keras.md": keras.page(),
        "onnx.md": onnx_files.page(),
        "codes.md": markdown(explanations().values()),
        "cli.md": command,
        "manifest.md": schema.page(),
        "arena.md": template.page("arena.md"),
        "editors.md": template.page("editors.md"),
    }
    return {INDEX: index(version), **{name: made[name] for name in TITLES}}


def index(version: str) -> str:
    """The page that leads to the others."""
    from archc.emit.marker import LANGUAGE_VERSION

    lines = [
        HEADER,
        "# archc: reference manual",
        "",
        f"For archc {version}, language {LANGUAGE_VERSION}. To begin, read the project's",
        "README, or run `archc new NAME` for a commented spec that compiles.",
        "",
        "| page | what it has |",
        "|---|---|",
        *(f"| [{title}]({name}) | {what} |" for name, (title, what) in TITLES.items()),
        "",
        "`archc manual -o docs/` generates the pages from what the compiler itself runs on:",
        "declarations of operators, the standard library, targets, codes, the arguments of the",
        "command. Every spec on them was compiled, and the results shown are real.",
        "`archc manual PAGE` prints one page, for example `archc manual operators`.",
        "",
        "Guides: [a first network](first-network.md), [from Keras to .arch](from-keras.md), [a",
        "search](search.md),",
        "[a detector](detector.md), [int8 and verification](trained-models.md), [reading ST's",
        "reports](st-reports.md), [budgets in CI](ci.md). Every command on them is run by a test.",
        "",
        "Also written by hand: [a tour](tour.md), [what the NPU runs](npu.md), [how long it",
        "takes](latency.md), [your own target file](target-files.md),",
        "[what is exact](exactness.md), [models that you have](models.md), [from a board's limits",
        "to a trained network](design-spaces.md), [the compiler in a web page](playground.md),",
        "[the architecture](architecture.md), and, with sources,",
        "[what is known about the STM32N6](n6.md) and [what the converter does](lowering.md).",
        "[Networks of zoos](zoo.md) is made by a command of its own.",
    ]
    return reflowed("\n".join(lines) + "\n")
