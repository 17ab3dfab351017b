"""A recipe of two stages on synthetic films, with a teacher's labels and outlines of organs."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.torch import load_file

from model.errors import InvalidRecipe
from model.manifest import read_manifest, sha256_of
from model.training.recipe import read_recipe
from model.training.recipe_run import load_sources, split_measured, train_recipe
from tests.model.tiny import SIZE, learning_network

RECIPE = """
version = "9.9.9"
calibrated_on = ["squares", "others"]

[sources]
squares = "squares/labels.csv"
others = "others/labels.csv"
teacher = "teacher/labels.csv"
lungs = "lungs/labels.csv"

[common]
size = 32
validation_fold = 0
batch_size = 8
learning_rate = 1e-2
ema_decay = 0.9
precision = "float32"
loader_processes = 0

[[stages]]
epochs = 1
films_an_epoch = { squares = 64, others = 8 }

[[stages]]
epochs = 2
cut_mix = 0.5
films_an_epoch = { squares = 64, teacher = 10, lungs = 4 }
"""


@pytest.fixture
def data(squares: Path, others: Path, tmp_path: Path) -> Path:
    """A folder with the sources of `RECIPE` and the recipe itself."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "squares").symlink_to(squares.parent)
    (folder / "others").symlink_to(others.parent)
    pictures = [path.read_bytes() for path in sorted(squares.parent.glob("*.png"))[:10]]
    for name in ("teacher", "lungs"):
        (folder / name).mkdir()
        for number, content in enumerate(pictures):
            (folder / name / f"{number}.png").write_bytes(content)
    columns = ["image", "view", "p_normal", "p_opacity_ensemble", "boxes"]
    rows = [[f"{n}.png", "AP", 0.2, 0.1 * n, "[[0.1, 0.1, 0.5, 0.5, 6, 0.9]]"] for n in range(10)]
    _write(folder / "teacher" / "labels.csv", columns, rows)
    mask = np.zeros((SIZE, SIZE), dtype=np.uint8)
    mask[:, : SIZE // 2] = 2
    for number in range(10):
        cv2.imwrite(str(folder / "lungs" / f"mask-{number}.png"), mask)
    rows = [[f"{n}.png", f"mask-{n}.png", "" if n < 5 else "0"] for n in range(10)]
    _write(folder / "lungs" / "labels.csv", ["image", "mask", "target"], rows)
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def _write(path: Path, columns: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def test_a_recipe_gives_an_artefact_measured_on_held_out_films(data: Path, tmp_path: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")

    result = train_recipe(
        recipe, data, tmp_path / "run", name="recipe.toml", make_network=learning_network
    )

    manifest = read_manifest(result.artefact)
    figures = {metric.name: metric for metric in manifest.metrics}
    assert manifest.version == "9.9.9"
    assert manifest.prevalence == pytest.approx(0.5, abs=0.01)
    assert set(manifest.thresholds) == {"sensitivity_90", "specificity_90", "best_f1"}
    assert figures["auroc"].films == 16
    assert figures["auroc_others"].films == 8
    assert "specificity_at_specificity_90" in figures
    assert not any(name.endswith("_teacher") for name in figures)
    assert figures["specificity_lungs"].films == 1
    assert "auroc_lungs" not in figures  # its films are of one class


def test_each_stage_trains_every_weight_and_starts_where_the_one_before_ended(
    data: Path, tmp_path: Path
) -> None:
    """The network that a stage returns cannot be trained on: it is an average of weights."""
    recipe = read_recipe(data / "recipe.toml")

    train_recipe(recipe, data, tmp_path, name="recipe.toml", make_network=learning_network)

    first, second = (load_file(tmp_path / f"stage-{n}" / "network.safetensors") for n in (1, 2))
    trained = [name for name in first if name.startswith(("backbone.", "head."))]
    assert trained
    assert all((first[name] != second[name]).any() for name in trained)
    config = json.loads((tmp_path / "stage-2" / "config.json").read_text())
    weights = (tmp_path / "stage-1" / "network.safetensors").read_bytes()
    assert config["start_from"] == sha256_of(weights)


def test_a_teacher_s_films_and_those_nobody_read_are_never_held_back(data: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")

    films = load_sources(recipe, data)
    split = split_measured(films, recipe.stages[0])

    assert {films.labels[index].source for index in split.validation} == {
        "squares", "others", "lungs",
    }  # fmt: skip
    assert len(films.of_source(split.training, "teacher")) == 10
    assert sorted([*split.training, *split.validation]) == list(range(len(films.labels)))


def test_a_teacher_s_votes_say_how_sure_a_box_is(data: Path) -> None:
    films = load_sources(read_recipe(data / "recipe.toml"), data)
    teacher = films.of_source(range(len(films.labels)), "teacher")

    film_targets = films.targets_of_film(teacher[3])

    assert film_targets.target == pytest.approx(0.3)
    assert film_targets.masks(SIZE)[0].max() == pytest.approx(0.5)
    assert not film_targets.is_measured


def test_outlines_are_known_and_opacity_is_not(data: Path) -> None:
    films = load_sources(read_recipe(data / "recipe.toml"), data)
    lungs = films.of_source(range(len(films.labels)), "lungs")

    masks = films.targets_of_film(lungs[0]).masks(SIZE)

    assert set(masks) == {1, 2, 3}
    assert masks[2][:, : SIZE // 2].min() == 1
    assert masks[1].max() == 0


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('version = "9.9.9"', ""),
        ("epochs = 1", "epoks = 1"),
        ("others = 8", "nowhere = 8"),
        ("films_an_epoch = { squares = 64, others = 8 }", ""),
        ("[sources]", "[sources"),
    ],
)
def test_a_recipe_that_means_nothing_is_refused(data: Path, was: str, becomes: str) -> None:
    (data / "recipe.toml").write_text(RECIPE.replace(was, becomes, 1))

    with pytest.raises(InvalidRecipe):
        read_recipe(data / "recipe.toml")
