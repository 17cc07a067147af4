"""Every component on one page, to look at and to test; not served in production."""

import datetime
from decimal import Decimal

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cmo_selector.templatetags.components import TONES, VARIANTS
from cmo_selector.templatetags.signs import icon_shapes

STATUSES = (
    ("pass", "Pass"), ("fail", "Fail"), ("conditional", "Conditional"), ("unknown", "Unknown"),
    ("queued", "Queued"), ("running", "Running"), ("done", "Done"), ("failed", "Failed"), ("must", "Must"),
)  # fmt: skip
CRITERIA = (
    ("C1", "Technical and modality fit", Decimal("17.1")), ("C2", "Development and transfer", Decimal("9.4")),
    ("C3", "Scale and capacity", Decimal("8.8")), ("C4", "Quality and regulatory record", Decimal("12.9")),
    ("C5", "Speed and slot", Decimal("9.0")), ("C6", "Delivery reliability", None),
    ("C7", "Cost", Decimal("3.2")), ("C8", "Terms and flexibility", Decimal("2.7")),
    ("C9", "Supply and business risk", Decimal("5.1")), ("C10", "Working fit", Decimal("1.4")),
)  # fmt: skip
ROWS = (
    {"name": "Alder Vector Works", "country": "DE", "low": 61.2, "point": 69.6, "high": 77.0, "coverage": 0.82,
     "minimum": Decimal(4_500_000), "must": "pass"},
    {"name": "Brightwater Biologics", "country": "US", "low": 48.0, "point": 64.1, "high": 83.5, "coverage": 0.55,
     "minimum": None, "must": "unknown"},
    {"name": "Cinder Hill Pharma Services", "country": "IE", "low": 40.5, "point": 44.0, "high": 47.5,
     "coverage": 0.91, "minimum": Decimal(6_000_000), "must": "conditional"},
)  # fmt: skip


class GalleryForm(forms.Form):
    """One field of each kind; bound, so that errors show."""

    name = forms.CharField(label="Product name", help_text="As it will stand on the report.")
    volume = forms.DecimalField(label="Batch volume", min_value=1)
    stage = forms.ChoiceField(choices=[("1", "Preclinical"), ("2", "IND-enabling"), ("3", "Phase I")])
    markets = forms.MultipleChoiceField(
        choices=[("us", "United States"), ("eu", "European Union"), ("jp", "Japan")], required=False
    )
    need_by = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    levels = forms.MultipleChoiceField(
        label="Evidence", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[("a", "Self-declared"), ("b", "Document checked"), ("c", "Public register")],
    )  # fmt: skip
    structure = forms.ChoiceField(
        label="Contract structure",
        widget=forms.RadioSelect,
        choices=[("e", "End to end"), ("c", "Component")],
    )
    federal = forms.BooleanField(label="Receives US federal funding", required=False)
    remarks = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)


def chart_spec() -> dict:
    """A small Vega-Lite chart with intervals."""
    values = [
        {"partner": row["name"], "low": row["low"], "score": row["point"], "high": row["high"]}
        for row in ROWS
    ]
    y = {
        "field": "partner",
        "type": "nominal",
        "title": None,
        "sort": [row["name"] for row in ROWS],
        "axis": {"labelLimit": 130},
    }
    scale = {"domain": [0, 100]}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 160,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": values},
        "encoding": {"y": y},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 6, "opacity": 0.4},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "scale": scale, "title": "Score"},
                    "x2": {"field": "high"},
                    "tooltip": [{"field": "partner"}, {"field": "low"}, {"field": "high"}],
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {
                    "x": {"field": "score", "type": "quantitative"},
                    "tooltip": [{"field": "partner"}, {"field": "score"}],
                },
            },
        ],
    }


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """`/components/`; 404 in production."""
    if settings.PRODUCTION:
        raise Http404
    pages = Paginator(range(1, 483), 20)
    context = {
        "tones": TONES, "variants": VARIANTS, "icons": sorted(icon_shapes()), "statuses": STATUSES,
        "criteria": CRITERIA, "rows": ROWS, "day": datetime.date(2026, 1, 31), "spec": chart_spec(),
        "form": GalleryForm({"volume": "-3", "name": "AAV-101", "levels": ["b"], "stage": "2"}),
        "page": pages.get_page(request.GET.get("page")),
        "wizard": [("Product", "?step=1"), ("Stage and markets", "?step=2"), "Needs", "Weights", "Review"],
    }  # fmt: skip
    return render(request, "components/gallery.html", context)
