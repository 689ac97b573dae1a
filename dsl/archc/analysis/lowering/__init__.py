"""From the network as it is trained to the operators that the int8 converter leaves of it.

What a deployed graph is comes with the package; the passes that make one are loaded when they are
first asked for, since what reads a graph from a file needs none of them.
"""

from archc.analysis.lowering.deployed import INPUT, Deployed, DeviceOp, Failure, Trait, Unknown
from archc.plain import late
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.analysis.lowering.pipeline import lower
    from archc.analysis.lowering.sharing import lower_both


OBSERVED = {"tensorflow": "2.21.0", "keras": "3.15.1"}
"""The versions on which every rule of this package was observed."""


__getattr__ = late(__name__, {"lower": f"{__name__}.pipeline", "lower_both": f"{__name__}.sharing"})
