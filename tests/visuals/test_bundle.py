"""A weight bundle looks like the same lines drawn one by one, however many they are."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import UP, Camera, Line, ManimColor, tempconfig

from nnanim.visuals.networks import bundle as bundle_module
from nnanim.visuals.networks.bundle import WeightBundle
from nnanim.visuals.page.theme import rgba, theme, use_theme
from nnanim.visuals.paint import texture

pytestmark = pytest.mark.usefixtures("small_picture")


def column(n: int, x: float, height: float = 3.0) -> np.ndarray:
    return np.column_stack([np.full(n, x), np.linspace(height, -height, n), np.zeros(n)])


def make(n_in: int, n_out: int, seed: int = 0, **kwargs: object) -> WeightBundle:
    weights = np.random.default_rng(seed).normal(size=(n_out, n_in))
    return WeightBundle(column(n_in, -4.0), column(n_out, 4.0), weights, **({"limit": 2.0} | kwargs))


def as_lines(bundle: WeightBundle) -> list[Line]:
    lines = [
        Line(start, end, stroke_width=width, stroke_color=ManimColor(color[:3]), stroke_opacity=color[3])
        for (start, end), width, color in zip(bundle.parts(), bundle.stroke_widths, bundle.rgba, strict=True)
    ]
    return [lines[k] for k in np.argsort(np.abs(bundle.weights))]


@pytest.fixture
def summed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "DENSE", 1)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_few_weights_are_manims_own_lines(name):
    use_theme(name)
    bundle = make(4, 5, radius=(0.3, 0.2))
    ours, theirs = draw(bundle), draw(*as_lines(bundle), camera_class=Camera)
    off = np.abs(ours - theirs)
    assert off.max() <= 6  # Cairo rounds level lines another way than manim's curves
    assert off.mean() < 0.02
    assert ours.std() > 5


@pytest.mark.parametrize("name", ["dark", "light"])
def test_thousands_of_weights_look_like_manims_lines(name):
    use_theme(name)
    bundle = make(90, 24)
    assert bundle.n_parts >= bundle_module.DENSE
    ours, theirs = (
        picture[:, 110:370, :3] for picture in (draw(bundle), draw(*as_lines(bundle), camera_class=Camera))
    )
    off = ours - theirs
    assert np.abs(off.mean(axis=(0, 1))).max() < 1.5
    assert np.abs(off).mean() < 7
    assert np.abs(theirs - theirs.mean(axis=(0, 1))).mean() > 7 * np.abs(off).mean()


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 2 * np.pi), st.floats(1.0, 6.0), st.floats(0.3, 0.6), st.floats(-1, 1))
def test_a_summed_line_has_the_ink_and_the_place_of_a_line(angle, width, opacity, offset):
    along, middle = 2.5 * np.array([np.cos(angle), np.sin(angle), 0]), np.array([offset, 0, 0])
    line = WeightBundle(
        [middle - along], [middle + along], [[1.0]], widths=(width, width), opacities=(opacity, opacity)
    )
    with tempconfig({"pixel_width": 480, "pixel_height": 270}), pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_module, "DENSE", 1)
        ink = draw(line, background_color="#000000")[..., 2] / 255
    pixels = 270 / 8
    assert ink.sum() == pytest.approx(opacity * (width * 0.01 * pixels) * (5 * pixels), rel=0.17)
    rows, columns = np.nonzero(ink)
    place = np.average(np.stack([columns, rows]), axis=1, weights=ink[rows, columns])
    off = place - (239.5 + offset * pixels, 134.5)
    assert abs(off @ (np.sin(angle), np.cos(angle))) < 0.6
    assert abs(off @ (np.cos(angle), -np.sin(angle))) < 1.0  # along 169 pixels, whose opacities are rounded to eight bits


def test_colours_of_a_sum_are_those_of_its_lines(summed):
    starts, ends = [(-4, 2, 0), (-4, -2, 0)], [(4, 2, 0), (4, -2, 0)]
    bundle = WeightBundle(starts, ends, [[1.0, 0.0], [0.0, -1.0]], widths=(0.0, 100.0), opacities=(0.0, 1.0))
    picture = draw(bundle)
    np.testing.assert_allclose(picture[68, 240, :3], rgba(theme().positive)[:3] * 255, atol=2)
    np.testing.assert_allclose(picture[202, 240, :3], rgba(theme().negative)[:3] * 255, atol=2)
    np.testing.assert_array_equal(picture[135, 240], np.round(rgba(theme().background) * 255))


def test_sums_on_a_transparent_background_are_transparent(summed):
    picture = draw(make(6, 6, widths=(3.0, 9.0)), background_color="#000000", background_opacity=0.0)
    stroked = draw(
        *as_lines(make(6, 6, widths=(3.0, 9.0))),
        camera_class=Camera,
        background_color="#000000",
        background_opacity=0.0,
    )
    assert abs(picture[..., 3].mean() - stroked[..., 3].mean()) < 2
    assert np.all(picture[..., :3] <= picture[..., 3:] + 1)


def test_a_bundle_that_moved_is_not_drawn_where_it_was():
    bundle = make(90, 24)
    before = draw(bundle)
    pixel = 8 / 270
    after = draw(bundle.shift(UP * 20 * pixel))
    np.testing.assert_allclose(after[:-20], before[20:], atol=2)


def test_the_picture_does_not_depend_on_what_was_drawn_before(monkeypatch):
    bundle, other = make(90, 24), make(80, 30, seed=1)
    fresh = draw(bundle)
    draw(other)
    np.testing.assert_array_equal(draw(bundle), fresh)
    monkeypatch.setattr(texture, "MOST_CACHED", 0)
    texture.footprints.clear()
    assert np.abs(draw(bundle) - fresh).max() <= 1
    assert sum(footprint.entries for footprint in texture.footprints) == 0


def test_kept_footprints_share_one_room(monkeypatch):
    texture.footprints.clear()
    draw(make(90, 24))
    (one,) = texture.footprints
    monkeypatch.setattr(texture, "MOST_CACHED", int(1.9 * one.entries))
    draw(make(90, 24).shift(UP))
    assert len(texture.footprints) == 1
    assert texture.footprints[0] is not one


def test_lines_run_from_rim_to_rim():
    bundle = WeightBundle([(-2, 0, 0)], [(2, 3, 0)], [[1.0]], radius=(0.5, 0.25))
    start, end = bundle.edge(0, 0)
    np.testing.assert_allclose(np.linalg.norm(start - (-2, 0, 0)), 0.5)
    np.testing.assert_allclose(np.linalg.norm(end - (2, 3, 0)), 0.25)
    assert np.linalg.norm(end - start) == pytest.approx(5 - 0.75)
    start[:] = 9
    assert bundle.points.max() < 9


def test_edges_are_numbered_like_torchs_linear_layer():
    bundle = make(3, 2)
    start, end = bundle.edge(1, 2)
    np.testing.assert_allclose([start, end], [(-4, -3, 0), (4, -3, 0)])
    bundle.set_weights([[0, 0, 0], [0, 0, -2.0]])
    strongest = int(np.argmax(bundle.stroke_widths))
    np.testing.assert_allclose(bundle.parts()[strongest], [start, end])
    np.testing.assert_allclose(bundle.rgba[strongest, :3], rgba(theme().negative)[:3])


def test_width_and_opacity_grow_with_the_magnitude_up_to_the_limit():
    weights = np.array([[0.0, 0.5, -1.0, 2.0, -4.0]])
    bundle = WeightBundle(column(5, -1), [(1, 0, 0)], weights, limit=2.0)
    for look in (bundle.stroke_widths, bundle.rgba[:, 3]):
        assert np.all(np.diff(look)[:3] > 0)
        assert look[3] == look[4]
    np.testing.assert_array_equal(bundle.rgba[0, :3], rgba(theme().muted)[:3])
    bundle.set_limit(4.0)
    assert bundle.stroke_widths[3] < bundle.stroke_widths[4]
    assert WeightBundle(column(5, -1), [(1, 0, 0)], weights).limit == 4.0


@pytest.mark.parametrize(
    "which", [(1, 0), (np.array([1]), np.array([0])), np.array([[False, False], [True, False]])]
)
def test_what_is_spoken_of_lies_on_top_and_the_rest_is_dimmed(which):
    bundle = WeightBundle(column(2, -4), column(2, 4), [[1.0, 3.0], [-0.1, 1.0]], widths=(20, 20))
    calm = bundle.rgba
    crossing = draw(bundle)[135, 240]
    np.testing.assert_allclose(crossing[:3], rgba(theme().positive)[:3] * 255, atol=1)
    bundle.emphasise(which)
    spoken_of = np.arange(4) == 2
    np.testing.assert_allclose(bundle.rgba[:, 3], np.where(spoken_of, 1.0, 0.15 * calm[:, 3]))
    np.testing.assert_allclose(draw(bundle)[135, 240, :3], rgba(theme().negative)[:3] * 255, atol=1)
    np.testing.assert_array_equal(bundle.calm().rgba, calm)


def test_what_is_spoken_of_lies_on_top_of_thousands():
    bundle = make(90, 24)
    bundle.emphasise((12, 30), others=0.4)
    start, end = bundle.edge(12, 30)
    one = WeightBundle([start], [end], bundle.weights[[12 * 90 + 30]].reshape(1, 1), limit=2.0)
    one.widths, one.curve = bundle.widths, bundle.curve
    one.emphasise((0, 0))
    with_it, alone = draw(bundle), draw(one)
    np.testing.assert_allclose(bundle.rgba[12 * 90 + 30, 3], 1.0)
    reference = draw(bundle.copy().emphasise((slice(0), 0), others=0.4), one)
    assert np.abs(with_it - reference).max() < 14
    assert np.abs(alone - draw()).max() > 20


def test_lines_grow_from_the_input():
    bundle, whole = make(3, 4), make(3, 4)
    bundle.pointwise_become_partial(whole, 0, 0.5)
    np.testing.assert_allclose(bundle.points[::2], whole.points[::2])
    np.testing.assert_allclose(bundle.points[1::2], (whole.points[::2] + whole.points[1::2]) / 2)
    bundle.pointwise_become_partial(whole, 0, 1)
    np.testing.assert_array_equal(bundle.points, whole.points)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_faintest_line_can_be_seen(name):
    use_theme(name)
    background = rgba(theme().background)[:3] * 255
    one = WeightBundle([(-4, 1, 0)], [(4, -1, 0)], [[1e-9]], limit=1.0)
    with tempconfig({"pixel_width": 1280, "pixel_height": 720}):
        picture = draw(one)
    assert np.abs(picture[:, 640, :3] - background).max() > 40


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"from 3 to 2 neurons have the shape \(2, 3\), not \(3, 2\)"):
        WeightBundle(column(3, -1), column(2, 1), np.zeros((3, 2)))
