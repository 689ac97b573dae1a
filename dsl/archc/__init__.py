"""archc: compiles `.arch` specs of small convolutional networks to Keras builders and manifests.

>>> import archc
>>> compiled = archc.compile_file("specs/dscnn.arch", alpha=0.5)
>>> compiled.manifest["totals"]["params"]
73585
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.api import ArchError as ArchError
    from archc.api import Compiled as Compiled
    from archc.api import compile_file as compile_file
    from archc.api import compile_text as compile_text

__version__ = "0.1.0"
__all__ = ["ArchError", "Compiled", "__version__", "compile_file", "compile_text"]


def __getattr__(name: str) -> object:
    # Late, so that the command, which starts here too, pays only for what it uses.
    if name in __all__:
        from archc import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
