"""Line charts as inline SVG. Colours come from the page's style, dark or light."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WIDTH: Final = 340
_HEIGHT: Final = 320
_LEFT: Final = 48
_RIGHT: Final = 12
_TOP: Final = 10
_BOTTOM: Final = 44


class Chart:
    """A chart with one pair of axes; lines are clipped at its edges.

    Args:
        title: Description for screen readers.
        x_label: Label of the horizontal axis.
        y_label: Label of the vertical axis.
        x_ticks: Ticks; the first and the last are the horizontal range.
        y_ticks: Ticks; the first and the last are the vertical range.
    """

    def __init__(
        self,
        title: str,
        *,
        x_label: str,
        y_label: str,
        x_ticks: Sequence[float] = (0, 0.2, 0.4, 0.6, 0.8, 1),
        y_ticks: Sequence[float] = (0, 0.2, 0.4, 0.6, 0.8, 1),
    ) -> None:
        self._title = title
        self._labels = (x_label, y_label)
        self._x_ticks, self._y_ticks = x_ticks, y_ticks
        self._marks: list[str] = []

    def line(self, x: Iterable[float], y: Iterable[float], *, name: str) -> None:
        """Draw a line through points; `name` is its class in the page's style."""
        path = self._path(x, y)
        self._marks.append(f'<polyline class="{name}" points="{path}"/>')

    def band(self, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
        """Draw a shaded band between two lines over the same `x`."""
        outline = self._path([*x, *reversed(x)], [*low, *reversed(high)])
        self._marks.append(f'<polygon class="band" points="{outline}"/>')

    def dot(self, x: float, y: float, *, name: str = "dot") -> None:
        """Draw a dot."""
        across, up = self._place(x, y)
        self._marks.append(f'<circle class="{name}" cx="{across:.1f}" cy="{up:.1f}" r="3.5"/>')

    def interval(self, x: float, low: float, high: float) -> None:
        """Draw a vertical line from `low` to `high`."""
        self.line([x, x], [low, high], name="interval")

    def note(self, x: float, y: float, text: str, *, anchor: str = "start") -> None:
        """Draw text at a point."""
        across, up = self._place(x, y)
        self._marks.append(
            f'<text x="{across:.1f}" y="{up:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def svg(self) -> str:
        """Return the chart as SVG, for a page that styles its classes."""
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        axes = []
        for tick in self._x_ticks:
            across, _ = self._place(tick, self._y_ticks[0])
            axes.append(f'<path class="grid" d="M{across:.1f} {_TOP}V{bottom}"/>')
            axes.append(
                f'<text x="{across:.1f}" y="{bottom + 16}" text-anchor="middle">{_shown(tick)}'
                "</text>"
            )
        for tick in self._y_ticks:
            _, up = self._place(self._x_ticks[0], tick)
            axes.append(f'<path class="grid" d="M{_LEFT} {up:.1f}H{right}"/>')
            axes.append(
                f'<text x="{_LEFT - 6}" y="{up + 4:.1f}" text-anchor="end">{_shown(tick)}</text>'
            )
        x_label, y_label = (escape(label) for label in self._labels)
        middle = (_TOP + bottom) / 2
        return (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(self._title)}">'
            f"{''.join(axes)}"
            f'<text x="{(_LEFT + right) / 2:.1f}" y="{bottom + 36}" text-anchor="middle">'
            f"{x_label}</text>"
            f'<text transform="translate(13 {middle:.1f}) rotate(-90)" text-anchor="middle">'
            f"{y_label}</text>"
            f'<svg x="{_LEFT - 4}" y="{_TOP - 4}" width="{right - _LEFT + 8}"'
            f' height="{bottom - _TOP + 8}"'
            f' viewBox="{_LEFT - 4} {_TOP - 4} {right - _LEFT + 8} {bottom - _TOP + 8}">'
            f"{''.join(self._marks)}</svg></svg>"
        )

    def _place(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self._x_ticks[0]) / (self._x_ticks[-1] - self._x_ticks[0])
        up = (y - self._y_ticks[0]) / (self._y_ticks[-1] - self._y_ticks[0])
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )

    def _path(self, x: Iterable[float], y: Iterable[float]) -> str:
        """Return points to a tenth of a pixel, without repetitions of the point before."""
        points = [f"{a:.1f},{b:.1f}" for a, b in (self._place(*p) for p in zip(x, y, strict=True))]
        kept = [point for n, point in enumerate(points) if n == 0 or point != points[n - 1]]
        return " ".join(kept)


def _shown(tick: float) -> str:
    return f"{tick:g}".replace("-", "\N{MINUS SIGN}")


def even_ticks(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Return multiples of `step` from at most `low` to at least `high`."""
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return np.asarray(np.arange(first, last + 1) * step)
