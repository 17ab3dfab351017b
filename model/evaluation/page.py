"""An evaluation as one self-contained HTML page."""

import base64
from collections.abc import Sequence
from html import escape

from model.evaluation.bootstrap import Estimate
from model.evaluation.figures import Figure
from model.manifest import Manifest


def render_page(
    manifest: Manifest, figures: Sequence[Figure], *, labels: str, refused: int, curves: bytes
) -> str:
    """The page; it loads nothing from anywhere.

    Args:
        manifest: Of the classifier that was evaluated.
        figures: What was measured.
        labels: Name of the manifest of films.
        refused: Films that could not be read or may not be scored.
        curves: PNG.
    """
    rows = "\n".join(
        f"<tr><td>{escape(figure.name)}</td><td>{_interval(figure.estimate)}</td>"
        f"<td>{figure.films}</td></tr>"
        for figure in figures
    )
    picture = base64.b64encode(curves).decode("ascii")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{escape(manifest.name)} {escape(manifest.version)}: evaluation</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; }}
td, th {{ padding: 0.2rem 1rem; text-align: left; }}
img {{ max-width: 100%; }}
</style>
<h1>{escape(manifest.name)} {escape(manifest.version)} on {escape(labels)}</h1>
<p>{escape(manifest.intended_use)}</p>
<p>Positive from a probability of {manifest.threshold:.3f}. {escape(manifest.threshold_rule)}
{refused} films could not be read or may not be scored and are left out.</p>
<table>
<tr><th>figure</th><th>value (95 % interval by patient)</th><th>films</th></tr>
{rows}
</table>
<img alt="ROC, precision over recall, reliability" src="data:image/png;base64,{picture}">
</html>
"""


def _interval(estimate: Estimate) -> str:
    values = estimate.to_dict()
    if values["low"] is None:
        return "" if values["value"] is None else f"{values['value']:.3f}"
    return f"{values['value']:.3f} ({values['low']:.3f} to {values['high']:.3f})"
