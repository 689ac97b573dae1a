"""The reader of `*_c_info.json`: of `validate` on a board, and of `analyze` and `generate`."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.diagnostics.model import Rejected
from archc.models.stedgeai.info import Info, InfoPool, Timing, read_info
from archc.models.stedgeai.layout import Epoch, load
from archc.source import Source
from support.st_reports import REAL, WRITTEN, real

COMPILED = (WRITTEN / "compiled_c_info.json").read_text(encoding="utf-8")


def read(document: Any) -> Info:
    text = document if isinstance(document, str) else json.dumps(document)
    return read_info(Source("info.json", text))


def refused(document: Any) -> str:
    with pytest.raises(Rejected) as caught:
        read(document)
    assert caught.value.diagnostic.code == "stedgeai_layout"
    return caught.value.diagnostic.message


VALIDATED = {
    # name: (hash, params, bytes, cycles of each epoch, cosine), of the info files of
    # Magnus3327/stm32n6-edge-ai-benchmarks, ST Edge AI Core 2.2.0, `validate --mode target`
    "conv2d_16f_3x3": ("0x5dcb4830", 448, 496, [63_458], 0.9999995827674866),
    "conv2d_1x1": ("0xc85b2bb9", 128, 224, [116_736], 0.9999996423721313),
    "conv2d_32f_5x5": ("0x745f2854", 2_432, 2_528, [122_870], 0.9999997615814209),
    "conv2d_pool": ("0xfee8571b", 448, 496, [64_162], 1.0),
    "depthwise_3x3": ("0x3714b444", 30, 39, [14_559, 19_427], 0.9999997615814209),
}


@real
@pytest.mark.parametrize("name", VALIDATED)
def test_validated(name: str) -> None:
    info = read_info(load(str(REAL / f"baseline_{name}_c_info.json")))
    digest, params, size, cycles, cosine = VALIDATED[name]
    assert (info.version, info.model_format) == ("2.2.0", "tflite")
    assert info.model == f"baseline_{name}_int8"
    assert info.model_file == f"baseline_{name}_int8.tflite"
    assert (info.model_hash or "").startswith(digest)
    assert (info.model_params, info.model_bytes) == (params, size)
    assert info.device == "stm32 family - 0x486 - STM32N6xx @800/400MHz"
    assert [timing.cycles for timing in info.timings] == cycles
    assert tuple(metric.cosine for metric in info.metrics) == (cosine,)
    assert (info.pools, info.epochs) == ((), ())


@real
def test_timing_of_a_board() -> None:
    info = read_info(load(str(REAL / "baseline_conv2d_pool_c_info.json")))
    assert info.timings == (Timing(64_162, 0.08020349889993668),)


def test_compiled() -> None:
    """Form: network_c_info.json of NetanelUnger/N6_tof."""
    info = read(COMPILED)
    assert info.pools == (
        InfoPool("npuRAM5", 458_752, 1_536, 0x342E0000, 0),
        InfoPool("octoFlash", 117_440_512, 161, 0x71000000, 161),
    )
    assert info.epochs == (
        Epoch(1, "sw", "QuantizeLinear"),
        Epoch(2, "hw", ""),
        Epoch(3, "hybrid", "Cast"),
    )
    assert (info.device, info.timings, info.metrics) == (None, (), ())


@pytest.mark.parametrize("text", ["", "[", "{'a': 1}", "[" * 100_000, "1" * 5_000, "null", "[]"])
def test_what_is_no_info(text: str) -> None:
    refused(text)


def changed(path: list[Any], value: Any) -> Any:
    document = json.loads(COMPILED)
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["json_schema_version"], "3.0", "not '2.0'"),
        (["json_schema_version"], 2, "json_schema_version"),
        (["environment"], None, "$.environment"),
        (["environment", "tools"], [], "ST.EdgeAI.Core"),
        (["environment", "tools", 0, "input_model", "n_params"], -1, "n_params"),
        (["environment", "tools", 0, "input_model", "n_params"], True, "n_params"),
        (["environment", "tools", 0, "input_model", "size"], 1e300, "size"),
        (["graphs", 0, "nodes", 1, "mapping"], "NODE_ELSEWHERE", "NODE_ELSEWHERE"),
        (["graphs", 0, "nodes", 1, "name"], "epoch_x", "epoch_x"),
        (["memory_pools"], {}, "memory_pools"),
        (["memory_pools", 0], 7, "memory_pools[0]"),
        (["aton_execution_time"], [{"cycles": 1, "duration_ms": "1"}], "duration_ms"),
        (["aton_execution_time"], [{"cycles": 1, "duration_ms": float("nan")}], "duration_ms"),
    ],
)
def test_a_meaning_that_is_not_known_is_refused(path: list[Any], value: Any, said: str) -> None:
    assert said in refused(changed(path, value))


def test_every_truncation() -> None:
    whole = COMPILED.rstrip()
    for length in range(len(whole)):
        refused(whole[:length])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        found += places(item, (*path, key))
    return found


PLACES = places(json.loads(COMPILED))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.sampled_from(PLACES), JUNK)
def test_mutations_never_raise_anything_else(path: tuple[Any, ...], value: Any) -> None:
    with suppress(Rejected):
        read(changed(list(path), value))
