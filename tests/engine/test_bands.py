"""Converting the rows that changed gives what converting everything gives."""

import av
import numpy as np
import pytest

from nnanim.engine import RenderSettings
from nnanim.engine.bands import BAND_ROWS, BandConverter
from nnanim.engine.encode import SegmentEncoder, choose_profile


@pytest.fixture
def convert(tmp_path):
    """The conversion of whole pictures that an encoder uses."""
    settings = RenderSettings(64, 64, 10)
    encoder = SegmentEncoder(tmp_path / "segment.mp4", choose_profile(settings), settings)
    yield encoder._convert
    encoder.abort()


@pytest.mark.parametrize(("height", "width"), [(1080, 64), (480, 854), (402, 96), (146, 32), (40, 32)])
def test_every_byte_is_as_if_converted_whole(height, width, convert):
    numbers = np.random.default_rng(height)
    bands = BandConverter(convert)
    picture = numbers.integers(0, 256, (height, width, 4), np.uint8)
    for step in range(30):
        middle = int(numbers.integers(0, height))
        # Single rows at the edges of bands are where a filter could reach across.
        rows = slice(middle, middle + 1) if step % 2 else slice(middle // BAND_ROWS * BAND_ROWS - 1, middle)
        if 10 <= step < 14:
            # So much that watching rests for a while, and has to find its way back.
            rows = slice(0, height)
        picture[rows] = numbers.integers(0, 256, picture[rows].shape, np.uint8)
        assert bands.frame(picture).to_ndarray().tobytes() == convert(picture).to_ndarray().tobytes()


def test_only_the_changed_rows_are_converted(convert):
    converted = []

    def counting(rows):
        converted.append(len(rows))
        return convert(rows)

    bands = BandConverter(counting)
    picture = np.zeros((1080, 32, 4), np.uint8)
    first = bands.frame(picture)
    bands.frame(picture)
    picture[500:510] = 255
    assert bands.frame(picture) is first
    assert converted[0] == 1080 and 0 < sum(converted[1:]) < 200


def test_an_encoder_may_keep_a_frame_that_is_written_over(tmp_path):
    """x264 must have copied a picture before the next one takes its place."""
    settings = RenderSettings(320, 288, 10, crf=1)
    encoder = SegmentEncoder(tmp_path / "segment.mp4", choose_profile(settings), settings)
    picture = np.zeros((288, 320, 4), np.uint8)
    picture[..., 3] = 255
    for number in range(12):
        picture[8 * number : 8 * number + 8, :, :3] = 20 * number
        encoder.write(picture)
    encoder.close()
    with av.open(str(tmp_path / "segment.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    assert len(frames) == 12
    for number, frame in enumerate(frames):
        assert frame[8 * number + 1 : 8 * number + 7].mean() == pytest.approx(20 * number, abs=4)
        assert frame[8 * number + 10 :].max() < 6
