"""The shipped specs as QDQ ONNX files, by tf2onnx and onnxruntime, against their manifests, once:

    python tests/onnx_files/shipped_specs.py [NAME ...]

It needs tf2onnx beside the `test` extra. `tests/README.md` has what it printed last.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "dsl")]
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402

from archc.models.deployed.costs import stored  # noqa: E402
from archc.models.deployed.memory import memory  # noqa: E402
from archc.models.deployed.order import best_order  # noqa: E402
from archc.models.onnx.deployed import deployed  # noqa: E402
from support import shipped  # noqa: E402


def quantised(name: str, folder: Path) -> Path:
    """The QDQ file of a shipped network: NCHW inputs, prepared, per channel."""
    import keras
    import tensorflow as tf
    import tf2onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model = shipped.model(name)
    signature = [
        tf.TensorSpec((1, *entry.shape[1:]), tf.float32, name=entry.name) for entry in model.inputs
    ]
    path = folder / f"{name}.onnx"
    tf2onnx.convert.from_keras(
        model,
        input_signature=signature,
        inputs_as_nchw=[entry.name for entry in model.inputs],
        output_path=str(path),
    )
    quant_pre_process(str(path), str(path), skip_symbolic_shape=True)
    rng = np.random.default_rng(0)
    shapes = {}
    import onnx

    for entry in onnx.load(str(path)).graph.input:
        shapes[entry.name] = [e.dim_value or 1 for e in entry.type.tensor_type.shape.dim]
    feeds = iter(
        {key: rng.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}
        for _ in range(2)
    )

    class Samples(quantization.CalibrationDataReader):
        def get_next(self) -> Any:
            return next(feeds, None)

    quantization.quantize_static(str(path), str(path), Samples(), per_channel=True)
    keras.backend.clear_session()
    return path


def main() -> None:
    names = sys.argv[1:] or (*shipped.NAMES, *shipped.WIRED)
    print("network | operators | MACs | weight bytes | peak (file, best)")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            manifest = shipped.compiled(name).manifest
            want = manifest["deployed"]
            try:
                path = quantised(name, Path(folder))
                graph = deployed(str(path), path.read_bytes())
            except Exception as error:
                print(f"{name} | {type(error).__name__}: {str(error)[:300]}", flush=True)
                continue
            order = best_order(graph)
            figures = (
                (len(graph.operators), sum(want["operators"].values())),
                (sum(op.macs or 0 for op in graph.operators), manifest["totals"]["macs"]),
                (stored(graph, *graph.operators)[1], want["weight_bytes"]),
                (memory(graph).peak.bytes, want["peak_activation_bytes"]),
            )
            said = [f"{a:,}" if a == b else f"{a:,} (spec {b:,})" for a, b in figures]
            print(f"{name} | {' | '.join(said)}, {order.peak:,} | {graph.scheme}", flush=True)
            kinds: dict[str, int] = {}
            for op in graph.operators:
                kinds[op.kind] = kinds.get(op.kind, 0) + 1
            print(f"    file {dict(sorted(kinds.items()))}", flush=True)
            print(f"    spec {want['operators']}", flush=True)


if __name__ == "__main__":
    main()
