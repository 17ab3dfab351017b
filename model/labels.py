"""Manifests of labelled films: one CSV row a film."""

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
        path: Of the image.
        target: 1 where there is an opacity, else 0.
        patient_id: Films of one patient never stand on two sides of a split.
        view: `AP`, `PA` or None.
        age: Whole years, or None.
        sex: `F`, `M` or None.
        boxes: Around each opacity; None where nobody drew any, which is not the same as ().
        source: Where the film comes from: the name of its manifest's folder.
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
    """The films of a manifest, in its order.

    Needs the columns `image` (relative to the manifest) and `target`; takes `patient_id`, `view`,
    `age`, `sex`, `source` and `boxes` (JSON, `[[x, y, width, height], …]` in fractions) where
    present.
    Without `patient_id` each film counts as a patient of its own.

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
    """Pictures that are no frontal chest films, from a CSV with the column `image`.

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
    """Write a manifest that `read_labels` reads back, with absolute paths of the images."""
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
    """A SHA-256 that changes with any film, label or box, and not with order or place.

    Args:
        films: Labels.
        images: The SHA-256 of each film's file, in the same order.
    """
    lines = []
    for film, image in zip(films, images, strict=True):
        boxes = None if film.boxes is None else [[b.x, b.y, b.width, b.height] for b in film.boxes]
        lines.append(json.dumps([image, film.target, film.patient_id, boxes]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
