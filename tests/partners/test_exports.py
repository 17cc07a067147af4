"""Downloads of the browse result: the same search as the page, sources and dates, nothing a spreadsheet would run."""

import csv
import datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from cmo_selector.accounts.roles import Role
from partners import export_views
from partners.facets import loading
from partners.spreadsheets import BYTE_ORDER_MARK, FORMULA_STARTS, ROWS_PER_CHUNK, Book, csv_lines, plain_text
from tests.factories import accounts
from tests.factories import partners as make

QUERIES = 11  # signed-in person 3, own notes, catalogue unchanged; partners and 5 kinds of rows
CSV, XLSX = "/partners/export.csv", "/partners/export.xlsx"


@pytest.fixture
def sign_in(client, db):
    def as_role(role=Role.MANAGER):
        client.force_login(accounts.MembershipFactory(role=role.value).user)
        return client

    return as_role


def partner(name="Aldermoor Biologics", **kwargs):
    """A partner with terms, one site, one process and one certificate."""
    organisation = make.OrganisationFactory(name=name, **kwargs)
    make.OrganisationTypeFactFactory(organisation=organisation)
    make.CommercialTermsFactory(organisation=organisation, minimum_project=Decimal("1250000.50"))
    site = make.FacilityFactory(organisation=organisation, name=f"{name} north", city="Basel")
    make.CapabilityFactory(
        facility=site,
        service=make.ServiceFactory(code="t-vector", label="Viral vector"),
        modality=make.ModalityFactory(code="t-aav", label="AAV"),
        scale_max=200,
        scale_unit=make.ScaleUnitFactory(code="t-litre", symbol="L"),
        stage_from=2,
        gmp=False,
        source=make.SourceFactory(code="site-visit", title="Site visit", url="https://example.org/visit"),
        retrieved_on=datetime.date(2025, 10, 2),
        evidence_level="audited",
    )
    make.CertificateFactory(
        facility=site,
        type=make.CertificateTypeFactory(code="t-gmp", label="EU GMP"),
        expires_on=datetime.date(2030, 1, 31),
        body="Swissmedic",
    )
    return organisation


def csv_table(response):
    body = b"".join(response.streaming_content).decode()
    assert body.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(StringIO(body.removeprefix(BYTE_ORDER_MARK), newline="")))


def sheet_table(response, title="Processes"):
    sheet = load_workbook(BytesIO(response.content))[title]
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


# -- rows ----------------------------------------------------------------------------------------------


def test_csv_row_says_everything_about_a_process_and_what_it_rests_on(sign_in):
    partner()
    response = sign_in().get(CSV)
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="partners-{timezone.localdate()}.csv"'
    assert "no-store" in response["Cache-Control"]
    assert csv_table(response) == [
        {
            "Partner": "Aldermoor Biologics",
            "Short name": "aldermoor-biologics",
            "Illustrative": "yes",
            "Organisation types": "Cdmo",
            "Site": "Aldermoor Biologics north",
            "City": "Basel",
            "Country code": "CH",
            "Country": "Switzerland",
            "Site fulfils the search": "nothing asked of a site",
            "Service": "Viral vector",
            "Modality": "AAV",
            "Dosage form": "unknown",
            "Production system": "unknown",
            "Stage from": "IND-enabling",
            "Stage to": "unknown",
            "Scale from": "unknown",
            "Scale to": "200",
            "Scale unit": "L",
            "GMP for human use": "no",
            "Lowest OEL (µg/m³, 8 h TWA)": "unknown",
            "Containment band": "unknown",
            "Biosafety level": "unknown",
            "Programmes run": "unknown",
            "Minimum project": "1250000.5",
            "Currency": "USD",
            "Terms retrieved on": "2025-09-01",
            "Row rests on": "process",
            "Source": "Site visit",
            "Source illustrative": "no",
            "Source link": "https://example.org/visit",
            "Reference in the source": "none",
            "Retrieved on": "2025-10-02",
            "Evidence level": "Audited",
            "Valid until": "no end stated",
        }
    ]


