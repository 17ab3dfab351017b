"""Tables of the page."""

from collections.abc import Iterable, Sequence
from html import escape

from model.evaluation.bootstrap import Estimate
from model.evaluation.wording import interval_of, value_of


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the row.

    Args:
        caption: Text.
        headings: Text, one a column.
        rows: Cells as HTML, from `text`, `count` and `estimate`.
    """
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(row)}</tr>\n" for row in rows)
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def name(title: str, meaning: str = "") -> str:
    """The cell that names a row."""
    small = f"<small>{escape(meaning)}</small>" if meaning else ""
    return f'<th scope="row">{escape(title)}{small}</th>'


def text(words: str) -> str:
    """A cell of words."""
    return f'<td class="words">{escape(words)}</td>'


def count(films: int | str) -> str:
    """A cell with a number of things."""
    return f"<td>{films}</td>"


def estimate(figure: Estimate | None, digits: int = 3) -> str:
    """A cell with a value and its interval; None stands for too few films to say."""
    if figure is None:
        return '<td class="none">too few</td>'
    if not figure.is_defined:
        return '<td class="none">not defined</td>'
    return f"<td>{value_of(figure, digits)}<small>{interval_of(figure, digits)}</small></td>"
