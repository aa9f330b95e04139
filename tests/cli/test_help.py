"""Help and completion: at once, without manim or torch."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nnanim.cli import COMMANDS

TINY = Path(__file__).parent.parent / "tiny_course"
COMMAND = str(Path(sys.executable).with_name("nnanim"))
HEAVY = ("manim", "torch", "numpy", "scipy", "av", "pydantic")
PROBE = """
import sys
from nnanim.cli import main
try:
    main({arguments!r})
finally:
    print("LOADED", *[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


def loaded(*arguments: str, **environment: str) -> tuple[str, list[str]]:
    """What a call prints, and which of the heavy modules it imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=list(arguments), heavy=HEAVY)],
        capture_output=True, text=True, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.split("LOADED", 1)[1].split()


@pytest.mark.parametrize("arguments", [(), ("render",), ("numbers",), ("still",), ("params",)])
def test_help_imports_nothing_heavy(arguments):
    text, heavy = loaded(*arguments, "--help")
    assert heavy == []
    assert "Usage: nnanim" in text
    if not arguments:
        assert all(f" {command} " in text for command in COMMANDS)


def test_help_answers_in_under_half_a_second():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([COMMAND, "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, since somebody else may be using the machine.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_help_of_render_says_what_the_issue_asks_for():
    text, _ = loaded("render", "--help", COLUMNS="200")
    for option in ("--all", "--set", "--params", "--quality", "--fps", "--format", "--transparent", "--theme", "--aspect",
                   "--captions", "--out", "--course", "--quiet"):  # fmt: skip
        assert option in text
    for choice in ("draft|720p|1080p|4k", "mp4|webm|mov|gif|png", "dark|light", "16:9|4:3|1:1|9:16", "burned|track|both|none"):
        assert choice in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(shell):
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("no bash here")
    text, heavy = loaded(_NNANIM_COMPLETE=f"{shell}_source")
    assert "_NNANIM_COMPLETE=" in text
    assert f"{shell}_complete" in text
    assert heavy == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nnanim re", {"render", "recipe"}),
        ("nnanim render forw", {"forward-propagation"}),
        ("nnanim numbers forward-p", {"forward-propagation"}),
        (f"nnanim still --course {shlex.quote(str(TINY))} ti", {"tiny-lesson"}),
        ("nnanim render --quality 7", {"720p"}),
        ("nnanim render --course /nowhere x", set()),
    ],
)
def test_completion_knows_commands_chapters_and_choices(words, expected):
    text, heavy = loaded(
        _NNANIM_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(shlex.split(words)) - 1)
    )
    assert {line.split(",")[1] for line in text.split()} == expected
    assert not {"manim", "torch"} & set(heavy), "a chapter's name is not worth two seconds"


def test_the_render_script_is_the_same_program():
    script = Path(__file__).parent.parent.parent / "scripts" / "render.py"
    texts = {
        subprocess.run([*call, "--help"], capture_output=True, text=True, check=True).stdout
        for call in ([sys.executable, str(script)], [COMMAND])
    }
    assert len(texts) == 1
