"""Painted mobjects take part in manim's ordinary animations and come out with the colours they were given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from manim import (
    UP,
    AnimationGroup,
    Circle,
    Create,
    FadeIn,
    FadeOut,
    MovingCameraScene,
    ReplacementTransform,
    Scene,
    Square,
    Transform,
    VGroup,
    tempconfig,
)

from nnanim.quantity import Quantity
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.networks.bundle import WeightBundle
from nnanim.visuals.page.theme import theme, use_theme
from nnanim.visuals.paint.painted import Painted, PaintedCamera, PaintedMovingCamera
from nnanim.visuals.plots.points import PointCloud

RED, BLUE = (1.0, 0.2, 0.0, 1.0), (0.0, 0.2, 1.0, 1.0)


@pytest.fixture(autouse=True)
def small_picture() -> Iterator[None]:
    settings = {
        "pixel_width": 320,
        "pixel_height": 180,
        "frame_rate": 4,
        "dry_run": True,
        "progress_bar": "none",
    }
    before = theme().name
    with tempconfig(settings):
        yield
    use_theme(before)


def draw(*mobjects: object, camera: PaintedCamera | None = None) -> np.ndarray:
    camera = camera or PaintedCamera(background_color="#000000")
    camera.reset()
    camera.capture_mobjects(mobjects)
    return camera.pixel_array.astype(int)


def bundle(seed: int = 0, n_in: int = 3, n_out: int = 4) -> WeightBundle:
    random = np.random.default_rng(seed)
    starts = np.column_stack([np.full(n_in, -3.0), np.linspace(2, -2, n_in), np.zeros(n_in)])
    ends = np.column_stack([np.full(n_out, 3.0), np.linspace(3, -3, n_out), np.zeros(n_out)])
    return WeightBundle(starts, ends, random.normal(size=(n_out, n_in)), radius=0.2, limit=2.0)


def heat_map(seed: int = 0, rows: int = 3, columns: int = 4) -> HeatMap:
    return HeatMap(np.random.default_rng(seed).normal(size=(rows, columns)), 0.8, limit=2.0)


def number_grid(seed: int = 0) -> NumberGrid:
    values = np.random.default_rng(seed).normal(size=(3, 4))
    return NumberGrid.on(
        heat_map(), [[Quantity(v, f"w[{i}][{j}]") for j, v in enumerate(r)] for i, r in enumerate(values)]
    )


def point_cloud(seed: int = 0, n: int = 12) -> PointCloud:
    random = np.random.default_rng(seed)
    return PointCloud(random.normal(size=(n, 2)), random.uniform(0.1, 0.3, n), random.uniform(size=(n, 4)))


KINDS = [bundle, heat_map, number_grid, point_cloud]


def state(mobject: Painted) -> dict[str, np.ndarray]:
    return {name: getattr(mobject, name).copy() for name in ("points", *mobject.array_names)}


def assert_same(first: Painted, second: Painted) -> None:
    for name, array in state(first).items():
        np.testing.assert_array_equal(array, getattr(second, name), err_msg=name)
    np.testing.assert_array_equal(draw(first), draw(second))


@pytest.mark.parametrize("make", KINDS)
def test_every_array_has_a_row_for_each_part(make):
    mobject = make()
    assert mobject.n_parts == 12
    for name in mobject.array_names:
        array = getattr(mobject, name)
        assert array.dtype == float
        assert name in mobject.shared_names or len(array) == mobject.n_parts, name


@pytest.mark.parametrize("make", KINDS)
def test_a_copy_shares_nothing(make):
    mobject = make()
    before, picture = state(mobject), draw(mobject)
    twin = mobject.copy().shift(UP).set_opacity(0.1)
    for name in mobject.array_names:
        getattr(twin, name)[:] = 0.5
    for name, array in before.items():
        np.testing.assert_array_equal(array, getattr(mobject, name))
    np.testing.assert_array_equal(picture, draw(mobject))


@pytest.mark.parametrize("make", KINDS)
def test_half_way_is_the_mean_and_the_end_is_exact(make):
    first, second = make(0), make(1).shift(UP).set_opacity(0.4)
    start = first.copy()
    animation = Transform(first, second, rate_func=lambda t: t)
    animation.begin()
    assert_same(first, start)
    animation.interpolate(0.5)
    for name, array in state(first).items():
        np.testing.assert_allclose(
            array, (getattr(start, name) + getattr(second, name)) / 2, atol=1e-12, err_msg=name
        )
    animation.finish()
    assert_same(first, second)


@pytest.mark.parametrize("counts", [(5, 9), (9, 5)])
def test_unequal_counts_end_exactly_and_pass_through_both(counts):
    first, second = point_cloud(0, counts[0]), point_cloud(1, counts[1])
    start = first.copy()
    animation = Transform(first, second, rate_func=lambda t: t)
    animation.begin()
    assert_same(first, start)
    animation.interpolate(0.5)
    assert first.n_parts == 9
    np.testing.assert_allclose(first.opacity, [1] * 5 + [0.5] * 4)
    animation.finish()
    assert_same(first, second)
    assert second.n_parts == counts[1]


@pytest.mark.parametrize("make", KINDS)
def test_become_and_restore(make):
    mobject, other = make(0), make(1).rotate(0.3).scale(0.7)
    mobject.save_state()
    original = mobject.copy()
    assert_same(mobject.become(other), other)
    assert_same(mobject.restore(), original)


def test_become_takes_over_another_shape():
    mobject = heat_map(0, 2, 2).become(heat_map(1, 4, 5))
    assert_same(mobject, heat_map(1, 4, 5))
    np.testing.assert_allclose(mobject.cell_center(3, 4), heat_map(1, 4, 5).cell_center(3, 4))


def test_tables_of_numbers_of_unequal_size_turn_into_each_other():
    small = NumberGrid([[Quantity(0.5, "a[0]"), Quantity(0.25, "a[1]")]], [(-1, 0, 0), (1, 0, 0)])
    for first, second in ((small.copy(), number_grid()), (number_grid(), small.copy())):
        assert_same(first.copy().become(second), second)
        changing = Transform(first, second, rate_func=lambda t: t)
        changing.begin()
        for alpha in (0.25, 0.5, 0.75):
            changing.interpolate(alpha)
            draw(first)
        changing.finish()
        assert_same(first, second)
        assert first.entries == second.entries


@pytest.mark.parametrize("make", KINDS)
def test_fading_out_and_in(make):
    mobject = make()
    picture, start = draw(mobject), mobject.copy()
    leaving = FadeOut(mobject, shift=UP, rate_func=lambda t: t)
    leaving.begin()
    leaving.interpolate(0.5)
    np.testing.assert_allclose(mobject.opacity, start.opacity / 2)
    leaving.interpolate(1)
    assert draw(mobject)[..., :3].max() == 0
    leaving.interpolate(0)
    arriving = FadeIn(mobject, scale=0.5)
    arriving.begin()
    assert draw(mobject)[..., :3].max() == 0
    arriving.finish()
    np.testing.assert_array_equal(draw(mobject), picture)


@pytest.mark.parametrize("make", [heat_map, number_grid, point_cloud])
def test_create_lets_parts_appear_one_after_another(make):
    mobject, whole = make(), make()
    mobject.pointwise_become_partial(whole, 0, 0.5)
    assert mobject.opacity[0] == 1
    assert mobject.opacity[-1] == 0
    assert np.all(np.diff(mobject.opacity) <= 0)
    assert 0.4 < mobject.opacity.mean() < 0.6
    mobject.pointwise_become_partial(whole, 0, 1)
    assert_same(mobject, whole)


def test_groups_pass_on_opacity_but_fills_do_not_recolour_lines():
    lines, cells = bundle(), heat_map()
    group = VGroup(lines, cells, Square())
    palette = lines.palette.copy()
    group.set_opacity(0.3)
    np.testing.assert_allclose(np.concatenate([lines.opacity, cells.opacity]), 0.3)
    group.set_fill("#00FF00")
    np.testing.assert_array_equal(lines.palette, palette)
    group.set_stroke("#00FF00")
    np.testing.assert_allclose(lines.palette, np.tile((0, 1, 0, 1), (3, 1)))


@pytest.mark.parametrize("make", KINDS)
def test_geometry_follows_manim(make):
    mobject = make()
    width, center = mobject.width, mobject.get_center()
    mobject.scale(0.5).shift((1, 2, 0))
    assert mobject.width == pytest.approx(width / 2)
    np.testing.assert_allclose(mobject.get_center(), np.add(center, (1, 2, 0)), atol=1e-12)
    mobject.rotate(np.pi / 2)
    assert mobject.height == pytest.approx(width / 2)
    mobject.apply_function(lambda point: point + UP)
    assert len(mobject.get_anchors()) > 0
    np.testing.assert_allclose(mobject.get_center(), np.add(center, (1, 3, 0)), atol=1e-12)
    mobject.next_to(Square().to_edge(UP), UP)


def test_what_cannot_turn_into_another_kind_says_so():
    with pytest.raises(TypeError, match="HeatMap cannot turn into Circle"):
        Transform(heat_map(), Circle()).begin()


@pytest.mark.parametrize("camera_class", [PaintedCamera, PaintedMovingCamera])
def test_colours_reach_the_pixels_in_manims_order(camera_class):
    picture = draw(PointCloud([(-2, 0), (2, 0)], 1.0, [RED, BLUE]), camera=camera_class())
    np.testing.assert_array_equal(picture[90, 115], np.round(np.array(RED) * 255))
    np.testing.assert_array_equal(picture[90, 205], np.round(np.array(BLUE) * 255))


def test_colours_reach_the_pixels_of_a_camera_with_cairos_own_order():
    camera = PaintedCamera()
    camera.native_channels = True
    picture = draw(PointCloud([(-2, 0)], 1.0, [RED]), camera=camera)
    np.testing.assert_array_equal(picture[90, 115], np.round(np.array(RED) * 255)[[2, 1, 0, 3]])


def test_nothing_is_left_of_the_mobject_before():
    both = draw(Square(1, color="#FFFFFF").shift(UP * 3), PointCloud([(-2, 0)], 1.0, [RED]))
    np.testing.assert_array_equal(both[:45], draw(Square(1, color="#FFFFFF").shift(UP * 3))[:45])


class Everything(Scene):
    def construct(self):
        parts = [make() for make in KINDS]
        self.play(
            AnimationGroup(
                *(FadeIn(part, shift=UP) for part in parts[:2]),
                *(Create(p) for p in parts[2:]),
                lag_ratio=0.3,
            )
        )
        lines, cells, numbers, dots = parts
        self.play(
            lines.animate.set_weights(np.ones((4, 3))).emphasise((1, slice(None))),
            cells.animate(path_arc=1.0).set_values(np.zeros((3, 4))).shift(UP),
            numbers.animate.hide((0, slice(None))),
            dots.animate.set_radius(0.5),
        )
        self.play(ReplacementTransform(cells, heat_map(2, 5, 5)), FadeOut(dots), lag_ratio=0.2)
        self.lines, self.numbers = lines, numbers


class EverythingMoving(Everything, MovingCameraScene):
    def construct(self):
        super().construct()
        self.play(self.camera.frame.animate.scale(0.5))


@pytest.mark.parametrize(
    ("scene_class", "camera"), [(Everything, PaintedCamera), (EverythingMoving, PaintedMovingCamera)]
)
def test_a_plain_manim_scene_plays_them(scene_class, camera):
    scene = scene_class(camera_class=camera)
    scene.render()
    assert np.all(scene.lines.weights == 1)
    assert scene.lines.emphasis[3:6].tolist() == [1, 1, 1]
    assert len(scene.numbers.entries) == 8
    assert sum(isinstance(mobject, HeatMap) and mobject.shape == (5, 5) for mobject in scene.mobjects) == 1
    assert not any(isinstance(mobject, PointCloud) for mobject in scene.mobjects)
