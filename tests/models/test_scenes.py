"""A detector with a feature pyramid and a U-Net, trained for real: from the spec to the int8 file,
verified, with nothing lost on the way."""

import os
from pathlib import Path
from typing import Any

import pytest

import archc
from support import scenes

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

POINTS = 0.02
"""Overlap that int8 may cost."""
DETECTOR = scenes.detector, scenes.trained_detector, scenes.digit_scenes, scenes.overlap, 0.7
UNET = scenes.unet, scenes.trained_unet, scenes.disc_scenes, scenes.masked, 0.85
CASES = {"detector": DETECTOR, "unet": UNET}


@pytest.mark.parametrize("case", CASES)
def test_trained_quantised_verified(case: str, tmp_path: Path) -> None:
    compiled, trained, scenery, overlap, least = CASES[case]
    train, held = scenery()
    model, manifest = trained(), compiled().manifest
    found = model.predict(held.images, batch_size=50, verbose=0)
    found = found if isinstance(found, dict) else {"": found}
    float_overlap = overlap(named(manifest, found), held)
    assert float_overlap > least

    result = archc.quantize(
        model,
        train.images[:100],
        validation=held.images,
        manifest=manifest,
        samples=(100, len(held.images)),
    )
    assert result.verification is not None
    assert not result.verification.failed
    int8 = {
        name: result.vectors[vector]
        for vector, name in result.vector_names.items()
        if vector.startswith("m_outputs")
    }
    assert overlap(named(manifest, int8), held) > float_overlap - POINTS

    for name in ("net.keras", "net.h5"):
        model.save(tmp_path / name)
    (tmp_path / "net.tflite").write_bytes(result.tflite)
    for name in os.listdir(tmp_path):
        assert not archc.verify_model(manifest, tmp_path / name).failed, name


def named(manifest: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs by their names in the manifest."""
    names = [one["name"] for one in manifest["outputs"]]
    if len(names) == 1:  # which has no name in Keras
        return dict(zip(names, outputs.values(), strict=True))
    assert sorted(outputs) == sorted(names)
    return outputs
