"""The registers beside the establishments: search, filters, links to documents and to the catalogue."""

import datetime
import re

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.enums import ActionListing
from partners.importers.kinds import KINDS
from partners.importers.linking import link_listings
from partners.models import LinkSuggestion
from partners.register.books import BOOKS
from partners.register.records import RecordFilter
from partners.register.views import PER_PAGE
from partners.vocabularies import load_vocabularies
from tests.factories import accounts
from tests.factories import partners as make
from tests.plans import scans_priced_out

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "results"}
HOSTILE = '<script>alert("x")</script>'
MAKERS = {
    "form-483s": make.RegisterForm483Factory,
    "letters": make.RegisterActionFactory,
    "inspections": make.RegisterInspectionFactory,
    "substances": make.RegisterListingFactory,
}
NAME = {"substances": "name"}


@pytest.fixture
def member(client):
    membership = accounts.MembershipFactory(role=Role.EVALUATOR.value)
    client.force_login(membership.user)
    return membership


def url(code):
    return f"/register/{code}/"


def text(response):
    """The visible text in one line."""
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def found(client, code, **asked):
    response = client.get(url(code), asked)
    assert response.status_code == 200
    return [getattr(row, NAME.get(code, "firm_name")) for row, *_ in response.context["rows"]]


def row(code, name, **values):
    return MAKERS[code](**{NAME.get(code, "firm_name"): name}, **values)


def real_site(partner="Northvale Group"):
    organisation = make.OrganisationFactory(name=partner, illustrative=False)
    return make.FacilityFactory(organisation=organisation, name="Northvale plant")


@pytest.mark.parametrize("code", MAKERS)
def test_every_register_has_a_tab_and_shows_its_rows(client, member, code):
    row(code, "Northvale")
    response = client.get(url(code))
    tabs = re.search(r'<nav class="tabs" aria-label="Registers">(.*?)</nav>', response.content.decode(), re.S)
    links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>', tabs.group(1))
    expected = ["/register/", *(url(book.code) for book in BOOKS)]
    assert links == [(link, ' aria-current="page"' if link == url(code) else "") for link in expected]
    assert found(client, code) == ["Northvale"]


@pytest.mark.parametrize(
    ("code", "query", "values"),
    [
        ("form-483s", "northv", {}),
        ("form-483s", "NORTHVALE", {}),
        ("form-483s", "03100200300", {"fei": "3100200300"}),
        ("form-483s", "31002", {"fei": "3100200300"}),
        ("letters", "sterility north", {"subject": "CGMP, sterility"}),
        ("letters", "7012", {"case_id": "701234"}),
        ("inspections", "basel", {"city": "Basel"}),
        ("substances", "testost", {"substances": ["TESTOSTERONE", "WATER"]}),
        ("substances", "labeler ag", {"labeler": "Labeler AG"}),
        ("substances", "0051-0012", {"product_ndc": "0051-0012"}),
    ],
)
def test_a_word_is_looked_for_in_texts_and_begins_a_number(client, member, code, query, values):
    row(code, "Northvale", **values)
    other = {"substances": ["IRON"], "labeler": "Other"} if code == "substances" else {}
    row(code, "Someone else", **other)
    assert found(client, code, q=query) == ["Northvale"]


def test_signs_of_a_pattern_are_looked_for_as_they_are(client, member):
    row("form-483s", "100% Pure_Pharma \\ Co")
    row("form-483s", "1000 Pure Pharma")
    for query in ("100%", "Pure_", "\\"):
        assert found(client, "form-483s", q=query) == ["100% Pure_Pharma \\ Co"]


def test_filters_are_or_within_and_and_across(client, member):
    day = datetime.date
    row("letters", "A", kind="warning_letter", product_type="Drugs", issued_on=day(2024, 5, 1))
    row("letters", "B", kind="seizure", product_type="Drugs", issued_on=day(2023, 5, 1), country="IN")
    row("letters", "C", kind="", product_type="", issued_on=day(2022, 5, 1), country="", facility=real_site())
    assert found(client, "letters", kind=["seizure", "warning_letter"]) == ["A", "B"]
    assert found(client, "letters", kind=["seizure", "warning_letter"], year="2023") == ["B"]
    assert found(client, "letters", kind="not-stated") == ["C"]
    assert found(client, "letters", country=["in", "not-stated"]) == ["B", "C"]
    assert found(client, "letters", link="linked") == ["C"]
    assert found(client, "letters", link="unlinked", sort="name") == ["A", "B"]
    assert found(client, "letters", link=["linked", "unlinked"]) == ["A", "B", "C"]


