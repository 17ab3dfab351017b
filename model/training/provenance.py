"""Statements that every artefact trained on these films must carry."""

from typing import Final

NAME: Final = "pneumocam"

LABELS: Final = ("lung_opacity",)

DATA_DESCRIPTION: Final = (
    "Frontal chest films of five origins. Adults and adolescents from NIH ChestX-ray14 (USA), read "
    "by radiologists for the RSNA Pneumonia Detection Challenge, opacities boxed, with findings "
    "mined from NIH's reports. VinDr-CXR (Vietnam), findings boxed by radiologists. Children "
    "(Kermany et al. 2018, China). Films of the challenge's test part with the soft labels and "
    "boxes of a published solution of the challenge, an ensemble of 3 classifiers and 12 "
    "detectors: a teacher's opinion, never measured on. Lungs and heart outlined on films of JSRT "
    "(Japan) and Wingspan (China). The backbone started from ImageNet's weights."
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
        "Nguyen HQ, Lam K, Le LT, et al. VinDr-CXR: An open dataset of chest X-rays with "
        "radiologist's annotations. Scientific Data 2022;9:429. "
        "https://doi.org/10.1038/s41597-022-01498-w"
    ),
    (
        "Shiraishi J, Katsuragawa S, Ikezoe J, et al. Development of a Digital Image Database for "
        "Chest Radiographs With and Without a Lung Nodule. American Journal of Roentgenology "
        "2000;174(1):71-74. https://doi.org/10.2214/ajr.174.1.1740071"
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
        "Its opacities are those of two hospitals, in the USA and in Vietnam; others, with other "
        "devices and populations, give other figures."
    ),
    (
        "Few of the films that its figures are of are of people under 18; probabilities of "
        "children's films are not to be relied on, and results say so."
    ),
    (
        "AP films, often portable and of sicker people, show opacity more often than PA films, and "
        "the network knows it."
    ),
)
