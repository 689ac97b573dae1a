"""Codes that examples and golden specs leave out, and why."""

from archc.diagnostics.catalog import entries

NEEDS_A_MODEL = {
    name
    for name in entries()
    if name.startswith(
        ("verify_", "quantize_", "model", "import", "manifest_", "fine_", "extra_", "calibrate")
    )
}
"""Codes about model files, which an example would have to train first: they have none."""
NEVER = {
    *("stm32n6/static_int8", "stm32n6/deployed_operator"),
    *("output_locked", "output_recovered"),
}
"""Rules that no spec of today breaks, and what takes two processes."""
