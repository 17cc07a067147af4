"""Rows of one file that exchange values which only one row may have."""

import datetime as dt

import pytest

from partners.enums import UploadState
from partners.history.services import undo_act
from partners.models import Alias, Change, Facility, Identifier, OrganisationTypeFact
from partners.sheets import imports
from tests.factories import partners

from .conftest import applied, as_csv, edited, exported, previewed, table

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stored_files", "no_messages"),
]


@pytest.fixture
def sites():
    helvia = partners.OrganisationFactory(slug="helvia", name="Helvia")
    names = ("a", "b", "c", "d", "e")
    return [partners.FacilityFactory(organisation=helvia, slug=name, name=f"Site {name}") for name in names]


def slugs():
    return dict(Facility.objects.values_list("name", "slug"))


def renamed(*pairs):
    content = exported("facility")
    for line, slug in pairs:
        content = edited(content, line, slug=slug)
    return content


def test_rows_change_places_go_round_in_a_circle_and_move_up_however_far_apart_they_stand(
    curator, sites, monkeypatch
):
    """a and b change places; c moves to where d was, which moves to where e was, which has a new place."""
    monkeypatch.setattr(imports, "BATCH", 1)
    before = slugs()
    job = applied(curator, "facility", renamed((2, "b"), (3, "a"), (4, "d"), (5, "e"), (6, "new")))
    assert (job.state, job.report["written"]) == (UploadState.DONE, {"created": 0, "changed": 5})
    assert slugs() == {"Site a": "b", "Site b": "a", "Site c": "d", "Site d": "e", "Site e": "new"}
    undo_act(actor=curator, act=Change.objects.filter(table="partners_facility").first().act, why="Misread")
    assert slugs() == before


def test_identifiers_of_two_sites_are_exchanged_and_a_new_row_takes_a_value_that_is_given_up(curator, sites):
    for site, value in zip(sites, ("111111111", "222222222", "333333333"), strict=False):
        partners.IdentifierFactory(scheme="duns", value=value, facility=site, organisation=None)
    content = exported("identifier")
    for line, value in ((2, "222222222"), (3, "111111111"), (4, "444444444")):
        content = edited(content, line, value=value)
    header, *rows = table(content)
    new = list(rows[0])
    new[header.index("value")], new[header.index("version")] = "333333333", ""
    new[header.index("site")] = "helvia/e"
    applied(curator, "identifier", as_csv([header, *rows, new]))
    assert dict(Identifier.objects.values_list("value", "facility__slug")) == {
        "222222222": "a", "111111111": "b", "444444444": "c", "333333333": "e",
    }  # fmt: skip


def test_what_another_row_keeps_or_is_not_written_with_is_refused_with_that_row(curator, sites):
    content = renamed((2, "b"), (4, "d"), (5, "e"))
    content = edited(content, 5, country="Atlantis")
    job = previewed(curator, "facility", content)
    own = "This partner already has a site with that short name."
    assert {row.line: row.faults[0]["text"] for row in job.rows.filter(outcome="rejected")} == {
        2: f"{own} Row 3 of this file has it and does not give it up.",
        4: f"{own} Row 5 of this file has it and is rejected or in conflict itself; mend that one first.",
        5: "'Atlantis' is no country; write its two-letter code, such as CH",
    }
    without_b = [row for row in table(renamed((2, "b"))) if "Site b" not in row]
    only_one = previewed(curator, "facility", as_csv(without_b))
    assert only_one.rows.get(line=2).faults[0]["text"] == own


def test_two_rows_that_want_one_value_are_both_refused_even_if_it_is_given_up(curator, sites):
    job = previewed(curator, "facility", renamed((2, "new"), (3, "a"), (4, "a")))
    assert list(job.rows.values_list("line", "outcome")) == [
        (2, "changed"), (3, "rejected"), (4, "rejected"), (5, "unchanged"), (6, "unchanged"),
    ]  # fmt: skip


def test_terms_that_cannot_be_set_aside_are_refused_with_the_remedy(curator):
    partner = partners.OrganisationFactory(slug="helvia")
    kinds = [partners.OrganisationTypeFactory(code=code) for code in ("cmo", "cro")]
    for kind in kinds:
        partners.OrganisationTypeFactFactory(organisation=partner, type=kind)
    content = edited(edited(exported("organisationtypefact"), 2, type="cro"), 3, type="cmo")
    job = previewed(curator, "organisationtypefact", content)
    first = job.rows.first()
    assert first.faults[0]["text"].endswith(
        "Row 3 of this file gives it up: import that row in a file of its own first, then this one."
    )
    assert OrganisationTypeFact.objects.count() == 2


def test_aliases_exchange_names_with_their_dates(curator):
    partner = partners.OrganisationFactory(slug="helvia")
    for name, year in (("Old", 1999), ("Older", 1980)):
        partners.AliasFactory(organisation=partner, name=name, used_from=dt.date(year, 1, 1))
    applied(curator, "alias", edited(edited(exported("alias"), 2, name="Older"), 3, name="Old"))
    assert dict(Alias.objects.values_list("name", "used_from__year")) == {"Older": 1999, "Old": 1980}
