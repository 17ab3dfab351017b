from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from model.errors import ContradictoryConfig
from model.network import Backbone


class Precision(StrEnum):
    """Of the forward pass while training; weights and losses stay float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything that decides what a training run gives, beside its films.

    Attributes:
        size: Side of the network's input, in pixels.
        epochs: At most this many passes over the training films.
        patience: Epochs without a better validation AUROC after which training stops.
        keep_best: Keep the weights of the epoch with the best validation AUROC, and stop by
            patience; else go to the last epoch and keep that, so that validation films have no
            say in the weights.
        batch_size: Films a step.
        learning_rate: Peak of the one-cycle schedule (Smith and Topin, arXiv:1708.07120).
        weight_decay: Of AdamW.
        ema_decay: Per step, of the weights' moving average, which is what is kept.
        map_weight: Of the per-position loss beside the image loss. Few positions lie in a box, so
            that the mean over them is small: at 1 the boxes have hardly a say (experiment 8 in
            `docs/experiments.md`).
        findings_weight: Of the loss of the findings beside opacity.
        anatomy_weight: Of the loss of the organs' outlines.
        box_weight: Of a position inside a box against one outside.
        sharpness: r of the log-sum-exp pooling.
        dropout: Before the linear layer.
        further_films: Of each epoch, films of the second and later manifests, as a multiple of
            those of the first; they are drawn anew each epoch.
        films_an_epoch: Films drawn of each source for an epoch, all where it has fewer; in place of
            `further_films`. None where the first manifest decides.
        cut_mix: Of the films of an epoch, the part that gets a rectangle of another film.
        folds: Parts that the patients are dealt into.
        validation_fold: Early stopping, calibration and thresholds look at this part; None
            trains on it as well, and there must be no test fold then.
        test_fold: Looked at once, at the end; None trains on it as well.
        precision: Of the forward pass.
        backbone: Which network.
        pretrained: Start from ImageNet.
        start_from: SHA-256 of the weights to start from in place of ImageNet's; None where there
            are none.
        frozen_stages: The stem and this many of the backbone's first stages keep ImageNet's
            weights and statistics, which halves the time of a step; 0 trains everything.
        loader_processes: Processes that augment films beside the training one; the result does
            not depend on it.
        seed: Of split, initial weights, order and augmentation.
    """

    size: int = 256
    epochs: int = 20
    patience: int = 8
    keep_best: bool = True
    batch_size: int = 16
    learning_rate: float = 3e-4
    weight_decay: float = 0.01
    ema_decay: float = 0.99
    map_weight: float = 10.0
    findings_weight: float = 0.5
    anatomy_weight: float = 1.0
    box_weight: float = 3.0
    sharpness: float = 4.0
    dropout: float = 0.2
    further_films: float = 1.0
    films_an_epoch: dict[str, int] | None = None
    cut_mix: float = 0.0
    folds: int = 5
    validation_fold: int | None = 1
    test_fold: int | None = 0
    precision: Precision = Precision.BFLOAT16
    backbone: Backbone = Backbone.EFFICIENTNET_LITE0
    pretrained: bool = True
    start_from: str | None = None
    frozen_stages: int = 2
    loader_processes: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        chosen = [fold for fold in (self.validation_fold, self.test_fold) if fold is not None]
        if len(set(chosen)) < len(chosen):
            raise ContradictoryConfig("the validation fold and the test fold must differ")
        if any(not 0 <= fold < self.folds for fold in chosen):
            raise ContradictoryConfig(f"folds {chosen} are not all among {self.folds}")
        if self.keep_best and self.validation_fold is None:
            raise ContradictoryConfig("the best epoch cannot be told without a validation fold")
        if self.test_fold is not None and self.validation_fold is None:
            raise ContradictoryConfig(
                "the test fold cannot be measured without a validation fold, which calibrates"
            )

    def to_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)

    def with_changes(self, **changes: object) -> "TrainingConfig":
        """A copy with some values changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # checked where it is called
