"""What every map of sites shares: the outlines of the countries, and how a part of the world fills the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.templatetags.static import static

WIDEST = 200.0  # degrees of longitude; beyond, the whole world is shown
NARROWEST = 10.0
NO_ANTARCTICA = "datum.id !== '010'"  # nobody makes medicines there, and it takes a tenth of the map


@dataclass(frozen=True, slots=True)
class Box:
    """The part of the world to show, in degrees; `world` when it is all of it."""

    west: float
    east: float
    south: float
    north: float

    @classmethod
    def of(cls, positions: Iterable[tuple[float, float]], narrowest: float = NARROWEST) -> "Box":
        """The smallest box, though not a small one, around (longitude, latitude) pairs."""
        points = list(positions) or [(0.0, 0.0)]
        west, east = (f(x for x, _ in points) for f in (min, max))
        south, north = (f(y for _, y in points) for f in (min, max))
        wide = max(0.0, narrowest - (east - west)) / 2
        high = max(0.0, narrowest / 2 - (north - south)) / 2
        return cls(west - wide, east + wide, south - high, north + high)

    @property
    def world(self) -> bool:
        return self.east - self.west > WIDEST

    @property
    def width(self) -> float:
        return 360.0 if self.world else self.east - self.west


def countries_layer() -> dict[str, Any]:
    return {
        "data": {
            "url": static("vendor/world-atlas/countries-110m.json"),
            "format": {"type": "topojson", "feature": "countries"},
        },
        "transform": [{"filter": NO_ANTARCTICA}],
        "mark": {"type": "geoshape", "strokeWidth": 0.5, "clip": True},
    }


def projection(box: Box) -> dict[str, Any]:
    """The whole world, or a projection in which the box, with a margin, fills the picture whatever its size."""
    if box.world:
        return {"type": "equalEarth"}
    radians = 57.29578
    across, up = (box.east - box.west) * 1.15, (box.north - box.south) * 1.35
    return {
        "type": "equirectangular",
        "center": [round((box.west + box.east) / 2, 3), round((box.south + box.north) / 2, 3)],
        "scale": {"expr": f"{radians} * min(width / {across:.3f}, height / {up:.3f})"},
        "translate": {"expr": "[width / 2, height / 2]"},
    }
