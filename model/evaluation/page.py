"""An evaluation as one self-contained HTML page: it loads nothing and needs no script."""

from html import escape
from pathlib import Path
from typing import Final

from model.evaluation import sections
from model.evaluation.bootstrap import SAMPLES
from model.evaluation.pixel_histograms import BINS
from model.evaluation.report import NOTICE, Evaluation

_STYLE: Final = Path(__file__).parent / "page.css"


def render_page(evaluation: Evaluation) -> str:
    """The page. File names and patients' numbers are not on it; pictures are, with a gallery."""
    manifest = evaluation.manifest
    title = f"{manifest.name} {manifest.version} on {evaluation.data.labels}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; img-src data:">
<meta name="robots" content="noindex">
<title>{escape(title)}: evaluation</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
<p class="warning">{escape(NOTICE)}</p>
{_about_training_data(evaluation)}{sections.facts(evaluation)}
{sections.headline(evaluation)}
{sections.curves(evaluation)}
{sections.subgroups(evaluation)}
{sections.baselines(evaluation)}
{sections.maps(evaluation)}
{sections.gallery(evaluation)}
{sections.refused(evaluation)}
{_method(evaluation)}
</main>
</body>
</html>
"""


def _about_training_data(evaluation: Evaluation) -> str:
    if evaluation.data.is_training_data:
        return (
            '<p class="warning">These are the very films that the network was made from. It has '
            "seen them, so every figure here is too good.</p>\n"
        )
    return (
        "<p>If the network was made from some of these films, or from others of these patients, "
        "the figures are too good; this page cannot tell.</p>\n"
    )


def _method(evaluation: Evaluation) -> str:
    again = f"<pre>{escape(evaluation.command)}</pre>\n" if evaluation.command else ""
    return f"""<h2>How it was measured</h2>
<p>Each film was read, checked and scored as the service does it. Intervals are 95 % percentile
intervals of a bootstrap by patient: {SAMPLES} times, as many patients as there are were drawn with
replacement, with all their films. Resamplings in which a figure is not defined are left out.
Differences are paired: both sides see the same resampling. Where all of n films are right, every
resampling is right too and the interval has no width; a true share of 1 &minus; 3/n would still
be no surprise (Hanley and Lippman-Hand 1983).</p>
<p>A calibration error is too high on few films, and higher still on resampled ones, so its
interval lies mostly above its value. For the interval of a pixel AUPRC, but not for its value,
pixels are sorted into {BINS} bins of equal mass.</p>
<p>Calibration error: Naeini et al. 2015, equal-mass bins as Nixon et al. 2019. Calibration in the
large: Van Calster et al. 2019. Decision curve: Vickers and Elkin 2006. Pointing game: Zhang et al.
2016, without tolerance. Average precision is not interpolated (Davis and Goadrich 2006).</p>
{again}"""
