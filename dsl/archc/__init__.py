"""archc: compiles `.arch` specs of small convolutional networks to Keras builders and manifests.

>>> import archc
>>> compiled = archc.compile_file("specs/dscnn.arch", alpha=0.5)
>>> compiled.manifest["totals"]["params"]
73585
"""

TYPE_CHECKING = False  # as `typing` has it, which takes long to import
if TYPE_CHECKING:
    from archc.api import ArchError as ArchError
    from archc.api import Compiled as Compiled
    from archc.api import check_n6_compatibility as check_n6_compatibility
    from archc.api import compile_file as compile_file
    from archc.api import compile_text as compile_text
    from archc.api import profile_model as profile_model
    from archc.api import quantize as quantize
    from archc.api import shadow_quantised as shadow_quantised
    from archc.api import transfer_weights as transfer_weights
    from archc.api import verify_model as verify_model

__version__ = "0.1.0"
__all__ = [
    "ArchError",
    "Compiled",
    "__version__",
    "check_n6_compatibility",
    "compile_file",
    "compile_text",
    "profile_model",
    "quantize",
    "shadow_quantised",
    "transfer_weights",
    "verify_model",
]


def __getattr__(name: str) -> object:
    # Late, so that the command, which starts here too, pays only for what it uses.
    if name in __all__:
        from archc import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
