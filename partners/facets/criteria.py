"""What is asked of the catalogue, as plain values."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone

#: facets of one process of a site, of the site, and of the partner
ROW_FACETS = ("modality", "service", "dosage_form", "scale", "gmp", "oel", "bsl", "slot_by", "evidence")
SITE_FACETS = ("country", "certificate", "actions", "inspected")
PARTNER_FACETS = ("type", "industry", "structure", "sponsor_size", "min_project", "checked", "record")

#: codes of facets that are not vocabularies, with the number each stands for
INSPECTED_YEARS = {"1": 1, "2": 2, "3": 3, "5": 5, "10": 10}
CHECKED_MONTHS = {"6": 6, "12": 12, "24": 24}
NOT_CHECKED = "older"  # longer ago than the longest of CHECKED_MONTHS
BIOSAFETY = {"1": 1, "2": 2, "3": 3, "4": 4}


@dataclass(frozen=True, slots=True)
class Scale:
    """A range asked for, in one unit; a process fits when its known range overlaps it."""

    unit: str
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to look for. Codes within one facet are alternatives; facets must all hold.

    Facets of a process must hold for one and the same process of a site, those of a site for that same site: two
    sites never make up for each other, unless `network` says that each facet may be met by another site of the
    partner. `codes` holds, by facet, codes with everything below them in a tree. `oel` is in µg/m³.
    """

    text: str = ""
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scale: Scale | None = None
    oel: Decimal | None = None
    slot_by: datetime.date | None = None
    min_project: Money | None = None
    valid_on: datetime.date | None = None
    network: bool = False
    today: datetime.date = field(default_factory=timezone.localdate)

    @property
    def certificate_on(self) -> datetime.date:
        """The day on which a certificate must be valid."""
        return self.valid_on or self.today

    @property
    def active(self) -> frozenset[str]:
        """Names of the facets that ask for something; `q` is the text."""
        numbers = ("scale", "oel", "slot_by", "min_project")
        named = {name for name in numbers if getattr(self, name) is not None}
        named |= {name for name, codes in self.codes.items() if codes}
        return frozenset(named | ({"q"} if self.text else set()))

    @property
    def about_sites(self) -> bool:
        """Whether anything is asked of a site."""
        return bool(self.active & {*ROW_FACETS, *SITE_FACETS})

    def chosen(self, name: str) -> frozenset[str]:
        return self.codes.get(name, frozenset())


def months_before(day: datetime.date, months: int) -> datetime.date:
    """The same day some months earlier, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
