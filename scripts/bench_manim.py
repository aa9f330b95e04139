"""manim's own command for scripts/bench.py, with the one change without which it draws no images under Pillow 13."""

import sys

import manim.camera.camera
from manim.__main__ import main
from PIL import Image


class _ForgivingImage:
    """PIL.Image as manim 0.22 expects it: it makes an empty RGBA picture from float zeros."""

    def __getattr__(self, name):
        return getattr(Image, name)

    @staticmethod
    def fromarray(array, mode=None):
        """As Pillow did it until version 12."""
        if mode == "RGBA" and array.ndim == 2:
            return Image.new("RGBA", array.shape[::-1])
        return Image.fromarray(array) if mode == "RGBA" else Image.fromarray(array, mode)


if __name__ == "__main__":
    manim.camera.camera.Image = _ForgivingImage()
    main(sys.argv[1:], prog_name="manim")
