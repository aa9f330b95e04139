"""Frames to files, for any manim scene: parallel, cached, with the same pictures as manim's own renderer.
It knows nothing of neural networks and imports nothing of this package outside its own folder."""

from .cache import CacheInfo, cache_info, clear_cache
from .errors import EngineError
from .mux import read_metadata
from .pictures import write_still
from .render import render
from .renderer import snapshot
from .session import rehearse
from .settings import Annotations, Rendered, RenderSettings
from .sound import Sound

__all__ = [
    "Annotations",
    "CacheInfo",
    "EngineError",
    "RenderSettings",
    "Rendered",
    "Sound",
    "cache_info",
    "clear_cache",
    "read_metadata",
    "rehearse",
    "render",
    "snapshot",
    "write_still",
]
