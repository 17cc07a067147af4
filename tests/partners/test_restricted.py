"""Restricted-party lists: read with a dry run first, and never a label on a company without a curator's decision."""

import datetime as dt
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners import models
from partners.restricted.importing import ListFileError, import_list
from partners.restricted.services import PartyError, accept, propose_matches, reject, undo
from tests.factories import accounts
from tests.factories import partners as f

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 1, 15)
LINES = ['"Quillon Works Co., Ltd.",CN,2025-12-18,,Annex A', "Aldermoor Group,,2025-06-01,2030-06-01,"]
PARTIES = [
    {"name": "Quillon Works Co., Ltd.", "effective_from": "2025-12-18", "country": "CN"},
    {"name": "Aldermoor Group", "effective_from": "2025-06-01", "country": ""},
]


def csv(*lines, header="name,country,effective_from,effective_until,reference"):
    return "\n".join([header, *lines]).encode()


@pytest.fixture
def party_list(db):
    return f.RestrictedPartyListFactory(illustrative=False)


@pytest.fixture
def curator(client, db):
    user = accounts.CuratorFactory()
    client.force_login(user)
    return user


def read(party_list, *lines, apply=True, **more):
    given = {"source_title": "List of January", "file_date": DAY, "apply": apply, **more}
    return import_list(party_list=party_list, content=csv(*lines), **given)


def test_a_dry_run_tells_everything_and_writes_nothing(party_list):
    report = read(party_list, *LINES, "No day,CN,,,", apply=False)
    assert (report.rows, report.created, report.rejected) == (3, 2, [(4, "effective_from is missing")])
    assert not models.ListedParty.objects.exists()
    assert not models.Source.objects.filter(code__startswith="list-").exists()


def test_applying_writes_dates_and_source_and_a_second_time_changes_nothing(party_list):
    assert read(party_list, *LINES).created == 2
    party = party_list.parties.get(name="Quillon Works Co., Ltd.")
    assert (party.country, party.effective_from, party.effective_until, party.source.title, party.retrieved_on) == (
        "CN", dt.date(2025, 12, 18), None, "List of January", DAY,
    )  # fmt: skip
    again = read(party_list, *LINES)
    assert (again.created, again.updated, again.unchanged, again.ended) == (0, 0, 2, 0)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_read(party_list, delimiter):
    content = csv(*LINES).replace(b",", delimiter.encode()).replace(f"Co.{delimiter}".encode(), b"Co.,")
    report = import_list(party_list=party_list, content=content, source_title="x", file_date=DAY)
    assert (report.created, report.rejected) == (2, [])


def test_a_newer_file_changes_dates_and_ends_what_it_does_not_hold(party_list):
    read(party_list, *LINES)
    later = dt.date(2026, 3, 1)
    report = read(party_list, "Aldermoor Group,,2025-06-01,2028-06-01,", file_date=later)
    assert (report.updated, report.ended) == (1, 1)
    ends = dict(party_list.parties.values_list("name", "effective_until"))
    assert ends == {"Quillon Works Co., Ltd.": later, "Aldermoor Group": dt.date(2028, 6, 1)}
    partial = read(party_list, "Third,,2026-01-01,,", file_date=later, complete=False)
    assert (partial.created, partial.ended) == (1, 0)


