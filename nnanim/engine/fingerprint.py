"""What decides the pixels of a frame, as a digest: the key under which a drawn segment is kept.
Only what manim's own code animates is keyed by its inputs; everything else by the frames it leads to."""

from __future__ import annotations

import enum
import functools
import hashlib
import types
from collections.abc import Iterable
from typing import Any

import av
import cairo
import manim
import numpy as np
from manim import Animation, Mobject, PMobject, Scene, VMobject
from manim.utils.color import ManimColor
from PIL import Image

from nnanim.visuals.paint.contract import arrays_of

from .code_key import own_code

# Raised whenever the engine draws or encodes differently than before.
ENGINE_VERSION = "3"
_VERSIONS = f"{ENGINE_VERSION} {manim.__version__} {cairo.version} {cairo.cairo_version()} {av.__version__}"

# What the camera reads from a plain VMobject; the rest of its attributes cannot change a pixel.
_VECTOR_LOOK = (
    "points",
    "fill_rgbas",
    "stroke_rgbas",
    "background_stroke_rgbas",
    "stroke_width",
    "background_stroke_width",
    "joint_type",
    "cap_style",
    "sheen_factor",
    "sheen_direction",
    "shade_in_3d",
    "z_index",
    "background_image",
)
_NOT_LOOK = frozenset({"submobjects", "updaters", "target", "saved_state", "name", "original_id"})
# What a camera works with, not what it looks at.
_NOT_CAMERA = frozenset({"pixel_array", "pixel_array_to_cairo_context", "display_funcs"})
_TOLD_BY_REPR = frozenset({bool, int, float, str, np.float64})
# The methods through which a mobject of one's own class changes what an animation makes of it.
_ANIMATED_BY = (
    "interpolate",
    "interpolate_color",
    "become",
    "pointwise_become_partial",
    "align_data",
    "paint",
)


class Unkeyable(Exception):
    """Something in a play has no stable description, so its frames cannot be kept."""


