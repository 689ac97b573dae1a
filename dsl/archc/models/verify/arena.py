"""A TFLite file as the computation of the arena takes it (`archc.analysis.tflite_micro`)."""

from archc.compiler import Network
from archc.diagnostics.model import Rejected
from archc.models.deployed import checked
from archc.models.deployed.runtime import runtime_network
from archc.models.tflite import Model
from archc.models.tflite.deployed import graph_of


def file_network(model: Model) -> Network | None:
    """The network of a file, or None where its allocations are not known."""
    try:
        found = runtime_network(checked(graph_of(model.name, model)))
    except Rejected:  # not a graph, of which something else is said
        return None
    return found if isinstance(found, Network) else None
