"""What a simulation's recording depends on: its own source and what it imports, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nnanim import dependencies
from nnanim.course import built_in_course, load_course
from nnanim.dependencies import sources_of

FILE = '''
"""A chapter."""
from helper import double
from nnanim.visuals.page.text import TextLine

FACTOR = 3
UNUSED = 4


def scaled(x):
    """Says what it does."""
    return x * FACTOR  # by so much


class Lesson:
    class Params:
        def half(self):
            return 0.5

    @staticmethod
    def simulate(p, report):
        return double(scaled(p.half()))

    def construct(self):
        return UNUSED, TextLine
'''
HELPER = "def double(x):\n    return 2 * x\n"


def parts(folder: Path, file: str = FILE, helper: str = HELPER) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "helper.py").write_text(helper)
    path = folder / "lesson.py"
    path.write_text(file)
    sys.path.insert(0, str(folder))
    sys.modules.pop("helper", None)
    dependencies._read.cache_clear()
    try:
        spec = importlib.util.spec_from_file_location("lesson_of_a_test", path)
        assert spec and spec.loader
        module: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return sources_of(module.Lesson.simulate)


@pytest.mark.parametrize(
    ("old", "new", "matters"),
    [
        ("by so much", "by that much", False),
        ("Says what it does.", "Says nothing.", False),
        ("UNUSED = 4", "UNUSED = 5", False),
        ("return UNUSED, TextLine", "return TextLine", False),
        ("import TextLine", "import Paragraph as TextLine", False),
        ("FACTOR = 3", "FACTOR = 4", True),
        ("return x * FACTOR", "return x + FACTOR", True),
        ("return 0.5", "return 0.25", True),
        ("double(scaled(p.half()))", "double(p.half())", True),
    ],
)
def test_an_edit_counts_where_it_changes_what_is_computed(tmp_path, old, new, matters):
    assert old in FILE
    before, after = parts(tmp_path / "a"), parts(tmp_path / "a", FILE.replace(old, new))
    assert (before != after) is matters


def test_a_module_beside_the_chapter_counts(tmp_path):
    assert parts(tmp_path / "a") != parts(tmp_path / "a", helper=HELPER.replace("2 * x", "3 * x"))


def test_a_table_of_the_chapters_name_counts(tmp_path):
    before = parts(tmp_path / "a")
    (tmp_path / "a" / "lesson.toml").write_text("x = 1\n")
    assert parts(tmp_path / "a") != before


@pytest.mark.parametrize("module", ["attention", "gradients", "landscape", "mlp", "generation"])
def test_touching_one_simulation_leaves_the_recordings_of_the_others(module):
    """Which chapters depend on a module is what Python itself loads for their simulation."""
    course = load_course()
    for name in course:
        used = sources_of(course.chapter(name).simulate)
        text = (built_in_course() / f"{name.replace('-', '_')}.py").read_text()
        direct = f"import {module}" in text or f", {module}" in text or f"        {module},\n" in text
        if direct and f"sim/{module}.py" not in used:
            raise AssertionError(f"{name} imports {module}, and its recording does not depend on it")
    users = [name for name in course if f"sim/{module}.py" in sources_of(course.chapter(name).simulate)]
    assert len(users) < len(list(course))


def test_every_loaded_simulation_is_among_the_sources(tmp_path):
    """A second derivation: run a simulation in a fresh process and ask Python which modules it loaded."""
    import subprocess

    program = (
        "import sys; from nnanim.course import load_course; c = load_course().chapter('forward-propagation'); "
        "before = set(sys.modules); c.simulate(c.Params.defaults(), lambda share, what: None); "
        "print(*sorted(m for m in sys.modules if m.startswith('nnanim.sim')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {module.replace("nnanim.", "").replace(".", "/") for module in done.stdout.split()}
    used = {name.removesuffix(".py").removesuffix("/__init__") for name in sources_of(load_course().chapter("forward-propagation").simulate)}
    assert loaded - {"sim/repeated"} <= used  # it repeats whatever simulation: recordings know it by its ROUNDING


def test_data_that_simulations_read_counts_only_for_those_that_read_it():
    from nnanim.sim import activations, training_loop

    course = load_course()
    assert not any("shipped" in name for name in sources_of(course.chapter("qkv-attention").simulate))
    for reads in (activations.record, training_loop.record):
        assert {"sim/shipped/digits.npz", "sim/shipped/iris.npz"} <= sources_of(reads).keys()
