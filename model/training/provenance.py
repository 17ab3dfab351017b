"""What every artefact trained on these films must say."""

from typing import Final

NAME: Final = "pneumocam"

LABELS: Final = ("lung_opacity",)

DATA_DESCRIPTION: Final = (
    "A part of the RSNA Pneumonia Detection Challenge: frontal chest films of adults and "
    "adolescents from NIH ChestX-ray14, read by radiologists, opacities boxed."
)

LICENCE: Final = (
    "The weights were trained on films of the RSNA Pneumonia Detection Challenge and may be used "
    "for non-commercial research and education only. The code is under Apache-2.0."
)

CITATIONS: Final = (
    (
        "Shih G, Wu CC, Halabi SS, et al. Augmenting the National Institutes of Health Chest "
        "Radiograph Dataset with Expert Annotations of Possible Pneumonia. Radiology: Artificial "
        "Intelligence 2019;1(1):e180041. https://doi.org/10.1148/ryai.2019180041"
    ),
    (
        "Wang X, Peng Y, Lu L, Lu Z, Bagheri M, Summers RM. ChestX-ray8: Hospital-scale Chest "
        "X-ray Database and Benchmarks on Weakly-Supervised Classification and Localization of "
        "Common Thorax Diseases. CVPR 2017. https://arxiv.org/abs/1705.02315"
    ),
)

INTENDED_USE: Final = (
    "Research and evaluation of decision support on frontal (PA or AP) chest radiographs of "
    "adults. Not a medical device, not a diagnosis."
)

LIMITATIONS: Final = (
    (
        "It reports how likely an opacity is that looks like pneumonia; oedema, atelectasis, "
        "haemorrhage and tumour can look the same."
    ),
    (
        "Trained on one hospital's films; other hospitals, devices and populations may give other "
        "figures."
    ),
    (
        "66 of its 1,370 training, validation and test films are of people under 18; probabilities "
        "of children's films are not to be relied on."
    ),
    (
        "AP films, often portable and of sicker people, show opacity more often than PA films, and "
        "the network knows it."
    ),
)
