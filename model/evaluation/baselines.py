"""Baselines that see almost nothing of the film, to detect a network that learnt a shortcut.

On hospital films, the way of taking a film says much about the disease: portable AP films are of
sicker people (Zech et al. 2018, https://doi.org/10.1371/journal.pmed.1002683).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.evaluation import weighted
from model.evaluation.bootstrap import UNDEFINED, Estimate, resample
from model.evaluation.scoring import THUMBNAIL, ScoredFilm

_FOLDS: Final = 5

_SEED: Final = 0

#: Regularisation C of the logistic regression on standardised inputs: of 1, 0.1, 0.01 and 0.001 the
#: best one for the thumbnail on the RSNA films, both on 280 and on 1,370 of them.
_INVERSE_PENALTY: Final = 0.01


@dataclass(frozen=True, slots=True)
class Baseline:
    """A classifier that the network should beat.

    Attributes:
        name: `view_only`, `mean_intensity` or `thumbnail`.
        films: Number of films.
        auroc: AUROC of the pooled out-of-fold predictions.
        difference: AUROC of the network minus this one, paired film by film.
        undefined: Reason why there are no figures; None if there are figures.
    """

    name: str
    films: int
    auroc: Estimate
    difference: Estimate
    undefined: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the object of `report.json`."""
        return {
            "name": self.name,
            "films": self.films,
            "auroc": self.auroc.to_dict(),
            "difference": self.difference.to_dict(),
            "undefined": self.undefined,
        }


def measure_baselines(
    scored: Sequence[ScoredFilm], probabilities: NDArray[np.float32]
) -> list[Baseline]:
    """Measure the three baselines, and the network's difference to each.

    Each is a logistic regression, cross-validated on these films in five folds by patient. It is
    trained on films of this hospital and the network need not be: the comparison favours the
    baseline.

    Args:
        scored: n films.
        probabilities: Shape (n,), probabilities of the network.
    """
    views = [one.film.view for one in scored]
    thumbnails = np.stack([one.thumbnail for one in scored]).reshape(-1, THUMBNAIL**2)
    intensities = np.array([[one.mean_intensity] for one in scored])
    seen = sorted({view for view in views if view is not None})
    view_inputs = np.array([[float(view == one) for one in seen] for view in views])
    return [
        _measure("view_only", view_inputs, scored, probabilities)
        if len(set(views)) > 1
        else _undefined("view_only", scored, "The films' views are not known, or all the same."),
        _measure("mean_intensity", intensities, scored, probabilities),
        _measure("thumbnail", thumbnails, scored, probabilities),
    ]


def _measure(
    name: str,
    inputs: NDArray[np.floating],
    scored: Sequence[ScoredFilm],
    probabilities: NDArray[np.float32],
) -> Baseline:
    """Measure the baseline with these inputs, shape (n, inputs)."""
    targets = np.array([one.film.target for one in scored], dtype=np.int_)
    patients = [one.film.patient_id for one in scored]
    scores = predict_out_of_fold(inputs, targets, patients)
    if scores is None:
        reason = "Cross-validation needs two patients or more with and without opacity."
        return _undefined(name, scored, reason)
    resampling = resample(patients)
    network = weighted.auroc(targets, probabilities)
    baseline = weighted.auroc(targets, scores)
    return Baseline(
        name=name,
        films=len(scored),
        auroc=resampling.estimate(baseline),
        difference=resampling.estimate(lambda weights: network(weights) - baseline(weights)),
    )


def predict_out_of_fold(
    inputs: NDArray[np.floating], targets: NDArray[np.int_], patients: Sequence[str]
) -> NDArray[np.float64] | None:
    """Score each film by a logistic regression trained without the films of its patient.

    Each fold's regression is brought to mean 0 and standard deviation 1 over all films, which
    looks at their inputs and not at their targets. Pooled log odds would rank too low: where a
    fold holds more positives, the others hold fewer, and their regression expects fewer of it (on
    the RSNA films, that costs knowing the view 0.02 of its AUROC).

    Args:
        inputs: Shape (n, inputs).
        targets: Shape (n,), 0 or 1.
        patients: The patient of each film.

    Returns:
        Shape (n,); None where too few patients have one of the classes to be dealt into folds.
    """
    groups = np.asarray(patients)
    folds = min(_FOLDS, *(len(set(groups[targets == target])) for target in (0, 1)))
    if folds < 2:
        return None
    scores = np.zeros(len(targets))
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=_SEED)
    for others, fold in splitter.split(inputs, targets, groups):
        if len(set(targets[others])) < 2:
            return None
        regression = make_pipeline(
            StandardScaler(), LogisticRegression(C=_INVERSE_PENALTY, max_iter=1000)
        )
        answers = regression.fit(inputs[others], targets[others]).decision_function(inputs)
        spread = max(answers.std(), 1e-6)  # inputs that are all the same have none
        scores[fold] = ((answers - answers.mean()) / spread)[fold]
    # Rounded, because equal inputs are to stay equal whichever fold they are in.
    return scores.round(9)


def _undefined(name: str, scored: Sequence[ScoredFilm], reason: str) -> Baseline:
    return Baseline(name, len(scored), UNDEFINED, UNDEFINED, reason)
