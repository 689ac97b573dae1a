"""The Python interface, which `import archc` gives."""

from archc.api.compiling import ArchError, Compiled, compile_file, compile_text
from archc.api.models import (
    check_n6_compatibility,
    profile_model,
    quantize,
    shadow_quantised,
    transfer_weights,
    verify_model,
)
