"""Formats of models that archc reads, each declared once.

From here come what verbs take beside specs, what help and completion list, how a file is told by
its first bytes, and which reader opens it. To add a format, write an entry and its reader:

- A format whose files are deployed graphs already has a reader that takes `(path, data, limits)`
  and gives an `archc.models.deployed.FileGraph`, ended by `checked`. The docstrings of that
  structure say what each part means. All the rest, from figures and verdict to drawing, comes of
  it: nothing else asks for the format.
- A format of trained networks gives an `archc.models.importer.Imported`.

A reader runs nothing of a file, bounds its work by `limits`, and raises `Rejected` where the file
is damaged or over a bound. What it does not know is a `Gap` with a reason, never a guess.
"""

from archc.typed import NamedTuple


class Format(NamedTuple):
    """A kind of model file."""

    name: str
    """In a word: `TFLite`."""
    suffixes: tuple[str, ...]
    """How names of its files end, the usual one first."""
    title: str
    """As messages call one of its files."""
    reader: str
    """`MODULE:FUNCTION`, imported when it is needed."""
    deployed: bool
    """Whether its files are deployed graphs, so that nothing of them is predicted."""
    start: int
    """At which byte its signature stands."""
    signature: bytes
    """Empty where files have none."""
    told: str
    """What is said of a file that has this signature and another name."""
    verifier: str
    """`MODULE:FUNCTION` that checks such a file against a manifest."""
    quantizer: str = "`archc quantize`"
    """What makes an int8 file of such a network, as the subject of a sentence."""


FORMATS: tuple[Format, ...] = (
    Format(
        "TFLite",
        (".tflite",),
        "a TFLite file",
        "archc.models.tflite.deployed:deployed",
        True,
        4,
        b"TFL3",
        "it is a TFLite file",
        "archc.models.verify.device:verify_tflite",
    ),
    Format(
        "ONNX",
        (".onnx",),
        "an ONNX file",
        "archc.models.onnx.deployed:deployed",
        True,
        0,
        b"",
        "",
        "archc.models.verify.onnx_file:verify_onnx",
        "onnxruntime's `quantize_static` (QDQ, QInt8 for activations and weights)",
    ),
    Format(
        "Keras",
        (".keras",),
        "a `.keras` archive",
        "archc.models.front.keras_file:imported",
        False,
        0,
        b"PK",
        "it is a zip archive, as `.keras` files are",
        "archc.models.verify.layers:verify_keras",
    ),
    Format(
        "Keras HDF5",
        (".h5", ".hdf5"),
        "an HDF5 file of Keras",
        "archc.models.front.keras_file:imported",
        False,
        0,
        b"\x89HDF\r\n\x1a\n",
        "it is HDF5, the older format of `.h5` files",
        "archc.models.verify.layers:verify_keras",
    ),
)

SUFFIXES: tuple[str, ...] = tuple(ending for one in FORMATS for ending in one.suffixes)


class Stranger(NamedTuple):
    """A kind of file that holds a model, or part of one, and that archc does not read."""

    suffixes: tuple[str, ...]
    title: str
    """As messages call one of its files."""
    remedy: str

    def said(self, path: str) -> str:
        return f"`{path}` is {self.title}, which archc does not read"


SAVED_MODEL = "saved_model.pb"
"""What a folder of TensorFlow's SavedModel holds."""
_SAVED = "save the Keras model, `model.save('NAME.keras')`, or give the `.tflite` file made of it"
STRANGERS: tuple[Stranger, ...] = (
    Stranger(
        (".pt", ".pth", ".pt2", ".torchscript", ".pte"),
        "a file of PyTorch",
        "export the network: `torch.onnx.export(model, inputs, 'NAME.onnx')`",
    ),
    Stranger((SAVED_MODEL,), "a SavedModel of TensorFlow", _SAVED),
    Stranger((".pb", ".pbtxt"), "a graph of TensorFlow", _SAVED),
    Stranger(
        (".ckpt", ".safetensors"),
        "a file of weights without a network",
        "load them into their model, and save that as `.keras` or export it as `.onnx`",
    ),
    Stranger(
        (".pkl", ".pickle", ".joblib"),
        "a pickle of Python",
        "save the model as `.keras` or export it as `.onnx`",
    ),
    Stranger(
        (".mlmodel", ".caffemodel", ".prototxt", ".engine", ".rknn", ".nb"),
        "a model of another tool",
        f"give the model that it was made from, as {', '.join(f'`{one}`' for one in SUFFIXES)}",
    ),
)
"""Each by how names of its files end."""


def stranger(path: str) -> Stranger | None:
    """The kind of a model file that archc does not read, by how its name ends."""
    lower = path.lower()
    return next((one for one in STRANGERS if lower.endswith(one.suffixes)), None)


def format_of(path: str) -> Format | None:
    """The format of a model by how its name ends; None of anything else."""
    lower = path.lower()
    return next((one for one in FORMATS if lower.endswith(one.suffixes)), None)


def listed(last: str = "or") -> str:
    """The usual endings, for messages: `.tflite`, `.onnx`, `.keras` or `.h5`."""
    *before, end = (f"`{one.suffixes[0]}`" for one in FORMATS)
    return f"{', '.join(before)} {last} {end}"
