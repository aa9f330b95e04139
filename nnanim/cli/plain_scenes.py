"""The plain manim scenes of a file, for the audit."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nnanim.cli.options import WrongInput


def find_scenes(file: Path, names: Sequence[str]) -> list[type]:
    """Import a file and find its scenes.

    Raises
    ------
    WrongInput
        When the file cannot be imported (with its line), has no scenes, or none of a name (with the nearest).
    """
    from manim import Scene

    from nnanim.course import failing_line

    if not file.is_file():
        raise WrongInput(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever somebody's file may raise is reported with its line
        raise WrongInput(f"{file}:{failing_line(error, file)}: {type(error).__name__}: {error}") from error
    found = {
        name: member
        for name, member in vars(module).items()
        if inspect.isclass(member) and issubclass(member, Scene) and member.__module__ == file.stem
    }
    for name in names:
        if name not in found:
            near = get_close_matches(name, found, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(found) or 'none'}"
            raise WrongInput(f"{file} has no scene {name!r}; {hint}")
    if not found:
        raise WrongInput(f"{file} has no manim scene")
    return [found[name] for name in names] if names else list(found.values())
