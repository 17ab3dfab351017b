import numpy as np
import pytest

from model.evaluation.baselines import measure_baselines, predict_out_of_fold
from tests.model.evaluation.labelled import labelled, scored

RANDOM = np.random.default_rng(0)


def test_the_view_alone_is_found_out() -> None:
    """80 % of AP and 20 % of PA films are positive; a network that knows no more ties with it."""
    films = [
        labelled(
            int(number % 5 > 0 if number < 100 else number % 5 == 0),
            patient=str(number),
            view="AP" if number < 100 else "PA",
        )
        for number in range(200)
    ]
    probabilities = [0.8] * 100 + [0.2] * 100
    thumbnails = RANDOM.random((200, 8, 8)).astype(np.float32)

    view, intensity, thumbnail = measure_baselines(
        scored(films, probabilities, thumbnails=thumbnails),
        np.array(probabilities, dtype=np.float32),
    )

    assert [one.name for one in (view, intensity, thumbnail)] == [
        "view_only",
        "mean_intensity",
        "thumbnail",
    ]
    assert view.auroc.value == pytest.approx(0.8)
    assert view.difference.to_dict() == {"value": 0, "low": 0, "high": 0}
    assert intensity.auroc.value < 0.65
    assert intensity.difference.low > 0.1


def test_a_thumbnail_that_tells_everything_beats_the_network() -> None:
    films = [labelled(number % 2, patient=str(number), view="AP") for number in range(60)]
    thumbnails = RANDOM.random((60, 8, 8)).astype(np.float32)
    thumbnails[1::2, 2, 3] += 3.0
    thumbnails[0::2, 5, 3] += 3.0
    probabilities = np.full(60, 0.5, dtype=np.float32)

    view, _, thumbnail = measure_baselines(
        scored(films, [0.5] * 60, thumbnails=thumbnails), probabilities
    )

    assert view.undefined is not None
    assert not view.auroc.is_defined
    assert thumbnail.auroc.value > 0.95
    assert thumbnail.difference.high < -0.4


def test_a_patients_films_are_never_trained_on_beside_their_own() -> None:
    """Inputs that only name the patient tell nothing of other patients."""
    targets = np.repeat(RANDOM.permutation(np.arange(40) % 2), 4)
    patients = [str(number // 4) for number in range(160)]
    inputs = np.eye(40)[np.arange(160) // 4]

    scores = predict_out_of_fold(inputs, targets, patients)

    assert scores is not None
    by_patient = scores.reshape(40, 4)
    assert (by_patient == by_patient[:, :1]).all()
    unseen = [np.unique(by_patient[targets[::4] == target]).size for target in (0, 1)]
    assert max(unseen) <= 5  # one value a fold: what it says of a patient it never saw


@pytest.mark.parametrize("targets", [[0] * 6, [1] * 6, [1, 0, 0, 0, 0, 0]])
def test_too_few_of_a_class_are_not_defined(targets: list[int]) -> None:
    films = [labelled(target, patient=str(n), view="AP") for n, target in enumerate(targets)]

    baselines = measure_baselines(scored(films, [0.5] * 6), np.full(6, 0.5, dtype=np.float32))

    assert all(one.undefined for one in baselines)
    assert all(one.to_dict()["auroc"] == one.to_dict()["difference"] for one in baselines)
