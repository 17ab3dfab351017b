"""Label files of the RSNA Pneumonia Detection Challenge, as they are downloaded."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from model.errors import InvalidLabels
from model.preparation.pixel_boxes import PixelBox
from model.preparation.tables import read_table

_BOX_COLUMNS = ("x", "y", "width", "height")

#: Permitted film ids. They become part of file names, so that none may lead out of the folder.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class RsnaLabel:
    """Label of one film.

    Attributes:
        rsna_id: The challenge's `patientId`, which identifies a film and not a patient.
        target: 1 with an opacity, 0 without.
        boxes: Boxes around the opacities, in pixels.
        rsna_class: Class such as `No Lung Opacity / Not Normal`; empty if unknown.
    """

    rsna_id: str
    target: int
    boxes: tuple[PixelBox, ...]
    rsna_class: str


def read_rsna_labels(labels: Path, classes: Path | None = None) -> list[RsnaLabel]:
    """Read the label of each film, ordered by film id.

    Args:
        labels: CSV file with the columns patientId, x, y, width, height, Target; one row for each
            box, or one row without a box for a film without opacity.
        classes: CSV file with the columns patientId, class; rows may repeat.

    Raises:
        InvalidLabels: A file cannot be read, lacks a column, or has an invalid or contradictory
            value.
    """
    class_of = {} if classes is None else _read_pairs(classes, "patientId", "class")
    targets: dict[str, int] = {}
    boxes: dict[str, list[PixelBox]] = {}
    for row in read_table(labels, ("patientId", *_BOX_COLUMNS, "Target")):
        rsna_id = row["patientId"]
        if _PLAIN_NAME.fullmatch(rsna_id) is None:
            raise InvalidLabels(f"{labels.name}: patientId {rsna_id!r} is no name of a film")
        if row["Target"] not in {"0", "1"}:
            raise InvalidLabels(f"Target of {rsna_id} is {row['Target']!r}, not 0 or 1")
        target = int(row["Target"])
        if targets.setdefault(rsna_id, target) != target:
            raise InvalidLabels(f"Target of {rsna_id} is 0 in one row and 1 in another")
        boxes.setdefault(rsna_id, []).extend(_boxes(row, target))
    return [
        RsnaLabel(rsna_id, targets[rsna_id], tuple(boxes[rsna_id]), class_of.get(rsna_id, ""))
        for rsna_id in sorted(targets)
    ]


def read_patient_map(patients: Path) -> dict[str, str]:
    """Read the patient of each film, by the film's id.

    Args:
        patients: CSV file with the columns rsna_id, patient_id; other columns are ignored. A film
            without a patient is left out.

    Raises:
        InvalidLabels: The file cannot be read, lacks a column, or names two patients for a film.
    """
    return _read_pairs(patients, "rsna_id", "patient_id")


def _read_pairs(path: Path, key: str, value: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for row in read_table(path, (key, value)):
        if row[value] and pairs.setdefault(row[key], row[value]) != row[value]:
            raise InvalidLabels(f"{path.name} names two values of {value} for {row[key]}")
    return pairs


def _boxes(row: dict[str, str], target: int) -> list[PixelBox]:
    """Return the box of a row, if it has one."""
    values = [row[column] for column in _BOX_COLUMNS]
    if not any(values):
        return []
    if target == 0:
        raise InvalidLabels(f"{row['patientId']} has a box although its Target is 0")
    try:
        x, y, width, height = (float(value) for value in values)
    except ValueError as exc:
        raise InvalidLabels(f"box of {row['patientId']} is {values}, not four numbers") from exc
    # isfinite is also False for NaN.
    if not all(map(math.isfinite, (x, y, width, height))) or width <= 0 or height <= 0:
        raise InvalidLabels(f"box of {row['patientId']} is {values}, which has no area")
    return [PixelBox(x, y, width, height)]
