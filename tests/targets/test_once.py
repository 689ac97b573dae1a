"""Steps of a compile that are taken once, however many ask for what they give."""

from collections.abc import Callable
from typing import Any

import pytest

import archc
from archc.analysis import memory
from archc.ops.convolution import Conv
from archc.targets import selection

SPEC = """
arch tiny {
    target stm32n6
    input image: 16 x 16 x 8
    head { conv(8, 3x3) relu6 conv(8) global_average_pool dense(4) }
}
"""


def counted(function: Callable[..., Any], calls: list[object]) -> Callable[..., Any]:
    def wrapper(*args: Any, **options: Any) -> Any:
        calls.append(function)
        return function(*args, **options)

    return wrapper


@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [(memory, "tensors", 1), (Conv, "device", 2), (selection, "border", 1)],
)
def test_it_is_worked_out_once(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, times: int
) -> None:
    calls: list[object] = []
    monkeypatch.setattr(owner, name, counted(getattr(owner, name), calls))
    if owner is selection:
        monkeypatch.setattr("archc.driver.border", selection.border)
    archc.compile_text(SPEC)
    assert len(calls) == times
