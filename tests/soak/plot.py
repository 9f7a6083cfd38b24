"""The plot of a run, as SVG that any browser and the README show."""

from html import escape

from tests.soak.samples import Series

COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 900, 150, 60, 150, 40, 34


def svg(title: str, measures: dict[str, Series]) -> str:
    """One panel a measure, one line a room."""
    rooms = sorted({room for series in measures.values() for room in series})
    colour = dict(zip(rooms, COLOURS, strict=False))
    height = TOP + len(measures) * (PANEL + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<g font-size="12"><text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for number, (measure, series) in enumerate(measures.items()):
        parts += _panel(TOP + 10 + number * (PANEL + GAP), measure, series, colour)
    for number, room in enumerate(rooms):
        y = TOP + 20 + number * 18
        parts.append(f'<rect x="{WIDTH - RIGHT + 20}" y="{y - 9}" width="10" height="10" fill="{colour[room]}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 36}" y="{y}">{escape(room)}</text>')
    return "\n".join([*parts, "</g></svg>", ""])


def _panel(y: int, measure: str, series: Series, colour: dict[str, str]) -> list[str]:
    points = [point for line in series.values() for point in line]
    last = max(seconds for seconds, _ in points) or 1
    top = max(value for _, value in points) * 1.05 or 1
    width = WIDTH - LEFT - RIGHT
    parts = [
        f'<text x="{LEFT}" y="{y - 4}">{escape(measure)}</text>',
        f'<rect x="{LEFT}" y="{y}" width="{width}" height="{PANEL}" fill="none" stroke="#ccc"/>',
        f'<text x="{LEFT - 6}" y="{y + 10}" text-anchor="end">{top:.0f}</text>',
        f'<text x="{LEFT - 6}" y="{y + PANEL}" text-anchor="end">0</text>',
        f'<text x="{LEFT + width}" y="{y + PANEL + 13}" text-anchor="end">{last / 60:.0f} min</text>',
    ]
    for room, line in sorted(series.items()):
        path = " ".join(
            f"{LEFT + seconds / last * width:.1f},{y + PANEL - value / top * PANEL:.1f}" for seconds, value in line
        )
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour[room]}" stroke-width="1.2"/>')
    return parts
