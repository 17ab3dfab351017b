import random
from collections import defaultdict

import pytest

from model.preparation.errors import ImpossibleSplit
from model.preparation.parts import Part, deal_parts, validation_films
from model.preparation.rsna_labels import RsnaLabel


def labels_of(count: int) -> list[RsnaLabel]:
    """A fifth of the films has an opacity."""
    return [RsnaLabel(f"{number:05d}", int(number % 5 == 0), (), "") for number in range(count)]


def test_the_whole_download_is_split_as_the_challenge_is_usually_split() -> None:
    labels = labels_of(26_684)

    parts = deal_parts(labels, {}, validation=validation_films(26_684, None), seed=1)

    dealt = list(parts.values())
    assert (dealt.count(Part.TRAIN), dealt.count(Part.VAL)) == (24_000, 2_684)


def test_a_smaller_folder_is_split_in_the_same_share() -> None:
    assert validation_films(1_000, None) == 101
    assert validation_films(2, None) == 1
    assert validation_films(1, None) == 0


def test_something_must_be_left_to_train_on() -> None:
    with pytest.raises(ImpossibleSplit):
        validation_films(10, 10)


def test_both_parts_have_the_same_share_of_opacity() -> None:
    labels = labels_of(500)

    parts = deal_parts(labels, {}, validation=50, seed=1)

    kept_aside = [label for label in labels if parts[label.rsna_id] is Part.VAL]
    assert sum(label.target for label in kept_aside) == 10


def test_no_patient_is_on_two_sides_and_the_count_is_met() -> None:
    labels = labels_of(600)
    generator = random.Random(0)
    # A few patients have many films, as in the challenge.
    patient_of = {label.rsna_id: str(int(generator.paretovariate(0.5))) for label in labels[:400]}

    parts = deal_parts(labels, patient_of, validation=60, seed=1)

    sides = defaultdict(set)
    for rsna_id, patient in patient_of.items():
        sides[patient].add(parts[rsna_id])
    assert all(len(parts_of_patient) == 1 for parts_of_patient in sides.values())
    assert list(parts.values()).count(Part.VAL) == 60


def test_a_few_patients_with_many_films_leave_something_on_each_side() -> None:
    """No patient fits into a count of one film."""
    labels = labels_of(9)
    patient_of = {label.rsna_id: str(i % 3) for i, label in enumerate(labels)}

    parts = deal_parts(labels, patient_of, validation=1, seed=1)

    assert list(parts.values()).count(Part.VAL) == 3


def test_one_patient_is_trained_on() -> None:
    labels = labels_of(4)

    parts = deal_parts(labels, {x.rsna_id: "one" for x in labels}, validation=1, seed=1)

    assert set(parts.values()) == {Part.TRAIN}


def test_the_split_follows_its_seed_and_not_the_order() -> None:
    labels = labels_of(200)

    dealt = deal_parts(labels, {}, validation=20, seed=1)

    assert dealt == deal_parts(labels[::-1], {}, validation=20, seed=1)
    assert dealt != deal_parts(labels, {}, validation=20, seed=2)
