"""Attaching register rows to the catalogue. A link that is there, whoever made it, is never changed.

Only an identification makes a link: D-U-N-S, FEI, a case that names one site, or a labeler's name that is
exactly one partner's name or was accepted as one partner. A warning letter that has but a name is left to a curator.
"""

# ruff: noqa: S608  table names come from the models

from django.db import connection, models, transaction
from django.db.models import QuerySet

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import ActionListing, ChangeKind, EvidenceLevel, IdentifierScheme, RegisterKind
from partners.history.services import revert_changes
from partners.models import (
    Change,
    Facility,
    Identifier,
    RegisterAction,
    RegisterEstablishment,
    RegisterForm483,
    RegisterInspection,
    RegisterListing,
)

from .evidence import lock_evidence, refresh_evidence

_BY_DUNS = """
    UPDATE partners_registerestablishment e SET facility_id = i.facility_id
    FROM partners_identifier i
    JOIN partners_facility f ON f.id = i.facility_id
    JOIN partners_organisation o ON o.id = f.organisation_id
    WHERE e.facility_id IS NULL AND NOT o.illustrative AND i.scheme = %s AND i.value = e.duns
"""

# FEI without leading zeros → the one real site that has it. One FEI may own several D-U-N-S rows, and so name
# several sites of the catalogue: then it decides nothing.
_SITE_OF_FEI = """
    SELECT ltrim(i.value, '0') AS fei, min(i.facility_id) AS facility_id
    FROM partners_identifier i
    JOIN partners_facility f ON f.id = i.facility_id
    JOIN partners_organisation o ON o.id = f.organisation_id
    WHERE i.scheme = %s AND NOT o.illustrative
    GROUP BY ltrim(i.value, '0') HAVING count(DISTINCT i.facility_id) = 1
"""

# A site that has a D-U-N-S number of its own which says otherwise is not the establishment.
_BY_FEI = f"""
    UPDATE partners_registerestablishment e SET facility_id = one.facility_id
    FROM ({_SITE_OF_FEI}) one
    WHERE e.facility_id IS NULL AND e.fei <> '' AND e.fei = one.fei
      AND NOT EXISTS (
        SELECT 1 FROM partners_identifier d
        WHERE d.facility_id = one.facility_id AND d.scheme = %s AND d.value <> e.duns
      )
"""

# Names are compared without case, accents, punctuation and surplus blanks; the legal form counts, because
# "X Inc." and "X GmbH" are two companies. The name must belong to one partner only.
_FOLDED = "lower(regexp_replace(unaccent({}), '[^[:alnum:]]+', '', 'g'))"
_BY_NAME = f"""
    WITH names AS (
        SELECT {_FOLDED.format("o.name")} AS folded, o.id
        FROM partners_organisation o WHERE NOT o.illustrative
        UNION
        SELECT {_FOLDED.format("a.name")}, a.organisation_id
        FROM partners_alias a JOIN partners_organisation o ON o.id = a.organisation_id
        WHERE NOT o.illustrative
    ), one AS (
        SELECT folded, min(id) AS id FROM names WHERE folded <> '' GROUP BY folded HAVING count(*) = 1
    ), labelers AS (
        SELECT labeler, {_FOLDED.format("labeler")} AS folded
        FROM partners_registerlisting WHERE organisation_id IS NULL AND NOT link_refused GROUP BY labeler
    )
    UPDATE partners_registerlisting l SET organisation_id = one.id
    FROM labelers JOIN one USING (folded)
    WHERE l.organisation_id IS NULL AND NOT l.link_refused AND l.labeler = labelers.labeler
"""

# A labeler some of whose listings belong to one partner, by name or because a curator said so, is that partner.
_BY_LABELER = """
    UPDATE partners_registerlisting l SET organisation_id = one.id
    FROM (
        SELECT labeler, min(organisation_id) AS id FROM partners_registerlisting
        WHERE organisation_id IS NOT NULL GROUP BY labeler HAVING count(DISTINCT organisation_id) = 1
    ) one
    WHERE l.organisation_id IS NULL AND NOT l.link_refused AND l.labeler = one.labeler
"""

