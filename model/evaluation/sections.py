"""The parts of the page, each as HTML."""

import base64
from html import escape

from model.evaluation import tables
from model.evaluation.gallery import ErrorKind, WorstError
from model.evaluation.plots import (
    draw_decision_curve,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)
from model.evaluation.report import Evaluation
from model.evaluation.scoring import Refusal
from model.evaluation.subgroups import MIN_OF_A_CLASS
from model.evaluation.wording import BASELINES, FIGURES, OF_MAPS, TRAITS, group_title, number


def facts(evaluation: Evaluation) -> str:
    """What was measured, on what."""
    manifest, data = evaluation.manifest, evaluation.data
    refused = len(evaluation.refused)
    rows = {
        "Network": f"{manifest.name} {manifest.version}",
        "Its digest": manifest.network_sha256,
        "It was made from": f"{manifest.training_data.films} films of "
        f"{manifest.training_data.patients} patients. {manifest.training_data.description}",
        "Measured on": f"{data.labels}: {data.films} films of {data.patients} patients, "
        f"{data.positives} films with opacity, {data.boxed} with boxes; {refused} more not scored",
        "Their digest": data.digest,
        "Meant for": manifest.intended_use,
        "Threshold": f"{manifest.threshold:.4f}. {manifest.threshold_rule}",
        "Made at": f"{evaluation.created_at:%Y-%m-%d %H:%M} UTC",
    }
    terms = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>\n" for key, value in rows.items()
    )
    return f"<dl>\n{terms}</dl>\n"


def headline(evaluation: Evaluation) -> str:
    """All figures over all films, and the confusion matrix."""
    rows = [
        [tables.name(*FIGURES[figure.name]), tables.estimate(figure.estimate)]
        for figure in evaluation.figures
        if figure.name not in OF_MAPS
    ]
    cells = {cell: tables.estimate(count, 0) for cell, count in evaluation.confusion.items()}
    matrix = [
        [tables.name("with opacity"), cells["true_positive"], cells["false_negative"]],
        [tables.name("without opacity"), cells["false_positive"], cells["true_negative"]],
    ]
    return (
        "<h2>Figures</h2>\n"
        + tables.table(
            f"Over all {evaluation.data.films} films", ["figure", "value, 95 % interval"], rows
        )
        + tables.table(
            "Confusion matrix at the threshold, in films",
            ["radiologists say", "network says opacity", "network says none"],
            matrix,
        )
    )


def curves(evaluation: Evaluation) -> str:
    """The four plots."""
    targets, probabilities = evaluation.targets, evaluation.probabilities
    threshold = evaluation.manifest.threshold
    undefined = '<p class="none">not defined: the films are all of one class</p>'
    both = evaluation.has_both_classes
    plots = [
        (
            draw_roc(targets, probabilities, threshold) if both else undefined,
            "ROC. The dot is the threshold; a coin would follow the grey line.",
        ),
        (
            draw_precision_recall(targets, probabilities, threshold) if both else undefined,
            "Precision over recall. The grey line is the share of films with opacity.",
        ),
        (
            draw_reliability(evaluation.reliability),
            "Reliability, in bins of equal mass. A network that keeps its word is on the line.",
        ),
        (
            draw_decision_curve(evaluation.decision_curve, threshold) if both else undefined,
            "Decision curve: what acting on the network is worth, with its 95 % band.",
        ),
    ]
    figures = "".join(
        f"<figure>{plot}<figcaption>{escape(caption)}</figcaption></figure>\n"
        for plot, caption in plots
    )
    return f'<h2>Curves</h2>\n<div class="curves">\n{figures}</div>\n'


def subgroups(evaluation: Evaluation) -> str:
    """Views, sexes and ages apart."""
    rows = [
        [
            tables.name(f"{TRAITS[group.trait]}: {group_title(group.name)}"),
            tables.count(group.films),
            tables.count(group.patients),
            tables.count(group.positives),
            tables.estimate(group.auroc),
            tables.estimate(group.sensitivity),
            tables.estimate(group.specificity),
        ]
        for group in evaluation.subgroups
    ]
    headings = ["group", "films", "patients", "with opacity", "AUROC", "sensitivity", "specificity"]
    return (
        "<h2>Groups of films</h2>\n"
        f"<p>Too few: of fewer than {MIN_OF_A_CLASS} films with opacity or "
        f"{MIN_OF_A_CLASS} without, whichever the figure is about.</p>\n"
        + tables.table("At the same threshold for all", headings, rows)
    )


