from pathlib import Path

import cv2
import numpy as np
import pytest

from model.boxes import Box
from model.evaluation.gallery import ErrorKind, draw_film, draw_gallery, worst_errors
from tests.model.evaluation.labelled import labelled, scored
from tests.model.synthetic import gradient, png


def test_the_most_confident_errors_of_each_kind_come_first() -> None:
    films = [labelled(target) for target in (0, 0, 0, 0, 1, 1, 1, 1)]
    probabilities = [0.6, 0.9, 0.7, 0.1, 0.2, 0.05, 0.3, 0.9]

    errors = worst_errors(scored(films, probabilities), 0.5, shown=2)

    assert [one.number for one in errors[ErrorKind.FALSE_POSITIVE]] == [2, 3]
    assert [one.number for one in errors[ErrorKind.FALSE_NEGATIVE]] == [6, 5]


def test_a_probability_at_the_threshold_is_positive() -> None:
    errors = worst_errors(scored([labelled(0), labelled(1)], [0.5, 0.5]), 0.5)

    assert len(errors[ErrorKind.FALSE_POSITIVE]) == 1
    assert errors[ErrorKind.FALSE_NEGATIVE] == []


def test_pictures_are_small_jpegs_with_nothing_that_names_the_film(tmp_path: Path) -> None:
    path = tmp_path / "somebody.png"
    path.write_bytes(png(gradient(600, 800)))
    films = [labelled(0, patient="somebody", view="AP", age=47, path=path)]

    [error] = draw_gallery(scored(films, [0.9]), threshold=0.5, map_threshold=0.5)

    picture = cv2.imdecode(np.frombuffer(error.picture, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (192, 256, 3)
    assert (error.number, error.kind, error.view) == (1, ErrorKind.FALSE_POSITIVE, "AP")
    assert error.age_band == "40_to_59"
    assert b"somebody" not in error.picture


def test_a_box_is_drawn_where_it_is_and_nothing_else_changes() -> None:
    film = np.full((128, 128), 0.5, dtype=np.float32)
    cold = np.zeros((8, 8), dtype=np.float32)

    picture = draw_film(film, cold, [Box(0.25, 0.5, 0.25, 0.25)], map_threshold=0.5)

    blue, _, red = picture[64, 40]  # its upper edge
    assert blue > red
    assert (picture[10, 10] == 128).all()
    assert (picture[80, 48] == 128).all()  # inside


def test_the_region_is_outlined_where_the_map_reaches_its_threshold() -> None:
    film = np.zeros((128, 128), dtype=np.float32)
    warm = np.zeros((8, 8), dtype=np.float32)
    warm[2:4, 5:7] = 0.9

    outlined = draw_film(film, warm, [], map_threshold=0.5)
    plain = draw_film(film, warm, [], map_threshold=0.95)

    rows, columns = np.nonzero((outlined != plain).any(axis=2))
    assert rows.mean() == pytest.approx(48, abs=3)
    assert columns.mean() == pytest.approx(96, abs=3)
    assert (outlined[rows, columns] > plain[rows, columns]).all()


def test_small_films_are_not_enlarged() -> None:
    film = np.zeros((40, 30), dtype=np.float32)

    picture = draw_film(film, np.zeros((8, 8), dtype=np.float32), [], map_threshold=0.5)

    assert picture.shape == (40, 30, 3)
