"""Transfer weights between many random models: `python tests/transfer/campaign.py --count 300`."""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import transfers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the first model")
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.count):
        outcome = transfers.compared(seed)
        outcomes[outcome if outcome in ("equal", "not told apart") else "differs"] += 1
        if outcome not in ("equal", "not told apart"):
            print(f"seed {seed}: {outcome}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()))


if __name__ == "__main__":
    main()