# A letter as posted has no FEI, but mostly its case: of the site that the Dashboard's lists name for that case
# and that date, where it is one site only.
_CASES = """
    SELECT case_id, kind, issued_on, min(facility_id) AS facility_id
    FROM partners_registeraction WHERE listing <> %(posted)s AND case_id <> '' AND left_on IS NULL
    GROUP BY case_id, kind, issued_on
    HAVING count(DISTINCT fei) = 1 AND count(DISTINCT facility_id) = 1
        AND count(*) = count(facility_id)
"""
_SAME_CASE = """
    posted.listing = %(posted)s AND posted.facility_id IS NULL AND NOT posted.link_refused
    AND posted.case_id = one.case_id AND posted.kind = one.kind AND posted.issued_on = one.issued_on
    AND one.facility_id = coalesce(%(site)s, one.facility_id)
"""
_BY_CASE = f"""
    UPDATE partners_registeraction posted SET facility_id = one.facility_id
    FROM ({_CASES}) one WHERE {_SAME_CASE}
"""
_LETTERS = f"SELECT posted.id FROM partners_registeraction posted, ({_CASES}) one WHERE {_SAME_CASE}"


def link_establishments() -> int:
    """Link establishments that have no site yet, by D-U-N-S number, then by FEI. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_DUNS, [IdentifierScheme.DUNS])
        linked = cursor.rowcount
        cursor.execute(_BY_FEI, [IdentifierScheme.FEI, IdentifierScheme.DUNS])
        return linked + cursor.rowcount


def link_form_483s() -> int:
    """Link published Form 483s to the one real site that has their FEI. Returns how many."""
    return _link_by_fei(RegisterForm483)


def link_actions() -> int:
    """Link letters and actions to the one real site that has their FEI, posted letters through their case."""
    return _link_by_fei(RegisterAction) + _link_posted_letters()


def link_inspections() -> int:
    """Link classified inspections to the one real site that has their FEI. Returns how many."""
    return _link_by_fei(RegisterInspection)


def link_listings() -> int:
    """Link drug listings to the one real partner whose name, or an alias of it, is the labeler's.

    Also to the partner that the labeler's other listings belong to. Returns how many.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BY_NAME)
        linked = cursor.rowcount
        cursor.execute(_BY_LABELER)
        return linked + cursor.rowcount


def link_rows_of_site(facility_id: int) -> dict[RegisterKind, int]:
    """Link the rows of the other registers to a site whose FEI has just become known; how many of each, if any."""
    linked = {
        RegisterKind.FORM_483S: _link_by_fei(RegisterForm483, facility_id),
        RegisterKind.WARNING_LETTERS: _link_by_fei(RegisterAction, facility_id),
        RegisterKind.INSPECTIONS: _link_by_fei(RegisterInspection, facility_id),
    }
    linked[RegisterKind.WARNING_LETTERS] += _link_posted_letters(facility_id)
    return {register: number for register, number in linked.items() if number}


def _link_by_fei(model: type[models.Model], facility_id: int | None = None) -> int:
    """Rows without a site whose FEI names one; with `facility_id` only those that become that site's."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} r SET facility_id = one.facility_id FROM ({_SITE_OF_FEI}) one "
            "WHERE r.facility_id IS NULL AND NOT r.link_refused AND r.fei <> '' AND r.fei = one.fei "
            "AND one.facility_id = coalesce(%s, one.facility_id)",
            [IdentifierScheme.FEI, facility_id],
        )
        return cursor.rowcount


def _link_posted_letters(facility_id: int | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BY_CASE, {"posted": ActionListing.POSTED_LETTERS.value, "site": facility_id})
        return cursor.rowcount


def posted_letters_of(site: Facility) -> QuerySet[RegisterAction]:
    """Posted letters that belong to no site and whose case is this site's."""
    with connection.cursor() as cursor:
        cursor.execute(_LETTERS, {"posted": ActionListing.POSTED_LETTERS.value, "site": site.pk})
        return RegisterAction.objects.filter(pk__in=[number for (number,) in cursor.fetchall()])


