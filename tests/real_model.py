"""The real language model, for the tests that need it: SmolLM2, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nnanim import models

SMOLLM2 = models.known_model("smollm2")
needs_model = pytest.mark.skipif(
    not SMOLLM2.installed, reason="SmolLM2 is not installed here (nnanim models install smollm2)"
)


@contextmanager
def users_cache() -> Iterator[None]:
    """The user's own cache, where the dequantised weights are: half a gigabyte that is found by its digest, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NNANIM_CACHE", raising=False)
        yield
