"""Reads illustrative partners from JSON into unsaved catalogue rows. Strict: a wrong key, code or date is an
error.

The format is described in partners/data/README.md. Dates are written as months before or after the day of
loading, so that certificates, slots and inspections of the demo never go stale.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from partners import models as m
from partners.demo_items import DemoDataError, Item, Rows, months_from
from partners.demo_places import UnknownPlace, find_city
from partners.enums import EvidenceLevel, MetricKind

VOCABULARIES: dict[str, type[m.Vocabulary]] = {
    "organisation type": m.OrganisationType,
    "contract structure": m.ContractStructure,
    "industry": m.Industry,
    "service": m.Service,
    "modality": m.Modality,
    "dosage form": m.DosageForm,
    "production system": m.ProductionSystem,
    "unit": m.ScaleUnit,
    "certificate type": m.CertificateType,
    "regulator": m.Regulator,
    "document type": m.DocumentType,
    "metric": m.Metric,
}
DEFAULT_RETRIEVED = 3  # months ago, when neither the partner nor the fact says


class Reader:
    """Reads the partners of one or more files. `sources` maps an evidence level to its source row."""

    def __init__(
        self, today: dt.date, sources: dict[str, m.Source], party_lists: dict[str, m.RestrictedPartyList]
    ):
        self.today = today
        self.sources = sources
        self.party_lists = party_lists
        self.terms = {
            what: {term.code: term for term in model.objects.all()} for what, model in VOCABULARIES.items()
        }

    def partners(self, file: Path) -> Iterator[tuple[m.Organisation, Rows]]:
        """Every partner of a file with all its rows."""
        try:
            content = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        except ValueError as error:
            raise DemoDataError(f"{file.name}: is not JSON ({error}).") from error
        top = Item(file.name, content)
        top.take("about")
        for index, data in enumerate(top.strings_or_items("partners")):
            name = (
                data.get("name", f"partner {index + 1}") if isinstance(data, dict) else f"partner {index + 1}"
            )
            yield self.partner(Item(f"{file.name}: {name}", data))
        top.done()

    # -- shared parts of facts --------------------------------------------------------------------

    def term(self, item: Item, key: str, what: str, code: Any) -> Any:
        if code is None:
            return None
        found = self.terms[what].get(code) if isinstance(code, str) else None
        if found is None:
            raise item.error(key, f"there is no {what} “{code}”.")
        return found

    def listed(self, item: Item, key: str, what: str) -> list[Any]:
        return [self.term(item, key, what, code) for code in item.strings_or_items(key)]

    def spread(self, item: Item, key: str, what: str) -> list[Any]:
        """A key that holds one code, several, or nothing: one row is made for each."""
        value = item.take(key)
        codes = value if isinstance(value, list) else [value]
        return [self.term(item, key, what, code) for code in codes]

    def ago(self, item: Item, key: str) -> dt.date | None:
        months = item.number(key)
        return None if months is None else months_from(self.today, -months)

    def ahead(self, item: Item, key: str) -> dt.date | None:
        months = item.number(key)
        return None if months is None else months_from(self.today, months)

    def evidence(self, item: Item, *, not_before: Iterable[dt.date | None] = ()) -> dict[str, Any]:
        """Source, date and level of a fact; it cannot have been retrieved before what it tells of."""
        level = item.take("evidence", self.level)
        if level not in EvidenceLevel.values:
            raise item.error("evidence", f"“{level}” is not an evidence level.")
        retrieved = self.ago(item, "retrieved") or self.retrieved
        latest = max([retrieved, *(day for day in not_before if day and day <= self.today)])
        return {
            "source": self.sources[level],
            "evidence_level": level,
            "retrieved_on": latest,
            "source_reference": item.take("reference", ""),
        }

    def checked(self, item: Item, row: Any) -> Any:
        """The row once every key of the item is used and every plain field is valid."""
        item.done()
        relations = [f.name for f in row._meta.concrete_fields if f.is_relation]
        try:
            row.clean_fields(exclude=relations)
        except ValidationError as error:
            key, messages = next(iter(error.message_dict.items()))
            raise item.error(key, messages[0]) from error
        return row

    # -- partners ---------------------------------------------------------------------------------

    def partner(self, item: Item) -> tuple[m.Organisation, Rows]:
        self.level = item.take("evidence", EvidenceLevel.SELF_DECLARED.value)
        self.retrieved = months_from(self.today, -(item.number("retrieved") or DEFAULT_RETRIEVED))
        rows = Rows()
        name = item.need("name")
        organisation = m.Organisation(
            name=name,
            slug=slugify(name),
            illustrative=True,
            summary=item.need("summary"),
            founded_year=item.number("founded"),
            employees=item.number("employees"),
            **self.evidence(Item(item.where, {})),
        )
        self.many_valued(item, organisation, rows)
        self.commercial(item, organisation, rows)
        self.anywhere(item, organisation, None, rows)
        for part in item.items("sites"):
            self.site(part, organisation, rows)
        self.checked(item, organisation)
        return organisation, rows

    def many_valued(self, item: Item, organisation: m.Organisation, rows: Rows) -> None:
        stated = self.evidence(Item(item.where, {}))
        for key, what, model, attribute in (
            ("types", "organisation type", m.OrganisationTypeFact, "type"),
            ("structures", "contract structure", m.ContractStructureFact, "structure"),
            ("industries", "industry", m.IndustryFact, "industry"),
        ):
            for term in self.listed(item, key, what):
                rows.add(model(organisation=organisation, **{attribute: term}, **stated))
        for part in item.items("owners"):
            since, until = self.ago(part, "from_months_ago"), self.ago(part, "until_months_ago")
            owner = m.Ownership(
                organisation=organisation,
                owner=part.need("owner"),
                owned_from=since,
                owned_until=until,
                note=part.take("note", ""),
                **self.evidence(part, not_before=[since, until]),
            )
            rows.add(self.checked(part, owner))
        for part in item.items("aliases"):
            alias = m.Alias(
                organisation=organisation,
                name=part.need("name"),
                kind=part.take("kind", "alias"),
                used_from=self.ago(part, "from_months_ago"),
                used_until=self.ago(part, "until_months_ago"),
                **self.evidence(part),
            )
            rows.add(self.checked(part, alias))
        for part in item.items("restrictions"):
            code = part.need("list")
            if code not in self.party_lists:
                raise part.error("list", f"there is no restricted-party list “{code}”.")
            effective = self.ago(part, "from_months_ago")
            entry = m.RestrictedPartyEntry(
                list=self.party_lists[code],
                organisation=organisation,
                name_on_list=part.take("name_on_list", organisation.name),
                effective_from=effective,
                **self.evidence(part, not_before=[effective]),
            )
            rows.add(self.checked(part, entry))

    def commercial(self, item: Item, organisation: m.Organisation, rows: Rows) -> None:
        if (data := item.take("terms")) is not None:
            part = Item(f"{item.where}: terms", data)
            terms = m.CommercialTerms(
                organisation=organisation,
                minimum_project=part.number("minimum"),
                currency=part.take("currency", ""),
                payment_days=part.number("payment_days"),
                payment_note=part.take("payment_note", ""),
                cancellation_notice_months=part.number("notice_months"),
                cancellation_share=part.number("cancellation_share"),
                cancellation_note=part.take("cancellation_note", ""),
                **self.evidence(part),
            )
            if terms.minimum_project is not None and not terms.currency:
                raise part.error("currency", "is missing: a minimum project value needs one.")
            rows.add(self.checked(part, terms))
        for part in item.items("prices"):
            low, high = part.pair("range")
            price = m.IndicativePrice(
                organisation=organisation,
                service=self.term(part, "service", "service", part.take("service")),
                modality=self.term(part, "modality", "modality", part.take("modality")),
                basis=part.need("basis"),
                low=low,
                high=high,
                currency=part.need("currency"),
                **self.evidence(part),
            )
            rows.add(self.checked(part, price))

    def anywhere(self, item: Item, organisation: m.Organisation, site: m.Facility | None, rows: Rows) -> None:
        """Facts that hang on the partner as a whole or on one site: records, metrics, documents."""
        owner = {"organisation": organisation, "facility": site}
        for part in item.items("records"):
            since, until = (
                self.today.year - y if y is not None else None for y in part.pair("years_ago")[::-1]
            )
            record = m.TrackRecord(
                **owner,
                kind=part.need("kind"),
                count=part.number("count"),
                modality=self.term(part, "modality", "modality", part.take("modality")),
                service=self.term(part, "service", "service", part.take("service")),
                dosage_form=self.term(part, "form", "dosage form", part.take("form")),
                regulator=self.term(part, "by", "regulator", part.take("by")),
                first_year=since,
                last_year=until,
                description=part.take("note", ""),
                **self.evidence(part),
            )
            rows.add(self.checked(part, record))
        for code, value in Item(f"{item.where}: metrics", item.take("metrics", {})).data.items():
            rows.add(self.metric(item, owner, code, value))
        for part in item.items("documents"):
            dated = self.ago(part, "months_ago")
            document = m.Document(
                **owner,
                type=self.term(part, "type", "document type", part.need("type")),
                title=part.need("title"),
                dated_on=dated,
                **self.evidence(part, not_before=[dated]),
            )
            rows.add(self.checked(part, document))

    def metric(self, item: Item, owner: dict[str, Any], code: str, value: Any) -> m.MetricValue:
        where = f"metrics.{code}"
        metric = self.term(item, where, "metric", code)
        part = Item(f"{item.where}: {where}", value if isinstance(value, dict) else {"value": value})
        given = part.need("value")
        fits = {
            MetricKind.NUMBER: isinstance(given, int | Decimal) and not isinstance(given, bool),
            MetricKind.FLAG: isinstance(given, bool),
            MetricKind.TEXT: isinstance(given, str) and given != "",
        }
        if not fits[MetricKind(metric.kind)]:
            raise item.error(where, f"“{given}” is not a value of kind {metric.get_kind_display().lower()}.")
        column = {MetricKind.NUMBER: "number", MetricKind.FLAG: "flag", MetricKind.TEXT: "text"}[metric.kind]
        end = self.ago(part, "until_months_ago")
        row = m.MetricValue(
            **owner, metric=metric, period_end=end, **{column: given}, **self.evidence(part, not_before=[end])
        )
        return self.checked(part, row)

    # -- sites ------------------------------------------------------------------------------------

    def site(self, item: Item, organisation: m.Organisation, rows: Rows) -> None:
        name, city, country = item.need("name"), item.need("city"), item.need("country")
        region = item.take("region", "")
        try:
            latitude, longitude = find_city(city, country, region)
        except UnknownPlace as error:
            raise item.error("city", str(error)) from error
        site = m.Facility(
            organisation=organisation,
            slug=slugify(name),
            name=name,
            city=city,
            region=region,
            country=country,
            latitude=latitude,
            longitude=longitude,
            located_by="city",
            opened_year=item.number("opened"),
            capabilities_complete_on=self.ago(item, "complete_months_ago"),
            **self.evidence(Item(item.where, {})),
        )
        rows.add(site)
        for part in item.items("capabilities"):
            self.capabilities(part, site, rows)
        for part in item.items("equipment"):
            equipment = m.Equipment(
                facility=site,
                name=part.need("name"),
                quantity=part.number("quantity"),
                size=part.number("size"),
                size_unit=self.term(part, "unit", "unit", part.take("unit")),
                **self.evidence(part),
            )
            rows.add(self.checked(part, equipment))
        self.quality(item, site, rows)
        for part in item.items("slots"):
            starts = self.ahead(part, "in_months")
            lasts = part.number("for_months")
            slot = m.CapacitySlot(
                facility=site,
                service=self.term(part, "service", "service", part.take("service")),
                modality=self.term(part, "modality", "modality", part.take("modality")),
                starts_on=starts,
                ends_on=months_from(starts, lasts) if starts and lasts is not None else None,
                status=part.take("status", "open"),
                quantity=part.number("quantity"),
                unit=self.term(part, "unit", "unit", part.take("unit")),
                **self.evidence(part),
            )
            rows.add(self.checked(part, slot))
        self.anywhere(item, organisation, site, rows)
        self.checked(item, site)

    def capabilities(self, item: Item, site: m.Facility, rows: Rows) -> None:
        """One row for every combination of the services, modalities and dosage forms named."""
        services = self.spread(item, "service", "service")
        modalities = self.spread(item, "modality", "modality")
        forms = self.spread(item, "form", "dosage form")
        if None in services:
            raise item.error("service", "is missing.")
        (stage_from, stage_to), (scale_min, scale_max) = item.pair("stage"), item.pair("scale")
        shared = {
            "production_system": self.term(item, "system", "production system", item.take("system")),
            "stage_from": stage_from,
            "stage_to": stage_to,
            "scale_min": scale_min,
            "scale_max": scale_max,
            "scale_unit": self.term(item, "unit", "unit", item.take("unit")),
            "gmp": item.take("gmp"),
            "oel_ug_m3": item.number("oel"),
            "band_name": item.take("band", ""),
            "biosafety_level": item.number("bsl"),
            "dedicated_for": item.take("dedicated", ""),
            "programmes": item.number("programmes"),
            "note": item.take("note", ""),
            **self.evidence(item),
        }
        if (scale_min is not None or scale_max is not None) and shared["scale_unit"] is None:
            raise item.error("unit", "is missing: a scale needs one.")
        for service in services:
            for modality in modalities:
                for form in forms:
                    row = m.Capability(
                        facility=site, service=service, modality=modality, dosage_form=form, **shared
                    )
                    rows.add(self.checked(item, row))

    def quality(self, item: Item, site: m.Facility, rows: Rows) -> None:
        for part in item.items("certificates"):
            issued, expires = self.ago(part, "issued_months_ago"), self.ahead(part, "expires_in_months")
            services = self.listed(part, "services", "service")
            forms = self.listed(part, "forms", "dosage form")
            certificate = m.Certificate(
                facility=site,
                type=self.term(part, "type", "certificate type", part.need("type")),
                regulator=self.term(part, "by", "regulator", part.take("by")),
                body=part.take("body", ""),
                number=part.take("number", ""),
                scope=part.take("scope", ""),
                issued_on=issued,
                expires_on=expires,
                **self.evidence(part, not_before=[issued]),
            )
            rows.add(self.checked(part, certificate))
            rows.scope_services.append((certificate, services))
            rows.scope_forms.append((certificate, forms))
        for part in item.items("inspections"):
            ended, closed = self.ago(part, "months_ago"), self.ago(part, "closed_months_ago")
            days = part.number("days")
            inspection = m.Inspection(
                facility=site,
                regulator=self.term(part, "by", "regulator", part.need("by")),
                kind=part.take("kind", ""),
                started_on=ended - dt.timedelta(days=int(days) - 1) if ended and days else None,
                ended_on=ended,
                product_area=part.take("area", ""),
                outcome=part.need("outcome"),
                observations=part.number("observations"),
                closed_out_on=closed,
                **self.evidence(part, not_before=[ended, closed]),
            )
            rows.add(self.checked(part, inspection))
        for part in item.items("audits"):
            held = self.ago(part, "months_ago")
            audit = m.Audit(
                facility=site,
                auditor=part.need("by"),
                standard=part.take("standard", ""),
                scope=part.take("scope", ""),
                audited_on=held,
                outcome=part.need("outcome"),
                open_actions=part.number("open"),
                **self.evidence(part, not_before=[held]),
            )
            rows.add(self.checked(part, audit))
        for part in item.items("actions"):
            issued, closed = self.ago(part, "months_ago"), self.ago(part, "closed_months_ago")
            action = m.RegulatoryAction(
                facility=site,
                regulator=self.term(part, "by", "regulator", part.need("by")),
                kind=part.need("kind"),
                issued_on=issued,
                closed_on=closed,
                reference=part.take("number", ""),
                summary=part.take("summary", ""),
                **self.evidence(part, not_before=[issued, closed]),
            )
            rows.add(self.checked(part, action))
