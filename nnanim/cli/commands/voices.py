"""``nnanim voices``: which voices are known and installed; install or remove one; what a speaker of one's own has to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from nnanim.cli.installing import Shelf, megabytes, state
from nnanim.cli.options import parameter_options, prepare, read_request


def overview() -> list[str]:
    """Two lines for each voice that can be installed, and one on other ways to speak."""
    from nnanim import voices

    lines = []
    for voice in voices.known_voices().values():
        lines.append(f"{voice.name:<10}{voice.title} · {voice.note} · {megabytes(voice.wheel_bytes)} to download · {voice.licence}")
        lines.append(f"{'':<10}{state(voice)}")
    lines.append(f"{'yours':<10}--voice DIR takes recordings of your own: nnanim voices script CHAPTER says what to read")
    return lines


def _known(name: str) -> Any:
    from nnanim import voices

    return voices.known_voice(name)


def _install(*arguments: Any) -> Path:
    from nnanim import voices

    return voices.install(*arguments)


def _remove(voice: Any) -> list[Path]:
    from nnanim import voices

    return voices.remove(voice)


command = Shelf(
    command="voices",
    plural="voices",
    what="it",
    default="joe",
    overview=overview,
    known=_known,
    install=_install,
    remove=_remove,
).group()


@command.command("script")
@click.argument("name", metavar="CHAPTER")
@parameter_options
def script(name: str, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None) -> None:
    """Print what a speaker has to read for a chapter: a line for each sentence, with the name of its recording."""
    from nnanim.lecture.voice import recording_name, sentences_of

    production = prepare(name, course_folder, assignments, read_request(params_file), {})
    for number, sentence in enumerate(sentences_of(production.rehearse()), 1):
        click.echo(f"{recording_name(number)}\t{sentence.text}")
