"""A network of a zoo as its own library builds it: its parameters as that library counts them, and
the files that a user of it would hand to archc.

    python tests/zoo/theirs.py SOURCE NAME FOLDER

prints one JSON document. It runs where the library is installed and shares nothing with archc, so
that the environment with PyTorch need not be the one with TensorFlow.
"""

import importlib
import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

_SIDE = 224
_OPEN = ("MobileNetV3Small", "MobileNetV3Large")
"""Applications of Keras whose input is open unless a shape is given."""


def keras(name: str, folder: Path) -> dict[str, Any]:
    """An application of Keras, untrained, as a `.keras` archive. A name may end in a width
    multiplier: `MobileNet-0.25`."""
    import keras as library

    function, _, width = name.partition("-")
    options = {"alpha": float(width)} if width else {}
    if function in _OPEN:
        options["input_shape"] = (_SIDE, _SIDE, 3)
    model = getattr(library.applications, function)(weights=None, **options)
    model.save(folder / "net.keras")
    return {
        "version": f"Keras {library.__version__}",
        "input": list(model.input_shape[1:]),
        "params": model.count_params(),
        "macs": None,
        "files": {"whole": "net.keras", "deployed": "net.keras"},
        "failed": {},
    }


def timm(name: str, folder: Path) -> dict[str, Any]:
    """A model of timm, with random weights."""
    import timm as library

    model = library.create_model(name, pretrained=False, exportable=True)
    side = model.default_cfg["input_size"][-1]
    return exported(model, side, folder) | {"version": f"timm {library.__version__}"}


def pytorchcv(name: str, folder: Path) -> dict[str, Any]:
    """A model of pytorchcv, with random weights: `MODULE.FUNCTION` of its `models`."""
    from importlib.metadata import version

    module, _, function = name.partition(".")
    model = getattr(importlib.import_module(f"pytorchcv.models.{module}"), function)()
    return exported(model, _SIDE, folder) | {"version": f"pytorchcv {version('pytorchcv')}"}


def exported(model: Any, side: int, folder: Path) -> dict[str, Any]:
    """A PyTorch model as ONNX files: with its batch normalisations as they are, which keeps every
    parameter; by either exporter as they are by default; and quantised by onnxruntime.

    `params` are those of `state_dict`, so with the running statistics, which a file holds too.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    torch.manual_seed(0)
    model = model.eval()
    distinct(model)
    image = torch.randn(1, 3, side, side)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(image)
    path = {key: str(folder / f"{key}.onnx") for key in ("whole", "old", "new", "deployed")}
    kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    steps: dict[str, Callable[[], object]] = {
        "whole": lambda: torch.onnx.export(model, (image,), path["whole"], dynamo=False, **kept),
        "old": lambda: torch.onnx.export(model, (image,), path["old"], dynamo=False),
        "new": lambda: torch.onnx.export(
            model, (image,), path["new"], dynamo=True, external_data=False
        ),
        "deployed": lambda: quantised(path["old"], path["deployed"], image.numpy()),
    }
    failed = {}
    for key, step in steps.items():
        try:
            step()
        except Exception as error:
            failed[key] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:160]}"
    return {
        "input": [side, side, 3],
        "params": sum(
            values.numel()
            for key, values in model.state_dict().items()
            if not key.endswith("num_batches_tracked")
        ),
        "macs": counter.get_total_flops() // 2,
        "files": {key: f"{key}.onnx" for key in path if key not in failed},
        "failed": failed,
        "torch": torch.__version__.partition("+")[0],
    }


def distinct(model: Any) -> None:
    """Give every tensor values of its own: an exporter stores equal ones once."""
    import torch

    for key, values in model.state_dict().items():
        if not values.is_floating_point():
            continue
        if values.ndim > 1:
            values.copy_(torch.randn_like(values) * (2 / max(1, values[0].numel())) ** 0.5)
        elif key.endswith(("weight", "running_var")):
            values.copy_(0.8 + 0.4 * torch.rand_like(values))
        else:
            values.copy_(0.1 * torch.randn_like(values))


def quantised(source: str, target: str, image: Any) -> None:
    """As docs/onnx.md says: prepared, then int8 per channel."""
    from onnxruntime import InferenceSession, quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(source, target, skip_symbolic_shape=True)
    entry = InferenceSession(target).get_inputs()[0].name
    feeds = iter([{entry: image}])

    class Samples(quantization.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> Any:
            return next(feeds, None)

    quantization.quantize_static(target, target, Samples(), per_channel=True)


SOURCES = {"keras": keras, "timm": timm, "pytorchcv": pytorchcv}


def main() -> None:
    source, name, folder = sys.argv[1:]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        found = SOURCES[source](name, Path(folder))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
