"""Why an operator that should not be in a file is there, and what to do about it."""

SHAPE_ARITHMETIC = frozenset(
    {"SHAPE", "STRIDED_SLICE", "PACK", "GATHER", "REDUCE_PROD", "SPACE_TO_BATCH_ND"}
    | {"BATCH_TO_SPACE_ND"}
)
"""What an open batch leaves in a file (`docs/lowering.md`, "How to convert")."""
CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})

CONVERT = (
    "convert with full-integer post-training quantisation: `Optimize.DEFAULT`, "
    "`TFLITE_BUILTINS_INT8` and representative data"
)
SAVE_AGAIN = "save the model again: `model.save('NAME.keras')`"
BATCH_HELP = (
    "convert with a batch of 1: rebuild the model with `keras.Input(batch_shape=(1, ...))`, or "
    "export it with an input signature of batch 1"
)


def why(name: str) -> tuple[str, ...]:
    if name in SHAPE_ARITHMETIC:
        return ("it is arithmetic on shapes, which an open batch leaves; the device cannot run it",)
    if name == "FAKE_QUANT":
        return ("it is a leftover of quantisation-aware training",)
    if name in CONVERSIONS:
        return ("it converts between types inside the network",)
    if name == "DENSIFY":
        return ("it unpacks sparse weights; no runtime on the device has it",)
    if name == "CUSTOM":
        return ("no runtime on the device knows a custom operator",)
    return ()


def remedy(name: str) -> str | None:
    if name in SHAPE_ARITHMETIC:
        return BATCH_HELP
    if name == "FAKE_QUANT":
        return "save the model without its quantisation wrappers, then quantise it after training"
    if name == "DENSIFY":
        return "convert without `EXPERIMENTAL_SPARSITY`"
    if name == "CUSTOM":
        return "convert with `TFLITE_BUILTINS_INT8` alone, not with `SELECT_TF_OPS`"
    return None
