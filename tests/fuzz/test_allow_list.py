"""The allow-list over generated Python refuses what it is there to refuse."""

import pytest

from support.emitted import outside
from support.marked import head
from support.say import network

CLEAN = network(head("conv(8) batchnorm relu6 global_average_pool dropout dense(3) sigmoid"))
CLASSES = {layer["class_name"] for layer in CLEAN.manifest["layers"]}


def test_a_generated_module_is_on_it() -> None:
    assert outside(CLEAN.module, CLASSES) == []


@pytest.mark.parametrize(
    "added",
    [
        "import os\n",
        "import keras.utils\n",
        "from keras import utils\n",
        "from os import system\n",
        'print("x")\n',
        "x = open\n",
        'x = eval("1")\n',
        "x = keras.utils\n",
        "x = layers.Lambda(keras)\n",
        "x = layers.Conv2D.from_config(keras)\n",
        'x = "a text; with blanks"\n',
        "x = [y for y in keras]\n",
        "x = lambda: 1\n",
        "x = 1j\n",
        "x = ...\n",
        "x = keras[0]\n",
        "x = 1 if keras else 2\nx.y = 3\n",
        "def print(x):\n    return x\n",
        "@keras\ndef f(x):\n    return x\n",
        "class A:\n    pass\n",
        "while keras:\n    x = 1\n",
        "# a # noqa\n",
        "#noblank\n",
        "x = 1  # é\n",
        "global x\n",
        "del keras\n",
        "assert keras\n",
        'x = f"{keras!r} and more"\n',
        "x = layers.Conv2D(1)(x, training=True)\n",
        "x = layers.Conv2D(1)(1)(2)\n",
    ],
)
def test_anything_else_is_not(added: str) -> None:
    assert outside(CLEAN.module + added, CLASSES) != []
