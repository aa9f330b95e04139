"""What a machine may lack without costing a render: a home that can be written to, UTF-8, and for defaults torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnanim.recordings import cache_folder, recorded, writable_cache
from nnanim.trace import Trace

TESTS = Path(__file__).parent.parent
TINY = ("tiny-lesson", "--course", str(TESTS / "tiny_course"))
WITHOUT_TORCH = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""
"""As if it were not installed. (``sys.modules["torch"] = None`` is not the same: scipy looks into what stands there.)"""
NOT_NNANIM = ("NNANIM_CACHE", "NNANIM_DATA", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "PYTHONIOENCODING")


def run(folder: Path, *arguments: str, first: str = "", unset: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, in ``folder``; ``first`` is run before anything is imported."""
    program = f"{first}\nfrom nnanim.cli import main\nmain()"
    inherited = {name: value for name, value in os.environ.items() if name not in (*NOT_NNANIM, *unset)}
    inherited["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), inherited.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=folder, env={**inherited, **variables}, capture_output=True, timeout=300
    )


def one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == b""
    message = done.stderr.decode()
    assert len(message.splitlines()) == 1, message
    return message


SURROUNDINGS = {
    "output that is not UTF-8": {"PYTHONIOENCODING": "ascii"},
    "the C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a home that cannot be written to": {"HOME": "/proc"},
    "a home that is a file": {"HOME": __file__},
    "a cache that cannot be written to": {"XDG_CACHE_HOME": f"{__file__}/cache"},
    "a chosen cache that cannot be written to": {"NNANIM_CACHE": f"{__file__}/cache"},
}


@pytest.mark.parametrize("what", SURROUNDINGS)
def test_a_render_goes_on_with(tmp_path, what):
    """Each with its progress bar, and with a value that ASCII lacks."""
    done = run(tmp_path, "render", *TINY, "--set", "number=0.75", "--quality", "draft", "--out", "é", **SURROUNDINGS[what])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 1
    videos = list(tmp_path.rglob("video.mp4"))
    assert len(videos) == 1
    assert videos[0].stat().st_size > 1000
    assert not list(tmp_path.rglob("*.unfinished*"))


def test_a_render_goes_on_without_home(tmp_path):
    done = run(tmp_path, "render", *TINY, "--quality", "draft", "--out", "out", unset=("HOME",), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("video.mp4"))


@pytest.mark.parametrize("arguments", [("list",), ("params", "forward-propagation"), ("numbers", *TINY), ("models",), ("render", "--help"), ("cache",)])
def test_every_command_speaks_ascii_where_it_must(tmp_path, arguments):
    done = run(tmp_path, *arguments, PYTHONIOENCODING="ascii", NNANIM_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert len(done.stdout.decode().split()) > 3


def test_an_error_is_one_line_in_ascii_too(tmp_path):
    message = one_line(run(tmp_path, "numbers", "forward-propagation", "--set", "gain=é≥1", PYTHONIOENCODING="ascii"))
    assert "gain must be a number" in message


def test_a_recording_that_may_not_be_read_is_made_again(tmp_path, monkeypatch):
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_file", refuse)
    assert recorded(tmp_path / "a.npz", lambda: Trace({"x": [1.0]}))["x"].tolist() == [1.0]


def test_where_nothing_can_be_kept_nothing_is(tmp_path, monkeypatch):
    monkeypatch.setenv("NNANIM_CACHE", str(tmp_path))
    assert writable_cache("segments") == cache_folder("segments") == tmp_path / "segments"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNANIM_CACHE", str(tmp_path / "file"))
    assert writable_cache("segments") is None


# Without torch ------------------------------------------------------------------------------------------

OTHER_PARAMETERS = {
    "activations": "seed=3",
    "forward-propagation": "seed=3",
    "gradient-descent": "learning_rate=0.07",
    "vanishing-gradients": "depth=4",
    "qkv-attention": "layer=3",
    "autoregressive-generation": "seed=3",
}


@pytest.mark.parametrize("name", OTHER_PARAMETERS)
def test_other_parameters_name_torch_where_it_is_missing(tmp_path, name):
    for command in (("numbers",), ("render", "--quality", "draft", "--quiet")):
        done = run(tmp_path, command[0], name, *command[1:], "--set", OTHER_PARAMETERS[name], first=WITHOUT_TORCH, NNANIM_CACHE=str(tmp_path / "cache"))
        assert one_line(done) == f"nnanim: {name}: this needs torch, which is not installed (pip install torch)\n"


def test_a_weights_file_names_torch_where_it_is_missing(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"")
    done = run(tmp_path, "numbers", "forward-propagation", "--set", "weights=w.pt", first=WITHOUT_TORCH)
    assert one_line(done) == "nnanim: forward-propagation: this needs torch, which is not installed (pip install torch)\n"


def test_a_chapter_renders_at_its_defaults_without_torch(tmp_path):
    done = run(
        tmp_path, "render", "forward-propagation", "--quality", "draft", "--fps", "2", "--quiet", "--out", "out",
        first=WITHOUT_TORCH, NNANIM_CACHE=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("video.mp4"))


def test_a_module_of_the_lecturers_own_is_not_taken_for_a_library(tmp_path):
    (tmp_path / "course.toml").write_text('title = "Mine"\n[[part]]\ntitle = "One"\nchapters = ["tiny-lesson"]\n')
    source = (TESTS / "tiny_course" / "tiny_lesson.py").read_text(encoding="utf-8")
    (tmp_path / "tiny_lesson.py").write_text(source.replace("number = np.float32(p.number)", "import no_such_module"), encoding="utf-8")
    message = one_line(run(tmp_path, "numbers", "tiny-lesson", "--course", str(tmp_path)))
    assert "tiny_lesson.py:" in message
    assert "no_such_module" in message