class Digest:
    """A running hash over nested values; the same values give the same key in every process."""

    def __init__(self, *salt: str) -> None:
        self._hash = hashlib.blake2b(digest_size=20)
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []
        for text in (_VERSIONS, *salt):
            self.text(text)

    def copy(self) -> Digest:
        """An independent continuation of this hash."""
        twin = Digest.__new__(Digest)
        twin._hash = self._hash.copy()
        twin._seen = dict(self._seen)
        twin._kept = list(self._kept)
        return twin

    def key(self) -> str:
        """The digest so far, as a file name."""
        return self._hash.hexdigest()

    def text(self, text: str) -> None:
        """Add a string."""
        data = text.encode()
        self._hash.update(b"%d:" % len(data) + data)

    def array(self, array: np.ndarray) -> None:
        """Add an array with its shape and type."""
        if array.dtype.hasobject:
            self.text(f"objects{array.shape}")
            for item in array.ravel().tolist():
                self.value(item)
            return
        self._hash.update(f"{array.dtype.str}{array.shape}".encode())
        self._hash.update(np.ascontiguousarray(array).data if array.size else b"")

    def value(self, value: Any) -> None:
        """Add anything: data by content, mobjects and animations by their attributes."""
        if isinstance(value, enum.Enum):
            self.text(f"{type(value).__name__} {value._name_}")
        elif value is None or isinstance(value, (bool, int, float, str, bytes, complex, np.generic)):
            self.text(f"{type(value).__name__} {value!r}")
        elif isinstance(value, np.ndarray):
            self.array(value)
        elif isinstance(value, ManimColor):
            self.text(f"colour {value._internal_value.tolist()}")
        elif self._met(value):
            return
        elif isinstance(value, (list, tuple)):
            self.text(f"{type(value).__name__}{len(value)}")
            for item in value:
                self.value(item)
        elif isinstance(value, dict):
            self.text(f"dict{len(value)}")
            for key, item in value.items():
                self.value(key)
                self.value(item)
        elif isinstance(value, (set, frozenset)):
            self.text(f"set{len(value)}")
            for item in sorted(value, key=repr):
                self.value(item)
        elif isinstance(value, Mobject):
            self._mobject(value)
        elif isinstance(value, types.FunctionType):
            self.function(value)
        else:
            self._other(value)

    def _other(self, value: Any) -> None:
        if isinstance(value, types.MethodType):
            self.value(value.__func__)
            self.value(value.__self__)
        elif isinstance(value, functools.partial):
            self.value((value.func, value.args, value.keywords))
        elif isinstance(value, type):
            self.text(f"type {value.__module__}.{value.__qualname__}")
        elif isinstance(value, (types.BuiltinFunctionType, np.ufunc)):
            self.text(f"builtin {value.__name__}")
        elif isinstance(value, Image.Image):
            self.text(f"image {value.mode} {value.size}")
            self._hash.update(value.tobytes())
        elif isinstance(value, Animation) or type(value).__module__.startswith("manim."):
            self.text(f"{type(value).__module__}.{type(value).__qualname__}")
            attributes = getattr(value, "__dict__", None)
            if attributes is None:
                attributes = {name: getattr(value, name) for name in getattr(type(value), "__slots__", ())}
            for name, item in attributes.items():
                # The scene itself is described by its mobjects and camera.
                if not isinstance(item, Scene):
                    self.text(name)
                    self.value(item)
        else:
            raise Unkeyable(f"{type(value).__module__}.{type(value).__qualname__}")

    def _met(self, value: Any) -> bool:
        """Whether the object was added before; its first position stands for it then."""
        if id(value) in self._seen:
            self.text(f"again {self._seen[id(value)]}")
            return True
        self._seen[id(value)] = len(self._seen)
        # Kept alive, or another object could get the same id.
        self._kept.append(value)
        return False

    def function(self, function: types.FunctionType) -> None:
        """Add a function: its code, defaults and closed-over values."""
        self.text(f"function {function.__module__}.{function.__qualname__}")
        self._code(function.__code__)
        self.value(function.__defaults__)
        for cell in function.__closure__ or ():
            self.value(cell.cell_contents)

    def _code(self, code: types.CodeType) -> None:
        self._hash.update(code.co_code)
        self.text(" ".join(code.co_names))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self.text(repr(constant))

    def _mobject(self, mobject: Mobject) -> None:
        cls = type(mobject)
        self.text(f"{cls.__module__}.{cls.__qualname__}")
        for method in _own_methods(cls):  # type: ignore[arg-type]
            self.function(method)
        self._attributes(vars(mobject))
        self._named_arrays(mobject)
        self.text(f"parts{len(mobject.submobjects)}")
        for part in mobject.submobjects:
            self.value(part)

    def _attributes(self, attributes: dict[str, Any]) -> None:
        """Add what is data in a mobject's attributes; numbers, texts and arrays, thousands of them, in one go."""
        words: list[str] = []
        contents: list[bytes] = []
        for name, item in attributes.items():
            if name in _NOT_LOOK:
                continue
            kind = type(item)
            if kind in _TOLD_BY_REPR:
                words += (name, repr(item))
            elif kind is np.ndarray and not item.dtype.hasobject:
                words += (name, item.dtype.str, str(item.shape))
                contents.append(item.tobytes())
            elif (plain := _plain(item)) is not None:
                words.append(name)
                self.text(name)
                self.value(plain)
        # Neither names nor representations contain the separator.
        self.text("\0".join(words))
        self._hash.update(b"".join(contents))

    def look(self, mobjects: Iterable[Mobject]) -> None:
        """Add what the camera reads from each of these mobjects, without their submobjects."""
        for mobject in mobjects:
            attributes = vars(mobject)
            if type(mobject).__module__.startswith("manim.") and isinstance(mobject, VMobject):
                for name in _VECTOR_LOOK:
                    item = attributes.get(name)
                    if isinstance(item, np.ndarray):
                        self.array(item)
                    else:
                        self.text(repr(item))
            else:
                self.text(f"{type(mobject).__qualname__} {own_code(type(mobject))[0]}")  # type: ignore[arg-type]
                for name, item in attributes.items():
                    if name not in _NOT_LOOK and (plain := _plain(item)) is not None:
                        self.text(name)
                        self.value(plain)
                if isinstance(mobject, PMobject):
                    self.array(mobject.points)
                self._named_arrays(mobject)

    def _named_arrays(self, mobject: Mobject) -> None:
        """Add the arrays that a mobject with a ``paint`` method says it draws from."""
        for name in arrays_of(mobject):
            self.text(name)
            self.array(np.asarray(getattr(mobject, name)))

    def camera(self, camera: Any) -> None:
        """Add where the camera stands and how it draws.

        Raises
        ------
        Unkeyable
            When a camera of one's own class has something in it that is not data.
        """
        cls = type(camera)
        code, understood = own_code(cls)  # type: ignore[arg-type]
        self.text(f"{cls.__module__}.{cls.__qualname__} {code}")
        is_manims = all(base.__module__.startswith(("manim.", "nnanim.", "builtins")) for base in cls.__mro__)
        if not understood:
            raise Unkeyable(f"the code of {cls.__qualname__}")
        view = camera.get_cached_cairo_context(camera.pixel_array)
        self.text(f"{tuple(view.get_matrix()) if view is not None else None}")
        for name, item in vars(camera).items():
            if name in _NOT_CAMERA or name.startswith("_quick"):
                continue
            if isinstance(item, Mobject):
                self.text(name)
                self.look(item.get_family())
            elif isinstance(item, (set, dict)) and all(isinstance(part, Mobject) for part in item):
                self.text(f"{name}{len(item)}")
                # Which mobjects these are is told by their look; sets of mobjects have no order of their own.
                self.text(" ".join(sorted(self._look_key(mobject) for mobject in item)))
            elif item is None or (plain := _plain(item)) is not None:
                self.text(name)
                self.value(None if item is None else plain)
            elif isinstance(item, (list, tuple)) and any(isinstance(part, Mobject) for part in item):
                self.text(name)
                for part in item:
                    self.look(part.get_family())
            elif not is_manims and not type(item).__module__.startswith("manim."):
                raise Unkeyable(f"{cls.__qualname__}.{name}")

    def _look_key(self, mobject: Mobject) -> str:
        digest = Digest()
        digest.look([mobject])
        return digest.key()


