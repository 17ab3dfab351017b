"""Training of the gate of a finished run, and export of its network."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.stats import binomtest

from model.export import ExportReport, load_network, save_weights, write_artefact
from model.labels import LabelledFilm, read_pictures
from model.manifest import Manifest, Metric, read_manifest, write_manifest
from model.network import Network
from model.training.film_targets import read_film_targets
from model.training.films import load_films
from model.training.gate import GateFit, fit_gate
from model.training.gate_pictures import GatePictures

#: Films used of each manifest; a few hundred suffice, more only cost time.
_FILMS_A_MANIFEST: Final = 400


def fit_gate_of_run(
    run: Path,
    frontal: Sequence[Path],
    other: Sequence[Path],
    *,
    seed: int = 1,
    network: Network | None = None,
) -> tuple[Manifest, ExportReport]:
    """Train the gate of a run's network, and write weights, manifest and exported network.

    Args:
        run: Folder of a finished training run.
        frontal: Manifests of frontal chest films, see `film_targets.read_film_targets`.
        other: Manifests of other pictures, with a column `image`.
        seed: Random seed.
        network: Network to load the weights into, for tests; by default the manifest's.

    Raises:
        InvalidLabels: A manifest is invalid.
        CorruptArtefact: The run has no manifest.
    """
    manifest = read_manifest(run)
    network = load_network(run, manifest, network=network)
    films = [
        film
        for path in frontal
        for film in _some(read_film_targets(path, source=path.parent.name)[0], seed)
    ]
    chests = load_films(films, manifest.preprocessing)
    # Pictures that the reader refuses never reach the gate.
    labels = [picture for path in other for picture in read_pictures(path)]
    others = load_films(labels, manifest.preprocessing, on_unreadable=_leave_out)
    patients = [f"{film.source}/{film.patient_id}" for film in chests.labels]
    pictures = GatePictures.of(chests.pixels, patients, others.pixels, seed=seed)
    fit = fit_gate(network, pictures)
    names = [_end_of(path) for path in frontal]
    names += [f"--other {_end_of(path)}" for path in other]
    command = f"pneumocam fit-gate RUN {' '.join(names)}"
    kept = [metric for metric in manifest.metrics if not metric.name.startswith("gate_")]
    complete = replace(
        manifest,
        gate_threshold=round(fit.threshold, 6),
        metrics=(*kept, *_metrics(fit, command)),
    )
    save_weights(network, run)
    write_manifest(complete, run)
    return complete, write_artefact(network, complete, run / "artefact")


def _some(films: Sequence[LabelledFilm], seed: int) -> list[LabelledFilm]:
    generator = np.random.default_rng(seed)
    count = min(len(films), _FILMS_A_MANIFEST)
    return [films[number] for number in sorted(generator.permutation(len(films))[:count])]


def _end_of(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _leave_out(*_: object) -> None:
    """Return None for a picture that the reader refuses."""


def _metrics(fit: GateFit, command: str) -> list[Metric]:
    """Return the rejected share of each sort, with Wilson's interval."""
    metrics = []
    for refusals in fit.refusals:
        interval = binomtest(refusals.refused, refusals.pictures).proportion_ci(method="wilson")
        metrics.append(
            Metric(
                name=f"gate_refused_{refusals.sort}",
                value=round(refusals.refused / refusals.pictures, 4),
                low=round(float(interval.low), 4),
                high=round(float(interval.high), 4),
                films=refusals.pictures,
                data="5-fold cross-validation of the gate by patient",
                command=command,
            )
        )
    return metrics
