"""`archc targets [TARGET]`: the targets, or what one supports."""

import argparse

from archc.cli.session import FAILURE, SUCCESS, print_json, show, tell
from archc.diagnostics.model import Rejected

SUMMARY = "list targets, or show what one supports"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", nargs="?", metavar="TARGET", help="a target's name, or its file")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    from archc.files.targets import find_target
    from archc.targets.builtin import builtin, builtin_names
    from archc.targets.support import support_json, support_text

    try:
        if options.target is None:
            found = [builtin(name) for name in builtin_names()]
            if options.format == "json":
                print_json([{"name": t.name, "title": t.title} for t in found])
            else:
                for one in found:
                    print(f"{one.name:<12}{one.title}")
            return SUCCESS
        chosen = find_target(options.target)
    except Rejected as rejected:
        if options.format == "json":
            from archc.diagnostics.render import render_json

            print_json({"diagnostics": [render_json(rejected.diagnostic)]})
        else:
            tell(rejected.diagnostic)
        return FAILURE
    if options.format == "json":
        print_json(support_json(chosen))
    else:
        show(support_text(chosen))
    return SUCCESS
