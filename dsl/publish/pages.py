"""The sources of the documentation site: the project's own Markdown, and a page for each shipped
spec. Nothing of it is committed."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from publish.tools import ROOT, Failed

GROUPS = {
    "Guides": (
        *("docs/first-network", "docs/from-keras", "docs/detector", "docs/search"),
        *("docs/trained-models", "docs/design-spaces", "docs/st-reports", "docs/ci"),
        "docs/playground",
    ),
    "Understand": (
        *("docs/tour", "docs/npu", "docs/latency", "docs/exactness", "docs/models"),
        "docs/target-files",
    ),
    "Examples": ("examples/index",),
    "Reference": ("docs/index",),
    "Background": (
        *("docs/lowering", "docs/n6", "docs/architecture", "findings/README"),
        *("CONTRIBUTING", "CHANGELOG"),
    ),
}
"""The site's navigation. A page of `docs/` that stands nowhere else comes last in its group."""
BESIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "findings/README.md")
RENAMED = {"README.md": "index.md", "docs/README.md": "docs/index.md"}
FOLDERS = {
    "specs": "examples/index.md",
    "specs/families": "examples/index.md",
    "dsl/archc/std": "docs/blocks.md",
    "findings": "findings/README.md",
}
"""Pages that stand for folders that are linked to."""
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(\]\()([^()\s]+)(\))")
NAMED = re.compile(r"^<!-- (?:file|from): (\S+) -->\n```(\w+)\n", re.MULTILINE)
DARK = re.compile(r"@media\(prefers-color-scheme:dark\)\{((?:[^{}]*\{[^{}]*\})*)\}")
SHOWN = re.compile(r"\]\(/source/([^)#]+)\.md")
SCHEMES = ("light", "dark")
LANGUAGES = {".arch": "arch", ".json": "json", ".md": "markdown", ".py": "python", ".toml": "toml"}
ENDS = "## Where to read on"
"""The section of the README that the site's navigation stands for."""


class Example(NamedTuple):
    """A shipped spec as the site shows it."""

    name: str
    manifest: dict[str, Any]
    page: str
    drawing: str
    """An SVG file."""


def sources(playground: bool) -> dict[str, str]:
    """Every file of the site's sources by its path.

    Args:
        playground: whether the playground lies beside the pages.

    Raises:
        Failed: a page links to what is not there.
    """
    made = {path: written(path) for path in (*BESIDE, "README.md", *_docs())}
    made = {RENAMED.get(path, path): text for path, text in made.items()}
    found = list(examples(playground))
    made["examples/index.md"] = gallery(found)
    for one in found:
        made[f"examples/{one.name}.md"] = one.page
        made |= drawings(f"examples/{one.name}", one.drawing)
    made["index.md"] = home(made["index.md"], made, playground)
    made["docs/index.md"] += toctree(_reference(), depth=1)
    shown = {path for text in made.values() for path in SHOWN.findall(text)}
    made |= {f"source/{path}.md": source(path) for path in shown}
    for picture in (ROOT / "docs").glob("*.svg"):
        made |= drawings(f"docs/{picture.stem}", picture.read_text(encoding="utf-8"))
    return made


def drawings(path: str, svg: str) -> dict[str, str]:
    """A drawing for either scheme, as a reader can choose one that the system has not."""
    return {f"{path}-light.svg": DARK.sub("", svg), f"{path}-dark.svg": DARK.sub(r"\1", svg)}


def _docs() -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))]


def _reference() -> list[str]:
    from archc.manual import TITLES

    return [name.removesuffix(".md") for name in TITLES]


def written(path: str) -> str:
    """A page of the project as a page of the site: links lead to pages of the site, files that a
    guide names have their name, drawings are there in light and dark."""
    text = (ROOT / path).read_text(encoding="utf-8")
    parts = FENCE.split(text)
    for at in range(0, len(parts), 2):
        parts[at] = LINK.sub(lambda found: f"](<{target(path, found[2])}>)", parts[at])
        parts[at] = re.sub(r"^!\[(.*?)\]\(<(.*?)\.svg>\)$", _pictures, parts[at], flags=re.M)
    text = "".join(parts).replace("](<", "](").replace(">)", ")")
    return NAMED.sub(r"```{code-block} \2\n:caption: \1\n\n", text)


def _pictures(found: re.Match[str]) -> str:
    return "\n\n".join(
        f"![{found[1]}]({found[2]}-{scheme}.svg){{.only-{scheme}}}" for scheme in SCHEMES
    )


