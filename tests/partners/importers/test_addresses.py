import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partners.importers.addresses import Address, country_from_alpha3, parse_address


@pytest.mark.parametrize(
    ("line", "address"),
    [
        pytest.param(
            "927 South Curry Pike, Bloomington, Indiana (IN) 47403-2624, United States (USA)",
            Address(
                "927 South Curry Pike",
                "Bloomington",
                "Indiana",
                "IN",
                "47403-2624",
                "US",
                "United States (USA)",
            ),
            id="state of the US",
        ),
        pytest.param(
            "Room 1506, 5th Floor, No. 1719-1 Huishan Avenue, Wuxi,  214174, China (CHN)",
            Address(
                "Room 1506, 5th Floor, No. 1719-1 Huishan Avenue",
                "Wuxi",
                "",
                "",
                "214174",
                "CN",
                "China (CHN)",
            ),
            id="empty region leaves two blanks",
        ),
        pytest.param(
            "99 Mugeuk-ro, Eumseong-gun, Chungcheongbuk-do 27623, Korea, South (KOR)",
            Address(
                "99 Mugeuk-ro", "Eumseong-gun", "Chungcheongbuk-do", "", "27623", "KR", "Korea, South (KOR)"
            ),
            id="comma in the country",
        ),
        pytest.param(
            "No.800, Yulin St., Shaoxing, -Select State- 312500, China (CHN)",
            Address("No.800, Yulin St.", "Shaoxing", "", "", "312500", "CN", "China (CHN)"),
            id="region never selected",
        ),
        pytest.param(
            "20 Route De La Liberation, Ste Foy Les Lyon, - 69110, France (FRA)",
            Address("20 Route De La Liberation", "Ste Foy Les Lyon", "", "", "69110", "FR", "France (FRA)"),
            id="dash for the region",
        ),
        pytest.param(
            "228 bath road, Slough, Berkshire SL1 4DX, United Kingdom (GBR)",
            Address("228 bath road", "Slough", "Berkshire", "", "SL1 4DX", "GB", "United Kingdom (GBR)"),
            id="postal code of two words",
        ),
        pytest.param(
            "Kloosterstraat 6, Oss,  5349 AB, Netherlands (NLD)",
            Address("Kloosterstraat 6", "Oss", "", "", "5349 AB", "NL", "Netherlands (NLD)"),
            id="postal code that ends in letters",
        ),
        pytest.param(
            "Lucas Jaimes 1959, La Paz,  , Bolivia (BOL)",
            Address("Lucas Jaimes 1959", "La Paz", "", "", "", "BO", "Bolivia (BOL)"),
            id="neither region nor postal code",
        ),
        pytest.param(
            "Aberdeen House, Aberdeen, NA NA, Hong Kong (HKG)",
            Address("Aberdeen House", "Aberdeen", "", "", "", "HK", "Hong Kong (HKG)"),
            id="not applicable",
        ),
        pytest.param(
            "Zona Franca, Barranquilla, Atlantico , Colombia (COL)",
            Address("Zona Franca", "Barranquilla", "Atlantico", "", "", "CO", "Colombia (COL)"),
            id="region without postal code",
        ),
        pytest.param(
            "2348/1 Líbalova, Praha,  149 00, Czechia",
            Address("2348/1 Líbalova", "Praha", "", "", "149 00", "CZ", "Czechia"),
            id="country without its code",
        ),
        pytest.param(
            "Na vl?cinci 16/3, Olomouc,  779 00, Czech Republic (CZE)",
            Address("Na vl?cinci 16/3", "Olomouc", "", "", "779 00", "CZ", "Czech Republic (CZE)"),
            id="lost letter is kept",
        ),
        pytest.param(
            "4998 International Blvd, Frederick,, Maryland (MD) 21703, United States (USA)",
            Address(
                "4998 International Blvd", "Frederick", "Maryland", "MD", "21703", "US", "United States (USA)"
            ),
            id="comma twice",
        ),
        pytest.param(
            "1 Nowhere, Town,  1, Atlantis (ATL)",
            Address("1 Nowhere", "Town", "", "", "1", "", "Atlantis (ATL)"),
            id="country unknown",
        ),
        pytest.param("just some words", Address(street="just some words"), id="no country"),
        pytest.param("Rome (XYZ)", Address(country_text="Rome (XYZ)"), id="only a country"),
        pytest.param("", Address(), id="empty"),
    ],
)
def test_address_line_is_taken_apart(line, address):
    assert parse_address(line) == address


def test_country_codes_are_translated_in_any_case():
    assert [country_from_alpha3(code) for code in ("USA", "deu", "QQQ", "")] == ["US", "DE", "", ""]


@given(st.text() | st.text(alphabet=" ,()-USAKOR1?é", max_size=60))
@example(",,,,(USA)")
@example("South (KOR)")
@example("a, South (KOR)")
def test_any_text_is_taken_apart_and_its_parts_stand_in_it_in_order(line):
    address = parse_address(line)
    position = 0
    for part in (address.street, address.city, address.region, address.postal_code):
        position = line.index(part, position) + len(part)
    assert address.country == "" or re.fullmatch(r"[A-Z]{2}", address.country)


_word = st.text(alphabet=string.ascii_letters, min_size=3, max_size=12)
_postal = st.from_regex(r"[0-9]{5}(-[0-9]{4})?", fullmatch=True)
_country = st.sampled_from(
    [
        ("US", "United States (USA)"),
        ("DE", "Germany (DEU)"),
        ("KR", "Korea, South (KOR)"),
        ("FR", "France (FRA)"),
    ]
)


@given(
    street=st.lists(_word, min_size=1, max_size=4).map(", ".join),
    city=_word,
    region=st.one_of(st.just(""), _word.filter(lambda word: word.casefold() != "none")),
    postal_code=_postal,
    country=_country,
)
def test_parts_written_the_register_s_way_come_back(street, city, region, postal_code, country):
    alpha2, text = country
    address = parse_address(f"{street}, {city}, {region} {postal_code}, {text}")
    assert address == Address(street, city, region, "", postal_code, alpha2, text)
