"""`None` of other languages: it means something else in every argument, so nothing replaces it."""

import pytest

from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.source import Source
from support.marked import head


@pytest.mark.parametrize("name", ["None", "none", "null", "NULL", "nil"])
@pytest.mark.parametrize(
    ("call", "help"),
    [
        ("conv(8, bias = {})", "`bias` takes `true` or `false`"),
        ("conv(8, padding = {})", "`padding` takes `same` or `valid`"),
        ("conv(8, 3x3, 1, {})", "`padding` takes `same` or `valid`"),
        ("conv({})", "leave the argument out"),
        ("skip(shortcut = {}) {{ relu6 }}", "`identity` where a block is wanted"),
        ("{} relu6", "leave it out"),
    ],
)
def test_nothing_is_put_in_the_place_of_none(name: str, call: str, help: str) -> None:
    text = head(call.format(name))
    made = compile_spec(Loader(), Source("spec.arch", text), Options())
    (error,) = (one for one in made.diagnostics if one.level == "error")
    assert error.code == "unknown_name"
    assert error.edits == ()
    assert help in (error.help or "")
