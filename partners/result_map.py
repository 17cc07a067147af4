"""Where the sites of a search are: clusters of points for the map, and countries for the table behind it.

Clusters are cells of a grid whose size follows the part of the world that the sites cover, so that a search in one
country is not a single dot and one of the whole catalogue draws at most a few hundred.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.templatetags.static import static

from cmo_selector.templatetags.fmt import format_country
from partners.browse import Result
from partners.profile_charts import SCHEMA

FINEST = 0.25  # degrees; sites of one city fall together
CELLS_ACROSS = 36  # of the part of the world that is shown
WIDEST = 200.0  # degrees of longitude; beyond, the whole world is shown
NARROWEST = 10.0
HEIGHT = 460  # pixels


@dataclass(frozen=True, slots=True)
class Cluster:
    """Sites close to each other: where (degrees, weighted mean), how many, and the city with most of them."""

    latitude: float
    longitude: float
    sites: int
    city: str
    country: str
    cities: int

    @property
    def place(self) -> str:
        name = ", ".join(filter(None, [self.city, format_country(self.country)]))
        more = self.cities - 1
        return f"{name} and {more} more place{'s' if more > 1 else ''}" if more else name


@dataclass(frozen=True, slots=True)
class CountryRow:
    """A country of the result, and the address of the same search there."""

    name: str
    sites: int
    partners: int
    url: str


@dataclass(frozen=True, slots=True)
class ResultMap:
    """`spec` is None when no site has coordinates; `unplaced` counts the sites without."""

    spec: dict[str, Any] | None
    clusters: tuple[Cluster, ...]
    countries: tuple[CountryRow, ...]
    sites: int
    unplaced: int


def build_map(result: Result) -> ResultMap:
    """The map of the sites that fulfil the search: two queries, whatever their number."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES, {"ids": result.sites, "finest": FINEST})
        places = [Cluster(*row, 1) for row in cursor.fetchall()]
        cursor.execute(COUNTRIES, {"ids": result.sites})
        rows = cursor.fetchall()
    box = Box.of(places)
    clusters = merged(places, max(FINEST, box.width / CELLS_ACROSS))
    found = result.filter
    chosen = found.of_facet("country")
    countries = tuple(
        CountryRow(
            format_country(code),
            sites,
            partners,
            found.url(without=chosen, extra=[("country", code)], view="table"),
        )
        for code, sites, partners, _ in rows
    )
    return ResultMap(
        spec=map_spec(clusters, box) if clusters else None,
        clusters=tuple(clusters),
        countries=countries,
        sites=sum(row[1] for row in rows),
        unplaced=sum(row[3] for row in rows),
    )


PLACES = """
    SELECT avg(latitude)::float8, avg(longitude)::float8, count(*)::int,
           mode() WITHIN GROUP (ORDER BY city), mode() WITHIN GROUP (ORDER BY country)
    FROM partners_facility WHERE id = ANY (%(ids)s) AND latitude IS NOT NULL
    GROUP BY floor(latitude / %(finest)s), floor(longitude / %(finest)s)
    ORDER BY 3 DESC, 1, 2
"""
COUNTRIES = """
    SELECT country, count(*)::int, count(DISTINCT organisation_id)::int,
           count(*) FILTER (WHERE latitude IS NULL)::int
    FROM partners_facility WHERE id = ANY (%(ids)s) GROUP BY country ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True, slots=True)
class Box:
    """The part of the world to show, in degrees; `world` when it is all of it."""

    west: float
    east: float
    south: float
    north: float

    @classmethod
    def of(cls, places: Iterable[Cluster]) -> "Box":
        points = [(p.longitude, p.latitude) for p in places] or [(0.0, 0.0)]
        west, east = (f(x for x, _ in points) for f in (min, max))
        south, north = (f(y for _, y in points) for f in (min, max))
        wide, high = max(0.0, NARROWEST - (east - west)) / 2, max(0.0, NARROWEST / 2 - (north - south)) / 2
        return cls(west - wide, east + wide, south - high, north + high)

    @property
    def world(self) -> bool:
        return self.east - self.west > WIDEST

    @property
    def width(self) -> float:
        return 360.0 if self.world else self.east - self.west


def merged(places: Iterable[Cluster], cell: float) -> list[Cluster]:
    """Places in the same cell of a grid as one cluster, the largest first; its name is the largest place's."""
    cells: dict[tuple[int, int], list[Cluster]] = {}
    for place in places:
        key = (int(place.latitude // cell), int(place.longitude // cell))
        cells.setdefault(key, []).append(place)
    clusters = []
    for members in cells.values():
        total = sum(p.sites for p in members)
        first = max(members, key=lambda p: p.sites)
        clusters.append(
            Cluster(
                latitude=sum(p.latitude * p.sites for p in members) / total,
                longitude=sum(p.longitude * p.sites for p in members) / total,
                sites=total,
                city=first.city,
                country=first.country,
                cities=len(members),
            )
        )
    return sorted(clusters, key=lambda c: (-c.sites, c.latitude, c.longitude))


def map_spec(clusters: Iterable[Cluster], box: Box) -> dict[str, Any]:
    """A Vega-Lite map of the clusters: the area of a circle is the number of its sites."""
    points = [
        {
            "place": c.place,
            "sites": c.sites,
            "longitude": round(c.longitude, 3),
            "latitude": round(c.latitude, 3),
        }
        for c in clusters
    ]
    position = {
        "longitude": {"field": "longitude", "type": "quantitative"},
        "latitude": {"field": "latitude", "type": "quantitative"},
    }
    largest = max(p["sites"] for p in points)
    size = {
        "field": "sites",
        "type": "quantitative",
        "scale": {"type": "linear", "domain": [0, largest], "range": [30, 900 if largest > 1 else 90]},
        "legend": None,
    }
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": HEIGHT,
        "projection": {"type": "equalEarth"} if box.world else _fitted(box),
        "layer": [
            {
                "data": {
                    "url": static("vendor/world-atlas/countries-110m.json"),
                    "format": {"type": "topojson", "feature": "countries"},
                },
                "mark": {"type": "geoshape", "strokeWidth": 0.5, "clip": True},
            },
            {
                "data": {"values": points},
                "mark": {"type": "circle", "opacity": 0.75, "clip": True},
                "encoding": {
                    **position,
                    "size": size,
                    "tooltip": [
                        {"field": "place", "type": "nominal", "title": "Place"},
                        {"field": "sites", "type": "quantitative", "title": "Sites", "format": ","},
                    ],
                },
            },
        ],
    }


def _fitted(box: Box) -> dict[str, Any]:
    """A projection in which the box, with a margin, fills the picture whatever its width."""
    radians = 57.29578
    across, up = (box.east - box.west) * 1.15, (box.north - box.south) * 1.35
    return {
        "type": "equirectangular",
        "center": [round((box.west + box.east) / 2, 3), round((box.south + box.north) / 2, 3)],
        "scale": {"expr": f"{radians} * min(width / {across:.3f}, height / {up:.3f})"},
        "translate": {"expr": "[width / 2, height / 2]"},
    }
