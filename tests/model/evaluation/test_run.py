import csv
import json
from pathlib import Path

import numpy as np
import pytest

from model.classifier import Classifier
from model.errors import InvalidLabels
from model.evaluation.run import evaluate
from tests.model.synthetic import png


@pytest.fixture
def bright_means_opacity(tmp_path: Path) -> Path:
    """20 films; those with an opacity are brighter throughout, one file is broken."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(20):
        level = 0.75 if number % 2 else 0.15
        pixels = (level + 0.1 * generator.random((64, 64))).astype(np.float32)
        (tmp_path / f"{number}.png").write_bytes(png(pixels))
        view = "AP" if number % 4 < 2 else "PA"
        rows.append([f"{number}.png", number % 2, view, "[[0, 0, 1, 1]]" if number % 2 else "[]"])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows.append(["broken.png", 1, "AP", "[]"])
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image", "target", "view", "boxes"], *rows])
    return tmp_path / "labels.csv"


def test_a_classifier_that_knows_everything_is_measured_as_such(
    bright_means_opacity: Path, brightness_classifier: Classifier, tmp_path: Path
) -> None:
    evaluation = evaluate(bright_means_opacity, tmp_path / "report", brightness_classifier)

    values = {figure.name: figure.estimate.value for figure in evaluation.figures}
    assert evaluation.films == 20
    assert len(evaluation.refused) == 1
    for name in ("auroc", "auroc_view_ap", "auroc_view_pa", "sensitivity", "specificity", "f1"):
        assert values[name] == 1.0
    assert values["pointing_game"] == 1.0
    assert values["pixel_auprc"] == pytest.approx(1.0)


def test_the_report_stands_alone(
    bright_means_opacity: Path, brightness_classifier: Classifier, tmp_path: Path
) -> None:
    evaluate(bright_means_opacity, tmp_path / "report", brightness_classifier)

    figures = json.loads((tmp_path / "report" / "report.json").read_text())["figures"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert figures["auroc"] == {"value": 1.0, "low": 1.0, "high": 1.0, "films": 20}
    assert "http" not in page
    assert "auroc_view_ap" in page
    assert len((tmp_path / "report" / "predictions.csv").read_text().splitlines()) == 21


def test_a_manifest_without_a_readable_film_is_refused(
    brightness_classifier: Classifier, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("image,target\na.png,1\n")

    with pytest.raises(InvalidLabels):
        evaluate(tmp_path / "labels.csv", tmp_path / "report", brightness_classifier)
