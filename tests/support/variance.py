"""Weights with which a network still tells its inputs apart.

With weights drawn at random the deep layers of a network give the same values for every input, to
eight digits: two different networks then look equal, and a swap of weights goes unnoticed.
"""

from typing import Any


def images(shape: tuple[int, ...], count: int = 4, seed: int = 0) -> Any:
    """Images (count, rows, columns, channels): patches and noise, each of its own contrast."""
    import numpy as np

    generator = np.random.default_rng(seed)
    rows, columns, channels = shape
    contrast = np.linspace(0.3, 1.7, count).reshape(count, 1, 1, 1)
    patches = contrast * generator.normal(0, 0.9, (count, 8, 8, channels))
    patches += generator.normal(0, 0.5, (count, 1, 1, channels))
    coarse = patches.repeat(-(-rows // 8), axis=1).repeat(-(-columns // 8), axis=2)
    fine = generator.normal(0, 0.4, (count, rows, columns, channels))
    return (coarse[:, :rows, :columns] + fine).astype("float32")


def samples(model: Any, seed: int = 0) -> Any:
    """What enters a model: a batch of images, or of vectors, for each of its inputs."""
    import numpy as np

    batches = []
    for number, tensor in enumerate(model.inputs):
        shape = tuple(tensor.shape[1:])
        if len(shape) == 3:
            batches.append(images(shape, seed=seed + number))
        else:
            generator = np.random.default_rng(seed + number)
            batches.append(generator.normal(size=(4, *shape)).astype("float32"))
    return batches if len(batches) > 1 else batches[0]


def keep_variance(model: Any, seed: int = 0) -> None:
    """Set the statistics of every BatchNorm near those of what flows through it.

    Near, not equal: means are off by about a tenth of a deviation, variances by up to a fifth, so
    that no statistic can be mistaken for another. The other weights stay. Without any BatchNorm the
    kernels are centred and biases made small instead, so that differences pass, not a common level.
    """
    import keras
    import numpy as np

    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    if not norms:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2D):
                kernel = layer.kernel.numpy()
                layer.kernel.assign(kernel - kernel.mean(axis=(0, 1, 2)))
                layer.bias.assign(layer.bias.numpy() * 0.1)
    usual = [norm.momentum for norm in norms]
    rates = [(x, x.rate) for x in model.layers if isinstance(x, keras.layers.Dropout)]
    for norm in norms:
        norm.momentum = 0.0  # one pass sets the statistics to those of the batch
    for layer, _ in rates:
        layer.rate = 0.0
    model(samples(model, seed), training=True)
    for layer, rate in rates:
        layer.rate = rate
    generator = np.random.default_rng(seed)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
        mean, variance = (v.numpy() for v in (norm.moving_mean, norm.moving_variance))
        shift = generator.normal(0, 0.1, mean.shape) * np.sqrt(variance)
        norm.moving_mean.assign(mean + shift)
        norm.moving_variance.assign(variance * generator.uniform(0.8, 1.2, mean.shape))
