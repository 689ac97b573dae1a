"""The shipped specs, each compiled and built once per test session."""

from functools import cache
from pathlib import Path
from typing import Any

import archc
from support.keras_models import randomise
from support.variance import keep_variance

SPECS = Path(__file__).parents[2] / "specs"
NAMES = tuple(sorted(path.stem for path in SPECS.glob("*.arch")))
"""Every shipped network."""
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