def test_rows_that_left_the_register_can_be_told_apart(client, member):
    row("inspections", "Here")
    row("inspections", "Gone", left_on=datetime.date(2025, 6, 1))
    assert found(client, "inspections", state="left") == ["Gone"]
    assert found(client, "inspections", state="listed") == ["Here"]
    assert "not in the file of 2025-06-01" in text(client.get(url("inspections")))


def test_years_are_offered_newest_first_and_a_filter_of_one_value_is_not(client, member):
    for year in (2022, 2024, None):
        row("form-483s", f"Firm {year}", recorded_on=year and datetime.date(year, 1, 1))
    lists = {facet.name: facet for facet in client.get(url("form-483s")).context["filter"].lists}
    years = [choice.term.label for choice in lists["year"].choices]
    assert years == ["2024", "2022", "Not stated"]
    assert "type" not in lists
    assert found(client, "form-483s", year="not-stated") == ["Firm None"]
    for year in (2024, None):
        row("inspections", f"Firm {year}", fiscal_year=year)
    assert found(client, "inspections", year="not-stated") == ["Firm None"]


def test_choices_follow_the_next_import(client, member):
    make.RegisterImportFactory(kind="483s")
    row("form-483s", "A", recorded_on=datetime.date(2022, 1, 1))
    assert found(client, "form-483s", year="2022") == ["A"]
    row("form-483s", "B", recorded_on=datetime.date(2025, 1, 1))
    make.RegisterImportFactory(kind="483s")
    assert found(client, "form-483s", year="2025") == ["B"]


def test_documents_and_links_to_the_catalogue_are_given(client, member):
    site = real_site()
    row("form-483s", "Linked", facility=site, url="https://www.fda.gov/media/1/download")
    free = row("form-483s", "To be linked", fei="")
    html = client.get(url("form-483s")).content.decode()
    assert 'href="https://www.fda.gov/media/1/download"' in html
    assert f'href="{site.organisation.get_absolute_url()}#site-{site.pk}">Northvale Group</a>' in html
    assert re.findall(r'href="(/register/[^"]+/suggest/)"', html) == [f"{url('form-483s')}{free.pk}/suggest/"]
    assert html.count("not linked") == 1


def test_the_files_that_were_read_are_named_by_list_and_an_unknown_date_is_called_so(client, member):
    day = datetime.date(2025, 7, 18)
    make.RegisterImportFactory(kind="warning-letters", layout=ActionListing.POSTED_LETTERS, file_date=day)
    make.RegisterImportFactory(
        kind="compliance-actions",
        layout=ActionListing.COMPLIANCE_ACTIONS,
        file_date=day,
        file_date_stated=False,
    )
    page = text(client.get(url("letters")))
    assert re.search(
        r"Read from: Data Dashboard, compliance actions, file of unknown date, read on 2025-07-18; "
        r"Warning letters as posted on fda\.gov, file of 2025-07-18\.",
        page,
    ), page[:900]


@pytest.mark.parametrize(
    ("code", "query", "indexes"),
    [
        ("form-483s", "q=northvale", ["form483_name_trgm"]),
        ("form-483s", "q=310020", ["form483_name_trgm", "form483_document", r"\w+_fei_\w+_like"]),
        ("form-483s", "year=2024&year=2021", ["form483_by_date", "form483_by_date"]),
        ("letters", "q=northvale", ["register_action_text_trgm"]),
        ("letters", "q=701234", ["register_action_text_trgm", "register_action_case", r"\w+_fei_\w+_like"]),
        ("letters", "country=US&product=drugs", ["register_action_facets"]),
        ("letters", "year=2024", ["register_action_by_date"]),
        ("inspections", "q=northvale", ["register_inspection_text_trgm"]),
        ("inspections", "q=130000", ["register_inspection_text_trgm", "register_inspection_number"]),
        ("inspections", "country=US&year=2024", ["register_inspection_facets"]),
        ("substances", "q=testost", ["listing_text_trgm"]),
        ("substances", "q=0001-0001", ["listing_text_trgm", r"\w+_product_ndc_\w+_like"]),
        ("substances", "form=powder", ["listing_facets"]),
    ],
)
def test_every_search_of_a_register_can_use_an_index(code, query, indexes):
    book = next(book for book in BOOKS if book.code == code)
    dates = {"form-483s": "recorded_on", "letters": "issued_on"}
    for year in (2021, 2024):
        day = {dates[code]: datetime.date(year, 1, 1)} if code in dates else {}
        stated = {"country": "US", "fiscal_year": year} if code == "inspections" else {}
        row(code, "Northvale", **day, **stated)
    with scans_priced_out():
        plan = RecordFilter(QueryDict(query), book, 0).qs.explain()
    for index in indexes:
        assert re.search(rf"Bitmap Index Scan on {index}\b", plan), plan
    assert "Seq Scan on partners_register" not in plan


