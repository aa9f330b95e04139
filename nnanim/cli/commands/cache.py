"""``nnanim cache``: what is kept so that nothing is drawn or computed twice."""

from __future__ import annotations

import rich_click as click


@click.command("cache")
@click.option("--clear", is_flag=True, help="Remove everything.")
def command(clear: bool) -> None:
    """What is kept so that nothing is drawn or computed twice: segments of video, and traces of costly simulations."""
    from nnanim.engine.cache import cache_info, clear_cache
    from nnanim.recordings import cache_folder

    for kind in ("segments", "traces"):
        folder = cache_folder(kind)
        if kind == "segments":
            size = cache_info(folder).bytes
            count = cache_info(folder).segments
        else:
            files = [file for file in folder.glob("*.npz") if file.is_file()]
            count, size = len(files), sum(file.stat().st_size for file in files)
        if clear:
            clear_cache(folder)
            for file in folder.glob("*.npz"):
                file.unlink(missing_ok=True)
        click.echo(f"{kind:<9} {count:>6}  {size / 1e6:9.1f} MB  {'removed from ' if clear else ''}{folder}")
