"""Many random functional models through `profile_model` and the converter.

    PYTHONPATH=dsl:tests python tests/importer/campaign.py [FIRST] [COUNT]

Prints every model that differs, by its seed, and at the end how many of which verdict.
"""

import sys
from collections import Counter

from support.foreign import agreement
from support.functional_models import model


def main(first: int, count: int) -> int:
    verdicts: Counter[str] = Counter()
    orders: Counter[bool | None] = Counter()
    for seed in range(first, first + count):
        found = agreement(model(seed, size=4 + seed % 9))
        verdicts[found.verdict] += 1
        orders[found.ordered] += 1
        if found.verdict in ("different", "refused"):
            print(f"{seed}: {found.verdict}\n{found.detail}", flush=True)  # noqa: T201
        elif found.verdict == "named":
            print(f"{seed}: {found.detail.splitlines()[-1]}", flush=True)  # noqa: T201
    print(dict(verdicts), "in order:", dict(orders))  # noqa: T201
    return verdicts["different"]


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*given) if len(given) == 2 else main(*given, 300) if given else main(0, 300))