def test_every_file_is_a_source_of_its_own_and_an_older_one_is_refused(curator):
    party_list = f.RestrictedPartyListFactory(code="x" * 80, illustrative=False)
    read(party_list, LINES[0])
    read(party_list, *LINES, source_title="Corrected list of January")
    later = dt.date(2026, 3, 1)
    read(party_list, *LINES, "Third,,2026-02-01,,", source_title="List of March", file_date=later)
    assert [(p.source.title, p.source.dated_on) for p in party_list.parties.order_by("effective_from")] == [
        ("Corrected list of January", DAY), ("List of January", DAY), ("List of March", later),
    ]  # fmt: skip
    with pytest.raises(ListFileError, match="older than the file of 2026-03-01"):
        read(party_list, *LINES, file_date=dt.date(2026, 2, 1), apply=False)
    assert read(f.RestrictedPartyListFactory(code="x" * 79 + "y"), *LINES).created == 2


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(list(PARTIES[0])), st.permutations(PARTIES))
def test_the_order_of_columns_and_lines_makes_no_difference(party_list, columns, parties):
    models.ListedParty.objects.all().delete()
    content = csv(*(",".join(f'"{p[c]}"' for c in columns) for p in parties), header=",".join(columns))
    import_list(party_list=party_list, content=content, source_title="x", file_date=DAY, apply=True)
    found = party_list.parties.values_list("name", "effective_from", "country")
    assert {(name, str(day), country) for name, day, country in found} == {tuple(p.values()) for p in PARTIES}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Müller,2025-01-01".encode("latin-1"), "not in UTF-8"),
        (b"name|effective_from\nA|2025-01-01", "with commas, semicolons or tabs between them"),
        (b"company,from\nA,2025-01-01", "missing: name, effective_from"),
        (b"", "missing: name, effective_from"),
        (b"name,effective_from\n,2025-01-01", "no party that can be read"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (b"name,effective_from\nA\0,2025-01-01", "NUL"),
        (b'name,effective_from\n"' + b"x" * 140_000, "cannot be read as CSV at line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(party_list, content, message):
    with pytest.raises(ListFileError, match=message):
        import_list(party_list=party_list, content=content, source_title="x", file_date=DAY, apply=True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A,XX,2025-01-01,,", "XX is no country"),
        ("A,,01/02/2025,,", "effective_from must be YYYY-MM-DD"),
        ("A,,2025-01-01,2024-01-01,", "effective_until comes before"),
        ("A,,2025-01-01,,,", "more or fewer columns"),
        ("Aldermoor Group,,2025-01-01,,", "stands on line 2 already"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_are_read(party_list, line, reason):
    report = read(party_list, "Aldermoor Group,,2025-06-01,,", line)
    assert (report.created, len(report.rejected)) == (1, 1)
    assert reason in report.rejected[0][1]


# -- matches -------------------------------------------------------------------------------------------


@pytest.fixture
def matched(party_list):
    partner = f.OrganisationFactory(name="Quillon Works", illustrative=False)
    f.FacilityFactory(organisation=partner, country="CN")
    f.OrganisationFactory(name="Quillon Works", slug="invented", illustrative=True)
    f.OrganisationFactory(name="Aldermoor Biologics", illustrative=False)
    read(party_list, *LINES, "Quillon of old,CN,2020-01-01,2021-01-01,")
    return partner


def test_a_name_on_a_list_is_a_proposal_and_labels_nobody(party_list, matched):
    assert (propose_matches(party_list=party_list), propose_matches(party_list=party_list)) == (1, 0)
    match = models.PartyMatch.objects.get()
    assert (match.organisation, match.state, "A site in CN" in match.reasons) == (matched, "open", True)
    assert not models.RestrictedPartyEntry.objects.exists()


def test_only_a_curators_yes_makes_the_entry_and_undoing_takes_it_back(party_list, matched, curator):
    propose_matches(party_list=party_list)
    match = models.PartyMatch.objects.get()
    accept(actor=curator, match=match)
    entry = models.RestrictedPartyEntry.objects.get()
    assert (entry.organisation, entry.name_on_list, entry.effective_from, entry.source.title) == (
        matched, "Quillon Works Co., Ltd.", dt.date(2025, 12, 18), "List of January",
    )  # fmt: skip
    with pytest.raises(PartyError, match="already accepted"):
        reject(actor=curator, match=match)
    undo(actor=curator, match=match)
    assert not models.RestrictedPartyEntry.objects.exists()
    reject(actor=curator, match=match)
    assert propose_matches(party_list=party_list) == 0


def test_the_entry_on_the_partner_follows_its_party_and_an_ended_one_is_told_as_ended(
    party_list, matched, curator, client
):
    propose_matches(party_list=party_list)
    accept(actor=curator, match=models.PartyMatch.objects.get())
    later = dt.date(2026, 3, 1)
    page = client.get(matched.get_absolute_url()).content.decode()
    assert ("On a restricted-party list" in page, "No longer on" in page) == (True, False)
    gone = {"source_title": "List of March", "file_date": later}
    assert read(party_list, LINES[1], apply=False, **gone).entries == 1
    report = read(party_list, LINES[1], **gone)
    assert (report.ended, report.entries) == (1, 1)
    assert "The entry of Quillon Works follows: from 2025-12-18 until 2026-03-01" in report.changes
    entry = models.RestrictedPartyEntry.objects.get()
    assert (entry.effective_until, entry.source.title, entry.retrieved_on) == (later, "List of March", later)
    assert models.Change.objects.filter(table="partners_restrictedpartyentry").first().how == "import"
    assert [entry.standing(later + dt.timedelta(days=n)) for n in (-100, 0, 1)] == [
        "coming",
        "current",
        "ended",
    ]
    page = client.get(matched.get_absolute_url()).content.decode()
    assert ("On a restricted-party list" in page, "No longer on a restricted-party list" in page) == (
        False,
        True,
    )
    assert read(party_list, LINES[1], **gone).entries == 0


def test_two_matches_of_one_partner_make_one_entry(party_list, matched, curator):
    propose_matches(party_list=party_list)
    second = f.PartyMatchFactory(
        party=f.ListedPartyFactory(list=party_list, name="Quillon Group"), organisation=matched
    )
    accept(actor=curator, match=second)
    with pytest.raises(PartyError, match="is on that list already"):
        accept(actor=curator, match=models.PartyMatch.objects.exclude(pk=second.pk).get())
    assert models.RestrictedPartyEntry.objects.count() == 1


def test_the_command_reads_a_list_and_says_what_is_wrong_in_one_line(party_list, matched, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(csv("New One,,2026-01-01,,"))
    out = io.StringIO()
    options = {
        "source": "x",
        "date": "2026-02-01",
        "apply": True,
        "partial": True,
        "json": True,
        "stdout": out,
    }
    call_command("import_restricted", party_list.code, str(file), **options)
    assert json.loads(out.getvalue())["created"] == 1
    for arguments, message in (
        ((party_list.code, "nowhere.csv"), "nowhere.csv cannot be read"),
        (("no-list", str(file)), "There is no list 'no-list'"),
    ):
        with pytest.raises(CommandError, match=message) as refused:
            call_command("import_restricted", *arguments, **options)
        assert refused.value.returncode == 2


def test_curator_reads_a_list_on_the_desk_and_decides(party_list, matched, curator, client):
    url = reverse("admin:partners_restrictedpartylist_import", args=[party_list.pk])
    data = {"source_title": "List of February", "file_date": "2026-02-01", "complete": "on"}

    def send(**more):
        file = SimpleUploadedFile("list.csv", csv(*LINES, "Newcomer,,2026-02-01,,"))
        return client.post(url, {**data, "file": file, **more})

    dry = send()
    assert (dry.context["report"].created, dry.context["report"].applied) == (1, False)
    assert not party_list.parties.filter(name="Newcomer").exists()
    forgotten = client.post(url, {**data, "kept": "0" * 64, "write": "on"})
    assert "is no longer kept. Choose it again." in forgotten.content.decode()
    written = client.post(
        url, {**data, "kept": dry.context["kept"], "write": "on"}
    )  # the file is not chosen again
    assert (written.context["report"].created, written.context["report"].applied) == (1, True)
    assert send(write="on").context["report"].unchanged == 3
    match = models.PartyMatch.objects.get()
    listing = reverse("admin:partners_partymatch_changelist")
    assert client.get(listing, {"state__exact": "open"}).status_code == 200
    client.post(listing, {"action": "accept", "_selected_action": [match.pk]})
    assert models.RestrictedPartyEntry.objects.get().organisation == matched
    assert "not in UTF-8" in client.post(
        url, {**data, "file": SimpleUploadedFile("x.csv", "Müller".encode("latin-1"))}
    ).content.decode()  # fmt: skip
