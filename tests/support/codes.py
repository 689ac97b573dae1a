"""Codes that examples and golden specs leave out, and why."""

from archc.diagnostics.catalog import entries

NEEDS_A_MODEL = {
    name
    for name in entries()
    if name.startswith(
        (
            *("verify_", "quantize_", "model", "import", "manifest_", "fine_", "extra_"),
            *("calibrate", "transfer", "search_"),
        )
    )
}
"""Codes about model files, which an example would have to train first, and about searches, which
train: they have none, and are tested where they arise."""
NEVER = {
    *("stm32n6/static_int8", "stm32n6/deployed_operator"),
    *("stm32n6/onnx_opset", "stm32n6/onnx_ir", "stm32n6/onnx_contrib", "stm32n6/own_export"),
    *("stm32n6/front_end", "stm32n6/float_island", "stm32n6/float_first"),
    *("stm32n6/kept_activation", "stm32n6/scale_per_tensor"),
    *("output_locked", "output_recovered"),
}
"""Rules that no spec of today breaks, and what takes two processes."""
