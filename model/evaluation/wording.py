"""Names of the figures on the page, and the format of their values."""

from math import isnan
from typing import Final

from model.evaluation.bootstrap import Estimate
from model.evaluation.subgroups import Trait

#: Title and short explanation of each figure over all films.
FIGURES: Final = {
    "auroc": ("AUROC", "share of pairs of films with and without opacity in the right order"),
    "auprc": ("AUPRC", "average precision over all thresholds"),
    "sensitivity": ("Sensitivity (recall)", "share of films with opacity that are found"),
    "specificity": ("Specificity", "share of films without opacity that are called negative"),
    "precision": ("Precision", "share of positive results that are right"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "accuracy": ("Accuracy", "share of all films that are right"),
    "brier": ("Brier score", "mean squared error of the probability; 0 is best"),
    "expected_calibration_error": (
        "Calibration error",
        "mean distance of probability and share, 15 bins of equal mass; 0 is best",
    ),
    "calibration_in_the_large": (
        "Calibration in the large",
        "mean probability minus share with opacity; above 0, too many are predicted",
    ),
    "pointing_game": ("Pointing game", "share of maps that peak in a box"),
    "pixel_auprc": ("Pixel AUPRC, all films", "average precision of map positions against boxes"),
    "pixel_auprc_positives": (
        "Pixel AUPRC, films with boxes",
        "the same, over films with boxes alone",
    ),
}

#: Figures about maps.
OF_MAPS: Final = frozenset({"pointing_game", "pixel_auprc", "pixel_auprc_positives"})

TRAITS: Final = {Trait.VIEW: "View", Trait.SEX: "Sex", Trait.AGE: "Age"}

_GROUPS: Final = {
    "sex_f": "female",
    "sex_m": "male",
    "age_60_to_120": "60 and over",
}

BASELINES: Final = {
    "view_only": "AP or PA alone",
    "mean_intensity": "Mean intensity of the film",
    "thumbnail": "Thumbnail of 8 \N{MULTIPLICATION SIGN} 8 values",
}

_MINUS: Final = "\N{MINUS SIGN}"


def group_title(name: str) -> str:
    """Return the title of a subgroup, such as `18 to 39` for `age_18_to_39`."""
    trait, _, value = name.partition("_")
    if value == "unknown":
        return "not given"
    if trait == "view":
        return value.upper()
    return _GROUPS.get(name) or value.replace("_", " ")


def number(value: float, digits: int = 3) -> str:
    """Format a number with a proper minus sign, and without one for 0."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", _MINUS)


def value_of(estimate: Estimate, digits: int = 3) -> str:
    """Format the value of an estimate, or say that it is not defined."""
    return number(estimate.value, digits) if estimate.is_defined else "not defined"


def interval_of(estimate: Estimate, digits: int = 3) -> str:
    """Format the interval of an estimate; empty if there is none."""
    if isnan(estimate.low):
        return ""
    return f"{number(estimate.low, digits)} to {number(estimate.high, digits)}"
