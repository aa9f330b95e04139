"""Every attribute that decides a pixel is part of the key, and so is the code of classes of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from manim import (
    BLUE,
    RED,
    UP,
    Circle,
    Create,
    LineJointType,
    MovingCamera,
    Scene,
    Square,
    ThreeDCamera,
    VMobject,
    tempconfig,
)
from manim.camera.camera import Camera
from manim.constants import CapStyleType

from nnanim.engine import RenderSettings, render
from nnanim.engine.camera import quicken
from nnanim.engine.fingerprint import _VECTOR_LOOK, Digest, Unkeyable

OTHER = {
    "points": lambda m: m.shift(1e-9 * UP),
    "fill_rgbas": lambda m: m.set_fill(RED, 0.5),
    "stroke_rgbas": lambda m: m.set_stroke(RED),
    "background_stroke_rgbas": lambda m: m.set_stroke(RED, background=True),
    "stroke_width": lambda m: m.set_stroke(width=4.01),
    "background_stroke_width": lambda m: m.set_stroke(width=3, background=True),
    "joint_type": lambda m: setattr(m, "joint_type", LineJointType.ROUND),
    "cap_style": lambda m: m.set_cap_style(CapStyleType.ROUND),
    "sheen_factor": lambda m: setattr(m, "sheen_factor", 0.3),
    "sheen_direction": lambda m: setattr(m, "sheen_direction", np.array([1.0, 0, 0])),
    "shade_in_3d": lambda m: setattr(m, "shade_in_3d", True),
    "z_index": lambda m: m.set_z_index(1),
    "background_image": lambda m: setattr(m, "background_image", "a.png"),
}


def look(mobject: VMobject) -> str:
    digest = Digest()
    digest.look([mobject])
    return digest.key()


def test_every_attribute_has_a_test():
    assert OTHER.keys() == set(_VECTOR_LOOK)


@pytest.mark.parametrize("name", _VECTOR_LOOK)
def test_a_mobjects_attribute_is_in_the_key(name):
    before, after = Square(), Square()
    OTHER[name](after)
    assert repr(getattr(before, name)) != repr(getattr(after, name)) or name == "points"
    changed = [each for each in _VECTOR_LOOK if not np.array_equal(getattr(before, each), getattr(after, each))]
    assert changed == [name], "only this attribute differs, so it alone can tell the keys apart"
    assert look(before) == look(Square()) != look(after)


CAMERAS = {
    Camera: {
        "frame_center": np.array([1.0, 0, 0]),
        "frame_width": 10.0,
        "frame_height": 5.0,
        "pixel_width": 100,
        "background_opacity": 0.5,
        "cairo_line_width_multiple": 0.02,
        "use_z_index": False,
        "max_allowable_norm": 3.0,
        "background": None,
    },
    ThreeDCamera: {
        "focal_distance": 10.0,
        "shading_factor": 0.9,
        "should_apply_shading": False,
        "exponential_projection": True,
    },
}


def key_of(camera: Camera) -> str:
    digest = Digest()
    digest.camera(camera)
    return digest.key()


@pytest.mark.parametrize(
    ("cls", "name"), [(cls, name) for cls, names in CAMERAS.items() for name in names], ids=str
)
def test_a_cameras_attribute_is_in_the_key(cls, name):
    with tempconfig({"pixel_width": 64, "pixel_height": 36}):
        before, after = cls(), cls()
        setattr(after, name, CAMERAS[cls][name])
        assert key_of(before) == key_of(cls()) != key_of(after)


@pytest.mark.parametrize("tracker", ["phi", "theta", "focal_distance", "gamma", "zoom"])
def test_where_a_camera_in_space_stands_is_in_the_key(tracker):
    with tempconfig({"pixel_width": 64, "pixel_height": 36}):
        before, after = ThreeDCamera(), ThreeDCamera()
        getattr(after, f"set_{tracker}")(0.7)
        assert key_of(before) != key_of(after)
        moved = MovingCamera()
        moved.frame.shift(UP)
        assert key_of(MovingCamera()) != key_of(moved)


def own_camera(share: float, kind: type[Camera] = Camera) -> type[Camera]:
    """A camera class of one's own: same name, same attributes, other pictures."""

    class Dimmed(kind):
        def get_fill_rgbas(self, vmobject):
            return super().get_fill_rgbas(vmobject) * share

        def get_stroke_rgbas(self, vmobject, background=False):
            return super().get_stroke_rgbas(vmobject, background) * share

    return Dimmed


@pytest.mark.parametrize("kind", [Camera, MovingCamera, ThreeDCamera])
def test_the_code_of_a_camera_of_ones_own_is_in_the_key(kind, tmp_path):
    def render_with(share, name):
        class Lit(Scene):
            def __init__(self):
                super().__init__(camera_class=own_camera(share, kind))

            def construct(self):
                self.play(Create(Circle(fill_opacity=1)), run_time=0.5)
                self.wait(0.3)

        return render(Lit, tmp_path / name, RenderSettings(64, 36, 10, cache_dir=tmp_path / "cache", workers=1))

    assert render_with(1.0, "a.mp4").segments_cached == 0
    assert render_with(1.0, "b.mp4").segments_drawn == 0
    assert render_with(0.3, "c.mp4").segments_cached == 0


DIMMED = 0.5


def test_what_a_camera_takes_from_its_surroundings_is_in_the_key(monkeypatch):
    def camera() -> Camera:
        class Dimmed(Camera):
            def get_fill_rgbas(self, vmobject):
                return super().get_fill_rgbas(vmobject) * DIMMED

        made = Dimmed()
        quicken(made)
        return made

    with tempconfig({"pixel_width": 64, "pixel_height": 36}):
        before, same = key_of(camera()), key_of(camera())
        monkeypatch.setitem(globals(), "DIMMED", 0.6)
        assert before == same != key_of(camera())


def test_a_camera_that_cannot_be_described_has_no_key():
    class Odd(Camera):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.lens = object()

    with tempconfig({"pixel_width": 64, "pixel_height": 36}), pytest.raises(Unkeyable, match="lens"):
        key_of(Odd())


def test_the_code_of_a_mobject_of_ones_own_is_in_the_key():
    def tinted(colour):
        class Tinted(Square):
            def get_fill_rgbas(self):
                return np.array([[*colour.to_rgb(), 1.0]])

        return Tinted()

    assert look(tinted(RED)) == look(tinted(RED)) != look(tinted(BLUE))
