"""By hand: `python tests/analysis/smallest_arena.py [NETWORKS]`, from the root of the project.

Generated networks, their files of the converter, and TensorFlow Lite Micro: both ends of its
record, a start with the smallest arena and one with 16 bytes less. Figures: `tests/README.md`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from archc.analysis.lowering import lower
from archc.analysis.tflite_micro import measure, micro
from archc.models.tflite import read
from archc.models.verify.file import file_network
from support import tflm
from support.keras_models import build
from support.random_nets import degenerate_net, random_net
from support.tflite import convert

BORDERS = ("float32", "int8", "uint8")


def main(networks: int) -> None:
    said = dict.fromkeys(("networks", "ends", "starts", "fails with less", "static"), 0)
    seed = more = 0
    while said["networks"] < networks:
        seed += 1
        size, io = 5 + seed % 20, BORDERS[seed % 3]
        net = (
            random_net(7_000 + seed, size)
            if seed % 2
            else degenerate_net(9_000 + seed, size % 8 + 5)
        )
        graph = net.graph()
        deployed = lower(graph, io)
        if deployed.unknown or micro(deployed).arena is None:
            continue
        file = convert(build(graph), io, 2)
        network = file_network(read("file", file))
        found = measure(network).arena if network is not None else None
        assert found is not None
        smallest = found.smallest_working
        try:
            record = tflm.record(file, smallest, smallest - 16)
        except RuntimeError as error:  # it ended with less: a start that fails too
            record = tflm.record(file, smallest)
            print(f"network {seed}: with 16 bytes less {str(error)[:40]}")
        static = micro(deployed).arena
        said["networks"] += 1
        said["ends"] += (record.head, record.tail) == found[:2]
        said["starts"] += record.started[smallest]
        said["fails with less"] += not record.started.get(smallest - 16, False)
        said["static"] += static is not None and static[:3] == found[:3]
        more += smallest - found.total > 15
        if not record.started[smallest] or record.started.get(smallest - 16):
            print(f"network {seed}: {found[:3]}, {record}")
    print(said, f"{more} need more than both ends")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 60)
