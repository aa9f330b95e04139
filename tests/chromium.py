"""A headless Chromium, for tests of what a browser makes of a file. The browser is the system's (scripts/setup --dev)."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="there is no Chromium here; scripts/setup --dev installs it where apt is"
)
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_page(width: int, height: int) -> Iterator[Any]:
    """An empty page of this size."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, headless=True, args=list(_QUIET))
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


def show_video(page: Any, path: Path, seconds: float, background: str) -> np.ndarray:
    """The page (H, W, 3) with a video in its upper left corner over a background, standing at a time."""
    data = base64.b64encode(path.read_bytes()).decode()
    page.set_content(
        f'<body style="margin:0;background:{background}">'
        f'<video muted src="data:video/{path.suffix[1:]};base64,{data}"></video>'
    )
    page.evaluate(
        """seconds => new Promise((done, failed) => {
            const video = document.querySelector("video");
            video.onerror = () => failed(new Error(video.error.message));
            video.onseeked = () => requestAnimationFrame(() => requestAnimationFrame(done));
            const seek = () => { video.currentTime = seconds; };
            video.readyState ? seek() : video.onloadedmetadata = seek;
        })""",
        seconds,
    )
    return np.array(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
