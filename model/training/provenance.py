"""Statements that every artefact trained on these films must carry."""

from typing import Final

NAME: Final = "pneumocam"

LABELS: Final = ("lung_opacity",)

DATA_DESCRIPTION: Final = (
    "A part of the RSNA Pneumonia Detection Challenge: frontal chest films of adults and "
    "adolescents from NIH ChestX-ray14, read by radiologists, opacities boxed. The network started "
    "from weights fitted to children's films (Kermany et al. 2018), and those from ImageNet's; of "
    "the children's films some were trained on beside the adults' to the end."
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
    (
        "Kermany DS, Goldbaum M, Cai W, et al. Identifying Medical Diagnoses and Treatable "
        "Diseases by Image-Based Deep Learning. Cell 2018;172(5):1122-1131. "
        "https://doi.org/10.1016/j.cell.2018.02.010"
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
        "66 of the 1,370 films that its figures are of are of people under 18; probabilities of "
        "children's films are not to be relied on, and results say so."
    ),
    (
        "AP films, often portable and of sicker people, show opacity more often than PA films, and "
        "the network knows it."
    ),
)
