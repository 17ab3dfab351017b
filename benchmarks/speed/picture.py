"""Draws the CPU time of each step of a film.

    python -m benchmarks.speed.picture [BENCH_JSON] [SVG]

Needs the sections parts, network and service of `make bench`.
"""

import json
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent.parent
_WIDTH, _LEFT, _BAR = 860, 190, 22

#: Steps of a JPEG film, with the rows of the table that each is the sum of.
_STEPS: Final = {
    "decode": ("decode JPEG", "preprocess"),
    "network": ("OpenVINO f32, 1 film",),
    "draw": ("render display image", "render map", "render heatmap"),
    "encode": ("encode display image", "encode map", "encode heatmap"),
}
_AROUND: Final = "queue, database, store, HTTP"


def milliseconds(figures: dict[str, float]) -> dict[str, float]:
    """Return the CPU time of each step of a JPEG film in a large job.

    Args:
        figures: Values of the table by name.
    """
    steps = {name: sum(figures[row] for row in rows) for name, rows in _STEPS.items()}
    [films_a_second] = [
        value
        for name, value in figures.items()
        if name.startswith("JPEG, one job of")
        and name.endswith("processor")
        and not name.startswith("JPEG, one job of 20,")
    ]
    steps[_AROUND] = max(1000 / films_a_second - sum(steps.values()), 0.0)
    return steps


def draw(steps: dict[str, float]) -> str:
    """Return the picture as SVG."""
    longest = max(steps.values())
    scale = (_WIDTH - _LEFT - 110) / longest
    total = sum(steps.values())
    rows = []
    for number, (name, ms) in enumerate(steps.items()):
        top = 46 + number * (_BAR + 10)
        rows.append(
            f'<text x="{_LEFT - 10}" y="{top + 16}" text-anchor="end">{name}</text>'
            f'<rect x="{_LEFT}" y="{top}" width="{ms * scale:.1f}" height="{_BAR}" rx="2" '
            f'fill="#3b6ea5"/><text x="{_LEFT + ms * scale + 8:.1f}" y="{top + 16}">'
            f"{ms:.1f} ms, {ms / total:.0%}</text>"
        )
    height = 60 + len(steps) * (_BAR + 10)
    title = (
        f"Where {total:.0f} ms of processor time go: one JPEG film of 1024 x 1024 in a large job"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="14" fill="#222" role="img">'
        f'<title>{title}</title><rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="14" y="26" font-weight="bold">{title}</text>{"".join(rows)}</svg>\n'
    )


def main() -> None:
    """Write the picture."""
    given = [Path(name) for name in sys.argv[1:]]
    source = given[0] if given else _ROOT / "var" / "bench.json"
    target = given[1] if len(given) > 1 else _ROOT / "docs" / "pictures" / "performance.svg"
    sections = json.loads(source.read_bytes())
    steps = milliseconds(
        {
            figure["name"]: figure["value"]
            for section in ("parts", "network", "service")
            for figure in sections[section]["figures"]
        }
    )
    target.write_text(draw(steps), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
