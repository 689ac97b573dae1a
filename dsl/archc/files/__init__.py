"""The only package that touches files: sources come in here, outputs go out."""

from archc.files.outputs import Written, write
from archc.files.reading import (
    CHECK_ACCESS,
    CHECK_PATH,
    SPEC_SUFFIX,
    load_bytes,
    load_text,
    similar,
    specs_below,
    spread,
    stamps,
)
from archc.files.shipped import library_path, shipped_specs, std_sources
from archc.plain import late
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.files.loader import Loader


__getattr__ = late(__name__, {"Loader": "archc.files.loader"})
