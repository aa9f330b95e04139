"""How the tests of the command line call it, and one finished render that several of them look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nnanim.cli import main

TINY = Path(__file__).parent.parent / "tiny_course"


@dataclass(frozen=True)
class Ran:
    """What a command left behind: exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def path(self) -> Path:
        """The last line, which is a path."""
        return Path(self.out.splitlines()[-1])


Run = Callable[..., Ran]


@pytest.fixture
def nnanim(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), out, err)

    return run


@pytest.fixture
def tiny(nnanim: Run) -> Run:
    """As ``nnanim``, with the tiny course: ``tiny("render", "tiny-lesson")``."""
    return lambda command, *arguments: nnanim(command, "--course", TINY, *arguments)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished render of the tiny lesson, with 0.75 doubled."""
    folder = tmp_path_factory.mktemp("rendered")
    with pytest.raises(SystemExit) as ended:
        main(["render", "tiny-lesson", "--course", str(TINY), "--set", "number=0.75", "--quality", "draft", "--quiet", "--out", str(folder)])
    assert ended.value.code == 0
    return next((folder / "tiny-lesson").iterdir())
