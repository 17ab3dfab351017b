"""Training targets of each film: label, soft label, boxes, findings and outlines of organs."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.anatomy import ORGANS
from model.boxes import Box, box_mask
from model.errors import InvalidLabels
from model.labels import LabelledFilm, read_labels

#: Findings that are trained beside opacity, with their names at NIH and VinDr. Findings that are
#: confused with an opacity teach the network what an opacity is not.
FINDINGS: Final[dict[str, tuple[str, ...]]] = {
    "normal": (),
    "atelectasis": ("Atelectasis",),
    "cardiomegaly": ("Cardiomegaly",),
    "consolidation": ("Consolidation",),
    "edema": ("Edema",),
    "effusion": ("Effusion", "Pleural effusion"),
    "emphysema": ("Emphysema",),
    "fibrosis": ("Fibrosis", "Pulmonary fibrosis"),
    "infiltration": ("Infiltration",),
    "mass": ("Mass", "Nodule", "Nodule/Mass"),
    "pleural_thickening": ("Pleural_Thickening", "Pleural thickening"),
    "pneumonia": ("Pneumonia",),
    "pneumothorax": ("Pneumothorax",),
    "aortic_enlargement": ("Aortic enlargement",),
    "calcification": ("Calcification",),
    "interstitial_disease": ("ILD",),
}

_NIH: Final = frozenset(
    {
        "Atelectasis",
        "Cardiomegaly",
        "Consolidation",
        "Edema",
        "Effusion",
        "Emphysema",
        "Fibrosis",
        "Infiltration",
        "Mass",
        "Nodule",
        "Pleural_Thickening",
        "Pneumonia",
        "Pneumothorax",
    }
)

_VINDR: Final = frozenset(
    {
        "Aortic enlargement",
        "Atelectasis",
        "Calcification",
        "Cardiomegaly",
        "Consolidation",
        "ILD",
        "Infiltration",
        "Nodule/Mass",
        "Pleural effusion",
        "Pleural thickening",
        "Pneumothorax",
        "Pulmonary fibrosis",
    }
)

#: Detectors of the ensemble whose boxes are `adult-teacher`'s.
_DETECTORS: Final = 12


def _unknown_findings() -> NDArray[np.float32]:
    return np.full(len(FINDINGS), np.nan, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FilmTargets:
    """The training targets of one film.

    Attributes:
        target: Probability of an opacity, in [0, 1]; NaN where nothing is known.
        boxes: Around opacities, each with how sure it is, in [0, 1]; None where nobody drew any.
        findings: Shape (len(`FINDINGS`),), probabilities; NaN for what is not known.
        anatomy: File of a mask whose pixels are 1 for the first of `ORGANS`, 2 for the next; None
            where there is none.
        is_measured: Whether a radiologist's label says what is right.
    """

    target: float
    boxes: tuple[tuple[Box, float], ...] | None
    findings: NDArray[np.float32] = field(default_factory=_unknown_findings)
    anatomy: Path | None = None
    is_measured: bool = True

    @classmethod
    def of(cls, film: LabelledFilm) -> "FilmTargets":
        """Return the targets of a film with a radiologist's label and nothing else."""
        boxes = None if film.boxes is None else tuple((box, 1.0) for box in film.boxes)
        return cls(target=float(film.target), boxes=boxes)

    def masks(self, size: int) -> dict[int, NDArray[np.float32]]:
        """Return what was drawn on the film, shape (size, size) each, in [0, 1].

        By channel: 0 is how surely a position lies in an opacity, then come `ORGANS`. What nobody
        drew is missing.
        """
        drawn = {}
        if self.boxes is not None:
            drawn[0] = np.zeros((size, size), dtype=np.float32)
            for box, sureness in self.boxes:
                drawn[0] = np.maximum(drawn[0], box_mask((box,), size) * np.float32(sureness))
        if self.anatomy is not None:
            values = cv2.imread(str(self.anatomy), cv2.IMREAD_GRAYSCALE)
            if values is None:
                raise InvalidLabels(f"{self.anatomy.name} is no mask")
            for number in range(1, 1 + len(ORGANS)):
                organ = (values == number).astype(np.float32)
                grown = cv2.resize(organ, (size, size), interpolation=cv2.INTER_AREA)
                drawn[number] = np.asarray(grown, dtype=np.float32)
        return drawn

    def digest(self) -> str:
        """Return a SHA-256 over all targets of the film."""
        boxes = None
        if self.boxes is not None:
            boxes = [[b.x, b.y, b.width, b.height, sure] for b, sure in self.boxes]
        said = json.dumps([self.target, boxes, self.findings.tolist()]).encode()
        mask = b"" if self.anatomy is None else self.anatomy.read_bytes()
        return hashlib.sha256(said + mask).hexdigest()


