"""A picture written without an encoder decodes to the picture before it."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from nnanim.engine.stillness import BitReader, BitWriter, read_parameters, repeat_picture


def encoder(width, height, **options):
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), 30
    context.options = {"preset": "veryfast", "bf": "0", **options}
    context.flags |= 1 << 22  # headers in the extradata, as for MP4
    context.open()
    return context


def noise(width, height, seed):
    blocks = np.random.default_rng(seed).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    picture = np.kron(blocks, np.ones((8, 8, 1), np.uint8))[:height, :width]
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24").reformat(format="yuv420p")


@pytest.mark.parametrize("size", [(64, 48), (192, 108), (854, 480)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"x264-params": "stitchable=1"},
        {"x264-params": "cabac=0"},
        {"refs": "3"},
        {"x264-params": "weightp=0"},
        {"bf": "1"},
        {"bf": "3", "x264-params": "stitchable=1:b-adapt=0"},
        {"bf": "3", "g": "600", "refs": "4"},
    ],
    ids=str,
)
def test_repeated_picture_decodes_to_the_one_before(size, options):
    context = encoder(*size, **options)
    parameters = read_parameters(context.extradata)
    frame = noise(*size, seed=1)
    frame.pts = 0
    key = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    repeats = [repeat_picture(parameters, number) for number in range(1, 40)]
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = context.extradata
    shown = [f for data in [key, *repeats, key, *repeats] for f in decoder.decode(av.Packet(data))]
    shown += decoder.decode(None)
    assert len(shown) == 80
    first = shown[0].to_ndarray()
    assert np.ptp(first) > 100
    assert all(np.array_equal(frame.to_ndarray(), first) for frame in shown)


def test_a_hold_may_be_longer_than_its_pictures_numbers_count():
    context = encoder(64, 48, bf="3", g="30")
    parameters = read_parameters(context.extradata)
    frame = noise(64, 48, seed=2)
    frame.pts = 0
    key = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    count = 5 << max(parameters.frame_num_bits, parameters.order_bits)
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = context.extradata
    repeats = (repeat_picture(parameters, number) for number in range(1, count))
    shown = [f.to_ndarray() for data in (key, *repeats) for f in decoder.decode(av.Packet(data))]
    shown += [f.to_ndarray() for f in decoder.decode(None)]
    assert len(shown) == count
    assert all(np.array_equal(picture, shown[0]) for picture in shown)


def test_interlaced_streams_are_left_alone():
    assert read_parameters(encoder(64, 48, **{"x264-params": "interlaced=1"}).extradata) is None


def test_numbers_survive_the_bit_codes():
    writer = BitWriter()
    for number in range(200):
        writer.ue(number)
    writer.u(0, -len(writer.bits) % 8)
    reader = BitReader(writer.bytes())
    assert [reader.ue() for _ in range(200)] == list(range(200))
