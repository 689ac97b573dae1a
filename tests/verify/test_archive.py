"""`.keras` archives made by hand, harmless and not: nothing in them is run or unpacked to disk."""

import base64
import io
import json
import marshal
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archc
from archc.diagnostics.model import Rejected
from archc.limits import DEFAULT_LIMITS
from archc.models.verify import verify
from support.profiles import share
from support.steps import counted

SPEC = """
arch tiny {
    input image: 8 x 8 x 3
    stage stem(channels = 8) { conv(kernel = 3x3) relu6 }
    head { global_average_pool dense(4) }
}
"""
MANIFEST = archc.compile_text(SPEC).manifest


def keras_layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **config}}


def tiny_layers() -> list[dict[str, Any]]:
    return [
        keras_layer("InputLayer", "image", batch_shape=[None, 8, 8, 3], dtype="float32"),
        keras_layer("Conv2D", "stem_1_conv", filters=8, kernel_size=[3, 3], padding="same"),
        keras_layer("ReLU", "stem_1_relu6", max_value=6.0),
        keras_layer("GlobalAveragePooling2D", "head_global_average_pool"),
        keras_layer("Dense", "head_dense", units=4),
    ]


def config(layers: list[dict[str, Any]] | None = None) -> bytes:
    inner = {"name": "tiny", "layers": tiny_layers() if layers is None else layers}
    inner["build_input_shape"] = [None, 8, 8, 3]
    model = {"module": "keras", "class_name": "Sequential", "config": inner}
    return json.dumps(model).encode()


def packed(members: list[tuple[Any, bytes]], **settings: Any) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", **settings) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


def tiny(*more: tuple[Any, bytes], layers: list[dict[str, Any]] | None = None) -> bytes:
    return packed([("config.json", config(layers)), ("metadata.json", b"{}"), *more])


def refusal(file: bytes, name: str = "model.keras", **limits: int) -> str:
    with pytest.raises(Rejected) as caught:
        verify(MANIFEST, name, file, limits=DEFAULT_LIMITS._replace(**limits))
    assert caught.value.diagnostic.code in ("model_file", "limit", "model")
    return caught.value.diagnostic.message


def test_a_config_by_hand_is_the_network_but_for_its_weights() -> None:
    found = verify(MANIFEST, "model.keras", tiny())
    assert [one.message for one in found.differences] == ["the archive contains no weights"]


def member(name: str, mode: int = 0, flags: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits = flags
    return info


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil.py", "climbs out"),
        ("assets/../../evil.py", "climbs out"),
        ("assets\\..\\..\\evil.py", "climbs out"),
        ("/etc/evil", "absolute"),
        ("C:\\evil.py", "absolute"),
        ("~/evil", "absolute"),
    ],
)
def test_members_outside_are_refused(name: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tiny((name, b"print()")))
    assert not list(tmp_path.parent.glob("evil*"))


def test_links_are_refused() -> None:
    link = member("assets/link", stat.S_IFLNK | 0o777)
    assert "is a link or a device" in refusal(tiny((link, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_there_twice_are_refused() -> None:
    assert "appears twice" in refusal(tiny(("config.json", config())))


def test_encrypted_members_are_refused() -> None:
    file = bytearray(tiny())
    at = file.rfind(b"PK\x01\x02")
    struct.pack_into("<H", file, at + 8, 1)
    assert "is encrypted" in refusal(bytes(file))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method: int) -> None:
    assert "in a way that Keras does not use" in refusal(
        packed([("config.json", config())], compression=method)
    )


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = packed(
        [("config.json", config()), ("model.weights.h5", bytes(300_000_000))],
        compression=zipfile.ZIP_DEFLATED,
        compresslevel=1,
    )
    tracemalloc.start()
    assert "the limit `model_bytes`" in refusal(bomb)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    bomb = bytearray(packed([("config.json", b" " * 5_000_000)], compression=zipfile.ZIP_DEFLATED))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", bomb, bomb.rfind(mark) + offset, 100)
    assert "model.keras" in refusal(bytes(bomb), model_bytes=1_000_000)


def test_too_many_members_are_refused() -> None:
    members: list[tuple[Any, bytes]] = [(f"assets/{i}", b"") for i in range(10_001)]
    assert "10,001 members" in refusal(packed(members))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe{\x00}\x00", "it is not UTF-8"),
        (b"[" * 100_000, "nested deeper than 64"),
        (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, "nested deeper than 64"),
        (b'{"a": 1, "a": 2}', "a name appears twice"),
        (b'{"a": 1' + b"0" * 5_000 + b"}", "it is not JSON"),
        (b'"' + b'\\"' * 1_000_000, "it is not JSON"),
        (b"[]", "has no `config.json`"),
        (b"{}", "model"),
        (b'{"class_name": 3, "config": 4}', "model"),
        (b'{"class_name": "Functional", "config": {"layers": 7}}', "layers"),
    ],
)
def test_configs_that_are_none_are_refused(data: bytes, said: str) -> None:
    with counted() as steps:
        assert said in refusal(packed([("config.json", data)]))
    assert steps.calls < 10_000 + 2 * len(data)


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        (b"", "m.keras", "it is empty"),
        (b"PK", "m.keras", "not a whole `.keras` archive"),
        (b"PK\x05\x06" + bytes(18), "m.keras", "has no `config.json`"),
        (b"hello", "m.keras", "it is text"),
        (b"\0\1\2", "m.keras", "not those of a zip archive"),
        (b"\x89HDF\r\n\x1a\n", "m.keras", "the older format"),
        (b"\x10\0\0\0TFL3", "m.keras", "it is a TFLite file"),
        (b"hello", "m.h5", "not an HDF5 file"),
        (b"", "model.pt", "a file of PyTorch"),
        (b"", "model.bin", "not a model that can be verified"),
    ],
)
def test_other_files_are_named(file: bytes, name: str, said: str) -> None:
    assert said in refusal(file, name)


