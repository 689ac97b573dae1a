"""Positions of editors, checked against Python's own encoders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.editor.places import UTF8, UTF16, UTF32, Place, carried, offset, place
from archc.source import Source

TEXTS = st.text(st.sampled_from("ab\t \n\r\u00e9\u4e2d\U0001f600\u2028\x0b"), max_size=40)
UNITS = {UTF8: ("utf-8", 1), UTF16: ("utf-16-le", 2), UTF32: ("utf-32-le", 4)}


@pytest.mark.parametrize("encoding", UNITS)
@given(text=TEXTS)
def test_every_offset_comes_back(encoding: str, text: str) -> None:
    source = Source("x", text)
    codec, size = UNITS[encoding]
    for at in range(len(source.text) + 1):
        found = place(source, at, encoding)
        start = source.text.rfind("\n", 0, at) + 1
        assert found.line == source.text.count("\n", 0, at)
        assert found.character * size == len(source.text[start:at].encode(codec))
        assert offset(source, found, encoding) == at


@given(text=TEXTS, line=st.integers(0, 50), character=st.integers(0, 100))
def test_any_position_is_in_the_text(text: str, line: int, character: int) -> None:
    source = Source("x", text)
    assert 0 <= offset(source, Place(line, character)) <= len(source.text)


def test_within_a_pair_is_before_it() -> None:
    assert offset(Source("x", "a\U0001f600b"), Place(0, 2)) == 1
    assert offset(Source("x", "a\U0001f600b"), Place(0, 3)) == 2


@given(head=TEXTS, old=TEXTS, new=TEXTS, tail=TEXTS, data=st.data())
def test_what_an_edit_leaves_is_carried(
    head: str, old: str, new: str, tail: str, data: st.DataObject
) -> None:
    before, after = head + old + tail, head + new + tail
    at = data.draw(st.integers(0, len(before)))
    there = carried(before, after, at)
    assert there is None or 0 <= there <= len(after)
    if at <= len(head):
        assert there == at
    if there is not None:  # nothing but the same text stands before or behind it
        same_before = before[:at] == after[:there]
        same_behind = before[at:] == after[there:]
        assert same_before or same_behind


@given(text=TEXTS)
def test_without_an_edit_all_stays(text: str) -> None:
    assert [carried(text, text, at) for at in range(len(text) + 1)] == list(range(len(text) + 1))
