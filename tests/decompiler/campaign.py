"""Random specs to configs and back.

    PYTHONPATH=dsl:tests python tests/decompiler/campaign.py EXAMPLES [SEED]

Every spec that compiles is written as the config that its builder's model would have, imported, and
compiled again; the network has to be equal. Prints how many are, what was refused, and how long the
texts are beside the sources. No TensorFlow.
"""

import statistics
import sys
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from archc.diagnostics.model import Rejected
from archc.models.decompiler import decompile, of_config
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import of_graph
from archc.models.decompiler.search import tokens
from support.graph_configs import config_of, graph_of
from support.strategies import Spec, specs


def main(examples: int, number: int) -> None:
    counts: Counter[str] = Counter()
    shares: list[float] = []

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(specs())
    def one(spec: Spec) -> None:
        graph = graph_of(spec.text)
        if graph is None:
            counts["no network"] += 1
            return
        try:
            read = of_config(config_of(graph))
            made = decompile(read)
        except Rejected as rejected:
            counts[f"refused: {rejected.diagnostic.message[:60]}"] += 1
            return
        again = graph_of(made.text)
        equal = again is not None and compare(read.network, of_graph(again)).equal
        counts["equal" if equal else "different"] += 1
        counts["in the model's order"] += made.in_order
        shares.append(tokens(made.text) / tokens(spec.text))

    one()
    for kind, count in counts.most_common():
        sys.stdout.write(f"{kind}: {count}\n")
    sys.stdout.write(f"tokens beside the source, median: {statistics.median(shares):.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
