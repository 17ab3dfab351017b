from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.labels import LabelledFilm
from model.training.splitting import deal_into_folds, deal_sources_into_folds


def make_films(patients: int = 200) -> list[LabelledFilm]:
    generator = np.random.default_rng(0)
    return [
        LabelledFilm(
            path=Path(f"{patient}-{number}"),
            target=int(generator.random() < 0.25),
            patient_id=str(patient),
            view="AP" if generator.random() < 0.4 else "PA",
        )
        for patient in range(patients)
        for number in range(generator.integers(1, 4))
    ]


def test_no_patient_is_in_two_folds() -> None:
    films = make_films()

    folds_of = defaultdict(set)
    for film, fold in zip(films, deal_into_folds(films, 5, seed=1), strict=True):
        folds_of[film.patient_id].add(fold)

    assert {len(folds) for folds in folds_of.values()} == {1}


def test_folds_are_alike_in_size_and_share_of_positives() -> None:
    films = make_films()

    folds = np.array(deal_into_folds(films, 5, seed=1))

    targets = np.array([film.target for film in films])
    shares = [targets[folds == fold].mean() for fold in range(5)]
    assert np.ptp(np.bincount(folds)) < 0.25 * len(films) / 5
    assert np.ptp(shares) < 0.1


def test_the_split_depends_on_the_seed_alone() -> None:
    films = make_films()

    assert deal_into_folds(films, 5, seed=1) == deal_into_folds(films, 5, seed=1)
    assert deal_into_folds(films, 5, seed=1) != deal_into_folds(films, 5, seed=2)


def test_the_order_of_films_does_not_move_patients() -> None:
    films = make_films()

    forwards = dict(zip([f.path for f in films], deal_into_folds(films, 5, seed=1), strict=True))
    backwards = dict(
        zip([f.path for f in films[::-1]], deal_into_folds(films[::-1], 5, seed=1), strict=True)
    )

    assert forwards == backwards


def test_a_further_source_leaves_the_first_as_it_was() -> None:
    adults = [replace(film, source="adult") for film in make_films()]
    children = [
        replace(film, source="paediatric", patient_id=f"c{film.patient_id}")
        for film in make_films(50)
    ]

    assert deal_sources_into_folds(adults + children, 5, seed=1)[: len(adults)] == deal_into_folds(
        adults, 5, seed=1
    )


def test_a_patient_of_two_sources_stays_in_one_fold() -> None:
    adults = [replace(film, source="adult") for film in make_films()]
    same_people = [replace(film, source="unlabelled") for film in make_films(50)]

    folds = deal_sources_into_folds(adults + same_people, 5, seed=1)

    fold_of = {film.patient_id: fold for film, fold in zip(adults, folds, strict=False)}
    for film, fold in zip(same_people, folds[len(adults) :], strict=True):
        assert fold_of[film.patient_id] == fold
