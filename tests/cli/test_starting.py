"""manim starts without SciPy and NetworkX, and finds them when they are needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation as SciPys

from nnanim.cli.starting import Rotation

LENGTHS = st.one_of(st.floats(0, 2e-3), st.floats(1e-3, 20), st.just(0.0), st.just(np.pi))


@given(length=LENGTHS, direction=st.tuples(*[st.floats(-1, 1)] * 3))
def test_rotations_are_scipys(length, direction):
    vector = length * np.array(direction)
    ours, theirs = Rotation.from_rotvec(vector).as_matrix(), SciPys.from_rotvec(vector).as_matrix()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-15)
    np.testing.assert_allclose(ours @ ours.T, np.eye(3), rtol=0, atol=1e-14)


def test_what_manim_does_not_use_is_scipys():
    np.testing.assert_array_equal(Rotation.from_quat([0, 0, 0, 1]).as_matrix(), np.eye(3))
    assert Rotation.from_rotvec(np.ones((4, 3))).as_matrix().shape == (4, 3, 3)


PROGRAM = """
import sys
{load}
print(sorted({{"scipy", "networkx"}} & set(sys.modules)))
from manim import Graph, Square, PI
square = Square().rotate(PI / 3)
graph = Graph([1, 2, 3], [(1, 2), (2, 3)], layout="spring", layout_config={{"seed": 1}})
import networkx, scipy.spatial.transform
assert networkx.Graph and scipy.spatial.transform.Rotation.from_quat
print(square.points.round(12).tolist(), [graph[n].get_center().tolist() for n in (1, 2, 3)])
"""


def test_scenes_get_what_they_ask_for():
    def told(load: str) -> list[str]:
        command = [sys.executable, "-c", PROGRAM.format(load=load)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    early, shapes = told("from nnanim.cli.starting import load_manim; load_manim()")
    assert early == "[]", "they are waited for"
    assert [early, shapes] != told("import manim") == [told("import manim")[0], shapes]