def _plain(item: Any, depth: int = 0) -> Any:
    """``item`` if it is data through and through, else ``None``."""
    if isinstance(item, (bool, int, float, str, bytes, np.generic, np.ndarray, enum.Enum, ManimColor)):
        return item
    if isinstance(item, (list, tuple)) and depth < 3:
        return item if all(part is None or _plain(part, depth + 1) is not None for part in item) else None
    if isinstance(item, dict) and depth < 3:
        return (
            item
            if all(part is None or _plain(part, depth + 1) is not None for part in item.values())
            else None
        )
    return None


@functools.lru_cache(maxsize=1024)
def _own_methods(cls: type) -> tuple[types.FunctionType, ...]:
    methods = (getattr(cls, name, None) for name in _ANIMATED_BY)
    return tuple(
        method
        for method in methods
        if isinstance(method, types.FunctionType) and not method.__module__.startswith("manim.")
    )


def still_key(scene: Scene, *salt: str) -> Digest:
    """The digest of the frame that the scene would show now."""
    digest = Digest("still", *salt)
    digest.camera(scene.renderer.camera)
    digest.text(f"{len(scene.static_mobjects)} static")
    digest.look(scene.static_mobjects)
    digest.text(f"{len(scene.moving_mobjects)} moving")
    # A held frame draws everything once more over the static picture.
    moving = scene.moving_mobjects or [
        part for mobject in (*scene.mobjects, *scene.foreground_mobjects) for part in mobject.get_family()
    ]
    digest.look(moving)
    return digest


def play_key(scene: Scene, times: np.ndarray, *salt: str) -> Digest:
    """The digest of a play that manim's own animations alone drive, from its state at the first frame."""
    digest = Digest("play", *salt)
    digest.camera(scene.renderer.camera)
    digest.array(times)
    digest.text("static")
    digest.look(scene.static_mobjects)
    digest.text("moving")
    for mobject in scene.moving_mobjects:
        digest.value(mobject)
    digest.text("animations")
    for animation in scene.animations or ():
        digest.value(animation)
    return digest
