"""The verbs on models: what they print, exit with and leave, and what they do with files that are
no models or hold what is not known."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.limits import DEFAULT_LIMITS
from archc.models.front import Question, analysed, drawable, load
from support.flat import changed, sample, separable

pytestmark = pytest.mark.oracles


def layer(kind: str, name: str, before: str | None = None, **config: Any) -> dict[str, Any]:
    """A layer of a functional config, reading the one before."""
    nodes = []
    if before is not None:
        tensor = {"shape": None, "dtype": "float32", "keras_history": [before, 0, 0]}
        args = [{"class_name": "__keras_tensor__", "config": tensor}]
        nodes = [{"args": args, "kwargs": {}}]
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": nodes,
    }


def keras_file(path: Path, *layers: dict[str, Any]) -> Path:
    """A `.keras` archive of some layers one after the other; no weights, which nothing asks for."""
    config = {
        "module": "keras",
        "class_name": "Functional",
        "config": {
            "name": "net",
            "layers": list(layers),
            "input_layers": [[layers[0]["name"], 0, 0]],
            "output_layers": [[layers[-1]["name"], 0, 0]],
        },
        "registered_name": "Functional",
    }
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        file.writestr("config.json", json.dumps(config))
    return path


@pytest.fixture
def keras(tmp_path: Path) -> Path:
    return keras_file(
        tmp_path / "net.keras",
        layer("InputLayer", "image", batch_shape=[1, 16, 16, 8], dtype="float32"),
        layer("Conv2D", "features", "image", filters=16, kernel_size=[3, 3], padding="same"),
        layer("ReLU", "relu6", "features", max_value=6.0),
        layer("GlobalAveragePooling2D", "pool", "relu6", data_format="channels_last"),
        layer("Dense", "scores", "pool", units=10),
    )


@pytest.fixture
def lstm(tmp_path: Path) -> Path:
    return keras_file(
        tmp_path / "lstm.keras",
        layer("InputLayer", "sound", batch_shape=[1, 20, 8], dtype="float32"),
        layer("Dense", "project", "sound", units=16),
        layer("LSTM", "memory", "project", units=8),
    )


@pytest.fixture
def tflite(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(separable(12, 16))
    return path


Capture = pytest.CaptureFixture[str]


def told(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def test_profile_of_a_file(tflite: Path, capsys: Capture) -> None:
    code, out, err = told(capsys, "profile", tflite)
    assert (code, err) == (0, "")
    assert "a .tflite file, int8" in out
    assert "in the order of the file" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "block_0/dw" in out


def test_profile_of_several_is_one_table(tflite: Path, keras: Path, capsys: Capture) -> None:
    code, out, _ = told(capsys, "profile", tflite, keras)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[3:5]] == ["net", "net"]
    _, csv, _ = told(capsys, "profile", tflite, keras, "--format", "csv")
    assert len(csv.splitlines()) == 3
    _, page, _ = told(capsys, "profile", tflite, keras, "--format", "markdown")
    assert page.count("\n| net") == 2


def test_the_document_is_whole(tflite: Path, capsys: Capture) -> None:
    _, out, _ = told(capsys, "profile", tflite, "--format", "json")
    (manifest,) = json.loads(out)["manifests"]
    assert manifest["file"]["scheme"] == "int8"
    assert manifest["file"]["bytes"] == tflite.stat().st_size
    assert manifest["gaps"] == manifest["remarks"] == []
    assert "$schema" not in manifest
    rows = [row for row in manifest["layers"] if row["class_name"] == "CONV_2D"]
    assert {row["macs"] for row in rows} == {16 * 16 * 16 * 16}


def test_check_of_a_model_names_layer_operator_and_tensor(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "odd.tflite"
    path.write_bytes(separable(12, 12))  # twelve channels are no multiple of eight
    code, out, err = told(capsys, "check", path)
    assert (code, out) == (0, "no errors in odd\n")
    assert "warning[stm32n6/channel_alignment]" in err
    assert f"--> {path}: block_0/pw (CONV_2D, tensor net/" in err
    assert "give `--allow channel_alignment`" in err
    code, out, err = told(capsys, "check", path, "--allow", "channel_alignment")
    assert (code, "warning[" in err) == (0, False)
    assert "note[stm32n6/channel_alignment]" in err
    _, out, _ = told(capsys, "check", path, "--format", "json")
    found = json.loads(out)["diagnostics"][0]
    assert (found["file"], found["layer"], found["operator"]) == (
        str(path),
        "block_0/pw",
        "CONV_2D",
    )
    _, out, _ = told(capsys, "check", path, "--format", "sarif")
    (run,) = json.loads(out)["runs"]
    place = run["results"][0]["locations"][0]
    assert place["logicalLocations"][0]["name"] == "block_0/pw"
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("odd.tflite")
    assert told(capsys, "check", path, "--target", "none")[0] == 0


def test_check_of_many_is_one_table_and_one_exit_code(
    tflite: Path, keras: Path, tmp_path: Path, capsys: Capture
) -> None:
    odd, cut = tmp_path / "odd.tflite", tmp_path / "cut.tflite"
    odd.write_bytes(changed(sample(8), grown))
    cut.write_bytes(sample()[:-40])
    code, out, err = told(capsys, "check", tflite, keras, odd, cut)
    assert code == 1
    assert "3 models: 2 compatible, 1 incompatible" in out
    assert "error[stm32n6/dimension]" in out
    assert err.count("error[") == 1
    assert "cut.tflite" in err
    code, out, err = told(capsys, "check", tflite, keras)
    assert (code, err) == (0, "")


def test_what_is_drawn_sums_to_the_totals(lstm: Path, tmp_path: Path) -> None:
    """Of a layer that is called twice, and of one that is not known."""
    twice = layer("Dense", "twice", "again", units=8)
    twice["inbound_nodes"] *= 2
    twice["inbound_nodes"][0] = layer("Dense", "twice", "image")["inbound_nodes"][0]
    file = keras_file(
        tmp_path / "twice.keras",
        layer("InputLayer", "image", batch_shape=[1, 8], dtype="float32"),
        twice,
        layer("ReLU", "again", "twice"),
    )
    for path in (lstm, file):
        model = analysed(load(str(path), DEFAULT_LIMITS), Question(None))
        rows, totals = drawable(model)[1]["layers"], model.document["totals"]
        assert sum(row["params"] for row in rows) == totals["params"] > 0
        assert sum(row["macs"] for row in rows) == totals["macs"]


def test_what_is_not_known_is_named_and_blanks_nothing(lstm: Path, capsys: Capture) -> None:
    code, out, err = told(capsys, "profile", lstm)
    assert (code, err) == (0, "")
    assert "not known" in out
    assert "memory" in out
    assert "1 layer left out" in " ".join(out.split())
    assert "2,560  convolutions and dense layers" in out  # 20 x 8 x 16 of the dense layer
    code, _, err = told(capsys, "check", lstm)
    assert code == 1
    assert "is recurrent" in err
    _, out, _ = told(capsys, "profile", lstm, "--format", "json")
    (manifest,) = json.loads(out)["manifests"]
    assert {"figure": "macs", "operator": "memory", "reason": manifest["gaps"][0]["reason"]} in (
        manifest["gaps"]
    )
    assert manifest["deployed"]["tflite_micro"]["total"] is None
    assert manifest["deployed"]["latency"] is None


def test_an_operator_without_figures_is_named(tmp_path: Path, capsys: Capture) -> None:
    def custom(model: Any) -> None:
        model.operatorCodes[1].builtinCode = model.operatorCodes[1].deprecatedBuiltinCode = 32
        model.operatorCodes[1].customCode = "wave"

    path = tmp_path / "custom.tflite"
    path.write_bytes(changed(sample(8), custom))
    code, out, _ = told(capsys, "profile", path)
    assert code == 0
    assert "how CUSTOM `wave` computes is not known" in " ".join(out.split())
    assert "1 layer left out" in " ".join(out.split())
    code, _, err = told(capsys, "check", path)
    assert code == 0
    assert "no source here says how CUSTOM runs" in err


def test_what_is_fused_is_no_operator(tmp_path: Path, capsys: Capture) -> None:
    """A converted file has no RELU behind a convolution, so that a model is not told of one."""
    path = keras_file(
        tmp_path / "net.keras",
        layer("InputLayer", "image", batch_shape=[1, 16, 16, 8], dtype="float32"),
        layer("Conv2D", "features", "image", filters=16, kernel_size=[3, 3], padding="same"),
        layer("ReLU", "relu", "features"),
    )
    code, _, err = told(capsys, "check", path)
    assert (code, "operator]" in err) == (0, False)


def test_a_model_is_taken_as_it_is(tmp_path: Path, capsys: Capture) -> None:
    """An operator that a spec asks permission for makes a verdict conditional, and no error."""
    path = keras_file(
        tmp_path / "net.keras",
        layer("InputLayer", "image", batch_shape=[1, 8], dtype="float32"),
        layer("Dense", "scores", "image", units=10),
        layer("Softmax", "classes", "scores", axis=-1),
    )
    code, _, err = told(capsys, "check", path)
    assert code == 0
    assert "warning[stm32n6/operator]: to be confirmed: SOFTMAX runs on the CPU, in integers" in err
    assert "must be allowed" not in err
    for options, verdict in (((), "conditional"), (("--allow", "softmax"), "conditional")):
        _, out, _ = told(capsys, "profile", path, "--format", "json", *options)
        assert json.loads(out)["manifests"][0]["target"]["verdict"] == verdict
    _, _, err = told(capsys, "check", path, "--allow", "softmax")
    said = "SOFTMAX runs on the CPU, in integers; `--allow` permits it"
    assert f"note[stm32n6/operator]: {said}" in err
    assert "then give `--allow softmax`" not in err


def test_what_is_no_question_is_not_said_to_be_one(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(separable(4, 12))
    _, _, err = told(capsys, "check", path)
    said = "12 output channels are not a multiple of 8"
    assert f"warning[stm32n6/channel_alignment]: {said}\n" in err
    _, _, err = told(capsys, "check", path, "--allow", "channel_alignment")
    assert f"note[stm32n6/channel_alignment]: {said}; `--allow` permits it\n" in err


def test_graph_and_show(tflite: Path, keras: Path, tmp_path: Path, capsys: Capture) -> None:
    for path in (tflite, keras):
        for ending in ("svg", "mmd", "dot"):
            drawn = tmp_path / f"drawn.{ending}"
            assert told(capsys, "graph", path, "-o", drawn)[0] == 0
            assert drawn.stat().st_size > 500
            drawn.unlink()
    _, out, _ = told(capsys, "show", tflite)
    assert "%1 = CONV_2D(%0) : int8 1x16x16x16" in out
    code, out, err = told(capsys, "show", tflite, "--stage", "ast")
    assert (code, out) == (2, "")
    assert "`--stage ast` is for specs: of these models there is deployed" in err
    _, out, _ = told(capsys, "show", keras)
    assert "%1 features = conv(%0, channels = 16" in out
    _, out, _ = told(capsys, "show", keras, "--stage", "deployed")
    assert "CONV_2D" in out
    _, out, _ = told(capsys, "show", tflite, "--format", "json")
    assert json.loads(out)["shown"][0]["operators"][0]["kind"] == "DEPTHWISE_CONV_2D"


def test_diff_of_models(tflite: Path, keras: Path, tmp_path: Path, capsys: Capture) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(separable(12, 24))
    code, out, _ = told(capsys, "diff", tflite, other)
    assert code == 0
    assert "macs" in out
    assert "changed" in out
    code, out, _ = told(capsys, "diff", tflite, tflite)
    assert "the same network" in out
    code, _, err = told(capsys, "diff", tflite, other, "--fail-on", "macs > +5 %")
    assert code == 1
    assert "macs > +5 %" in err
    # A network and a deployed file: operator by operator, without what only one of them has.
    _, out, _ = told(capsys, "diff", keras, tflite)
    assert "trainable_params" not in out
    assert "CONV_2D 16x16x16" in out


def test_a_model_and_the_spec_imported_from_it(tmp_path: Path, capsys: Capture) -> None:
    """They differ in names, so no layer is both removed and added, and a model has no stages."""
    model, spec = tmp_path / "net.tflite", tmp_path / "own.arch"
    model.write_bytes(separable(12, 16))
    assert told(capsys, "import", model, "-o", spec)[0] == 0
    for pair in ((model, spec), (spec, model)):
        code, out, _ = told(capsys, "diff", *pair, "--format", "json")
        found = json.loads(out)
        assert (code, found["stages"], found["layers"]) == (0, [], [])
        assert len(found["paired"]) >= 10
        assert found["quantities"]["macs"]["delta"] == 0
        heads = [finding["finding"].partition("; ")[0] for finding in found["findings"]]
        assert len(heads) == len(set(heads))
        assert "stage  " not in told(capsys, "diff", *pair)[1]


def test_options_go_with_what_was_named(tflite: Path, capsys: Capture) -> None:
    code, _, err = told(capsys, "profile", tflite, "--set", "alpha=1")
    assert (code, "`--set` is for specs" in err) == (2, True)
    spec = Path(__file__).parents[2] / "specs" / "dscnn_a025.arch"
    code, _, err = told(capsys, "check", spec, "--allow", "softmax")
    assert (code, "`--allow` is for models" in err) == (2, True)
    code, _, err = told(capsys, "check", tflite, "--allow", "conv3d")
    assert (code, "neither an operator nor a rule" in err) == (1, True)
    code, out, _ = told(capsys, "profile", spec, tflite)
    assert (code, out.count("\n") > 4) == (0, True)


def turned(model: Any) -> None:
    """Let the first operator read the last one's result."""
    operators = model.subgraphs[0].operators
    operators[0].inputs = [operators[-1].outputs[0], *operators[0].inputs[1:]]


