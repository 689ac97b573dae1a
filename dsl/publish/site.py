"""The documentation site: manual, guides and examples, as a folder for any static host.

Every address in it is relative and no page asks another host for anything; search runs in the
page. It needs `pip install 'archc-dsl[site]'`.
"""

import argparse
import re
import shutil
import warnings
from hashlib import sha256
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from publish import pages, tools

STATIC = tools.ROOT / "docs" / "site"
MARK = ".archc-site"
"""A file that says of a folder what it is."""
CONFIG: dict[str, Any] = {
    "project": "archc",
    "author": "The archc authors",
    "project_copyright": "The archc authors, Apache-2.0",
    "extensions": ["myst_parser"],
    "root_doc": "index",
    "myst_heading_anchors": 6,
    "myst_enable_extensions": ["attrs_inline"],
    "html_theme": "furo",
    "html_css_files": ["site.css"],
    "html_favicon": "_static/icon.svg",
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_sphinx": False,
    "html_use_index": False,
    "html_domain_indices": False,
    "toc_object_entries": False,
    "highlight_language": "none",
    # Sessions hold output of any kind, which is then coloured as far as it goes.
    "suppress_warnings": ["misc.highlighting_failure"],
}
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
POLICY = (
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'self'",
)
GUARD = f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(POLICY)}">'
ACCESS = (
    ('role="heading"', 'role="heading" aria-level="2"'),
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
    ('<aside class="toc-drawer">', '<aside class="toc-drawer" aria-label="On this page">'),
)
"""What the theme leaves to be desired: headings have a level, what scrolls takes the focus, and
landmarks have names."""
META = re.compile(r'<meta charset="utf-?8"\s*/?>', re.IGNORECASE)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="folder", type=Path, required=True, help="where it goes")
    parser.add_argument(
        "--playground", action="store_true", help="make the playground too, in a folder of the site"
    )


def run(options: argparse.Namespace) -> None:
    """Make the site and say how large it is."""
    build(options.folder, options.playground)
    files = [file for file in options.folder.rglob("*") if file.is_file()]
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files):,} bytes")


def ours(folder: Path) -> bool:
    """Whether a folder is a site that was made here, so that it may be replaced."""
    return (folder / MARK).is_file()


def build(folder: Path, playground: bool = False, wheel: Path | None = None) -> None:
    """Make the site in a folder, with the playground of a wheel or of this checkout if asked.

    Raises:
        tools.Failed: a link leads nowhere, a page is not well formed, or the folder holds
            something else.
    """
    if folder.is_dir() and any(folder.iterdir()) and not ours(folder):
        raise tools.Failed(f"`{folder}` holds other files: choose a folder of its own")
    with TemporaryDirectory(prefix="archc-site-") as made:
        written, result = Path(made) / "pages", Path(made) / "site"
        for path, text in pages.sources(playground).items():
            (written / path).parent.mkdir(parents=True, exist_ok=True)
            (written / path).write_text(text, encoding="utf-8")
        render(written, result)
        (result / MARK).write_text("Made by `python dsl/publish site`.\n", encoding="utf-8")
        if playground:
            from publish.playground import build as build_playground

            build_playground(result / "playground", wheel)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(result, folder)


def render(source: Path, result: Path) -> None:
    """Make pages of sources; every warning is an error."""
    try:
        from sphinx.application import Sphinx
    except ImportError:
        raise tools.Failed("Sphinx is not installed: pip install 'archc-dsl[site]'") from None

    from archc import __version__
    from archc.highlight import ArchLexer

    shutil.copytree(STATIC, source / "_static")
    said = StringIO()
    config = {
        **CONFIG,
        "version": __version__,
        "release": __version__,
        "html_static_path": ["_static"],
    }
    config |= {"html_title": f"archc {__version__}"}
    with warnings.catch_warnings():
        # What extensions use of Sphinx that goes one day is for their authors.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        doctrees = source / ".doctrees"
        app = Sphinx(source, None, result, doctrees, "html", config, status=None, warning=said)
        app.add_lexer("arch", ArchLexer)
        app.build()
    if said.getvalue():
        raise tools.Failed(f"the site has faults\n{said.getvalue()}")
    for page in sorted(result.rglob("*.html")):
        up = "../" * (len(page.relative_to(result).parts) - 1)
        text, scripts = finished(page.read_text(encoding="utf-8"), up)
        page.write_text(text, encoding="utf-8")
        for name, script in scripts.items():
            (result / "_static" / name).write_text(script, encoding="utf-8")


def finished(page: str, up: str) -> tuple[str, dict[str, str]]:
    """A page that allows itself nothing but its own files and can be used by keyboard and by ear,
    and its scripts by the name of the file that they went to.

    Args:
        up: the way from the page to the top of the site.
    """
    scripts: dict[str, str] = {}

    def away(found: re.Match[str]) -> str:
        name = f"inline-{sha256(found[1].encode()).hexdigest()[:8]}.js"
        scripts[name] = found[1].strip() + "\n"
        return f'<script src="{up}_static/{name}"></script>'

    page = INLINE.sub(away, page)
    for old, new in ACCESS:
        page = page.replace(old, new)
    return META.sub(lambda found: found[0] + GUARD, page, count=1), scripts