def read_film_targets(
    manifest: Path, *, source: str
) -> tuple[list[LabelledFilm], list[FilmTargets]]:
    """Read the films of a manifest and all that its columns say of them.

    `nih_labels` and `findings` (separated by `|`) and `rsna_class` or `kind` give findings; `mask`
    gives the anatomy; `p_opacity_ensemble`, `p_normal` and boxes with votes give a teacher's soft
    labels. A film without `target` teaches no opacity. Where a manifest has masks, its `target`
    is of one class only, which teaches the films' look: it is measured and not learnt.

    Raises:
        InvalidLabels: A column is missing, or a value cannot be read.
    """
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    rows = [
        {str(key): str(value) for key, value in row.items()} for row in table.to_dict("records")
    ]
    if "p_opacity_ensemble" in table.columns:
        return _of_teacher(manifest, rows, source)
    if "mask" in table.columns:
        return _of_masks(manifest, rows, source)
    labels = [_of_source(film, source) for film in read_labels(manifest)]
    film_targets = []
    for film, row in zip(labels, rows, strict=True):
        plain = FilmTargets.of(film)
        film_targets.append(FilmTargets(plain.target, plain.boxes, _findings(row)))
    return labels, film_targets


def _of_source(film: LabelledFilm, source: str) -> LabelledFilm:
    return LabelledFilm(
        path=film.path,
        target=film.target,
        patient_id=film.patient_id,
        view=film.view,
        age=film.age,
        sex=film.sex,
        boxes=film.boxes,
        source=source,
    )


def _findings(row: dict[str, str]) -> NDArray[np.float32]:
    """Findings of a row; those that its vocabulary has no word for stay unknown."""
    known = _unknown_findings()
    for column, vocabulary in (("nih_labels", _NIH), ("findings", _VINDR)):
        if not row.get(column):
            continue
        said = set(row[column].split("|"))
        for place, words in enumerate(FINDINGS.values()):
            if vocabulary.intersection(words):
                known[place] = float(bool(said.intersection(words)))
    normal = list(FINDINGS).index("normal")
    if row.get("rsna_class"):
        known[normal] = float(row["rsna_class"] == "Normal")
    elif row.get("kind"):
        known[normal] = float(row["kind"] == "none")
    elif row.get("findings"):
        known[normal] = float(row["findings"] == "No finding")
    return known


def _of_teacher(
    manifest: Path, rows: Sequence[dict[str, str]], source: str
) -> tuple[list[LabelledFilm], list[FilmTargets]]:
    labels, film_targets = [], []
    for row in rows:
        findings = _unknown_findings()
        findings[list(FINDINGS).index("normal")] = float(row["p_normal"])
        boxes = tuple(
            (Box(*map(float, box[:4])), float(box[4]) / _DETECTORS)
            for box in json.loads(row["boxes"])
        )
        target = float(row["p_opacity_ensemble"])
        film_targets.append(FilmTargets(target, boxes, findings, is_measured=False))
        labels.append(
            LabelledFilm(
                path=manifest.parent / row["image"],
                target=int(target >= 0.5),
                patient_id=row["image"],
                view=row.get("view") or None,
                source=source,
            )
        )
    return labels, film_targets


def _of_masks(
    manifest: Path, rows: Sequence[dict[str, str]], source: str
) -> tuple[list[LabelledFilm], list[FilmTargets]]:
    labels, film_targets = [], []
    for row in rows:
        labels.append(
            LabelledFilm(
                path=manifest.parent / row["image"],
                target=int(row["target"] or 0),
                patient_id=row["image"],
                source=source,
            )
        )
        mask = manifest.parent / row["mask"]
        film_targets.append(
            FilmTargets(np.nan, None, anatomy=mask, is_measured=row["target"] != "")
        )
    return labels, film_targets
