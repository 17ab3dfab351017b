"""Figures of the model card, written from the manifest."""

from pathlib import Path
from typing import Final

from model.manifest import Manifest, Metric

_BEGIN: Final = "<!-- figures: written from manifest.json by model.card -->"
_END: Final = "<!-- end of figures -->"


def render_figures(manifest: Manifest) -> str:
    """Return the manifest's figures and provenance as Markdown."""
    rows = "\n".join(
        f"| {metric.name} | {_interval(metric)} | {metric.films} |" for metric in manifest.metrics
    )
    commands = "\n".join(sorted({f"    {metric.command}" for metric in manifest.metrics}))
    measured = "; ".join(sorted({metric.data for metric in manifest.metrics}))
    training = manifest.training_data
    return f"""\
Version {manifest.version}, `network.onnx` SHA-256 `{manifest.network_sha256}`.

Input {manifest.preprocessing.size} x {manifest.preprocessing.size} pixels; \
threshold {manifest.threshold:.4f}; map threshold {manifest.map_threshold:.4f}. \
{manifest.threshold_rule}

Data: {training.films} films of {training.patients} patients, digest `{training.digest}`.

Measured on {measured}. Intervals are 95 %, bootstrapped by patient.

| figure | value | films |
| --- | --- | --- |
{rows}

Made by

{commands}
"""


def refresh_card(card: str, manifest: Manifest) -> str:
    """Return the text of a model card with its figures replaced by those of a manifest.

    Raises:
        ValueError: The card lacks the comments that enclose the figures.
    """
    before, begin, rest = card.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("the model card lacks the marks of its figures")
    return f"{before}{_BEGIN}\n\n{render_figures(manifest)}\n{_END}{after}"


def refresh_card_file(path: Path, manifest: Manifest) -> None:
    """Replace the figures in the file of a model card."""
    path.write_text(refresh_card(path.read_text(encoding="utf-8"), manifest), encoding="utf-8")


def _interval(metric: Metric) -> str:
    if metric.value is None:
        return "unknown"
    if metric.low is None or metric.high is None:
        return f"{metric.value:.3f}"
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"