def target(page: str, link: str) -> str:
    """Where a link of a page leads to on the site.

    Raises:
        Failed: nowhere.
    """
    path, mark, place = link.partition("#")
    if link.startswith(("https:", "#")):
        return link
    file = os.path.normpath(os.path.join(os.path.dirname(page), path))
    if not (ROOT / file).exists():
        raise Failed(f"{page} links to `{link}`, which is not there")
    if file.endswith(".svg"):
        return link
    if file.startswith("specs/") and file.endswith(".arch"):
        return f"/examples/{Path(file).stem}.md"
    if file in {*BESIDE, "README.md", *_docs()}:
        return f"/{RENAMED.get(file, file)}{mark}{place}"
    if (ROOT / file).is_dir():
        if file not in FOLDERS:
            raise Failed(f"{page} links to the folder `{file}`, for which no page stands")
        return f"/{FOLDERS[file]}"
    return f"/source/{file}.md"


def source(path: str) -> str:
    """A page that shows a file of the project."""
    language = LANGUAGES.get(Path(path).suffix, "text")
    text = (ROOT / path).read_text(encoding="utf-8").rstrip("\n")
    return f"---\norphan: true\n---\n# {path}\n\n````{language}\n{text}\n````\n"


def home(text: str, made: dict[str, str], playground: bool) -> str:
    """The first page: the README, and the navigation of the site."""
    if ENDS not in text:
        raise Failed(f"README.md has no section `{ENDS}`")
    groups = {caption: [f"/{page}" for page in pages if f"{page}.md" in made]
              for caption, pages in GROUPS.items()}  # fmt: skip
    placed = {page for pages in groups.values() for page in pages}
    placed |= {f"/docs/{name}" for name in _reference()}
    groups["Understand"] += [
        f"/{page.removesuffix('.md')}"
        for page in made
        if page.startswith("docs/") and page.endswith(".md")
        and f"/{page.removesuffix('.md')}" not in placed
    ]  # fmt: skip
    begin = [
        "- [A first network](/docs/first-network.md), in ten minutes",
        "- [From Keras to .arch](/docs/from-keras.md), if you have a model already",
        "- [Examples](/examples/index.md): every shipped network with its drawing and its costs",
    ]
    if playground:
        begin.insert(0, "- [Try it in the browser](playground/index.html){.external}")
    trees = "".join(toctree(listed, caption) for caption, listed in groups.items())
    top, mark, rest = text.partition(ENDS)[0].partition("\n![")
    return f"{top}\n" + "\n".join(begin) + f"\n{mark}{rest}{trees}"


def toctree(pages: list[str], caption: str = "", depth: int = 2) -> str:
    named = f":caption: {caption}\n" if caption else ""
    listed = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:maxdepth: {depth}\n{named}\n{listed}\n```\n"


def examples(playground: bool) -> Iterator[Example]:
    """A page for each shipped spec."""
    import archc
    from archc.emit.summary import summary_markdown
    from archc.emit.table import table
    from archc.files import shipped_specs

    for name, path in shipped_specs().items():
        compiled = archc.compile_file(path, arch=name)
        text = Path(path).read_text(encoding="utf-8").rstrip("\n")
        file = Path(path).resolve().relative_to(ROOT / "specs").as_posix()
        profile = table(compiled.manifest, width=80).rstrip()
        page = [
            f"# {name}",
            about(path, compiled.manifest["model"]),
            summary_markdown([compiled.manifest]),
        ]
        if playground:
            page.append(
                f"[Open it in the playground](../playground/index.html#spec={file}){{.external}}"
            )
        page += [
            f"```{{code-block}} arch\n:caption: specs/{file}\n\n{text}\n```",
            *(
                f"![{name} as a drawing]({name}-{scheme}.svg){{.only-{scheme}}}"
                for scheme in SCHEMES
            ),
            "## Profile",
            f"```console\n$ archc profile specs/{file}\n{profile}\n```",
        ]
        yield Example(
            name, compiled.manifest, "\n\n".join(filter(None, page)) + "\n", compiled.svg()
        )


def about(path: str, model: dict[str, Any]) -> str:
    """What the spec says of its arch, or what it is a variant of."""
    from archc.limits import DEFAULT_LIMITS
    from archc.source import Source
    from archc.syntax.parse import parse_file

    source = Source(path, Path(path).read_text(encoding="utf-8"))
    archs = parse_file(source, DEFAULT_LIMITS).archs
    doc = next((arch.doc for arch in archs if arch.name.text == model["name"]), None)
    return doc.strip() if doc else f"A variant of `{model['base']}`." if model.get("base") else ""


def gallery(found: list[Example]) -> str:
    """All shipped specs with their costs."""
    from archc.emit.summary import summary_markdown

    table = summary_markdown([one.manifest for one in found])
    for one in found:
        table = table.replace(f"| {one.name} |", f"| [{one.name}]({one.name}.md) |", 1)
    text = (
        "# Examples\n\nEvery network that comes with archc: its source, its drawing, its costs.\n\n"
    )
    return text + table + toctree([one.name for one in found], depth=1)
