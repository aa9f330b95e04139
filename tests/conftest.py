"""What all tests share: one torch thread, shape checks in the simulations, steady examples, the rehearsed chapter."""

from __future__ import annotations

import os

# Before numpy or torch come in; subprocesses inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import torch
from jaxtyping import install_import_hook
from productions import load, production_of

torch.set_num_threads(1)
# Every shape that a simulation's annotations name is checked whenever a test runs it.
install_import_hook("nnanim.sim", "beartype.beartype")

# The same examples in every run; `pytest --hypothesis-profile=explore` looks for new ones.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def no_film_on_the_page() -> Iterator[None]:
    """A film leaves its frame's regions and sizes of type behind; the next test begins without."""
    from nnanim.visuals.page.frame import use_film

    use_film(False)
    yield
    use_film(False)


@pytest.fixture(scope="session", autouse=True)
def manims_own_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever manim writes goes to a temporary folder, not to the current one."""
    from manim import config

    before = config.media_dir
    config.media_dir = str(tmp_path_factory.mktemp("manim"))
    yield
    config.media_dir = before


@pytest.fixture(scope="session", autouse=True)
def nobodys_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Recordings and segments are kept in a temporary folder, not in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNANIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def dark_theme() -> Iterator[None]:
    """A test that chooses a theme does not choose it for those after it."""
    yield
    from nnanim.visuals.page.theme import use_theme

    use_theme("dark")


@pytest.fixture(scope="session")
def chapter() -> Any:
    """The forward-propagation chapter's class."""
    return load()


@pytest.fixture(scope="session")
def produce() -> Callable[..., Any]:
    """Makes a production: ``produce(output={"theme": "light"}, layers=(2, 3, 2))``."""
    return lambda output=None, **params: production_of(load(), output, **params)


@pytest.fixture(scope="session")
def rehearsed() -> Any:
    """The chapter after a rehearsal with its defaults: beats, claims and ledger are on it."""
    return production_of(load()).rehearse()