def grown(model: Any) -> None:
    model.subgraphs[0].tensors[3].shape = [1, 2**31 - 1, 2**31 - 1, 4]


def twice(model: Any) -> None:
    operators = model.subgraphs[0].operators
    operators[1].outputs = list(operators[0].outputs)


def still(model: Any) -> None:
    model.subgraphs[0].operators[0].builtinOptions.strideH = 0


@pytest.mark.parametrize("verb", ["check", "profile", "show", "graph"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (turned, "before anything makes it"),
        (twice, "is made twice"),
        (still, "a kernel or stride of 0"),
    ],
)
def test_graphs_that_are_none(
    change: Any, said: str, verb: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "bad.tflite"
    path.write_bytes(changed(sample(8), change))
    code, out, err = told(capsys, verb, path)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("error[") == 1


def test_a_tensor_of_any_size_is_a_number(tmp_path: Path, capsys: Capture) -> None:
    """Nothing is allocated for it; a target says that its extents are too large."""
    path = tmp_path / "large.tflite"
    path.write_bytes(changed(sample(8), grown))
    code, _, err = told(capsys, "check", path)
    assert code == 1
    assert "stm32n6/dimension" in err


def test_more_operators_than_the_limit(tflite: Path, capsys: Capture) -> None:
    code, out, err = told(capsys, "profile", tflite, "--limit", "operators=8")
    assert (code, out) == (1, "")
    assert "more than 8, the limit `operators`" in err


def tangled(model: Any) -> None:
    """Let every sum read what was made anywhere before it."""
    operators = model.subgraphs[0].operators
    for place, operator in enumerate(operators):
        if len(operator.inputs) == 2 and 2 < place < len(operators) - 2:
            reads = (place // 2, place - 1)
            operator.inputs = [operators[at].outputs[0] for at in reads]


def test_a_tangle_is_not_laid_out(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(changed(separable(60, 8), tangled))
    assert told(capsys, "graph", path)[0] == 0
    code, out, err = told(capsys, "graph", path, "--boxes", "20")
    assert (code, out) == (1, "")
    assert "above 20" in err


def test_a_folder_of_models(tmp_path: Path, capsys: Capture) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.tflite").write_bytes(separable(12, 16))
    code, out, _ = told(capsys, "check", tmp_path)
    assert (code, "2 models: 2 compatible" in out) == (0, True)


@pytest.mark.parametrize("verb", ["check", "profile", "show", "graph", "import", "report"])
def test_a_layer_of_an_unknown_class_hides_what_follows_and_breaks_nothing(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shape of the output is not known then."""
    path = keras_file(
        tmp_path / "net.keras",
        layer("InputLayer", "image", batch_shape=[1, 16, 16, 8], dtype="float32"),
        layer("Convolution", "features", "image", filters=16),
        layer("Dense", "scores", "features", units=10),
    )
    endings = {"graph": "svg", "import": "arch", "report": "html"}
    written = tmp_path / f"out.{endings.get(verb, '')}"
    code = main([verb, str(path), *(["-o", str(written)] if verb in endings else [])])
    assert code == int(verb == "import"), capsys.readouterr().err
    if verb == "report":
        assert "outputs: scores ? float32" in written.read_text()


def test_names_that_differ_look_different(tmp_path: Path, capsys: Capture) -> None:
    """Where a table has no room for them they are cut, and not to the same."""
    names = [f"baseline_{kind}_{'x' * 20}_3x3_int8" for kind in ("conv2d", "dwconv", "dense")]
    for name in names:
        (tmp_path / f"{name}.tflite").write_bytes(sample())
    code, out, _ = told(capsys, "check", *(tmp_path / f"{name}.tflite" for name in names))
    shown = [line.split()[0] for line in out.splitlines()[2:5]]
    assert (code, len(set(shown))) == (0, 3)
    assert all("…" in name for name in shown)


def test_reading_h5_needs_no_tensorflow(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where h5py is missing, it alone is asked for."""
    monkeypatch.setattr("archc.models.verify.saved.readable", lambda: False)
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    code, _, err = told(capsys, "check", tmp_path / "net.h5")
    assert (code, "error[extra_missing]" in err, "pip install h5py" in err) == (1, True, True)
