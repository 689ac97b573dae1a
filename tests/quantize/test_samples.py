"""Which data is taken, what is kept back, and what is said of bad data."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from archc.diagnostics.model import Rejected  # noqa: E402
from archc.models.quantization.archive import store  # noqa: E402
from archc.models.quantization.ranges import Lead  # noqa: E402
from archc.models.quantization.samples import Input, Samples, draw  # noqa: E402

pytestmark = pytest.mark.keras  # NumPy comes with that extra

IMAGE = Input("image", (8, 6, 3))


def images(count: int = 150, seed: int = 0) -> Any:
    return np.random.RandomState(seed).uniform(-1, 1, (count, 8, 6, 3)).astype("float32")


def drawn(data: object, validation: object = None, **options: Any) -> Samples:
    held = store(validation) if validation is not None else None
    return draw([IMAGE], store(data), held, **options)


def refused(data: object, validation: object = None, **options: Any) -> str:
    """The message and the help of what is refused."""
    with pytest.raises(Rejected) as caught:
        drawn(data, validation, **options)
    diagnostic = caught.value.diagnostic
    assert diagnostic.level == "error"
    return " / ".join([diagnostic.message, *diagnostic.notes, diagnostic.help or ""])


def doubts(data: object, **options: Any) -> str:
    return " / ".join(doubt.message for doubt in drawn(data, **options).doubts)


def spoiled(index: Any, value: float) -> Any:
    data = images()
    data[index] = value
    return data


def test_a_part_is_kept_from_calibration() -> None:
    data = images()
    samples = drawn(data)
    first, second = samples.calibration["image"], samples.validation["image"]
    assert (len(first), len(second)) == (120, 30)
    assert (second == data[list(samples.indices)]).all()
    together = {row.tobytes() for row in np.concatenate([first, second])}
    assert together == {row.tobytes() for row in data}  # nothing twice, nothing lost
    assert samples.doubts == ()


def test_the_part_is_not_the_end_of_sorted_data() -> None:
    indices = drawn(images()).indices
    assert min(indices) < 30
    assert max(indices) > 120


def test_the_same_samples_every_time() -> None:
    assert drawn(images()).indices == drawn(images()).indices


def test_no_more_samples_than_wanted() -> None:
    samples = drawn(images(), most=(7, 5))
    assert len(samples.calibration["image"]) == 7
    assert len(samples.validation["image"]) == 5


def test_separate_validation_leaves_all_for_calibration() -> None:
    samples = drawn(images(), images(10, seed=1))
    assert len(samples.calibration["image"]) == 150
    assert samples.indices == tuple(range(10))


def test_files_give_what_arrays_give(tmp_path: Path) -> None:
    data = images()
    np.savez(tmp_path / "a.npz", data)
    np.savez_compressed(tmp_path / "b.npz", data)
    np.save(tmp_path / "c.npy", data)
    np.savez(tmp_path / "d.npz", np.asfortranarray(data))
    expected = drawn(data)
    for name in ("a.npz", "b.npz", "c.npy", "d.npz"):
        found = drawn(tmp_path / name)
        assert found.indices == expected.indices
        assert (found.calibration["image"] == expected.calibration["image"]).all()
        assert (found.validation["image"] == expected.validation["image"]).all()


def test_an_array_is_named_where_it_has_a_name(tmp_path: Path) -> None:
    bad = spoiled((17, 2, 2, 1), float("nan"))
    np.save(tmp_path / "c.npy", bad)
    np.savez(tmp_path / "d.npz", x=bad)
    assert f"sample 17 of `{tmp_path / 'c.npy'}` holds NaN" in refused(tmp_path / "c.npy")
    assert f"sample 17 of `x` of `{tmp_path / 'd.npz'}` holds" in refused(tmp_path / "d.npz")


def test_the_array_called_as_the_input_is_taken() -> None:
    wrong, right = images(seed=1), images()
    for name in ("image", "m_inputs_1"):
        samples = drawn({"a": wrong, name: right})
        assert samples.calibration["image"][0].tobytes() in {row.tobytes() for row in right}


def test_the_only_array_that_fits_is_taken_and_named() -> None:
    samples = drawn({"x": images(), "labels": np.arange(150)})
    (note,) = samples.doubts
    assert note.level == "note"
    assert "`x`" in note.message


def test_the_array_that_is_named_is_taken() -> None:
    both = {"x_train": images(), "x_test": images(30, seed=1)}
    samples = draw([IMAGE], store(both), store(both), array="x_train", validation_array="x_test")
    assert len(samples.calibration["image"]) == 150
    assert len(samples.validation["image"]) == 30


def test_several_inputs_go_by_name() -> None:
    inputs = [Input("left", (2,)), Input("right", (3,))]
    values = np.random.RandomState(0).normal(size=(120, 5))
    data = {"right": values[:, 2:], "left": values[:, :2]}
    samples = draw(inputs, store(data), None)
    assert samples.calibration["left"].shape == (96, 2)
    assert samples.calibration["right"].shape == (96, 3)
    data["left"] = data["left"][:100]
    with pytest.raises(Rejected, match="different numbers of samples"):
        draw(inputs, store(data), None)
    with pytest.raises(Rejected, match="not clear which"):
        draw(inputs, store(values), None)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (images()[0], "one sample: stack"),
        (images()[:, None], "array[:, 0]"),
        (images().transpose(0, 3, 1, 2), "array.transpose(0, 2, 3, 1)"),
        (images().swapaxes(1, 2), "array.swapaxes(1, 2)"),
        (images().reshape(150, -1), "array.reshape(-1, 8, 6, 3)"),
        (images()[..., :1], "150x8x6x1"),
        (images().repeat(2, axis=1), "resize"),
        (images()[..., [0, 1, 2, 0]], "alpha channel"),
        (np.float32(3), "a single number"),
    ],
    ids=["one", "batch", "channels", "swapped", "flat", "grey", "size", "alpha", "scalar"],
)
def test_wrong_shapes_and_what_mends_them(data: Any, said: str) -> None:
    assert said in refused(data)


def test_a_missing_channel_axis() -> None:
    data = images()[..., 0]
    with pytest.raises(Rejected) as caught:
        draw([Input("image", (8, 6, 1))], store(data), None)
    assert "array[..., None]" in (caught.value.diagnostic.help or "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (spoiled((17, 2, 2, 1), float("nan")), "sample 17 of the data holds NaN"),
        (spoiled((17, 2, 2, 1), float("-inf")), "sample 17 of the data holds infinity"),
        (spoiled(slice(3, 5), float("nan")), "and so do 1 more"),
        (images().astype("float64") * 1e39, "beyond float32"),
        (np.zeros((150, 8, 6, 3)), "every value of the data is 0"),
        (images(1).repeat(150, axis=0), "are the same"),
        (images(1), "holds 1 sample"),
        (images(0), "holds 0 samples"),
        (images().astype("complex64"), "complex64"),
        (images().astype("U8"), "not numbers"),
        (np.array([None] * 150), "Python objects"),
    ],
    ids=[
        *("nan", "inf", "two", "float64", "zero", "same", "one", "none", "complex", "text"),
        "objects",
    ],
)
def test_bad_values(data: Any, said: str) -> None:
    assert said in refused(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (images(100), "80 samples for calibration: fewer than the 100"),
        ((images() * 100 + 100).astype("uint8"), "uint8 from"),
        (spoiled((17, 2, 2, 1), 1e4), "sample 17 of the data holds 1e+04"),
        (spoiled(slice(0, 60), 0.25), "are constant"),
        (spoiled((..., 1), 0.25), "channel 1 of"),
    ],
    ids=["few", "uint8", "outlier", "blank", "channel"],
)
def test_doubtful_data(data: Any, said: str) -> None:
    assert said in doubts(data)


def test_integers_are_no_doubt_where_the_model_scales_them() -> None:
    assert (
        doubts((images() * 100 + 100).astype("uint8"), leads={"image": Lead(1 / 255, 0.0, "r")})
        == ""
    )


def test_validation_samples_that_were_calibrated_on() -> None:
    data = images()
    said = [doubt.message for doubt in drawn(data, data[:10]).doubts]
    assert said == [
        "10 of the 10 samples of the comparison are also among those for calibration, so that the "
        "figures look better than they are"
    ]


def test_not_clear_which_array() -> None:
    said = refused({"x_train": images(), "x_test": images(20)})
    assert "not clear which array" in said
    assert "`x_train` 150x8x6x3, `x_test` 20x8x6x3" in said
    assert "did you mean `x_train`" in refused(
        {"x_train": images(), "y": images()}, array="x_trian"
    )


def header(shape: str, dtype: str = "<f4") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def archive(content: bytes, name: str = "x.npy") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return file.getvalue()


GOOD = io.BytesIO()
np.savez(GOOD, images())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello, world", "neither a `.npz` nor"),
        (GOOD.getvalue()[:5000], "damaged"),
        (GOOD.getvalue()[:3000] + b"\xff" * 50 + GOOD.getvalue()[3050:], "damaged"),
        (archive(b"text", "x.txt"), "contains no array"),
        (archive(b"no header"), "damaged"),
        (archive(header("(150, 8, 6, 3)") + bytes(1000)), "truncated"),
        (header("(150, 8, 6, 3)") + bytes(1000), "truncated"),
        (archive(header("(1000000000000, 8, 6, 3)")), "claims 1,000,000,000,000 samples"),
        (archive(header("(-3, 8, 6, 3)")), "damaged"),
        (archive(header("__import__('os').getcwd()")), "damaged"),
        (archive(header("(150,)", "|O") + b"cos\nsystem\n(S'touch pwned'\ntR."), "Python objects"),
    ],
    ids=[
        *("empty", "text", "cut", "flipped", "no array", "no header", "short", "short npy"),
        *("claims", "negative", "code", "pickle"),
    ],
)
def test_damaged_and_hostile_files(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    assert said in refused(path)
    assert [file.name for file in tmp_path.iterdir()] == ["data.npz"]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "missing.npz")
    assert "not a regular file" in refused(tmp_path)


def test_only_the_rows_in_use_are_kept_in_memory(tmp_path: Path) -> None:
    """A file that unpacks to 58 MB, of which 12 samples are read."""
    import tracemalloc

    path = tmp_path / "large.npz"
    size = 8 * 6 * 3 * 4
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        packed.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(header("(100000, 8, 6, 3)"))
        block = images(1000).tobytes()
        assert len(block) == 1000 * size
        for _ in range(100):
            file.write(block)
    tracemalloc.start()
    samples = drawn(path, most=(8, 4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples.total == 100_000
    assert peak < 20e6
