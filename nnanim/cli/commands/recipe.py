"""``nnanim recipe``: the recipe inside a rendered video."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from nnanim.cli.options import WrongInput


@click.command("recipe")
@click.argument("video", type=click.Path(path_type=Path))
def command(video: Path) -> None:
    """Print the recipe inside a video: nnanim render --params <(nnanim recipe video.mp4) makes it again."""
    from nnanim.engine import EngineError, read_metadata

    if not video.is_file():
        raise WrongInput(f"there is no file {video}")
    try:
        recipe = read_metadata(video).get("comment", "")
    except EngineError as error:
        raise WrongInput(str(error)) from None
    if "chapter = " not in recipe:
        raise WrongInput(f"{video} holds no recipe (GIF and PNG cannot: look for recipe.toml beside it)")
    click.echo(recipe, nl=False)
