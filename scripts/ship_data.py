"""Make nnanim/sim/shipped/*.npz out of scikit-learn's wheel: ``python scripts/ship_data.py
scikit_learn-….whl``."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from nnanim.trace import Trace
from nnanim.wheels import sha256

WHEEL_SHA256 = "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df"
"""scikit_learn-1.9.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"""
SHIPPED = Path(__file__).resolve().parent.parent / "nnanim" / "sim" / "shipped"


def main(wheel: Path) -> None:
    """Read both tables from the wheel and write them as arrays."""
    if sha256(wheel) != WHEEL_SHA256:
        sys.exit(f"ship_data: {wheel.name} is not the pinned wheel of scikit-learn 1.9.1")
    with zipfile.ZipFile(wheel) as archive:
        digits = gzip.decompress(archive.read("sklearn/datasets/data/digits.csv.gz")).decode()
        iris = archive.read("sklearn/datasets/data/iris.csv").decode()
    table = np.loadtxt(io.StringIO(digits), delimiter=",").astype(np.uint8)  # (1797, 65)
    write("digits", images=table[:, :-1].reshape(-1, 8, 8), labels=table[:, -1])
    table = np.loadtxt(io.StringIO(iris), delimiter=",", skiprows=1)  # (150, 5)
    write("iris", measurements=table[:, :4], labels=table[:, 4].astype(np.uint8))


def write(name: str, **arrays: np.ndarray) -> None:
    """One file, the same bytes each time."""
    (SHIPPED / f"{name}.npz").write_bytes(Trace(arrays).to_bytes(".npz"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
