"""Files that are damaged, or made to be: each is an error that says so, and soon."""

import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.diagnostics.model import Rejected
from archc.models.tflite import Model, read
from support.flat import changed, sample
from support.profiles import share
from support.steps import counted

FILE = sample()


def attempt(file: bytes) -> Model | Rejected:
    """What comes of reading a file: it is read or refused, nothing else."""
    try:
        return read("model.tflite", file)
    except Rejected as rejected:
        outcome = rejected
    assert outcome.diagnostic.code == "model_file"
    assert "`model.tflite`" in outcome.diagnostic.message
    return outcome


def refusal(file: bytes) -> str:
    outcome = attempt(file)
    assert isinstance(outcome, Rejected)
    return outcome.diagnostic.message


@share(0.5)
@given(st.integers(0, len(FILE) - 1))
def test_truncated_files_are_refused(length: int) -> None:
    outcome = attempt(FILE[:length])
    if isinstance(outcome, Model):  # only padding was cut off
        assert outcome.subgraphs == read("model.tflite", FILE).subgraphs


def test_every_cut_ends_in_an_outcome() -> None:
    refused = sum(isinstance(attempt(FILE[:n]), Rejected) for n in range(len(FILE)))
    assert refused > 0.9 * len(FILE)


@share(1.0)
@given(st.data())
def test_changed_bytes_end_in_an_outcome(data: st.DataObject) -> None:
    file = bytearray(FILE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] = data.draw(st.integers(0, 255))
    attempt(bytes(file))


@share(1.0)
@given(st.integers(0, len(FILE) // 4 - 1), st.sampled_from([0, 1, 4, 2**31 - 1, 2**31, 2**32 - 1]))
def test_words_set_to_extremes_end_in_an_outcome(word: int, value: int) -> None:
    file = bytearray(FILE)
    struct.pack_into("<I", file, 4 * word, value)
    attempt(bytes(file))


@share(0.5)
@given(st.binary(max_size=400))
def test_junk_behind_the_identifier_ends_in_an_outcome(junk: bytes) -> None:
    attempt(b"\x10\x00\x00\x00TFL3" + junk)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "it is empty"),
        (b"\0" * 64, "its first bytes are not those of one"),
        (b"PK\x03\x04" + b"\0" * 64, "it is a zip archive"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 64, "it is HDF5"),
        (b"\x10\0\0\0TFL2" + b"\0" * 64, "it is of schema TFL2"),
        (b"version https://git-lfs.github.com/spec/v1\n", "the pointer that Git LFS leaves"),
        (b"\x10\x00\x00\x00TFL3", "leads out of its 8 bytes"),
        (b"\x00\x00\x00\x00TFL3" + b"\0" * 64, "leads to itself"),
        (b"\xff\xff\xff\xffTFL3" + b"\0" * 64, "leads out of its 72 bytes"),
        (b"\x08\x00\x00\x00TFL3" + b"\0" * 64, "there is no table"),
    ],
)
def test_what_is_no_tflite_file_is_named(file: bytes, said: str) -> None:
    assert said in refusal(file)


def graph(model: Any) -> Any:
    return model.subgraphs[0]


def no_subgraph(model: Any) -> None:
    model.subgraphs = []


def version_4(model: Any) -> None:
    model.version = 4


def tensor_out_of_range(model: Any) -> None:
    graph(model).operators[0].inputs = [0, 99, 2]


def tensor_negative(model: Any) -> None:
    graph(model).operators[0].outputs = [-2]


def input_out_of_range(model: Any) -> None:
    graph(model).inputs = [2**31 - 1]


def output_left_out(model: Any) -> None:
    graph(model).outputs = [-1]


def code_out_of_range(model: Any) -> None:
    graph(model).operators[1].opcodeIndex = 7


def negative_code(model: Any) -> None:
    model.operatorCodes[1].builtinCode = model.operatorCodes[1].deprecatedBuiltinCode = -5


def buffer_out_of_range(model: Any) -> None:
    graph(model).tensors[1].buffer = 2**32 - 1


def buffer_beyond_the_end(model: Any) -> None:
    model.buffers[1].data = None
    model.buffers[1].offset, model.buffers[1].size = 2**63, 2**63


