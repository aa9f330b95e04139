"""A recorder that draws every frame twice: out of the one before, and from nothing."""

from __future__ import annotations

import numpy as np

from nnanim.engine.redraw import Redraw
from nnanim.engine.renderer import draw_moving


class Mended:
    """Compares pictures that were mended with pictures drawn whole, every ``every``-th frame."""

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.largest = 0
        self.worst = ""
        self.frames = self.in_part = 0
        self.pixels = 0.0

    def hold(self, scene, frames):
        self.compare(scene, Redraw(scene), None, f"held in play {scene.renderer.num_plays}")

    def animate(self, scene, times):
        redraw, last = Redraw(scene), None
        for number, t in enumerate(times):
            scene.update_to_time(t)
            if number % self.every == 0 or number == len(times) - 1:
                last = self.compare(scene, redraw, last, f"play {scene.renderer.num_plays}, {t:.3f} s")
            if scene.stop_condition is not None and scene.stop_condition():
                return number + 1
        return len(times)

    def compare(self, scene, redraw, last, where):
        picture, boxes = redraw.frame()
        mended = picture.copy()
        if boxes is not None:
            assert last is not None, "nothing to mend yet"
            outside = np.ones(mended.shape[:2], bool)
            for box in boxes:
                outside[box.top : box.bottom, box.left : box.right] = False
            assert (mended[outside] == last[outside]).all(), f"{where}: more changed than {boxes}"
            self.in_part += 1
        whole = draw_moving(scene).astype(int)
        off = int(np.abs(whole - mended).max())
        if off > self.largest:
            self.largest, self.worst = off, f"{where}, in {boxes}"
        scene.renderer.camera.pixel_array[:] = mended
        self.frames += 1
        area = sum(box.area for box in boxes) if boxes is not None else mended[..., 0].size
        self.pixels += area / mended[..., 0].size
        return mended
