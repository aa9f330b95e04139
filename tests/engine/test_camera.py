"""The quick camera and the quick copies do what manim's slow ones do."""

from __future__ import annotations

import copy
import itertools
import sys

import numpy as np
import pytest
from manim import (
    BLUE,
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Camera,
    Circle,
    FadeIn,
    Group,
    Mobject,
    MovingCameraScene,
    Scene,
    Square,
    Text,
    Transform,
    VGroup,
    VMobject,
    config,
)
from manim.utils.family import extract_mobject_family_members
from PIL import Image

from nnanim.engine import RenderSettings, rehearse, render, snapshot
from nnanim.engine.paths import path_appender
from nnanim.engine.shortcuts import consider_points_equals, deepcopy_mobject, families, family, shortcuts

SMALL = RenderSettings(192, 108, 10, format="png", workers=2)


class Patches(VMobject):
    """Draws coloured squares by itself, from arrays."""

    array_names = ("centres", "levels")

    def __init__(self, levels=(0.2, 1.0), **kwargs):
        super().__init__(**kwargs)
        self.centres = np.array([[-3.0, 0.0], [3.0, 2.0]])
        self.levels = np.array(levels)
        self.set_points_as_corners([LEFT, RIGHT])

    def paint(self, context, camera):
        assert isinstance(camera, Camera)
        for (x, y), level in zip(self.centres, self.levels, strict=True):
            context.set_source_rgba(0, 0, level, 1)  # cairo's blue byte is the picture's red
            context.rectangle(x - 1, y - 1, 2, 2)
            context.fill()

    def interpolate(self, start, target, alpha, path_func=None):
        self.levels = (1 - alpha) * start.levels + alpha * target.levels
        return self


class Painted(Scene):
    levels = (1.0, 0.0)

    def construct(self):
        self.add(patches := Patches())
        self.picture = snapshot(self)
        self.play(Transform(patches, Patches(self.levels)))


class PaintedFromAfar(MovingCameraScene):
    def construct(self):
        self.add(Patches())
        self.camera.frame.scale(2)
        self.picture = snapshot(self)


def test_a_mobject_paints_itself_in_scene_units():
    picture = rehearse(Painted, SMALL).picture
    per_unit = 108 / 8
    assert picture[54, round(96 - 3 * per_unit)].tolist() == [51, 0, 0, 255]
    assert picture[round(54 - 2 * per_unit), round(96 + 3 * per_unit)].tolist() == [255, 0, 0, 255]
    assert (picture[..., 0] > 0).sum() == pytest.approx(2 * (2 * per_unit) ** 2, rel=0.1)
    afar = rehearse(PaintedFromAfar, SMALL).picture
    assert (afar[..., 0] > 0).sum() == pytest.approx(2 * per_unit**2, rel=0.15)


def test_painted_arrays_are_part_of_the_key(tmp_path):
    settings = RenderSettings(192, 108, 10, workers=2, cache_dir=tmp_path / "cache")
    assert render(Painted, tmp_path / "a.mp4", settings).segments_drawn == 1
    assert render(Painted, tmp_path / "b.mp4", settings).segments_drawn == 0

    class Other(Painted):
        levels = (1.0, 0.5)

    assert render(Other, tmp_path / "c.mp4", settings).segments_drawn == 1


def test_a_painted_mobject_is_animated(tmp_path):
    folder = render(Painted, tmp_path / "frames", SMALL).path
    reds = [int(np.array(Image.open(path))[54, 96 - 40, 0]) for path in sorted(folder.iterdir())]
    assert reds[0] == 51 and reds[-1] > 200 and reds == sorted(reds)


class Busy(Scene):
    def construct(self):
        self.add(
            Text("glyphs").shift(UP), Circle(fill_opacity=0.5), Square(color=BLUE).rotate(0.3).shift(DOWN)
        )
        self.picture = snapshot(self)


def test_paths_in_one_call_are_the_paths_in_many(monkeypatch):
    assert path_appender() is not None, "this cairo takes no paths, so the camera would be slow"
    quick = rehearse(Busy, SMALL).picture
    monkeypatch.setattr(sys.modules["nnanim.engine.camera"], "path_appender", lambda: None)
    assert np.array_equal(quick, rehearse(Busy, SMALL).picture)
    assert np.ptp(quick) == 255