@pytest.mark.parametrize(("code", "sort"), [(book.code, sort) for book in BOOKS for sort in book.sorts])
def test_every_order_of_a_register_can_use_an_index(code, sort):
    row(code, "Northvale")
    book = next(book for book in BOOKS if book.code == code)
    with scans_priced_out(in_order=True):
        plan = RecordFilter(QueryDict(f"sort={sort}"), book, 0).qs.select_related(None)[:50].explain()
    assert re.search(rf"Index Scan using \w+_by_\w+ on {book.model._meta.db_table}", plan), plan


def test_inspections_of_an_unknown_year_can_be_chosen(client, member):
    row("inspections", "Undated", fiscal_year=None)
    row("inspections", "Dated", fiscal_year=2024)
    assert found(client, "inspections", year="not-stated") == ["Undated"]
    assert found(client, "inspections", year=["not-stated", "2024"]) == ["Undated", "Dated"]


@pytest.mark.parametrize("code", MAKERS)
def test_a_register_of_which_no_file_was_read_says_which_file_fills_it_and_how(client, member, code):
    book = next(book for book in BOOKS if book.code == code)
    empty = client.get(url(code))
    assert "No file of this register has been read yet" in text(empty)
    for kind in book.kinds:
        for spec in KINDS[kind].lists:
            assert f'href="{spec.source_url}"' in empty.content.decode()
        assert re.search(rf"import_register [^<]*{kind.value}", empty.content.decode())
    assert "A curator imports the file on the curation desk" in text(empty)
    client.force_login(accounts.CuratorFactory())
    assert reverse("admin:partners_registerupload_add") in client.get(url(code)).content.decode()


@pytest.mark.parametrize("code", MAKERS)
def test_a_row_has_a_page_with_all_it_states_and_what_is_unknown(client, member, code):
    kept = row(code, HOSTILE, **({"labeler": "Labeler AG"} if code == "substances" else {"fei": ""}))
    response = client.get(f"{url(code)}{kept.pk}/")
    page = text(response)
    book = next(book for book in BOOKS if book.code == code)
    labels = re.findall(r"<dt>(.*?)</dt>", response.content.decode())
    assert [label for label, _ in book.stated] == labels[: len(book.stated)]
    assert "First seen file of 2025-09-01" in page
    assert "unknown" in page
    assert HOSTILE not in response.content.decode()
    assert f'href="{url(code)}{kept.pk}/"' in client.get(url(code)).content.decode()
    assert client.get(f"{url(code)}{kept.pk + 1}/").status_code == 404


# -- suggesting links --------------------------------------------------------------------------------------


def suggest(client, code, kept, target):
    owner = "organisation" if code == "substances" else "facility"
    address = f"{url(code)}{kept.pk}/suggest/"
    return client.post(address, {owner: target.pk, "reason": "The same company."})


def decide(client, action, *suggestions):
    client.force_login(accounts.CuratorFactory())
    return client.post(
        reverse("admin:partners_linksuggestion_changelist"),
        {"action": action, "_selected_action": [s.pk for s in suggestions]},
        follow=True,
    )


