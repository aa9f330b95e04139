"""The model's box: as large as its region, with a bar for each layer where there is room for them."""

from __future__ import annotations

import numpy as np
import pytest

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.text import texts_in
from nnanim.visuals.tokens.model_box import ModelBox

NAME, NOTE = Label("SmolLM2-135M"), Label("4-bit quantised weights")


@pytest.mark.parametrize("layers", [1, 12, 30])
def test_layers_stand_one_above_the_other_inside(layers):
    region = Region(-6.0, -3.4, -3.0, 2.0)
    box = ModelBox(NAME, NOTE, region, Quantity(layers, "layer_count", 0))
    assert box.layers.n_parts == layers
    bars = box.layers.parts()
    assert (bars.reshape(-1, 3)[:, :2] > (region.left, region.bottom)).all()
    assert (bars.reshape(-1, 3)[:, :2] < (region.right, region.top)).all()
    assert (np.diff(bars.mean(axis=1)[:, 1]) > 0).all()
    assert [text.string for text in texts_in([box])] == [NAME, NOTE, f"{layers} layer" + "s" * (layers > 1)]
    assert box.rim.width == pytest.approx(region.width)
    assert all(text.width < region.width for text in texts_in([box]))


def test_without_a_count_it_is_one_line():
    box = ModelBox(NAME, NOTE, Region(-4.0, 4.0, -0.3, 0.3))
    assert box.layers.n_parts == 0
    assert [text.string for text in texts_in([box])] == [f"{NAME} · {NOTE}"]
