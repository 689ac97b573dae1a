"""Generated specs with numbers turned into parameters, every variant against a full compile:

    python tests/space/campaign.py [--count 1000] [--seed 0] [--blocks]

With `--blocks` they are specs whose blocks are parameters, of which many values differ in numbers
alone. Prints each spec whose variants differ, and how many variants were compared.
"""

import argparse
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dsl"), str(ROOT / "tests")]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

from support.printer import print_file  # noqa: E402
from support.spaces import agree, families, opened, space  # noqa: E402
from support.strategies import Spec, specs  # noqa: E402

ROWS, OF_BLOCKS = 14, 60


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blocks", action="store_true")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    counts = dict.fromkeys(("specs", "variants", "networks", "classes", "wrong"), 0)

    @seed(options.seed)
    @settings(
        max_examples=options.count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(specs())
    def compare(spec: Spec) -> None:
        made = opened(print_file(spec.file), chance)
        if made is not None:
            text, arch, over = made
            measure(text, over, arch)

    def measure(text: str, over: list[str], arch: str | None = None) -> None:
        variants = space(text, *over, arch=arch)
        if variants.failed:
            return
        size = variants.grid.size
        rows = chance.sample(range(size), min(OF_BLOCKS if options.blocks else ROWS, size))
        counts["specs"] += 1
        counts["variants"] += len(rows)
        try:
            counts["networks"] += agree(variants, rows)
        except Exception as error:
            counts["wrong"] += 1
            print(f"{error!r}\n{over}\n{text}\n", flush=True)
        counts["classes"] += variants.count

    if options.blocks:
        for _ in range(options.count):
            measure(*families(chance))
    else:
        compare()
    print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