@pytest.mark.parametrize("code", MAKERS)
def test_a_link_is_suggested_for_a_row_of_any_register_and_a_curator_accepts_it(client, member, code):
    load_vocabularies()
    site = real_site()
    target = site.organisation if code == "substances" else site
    kept = row(
        code, "Northvale Pharma", **({"labeler": "Northvale Pharma"} if code == "substances" else {"fei": ""})
    )
    offered = client.get(f"{url(code)}{kept.pk}/suggest/")
    assert [found.pk for found in offered.context["targets"]] == [target.pk]
    assert suggest(client, code, kept, target).url == f"{url(code)}{kept.pk}/"
    assert f"Your suggestion: {target}" in text(client.get(f"{url(code)}{kept.pk}/"))
    assert "already suggested and waits" in text(suggest(client, code, kept, target))
    (suggestion,) = LinkSuggestion.objects.all()
    assert (suggestion.row, suggestion.target, suggestion.proposed_by) == (kept, target, member.user)
    answer = decide(client, "accept", suggestion)
    assert "1 suggestion(s) accepted." in answer.content.decode()
    assert "Northvale Pharma" in answer.content.decode()
    kept.refresh_from_db()
    assert (kept.organisation if code == "substances" else kept.facility) == target
    client.force_login(member.user)
    assert client.get(f"{url(code)}{kept.pk}/suggest/").url == f"{url(code)}{kept.pk}/"
    page = client.get(
        target.get_absolute_url() if code == "substances" else target.organisation.get_absolute_url()
    )
    facts = {
        "form-483s": "Form 483",
        "letters": "Warning letter",
        "inspections": "NAI",
        "substances": "Testosterone",
    }
    assert facts[code].casefold() in text(page).casefold() or "Northvale Pharma" in text(page)


def test_rows_of_the_same_fei_follow_unless_a_curator_unlinked_them_or_another_site_bears_it(client, member):
    load_vocabularies()
    site, other = real_site(), real_site("Other")
    fei = {"fei": "3100200300"}
    first, same = row("form-483s", "A", **fei), row("form-483s", "A too", **fei)
    letter, refused = row("letters", "A", **fei), row("letters", "Not A", **fei, link_refused=True)
    foreign = row("inspections", "B", fei="3999999999")
    suggest(client, "form-483s", first, site)
    suggest(client, "letters", letter, other)
    suggest(client, "form-483s", same, site)
    mine = LinkSuggestion.objects.get(form_483=first)
    answer = decide(client, "accept", mine)
    assert "2 row(s) of the same FEI, case or labeler were linked with them" in answer.content.decode()
    states = {s.row: (s.state, s.decision_note) for s in LinkSuggestion.objects.exclude(pk=mine.pk)}
    along = "The row was linked together with another one of the same FEI or case."
    assert states == {letter: ("rejected", along), same: ("accepted", along)}
    for kept, expected in ((first, site), (same, site), (letter, site), (refused, None), (foreign, None)):
        kept.refresh_from_db()
        assert kept.facility == expected
    assert site.identifiers.get().value == "3100200300"
    assert (site.inspections.count(), site.actions.count()) == (2, 1)
    # another real site bears the FEI, too: only the row itself is linked
    make.IdentifierFactory(facility=other, scheme="fei", value="3999999999")
    one, two = (row("inspections", name, fei="3999999999") for name in "CD")
    client.force_login(member.user)
    suggest(client, "inspections", one, site)
    decide(client, "accept", LinkSuggestion.objects.get(inspection=one))
    two.refresh_from_db()
    assert two.facility is None


def test_a_posted_letter_takes_along_what_its_case_names_and_all_of_it_is_undone(client, member):
    load_vocabularies()
    for kind in ("drls", "483s", "warning-letters"):
        make.RegisterImportFactory(kind=kind)
    site = real_site()
    case = {"case_id": "701234", "kind": "warning_letter", "issued_on": datetime.date(2025, 2, 3)}
    posted = row("letters", "NV", fei="", listing=ActionListing.POSTED_LETTERS, **case)
    letter, form = row("letters", "NV", fei="3100200300", **case), row("form-483s", "NV", fei="3100200300")
    plant = make.RegisterEstablishmentFactory(fei="3100200300")
    suggest(client, "letters", posted, site)
    suggestion = LinkSuggestion.objects.get()
    answer = decide(client, "accept", suggestion)
    assert "3 row(s) of the same FEI, case or labeler" in answer.content.decode()
    for kept in (posted, letter, form, plant):
        kept.refresh_from_db()
        assert kept.facility == site
    assert (site.actions.count(), site.inspections.count(), site.identifiers.get().value) == (
        1,
        1,
        "3100200300",
    )
    assert "4 row(s) were unlinked" in decide(client, "undo", suggestion).content.decode()
    for kept in (posted, letter, form, plant):
        kept.refresh_from_db()
        assert kept.facility is None
    assert (site.actions.count(), site.inspections.count(), site.identifiers.count()) == (0, 0, 0)


