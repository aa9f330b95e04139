"""Keeps manim's files of text whole where several processes make them at once.
A drawing appears under its name when it is finished, and what need not be a file is none."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from manim import SVGMobject, config
from manim.constants import RIGHT
from manim.mobject.svg import svg_mobject
from manim.mobject.text import tex_mobject, text_mobject, typst_mobject


def generate_mobject(self: SVGMobject) -> SVGMobject:
    """What ``SVGMobject.generate_mobject`` does, without a file for the drawing as manim changes it."""
    tree = self.modify_xml_tree(svg_mobject.ET.parse(self.get_file_path()))
    changed = io.BytesIO()
    tree.write(changed)
    changed.seek(0)
    parts, self.id_to_vgroup_dict = self.get_mobjects_from(svg_mobject.se.SVG.parse(changed))
    self.add(*parts)
    self.flip(RIGHT)  # an SVG's y points down
    return self


def written_aside(write: Callable[..., Any], place: int) -> Callable[..., str]:
    """A function that writes a file, whose name is its argument number ``place``, under another name first."""

    def write_aside(*arguments: Any, **named: Any) -> str:
        path = Path(arguments[place])
        aside = path.with_name(f"{path.stem}.{os.getpid()}{path.suffix}")
        try:
            write(*arguments[:place], str(aside), *arguments[place + 1 :], **named)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        return str(path)

    return write_aside


def changed_aside(change: Callable[[str], Any]) -> Callable[[str], None]:
    """A function that changes a file where it lies, done to a copy that takes the file's place."""

    def change_aside(name: str) -> None:
        path = Path(name)
        aside = path.with_name(f"{path.stem}.{os.getpid()}{path.suffix}")
        before = path.read_bytes()
        try:
            aside.write_bytes(before)
            change(str(aside))
            if aside.read_bytes() != before:
                aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)

    return change_aside


def one_at_a_time(make: Callable[..., Path]) -> Callable[..., Path]:
    """A function that makes files in manim's folder of formulas, of which one process at a time works there."""

    def make_alone(*arguments: Any, **named: Any) -> Path:
        folder = str(Path(str(config.get_dir("tex_dir"))).absolute())
        name = f"nnanim-{os.getuid()}-{hashlib.sha256(folder.encode()).hexdigest()[:16]}.lock"
        # Not in the folder itself, which manim tidies up.
        with (Path(tempfile.gettempdir()) / name).open("a") as lock:
            with suppress(OSError):  # where a file system knows no locks, one process at a time is a hope
                fcntl.flock(lock, fcntl.LOCK_EX)
            return make(*arguments, **named)

    return make_alone


@contextmanager
def whole_text_files() -> Iterator[None]:
    """While it lasts, several processes may make the same texts and formulas at once."""
    manimpango = text_mobject.manimpango
    markup, pango = text_mobject.MarkupUtils, text_mobject.PangoUtils
    patches = [
        (SVGMobject, "generate_mobject", generate_mobject),
        (manimpango, "text2svg", written_aside(manimpango.text2svg, 4)),
        (markup, "text2svg", staticmethod(written_aside(markup.text2svg, 7))),
        (pango, "remove_last_M", staticmethod(changed_aside(pango.remove_last_M))),
        (tex_mobject, "tex_to_svg_file", one_at_a_time(tex_mobject.tex_to_svg_file)),
        (typst_mobject, "typst_to_svg_file", one_at_a_time(typst_mobject.typst_to_svg_file)),
    ]
    before = [(owner, name, vars(owner)[name]) for owner, name, _ in patches]
    for owner, name, whole in patches:
        setattr(owner, name, whole)
    try:
        yield
    finally:
        for owner, name, original in before:
            setattr(owner, name, original)
