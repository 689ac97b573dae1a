"""The parser and the formatter under coverage-guided fuzzing, by hand:
`python coverage_guided.py CORPUS_FOLDER -max_total_time=3600 -timeout=10 -rss_limit_mb=4096`.

Needs `atheris`, which no extra of ours installs. The folder is filled with the specs of the project
when it is empty. Whatever is given is refused with diagnostics that can be shown, or parses; what
parses is laid out, and that again gives the same, with the same meaning. What is found becomes a
test.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]

ROOT = Path(__file__).parents[2]
sys.modules["interegular"] = None  # type: ignore[assignment]  # Lark would compare all tokens anew
with atheris.instrument_imports(include=["archc", "lark"]):
    from archc.diagnostics.model import Rejected
    from archc.diagnostics.render import render, render_json
    from archc.limits import DEFAULT_LIMITS
    from archc.source import Source
    from archc.syntax import recovery  # noqa: F401
    from archc.syntax.layout import lay_out, meaning
    from archc.syntax.parse import parse_expression, parse_file


def once(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    source = Source("spec.arch", text)
    for parse in (parse_expression, parse_file):
        try:
            tree = parse(source, DEFAULT_LIMITS)
        except Rejected as rejected:
            diagnostic = rejected.diagnostic
            assert render(diagnostic, color=True)
            assert render_json(diagnostic)["message"]
            continue
        if parse is parse_file:
            laid = Source("spec.arch", lay_out(source, DEFAULT_LIMITS))
            assert meaning(parse_file(laid, DEFAULT_LIMITS)) == meaning(tree)
            assert lay_out(laid, DEFAULT_LIMITS) == laid.text


def fill(folder: Path) -> None:
    """Put the project's specs into an empty folder."""
    folder.mkdir(exist_ok=True)
    if not any(folder.iterdir()):
        for place in ("specs", "dsl/archc/std", "tests/errors"):
            for path in sorted((ROOT / place).rglob("*.arch")):
                (folder / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
