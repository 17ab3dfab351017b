import csv
from pathlib import Path

import numpy as np
import pytest

from tests.model.synthetic import png


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 films of 64 pixels of dim noise, half with a bright square, and their manifest."""
    folder = tmp_path_factory.mktemp("squares")
    generator = np.random.default_rng(0)
    rows = []
    for number in range(80):
        pixels = (0.3 + 0.1 * generator.random((64, 64))).astype(np.float32)
        boxes: list[list[float]] = []
        if number % 2:
            x, y = generator.integers(4, 44, size=2)
            pixels[y : y + 16, x : x + 16] = 0.9
            boxes = [[float(x) / 64, float(y) / 64, 0.25, 0.25]]
        (folder / f"{number}.png").write_bytes(png(pixels))
        rows.append([f"{number}.png", number % 2, f"patient-{number}", boxes])
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "target", "patient_id", "boxes"])
        writer.writerows(rows)
    return folder / "labels.csv"


@pytest.fixture
def others(squares: Path, tmp_path: Path) -> Path:
    """The manifest of 40 of the same films as another source, without boxes."""
    folder = tmp_path / "others"
    folder.mkdir()
    for film in squares.parent.glob("*.png"):
        (folder / film.name).write_bytes(film.read_bytes())
    lines = [f"{number}.png,{number % 2},other-{number}" for number in range(40)]
    (folder / "labels.csv").write_text("\n".join(["image,target,patient_id", *lines]))
    return folder / "labels.csv"