def test_workbook_holds_the_same_rows_with_dates_and_numbers_as_such(sign_in):
    partner()
    make.OrganisationFactory(name="Bare")
    client = sign_in()
    texts = csv_table(client.get(CSV))
    response = client.get(XLSX)
    assert response["Content-Type"] == export_views.XLSX
    rows = sheet_table(response)
    first = rows[0]
    assert first["Retrieved on"] == datetime.datetime(2025, 10, 2)  # noqa: DTZ001
    assert (first["Scale to"], first["Minimum project"]) == (200, 1250000.5)
    as_text = [
        {k: f"{v:%Y-%m-%d}" if isinstance(v, datetime.datetime) else str(v) for k, v in row.items()}
        for row in rows
    ]
    assert as_text == texts
    [certificate] = sheet_table(response, "Certificates")
    assert certificate["Certificate"] == "EU GMP"
    assert certificate["Expires on"] == datetime.datetime(2030, 1, 31)  # noqa: DTZ001
    assert (certificate["Issued by"], certificate["Issued on"]) == ("Swissmedic", "unknown")


def test_partner_without_a_site_and_site_without_a_process_still_have_a_row(sign_in):
    make.FacilityFactory(organisation=make.OrganisationFactory(name="A"), name="Empty hall")
    make.OrganisationFactory(name="B", illustrative=False)
    rows = csv_table(sign_in().get(CSV))
    told = [(r["Partner"], r["Illustrative"], r["Site"], r["Service"], r["Row rests on"]) for r in rows]
    assert told == [
        ("A", "yes", "Empty hall", "unknown", "site"),
        ("B", "no", "unknown", "unknown", "partner"),
    ]


def test_download_follows_the_search_and_its_order(sign_in):
    partner("Aldermoor")
    partner("Zeta")
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Other"), country="US")
    client = sign_in()
    query = {"modality": "t-aav", "sort": "sites", "q": "a", "type": "nope"}
    for rows in (csv_table(client.get(CSV, query)), sheet_table(client.get(XLSX, query))):
        assert [(r["Partner"], r["Site fulfils the search"]) for r in rows] == [
            ("Aldermoor", "yes"),
            ("Zeta", "yes"),
        ]
    about = [list(row.values()) for row in sheet_table(client.get(XLSX, query), "About")]
    assert about[1:5] == [
        ["Partners found", 2],
        ["Filter: Search", "a"],
        ["Filter: Modality", "AAV"],
        ["Left out of the search", "Organisation type: “nope” is not known here and was left out."],
    ]


def test_nothing_found_is_a_file_with_headings_only(sign_in):
    client = sign_in()
    assert csv_table(client.get(CSV, {"q": "nobody"})) == []
    assert sheet_table(client.get(XLSX, {"q": "nobody"})) == []


@pytest.mark.parametrize("query", ["q=%00%3Cb%3E", "q=" + "x" * 5000, "country=ZZ&sort=%27--", "page=zzz"])
def test_nonsense_in_the_address_is_no_error(sign_in, query):
    partner()
    client = sign_in()
    assert client.get(f"{XLSX}?{query}").status_code == 200
    assert csv_table(client.get(f"{CSV}?{query}")) is not None


def test_page_links_to_the_downloads_of_the_same_search(sign_in):
    partner()
    client = sign_in()
    html = client.get("/partners/?modality=t-aav&type=nope&page=1").content.decode()
    assert 'href="/partners/export.csv?modality=t-aav"' in html
    assert 'href="/partners/export.xlsx?modality=t-aav"' in html
    assert "export.csv" not in client.get("/partners/?q=nobody").content.decode()


def test_too_many_partners_for_a_workbook_are_offered_as_csv(sign_in, monkeypatch):
    monkeypatch.setattr(export_views, "MOST_IN_A_WORKBOOK", 1)
    partner("Aldermoor")
    partner("Zeta")
    response = sign_in().get(XLSX, {"modality": "t-aav"})
    html = response.content.decode()
    assert response.status_code == 422
    assert "This search finds 2 partners; a workbook is made for up to 1." in html
    assert 'href="/partners/export.csv?modality=t-aav"' in html


