"""The whole arena of TensorFlow Lite for Microcontrollers, for several builds of it."""

from archc.analysis.lowering.deployed import Deployed
from archc.analysis.tflite_micro.network import Network, deployed_network
from archc.analysis.tflite_micro.replay import Arena, fullest, plan, replay, unknown, unsupported
from archc.analysis.tflite_micro.tables import BUILDS, DEFAULT, Build
from archc.typed import NamedTuple


class Micro(NamedTuple):
    """What one build of TFLM makes of a network."""

    network: Network
    build: str
    """A key of `BUILDS`."""
    arena: Arena | None
    """None where an operator has no kernel, or its requests are not known."""
    unsupported: tuple[str, ...]
    """Operators without a kernel."""
    unknown: tuple[str, ...] = ()
    """Operators with a kernel whose requests are not known."""

    def fullest(self) -> tuple[int, list[tuple[int, int]]]:
        """See `replay.fullest`."""
        return fullest(self.network, BUILDS[self.build])


def micro(deployed: Deployed, build: str = DEFAULT) -> Micro:
    """The arena for a deployed graph."""
    return measure(deployed_network(deployed), build)


def activations(network: Network, build: str = DEFAULT) -> int:
    """The head of the arena, planned whether there are kernels for all operators or not."""
    return plan(network, BUILDS[build]).bytes


def measure(network: Network, build: str = DEFAULT) -> Micro:
    """The arena for a network whose tensors are known."""
    names = [op.name for op in network.operators]
    missing, untold = unsupported(names), unknown(names)
    arena = None if missing or untold else replay(network, BUILDS[build])
    return Micro(network, build, arena, missing, untold)
