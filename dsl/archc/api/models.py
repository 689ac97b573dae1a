"""Keras models: their figures, what a target says of them, int8 files, weights."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from archc.api.compiling import ArchError
from archc.diagnostics.model import Rejected
from archc.files import load_bytes
from archc.files.targets import find_target
from archc.limits import DEFAULT_LIMITS, Limits
from archc.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from archc.models.deployed.verdict import Finding
    from archc.models.quantization.convert import Io, Progress
    from archc.models.quantization.core import Quantization
    from archc.models.training.shadow import FineTuned
    from archc.models.transfer import Transfer
    from archc.models.verify import Verification


def profile_model(
    model: "keras.Model",
    *,
    target: str = "stm32n6",
    io: str = "float32",
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Any]:
    """The figures of any Keras 3 model, in the form of the manifest. Needs the `tensorflow` extra.

    >>> import keras, archc
    >>> image = keras.Input((32, 32, 3), name="image")
    >>> x = keras.layers.Conv2D(8, 3, activation="relu", name="features")(image)
    >>> x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    >>> figures = archc.profile_model(keras.Model(image, x))
    >>> figures["totals"]["macs"], figures["totals"]["params"]
    (194400, 224)
    >>> figures["layers"][1]["output_shape"], figures["unseen"]
    ([30, 30, 8], [])

    Nothing is executed: the figures come from the model's config, and parameters from its
    variables.

    Returns:
        `layers` and `totals` as in the manifest (`stage`, `block`, `repeat` and `source` are null,
        `origin` is empty), one row per Keras layer in order of execution; and `name`, `inputs`,
        `outputs`, `deployed` and `unseen`. Nested models are opened: their layers go by
        path, `outer/inner`, and their inputs are left out. A layer that is called several times
        is one row: parameters once, MACs and activations of all its calls, inputs of all, the
        output shape of its first. A layer that stands in several models counts its parameters
        under one of its paths. `supported` is by the rules of the target with nothing
        allowed.

        What is not known is None in a row and listed in `unseen` (`layer`, `class_name`, `reason`,
        `unknown`): custom layers, Lambdas, recurrent layers, attention, axes that are open. The
        totals sum what is known. Then `totals["macs"]` is a lower bound, and
        `totals["stedgeai_macc"]` is None, as it is wherever it is not known how ST counts a
        layer. `deployed` (`precision`, `operators`, `order`, `weight_bytes`,
        `peak_activation_bytes`, `peak_at`, `left_out`, `unknown`, `failures`) is for conversion
        with batch 1. It holds what is known: its sums leave out the layers in `left_out`, so that
        the peak is a lower bound where there are any, and what stands next to one may fold into
        it. It is None where nothing is known. `order` is `exact` where no other order of the
        operators is possible; else it is `predicted`, and the peak rests on it. `unknown` lists
        patterns of which it is not known what the converter makes (`layers`, `reason`), `failures`
        those at which the converter is known to fail, each with a `remedy`. A model whose class
        has a `call` of its own cannot be seen into: its layers are listed with their parameters
        only.

    Args:
        model: functional, sequential or other, built.
        target: a target's name or a target file.
        io: the border of the deployed model: `float32`, `int8` or `uint8`.
        limits: bounds on the work: `operators`, `nesting`, `layer_name_length`.

    Raises:
        ArchError: it is no Keras 3 model, is not built, or is over a bound; there is no such
            target.
        ImportError: Keras is not installed.
    """
    from archc.models.importer.profile import profile_model as profile

    try:
        return profile(model, find_target(target), io, limits=limits)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None


def check_n6_compatibility(
    model: "keras.Model",
    *,
    target: str = "stm32n6",
    allow: Sequence[str] = (),
    io: str = "float32",
    board: str | None = None,
    notes: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> "list[Finding]":
    """What the STM32N6 has against a Keras 3 model: nothing, where the list is empty.

    >>> import keras, archc
    >>> image = keras.Input((32, 32, 8), name="image")
    >>> x = keras.layers.Conv2D(16, 3, name="features")(image)
    >>> archc.check_n6_compatibility(keras.Model(image, x))
    []
    >>> x = keras.layers.Flatten(name="flat")(x)
    >>> [finding.layer for finding in archc.check_n6_compatibility(keras.Model(image, x))]
    ['flat']

    The rules are those that specs are held to (`archc targets stm32n6`), on the operators that the
    int8 converter makes of the model. Beside them: a layer that is not known is an error
    (`unknown_layer`), never taken for one that runs; layers that leave shape arithmetic in the
    file if the model is converted with the open batch it has (`open_batch`: Reshape, Flatten,
    Dense on more than a vector, dilation, Conv2DTranspose, UpSampling2D) are warnings, and so is
    the RESHAPE that an Add may gain with batch 1 (`batch_one_add`).

    Args:
        model: functional, sequential or other, built.
        target: a target's name or a target file, such as one that extends `stm32n6`.
        allow: what may be used beyond the demanded operators: operators by our names, rules that
            yield, classes of layers that are not known. It becomes a warning to confirm.
        io: the border of the deployed model: `float32`, `int8` or `uint8`.
        board: one of the target's; of the STM32N6 `dk` (the default), `nucleo` or `audio`.
        notes: whether findings of level `note` are listed too: what costs speed or memory, and
            the conversions of a float32 border. Errors and warnings always are.
        limits: bounds on the work, as for `profile_model`.

    Returns:
        findings with `code`, `level`, `layer`, `message`, `remedy`, `source` and `confidence`, as
        in the manifest, and `layers`: what is said of several layers is said once, `layer` being
        the first of them.

    Raises:
        ArchError: it is no Keras 3 model, is not built, or is over a bound; a name is unknown.
        ImportError: Keras is not installed.
    """
    from archc.models.importer.profile import check_model

    try:
        return check_model(model, find_target(target), allow, io, board, notes=notes, limits=limits)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None


@contextmanager
def shadow_quantised(model: "keras.Model", *, leave: Sequence[str] = ()) -> "Iterator[FineTuned]":
    """Quantisation-aware fine-tuning: inside the `with` block the model computes with its kernels
    rounded to int8 as the converter will round them, while training moves the float ones.

        model = keras.models.load_model("net.keras")
        with archc.shadow_quantised(model):
            model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy")
            model.fit(images, labels, epochs=5)
        model.save("net_tuned.keras")

    Kernels have a scale per output channel (`archc.models.training.rounding` has the rule and why a
    folded BatchNorm does not change it); activations and biases stay in float. Gradients pass the
    rounding as they are. BatchNorms are frozen: statistics, gamma and beta, in training too.
    `evaluate` and `predict` show the network with rounded kernels inside the block, and with float
    kernels after it. Of functions you have traced yourself, and of other models that share layers
    with this one, make new ones on entering and on leaving; the model's own are renewed.

    Nothing of this is in the model: saved inside the block or after it, it has the same standard
    layers and names as before and float kernels. They are kept, not put on the grid, so that it
    can be trained on; the converter rounds them the same way as training did.

    Compile inside the block, since it changes which weights are trainable. An optimizer that was
    first used inside it is started afresh at its end, with the settings it had.

    Args:
        model: a built model; functional, sequential, nested or subclassed. Layers with weights are
            those of Keras whose rounding is known: Conv1D, Conv2D, Conv2DTranspose,
            DepthwiseConv2D, SeparableConv2D and Dense.
        leave: names of layers to leave as they are, for layers of any other kind.

    Yields:
        The names of the layers with rounded kernels, frozen, and left in float.

    Raises:
        ArchError: the model cannot be fine-tuned so; it says which layers are in the way, and
            nothing was done to the model.
        ImportError: Keras is not installed.
    """
    from archc.models.training.shadow import Shadow, survey

    found = survey(model, leave)
    if found.problems:
        raise ArchError(found.problems)
    shadow = Shadow(found)
    shadow.attach()
    try:
        yield shadow.report
    finally:
        shadow.detach()


def transfer_weights(
    source: "keras.Model | str | os.PathLike[str]",
    target: "keras.Model",
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> "Transfer":
    """Copy the weights of one Keras model into another that is the same network. Needs the
    `tensorflow` extra.

    >>> import keras, archc
    >>> image = keras.Input((8, 8, 3))
    >>> x = keras.layers.SeparableConv2D(8, 3, padding="same", name="a")(image)
    >>> x = keras.layers.GlobalAveragePooling2D()(x)
    >>> trained = keras.Model(image, keras.layers.Dense(2, name="b")(x))
    >>> spec = '''arch net {
    ...     input image: 8 x 8 x 3
    ...     stage s(channels = 8) { dwconv(3x3, bias = false) conv }
    ...     head { global_average_pool dense(2) }
    ... }'''
    >>> model = archc.compile_text(spec).build_model()
    >>> for pair in archc.transfer_weights(trained, model).arrays:
    ...     print(*pair)
    a/depthwise_kernel s_1_dwconv/kernel
    a/pointwise_kernel s_1_conv/kernel
    a/bias s_1_conv/bias
    b/kernel head_dense/kernel
    b/bias head_dense/bias

    Layers are paired by structure: by what they hold and by how the layers with weights are
    connected, whatever lies between them. Names decide between layers that are alike otherwise,
    and all of it where the models are connected in different ways but all layers with weights
    have the same names. A kernel goes to the form that the target has for it: a Dense is a
    convolution of 1x1, a Dense behind a Flatten one of the whole map, a SeparableConv2D a
    depthwise convolution and one of 1x1, a Conv1D a convolution over one row or column. Layers
    that are shared, nested models, several inputs and outputs, statistics of normalisations are
    handled alike. Settings are not looked at: what a layer does beside its arrays, an epsilon for
    instance, is the target's.

    Args:
        source: a model, or the path of a `.keras` or `.h5` file, which is loaded without running
            anything of its own.
        target: a built model. It is changed only if everything can be transferred.
        limits: bounds on the work: `model_bytes`, `operators`, `nesting`.

    Returns:
        ``arrays``, the pairs of arrays, and ``by``, what layers were paired by: `structure` or
        `names`.

    Raises:
        ArchError: an array of one has no counterpart in the other, or several; it lists both
            sides. A file cannot be read.
        ImportError: Keras is not installed.
    """
    from archc.models.transfer import transfer

    try:
        return transfer(source, target, limits)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None


def quantize(
    model: "keras.Model | str | os.PathLike[str]",
    data: object,
    *,
    validation: object = None,
    array: str | None = None,
    validation_array: str | None = None,
    labels: str | None = None,
    holdout: float = 0.2,
    samples: tuple[int, int] = (500, 200),
    manifest: "dict[str, Any] | str | os.PathLike[str] | None" = None,
    io: "Io | None" = None,
    progress: "Progress | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> "Quantization":
    """Full-integer post-training quantisation as the STM32N6 wants it, and what it costs.

    int8 weights per channel, int8 activations, batch 1. The file is compared with the float model
    on samples that it was not calibrated on; the same model and data give the same bytes. Needs the
    `quantize` extra.

        result = archc.quantize(model, images, manifest=compiled.manifest)
        if result.cosine >= 0.95 and not result.verification.failed:
            pathlib.Path("net_int8.tflite").write_bytes(result.tflite)

    Args:
        model: functional or sequential, in memory or the path of a `.keras` or `.h5` file. A file
            is loaded without running anything of its own: it has to have layers of Keras only.
        data: samples for calibration, scaled as in training: an array (samples, *input shape), a
            dictionary of arrays by the name of the input, or the path of a `.npz` or `.npy` file.
        validation: samples for the comparison, likewise; None: a part of ``data``.
        array: the array of ``data``, where it holds several and the model has one input.
        validation_array: the same of ``validation``.
        labels: the array of the labels beside the samples that are compared; None: one that is
            called `labels`, `y` or the like, or as the samples are (`x_test`, `y_test`).
        holdout: the share of ``data`` that is kept from calibration, where ``validation`` is None.
        samples: how many are used at most for calibration and for the comparison, drawn at random,
            always the same ones.
        manifest: what the file is verified against, or the path of it.
        io: the type of inputs and outputs; None: the manifest's, else float32.
        progress: called with what is being done, how much of it is, and of how much (0: unknown).
        limits: ``model_bytes`` bounds a model file.

    Returns:
        ``tflite``, ``cosine``, ``worst`` (largest absolute error of an output), ``layers`` (the
        error after each operator), ``ranges`` (of the data), ``accuracy`` (where labels are known),
        ``vectors``, ``verification`` (None without a manifest),
        ``doubts`` (warnings) and more; see `archc.models.quantization.core.Quantization`.

    Raises:
        ArchError: the model or the data cannot be used, an extra is missing, or the converter
            failed; it says which.
    """
    from archc.models.quantization.convert import silent
    from archc.models.quantization.core import quantize as run

    if not 0 < holdout < 1 or min(samples) < 1:
        raise ValueError("holdout is a share between 0 and 1, samples are counts from 1")
    try:
        if manifest is not None and not isinstance(manifest, dict):
            from archc.models.verify.document import load_manifest

            manifest = load_manifest(os.fspath(manifest), limits)
        return run(
            model,
            data,
            validation=validation,
            array=array,
            validation_array=validation_array,
            labels=labels,
            holdout=holdout,
            samples=samples,
            manifest=manifest,
            io=io,
            progress=progress or silent,
            limits=limits,
        )
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None


def verify_model(
    manifest: "dict[str, Any] | str | os.PathLike[str]",
    model: "str | os.PathLike[str]",
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> "Verification":
    """Whether a model file still is the network of a manifest. Nothing of the file is run.

    Args:
        manifest: a manifest, such as `Compiled.manifest`, or the path of one.
        model: the path of a `.tflite`, `.onnx`, `.keras` or `.h5` file.
        limits: bounds on the work: `model_bytes`, `operators`, `nesting`, `errors`.

    Returns:
        what differs (``differences``, each an `error` that matters or a `note`), what was compared
        and what was not; ``failed`` where a difference matters.

    Raises:
        ArchError: a file cannot be read, is damaged, or is over a bound.
    """
    from archc.models.verify import WANTED, verify
    from archc.models.verify.document import load_manifest

    try:
        if not isinstance(manifest, dict):
            manifest = load_manifest(os.fspath(manifest), limits)
        path = os.fspath(model)
        data = load_bytes(path, limits.model_bytes, "model_bytes", WANTED)
        return verify(manifest, path, data, limits=limits)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None
