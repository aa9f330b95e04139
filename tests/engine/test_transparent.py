"""Transparent files: what is written in them, and what a browser shows through them."""

from __future__ import annotations

import itertools

import av
import numpy as np
import pytest
from chromium import needs_chromium, open_page, show_video
from manim import UP, Scene, Square
from PIL import Image

from nnanim.engine import EngineError, RenderSettings, render
from nnanim.engine.settings import ALPHA_FORMATS, CODECS


class Half(Scene):
    """A half-transparent square that stands and then moves: two segments."""

    def construct(self):
        self.add(Square(side_length=4, fill_opacity=0.5, fill_color="#FF0000", stroke_width=0))
        self.wait(0.4)
        self.play(self.mobjects[0].animate.shift(0.5 * UP), run_time=0.4)


def transparent(format, **changes):
    return RenderSettings(192, 108, 10, workers=2, format=format, transparent=True, **changes)


def test_alpha_is_straight(tmp_path):
    """Half-transparent red is (255, 0, 0, 128) in a PNG, not the darkened red that cairo holds."""
    folder = render(Half, tmp_path / "frames", transparent("png")).path
    middle = np.array(Image.open(folder / "frame_000000.png"))[54, 96]
    assert middle.tolist()[:3] == [255, 0, 0] and 126 <= middle[3] <= 129
    movie = render(Half, tmp_path / "video.mov", transparent("mov")).path
    with av.open(str(movie)) as container:
        red, green, blue, alpha = next(container.decode(video=0)).to_ndarray(format="rgba")[54, 96]
    assert red > 245 and green < 10 and blue < 10 and 124 <= alpha <= 131


def elements(data, at=0, end=None):
    """Identifier, and content's first and last place, of the EBML elements that stand one after the other (RFC 8794)."""

    def number(at, keep_marker):
        length = 9 - data[at].bit_length()
        value = int.from_bytes(data[at : at + length], "big")
        unknown = value == (1 << 7 * length + 1) - 1
        return value if keep_marker else None if unknown else value - (1 << 7 * length), at + length

    end = len(data) if end is None else end
    while at < end:
        name, at = number(at, True)
        size, at = number(at, False)
        stop = end if size is None else at + size
        yield name, at, stop
        at = stop


def found(data, *path):
    """Contents of all elements at the end of a path of identifiers."""
    places = [(0, len(data))]
    for wanted in path:
        places = [
            (start, stop)
            for place in places
            for name, start, stop in elements(data, *place)
            if name == wanted
        ]
    return [data[start:stop] for start, stop in places]


SEGMENT, TRACKS, TRACK_ENTRY, VIDEO, ALPHA_MODE = 0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x53C0
CLUSTER, BLOCK_GROUP, BLOCK_ADDITIONS, BLOCK_MORE, BLOCK_ADDITIONAL = 0x1F43B675, 0xA0, 0x75A1, 0xA6, 0xA5


def test_a_webm_says_that_it_has_alpha_and_has_it_in_every_block(tmp_path):
    data = render(Half, tmp_path / "video.webm", transparent("webm")).path.read_bytes()
    assert found(data, SEGMENT, TRACKS, TRACK_ENTRY, VIDEO, ALPHA_MODE) == [b"\x01"]
    blocks = found(data, SEGMENT, CLUSTER, BLOCK_GROUP, BLOCK_ADDITIONS, BLOCK_MORE, BLOCK_ADDITIONAL)
    assert len(blocks) == 8 and all(blocks)
    opaque = render(Half, tmp_path / "opaque.webm", RenderSettings(192, 108, 10, format="webm")).path
    assert found(opaque.read_bytes(), SEGMENT, TRACKS, TRACK_ENTRY, VIDEO, ALPHA_MODE) == []


def test_a_webm_decodes_with_its_alpha(tmp_path):
    web = render(Half, tmp_path / "video.webm", transparent("webm")).path
    with av.open(str(web)) as container:
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        frames = [f for p in container.demux(video=0) if p.size for f in decoder.decode(p)]
    assert frames[0].format.name == "yuva420p"
    assert 124 <= frames[0].to_ndarray(format="rgba")[54, 96, 3] <= 131


@needs_chromium
def test_a_browser_shows_the_page_through_a_transparent_webm(tmp_path):
    path = render(Half, tmp_path / "video.webm", transparent("webm")).path
    with open_page(192, 108) as page:
        for seconds in (0.15, 0.45, 0.75):
            shown = show_video(page, path, seconds, "#00ff00").astype(int)
            assert np.abs(shown[5, 5] - (0, 255, 0)).max() <= 2, "the background hides the page"
            assert np.abs(shown[50, 96] - (128, 127, 0)).max() <= 6, "red does not let half of the page through"


@pytest.mark.parametrize(
    ("format", "codec"),
    [(format, codec) for format in CODECS for codec in (None, "h264", "h265", "vp9", "prores")],
)
def test_what_cannot_be_transparent_is_refused_in_one_line(tmp_path, format, codec):
    """Either it is refused before anything is drawn, or there is alpha in the file."""
    try:
        settings = transparent(format, codec=codec)
    except EngineError as error:
        assert "\n" not in str(error) and len(str(error)) < 120
        return
    assert format in ALPHA_FORMATS
    path = render(Half, tmp_path / f"video.{format}", settings).path
    if path.is_dir():
        assert Image.open(path / "frame_000000.png").mode == "RGBA"
        return
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r") if format == "webm" else stream.codec_context
        frames = itertools.chain.from_iterable(decoder.decode(p) for p in container.demux(stream) if p.size)
        corner = next(frames).to_ndarray(format="rgba")[5, 5]
    assert corner[3] == 0
