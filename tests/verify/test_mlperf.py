"""The published files of MLPerf Tiny against the shipped specs of its networks."""

import copy

import pytest

import archc
from archc.cli import main
from archc.models.verify import Verification, verify
from support import mlperf

FILES = [
    pytest.param(name, file, id=file, marks=[pytest.mark.keras] * file.endswith(".h5"))
    for name, network in mlperf.NETWORKS.items()
    for file in (network.tflite, network.h5)
    if file is not None
]


def held(name: str, file: str) -> Verification:
    return verify(mlperf.compiled(name).manifest, file, mlperf.file(file))


@pytest.mark.parametrize("name", mlperf.NETWORKS)
def test_the_specs_have_the_published_figures(name: str) -> None:
    network, totals = mlperf.NETWORKS[name], mlperf.compiled(name).manifest["totals"]
    assert (totals["params"], totals["macs"]) == (network.params, network.macs)


@mlperf.real
@pytest.mark.parametrize(("name", "file"), FILES)
def test_published_files_are_their_networks(name: str, file: str) -> None:
    found = held(name, file)
    assert [one.message for one in found.differences if one.level == "error"] == []
    if file.endswith(".h5"):
        assert f"{mlperf.NETWORKS[name].params:,} parameters, Keras 2.4.0" in found.summary
        assert any(part.startswith("weights: shape of every variable") for part in found.compared)
    else:
        assert any(part.startswith("bytes of constants") for part in found.compared)


@mlperf.real
@pytest.mark.parametrize("name", ["vww", "resnet", "ad"])
def test_a_published_model_has_the_border_of_its_file(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No option says that the file takes int8; one that says otherwise is told by its name."""
    pytest.importorskip("h5py")
    network = mlperf.NETWORKS[name]
    files = [str(mlperf.REAL / file) for file in (network.h5, network.tflite) if file]
    assert main(["verify", *files]) == 0
    capsys.readouterr()
    assert main(["verify", *files, "--io", "float32"]) == 1
    assert "tf.float32`, or give `--io int8`" in capsys.readouterr().err


@mlperf.real
@pytest.mark.parametrize("name", ["kws", "vww", "resnet"])
def test_the_reshape_of_an_older_converter_is_a_note(name: str) -> None:
    found = held(name, mlperf.NETWORKS[name].tflite)
    (one,) = [one for one in found.differences if one.code == "verify_operators"]
    assert one.level == "note"
    assert one.message == "1 RESHAPE more than in the manifest, which changes no value"


@mlperf.real
def test_ten_dense_layers_per_tensor_are_one_note_about_dense_layers() -> None:
    found = held("ad", mlperf.NETWORKS["ad"].tflite)
    (one,) = [one for one in found.differences if one.code == "verify_precision"]
    assert one.level == "note"
    assert one.message == (
        "the filters of 10 FULLY_CONNECTED are quantised per tensor, not per channel"
    )
    assert "depthwise" not in " ".join([*one.notes, one.help or ""])
    assert "for_dense_layers" in (one.help or "")


@mlperf.real
def test_a_smaller_arena_is_said_with_both_figures_and_its_cause() -> None:
    """TFLite Micro starts the published file with 4,640 bytes."""
    found = held("ad", mlperf.NETWORKS["ad"].tflite)
    (one,) = [one for one in found.differences if one.code == "verify_memory"]
    assert (one.level, one.expected, one.found) == ("note", "22,048", "4,640")
    assert one.message == "the smallest arena that works (`wheel`) has 4,640 bytes, not 22,048"
    (cause,) = one.notes
    assert cause.startswith("10 dense layers of the file have one scale for all outputs")
    assert "would need 22,048 bytes" in cause
    line = "smallest arena that works (`wheel`): 4,640 bytes in the file, 22,048 in the manifest"
    assert f"TFLite Micro, {line}" in found.compared


@mlperf.real
def test_a_cause_that_does_not_explain_all_is_not_said() -> None:
    """With a manifest that says 16 bytes more, scales are not the whole reason."""
    network = mlperf.NETWORKS["ad"]
    manifest = copy.deepcopy(mlperf.compiled("ad").manifest)
    manifest["deployed"]["tflite_micro"]["smallest_working"] += 16
    found = verify(manifest, network.tflite, mlperf.file(network.tflite))
    (one,) = [one for one in found.differences if one.code == "verify_memory"]
    assert (one.level, one.expected, one.notes) == ("note", "22,064", ())


@mlperf.real
@pytest.mark.parametrize(("name", "file"), FILES)
def test_any_other_network_is_told_in_one_sentence(name: str, file: str) -> None:
    for other in mlperf.NETWORKS.keys() - {name}:
        (one,) = held(other, file).differences
        assert one.level == "error"
        assert one.message.startswith(f"it is another network than `mlperf_{other}`: ")


@mlperf.real
@pytest.mark.parametrize(("name", "file"), [one for one in FILES if "vww" in str(one.values)])
def test_one_mistake_made_everywhere_is_said_once(name: str, file: str) -> None:
    """The same network with RELU6 for RELU, 27 times."""
    text = mlperf.spec(name).read_text().replace(" relu", " relu6")
    manifest = archc.compile_text(text).manifest
    found = verify(manifest, file, mlperf.file(file))
    errors = [one for one in found.differences if one.level == "error"]
    assert {one.code for one in errors} == {"verify_activation"}
    if file.endswith(".h5"):
        assert [one.message for one in errors] == ["27 layers compute something else"]
    else:
        assert [one.notes[0][:17] for one in errors] == ["13 more like it: ", "12 more like it: "]
