"""``nnanim list``: the chapters of the course."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from nnanim.cli.options import WrongInput, course_option, one_line_errors


@click.command("list")
@course_option
def command(course_folder: Path | None) -> None:
    """The chapters of the course, in the order in which they are taught."""
    from nnanim.course import CourseError, load_course

    broken: list[str] = []
    with one_line_errors():
        course = load_course(course_folder)
    width = max((len(name) for name in course), default=0)
    click.secho(course.title, bold=True)
    for part in course.parts:
        click.echo(f"\n{part.title}")
        for name in part.chapters:
            try:
                click.echo(f"  {name:<{width}}  {course.chapter(name).summary()}")
            except CourseError as error:
                broken.append(str(error))
                click.echo(f"  {name:<{width}}  cannot be loaded: {error}")
    if broken:
        raise WrongInput(f"{len(broken)} of {len(list(course))} chapters cannot be loaded: {broken[0]}")