class OwnCamera(Camera):
    def apply_fill(self, ctx, vmobject):
        return self  # fills nothing


class OwnlyDrawn(Scene):
    def __init__(self, **kwargs):
        super().__init__(camera_class=OwnCamera, **kwargs)

    def construct(self):
        self.add(Square(side_length=4, fill_opacity=1, fill_color=BLUE, stroke_width=4))
        self.picture = snapshot(self)


def test_a_camera_with_its_own_drawing_keeps_it():
    scene = rehearse(OwnlyDrawn, SMALL)
    assert isinstance(scene.camera, OwnCamera)
    assert scene.picture[54, 96].tolist() == [0, 0, 0, 255]
    assert scene.picture.max() == 255


class WatchingCamera(Camera):
    def display_vectorized(self, vmobject, ctx):
        self.seen = [*getattr(self, "seen", ()), type(vmobject).__name__]
        return super().display_vectorized(vmobject, ctx)


class Watched(Busy):
    def __init__(self, **kwargs):
        super().__init__(camera_class=WatchingCamera, **kwargs)


def test_a_camera_that_only_adds_to_manims_drawing_is_quick_all_the_same(monkeypatch):
    slow = []
    monkeypatch.setattr(Camera, "set_cairo_context_path", lambda *_: slow.append(1))
    scene = rehearse(Watched, SMALL)
    assert {"Circle", "Square"} <= set(scene.camera.seen)
    assert not slow
    assert np.array_equal(scene.picture, rehearse(Busy, SMALL).picture)


def test_points_are_equal_where_manim_says_so():
    mobject = VMobject()
    values = [0.0, -0.0, 1.0, 1 + 9e-6, 1 + 1.2e-5, 5e-7, 2e-6, -1.0, 1e9, 1e9 + 9e3, np.inf, -np.inf, np.nan]
    for a, b in itertools.product(values, values):
        points = np.array([1.0, a, 0.0]), np.array([1.0, b, 0.0])
        assert consider_points_equals(mobject, *points) == mobject.consider_points_equals(*points), (a, b)
    row = np.zeros((4, 3))
    assert consider_points_equals(mobject, row, row[0]) is True


def test_the_copies_of_an_animation_leave_out_what_it_never_looks_at():
    text = Text("a")
    text.generate_target()
    with shortcuts():
        copy = text.copy()
        fade = FadeIn(text)
        fade.begin()
    assert copy.id_to_vgroup_dict["root"] is not text.id_to_vgroup_dict["root"]
    assert copy.target is not text.target
    for unseen in (fade.starting_mobject, fade.target_copy):
        assert unseen.target is text.target
        assert unseen.submobjects[0] is not text.submobjects[0]
        assert not np.shares_memory(unseen.submobjects[0].points, text.submobjects[0].points)


def test_copies_share_nothing_that_changes():
    group = VGroup(Text("ab"), Circle())
    group.note = {"points": group[1].points, "list": [group[1]]}
    twin = deepcopy_mobject(group, {})
    slow = copy.deepcopy(group)
    for fast_part, slow_part, part in zip(*(m.get_family() for m in (twin, slow, group)), strict=True):
        assert fast_part is not part and type(fast_part) is type(part)
        assert np.array_equal(fast_part.points, slow_part.points)
        assert not np.shares_memory(fast_part.points, part.points) or not len(part.points)
        assert vars(fast_part).keys() == vars(slow_part).keys()
    assert twin.note["list"][0] is twin[1]
    assert twin.note["points"] is twin[1].points
    twin[1].shift(RIGHT).set_color(BLUE)
    assert np.array_equal(group[1].points, slow[1].points)


def test_families_are_listed_as_manim_lists_them():
    shared = Circle().set_z_index(2)
    inner = Group(shared, Square(), Mobject())
    outer = Group(inner, shared, VMobject(), Group(inner))
    assert family(outer) == outer.get_family()
    for z in (False, True):
        for points in (False, True):
            mobjects = [outer, *outer.get_family(), shared, inner]
            assert families(mobjects, z, points) == extract_mobject_family_members(mobjects, z, points)


def test_manim_is_left_as_it_was():
    before = (Mobject.__deepcopy__, Mobject.get_family, config.pixel_width)
    rehearse(Busy, SMALL)
    assert (Mobject.__deepcopy__, Mobject.get_family, config.pixel_width) == before
