"""Downloads of the browse result: the same search as the page, sources and dates, nothing a spreadsheet would run."""

import csv
import datetime
import tracemalloc
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from cmo_selector.accounts.roles import Role
from partners import export_views, workbooks
from partners.facets import loading
from partners.spreadsheets import BYTE_ORDER_MARK, FORMULA_STARTS, ROWS_PER_CHUNK, Book, csv_lines, plain_text
from tests.factories import accounts
from tests.factories import partners as make

QUERIES = 10  # signed-in person 3, own notes, catalogue unchanged; types, terms, partners, sites, processes
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
    if not hasattr(response, "body"):
        response.body = b"".join(response.streaming_content)
    sheet = load_workbook(BytesIO(response.body))[title]
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


def test_workbook_says_how_a_mistyped_name_was_read(sign_in):
    partner("Aldermoor")
    client = sign_in()
    book = client.get(XLSX, {"q": "aldermor"})
    assert [row["Partner"] for row in sheet_table(book)] == ["Aldermoor"]
    said = "No exact match for “aldermor”; showing similar names: “aldermoor”."
    assert ["Spelling", said] in [list(row.values()) for row in sheet_table(book, "About")]


def test_nothing_found_is_a_file_with_headings_only(sign_in):
    client = sign_in()
    assert csv_table(client.get(CSV, {"q": "nobody"})) == []
    assert sheet_table(client.get(XLSX, {"q": "nobody"})) == []


@pytest.mark.parametrize("query", ["q=%00%3Cb%3E", "q=" + "x" * 5000, "country=ZZ&sort=%27--", "page=zzz"])
def test_nonsense_in_the_address_is_no_error(sign_in, query):
    partner()
    client = sign_in()
    response = client.get(f"{XLSX}?{query}")
    assert response.status_code == 200
    assert sheet_table(response) is not None
    assert csv_table(client.get(f"{CSV}?{query}")) is not None


def test_page_links_to_the_downloads_of_the_same_search(sign_in):
    partner()
    client = sign_in()
    html = client.get("/partners/?modality=t-aav&type=nope&page=1").content.decode()
    assert 'href="/partners/export.csv?modality=t-aav"' in html
    assert 'href="/partners/export.xlsx?modality=t-aav"' in html
    assert "export.csv" not in client.get("/partners/?q=nobody").content.decode()


def test_workbook_is_sent_in_pieces_while_it_is_read(sign_in):
    partner()
    response = sign_in().get(XLSX)
    assert response.streaming
    assert next(iter(response.streaming_content)).startswith(b"PK")


def test_rows_beyond_what_a_sheet_holds_go_on_in_the_next(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    body = b"".join(
        workbooks.workbook(
            [
                workbooks.Sheet("Numbers", ["N"], ([n] for n in range(7))),
                workbooks.Sheet("Full", ["N"], ([n] for n in range(3))),
                workbooks.Sheet("A & B", ["N"], []),
            ]
        )
    )
    book = load_workbook(BytesIO(body))
    assert {sheet.title: [row[0] for row in sheet.values] for sheet in book} == {
        "Numbers": ["N", 0, 1, 2],
        "Numbers 2": ["N", 3, 4, 5],
        "Numbers 3": ["N", 6],
        "Full": ["N", 0, 1, 2],
        "A & B": ["N"],
    }
    assert book["Numbers 2"].freeze_panes == "B2"


def test_memory_does_not_grow_with_the_rows_of_a_workbook():
    def peak(rows):
        pieces = workbooks.workbook(
            [
                workbooks.Sheet(
                    "Rows", ["Text"] * 20, ([f"row {n} cell {c}" for c in range(20)] for n in range(rows))
                )
            ]
        )
        tracemalloc.start()
        size = sum(len(piece) for piece in pieces)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used, size

    few, small = peak(1_000)
    many, large = peak(8_000)
    assert large > 6 * small
    assert many < 1.3 * few


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
    with django_assert_num_queries(
        QUERIES + 4
    ):  # the same, and partners without terms again for certificates
        assert len(sheet_table(client.get(XLSX, {"country": "CH"}))) == len(rows)


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


@given(st.lists(CELL, min_size=1, max_size=5))
def test_no_text_is_a_formula_in_a_streamed_workbook_and_openpyxl_reads_the_same(texts):
    body = b"".join(workbooks.workbook([workbooks.Sheet("Sheet", ["Heading"] * len(texts), [texts])]))
    cells = list(load_workbook(BytesIO(body))["Sheet"][2])
    assert [cell.value for cell in cells if cell.data_type not in "sn" or is_a_formula(str(cell.value))] == []
    book = Book()
    book.sheet("Sheet", ["Heading"] * len(texts), [texts])
    other = list(load_workbook(BytesIO(book.bytes()))["Sheet"][2])
    assert [cell.value for cell in cells] == [cell.value for cell in other]


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
