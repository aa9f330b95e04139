"""What leaves the frame or enters the caption's strip, by geometry alone: for rehearsals that draw nothing."""

from __future__ import annotations

from collections.abc import Iterator

from manim import Mobject, Scene

from nnanim.audit.findings import Finding
from nnanim.audit.ink import box_of_leaf, name_of
from nnanim.audit.layout import edge_fault, shows
from nnanim.audit.ledger import _written
from nnanim.audit.watch import bounds_of, furniture


def outside(scene: Scene) -> Iterator[Finding]:
    """Everything that is seen and stands over an edge now."""
    bounds, ours = bounds_of(scene), furniture(scene)
    camera = scene.renderer.camera
    for owner, leaves in owners((*scene.mobjects, *scene.foreground_mobjects)):
        for leaf in leaves:
            box = box_of_leaf(leaf, camera) if shows(leaf) else None
            found = None if box is None else edge_fault(leaf, camera, box, bounds, id(owner) in ours or id(leaf) in ours)
            if found is not None:
                kind, detail = found
                yield Finding(kind, name_of(owner), detail, box=box)
                break


def owners(mobjects: tuple[Mobject, ...]) -> Iterator[tuple[Mobject, list[Mobject]]]:
    """Every text with all its parts, and every other leaf by itself."""
    for mobject in mobjects:
        if _written(mobject) is not None:
            yield mobject, [part for part in mobject.get_family() if len(part.points)]
        else:
            if len(mobject.points):
                yield mobject, [mobject]
            yield from owners(tuple(mobject.submobjects))
