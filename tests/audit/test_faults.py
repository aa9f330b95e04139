"""The audit is proved: each fault is found by its kind and nothing else is; its clean twin passes."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from manim import tempconfig

from nnanim.audit.chapters import Report, audit_chapter, audit_scene
from nnanim.audit.findings import KINDS
from nnanim.engine import RenderSettings
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe

sys.path.insert(0, str(Path(__file__).parent))
import bars

import scenes

DRAFT = RenderSettings(pixel_width=854, pixel_height=480, fps=30)


@cache
def plain(cls: type) -> Report:
    with tempconfig({"verbosity": "ERROR"}):
        return audit_scene(cls, DRAFT)


@cache
def of_chapter(cls: Any, theme: str = "dark", aspect: str = "16:9") -> Report:
    params = cls.Params.defaults()
    output = Output(quality="draft", theme=theme, aspect=aspect)
    return audit_chapter(Production(cls, Recipe(cls.slug(), params, output, "test"), cls.record(params), workers=1))


def pairs(table: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(kind, *pair, id=f"{kind}-{number}") for kind, found in table.items() for number, pair in enumerate(found)]


OF_FILMS = {"early", "low", "still"}
"""Proved in test_films, close to their bars."""


def test_every_kind_is_proved():
    assert set(KINDS) == {*scenes.PLAIN, *scenes.CHAPTERS, *OF_FILMS}


@pytest.mark.parametrize(("kind", "fault", "twin"), pairs(scenes.PLAIN))
def test_fault_of_a_plain_scene_is_found_and_its_twin_is_clean(kind, fault, twin):
    assert {finding.kind for finding in plain(fault).findings} == {kind}
    assert plain(twin).findings == []


@pytest.mark.parametrize(("kind", "fault", "twin"), pairs(scenes.CHAPTERS))
def test_fault_of_a_chapter_is_found_and_its_twin_is_clean(kind, fault, twin):
    findings = of_chapter(fault).findings
    assert {finding.kind for finding in findings} == {kind}
    assert of_chapter(twin).findings == []


@pytest.mark.parametrize(("kind", "beyond", "within"), bars.PLAIN)
def test_a_plain_scene_just_beyond_a_bar_is_found_and_one_just_within_is_not(kind, beyond, within):
    assert {finding.kind for finding in plain(beyond).findings} == {kind}
    assert plain(within).findings == []


@pytest.mark.parametrize(("kind", "beyond", "within"), bars.CHAPTERS)
def test_a_chapter_just_beyond_a_bar_is_found_and_one_just_within_is_not(kind, beyond, within):
    assert {finding.kind for finding in of_chapter(beyond).findings} == {kind}
    assert of_chapter(within).findings == []


def test_every_kind_with_a_bar_has_twins_close_to_it():
    counted = {"overlap": "pixels of ink, in test_findings", "digits": "of a last digit, in test_digits"}
    without = {"ledger", "claim", "crash"}  # a sentence is true or it is not
    assert set(KINDS) == {kind for kind, *_ in (*bars.PLAIN, *bars.CHAPTERS)} | counted.keys() | without | OF_FILMS


@pytest.mark.parametrize("look", [("light", "16:9"), ("dark", "9:16"), ("light", "1:1")])
def test_the_clean_chapter_is_clean_in_every_look(look):
    assert of_chapter(scenes.Model, *look).findings == []
