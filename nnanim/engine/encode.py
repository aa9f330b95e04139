"""Frames to one video segment: colour conversion, codec settings, packets.
Every segment starts with a key frame and refers to nothing outside, so segments join without re-encoding."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from .boxes import Box
from .convert import FrameConverter
from .lane import Lane
from .pictures import PictureFolder, straight_alpha
from .settings import RenderSettings
from .stillness import read_parameters, repeat_picture

KEYFRAME_SECONDS = 10
# A VP9 frame of one byte, profile 0, that shows what lies in the first of the slots that a key frame fills: frame_marker 2,
# two profile bits, show_existing_frame, frame_to_show_map_idx (VP9 Bitstream Specification 0.6, 6.2).
SHOW_AGAIN_VP9 = b"\x88"
HELD_CRF_BONUS = 6


@dataclass(frozen=True)
class Profile:
    """Everything that decides the bytes of a segment.

    The H.264 default is x264 ``veryfast`` at CRF 25 with every fourth picture coded first and those between them from
    both sides (B-frames, ``b-adapt=0``: where they go is not searched for), without what helps filmed pictures more
    than drawn ones: no look-ahead and what needs it (``mbtree``, ``scenecut``, ``weightp``), and little of the
    sub-pixel search. KB, and SSIM of luma against the drawn frames, for the moving frames of scripts/bench.py at 1080p:

    ==================================  ==============  ==============  =================  ==============
    settings                            NetworkOfLines  NumberTable     CurveWithUpdaters  CameraTour
    ==================================  ==============  ==============  =================  ==============
    this                                2094   0.9985   1407   0.9970    236   0.9998      1055   0.9992
    without B-frames, ``subme=1``       3358   0.9984   2759   0.9971    225   0.9998       999   0.9990
    with B-frames, ``subme=1``          2434   0.9985   1856   0.9973                      1164   0.9991
    with seven, ``subme=1``             1995   0.9984   1610   0.9969                      1234   0.9990
    without adaptive quantisation       3684   0.9991   2938   0.9984                      1629   0.9995
    manim's: ``medium``, CRF 23         2299   0.9988   1427   0.9981    179   0.9998       677   0.9989
    ==================================  ==============  ==============  =================  ==============

    manim's takes two and a half times the processor time.
    Every segment is closed: pictures are decoded out of order inside it, never across its ends.
    """

    codec: str
    pixel_format: str
    container: str
    options: tuple[tuple[str, str], ...]
    alpha: bool = False
    is_rgb: bool = False
    # How many pictures may be decoded before one that is shown earlier.
    reordered: int = 0


def choose_profile(settings: RenderSettings) -> Profile:
    """The profile that the settings describe."""
    keyframes = str(KEYFRAME_SECONDS * settings.fps)
    alpha = settings.transparent
    codec = settings.chosen_codec
    if codec == "h264":
        crf = 25 if settings.crf is None else settings.crf
        # "stitchable" keeps the stream headers the same at every CRF, which joining relies on.
        parameters = "stitchable=1:scenecut=0:weightp=0:mbtree=0:rc-lookahead=0:b-adapt=0:subme=2:me=dia:trellis=1"
        options = {
            "preset": "veryfast",
            "crf": str(crf),
            "bf": "3",
            "g": keyframes,
            "x264-params": parameters,
        }
        return Profile("libx264", "yuv420p", "mp4", tuple(options.items()), reordered=2)
    if codec == "h265":
        crf = 23 if settings.crf is None else settings.crf
        parameters = f"bframes=0:pools=none:frame-threads=1:open-gop=0:keyint={keyframes}:log-level=none"
        options = {"preset": "superfast", "crf": str(crf), "x265-params": parameters}
        return Profile("libx265", "yuv420p", "mp4", tuple(options.items()))
    if codec == "vp9":
        crf = 28 if settings.crf is None else settings.crf
        options = {"crf": str(crf), "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "0"}
        # Hidden alternative reference frames would make the packets of a segment fewer than its frames.
        options |= {"auto-alt-ref": "0", "lag-in-frames": "0", "g": keyframes}
        return Profile(
            "libvpx-vp9", "yuva420p" if alpha else "yuv420p", "webm", tuple(options.items()), alpha
        )
    if codec == "prores":
        options = {"profile": "4444" if alpha else "hq", "vendor": "apl0"}
        if alpha:
            options["alpha_bits"] = "16"
        return Profile(
            "prores_ks", "yuva444p10le" if alpha else "yuv422p10le", "mov", tuple(options.items()), alpha
        )
    # A GIF is made in a second pass, once all its colours are known; until then the frames stay lossless.
    return Profile("qtrle", "argb", "mov", (), alpha, is_rgb=True)


class SegmentWriter(Protocol):
    """Takes the frames of one segment in order."""

    frames: int

    def write(self, picture: np.ndarray, repeat: int = 1, changed: Sequence[Box] | None = None) -> None:
        """Append ``picture`` (H, W, 4, uint8, RGBA as cairo leaves it) ``repeat`` times.

        Outside of the boxes in ``changed`` it must be the picture written before; ``None`` promises nothing.
        """

    def close(self) -> None:
        """Make the segment whole."""

    def abort(self) -> None:
        """Throw away what was written."""


def open_segment(
    path: Path,
    profile: Profile,
    settings: RenderSettings,
    *,
    held: bool = False,
    threads: int = 1,
    lane: Lane | None = None,
) -> SegmentWriter:
    """Begin a segment at ``path``: a small video, or a folder of pictures.

    ``held`` announces that it will show a single picture, all the time. With a ``lane``, it encodes there, and is to be
    closed there.
    """
    if settings.format == "png":
        return PictureFolder(path, transparent=settings.transparent)
    return SegmentEncoder(path, profile, settings, held=held, threads=threads, lane=lane)


class SegmentEncoder:
    """Encodes RGBA pictures into one small video file.

    Parameters
    ----------
    path
        The file.
    profile, settings
        How it is encoded.
    held
        The segment shows one picture; with H.264, ProRes and VP9 without alpha only that one is encoded, with H.264
        with more care, since nothing after it improves it.
    threads
        Encoder threads; 1 where every core already has a worker, 0 for all cores.
    lane
        Where pictures are encoded while the next one is drawn; without it, before :meth:`write` returns.
    """

    def __init__(
        self,
        path: Path,
        profile: Profile,
        settings: RenderSettings,
        *,
        held: bool = False,
        threads: int = 1,
        lane: Lane | None = None,
    ) -> None:
        self.path = path
        self.held = held and (
            profile.codec in ("libx264", "prores_ks") or (profile.codec == "libvpx-vp9" and not profile.alpha)
        )
        self.profile = profile
        self.frames = 0
        self._lane = lane
        self._reading: Future[None] | None = None
        self._time_base = Fraction(1, settings.fps)
        self._key_distance = KEYFRAME_SECONDS * settings.fps
        self._flushed = False
        self._reformatters: dict[tuple[int, ...], VideoReformatter] = {}
        # x264 copies what it is given, so the next picture may be written over the last one.
        self._converter = (
            FrameConverter(self._convert) if profile.codec == "libx264" and not self.held else None
        )
        self._container = av.open(str(self.path), "w", format=profile.container)
        options = dict(profile.options)
        if self.held and profile.codec == "libx264":
            options["crf"] = str(max(int(options["crf"]) - HELD_CRF_BONUS, 0))
        stream = self._container.add_stream(profile.codec, rate=settings.fps, options=options)
        stream.width, stream.height = settings.pixel_width, settings.pixel_height
        stream.pix_fmt = profile.pixel_format
        context = stream.codec_context
        context.thread_count = threads
        context.time_base = self._time_base
        if not profile.is_rgb:
            tag_bt709(context)
        self._stream = stream

    def write(self, picture: np.ndarray, repeat: int = 1, changed: Sequence[Box] | None = None) -> None:
        """Append ``picture`` (H, W, 4, uint8, RGBA as cairo leaves it) ``repeat`` times."""
        if self._lane is not None and self._reading is not None:
            # The encoder may still read what this picture is written over.
            self._lane.wait(self._reading)
        frame = self._converter.frame(picture, changed) if self._converter is not None else self._convert(picture)
        encode = self._hold if self.held and self.frames == 0 else self._encode
        first, self.frames = self.frames, self.frames + repeat
        if self._lane is not None:
            self._reading = self._lane.do(encode, frame, first, repeat)
        else:
            encode(frame, first, repeat)

    def _encode(self, frame: av.VideoFrame, first: int, repeat: int) -> None:
        for number in range(first, first + repeat):
            frame.pts, frame.time_base = number, self._time_base
            self._container.mux(self._stream.encode(frame))

    def _hold(self, frame: av.VideoFrame, first: int, repeat: int) -> None:
        """Encode one picture; the rest of the segment says that nothing changes, in a few bytes a frame."""
        frame.pts, frame.time_base = first, self._time_base
        packets = [*self._stream.encode(frame), *self._stream.encode(None)]
        self._flushed = True
        if len(packets) != 1:
            raise RuntimeError(f"{self.profile.codec} made {len(packets)} packets of one picture")
        picture = bytes(packets[0])
        again = self._repeater(picture)
        for number in range(repeat):
            since_key = number % self._key_distance
            data = again(since_key) if since_key else picture
            packet = av.Packet(data)
            packet.stream, packet.time_base = self._stream, self._time_base
            packet.pts, packet.dts = number, number - self.profile.reordered
            packet.duration = 1
            packet.is_keyframe = since_key == 0 or data is picture
            self._container.mux_one(packet)

    def _repeater(self, picture: bytes) -> Callable[[int], bytes]:
        """What shows the picture again, by the number of pictures since the key frame."""
        if self.profile.codec == "prores_ks":
            return lambda _: picture
        if self.profile.codec == "libvpx-vp9":
            return lambda _: SHOW_AGAIN_VP9
        parameters = read_parameters(self._stream.codec_context.extradata)
        if parameters is None:
            raise RuntimeError("x264 made a stream that cannot be held")
        return lambda since_key: repeat_picture(parameters, since_key)

    def _convert(self, picture: np.ndarray) -> av.VideoFrame:
        if self.profile.alpha:
            picture = straight_alpha(picture)
        source = av.VideoFrame.from_numpy_buffer(picture, "rgba")
        reformatter = self._reformatters.setdefault(picture.shape, VideoReformatter())
        # One thread: every core has a worker already.
        if self.profile.is_rgb:
            return reformatter.reformat(source, format=self.profile.pixel_format, threads=1)
        frame = reformatter.reformat(
            source,
            format=self.profile.pixel_format,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_colorspace=Colorspace.ITU709,
            threads=1,
        )
        frame.colorspace = Colorspace.ITU709
        frame.color_range = ColorRange.MPEG
        frame.color_primaries = ColorPrimaries.BT709
        frame.color_trc = ColorTrc.BT709
        return frame

    def close(self) -> None:
        """Flush the encoder and end the file."""
        if not self._flushed:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        # The converter refers to this object; what the encoder holds must not wait for the garbage collector.
        self._converter = self._stream = None

    def abort(self) -> None:
        """Throw away what was written."""
        with contextlib.suppress(Exception):
            self._container.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def tag_bt709(context: av.VideoCodecContext) -> None:
    """Say in the stream which colours its numbers mean; players guess BT.601 for small untagged video."""
    context.colorspace = Colorspace.ITU709
    context.color_range = ColorRange.MPEG
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
