"""The judges we did not write: where they are not installed, and how they are run."""

import os
from importlib.util import find_spec

import pytest

VARIABLE = "ARCHC_ORACLES"
"""Environment variable; `required` makes a missing judge a failure. CI sets it."""


def installed(module: str) -> bool:
    """Whether a module is there; its code is not run."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package it would be in
        return False


def require(*modules: str) -> None:
    """Leave out a test, or the module that calls this, without its judges; in CI, fail.

    The `oracles` extra brings all of them, on the platforms for which they are made.
    """
    missing = [module for module in modules if not installed(module)]
    if not missing:
        return
    said = f"{', '.join(missing)} not installed: pip install 'archc-dsl[oracles]'"
    if os.environ.get(VARIABLE) == "required":
        pytest.fail(f"{said}; {VARIABLE} says it has to be", pytrace=False)
    pytest.skip(said, allow_module_level=True)
