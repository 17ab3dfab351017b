"""Tests of the training targets that the columns of a manifest give a film."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.training.film_targets import FINDINGS, read_film_targets


def findings_of(folder: Path, columns: str, row: str) -> NDArray[np.float32]:
    manifest = folder / "labels.csv"
    manifest.write_text(f"image,target,{columns}\nfilm.png,0,{row}\n")
    _, [targets] = read_film_targets(manifest, source="hospital")
    return targets.findings


def finding(values: NDArray[np.float32], name: str) -> float:
    return float(values[list(FINDINGS).index(name)])


def test_what_a_vocabulary_has_no_word_for_stays_unknown(tmp_path: Path) -> None:
    nih = findings_of(
        tmp_path, "nih_labels,rsna_class", "Effusion|Nodule,No Lung Opacity / Not Normal"
    )

    assert finding(nih, "effusion") == 1
    assert finding(nih, "mass") == 1
    assert finding(nih, "edema") == 0
    assert finding(nih, "normal") == 0
    assert np.isnan(finding(nih, "interstitial_disease"))


def test_two_vocabularies_share_a_finding(tmp_path: Path) -> None:
    vindr = findings_of(tmp_path, "findings", "Pleural effusion|ILD")

    assert finding(vindr, "effusion") == 1
    assert finding(vindr, "interstitial_disease") == 1
    assert finding(vindr, "mass") == 0
    assert np.isnan(finding(vindr, "edema"))


def test_children_s_films_say_only_what_is_normal(tmp_path: Path) -> None:
    child = findings_of(tmp_path, "kind", "none")

    assert finding(child, "normal") == 1
    assert np.isnan(child).sum() == len(FINDINGS) - 1


def test_a_film_without_further_columns_teaches_its_label_alone(tmp_path: Path) -> None:
    manifest = tmp_path / "labels.csv"
    manifest.write_text('image,target,boxes\nfilm.png,1,"[[0.5, 0.5, 0.25, 0.25]]"\n')

    [label], [targets] = read_film_targets(manifest, source="hospital")

    assert label.source == "hospital"
    assert targets.target == 1
    assert targets.masks(8)[0].sum() == 4
    assert np.isnan(targets.findings).all()
    assert targets.is_measured