def test_the_older_format_has_a_way_out() -> None:
    with pytest.raises(Rejected) as caught:
        verify(MANIFEST, "model.h5", b"")
    assert "model.save('NAME.keras')" in (caught.value.diagnostic.help or "")


def test_manifests_that_contradict_themselves_end_in_findings() -> None:
    names = [row["name"] for row in MANIFEST["layers"]]
    for reads in ([names[-1]], ["nowhere"], names, names[::-1], [names[1], names[1]]):
        manifest = json.loads(json.dumps(MANIFEST))
        for row in manifest["layers"][1:]:
            row["inputs"] = reads
        assert verify(manifest, "model.keras", tiny()).failed


def code_layer(kind: str, marker: Path) -> dict[str, Any]:
    """A layer whose code makes a file when it is loaded or run."""
    source = f"lambda x: open({str(marker)!r}, 'w').close() or x"
    code = base64.b64encode(marshal.dumps(compile(source, "<evil>", "eval").co_consts[0])).decode()
    function = {
        "class_name": "__lambda__",
        "config": {"code": code, "defaults": None, "closure": None},
    }
    if kind == "Lambda":
        return keras_layer("Lambda", "evil", function=function)
    if kind == "Activation":
        return keras_layer("Activation", "evil", activation=function)
    return {
        "module": "os",
        "class_name": "system",
        "registered_name": "evil",
        "config": {"name": "evil", "command": f"touch {marker}"},
    }


@pytest.mark.parametrize("kind", ["Lambda", "Activation", "os.system"])
def test_code_in_a_model_is_named_and_not_run(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    layers = tiny_layers()
    layers.insert(3, code_layer(kind, marker))
    found = verify(MANIFEST, "model.keras", tiny(layers=layers))
    assert not marker.exists()
    named = [one for one in found.differences if one.code == "verify_code"]
    assert len(named) == 1
    assert "`evil`" in named[0].message


@pytest.mark.parametrize(
    "change",
    [
        {"filters": 2**62},
        {"filters": -4},
        {"filters": 1.5},
        {"filters": "8"},
        {"kernel_size": [2**40, 2**40]},
        {"kernel_size": []},
        {"strides": [0, 0]},
        {"padding": "../../etc"},
        {"groups": 7},
        {"name": None},
        {"name": "x" * 10_000},
    ],
    ids=str,
)
def test_impossible_layers_end_in_an_error_or_a_finding(change: dict[str, Any]) -> None:
    layers = tiny_layers()
    layers[1]["config"].update(change)
    try:
        found = verify(MANIFEST, "model.keras", tiny(layers=layers))
    except Rejected:
        return
    assert found.failed


FILE = tiny()


@share(0.5)
@given(st.data())
def test_damaged_archives_end_in_an_error_or_a_verification(data: st.DataObject) -> None:
    file = bytearray(FILE[: data.draw(st.integers(0, len(FILE)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if file:
            file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        verify(MANIFEST, "model.keras", bytes(file))
    except Rejected:
        return


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@share(0.5)
@given(st.data())
def test_configs_with_strange_values_end_in_an_error_or_a_verification(data: st.DataObject) -> None:
    layers = tiny_layers()
    entry = layers[data.draw(st.integers(0, len(layers) - 1))]
    place = entry if data.draw(st.booleans()) else entry["config"]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(json_values)
    try:
        verify(MANIFEST, "model.keras", tiny(layers=layers))
    except Rejected:
        return
