"""How long the planner of the arena takes: `python tests/benchmarks/planner.py`.

Beside every time stands that of a pass over as many tensors in plain Python (sorting them), so that
the ratio can be quoted whatever the machine. CPU time, the best of three.
"""

from random import Random
from time import process_time

from archc.analysis.arena import Block, place

SIZES = (1_000, 10_000)


def shapes(count: int) -> dict[str, list[Block]]:
    """Tensors as networks have them, and as none should."""
    random = Random(1)

    def size() -> int:
        return random.randrange(1, 100_000)

    half = count // 2
    return {
        "a chain": [Block(size(), i, i + 1) for i in range(count)],
        "a chain, all of one size": [Block(1_000, i, i + 1) for i in range(count)],
        "blocks with skips": [Block(size(), i, i + (9 if i % 8 == 0 else 1)) for i in range(count)],
        "lives of up to 30 steps": [
            Block(size(), i, i + random.randrange(30)) for i in range(count)
        ],
        "every tensor kept to the end": [Block(size(), i, count) for i in range(count)],
        "down, and up with skips": [
            Block(size(), i, i + 1 if i >= half else count - i) for i in range(count)
        ],
        "lives from anywhere to anywhere": [
            Block(size(), i, random.randrange(i, count)) for i in range(count)
        ],
    }


def seconds(blocks: list[Block], of: object) -> float:
    """The best time of three."""
    assert callable(of)
    best = float("inf")
    for _ in range(3):
        start = process_time()
        of(blocks)
        best = min(best, process_time() - start)
    return best


def main() -> None:
    print(f"{'':<34}{'tensors':>9}{'time':>12}{'of sorting':>12}")
    for count in SIZES:
        for name, blocks in shapes(count).items():
            taken, plain = seconds(blocks, place), seconds(blocks, sorted)
            print(f"{name:<34}{count:>9,}{taken * 1e3:>9,.0f} ms{taken / plain:>11,.0f}x")


if __name__ == "__main__":
    main()
