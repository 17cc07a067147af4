"""Geometry of the small SVG bars. Presentation attributes only: the pages allow no inline style."""

from decimal import Decimal

from cmo_selector.templatetags import fmt

HEIGHT = 18
#: pixels that a code needs: per letter, and around it
ROOM_PER_LETTER, ROOM_AROUND = 6.5, 4
#: bars shrink with the page; a code is shown when it fits a bar of this width (pixels)
SMALLEST_WIDE_BAR = 280


def _checked(value: object, minimum: float, maximum: float, what: str) -> float:
    """The number inside its scale; a figure off the scale is an error upstream, never clipped away."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"{what} must be a number, not {value!r}")
    number = float(value)
    if not minimum - 1e-6 <= number <= maximum + 1e-6:
        raise ValueError(f"{what} {number} is outside {minimum} to {maximum}")
    return min(max(number, minimum), maximum)


def interval_context(
    low: object, point: object, high: object, minimum: float, maximum: float, label: str, width: int
) -> dict:
    """Positions for interval_bar.html; without a point only the interval, without an end nothing."""
    if maximum <= minimum:
        raise ValueError(f"interval_bar needs minimum below maximum, not {minimum} to {maximum}")
    inner = width - 8
    span = maximum - minimum

    def place(value: float) -> str:
        return f"{4 + (value - minimum) / span * inner:.1f}"

    if fmt.is_unknown(low) or fmt.is_unknown(high):
        return {"known": False, "label": label}
    low_number = _checked(low, minimum, maximum, "low")
    high_number = _checked(high, minimum, maximum, "high")
    middle = None if fmt.is_unknown(point) else _checked(point, minimum, maximum, "point")
    outside = middle is not None and not low_number - 1e-6 <= middle <= high_number + 1e-6
    if low_number > high_number or outside:
        raise ValueError(f"interval_bar needs low <= point <= high, not {low}, {point}, {high}")
    shown = fmt.format_interval(low, high, decimals=1)
    words = f"{label}: {fmt.format_number(point, decimals=1)}, interval {shown} of {minimum} to {maximum}"
    return {
        "known": True, "label": label, "words": words, "width": width, "height": HEIGHT, "end": width - 4,
        "low": place(low_number), "high": place(high_number),
        "point": None if middle is None else place(middle),
        "bar": f"{max(2.0, (high_number - low_number) / span * inner):.1f}",
        "ticks": [place(minimum + span * share) for share in (0, 0.25, 0.5, 0.75, 1)],
    }  # fmt: skip


def contribution_context(parts: list, maximum: object, label: str, width: int, table: str) -> dict:
    """Segments for contribution_bar.html. A part without value is unknown: it has no segment, but a row."""
    top = _checked(maximum, 0, float("inf"), "maximum")
    if top <= 0:
        raise ValueError("contribution_bar needs a maximum above 0")
    room = min(width, SMALLEST_WIDE_BAR) / 100
    segments, rows, x = [], [], 0.0  # in per cent of the bar
    for number, (code, name, value) in enumerate(parts):
        rows.append({"code": code, "label": name, "value": mark(value)})
        if fmt.is_unknown(value):
            continue
        size = _checked(value, 0, top, f"{code}") / top * 100
        if x + size > 100.1:
            raise ValueError(f"contributions add up to more than {maximum}")
        if size > 0:
            segments.append({
                "x": f"{x:.2f}", "w": f"{size:.2f}", "mid": f"{x + size / 2:.2f}",
                "tone": number % 10 + 1,
                "code": code if size * room >= ROOM_PER_LETTER * len(str(code)) + ROOM_AROUND else "",
                "title": f"{code} {name}: {fmt.format_number(value, decimals=1)}",
            })  # fmt: skip
        x += size
    known = [row for row in rows if row["value"] != fmt.unknown_html()]
    words = f"{label}: " + ", ".join(f"{row['code']} {row['value']}" for row in known)
    return {
        "segments": segments,
        "rows": rows,
        "label": label,
        "words": words,
        "width": width,
        "height": 20,
        "table": table,
    }


def mark(value: object) -> str:
    """One decimal, or the word unknown."""
    return fmt.mark_unknown(fmt.format_number(value, decimals=1))
