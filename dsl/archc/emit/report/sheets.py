"""The style sheets of the report, and the colours that pictures take from them."""

import re
from functools import cache
from os.path import dirname, join


def read(name: str) -> str:
    """A file beside this one."""
    with open(join(dirname(__file__), name), encoding="utf-8") as file:
        return file.read()


def sheet(name: str) -> str:
    return read(f"{name}.css")


@cache
def colours(scheme: str) -> str:
    """The variables of the scheme `light` or `dark`, as declarations."""
    light, dark = sheet("colours").split("@media", 1)
    return ";".join(re.findall(r"--\w+:#\w+", light if scheme == "light" else dark))
