"""Whole evaluations of made films, by a network that answers how bright a film is."""

import base64
import csv
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from model.classifier import Classifier
from model.errors import InvalidLabels
from model.evaluation.report import Evaluation
from model.evaluation.run import evaluate
from model.manifest import Manifest
from tests.model.synthetic import png

#: How bright films are that the network calls positive, and others.
BRIGHT, DARK = 0.75, 0.15


def write_films(
    folder: Path, rows: Sequence[dict[str, Any]], *, size: tuple[int, int] = (64, 64)
) -> Path:
    """A manifest of films as bright as their `level`; the other entries are its columns."""
    generator = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(rows):
        noise = 0.1 * generator.random(size)
        content = png((row["level"] + noise).astype(np.float32))
        (folder / f"secret-{number}.png").write_bytes(content)
    columns = [key for key in rows[0] if key != "level"]
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *columns])
        for number, row in enumerate(rows):
            writer.writerow([f"secret-{number}.png", *(row[key] for key in columns)])
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def bright_means_opacity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 films; those with an opacity are brighter throughout, and one more file is broken."""
    rows = [
        {
            "level": BRIGHT if number % 2 else DARK,
            "target": number % 2,
            "patient_id": f"patient-{number // 2}",
            "view": "AP" if number % 4 < 2 else "PA",
            "boxes": "[[0, 0, 1, 1]]" if number % 2 else "[]",
        }
        for number in range(40)
    ]
    labels = write_films(tmp_path_factory.mktemp("bright"), rows)
    (labels.parent / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with labels.open("a") as file:
        file.write('broken.png,1,nobody,AP,"[]"\n')
    return labels


@pytest.fixture(scope="module")
def perfect(
    bright_means_opacity: Path,
    brightness_classifier: Classifier,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Evaluation, Path]:
    """An evaluation that finds no error, and the folder of its report."""
    report = tmp_path_factory.mktemp("perfect")
    evaluation = evaluate(
        bright_means_opacity, report, brightness_classifier, command="made <again> by"
    )
    return evaluation, report


@pytest.fixture
def with_errors(tmp_path: Path) -> Path:
    """40 films, of which two dark ones have an opacity and three bright ones have none."""
    rows = [
        {
            "level": BRIGHT if number % 2 else DARK,
            "target": 1 - number % 2 if number in {0, 2, 5, 7, 9} else number % 2,
            "age": 30 + number,
            "view": "PA",
        }
        for number in range(40)
    ]
    return write_films(tmp_path / "films", rows, size=(80, 100))


def test_a_classifier_that_knows_everything_is_measured_as_such(
    perfect: tuple[Evaluation, Path],
) -> None:
    evaluation, _ = perfect

    values = {figure.name: figure.estimate.value for figure in evaluation.figures}
    assert (evaluation.data.films, evaluation.data.patients) == (40, 20)
    for name in ("auroc", "auprc", "sensitivity", "specificity", "precision", "f1", "accuracy"):
        assert values[name] == 1.0
    assert values["pointing_game"] == 1.0
    assert values["pixel_auprc"] == pytest.approx(1.0)
    groups = {group.name: group for group in evaluation.subgroups}
    for name in ("view_ap", "view_pa"):
        estimate = groups[name].auroc
        assert estimate is not None
        assert estimate.value == 1.0
    baselines = {one.name: one.auroc.value for one in evaluation.baselines}
    assert baselines["view_only"] == pytest.approx(0.5, abs=0.1)
    assert baselines["mean_intensity"] == 1.0
    assert [third.localisation.films for third in evaluation.box_sizes] == [7, 7, 6]


def test_the_json_has_the_documented_shape(perfect: tuple[Evaluation, Path]) -> None:
    _, folder = perfect

    report = json.loads((folder / "report.json").read_text())
    assert list(report) == [
        "format",
        "notice",
        "created_at",
        "command",
        "model",
        "data",
        "refused",
        "intervals",
        "figures",
        "confusion",
        "subgroups",
        "baselines",
        "box_sizes",
        "reliability",
        "decision_curve",
        "gallery",
    ]
    assert report["command"] == "made <again> by"
    assert report["figures"]["auroc"] == {"value": 1.0, "low": 1.0, "high": 1.0, "films": 40}
    assert report["confusion"]["true_positive"]["value"] == 20
    assert report["refused"] == {"unreadable": {"truncated_image": 1}, "rejected": {}}
    assert report["data"]["boxed"] == 20
    assert report["model"]["threshold"] == 0.5
    assert len(report["reliability"]) == 15
    assert sum(one["films"] for one in report["reliability"]) == 40
    assert len(report["decision_curve"]) == 50


def test_every_film_has_a_row_in_the_predictions(perfect: tuple[Evaluation, Path]) -> None:
    _, folder = perfect

    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["film"] for row in rows] == [str(number) for number in range(1, 42)]
    assert rows[1]["image"] == "secret-1.png"
    assert rows[1]["patient_id"] == "patient-0"
    assert float(rows[1]["probability"]) > 0.5
    assert rows[1]["refused"] == ""
    assert rows[40]["probability"] == ""
    assert rows[40]["refused"] == "truncated_image"


class Links(HTMLParser):
    """Everything a page would fetch or run, and whether its elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.images: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "iframe", "object", "embed"}:
            self.fetched.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "srcset", "data", "poster", "action"}:
                (self.images if tag == "img" else self.fetched).append(value or "")
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<path/>` opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_page(report: Path) -> tuple[str, Links]:
    page = (report / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert links.open == []
    return page, links


def test_the_page_holds_everything_and_loads_nothing(perfect: tuple[Evaluation, Path]) -> None:
    evaluation, folder = perfect

    page, links = read_page(folder)
    assert links.fetched == []
    assert "url(" not in page
    assert "@import" not in page
    assert page.count('<svg viewBox="0 0') == 4
    manifest = evaluation.manifest
    for words in (
        "not a diagnosis",
        f"{manifest.name} {manifest.version}",
        manifest.network_sha256,
        manifest.training_data.description,
        manifest.threshold_rule,
        "40 films of 20 patients",
        "made &lt;again&gt; by",
        "AUROC",
        "Confusion matrix",
        "View: AP",
        "Thumbnail",
        "Pointing game",
        "truncated_image",
    ):
        assert words in page


def test_the_gallery_shows_the_films_that_were_wrong(
    with_errors: Path, brightness_classifier: Classifier, tmp_path: Path
) -> None:
    evaluation = evaluate(with_errors, tmp_path / "report", brightness_classifier)

    page, links = read_page(tmp_path / "report")
    assert evaluation.gallery is not None
    assert {error.number for error in evaluation.gallery} == {1, 3, 6, 8, 10}
    assert len(links.images) == 5
    brightness = []
    for image in links.images:
        assert image.startswith("data:image/jpeg;base64,")
        content = np.frombuffer(base64.b64decode(image.partition(",")[2]), dtype=np.uint8)
        picture = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert picture.shape == (80, 100)
        brightness.append(bool(picture.mean() > 255 * 0.4))
    assert brightness == [True] * 3 + [False] * 2  # false positives first
    assert "protect this page like the films" in page


def test_nothing_on_the_page_or_in_the_json_names_a_film_or_a_patient(
    perfect: tuple[Evaluation, Path],
) -> None:
    _, folder = perfect

    for name in ("report.html", "report.json"):
        text = (folder / name).read_text()
        assert not re.search("secret|patient-|broken", text)


def test_without_a_gallery_no_picture_is_embedded(
    with_errors: Path, brightness_classifier: Classifier, tmp_path: Path
) -> None:
    evaluate(with_errors, tmp_path / "report", brightness_classifier, gallery=False)

    page, links = read_page(tmp_path / "report")
    assert links.images == []
    assert "data:image" not in page
    assert "--no-gallery" in page
    assert json.loads((tmp_path / "report" / "report.json").read_text())["gallery"] is None


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("films", [1, 3])
def test_films_of_one_class_without_views_or_boxes_are_measured_as_far_as_they_go(
    target: int, films: int, brightness_classifier: Classifier, tmp_path: Path
) -> None:
    rows = [{"level": BRIGHT, "target": target}] * films
    labels = write_films(tmp_path / "films", rows)

    evaluate(labels, tmp_path / "report", brightness_classifier)

    report = json.loads((tmp_path / "report" / "report.json").read_text())
    page, _ = read_page(tmp_path / "report")
    assert report["figures"]["auroc"]["value"] is None
    assert report["figures"]["accuracy"]["value"] == target
    assert report["decision_curve"] == []
    assert report["box_sizes"] == []
    assert all(one["undefined"] for one in report["baselines"])
    assert "pixel_auprc" not in report["figures"]
    assert [group["auroc"] for group in report["subgroups"]] == [None] * 3
    assert "not defined" in page
    assert "no film has boxes" in page
    assert not re.search(r"\bnan\b", page)


def test_the_training_films_themselves_are_recognised(
    bright_means_opacity: Path, brightness_artefact: Path, tmp_path: Path
) -> None:
    """Figures on films that the network has seen are too good, and the page says so."""
    from model.classifier import load_classifier

    classifier = load_classifier(brightness_artefact, threads=1)
    digest = evaluate(bright_means_opacity, tmp_path / "first", classifier).data.digest
    values = classifier.manifest.to_dict()
    values["training_data"]["digest"] = digest
    classifier.manifest = Manifest.from_dict(values)

    evaluation = evaluate(bright_means_opacity, tmp_path / "second", classifier)

    assert evaluation.data.is_training_data
    assert "every figure on this page is too good" in read_page(tmp_path / "second")[0]
    assert "every figure on this page is too good" not in read_page(tmp_path / "first")[0]


def test_a_manifest_without_a_readable_film_is_refused(
    brightness_classifier: Classifier, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("image,target\na.png,1\nmissing.png,0\n")

    with pytest.raises(InvalidLabels):
        evaluate(tmp_path / "labels.csv", tmp_path / "report", brightness_classifier)
