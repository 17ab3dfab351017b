"""Fits one network to the training films of a split, and goes on where it was stopped."""

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file

from model.evaluation.metrics import auroc
from model.export import WEIGHTS_NAME, save_weights
from model.network import Network, build_network
from model.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from model.training.config import TrainingConfig
from model.training.curves import draw_curves
from model.training.films import FilmSet
from model.training.loop import Trainer, train_epoch
from model.training.prediction import predict
from model.training.splitting import Split

CHECKPOINT: Final = "checkpoint.safetensors"
HISTORY: Final = "history.csv"


@dataclass(frozen=True, slots=True)
class EpochReport:
    """One line of a run's progress.

    Attributes:
        epoch: Counted from 1.
        epochs: At most this many.
        loss: Mean over the training films, as augmented.
        validation_auroc: Of the averaged weights on the validation fold; NaN where it is empty.
        best: Whether it is the best so far.
    """

    epoch: int
    epochs: int
    loss: float
    validation_auroc: float
    best: bool


def fit(
    films: FilmSet,
    split: Split,
    out: Path,
    config: TrainingConfig,
    *,
    start_from: Path | None = None,
    progress: Callable[[EpochReport], None] | None = None,
    network: Network | None = None,
) -> Network:
    """Train to the last epoch or until patience ends, from the checkpoint where there is one.

    Args:
        films: All films.
        split: Those to train on and, which may be none, to watch.
        out: Gets `config.json`, `history.csv`, `curves.png`, `checkpoint.safetensors` and
            `network.safetensors`; made if need be.
        config: Of the run.
        start_from: Weights of an earlier run, the ones that `config` names by their SHA-256.
        progress: Called after each epoch.
        network: Trained in place of the one that `config` names; for tests.

    Returns:
        The network that is kept, on the CPU, in evaluation mode.

    Raises:
        UnusableCheckpoint: The folder holds another run.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if network is None:
        network = build_network(
            config.backbone,
            pretrained=config.pretrained and start_from is None,
            sharpness=config.sharpness,
            dropout=config.dropout,
        )
    if start_from is not None:
        network.load_state_dict(load_file(start_from))
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's overload lacks memory_format
    trainer = Trainer.of(network, config)
    _train(trainer, films, split, out, config, device=device, progress=progress)
    return _kept_network(trainer.average.network.network, out)


def _train(
    trainer: Trainer,
    films: FilmSet,
    split: Split,
    out: Path,
    config: TrainingConfig,
    *,
    device: torch.device,
    progress: Callable[[EpochReport], None] | None,
) -> None:
    fingerprint = _fingerprint(films, config)
    state = Progress(epoch=0, step=0, best_epoch=0, best_auroc=0.0, fingerprint=fingerprint)
    if (out / CHECKPOINT).exists():
        state = load_checkpoint(
            out / CHECKPOINT,
            network=trainer.multitask,
            average=trainer.average.network,
            optimizer=trainer.optimizer,
            fingerprint=fingerprint,
        )
        trainer.step = state.step
        _cut_history(out / HISTORY, state.epoch)
    else:
        (out / "config.json").write_text(json.dumps(config.to_dict(), indent=2) + "\n")
        _start_history(out / HISTORY)
    # Other sources help to train; what counts is the first.
    validation = films.of_source(split.validation, films.labels[0].source)
    targets = films.targets(validation)
    for epoch in range(state.epoch, config.epochs):
        if config.keep_best and epoch - state.best_epoch >= config.patience:
            break
        loss = train_epoch(trainer, films, split.training, config, epoch=epoch, device=device)
        reached = float("nan")
        if validation:
            predictions = predict(trainer.average.network.network, films, validation, device=device)
            reached = auroc(targets, predictions.logits)
        # Of equals the later one, which has seen more.
        better = state.best_epoch == 0 or reached >= state.best_auroc
        report = EpochReport(epoch + 1, config.epochs, loss, reached, better)
        if better or not config.keep_best:
            save_weights(trainer.average.network.network, out)
        state = Progress(
            epoch=epoch + 1,
            step=trainer.step,
            best_epoch=epoch + 1 if better else state.best_epoch,
            best_auroc=reached if better else state.best_auroc,
            fingerprint=fingerprint,
        )
        _append_history(out / HISTORY, report)
        save_checkpoint(
            out / CHECKPOINT,
            network=trainer.multitask,
            average=trainer.average.network,
            optimizer=trainer.optimizer,
            progress=state,
        )
        if progress is not None:
            progress(report)
    draw_curves(out / HISTORY, out / "curves.png")


def _kept_network(network: Network, out: Path) -> Network:
    network.load_state_dict(load_file(out / WEIGHTS_NAME))
    return network.to("cpu").eval()


def _fingerprint(films: FilmSet, config: TrainingConfig) -> str:
    deciding = config.with_changes(loader_processes=0)  # which decides nothing but speed
    text = json.dumps([films.digest, deciding.to_dict()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _start_history(path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerow(EpochReport.__dataclass_fields__)


def _append_history(path: Path, report: EpochReport) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow(asdict(report).values())


def _cut_history(path: Path, epochs: int) -> None:
    """Drop the line of an epoch that was written when the run was killed before its checkpoint."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: epochs + 1]))
