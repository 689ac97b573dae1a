"""Print the truth table: `python tests/oracles/table.py`.

Every shipped spec is built, converted and judged, which takes some three minutes. It needs the
`oracles` and `tensorflow` extras. Exit 1 if any exact figure differs from its judge's.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from support import shipped, truth


def main() -> int:
    print(truth.markdown(), end="")
    return int(any(figure.difference for name in shipped.NAMES for figure in truth.truth(name)))


if __name__ == "__main__":
    sys.exit(main())
