"""What is in the files: frames, colours, seams, chapter marks, captions, sound, metadata."""

from __future__ import annotations

import struct

import av
import numpy as np
import pytest
from chromium import needs_chromium, open_page, show_video
from manim import BLUE, LEFT, RIGHT, Circle, Create, Rectangle, Scene, linear
from PIL import Image

from nnanim.engine import Annotations, EngineError, RenderSettings, read_metadata, render

from .corpus import Sections, Subcaptions

SMALL = RenderSettings(192, 108, 10, workers=2)
RECIPE = 'chapter = "forward"\nseed = 3\nname = "π ≈ 3"\n' * 120


class Mixed(Scene):
    def construct(self):
        circle = Circle(color=BLUE, fill_opacity=0.5)
        self.play(Create(circle))
        self.wait(0.5)
        self.play(circle.animate.shift(RIGHT), run_time=0.7)
        self.wait(0.4)


FRAMES = 10 + 5 + 7 + 4


def settings(**changes):
    return RenderSettings(**{"pixel_width": 192, "pixel_height": 108, "fps": 10, "workers": 2, **changes})


def boxes(path):
    """Names of the top-level boxes of an MP4 file, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode())
        at += size
    return names


def decoded(path, **options):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(**options) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("format", "codec", "name", "pixels"),
    [
        ("mp4", "h264", "h264", "yuv420p"),
        ("mp4", "h265", "hevc", "yuv420p"),
        ("mp4", "vp9", "vp9", "yuv420p"),
        ("webm", "vp9", "vp9", "yuv420p"),
        ("mov", "h264", "h264", "yuv420p"),
        ("mov", "prores", "prores", "yuv422p10le"),
    ],
)
def test_codec_frames_and_colour_tags(tmp_path, format, codec, name, pixels):
    rendered = render(Mixed, tmp_path / f"video.{format}", settings(format=format, codec=codec))
    with av.open(str(rendered.path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        frames = list(container.decode(stream))
        assert (context.name, context.pix_fmt) == (name, pixels)
        assert (context.colorspace, context.color_range) == (1, 1), "not tagged as BT.709, limited range"
        assert (context.color_primaries, context.color_trc) == (1, 1)
        times = [float(frame.pts * frame.time_base) for frame in frames]
        assert float(stream.average_rate) == 10
        if name == "hevc":
            assert context.codec_tag == "hvc1"
    assert len(frames) == rendered.frames == FRAMES
    assert np.allclose(times, np.arange(FRAMES) / 10, atol=0.0006), "a gap or a seam between segments"
    assert rendered.duration == FRAMES / 10


def test_mp4_plays_from_its_first_byte(tmp_path):
    names = boxes(render(Mixed, tmp_path / "video.mp4", SMALL).path)
    assert names.index("moov") < names.index("mdat")


class Travelling(Scene):
    """A bar that is elsewhere in every frame, in plays of one frame to thirty, with holds between them."""

    def construct(self):
        bar = Rectangle(width=0.4, height=8, fill_opacity=1, stroke_width=0).to_edge(LEFT)
        self.add(bar)
        for frames in (30, 1, 2, 3, 7):
            self.play(bar.animate.shift(0.2 * frames * RIGHT), run_time=frames / 10, rate_func=linear)
            self.wait(0.35)


TRAVELLED = 30 + 1 + 2 + 3 + 7 + 5 * 3


def middles(pictures):
    """Where the bar stands in each picture, in pixels."""
    columns = [picture.astype(float).mean(axis=(0, 2)) for picture in pictures]
    return [float((column * np.arange(column.size)).sum() / column.sum()) for column in columns]


@pytest.mark.parametrize("format", ["mp4", "mov"])
def test_times_are_whole_across_segments_whose_pictures_are_decoded_out_of_order(tmp_path, format):
    path = render(Travelling, tmp_path / f"video.{format}", settings(format=format)).path
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        frame = 1 / (10 * stream.time_base)
        assert (stream.start_time, stream.duration) == (0, TRAVELLED * frame)
    decoded_at = [packet.dts / frame for packet in packets]
    shown_at = [packet.pts / frame for packet in packets]
    assert decoded_at == [decoded_at[0] + number for number in range(TRAVELLED)]
    assert sorted(shown_at) == list(range(TRAVELLED))
    assert shown_at[0] == 0 and shown_at != sorted(shown_at), "nothing is reordered"
    assert all(shown >= at for shown, at in zip(shown_at, decoded_at, strict=True))
    starts = np.cumsum([0, 30, 3, 1, 3, 2, 3, 3, 3, 7])
    keys = {shown for shown, packet in zip(shown_at, packets, strict=True) if packet.is_keyframe}
    assert set(starts) <= keys, "a segment does not start with a key frame"
    # A segment refers to nothing outside: all of it is decoded before the next one's first picture.
    for start in starts:
        assert set(shown_at[:start]) == set(range(start))


@pytest.mark.parametrize("format", ["mp4", "mov", "webm"])
def test_pictures_come_in_the_order_in_which_they_were_drawn(tmp_path, format):
    drawn = sorted(render(Travelling, tmp_path / "frames", settings(format="png")).path.iterdir())
    film = decoded(render(Travelling, tmp_path / f"v.{format}", settings(format=format)).path, format="rgb24")
    wanted = middles([np.array(Image.open(picture).convert("RGB")) for picture in drawn])
    assert len(set(wanted)) > 40
    assert np.allclose(middles(film), wanted, atol=0.4), "a step is 2.7 pixels"


@needs_chromium
def test_a_browser_shows_each_picture_at_its_time(tmp_path):
    path = render(Travelling, tmp_path / "video.mp4", settings()).path
    wanted = middles(decoded(path, format="rgb24"))
    with open_page(192, 108) as page:
        for number in (0, 1, 2, 13, 29, 30, 33, 34, 37, 38, 39, 42, 51, TRAVELLED - 1):
            (at,) = middles([show_video(page, path, (number + 0.5) / 10, "black")])
            assert at == pytest.approx(wanted[number], abs=0.4), f"picture {number}"


class Colours(Scene):
    KNOWN = ("#FF0000", "#00FF00", "#0000FF", "#FFFFFF", "#808080", "#58C4DD", "#FFFF00", "#123456")

    def construct(self):
        for number, colour in enumerate(self.KNOWN):
            patch = Rectangle(width=1.5, height=8, fill_opacity=1, fill_color=colour, stroke_width=0)
            self.add(patch.move_to((number - 3.5) * 1.5 * RIGHT))
        self.wait(0.3)


@pytest.mark.parametrize(
    "options",
    [{}, {"codec": "h265", "crf": 12}, {"format": "webm", "crf": 10}, {"format": "mov", "codec": "prores"}],
)
def test_known_colours_survive(tmp_path, options):
    path = render(Colours, tmp_path / f"video.{options.get('format', 'mp4')}", settings(**options)).path
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        # The file's own tags decide how it is read, as in a player.
        assert frame.colorspace == 1
        shown = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
    for number, colour in enumerate(Colours.KNOWN):
        x = round(192 / 2 + (number - 3.5) * 1.5 * 192 / (8 * 192 / 108))
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        assert np.abs(shown[54, x].astype(int) - wanted).max() <= 4, colour


def test_chapters_captions_and_recipe_are_read_back(tmp_path):
    notes = Annotations(
        chapters=[(0, 1.5, "Eins"), (1.5, 2.5, "Zwei: ∇L")],
        captions=[(0.0, 1.0, "Each input."), (1.5, 2.2, "Zweite\nZeile & mehr")],
        metadata={"title": "Titel ü", "comment": RECIPE},
    )
    for format, kind in (("mp4", "mov_text"), ("mov", "mov_text"), ("webm", "webvtt")):
        path = tmp_path / f"video.{format}"
        render(Mixed, path, settings(format=format, codec=None), annotate=lambda scene: notes)
        metadata = read_metadata(path)
        assert (metadata["title"], metadata["comment"]) == ("Titel ü", RECIPE)
        with av.open(str(path)) as container:
            marks = [
                (float(m["start"] * m["time_base"]), float(m["end"] * m["time_base"]), m["metadata"]["title"])
                for m in container.chapters()
            ]
            track = container.streams.subtitles[0]
            cues = [
                (float(p.pts * p.time_base), float(p.duration * p.time_base), bytes(p))
                for p in container.demux(track)
                if p.size > 2
            ]
            assert track.codec_context.name == kind
            assert track.language == "eng"
        assert marks == notes.chapters
        texts = [data[2:].decode() if kind == "mov_text" else data.decode() for _, _, data in cues]
        assert texts == [text for _, _, text in notes.captions]
        assert np.allclose([(t, d) for t, d, _ in cues], [(0, 1), (1.5, 0.7)], atol=0.002)


def test_a_plain_scene_brings_its_own_captions_and_sections(tmp_path):
    with av.open(str(render(Subcaptions, tmp_path / "a.mp4", SMALL).path)) as container:
        cues = [
            (float(p.pts * p.time_base), bytes(p)[2:].decode())
            for p in container.demux(subtitles=0)
            if p.size > 2
        ]
        language = container.streams.subtitles[0].language
    assert language == "und", "nobody said in which language a plain scene speaks"
    assert cues == [(0.0, "A square appears."), (pytest.approx(0.6, abs=0.01), "It stays.")]
    with av.open(str(render(Sections, tmp_path / "b.mp4", SMALL).path)) as container:
        marks = [(m["metadata"]["title"], float(m["start"] * m["time_base"])) for m in container.chapters()]
    assert marks == [("first", 0.0), ("last", 0.5)]


def test_captions_are_offered_but_not_shown(tmp_path):
    path = tmp_path / "video.mp4"
    render(Mixed, path, SMALL, annotate=lambda scene: Annotations(captions=[(0, 1, "text")]))
    with av.open(str(path)) as container:
        assert not container.streams.subtitles[0].disposition & 1
        assert container.streams.video[0].disposition & 1


@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_a_caption_track_carries_its_language(tmp_path, format):
    path = tmp_path / f"video.{format}"
    notes = Annotations(captions=[(0, 1, "Ein Netz.")], language="deu")
    render(Mixed, path, settings(format=format), annotate=lambda scene: notes)
    with av.open(str(path)) as container:
        assert container.streams.subtitles[0].language == "deu"


@pytest.mark.parametrize("wrong", ["en", "English", "", "ENG", "en-"])
def test_a_language_that_is_none_is_refused(wrong):
    with pytest.raises(EngineError, match="three letters"):
        Annotations(language=wrong)


def test_annotate_sees_the_scene_after_construct(tmp_path):
    seen = []
    render(
        Mixed,
        tmp_path / "video.mp4",
        SMALL,
        annotate=lambda scene: seen.append(scene.renderer.time) or Annotations(),
    )
    assert seen == [pytest.approx(FRAMES / 10)]


def test_metadata_that_would_be_lost_is_refused(tmp_path):
    with pytest.raises(EngineError, match="recipe"):
        render(Mixed, tmp_path / "v.mp4", SMALL, annotate=lambda scene: Annotations(metadata={"recipe": "x"}))
    assert list(tmp_path.iterdir()) == []


def test_gif_has_all_frames_and_near_colours(tmp_path):
    path = render(Mixed, tmp_path / "loop.gif", settings(format="gif")).path
    folder = render(Mixed, tmp_path / "frames", settings(format="png")).path
    with Image.open(path) as gif:
        total = 0
        for number in range(gif.n_frames):
            gif.seek(number)
            total += gif.info["duration"]
        gif.seek(0)
    shown = decoded(path, format="rgb24")
    wanted = [np.array(Image.open(picture)) for picture in sorted(folder.iterdir())]
    assert total == FRAMES * 100
    assert np.abs(shown[-1].astype(int) - wanted[-1]).mean() < 3
    assert np.abs(shown[0].astype(int) - wanted[0]).mean() < 3


def test_png_folder_is_replaced_but_foreign_files_are_safe(tmp_path):
    folder = tmp_path / "frames"
    png = settings(format="png")
    assert len(list(render(Mixed, folder, png).path.iterdir())) == FRAMES
    assert len(list(render(Colours, folder, png).path.iterdir())) == 2
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(EngineError, match="other files"):
        render(Colours, folder, png)
    assert (folder / "thesis.txt").read_text() == "mine"


class LongHold(Scene):
    def construct(self):
        self.add(Circle(fill_opacity=0.7, color=BLUE))
        self.wait(13)


def test_held_frames_cost_next_to_nothing(tmp_path):
    path = render(LongHold, tmp_path / "video.mp4", SMALL).path
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert len(packets) == 130
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == [0, 100], "seeking needs a key frame every few seconds"
    assert max(packet.size for packet in packets if not packet.is_keyframe) < 40
    frames = decoded(path, format="rgb24")
    assert len(frames) == 130
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


@pytest.mark.parametrize(("format", "codec"), [("webm", "vp9"), ("mov", "prores")])
def test_other_codecs_hold_a_picture_without_encoding_it_again(format, codec, tmp_path):
    class Thrice(LongHold):
        def construct(self):
            super().construct()
            self.play(self.mobjects[0].animate.shift(RIGHT), run_time=0.5)
            self.wait(1)

    path = render(Thrice, tmp_path / f"video.{format}", settings(format=format, codec=codec)).path
    with av.open(str(path)) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.size]
    assert len(sizes) == 145
    held = sizes[1:100]
    assert set(held) == ({1} if codec == "vp9" else {sizes[0]})
    frames = decoded(path, format="rgb24")
    assert len(frames) == 145
    assert all(np.array_equal(frame, frames[0]) for frame in frames[:130])
    assert not np.array_equal(frames[134], frames[0])
    assert all(np.array_equal(frame, frames[-1]) for frame in frames[-10:])


@pytest.mark.parametrize(
    "wrong",
    [
        {"transparent": True},
        {"format": "webm", "codec": "h264"},
        {"format": "avi"},
        {"pixel_width": 191},
        {"workers": 0},
        {"fps": 0},
        {"format": "mov", "codec": "h264", "transparent": True},
        {"format": "gif", "codec": "h264"},
        {"format": "gif", "fps": 60},
    ],
)
def test_impossible_settings_are_refused_in_one_line(wrong):
    with pytest.raises(EngineError) as error:
        settings(**wrong)
    assert "\n" not in str(error.value)
