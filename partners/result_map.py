"""Where the sites of a search are: clusters of points for the map, and countries for the table behind it.

Clusters are cells of a grid whose size follows the part of the world that the sites cover, so that a search in one
country is not a single dot and one of the whole catalogue draws at most a few hundred. A cluster can be opened: the
address's `at` is its area, of which the map then shows that part only, with the sites in it as a list.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cmo_selector.templatetags.fmt import format_country
from partners.browse import Result
from partners.facets.columns import Columns, Ints
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
    take up, the address that opens it, and the id of a site in that city, which says how it is called."""

    latitude: float
    longitude: float
    sites: int
    city: str
    country: str
    cities: int
    area: Area
    url: str = ""
    site: int = 0

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
    """The map of the sites that fulfil the search, from columns in memory: one query for the names of cities, and one
    for the sites of an opened area."""
    area = Area.read(at) if at else None
    columns, sites = result.matching.columns, result.places
    placed = sites[~np.isnan(columns.latitude[sites])]
    shown = _inside(columns, placed, area) if area else placed
    places = cells_of(columns, shown)
    found = result.filter
    box = Box.of(
        ((place.longitude, place.latitude) for place in places), NARROWEST_OPENED if area else NARROWEST
    )
    clusters = [
        replace(cluster, url=found.url(extra=[("at", cluster.area.at)], view="map"))
        for cluster in named(merged(places, max(FINEST, box.width / CELLS_ACROSS)))
    ]
    remark = f"{quoted(at)} is no part of the map; the whole of it is shown." if at and not area else ""
    return ResultMap(
        spec=map_spec(clusters, box) if clusters else None,
        clusters=tuple(clusters),
        countries=tuple(_countries(result, sites)),
        sites=int(sites.size),
        unplaced=int(sites.size - placed.size),
        opened=_opened(result, shown) if area else None,
        remark=remark,
    )


def _inside(columns: Columns, sites: Ints, area: Area) -> Ints:
    latitude, longitude = columns.latitude[sites], columns.longitude[sites]
    inside = (latitude >= area.south) & (latitude <= area.north)
    return sites[inside & (longitude >= area.west) & (longitude <= area.east)]


def _opened(result: Result, sites: Ints) -> Opened:
    ids = result.matching.columns.site_id[sites[:MOST_LISTED]].tolist()  # by partner, in the order of names
    listed = Facility.objects.filter(pk__in=ids).select_related("organisation")
    ordered = listed.order_by("organisation__name", "name", "pk")
    return Opened(tuple(ordered), int(sites.size), result.filter.url(view="map"))


def cells_of(columns: Columns, sites: Ints) -> list[Cluster]:
    """The sites in each cell of the finest grid, the most first, without names."""
    if not sites.size:
        return []
    row = np.floor(columns.latitude[sites] / FINEST).astype(np.int64)
    column = np.floor(columns.longitude[sites] / FINEST).astype(np.int64)
    _, cell = np.unique(row * 10_000 + column, return_inverse=True)
    # by cell, and in every cell by city, so that what belongs together is one stretch
    order = np.lexsort((columns.city[sites], cell))
    sites, cell = sites[order], cell[order]
    latitude, longitude, city = columns.latitude[sites], columns.longitude[sites], columns.city[sites]
    start = np.flatnonzero(np.diff(cell, prepend=-1))
    sizes = np.diff(start, append=cell.size)
    # of every cell, a site of the city that most of its sites are in
    stretch = np.flatnonzero(np.diff(cell, prepend=-1) | np.diff(city, prepend=0))
    alike = np.diff(stretch, append=cell.size)
    best = np.lexsort((-alike, cell[stretch]))
    example = stretch[best[np.flatnonzero(np.diff(cell[stretch[best]], prepend=-1))]]
    values = (
        np.add.reduceat(latitude, start) / sizes,
        np.add.reduceat(longitude, start) / sizes,
        sizes,
        columns.site_id[sites[example]],
        *(
            function.reduceat(degrees, start)
            for function in (np.minimum, np.maximum)
            for degrees in (latitude, longitude)
        ),
    )
    cells = [
        Cluster(north, east, size, "", "", 1, Area(*area), site=site)
        for north, east, size, site, *area in zip(*(v.tolist() for v in values), strict=True)
    ]
    return sorted(cells, key=lambda c: (-c.sites, c.latitude, c.longitude))


def named(clusters: Iterable[Cluster]) -> list[Cluster]:
    """The clusters with the city and country of their sites: one query, for one site of each."""
    clusters = list(clusters)
    sites = Facility.objects.filter(pk__in=[c.site for c in clusters]).order_by()
    names = {pk: (city, str(country)) for pk, city, country in sites.values_list("pk", "city", "country")}
    return [replace(c, city=names[c.site][0], country=names[c.site][1]) for c in clusters if c.site in names]


def _countries(result: Result, sites: Ints) -> Iterable[CountryRow]:
    """The countries of the sites, those with most first."""
    columns, found = result.matching.columns, result.filter
    codes = [*columns.terms.by_facet["country"], ""]  # the last one answers for -1: unknown
    country = columns.country[sites] % len(codes)
    count = np.bincount(country, minlength=len(codes))
    size = max(columns.partner_id.size, 1)
    owners = np.unique(country * size + columns.site_partner[sites])
    partners = np.bincount(owners // size, minlength=len(codes))
    chosen = found.of_facet("country")
    for at in sorted(np.flatnonzero(count).tolist(), key=lambda at: (-count[at], codes[at])):
        url = found.url(without=chosen, extra=[("country", codes[at])], view="table")
        yield CountryRow(format_country(codes[at]), int(count[at]), int(partners[at]), url)


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
                site=first.site,
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