# -- roles and cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "seen"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.VIEWER, True), (Role.EVALUATOR, False)],
)
def test_terms_are_exported_for_roles_that_see_prices(sign_in, role, seen):
    partner()
    client = sign_in(role)
    [row] = csv_table(client.get(CSV))
    book = client.get(XLSX)
    assert ("Minimum project" in row, "Minimum project" in sheet_table(book)[0]) == (seen, seen)
    assert ("1250000.5" in row.values()) is seen
    about = [row["What"] for row in sheet_table(book, "About")]
    assert ("Terms and prices" not in about) is seen


def test_stranger_gets_no_file(client, db):
    assert client.get(CSV).url == f"/accounts/login/?next={CSV}"


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_rows(sign_in, django_assert_num_queries, count):
    for number in range(count):
        organisation = partner(f"Partner {number}")
        for extra in range(count):
            site = make.FacilityFactory(organisation=organisation, name=f"Extra {extra}")
            make.CapabilityFactory.create_batch(count, facility=site)
    client = sign_in()
    loading.current()
    with django_assert_num_queries(QUERIES):
        rows = csv_table(client.get(CSV, {"country": "CH"}))
    assert len(rows) == count * (1 + count * count)
    with django_assert_num_queries(QUERIES + 6):  # the same, and partners and rows again for certificates
        client.get(XLSX, {"country": "CH"})


# -- spreadsheet programs ------------------------------------------------------------------------------

CELL = st.text(max_size=40) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["", " ", "\0", "\x0b ", "\u00a0"]),
    st.sampled_from(FORMULA_STARTS),
    st.text(max_size=20),
)


def is_a_formula(text: str) -> bool:
    """Whether a spreadsheet program may run the text: it, or what is left of it, begins with a sign."""
    return text.startswith(FORMULA_STARTS) or text.strip().startswith(FORMULA_STARTS)


@given(st.lists(CELL, min_size=1, max_size=5))
def test_no_text_is_a_formula_in_csv(texts):
    body = "".join(csv_lines(["Heading"] * len(texts), [texts])).removeprefix(BYTE_ORDER_MARK)
    [_, cells] = list(csv.reader(StringIO(body, newline="")))
    assert len(cells) == len(texts)
    assert [cell for cell in cells if is_a_formula(cell) or "\0" in cell] == []


@given(st.lists(CELL, min_size=1, max_size=5))
def test_no_text_is_a_formula_in_a_workbook(texts):
    book = Book()
    assert book.sheet("Sheet", ["Heading"] * len(texts), [texts]) == 1
    sheet = load_workbook(BytesIO(book.bytes()))["Sheet"]
    cells = list(sheet[2])
    assert [cell.value for cell in cells if cell.data_type != "s" or is_a_formula(cell.value)] == []


@given(st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_ordinary_text_stays_as_it_is(text):
    assert plain_text(text) == text


def test_a_formula_in_the_catalogue_is_written_as_text(sign_in):
    formula = '=HYPERLINK("http://example.org","x")'
    make.FacilityFactory(organisation=make.OrganisationFactory(name=formula, slug="f"), name="@SUM(A1)")
    client = sign_in()
    [row] = csv_table(client.get(CSV))
    assert (row["Partner"], row["Site"]) == (f"'{formula}", "'@SUM(A1)")
    [row] = sheet_table(client.get(XLSX))
    assert (row["Partner"], row["Site"]) == (f"'{formula}", "'@SUM(A1)")


def test_csv_is_sent_in_pieces():
    pieces = list(csv_lines(["Number"], ([n] for n in range(2 * ROWS_PER_CHUNK))))
    assert [piece.count("\r\n") for piece in pieces] == [ROWS_PER_CHUNK, ROWS_PER_CHUNK, 1]


def test_negative_numbers_stay_numbers():
    body = "".join(csv_lines(["N"], [[-5], [Decimal("-0.50")], [None], [True]]))
    assert body == f"{BYTE_ORDER_MARK}N\r\n-5\r\n-0.5\r\nunknown\r\nyes\r\n"
