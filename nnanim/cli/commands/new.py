"""``nnanim new``: the skeleton of a chapter, in a course of one's own."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import rich_click as click

from nnanim.cli.options import WrongInput, one_line_errors

SKELETON_CLASS = "AgainAndAgain"
TABLE = 'title = "My lecture"\n\n[[part]]\ntitle = "Beginnings"\nchapters = ["{name}"]\n'


@click.command("new")
@click.argument("name")
@click.option(
    "--course", "folder", type=click.Path(path_type=Path), default=Path("my-lecture"), metavar="DIR", show_default=True,
    help="Folder of the course; it is made when it is not there.",
)  # fmt: skip
def command(name: str, folder: Path) -> None:
    """Write the skeleton of a chapter NAME that renders and passes the audit, to be changed into your own.

    Prints the path of its file.
    """
    slug = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+", "-", name).lower().strip("-")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        raise WrongInput(f"new: a chapter's name has letters, digits and dashes and begins with a letter, got {name!r} (try my-chapter)")
    file, table = folder / f"{slug.replace('-', '_')}.py", folder / "course.toml"
    if file.exists():
        raise WrongInput(f"new: {file} is there already (choose another name)")
    if table.exists():
        from nnanim.syllabus import read_syllabus

        with one_line_errors():
            listed = slug in list(read_syllabus(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not table.exists():
            table.write_text(TABLE.format(name=slug), encoding="utf-8")
            listed = True
        file.write_text(skeleton(slug), encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"--course {folder}: cannot be written to: {error.strerror} (choose another folder)") from None
    click.echo(file)
    if not listed:
        click.echo(f'nnanim: add "{slug}" to the chapters of a part in {table}', err=True)
    click.echo(f"nnanim: try nnanim render {slug} --course {folder}", err=True)


def skeleton(slug: str) -> str:
    """The text of a chapter's skeleton."""
    text = resources.files("nnanim.cli").joinpath("skeleton.txt").read_text(encoding="utf-8")
    return text.replace(SKELETON_CLASS, "".join(word.capitalize() for word in slug.split("-")))
