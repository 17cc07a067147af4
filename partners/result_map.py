"""Where the sites of a search are: clusters of points for the map, and countries for the table behind it.

Clusters are cells of a grid whose size follows the part of the world that the sites cover, so that a search in one
country is not a single dot and one of the whole catalogue draws at most a few hundred. A cluster can be opened: the
address's `at` is its area, of which the map then shows that part only, with the sites in it as a list.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from cmo_selector.templatetags.fmt import format_country
from partners.browse import Result
from partners.forms import quoted
from partners.map_charts import NARROWEST, Box, countries_layer, projection
from partners.models import Facility
from partners.profile_charts import SCHEMA

FINEST = 0.25  # degrees; sites of one city fall together
CELLS_ACROSS = 36  # of the part of the world that is shown
NARROWEST_OPENED = 6.0  # of an opened cluster
LARGEST_CIRCLE = "width < 480 ? 320 : 900"  # square pixels
MOST_LISTED = 200  # sites of an opened cluster that are listed


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the map, in degrees, borders included."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def read(cls, text: str) -> "Area | None":
        """What an address's `at` says; None when it is no area."""
        try:
            south, west, north, east = (float(part) for part in text.split(","))
        except ValueError:
            return None
        sound = -90 <= south <= north <= 90 and -180 <= west <= east <= 180  # false for “nan”, too
        return cls(south, west, north, east) if sound else None

    @classmethod
    def around(cls, areas: "Iterable[Area]") -> "Area":
        parts = list(areas)
        return cls(
            min(a.south for a in parts), min(a.west for a in parts),
            max(a.north for a in parts), max(a.east for a in parts),
        )  # fmt: skip

    @property
    def at(self) -> str:
        """As an address says it, rounded outwards to about 100 m."""
        low, high = (math.floor, math.ceil)
        bounds = (
            low(self.south * 1000),
            low(self.west * 1000),
            high(self.north * 1000),
            high(self.east * 1000),
        )
        return ",".join(f"{bound / 1000:g}" for bound in bounds)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Sites close to each other: where (degrees, weighted mean), how many, the city with most of them, the area they
    take up, and the address that opens it."""

    latitude: float
    longitude: float
    sites: int
    city: str
    country: str
    cities: int
    area: Area
    url: str = ""

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
class Opened:
    """A cluster that was opened: its sites by partner, how many there are, and the address of the whole map."""

    sites: tuple[Facility, ...]
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class ResultMap:
    """`spec` is None when no site has coordinates; `unplaced` counts the sites without. `remark` says why the area
    that the address names is not shown."""

    spec: dict[str, Any] | None
    clusters: tuple[Cluster, ...]
    countries: tuple[CountryRow, ...]
    sites: int
    unplaced: int
    opened: Opened | None = None
    remark: str = ""


def build_map(result: Result, at: str = "") -> ResultMap:
    """The map of the sites that fulfil the search: two queries, whatever their number, and two for an opened area."""
    area = Area.read(at) if at else None
    with connection.cursor() as cursor:
        cursor.execute(PLACES, {"ids": result.sites, "finest": FINEST, **_bounds(area or WORLD)})
        places = [Cluster(*row[:5], 1, Area(*row[5:])) for row in cursor.fetchall()]
        cursor.execute(COUNTRIES, {"ids": result.sites})
        rows = cursor.fetchall()
    found = result.filter
    box = Box.of(
        ((place.longitude, place.latitude) for place in places), NARROWEST_OPENED if area else NARROWEST
    )
    clusters = [
        replace(cluster, url=found.url(extra=[("at", cluster.area.at)], view="map"))
        for cluster in merged(places, max(FINEST, box.width / CELLS_ACROSS))
    ]
    remark = f"{quoted(at)} is no part of the map; the whole of it is shown." if at and not area else ""
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
        opened=_opened(result, area) if area else None,
        remark=remark,
    )


def _opened(result: Result, area: Area) -> Opened:
    there = Facility.objects.filter(
        pk__in=result.sites,
        latitude__range=(area.south, area.north),
        longitude__range=(area.west, area.east),
    )
    listed = there.select_related("organisation").order_by("organisation__name", "name", "pk")
    return Opened(tuple(listed[:MOST_LISTED]), there.count(), result.filter.url(view="map"))


WORLD = Area(-90, -180, 90, 180)


def _bounds(area: Area) -> dict[str, float]:
    return {"south": area.south, "west": area.west, "north": area.north, "east": area.east}


PLACES = """
    SELECT avg(latitude)::float8, avg(longitude)::float8, count(*)::int,
           mode() WITHIN GROUP (ORDER BY city), mode() WITHIN GROUP (ORDER BY country),
           min(latitude)::float8, min(longitude)::float8, max(latitude)::float8, max(longitude)::float8
    FROM partners_facility WHERE id = ANY (%(ids)s)
      AND latitude BETWEEN %(south)s AND %(north)s AND longitude BETWEEN %(west)s AND %(east)s
    GROUP BY floor(latitude / %(finest)s), floor(longitude / %(finest)s)
    ORDER BY 3 DESC, 1, 2
"""
COUNTRIES = """
    SELECT country, count(*)::int, count(DISTINCT organisation_id)::int,
           count(*) FILTER (WHERE latitude IS NULL)::int
    FROM partners_facility WHERE id = ANY (%(ids)s) GROUP BY country ORDER BY 2 DESC, 1
"""


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
                area=Area.around(place.area for place in members),
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
            "opens": c.url,
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
        "scale": {
            "type": "linear",
            "domain": [0, largest],
            "range": [30, {"expr": LARGEST_CIRCLE} if largest > 1 else 90],
        },
        "legend": None,
    }
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": "container",
        "projection": projection(box),
        "layer": [
            countries_layer(),
            {
                "data": {"values": points},
                "mark": {"type": "circle", "opacity": 0.75, "clip": True, "cursor": "pointer"},
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
