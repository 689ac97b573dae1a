"""Configs of published networks as Keras users write them, made without Keras."""

from typing import Any

from support.configs import Item, functional, image, layer, model, on


class Writer:
    """A functional model, layer by layer, named as Keras names them by itself."""

    def __init__(self, *shape: int) -> None:
        self.layers = [image(*shape, name="input_layer")]
        self.counts: dict[str, int] = {}

    def add(self, class_name: str, *reads: str, **config: Any) -> str:
        count = self.counts[class_name] = self.counts.get(class_name, -1) + 1
        name = f"{class_name.lower()}_{count}" if count else class_name.lower()
        self.layers.append(on(layer(class_name, name, **config), *reads))
        return name

    def conv(self, x: str, filters: int, kernel: int, stride: int = 1, **config: Any) -> str:
        size = {"kernel_size": [kernel, kernel], "strides": [stride, stride]}
        given = {"padding": "same", "use_bias": False, **config}
        return self.add("Conv2D", x, filters=filters, **size, **given)

    def norm(self, x: str) -> str:
        return self.add("BatchNormalization", x)

    def saved(self, name: str, *outputs: str) -> Item:
        ends = [[output, 0, 0] for output in outputs]
        return model(
            functional(*self.layers, outputs=ends if len(ends) > 1 else ends[0], name=name)
        )


def resnet18() -> Item:
    """He et al. 2015, table 1, with projections where shapes change (option B)."""
    w = Writer(224, 224, 3)
    x = w.add("ZeroPadding2D", "input_layer", padding=[[3, 3], [3, 3]])
    x = w.add("ReLU", w.norm(w.conv(x, 64, 7, 2, padding="valid")))
    x = w.add("ZeroPadding2D", x, padding=[[1, 1], [1, 1]])
    x = w.add("MaxPooling2D", x, pool_size=[3, 3], strides=[2, 2], padding="valid")
    for number, filters in enumerate((64, 128, 256, 512)):
        for place in range(2):
            stride = 2 if number and not place else 1
            y = w.add("ReLU", w.norm(w.conv(x, filters, 3, stride)))
            y = w.norm(w.conv(y, filters, 3))
            if stride > 1:
                x = w.norm(w.conv(x, filters, 1, stride))
            x = w.add("ReLU", w.add("Add", y, x))
    x = w.add("GlobalAveragePooling2D", x)
    return w.saved("resnet18", w.add("Softmax", w.add("Dense", x, units=1000)))


def densenet121() -> Item:
    """Huang et al. 2017, table 1, growth 32, halved between the blocks."""
    w = Writer(224, 224, 3)
    x = w.add("ReLU", w.norm(w.conv("input_layer", 64, 7, 2)))
    x = w.add("MaxPooling2D", x, pool_size=[3, 3], strides=[2, 2], padding="same")
    filters = 64
    for number, layers in enumerate((6, 12, 24, 16)):
        if number:
            filters //= 2
            x = w.conv(w.add("ReLU", w.norm(x)), filters, 1)
            x = w.add("AveragePooling2D", x, pool_size=[2, 2], strides=[2, 2], padding="valid")
        for _ in range(layers):
            y = w.conv(w.add("ReLU", w.norm(x)), 128, 1)
            y = w.conv(w.add("ReLU", w.norm(y)), 32, 3)
            x = w.add("Concatenate", x, y)
            filters += 32
    x = w.add("GlobalAveragePooling2D", w.add("ReLU", w.norm(x)))
    return w.saved("densenet121", w.add("Softmax", w.add("Dense", x, units=1000)))