def negative_extent(model: Any) -> None:
    graph(model).tensors[0].shape = [1, -9, 8, 2]


def huge_extents(model: Any) -> None:
    graph(model).tensors[1].shape = [2**31 - 1] * 4


def short_weights(model: Any) -> None:
    graph(model).tensors[1].shape = [4, 3, 3, 3]


def many_axes(model: Any) -> None:
    graph(model).tensors[0].shape = [1] * 5_000


def two_shapes(model: Any) -> None:
    graph(model).tensors[0].shapeSignature = [-1, 2]


def unknown_type(model: Any) -> None:
    graph(model).tensors[3].type = 99


def unknown_padding(model: Any) -> None:
    graph(model).operators[0].builtinOptions.padding = 9


def unknown_activation(model: Any) -> None:
    graph(model).operators[0].builtinOptions.fusedActivationFunction = -3


def many_operands(model: Any) -> None:
    graph(model).operators[0].inputs = [0] * 2_000


def long_name(model: Any) -> None:
    graph(model).tensors[0].name = "x" * 100_000


def many_subgraphs(model: Any) -> None:
    model.subgraphs = [graph(model)] * 300


CRAFTED: dict[Callable[[Any], None], str] = {
    no_subgraph: "it has no subgraph",
    version_4: "version 4",
    tensor_out_of_range: "there is no tensor 99",
    tensor_negative: "there is no tensor -2",
    input_out_of_range: "there is no tensor 2147483647",
    output_left_out: "there is no tensor -1",
    code_out_of_range: "there is no kind of operator 7",
    negative_code: "there is no operator of number -5",
    buffer_out_of_range: "there is no buffer 4294967295",
    buffer_beyond_the_end: "leads out of",
    negative_extent: "has an axis of -9 elements",
    huge_extents: "needs 21",
    short_weights: "needs 108 bytes and has 72",
    many_axes: "5,000 numbers",
    two_shapes: "two shapes that do not go together",
    unknown_type: "is of type 99",
    unknown_padding: "an option of an operator is 9",
    unknown_activation: "an option of an operator is -3",
    many_operands: "2,000 numbers",
    long_name: "has 100,000 bytes",
    many_subgraphs: "300 subgraphs",
}


@pytest.mark.parametrize("change", CRAFTED, ids=lambda change: change.__name__)
def test_crafted_files_are_refused(change: Callable[[Any], None]) -> None:
    assert CRAFTED[change] in refusal(changed(FILE, change))


def vector_of_tensors(file: bytes) -> int:
    """Where the length of the vector of tensors stands: before five forward offsets in a row."""
    for at in range(0, len(file) - 24, 4):
        count, *offsets = struct.unpack_from("<6I", file, at)
        ends = [at + 4 + 4 * i + offset for i, offset in enumerate(offsets)]
        if count == 5 and all(at < end < len(file) - 4 for end in ends) and len(set(ends)) == 5:
            return at
    raise AssertionError("the file has no such vector")


def test_one_tensor_referred_to_a_million_times_is_refused_soon() -> None:
    """A vector of offsets that all lead to one table with a long vector of scales."""

    def change(model: Any) -> None:
        graph(model).tensors[0].quantization.scale = [0.5] * 50_000

    file = bytearray(changed(FILE, change))
    at = vector_of_tensors(bytes(file))
    table = at + 4 + struct.unpack_from("<I", file, at + 4)[0]
    copies = 250_000
    start = len(file)
    file += struct.pack("<I", copies) + bytes(4 * copies)
    # Offsets lead forward only: the table must stand behind the vector, so append a copy of all.
    base = len(file)
    file += file[:start]
    for i in range(copies):
        place = start + 4 + 4 * i
        struct.pack_into("<I", file, place, base + table - place)
    for place in range(0, start, 4):
        if place + struct.unpack_from("<I", file, place)[0] == at:
            struct.pack_into("<I", file, place, start - place)
    tracemalloc.start()
    with counted() as steps:
        said = refusal(bytes(file))
    assert steps.calls < 10_000
    assert tracemalloc.get_traced_memory()[1] < 200 * 1024 * 1024
    tracemalloc.stop()
    assert "again and again" in said