def only_site_with_fei(fei: str, site: Facility) -> bool:
    """Whether this site, and no other real one, has the FEI."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT facility_id FROM ({_SITE_OF_FEI}) one WHERE fei = %s",
            [IdentifierScheme.FEI, fei.lstrip("0")],
        )
        return cursor.fetchone() == (site.pk,)


def give_numbers(site: Facility, row: models.Model) -> None:
    """Give a site the numbers by which a row of a register knows it, unless something else bears them.

    The next import links by them. An FEI may be several sites'; a D-U-N-S number is one thing's.
    """
    for scheme, value in (
        (IdentifierScheme.DUNS, getattr(row, "duns", "")),
        (IdentifierScheme.FEI, row.fei),  # type: ignore[attr-defined]
    ):
        taken = Identifier.objects.filter(scheme=scheme, value=value)
        if scheme == IdentifierScheme.FEI:
            taken = taken.filter(facility=site)
        if value and not taken.exists():
            Identifier.objects.create(
                facility=site,
                scheme=scheme,
                value=value,
                source=row.source,  # type: ignore[attr-defined]
                source_reference=str(getattr(row, "key", "") or row.duns)[:160],  # type: ignore[attr-defined]
                retrieved_on=row.last_seen_on,  # type: ignore[attr-defined]
                evidence_level=EvidenceLevel.PUBLIC_REGISTER,
            )


def owner_column(model: type[models.Model]) -> str:
    """The column that says what of the catalogue a row of a register belongs to."""
    return "organisation_id" if model is RegisterListing else "facility_id"


@transaction.atomic
def take_back(*, actor: User, numbers: list[int], why: str) -> int:
    """Undo what linking rows wrote, by its entries in the history. Returns how many rows are unlinked.

    First the links, then the facts that rested on them, then the rest, such as a site's new numbers. Raises
    HistoryError, and changes nothing, where something was changed again since.
    """
    tables = {model._meta.db_table: model for model in REGISTERS_OF}
    links = Change.objects.filter(pk__in=numbers, table__in=tables, kind=ChangeKind.CHANGED)
    rows: dict[type[models.Model], set[int]] = {}
    for table, row in links.values_list("table", "object_id"):
        rows.setdefault(tables[table], set()).add(row)
    owners = {
        model: set(model._default_manager.filter(pk__in=found).values_list(owner_column(model), flat=True))
        for model, found in rows.items()
    }
    linked = set(links.values_list("pk", flat=True))
    revert_changes(actor=actor, numbers=sorted(linked), why=why)
    for model, ids in owners.items():
        for register in REGISTERS_OF[model] if ids - {None} else ():
            refresh_evidence(register=register, owners=ids - {None})
    revert_changes(actor=actor, numbers=[n for n in numbers if n not in linked], why=why)
    return sum(map(len, rows.values()))


@transaction.atomic
def unlink_rows(*, actor: User, rows: QuerySet) -> int:
    """Unlink rows of one register that are not the site's (or partner's) they are linked to; returns how many.

    Their facts leave the catalogue, and no import links them again.
    """
    lock_evidence()
    model = rows.model
    owner = owner_column(model)
    linked = model._default_manager.select_for_update().filter(pk__in=rows.values("pk"))
    owners = dict(linked.exclude(**{owner: None}).values_list("pk", owner))
    model._default_manager.filter(pk__in=owners).update(**{owner: None}, link_refused=True)
    for row in model._default_manager.filter(pk__in=owners):
        record(actor=actor, verb="register_row.unlinked", obj=row, data={owner: [owners[row.pk], None]})
    for kind in REGISTERS_OF[model]:
        refresh_evidence(register=kind, owners=set(owners.values()))
    return len(owners)


REGISTERS_OF: dict[type[models.Model], tuple[RegisterKind, ...]] = {
    RegisterEstablishment: (RegisterKind.DRLS,),
    RegisterForm483: (RegisterKind.FORM_483S,),
    RegisterAction: (RegisterKind.WARNING_LETTERS,),
    RegisterInspection: (RegisterKind.INSPECTIONS,),
    RegisterListing: (RegisterKind.NDC,),
}
