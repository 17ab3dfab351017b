import numpy as np
import pytest

from model.evaluation.subgroups import age_band, measure_subgroups, subgroups
from tests.model.evaluation.labelled import labelled


def test_every_film_is_in_one_group_of_each_trait() -> None:
    films = [
        labelled(0, view="PA", age=17, sex="F"),
        labelled(0, view="AP", age=18, sex="M"),
        labelled(0, view="LL", age=130, sex="O"),
        labelled(0),
    ]

    groups = {group.name: group.films.tolist() for group in subgroups(films)}

    assert groups == {
        "view_pa": [0],
        "view_ap": [1],
        "view_unknown": [2, 3],
        "sex_f": [0],
        "sex_m": [1],
        "sex_unknown": [2, 3],
        "age_0_to_17": [0],
        "age_18_to_39": [1],
        "age_unknown": [2, 3],
    }


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0_to_17"), (39, "18_to_39"), (60, "60_to_120"), (121, None), (None, None)],
)
def test_ages_have_bands(age: int | None, band: str | None) -> None:
    assert age_band(age) == band


def test_each_figure_says_when_too_few_films_bear_on_it() -> None:
    """12 positives and 9 negatives: enough for the sensitivity alone."""
    films = [labelled(int(number < 12), patient=str(number), view="AP") for number in range(21)]
    probabilities = np.array([0.9] * 6 + [0.1] * 15, dtype=np.float32)

    [group, *unknown] = measure_subgroups(films, probabilities, 0.5)

    assert (group.films, group.patients, group.positives) == (21, 21, 12)
    assert group.sensitivity is not None
    assert group.sensitivity.value == 0.5
    assert group.specificity is None
    assert group.auroc is None
    assert [one.name for one in unknown] == ["sex_unknown", "age_unknown"]
    assert group.to_dict()["auroc"] is None


def test_a_group_is_measured_by_its_own_films() -> None:
    """Perfect on AP, reversed on PA."""
    films = [
        labelled(number % 2, patient=str(number), view="AP" if number < 40 else "PA")
        for number in range(80)
    ]
    probabilities = np.array(
        [0.9 if (number % 2 == 1) == (number < 40) else 0.1 for number in range(80)],
        dtype=np.float32,
    )

    groups = {group.name: group for group in measure_subgroups(films, probabilities, 0.5)}

    assert groups["view_ap"].auroc is not None
    assert groups["view_pa"].auroc is not None
    assert groups["view_ap"].auroc.value == 1
    assert groups["view_pa"].auroc.value == 0
