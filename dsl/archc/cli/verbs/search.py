"""`archc search SPEC`: train the variants of a spec that are within budget, and find the best."""

import argparse

from archc.cli.spaces import chosen_arguments

SUMMARY = "train variants within budget, each network once, and find the best"

TRIALS, HEARTBEAT = 50, 5.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument(
        "--objective",
        metavar="MODULE:FUNCTION",
        required=True,
        help="what trains and measures a network: `function(manifest, build_model)` of a module "
        "in the working folder or installed, which returns a number, or one for each objective "
        "that is not a figure of the manifest",
    )
    for flag, better, kind in (
        ("--maximize", "larger", largest),
        ("--minimize", "smaller", smallest),
    ):
        parser.add_argument(
            flag,
            metavar="NAME",
            dest="objectives",
            type=kind,
            action="append",
            default=[],
            help=f"the {better} the better: a figure of the manifest, such as latency_ms, or "
            "what the function returns",
        )
    parser.add_argument(
        "--trials",
        type=int,
        metavar="N",
        default=TRIALS,
        help=f"networks to train in all, by all workers (default: {TRIALS})",
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", default=1, help="so many of them at once here (default: 1)"
    )
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="seconds that the objective may take (default: "
        "as long as it does)"
    )  # fmt: skip
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="where the search is kept: a SQLite file, or `postgresql://...` for workers on "
        "several machines (default: `search.db` in the output folder)",
    )
    parser.add_argument("--study", metavar="NAME", help="its name there (default: the arch's)")
    parser.add_argument(
        "--sampler",
        choices=("tpe", "nsga2", "random"),
        default="tpe",
        help="what proposes variants: Optuna's TPE (default), NSGA-II, or chance",
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="make the proposals of one worker repeatable"
    )
    parser.add_argument(
        "--heartbeat",
        type=float,
        metavar="S",
        default=HEARTBEAT,
        help="seconds between signs of life; a worker that misses six is taken for dead "
        f"(default: {HEARTBEAT:g})",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        help="where the front is written (default: `ARCH_search`)",
    )
    chosen_arguments(parser)


def largest(name: str) -> tuple[str, bool]:
    return name, True


def smallest(name: str) -> tuple[str, bool]:
    return name, False


def run(options: argparse.Namespace) -> int:
    from archc.cli.searching import searched

    return searched(options)
