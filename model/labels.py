"""Manifests of labelled films: CSV files with one row for each film."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model.boxes import Box
from model.errors import InvalidLabels


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One row of a manifest.

    Attributes:
        path: Path of the image.
        target: 1 with an opacity, 0 without.
        patient_id: Patient; a split keeps all films of a patient on one side.
        view: `AP`, `PA` or None.
        age: Age in whole years, or None.
        sex: `F`, `M` or None.
        boxes: Boxes around the opacities; () if there is no opacity, None if no boxes were drawn.
        source: Origin of the film; by default the name of the manifest's folder.
    """

    path: Path
    target: int
    patient_id: str
    view: str | None = None
    age: int | None = None
    sex: str | None = None
    boxes: tuple[Box, ...] | None = None
    source: str = ""


def read_labels(manifest: Path) -> list[LabelledFilm]:
    """Read the films of a manifest, in its order.

    Required columns: `image` (path relative to the manifest) and `target`. Optional columns:
    `patient_id` (otherwise each film counts as a patient of its own), `view`, `age`, `sex`,
    `source` and `boxes` (JSON, `[[x, y, width, height], …]` in fractions of the film).

    Raises:
        InvalidLabels: A column is missing, or a target is neither 0 nor 1.
    """
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    if missing := {"image", "target"} - set(table.columns):
        raise InvalidLabels(f"{manifest.name} lacks the columns {', '.join(sorted(missing))}")
    return [
        _film(manifest.parent, {str(key): str(value) for key, value in row.items()})
        for row in table.to_dict("records")
    ]


def read_pictures(manifest: Path) -> list[LabelledFilm]:
    """Read pictures that are not frontal chest films, from a CSV file with the column `image`.

    Raises:
        InvalidLabels: The column is missing.
    """
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    if "image" not in table.columns:
        raise InvalidLabels(f"{manifest.name} lacks the column image")
    return [
        LabelledFilm(
            path=manifest.parent / name, target=0, patient_id=name, source=manifest.parent.name
        )
        for name in table["image"]
    ]


def _film(folder: Path, row: dict[str, str]) -> LabelledFilm:
    if row["target"] not in {"0", "1"}:
        raise InvalidLabels(f"target of {row['image']} is {row['target']!r}, not 0 or 1")
    target = int(row["target"])
    return LabelledFilm(
        path=folder / row["image"],
        target=target,
        patient_id=row.get("patient_id") or row["image"],
        view=row.get("view") or None,
        age=int(float(row["age"])) if row.get("age") else None,
        sex=row.get("sex") or None,
        boxes=_boxes(row, target),
        source=row.get("source") or folder.name,
    )


def _boxes(row: dict[str, str], target: int) -> tuple[Box, ...] | None:
    if row.get("boxes"):
        try:
            boxes = tuple(Box(*map(float, box)) for box in json.loads(row["boxes"]))
        except (ValueError, TypeError) as exc:
            raise InvalidLabels(f"boxes of {row['image']} are not [[x, y, width, height]]") from exc
        if boxes or target == 0:
            return boxes
    return () if target == 0 else None


def write_labels(films: Sequence[LabelledFilm], manifest: Path) -> None:
    """Write a manifest for `read_labels`, with absolute image paths."""
    rows = [
        {
            "image": str(film.path.absolute()),
            "target": film.target,
            "patient_id": film.patient_id,
            "view": film.view or "",
            "age": "" if film.age is None else film.age,
            "sex": film.sex or "",
            "boxes": ""
            if film.boxes is None
            else json.dumps([[b.x, b.y, b.width, b.height] for b in film.boxes]),
            "source": film.source,
        }
        for film in films
    ]
    columns = ["image", "target", "patient_id", "view", "age", "sex", "boxes", "source"]
    pd.DataFrame(rows, columns=columns).to_csv(manifest, index=False)


def training_data_digest(films: Sequence[LabelledFilm], images: Iterable[str]) -> str:
    """Return a SHA-256 over all films, labels and boxes, independent of order and paths.

    Args:
        films: Labelled films.
        images: SHA-256 of each film's file, in the same order.
    """
    lines = []
    for film, image in zip(films, images, strict=True):
        boxes = None if film.boxes is None else [[b.x, b.y, b.width, b.height] for b in film.boxes]
        lines.append(json.dumps([image, film.target, film.patient_id, boxes]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
