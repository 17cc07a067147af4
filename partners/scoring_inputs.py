"""The only bridge from catalogue rows to the scoring engine's plain facts.

`load_partner_facts` reads every active partner in a fixed number of queries, whatever their number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.db.models import QuerySet
from django.utils import timezone

from partners.models import (
    Audit,
    Capability,
    CapacitySlot,
    Certificate,
    CommercialTerms,
    ContractStructureFact,
    Evidenced,
    Facility,
    IndicativePrice,
    IndustryFact,
    Inspection,
    MetricValue,
    Organisation,
    OrganisationTypeFact,
    RegulatoryAction,
    RestrictedPartyEntry,
    RestrictedPartyList,
    Service,
    Source,
    TrackRecord,
)
from partners.scoring import types as t
from partners.scoring.rules_special import DEA
from partners.scoring.schedules import schedules_of


def load_partner_facts(organisations: QuerySet[Organisation] | None = None) -> tuple[t.PartnerFacts, ...]:
    """Facts of the given partners (default: all active ones), in the order of their names."""
    if organisations is None:
        organisations = Organisation.objects.active()
    partners = list(organisations.order_by("name", "pk"))
    return _Loader([p.pk for p in partners]).build(partners)


def service_paths() -> dict[int, tuple[str, ...]]:
    """Service id → codes from the root of the tree down to the service itself."""
    nodes = {
        pk: (code, parent) for pk, code, parent in Service.objects.values_list("pk", "code", "parent_id")
    }

    def path(pk: int | None) -> tuple[str, ...]:
        codes: list[str] = []
        seen: set[int] = set()
        while pk and pk not in seen:  # a ring of parents ends a path
            seen.add(pk)
            code, pk = nodes[pk]
            codes.insert(0, code)
        return tuple(codes)

    return {pk: path(pk) for pk in nodes}


def _number(value) -> float | None:
    return None if value is None else float(value)


def _code(term) -> str | None:
    return term.code if term else None


class _Loader:
    """Reads one table after the other and hands the rows out by partner or by site."""

    def __init__(self, organisation_ids: list[int]):
        self.ids = organisation_ids
        self.today = timezone.localdate()
        self.paths = service_paths()
        self.sources = Source.objects.in_bulk()
        self.facilities = list(
            Facility.objects.filter(organisation__in=self.ids, active=True).order_by("name", "pk")
        )
        self.site_names = {f.pk: f.name for f in self.facilities}

    def ref(self, row: Evidenced, label: str, site_id: int | None = None) -> t.FactRef:
        source = self.sources[row.source_id]
        return t.FactRef(
            kind=row._meta.model_name,
            pk=row.pk,
            label=label,
            source=source.title,
            as_of=row.retrieved_on,
            evidence=row.evidence_level,
            site=self.site_names.get(site_id, "") if site_id else "",
            url=source.url,
        )

    def path(self, service_id: int | None) -> tuple[str, ...]:
        return self.paths[service_id] if service_id else ()

    def valid(self, rows: Iterable) -> Iterator:
        """Without facts that are no longer to be relied on, such as those of a row that left its register."""
        return (row for row in rows if row.is_in_force(self.today))

    def by_site(self, rows: Iterable, make) -> dict[int, list]:
        groups = defaultdict(list)
        for row in self.valid(rows):
            groups[row.facility_id].append(make(row))
        return groups

    def by_partner(self, rows: Iterable, make) -> dict[int, list]:
        groups = defaultdict(list)
        for row in self.valid(rows):
            groups[row.organisation_id].append(make(row))
        return groups

    def build(self, partners: list[Organisation]) -> tuple[t.PartnerFacts, ...]:
        sites = self.sites()
        own = {"organisation__in": self.ids}
        records = TrackRecord.objects.filter(**own, facility=None).select_related(*self.RECORD_JOINS)
        metrics = MetricValue.objects.filter(**own, facility=None).select_related("metric")
        structures = self.by_partner(
            ContractStructureFact.objects.filter(**own).select_related("structure"),
            lambda r: (r.structure.code, self.ref(r, r.structure.label)),
        )
        types = self.by_partner(
            OrganisationTypeFact.objects.filter(**own).select_related("type"), lambda r: r.type.code
        )
        industries = self.by_partner(
            IndustryFact.objects.filter(**own).select_related("industry"), lambda r: r.industry.code
        )
        track_record = self.by_partner(records, self.record)
        values = self.by_partner(metrics, self.metric)
        terms = self.by_partner(CommercialTerms.objects.filter(**own), self.terms)
        prices = self.by_partner(IndicativePrice.objects.filter(**own).select_related("modality"), self.price)
        lists = list(RestrictedPartyList.objects.values_list("name", "illustrative"))
        listed = self.by_partner(
            RestrictedPartyEntry.objects.filter(**own).select_related("list"), self.restriction
        )
        return tuple(
            t.PartnerFacts(
                id=p.pk,
                slug=p.slug,
                name=p.name,
                illustrative=p.illustrative,
                sites=tuple(sites[p.pk]),
                types=frozenset(types[p.pk]),
                contract_structures=dict(structures[p.pk]),
                industries=frozenset(industries[p.pk]),
                track_record=tuple(track_record[p.pk]),
                metrics=tuple(values[p.pk]),
                terms=tuple(terms[p.pk]),
                prices=tuple(prices[p.pk]),
                restrictions=tuple(listed[p.pk]),
                # An invented list says nothing about a real company.
                restricted_lists=tuple(name for name, invented in lists if p.illustrative or not invented),
            )
            for p in partners
        )

    def sites(self) -> dict[int, list[t.SiteFacts]]:
        own = {"facility__organisation__in": self.ids, "facility__active": True}
        capabilities = self.by_site(
            Capability.objects.filter(**own).select_related(
                "service", "modality", "dosage_form", "production_system", "scale_unit"
            ),
            self.capability,
        )
        certificates = self.by_site(
            Certificate.objects.filter(**own)
            .select_related("type")
            .prefetch_related("scope_services", "scope_dosage_forms"),
            self.certificate,
        )
        inspections = self.by_site(
            Inspection.objects.filter(**own).select_related("regulator"), self.inspection
        )
        audits = self.by_site(Audit.objects.filter(**own), self.audit)
        actions = self.by_site(
            RegulatoryAction.objects.filter(**own).select_related("regulator"), self.action
        )
        slots = self.by_site(
            CapacitySlot.objects.filter(**own).select_related("modality", "service", "unit"), self.slot
        )
        records = self.by_site(
            TrackRecord.objects.filter(**own).select_related(*self.RECORD_JOINS), self.record
        )
        metrics = self.by_site(MetricValue.objects.filter(**own).select_related("metric"), self.metric)
        sites = defaultdict(list)
        for f in self.facilities:
            complete = None
            if f.capabilities_complete_on:
                complete = self.ref(
                    f, f"Full list of capabilities stated on {f.capabilities_complete_on}", f.pk
                )
            sites[f.organisation_id].append(
                t.SiteFacts(
                    id=f.pk,
                    name=f.name,
                    city=f.city,
                    country=f.country.code,
                    complete_list=complete,
                    capabilities=tuple(capabilities[f.pk]),
                    certificates=tuple(certificates[f.pk]),
                    inspections=tuple(inspections[f.pk]),
                    audits=tuple(audits[f.pk]),
                    actions=tuple(actions[f.pk]),
                    slots=tuple(slots[f.pk]),
                    track_record=tuple(records[f.pk]),
                    metrics=tuple(metrics[f.pk]),
                )
            )
        return sites

    def capability(self, c: Capability) -> t.CapabilityFact:
        return t.CapabilityFact(
            ref=self.ref(c, str(c), c.facility_id),
            service=c.service.code,
            service_path=self.path(c.service_id),
            modality=_code(c.modality),
            dosage_form=_code(c.dosage_form),
            production_system=_code(c.production_system),
            stage_from=c.stage_from,
            stage_to=c.stage_to,
            scale_min=_number(c.scale_min),
            scale_max=_number(c.scale_max),
            scale_unit=_code(c.scale_unit),
            oel_ug_m3=_number(c.oel_ug_m3),
            biosafety_level=c.biosafety_level,
            gmp=c.gmp,
            programmes=c.programmes,
            dedicated_for=c.dedicated_for or None,
        )

    def certificate(self, c: Certificate) -> t.CertificateFact:
        return t.CertificateFact(
            ref=self.ref(c, str(c), c.facility_id),
            certificate_type=c.type.code,
            scope_services=frozenset(s.code for s in c.scope_services.all()),
            scope_dosage_forms=frozenset(d.code for d in c.scope_dosage_forms.all()),
            issued_on=c.issued_on,
            expires_on=c.expires_on,
            schedules=schedules_of(c.scope) if c.type.code == DEA else frozenset(),
        )

    def inspection(self, i: Inspection) -> t.InspectionFact:
        return t.InspectionFact(
            ref=replace(self.ref(i, str(i), i.facility_id), happened_on=i.ended_on),
            agency=i.regulator.code,
            ended_on=i.ended_on,
            outcome=i.outcome,
            observations=i.observations,
        )

    def audit(self, a: Audit) -> t.AuditFact:
        return t.AuditFact(
            ref=replace(self.ref(a, str(a), a.facility_id), happened_on=a.audited_on),
            auditor=a.auditor,
            audited_on=a.audited_on,
            outcome=a.outcome,
            standard=a.standard or None,
            open_actions=a.open_actions,
        )

    def action(self, a: RegulatoryAction) -> t.ActionFact:
        return t.ActionFact(
            ref=self.ref(a, str(a), a.facility_id),
            agency=a.regulator.code,
            kind=a.kind,
            issued_on=a.issued_on,
            closed_on=a.closed_on,
            close_out_unknown=a.close_out_unknown,
        )

    def slot(self, s: CapacitySlot) -> t.SlotFact:
        return t.SlotFact(
            ref=self.ref(s, str(s), s.facility_id),
            starts_on=s.starts_on,
            ends_on=s.ends_on,
            status=s.status,
            modality=_code(s.modality),
            service_path=self.path(s.service_id),
            quantity=_number(s.quantity),
            unit=_code(s.unit),
        )

    RECORD_JOINS = ("modality", "service", "dosage_form", "regulator")

    def record(self, r: TrackRecord) -> t.TrackRecordFact:
        return t.TrackRecordFact(
            ref=self.ref(r, str(r), r.facility_id),
            kind=r.kind,
            count=r.count,
            modality=_code(r.modality),
            service_path=self.path(r.service_id),
            dosage_form=_code(r.dosage_form),
            agency=_code(r.regulator),
            last_year=r.last_year,
        )

    def metric(self, m: MetricValue) -> t.MetricFact:
        return t.MetricFact(
            ref=self.ref(m, str(m), m.facility_id),
            metric=m.metric.code,
            number=_number(m.number),
            flag=m.flag,
            text=m.text,
        )

    def terms(self, c: CommercialTerms) -> t.TermsFact:
        return t.TermsFact(
            ref=self.ref(c, "Commercial terms"),
            minimum_project=_number(c.minimum_project),
            currency=c.currency or None,
            payment_days=c.payment_days,
            cancellation_notice_months=_number(c.cancellation_notice_months),
            cancellation_share=_number(c.cancellation_share),
        )

    def price(self, p: IndicativePrice) -> t.PriceFact:
        return t.PriceFact(
            ref=self.ref(p, str(p)),
            basis=p.basis,
            low=float(p.low),
            high=float(p.high),
            currency=p.currency,
            modality=_code(p.modality),
            service_path=self.path(p.service_id),
        )

    def restriction(self, e: RestrictedPartyEntry) -> t.RestrictionFact:
        return t.RestrictionFact(
            ref=self.ref(e, str(e)),
            list_name=e.list.name,
            effective_from=e.effective_from,
            effective_until=e.effective_until,
            effect=e.list.effect,
        )
