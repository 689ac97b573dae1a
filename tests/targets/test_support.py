"""The support table holds everything a target says, within 80 columns, and as JSON."""

import json

from archc.ops.base import OPERATORS
from archc.targets.builtin import builtin
from archc.targets.support import support_json, support_text

TARGET = builtin("stm32n6")


def test_text_is_within_its_width() -> None:
    assert max(map(len, support_text(TARGET).splitlines())) <= 80


def test_text_names_everything_once() -> None:
    text = support_text(TARGET)
    for rule in TARGET.rules:
        assert f"\n  {rule.name}" in text
    for board in TARGET.boards:
        assert f"\n  {board.name}" in text
    assert "{" not in text
    assert "2,816 KiB" in text
    assert "(default)" in text
    assert "filled in the order npuRAM5, " in text
    assert "a buffer fits within cpuRAM2 or within npuRAM3 to npuRAM6, less 8 bytes each" in (
        " ".join(text.split())
    )
    for estimate in TARGET.estimates.values():
        assert estimate in " ".join(text.split())


def test_json_is_plain_and_complete() -> None:
    document = json.loads(json.dumps(support_json(TARGET)))
    assert {rule["name"] for rule in document["rules"]} == {rule.name for rule in TARGET.rules}
    listed = [keyword for group in document["layers"].values() for keyword in group]
    assert sorted(listed) == sorted(OPERATORS)
    assert document["layers"]["never"] == ["layernorm"]
    assert document["estimates"] == TARGET.estimates
    assert [tuple(board["fill"]) for board in document["boards"]] == [b.fill for b in TARGET.boards]
    for part in ("tiers", "rules", "boards"):
        for entry in document[part]:
            assert entry["source"]
            assert entry["confidence"]
