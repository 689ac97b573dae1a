"""The shipped specs, each compiled, built and converted once per test session."""

from functools import cache
from pathlib import Path
from typing import Any

import archc
from archc.analysis.lowering import Deployed, lower
from archc.ir.graph import Graph
from support.keras_models import randomise
from support.tflite import convert
from support.variance import keep_variance

SPECS = Path(__file__).parents[2] / "specs"
WIRED = ("fpn_detector", "two_inputs", "unet_small")
"""Networks that are not a chain: several inputs, outputs with names, maps read far from where they
are made."""
NAMES = tuple(sorted({path.stem for path in SPECS.glob("*.arch")} - {*WIRED}))
"""Every other shipped network: one input, one output."""
REFERENCE = tuple(name for name in NAMES if name.startswith("dscnn"))
"""Variants of the reference network."""
PUBLISHED = tuple(name for name in NAMES if name not in REFERENCE)
"""Networks that others published."""


@cache
def compiled(name: str) -> archc.Compiled:
    """A shipped network, compiled."""
    return archc.compile_file(SPECS / f"{name}.arch")


@cache
def module(name: str) -> dict[str, Any]:
    """The names that its generated module defines."""
    namespace: dict[str, Any] = {"__name__": name}
    exec(compiled(name).module_source, namespace)
    return namespace


@cache
def model(name: str) -> Any:
    """Its Keras model with random weights that keep variance. Tests must leave it as it is."""
    built = module(name)["build_model"]()
    randomise(built)
    keep_variance(built)
    return built


def tflite(name: str, io: str = "float32") -> bytes:
    """Its full-integer int8 file. All tests share it: the largest takes some 15 s to convert."""
    return _converted(name, io)


@cache
def _converted(name: str, io: str) -> bytes:
    # A cache of `tflite` itself would hold a border left out and one named as two files.
    return convert(model(name), io, samples=2)


@cache
def graph(name: str) -> Graph:
    """Its op graph."""
    return compiled(name)._network.graph


def deployed(name: str, io: str = "float32") -> Deployed:
    """What the compiler says the int8 file holds."""
    return _lowered(name, io)


@cache
def _lowered(name: str, io: str) -> Deployed:
    return lower(graph(name), io)
