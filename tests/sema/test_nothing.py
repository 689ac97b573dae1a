"""`None` of other languages: it means something else in every argument, so nothing replaces it."""

import pytest

from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.source import Source
from support.marked import head


@pytest.mark.parametrize("name", ["None", "none", "null", "NULL", "nil"])
@pytest.mark.parametrize("call", ["conv(8, bias = {})", "conv(8, padding = {})", "{} relu6"])
def test_nothing_is_put_in_the_place_of_none(name: str, call: str) -> None:
    text = head(call.format(name))
    made = compile_spec(Loader(), Source("spec.arch", text), Options())
    (error,) = (one for one in made.diagnostics if one.level == "error")
    assert error.code == "unknown_name"
    assert error.edits == ()
    assert error.help is not None
    assert f"there is no `{name}`" in error.help