def test_listings_of_one_labeler_are_linked_together_and_so_are_those_of_the_next_file(client, member):
    load_vocabularies()
    make.RegisterImportFactory(kind="ndc")
    partner = real_site().organisation
    first, second = (
        row("substances", name, labeler="NV Pharma LLC", substances=[name.upper()])
        for name in ("Testosterone", "Estradiol")
    )
    other = row("substances", "Iron", labeler="Somebody")
    suggest(client, "substances", first, partner)
    decide(client, "accept", LinkSuggestion.objects.get())
    later = row("substances", "Zinc", labeler="NV Pharma LLC")
    assert link_listings() == 1
    for kept, expected in ((first, partner), (second, partner), (later, partner), (other, None)):
        kept.refresh_from_db()
        assert kept.organisation == expected
    assert partner.track_record.count() == 2
    decide(client, "undo", LinkSuggestion.objects.get())
    later.refresh_from_db()
    assert later.organisation == partner  # linked by the next file, which has to be unlinked by hand
    assert partner.track_record.count() == 1


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({}, "link_suggestion_of_one_row"),
        ({"form_483": True, "action": True}, "link_suggestion_of_one_row"),
        ({"listing": True}, "link_suggestion_fits_row"),
    ],
)
def test_the_database_keeps_a_suggestion_to_one_row_and_the_right_kind_of_target(values, constraint):
    makers = {"form_483": "form-483s", "action": "letters", "listing": "substances"}
    rows = {name: row(makers[name], "A") for name in values}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        LinkSuggestion.objects.create(**rows, facility=real_site(), proposer_name="x", reason="x")


@pytest.mark.parametrize("code", MAKERS)
def test_anything_in_the_address_is_answered_and_the_rest_kept(client, member, code):
    row(code, HOSTILE, **({"labeler": HOSTILE} if code == "substances" else {}))
    for asked, remark in (
        ({"q": "x" * 5000}, "It was left out: please shorten it."),
        ({"year" if code != "substances" else "form": HOSTILE}, "left out"),
        ({"sort": "'; drop table"}, "left out"),
        ({"page": "99"}, "There is no page"),
        ({"page": "-1"}, "This is the last one."),
        ({"q": "\x00\x01 '; --"}, "Nothing fits this search"),
    ):
        response = client.get(url(code), asked)
        assert response.status_code == 200
        assert remark in text(response), asked
        assert HOSTILE not in response.content.decode()


def test_a_misspelt_name_is_offered_and_an_empty_register_says_so(client, member):
    assert "No file of this register has been read yet" in text(client.get(url("letters")))
    row("letters", "Northvale Testing")
    assert "Did you mean Northvale Testing" in text(client.get(url("letters"), {"q": "Northvail Testing"}))


@pytest.mark.parametrize("code", MAKERS)
def test_swapped_results_are_those_of_the_whole_page(client, member, code):
    for number in range(PER_PAGE + 1):
        row(code, f"Firm {number:02}")
    asked = {"sort": "name", "page": "2", "link": "unlinked"}
    whole = client.get(url(code), asked).content.decode()
    part = client.get(url(code), asked, headers=HTMX)
    table = re.compile(r"<tbody>.*?</tbody>", re.S)
    assert table.findall(part.content.decode()) == table.findall(whole)
    assert (
        part["HX-Push-Url"]
        == f"{url(code)}?link=unlinked{'' if code == 'substances' else '&sort=name'}&page=2"
    )


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("code", MAKERS)
def test_queries_do_not_grow_with_the_rows(client, member, django_assert_num_queries, code, count):
    for number in range(count):
        row(code, f"Firm {number}")
    book = next(book for book in BOOKS if book.code == code)
    # session, user, memberships; files that were read; each facet; count, page
    expected = 3 + 1 + len(book.facets) + 2
    with django_assert_num_queries(expected):
        response = client.get(reverse(book.url_name))
    assert len(response.context["rows"]) == count
