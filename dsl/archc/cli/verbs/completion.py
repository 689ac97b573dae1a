"""`archc completion`: a script with which a shell completes the command.

The script is made by shtab from the declarations of the arguments. It is complete in itself:
completing starts no Python.
"""

import argparse
from collections.abc import Iterable
from typing import Any

from archc.formats import SUFFIXES

SUMMARY = "print a shell completion script"

SHELLS = ("bash", "zsh", "fish")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="for which shell")
    parser.epilog = (
        "bash: archc completion bash > ~/.local/share/bash-completion/completions/archc\n"
        "zsh:  archc completion zsh > ~/.zfunc/_archc  (in $fpath, before compinit)\n"
        "fish: archc completion fish > ~/.config/fish/completions/archc.fish"
    )


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, SUCCESS, show, tell

    try:
        import shtab  # noqa: F401  # whether it is there
    except ImportError:
        from archc.diagnostics.codes import EXTRA_MISSING
        from archc.diagnostics.model import make

        missing = make(
            EXTRA_MISSING,
            "scripts for completion are made by shtab, which is not installed",
            help="pip install 'archc-dsl[completion]'",
        )
        tell(missing)
        return FAILURE
    show(script(options.shell))
    return SUCCESS


def script(shell: str) -> str:
    """The script for a shell. Needs shtab."""
    import shtab

    text: str = shtab.complete(parser(), shell)
    # The first word is a verb or a spec; shtab knows of verbs alone.
    if shell == "bash":
        return _replaced(
            text, "complete -o bashdefault -F", "complete -o bashdefault -o default -F"
        )
    if shell == "zsh":
        # `(*):` of shtab 1.13 makes zsh offer nothing at all where an argument may be repeated.
        text = text.replace('"(*):', '"*:')
        ends = "_describe 'archc commands' _commands\n"
        return _replaced(text, ends, ends + f"  {_files('*.arch')['zsh']}\n")
    return text


def _replaced(text: str, old: str, new: str) -> str:
    """The text with something replaced that has to be there.

    Raises:
        RuntimeError: this version of shtab writes something else.
    """
    if text.count(old) != 1:
        raise RuntimeError(f"shtab's script has no `{old.strip()}`")
    return text.replace(old, new)


def parser() -> argparse.ArgumentParser:
    """The whole command as one parser, its arguments marked with what completes them."""
    from archc.cli.verbs import VERBS

    root = argparse.ArgumentParser(prog="archc")
    root.add_argument("--version", action="store_true", help="print the version")
    build = argparse.ArgumentParser(add_help=False)
    VERBS["build"].load().arguments(build)
    for action in build._actions:
        if action.option_strings:
            marked(action)
            root._add_action(action)
    verbs = root.add_subparsers(dest="verb")
    for name, verb in VERBS.items():
        each = verbs.add_parser(name, help=verb.summary, description=verb.summary)
        verb.load().arguments(each)
        for action in each._actions:
            marked(action)
    return root


FILES = {
    "specs": ("*.arch",),
    "spec": ("*.arch",),
    "paths": ("*.arch",),
    "before": ("*.arch", "*.json"),
    "after": ("*.arch", "*.json"),
    "subject": ("*.arch",),
    "manifest": ("*.manifest.json", "*.arch", "*.keras", "*.h5"),
    "data": ("*.npz", "*.npy"),
    "validation": ("*.npz", "*.npy"),
}
"""Which files arguments of these names take, beside models where they take those."""
MODELS = tuple(f"*{ending}" for ending in SUFFIXES)


def marked(action: argparse.Action) -> None:
    """Mark an argument with what completes it, by its name or by what stands for its value."""
    import shtab

    marks: Any = action
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.dest in FILES:
        models = MODELS if "MODEL" in metavar or action.dest in ("before", "after") else ()
        marks.complete = _files(*FILES[action.dest], *models)
    elif action.dest == "target" and metavar == "FILE":
        marks.complete = _files("*.toml")
    elif action.dest == "model":
        marks.complete = _files(*MODELS)
    elif metavar == "DIR":
        marks.complete = shtab.DIRECTORY
    elif metavar.startswith("FILE"):
        suffix = metavar.removeprefix("FILE")
        marks.complete = _files(f"*{suffix}") if suffix else shtab.FILE
    elif action.dest == "arch":
        marks.complete = ARCHS
    elif action.dest in CHOICES and action.choices is None:
        action.choices = tuple(CHOICES[action.dest]())


def _files(*patterns: str) -> dict[str, Any]:
    import shtab

    found: dict[str, Any] = shtab.glob(*patterns)
    if len(patterns) == 1:  # zsh takes a lone pattern in parentheses for qualifiers
        found["zsh"] = f"_files -g '{patterns[0]}'"
    return found


def _codes() -> Iterable[str]:
    from archc.explain import explanations

    return explanations()


def _targets() -> Iterable[str]:
    from archc.targets.builtin import builtin_names

    return builtin_names()


def _shipped() -> Iterable[str]:
    from archc.files import shipped_specs

    return shipped_specs()


def _pages() -> Iterable[str]:
    from archc.manual import TITLES

    return (name.removesuffix(".md") for name in TITLES)


CHOICES = {"code": _codes, "target": _targets, "origin": _shipped, "page": _pages}
"""The values that arguments of these names may have, beside those that are no closed set."""

_NAMES = r"s/^[[:space:]]*arch[[:space:]][[:space:]]*\([A-Za-z_][A-Za-z0-9_]*\).*/\1/p"

ARCHS = {
    "bash": "_archc_archs",
    "zsh": "_archc_archs",
    "fish": f"(sed -n '{_NAMES}' (commandline -opc | string match '*.arch') 2>/dev/null)",
    "preamble": {
        "bash": f"""
# The archs that the specs on the command line declare. $1: the word so far.
_archc_archs() {{
  local word
  for word in "${{COMP_WORDS[@]}}"; do
    [[ $word == *.arch && -f $word ]] || continue
    compgen -W "$(sed -n '{_NAMES}' "$word")" -- "$1"
  done
}}
""",
        "zsh": f"""
# The archs that the specs on the command line declare.
_archc_archs() {{
  compadd -- $(sed -n '{_NAMES}' ${{(M)words:#*.arch}} 2>/dev/null)
}}
""",
    },
}
"""What completes `--arch`."""