def baselines(evaluation: Evaluation) -> str:
    """What the network should beat."""
    rows = [
        [
            tables.name(BASELINES[one.name], one.undefined or ""),
            tables.estimate(one.auroc),
            tables.estimate(one.difference),
        ]
        for one in evaluation.baselines
    ]
    return (
        "<h2>Baselines</h2>\n"
        "<p>Each is a logistic regression, cross-validated on these very films in five folds by "
        "patient. A network that is not clearly better may have learnt who was filmed and "
        "how.</p>\n"
        + tables.table(
            f"AUROC over all {evaluation.data.films} films",
            ["what it knows", "AUROC, 95 % interval", "network less baseline, paired"],
            rows,
        )
    )


def maps(evaluation: Evaluation) -> str:
    """Maps against boxes."""
    figures = [one for one in evaluation.figures if one.name in OF_MAPS]
    if not figures:
        return "<h2>Maps against boxes</h2>\n<p>Not defined: no film has boxes.</p>\n"
    rows = [
        [
            tables.name(*FIGURES[one.name]),
            tables.estimate(one.estimate),
            tables.count(one.films),
        ]
        for one in figures
    ]
    found = tables.table("All sizes together", ["figure", "value, 95 % interval", "films"], rows)
    if not evaluation.box_sizes:
        return f"<h2>Maps against boxes</h2>\n{found}<p>Too few films to tell sizes apart.</p>\n"
    thirds = [
        [
            tables.name(
                third.name, f"boxes cover {100 * third.least:.1f} to {100 * third.most:.1f} %"
            ),
            tables.count(third.localisation.films),
            tables.estimate(third.sensitivity),
            tables.estimate(third.localisation.pointing_game),
            tables.estimate(third.localisation.pixel_auprc),
            tables.count(number(third.localisation.inside)),
        ]
        for third in evaluation.box_sizes
    ]
    headings = ["third", "films", "sensitivity", "pointing game", "pixel AUPRC", "by chance"]
    return (
        f"<h2>Maps against boxes</h2>\n{found}"
        + tables.table("Films with boxes, by the share of the film covered", headings, thirds)
        + "<p>By chance: what a peak put anywhere gets in the pointing game, and a map without "
        "knowledge as pixel AUPRC.</p>\n"
    )


def gallery(evaluation: Evaluation) -> str:
    """The worst errors, or nothing."""
    errors = evaluation.gallery
    if errors is None:
        return "<h2>Worst errors</h2>\n<p>Left out: made with --no-gallery.</p>\n"
    titles = {
        ErrorKind.FALSE_POSITIVE: "False positives of highest probability",
        ErrorKind.FALSE_NEGATIVE: "False negatives of lowest probability",
    }
    parts = []
    for kind, title in titles.items():
        pictures = "".join(_picture(error) for error in errors if error.kind is kind)
        shown = f'<div class="films">\n{pictures}</div>\n' if pictures else "<p>None.</p>\n"
        parts.append(f"<h3>{title}</h3>\n{shown}")
    return (
        "<h2>Worst errors</h2>\n"
        "<p class='warning'>These are pictures of patients' films: keep this page as you keep the "
        "films. Text that is burned into a film can be read here.</p>\n"
        "<p>The activation map in colours, outlined in white where it reaches the map threshold; "
        "radiologists' boxes in light blue. Numbers are those of "
        "the films in predictions.csv.</p>\n" + "".join(parts)
    )


def _picture(error: WorstError) -> str:
    picture = base64.b64encode(error.picture).decode("ascii")
    band = group_title(f"age_{error.age_band}") if error.age_band else "age not given"
    caption = f"{error.view or 'view not given'}, {band}"
    return (
        f'<figure><img alt="Film {error.number}" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption><b>{error.probability:.3f}</b> {escape(caption)}"
        f"<small>film {error.number}</small></figcaption></figure>\n"
    )


def refused(evaluation: Evaluation) -> str:
    """Films that were not scored, by code."""
    said_by = {Refusal.UNREADABLE: "could not be read", Refusal.REJECTED: "may not be scored"}
    rows = [
        [tables.name(code), tables.text(said_by[refusal]), tables.count(films)]
        for refusal, codes in evaluation.refusals().items()
        for code, films in codes.items()
    ]
    if not rows:
        return "<h2>Films not scored</h2>\n<p>None.</p>\n"
    return (
        "<h2>Films not scored</h2>\n<p>They are left out of every figure above; "
        "predictions.csv names them.</p>\n"
        + tables.table("By code", ["code", "because it", "films"], rows)
    )
