"""Converting the part that changed gives what converting everything gives."""

import av
import numpy as np
import pytest

from nnanim.engine import RenderSettings
from nnanim.engine.boxes import Box
from nnanim.engine.convert import FrameConverter
from nnanim.engine.encode import SegmentEncoder, choose_profile


@pytest.fixture
def convert(tmp_path):
    """The conversion of whole pictures that an encoder uses."""
    settings = RenderSettings(64, 64, 10)
    encoder = SegmentEncoder(tmp_path / "segment.mp4", choose_profile(settings), settings)
    yield encoder._convert
    encoder.abort()


def random_box(numbers, height, width):
    """Mostly small, often at an edge: single pixels there are where a filter could reach across."""
    top, left = int(numbers.integers(0, height)), int(numbers.integers(0, width))
    high, wide = int(numbers.integers(1, height // 3 + 2)), int(numbers.integers(1, width // 3 + 2))
    if numbers.random() < 0.4:
        high = wide = 1
    if numbers.random() < 0.4:
        top, left = (0, 0) if numbers.random() < 0.5 else (height - high, width - wide)
    return Box(max(top, 0), min(top + high, height), max(left, 0), min(left + wide, width))


@pytest.mark.parametrize(
    ("height", "width"), [(1080, 640), (480, 854), (402, 98), (146, 32), (40, 1034), (34, 30), (270, 480)]
)
def test_every_byte_is_as_if_converted_whole(height, width, convert):
    numbers = np.random.default_rng(height)
    converter = FrameConverter(convert)
    picture = numbers.integers(0, 256, (height, width, 4), np.uint8)
    for step in range(40):
        boxes = None if step % 13 == 0 else [random_box(numbers, height, width) for _ in range(step % 4)]
        for box in [Box(0, height, 0, width)] if boxes is None else boxes:
            part = slice(box.top, box.bottom), slice(box.left, box.right)
            picture[part] = numbers.integers(0, 256, picture[part].shape, np.uint8)
        ours = converter.frame(picture, boxes).to_ndarray()
        assert ours.tobytes() == convert(picture).to_ndarray().tobytes()


def test_only_what_changed_is_converted(convert):
    converted = []

    def counting(picture):
        converted.append(picture.shape[0] * picture.shape[1])
        return convert(picture)

    converter = FrameConverter(counting)
    picture = np.zeros((1080, 1920, 4), np.uint8)
    first = converter.frame(picture)
    assert converter.frame(picture, ()) is first
    picture[500:510, 700:800] = 255
    assert converter.frame(picture, [Box(500, 510, 700, 800)]) is first
    assert converted[0] == 1080 * 1920
    assert 0 < sum(converted[1:]) < 0.05 * 1080 * 1920


def test_an_encoder_may_keep_a_frame_that_is_written_over(tmp_path):
    """x264 must have copied a picture before the next one takes its place."""
    settings = RenderSettings(320, 288, 10, crf=1)
    encoder = SegmentEncoder(tmp_path / "segment.mp4", choose_profile(settings), settings)
    picture = np.zeros((288, 320, 4), np.uint8)
    picture[..., 3] = 255
    for number in range(12):
        picture[8 * number : 8 * number + 8, :, :3] = 20 * number
        encoder.write(picture, changed=[Box(8 * number, 8 * number + 8, 0, 320)] if number else None)
    encoder.close()
    with av.open(str(tmp_path / "segment.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    assert len(frames) == 12
    for number, frame in enumerate(frames):
        assert frame[8 * number + 1 : 8 * number + 7].mean() == pytest.approx(20 * number, abs=4)
        assert frame[8 * number + 10 :].max() < 6
