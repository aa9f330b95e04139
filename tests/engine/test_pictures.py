"""Every frame of the engine equals serial manim's own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nnanim.engine import RenderSettings, render

from .corpus import SCENES
from .manims_own import serial_frames

SMALL = RenderSettings(192, 108, 10, format="png", workers=2)


def pictures(folder):
    return [np.array(Image.open(path)) for path in sorted(folder.iterdir())]


def largest_difference(ours, theirs):
    return max(
        int(np.abs(a.astype(int) - b[..., :3].astype(int)).max()) for a, b in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_frame_is_manims(scene, tmp_path):
    theirs, serial = serial_frames(scene, SMALL)
    rendered = render(scene, tmp_path / "frames", SMALL)
    ours = pictures(rendered.path)
    assert len(ours) == len(theirs) == rendered.frames
    assert rendered.scene.renderer.time == serial.renderer.time
    assert largest_difference(ours, theirs) <= 1
    assert np.ptp(np.stack(theirs)) > 0, "the scene shows nothing, so it compares nothing"
