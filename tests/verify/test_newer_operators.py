"""The int8 file of a network that cuts, reorders, scales and bounds is the one its manifest
describes, and its Keras model is read as the same network."""

import pytest

import archc
from archc.models.verify import verify
from support import small

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

SPEC = """
arch cut {
    input image: 8 x 8 x 3
    stage first {
        rescale(1/128, -1) normalise([0.5, 0.25, 0.5], [0.5, 0.25, 2]) space_to_depth(2)
        conv(8, 3x3) batchnorm(scale = false, center = false) prelu
        conv(8) batchnorm relu(max = 4) channel_shuffle(2) depth_to_space(2)
        crop(1) permute(2 x 1 x 3) resize(4x4)
    }
    stage second {
        subtract { conv(8) } { conv(8, 3x3) }
        maximum { conv(8) } { rescale(-1) }
        concat { slice(0, 4) relu(max = 6) } { slice(4, 4) minimum { conv(8) } { elu conv(8) } }
    }
    head { global_average_pool slice(2, 8) l2_normalise dense(4) }
}
"""


def test_file_and_model_are_what_the_manifest_says() -> None:
    made = small.compiled(SPEC)
    profile = archc.profile_model(made.build_model())
    assert profile["unseen"] == []
    for row, expected in zip(profile["layers"], made.manifest["layers"], strict=True):
        for key in ("name", "class_name", "inputs", "output_shape", "params", "macs"):
            assert row[key] == expected[key], (row["name"], key)
    found = verify(made.manifest, "cut.tflite", small.tflite(SPEC))
    assert not found.differences, found.differences
