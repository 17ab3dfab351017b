from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.classifier import Classifier, Finding
from model.evaluation.scoring import Refusal, score_films
from model.gating import Reason, ReasonCode
from model.labels import training_data_digest
from model.manifest import NETWORK_NAME, read_manifest, sha256_of
from model.runtime.openvino import OpenVinoRuntime
from tests.model.evaluation.labelled import labelled
from tests.model.synthetic import dicom, gradient, png

LEVELS = (gradient(64, 64) * 255).astype(np.uint8)


def test_films_keep_their_numbers_and_refusals_their_codes(
    brightness_classifier: Classifier, tmp_path: Path
) -> None:
    contents = {
        "good.png": png(gradient(64, 64)),
        "broken.png": b"\x89PNG\r\n\x1a\n",
        "lateral.dcm": dicom(LEVELS, ViewPosition="LL"),
        "knee.dcm": dicom(LEVELS, BodyPartExamined="KNEE"),
        "good.dcm": dicom(LEVELS),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    films = [labelled(0, path=tmp_path / name) for name in [*contents, "missing.png"]]

    scoring = score_films(films, brightness_classifier)

    assert [one.number for one in scoring.scored] == [1, 5]
    assert [(one.number, one.refusal, one.code) for one in scoring.refused] == [
        (2, Refusal.UNREADABLE, "truncated_image"),
        (3, Refusal.REJECTED, "not_frontal"),
        (4, Refusal.REJECTED, "wrong_body_part"),
        (6, Refusal.UNREADABLE, "unreadable_file"),
    ]
    readable = ["good.png", "lateral.dcm", "knee.dcm", "good.dcm"]
    assert scoring.digest() == training_data_digest(
        [labelled(0)] * 4, [sha256_of(contents[name]) for name in readable]
    )


class SeesLaterals(Classifier):
    """Takes every second picture for something else, as the network's own gate may."""

    def infer_prepared(self, grids: Sequence[NDArray[np.float32]]) -> list[Finding]:
        reason = Reason(ReasonCode.NOT_FRONTAL_CHEST, "It looks like something else.")
        findings = super().infer_prepared(grids)
        return [
            replace(finding, reasons=(reason,) if number % 2 else ())
            for number, finding in enumerate(findings)
        ]


def test_films_that_the_network_takes_for_something_else_are_rejected(
    brightness_artefact: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png(gradient(64, 64)))
    network = (brightness_artefact / NETWORK_NAME).read_bytes()
    classifier = SeesLaterals(read_manifest(brightness_artefact), OpenVinoRuntime(network))

    scoring = score_films([labelled(0, path=tmp_path / "a.png")] * 4, classifier)

    assert [one.number for one in scoring.scored] == [1, 3]
    assert [(one.number, one.refusal, one.code) for one in scoring.refused] == [
        (2, Refusal.REJECTED, "not_frontal_chest"),
        (4, Refusal.REJECTED, "not_frontal_chest"),
    ]


def test_what_the_baselines_see_is_the_film_itself(
    brightness_classifier: Classifier, tmp_path: Path
) -> None:
    """Bright in the upper left 64th only."""
    pixels = np.zeros((128, 128), dtype=np.float32)
    pixels[:16, :16] = 1.0
    (tmp_path / "a.png").write_bytes(png(pixels))

    [film] = score_films([labelled(0, path=tmp_path / "a.png")], brightness_classifier).scored

    assert film.mean_intensity == pytest.approx(1 / 64)
    assert film.thumbnail.shape == (8, 8)
    assert film.thumbnail[0, 0] == pytest.approx(1)
    assert film.thumbnail.sum() == pytest.approx(1)


def test_progress_counts_all_films(brightness_classifier: Classifier, tmp_path: Path) -> None:
    films = [labelled(0, path=tmp_path / "missing.png")] * 10
    seen: list[tuple[int, int]] = []

    score_films(films, brightness_classifier, progress=lambda *done: seen.append(done))

    assert seen == [(8, 10), (10, 10)]
