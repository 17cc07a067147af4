"""Which lists of the catalogue go out as spreadsheets and come back, and what identifies a row of each."""

from dataclasses import dataclass

from django.db import models as orm
from django.utils.text import capfirst

from partners import models

from .sheet import Sheet


@dataclass(frozen=True, slots=True)
class SheetKind:
    """A list: its model, the fields that identify a row for people, and the one by which rows are looked up."""

    model: type[orm.Model]
    key: tuple[str, ...]
    find_by: str = ""

    @property
    def title(self) -> str:
        return capfirst(str(self.model._meta.verbose_name_plural))

    def open(self) -> Sheet:
        return Sheet(self.model, key=self.key, find_by=self.find_by)


_OF_PARTNER = ("organisation", "facility")
_KINDS = (
    SheetKind(models.Organisation, ("slug",)),
    SheetKind(models.Facility, ("organisation", "slug")),
    SheetKind(models.OrganisationTypeFact, ("organisation", "type")),
    SheetKind(models.ContractStructureFact, ("organisation", "structure")),
    SheetKind(models.IndustryFact, ("organisation", "industry")),
    SheetKind(models.Ownership, ("organisation", "owner", "owned_from")),
    SheetKind(models.Alias, ("organisation", "name")),
    SheetKind(models.Identifier, ("scheme", "value", *_OF_PARTNER), find_by="value"),
    SheetKind(models.RestrictedPartyList, ("code",)),
    SheetKind(models.RestrictedPartyEntry, ("list", "organisation"), find_by="organisation"),
    SheetKind(models.ListedParty, ("list", "name"), find_by="name"),
    SheetKind(models.Capability, ("facility", "service", "modality", "dosage_form", "production_system")),
    SheetKind(models.Equipment, ("facility", "name")),
    SheetKind(models.CapacitySlot, ("facility", "service", "modality", "starts_on")),
    SheetKind(models.Certificate, ("facility", "type", "number")),
    SheetKind(models.Inspection, ("facility", "regulator", "kind", "ended_on")),
    SheetKind(models.Audit, ("facility", "auditor", "standard", "audited_on")),
    SheetKind(models.RegulatoryAction, ("facility", "regulator", "kind", "issued_on", "reference")),
    SheetKind(models.CommercialTerms, ("organisation", "currency")),
    SheetKind(models.IndicativePrice, ("organisation", "basis", "service", "modality", "currency")),
    SheetKind(
        models.TrackRecord,
        (*_OF_PARTNER, "kind", "service", "modality", "dosage_form", "regulator"),
    ),
    SheetKind(models.MetricValue, (*_OF_PARTNER, "metric", "period_end")),
    SheetKind(models.Document, (*_OF_PARTNER, "type", "title")),
    *(
        SheetKind(model, ("code",))
        for model in (
            models.OrganisationType,
            models.Modality,
            models.Service,
            models.DosageForm,
            models.ProductionSystem,
            models.ScaleUnit,
            models.Industry,
            models.ContractStructure,
            models.Regulator,
            models.CertificateType,
            models.DocumentType,
            models.Metric,
        )
    ),
    SheetKind(models.ServiceCrosswalk, ("register", "code"), find_by="code"),
    SheetKind(models.Source, ("code",)),
    SheetKind(models.SearchSynonym, ("group", "phrase"), find_by="phrase"),
)

#: by the model's name, as in the addresses of the desk
SHEETS: dict[str, SheetKind] = {str(kind.model._meta.model_name): kind for kind in _KINDS}
