from decimal import Decimal

import pytest

from partners.importers.geography import Place, Position, city_centres, fold

VISP = Place("CH", "VISP", "")
MUNICH = Place("DE", "Munich", "")
PONCE = Place("US", "Ponce", "PR")
WILMINGTON_DE, WILMINGTON_NC = Place("US", "Wilmington", "DE"), Place("US", "Wilmington", "NC")
NOWHERE, NAMELESS = Place("DE", "Nirgendwo am Rande", ""), Place("DE", "", "")
TWO_OF_THEM = Place("US", "Santa Teresa", "NM")  # small places far apart, neither clearly the larger
SUZHOU = Place("CN", "Suzhou", "")  # the one in Jiangsu has four times the people of the one in Anhui


@pytest.fixture(scope="module")
def found() -> dict[Place, Position]:
    return city_centres(
        [VISP, MUNICH, PONCE, WILMINGTON_DE, WILMINGTON_NC, NOWHERE, NAMELESS, TWO_OF_THEM, SUZHOU]
    )


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("ZÜRICH", "zurich"),
        ("Villars-sur-Glâne", "villars sur glane"),
        ("St. Louis", "saint louis"),
        ("Gronau (Leine)", "gronau"),
        ("Weißenburg", "weissenburg"),
        ("", ""),
    ],
)
def test_names_are_compared_without_case_accents_and_remarks(name, folded):
    assert fold(name) == folded


def test_city_is_found_in_its_country_whatever_its_case(found):
    assert found[VISP] == (Decimal("46.29370"), Decimal("7.88149"))


def test_city_is_found_in_its_state(found):
    assert 39.5 < found[WILMINGTON_DE].latitude < 40
    assert 34 < found[WILMINGTON_NC].latitude < 34.5


def test_territory_of_the_us_is_found(found):
    assert 17.9 < found[PONCE].latitude < 18.2


def test_city_is_found_by_another_of_its_names(found):
    assert 48 < found[MUNICH].latitude < 48.3


def test_clearly_larger_city_is_meant(found):
    assert 31 < found[SUZHOU].latitude < 31.6


def test_what_is_not_certain_has_no_position(found):
    assert not {NOWHERE, NAMELESS, TWO_OF_THEM} & found.keys()


def test_nothing_asked_nothing_found():
    assert city_centres([]) == {}
