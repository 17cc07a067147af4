"""The shipped vocabularies: complete, loaded by code, and refused with a readable message when they are bad."""

import json
import shutil
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from partners import models as m
from partners.vocabularies import FOLDER, TABLES, VocabularyError, load_vocabularies

SERVICE_BRANCHES = {
    "discovery": 6,
    "preclinical": 7,
    "cell-line-bank": 5,
    "process-development": 6,
    "drug-substance": 13,
    "formulation": 7,
    "drug-product": 12,
    "fill-finish": 10,
    "device-combination": 8,
    "packaging-supply": 12,
    "analytical-qc": 11,
    "tech-transfer": 5,
    "regulatory-cmc": 5,
    "quality": 3,
    "clinical": 20,
    "lifecycle": 5,
    "resources": 4,
}
REGISTER_OPERATIONS = {
    "ANALYSIS",
    "API MANUFACTURE",
    "DISTRIBUTE",
    "LABEL",
    "MANUFACTURE",
    "MEDICATED ANIMAL FEED MANUFACTURE",
    "PACK",
    "PARTICLE SIZE REDUCTION",
    "POSITRON EMISSION TOMOGRAPHY DRUG PRODUCTION",
    "RELABEL",
    "REPACK",
    "SALVAGE",
    "SIP FOREIGN SELLER",
    "STERILIZE",
    "TRANSFILL",
}


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped files that a test may spoil."""
    return shutil.copytree(FOLDER, tmp_path / "vocabularies")


def spoil(folder, name, change):
    """Apply `change` to the terms (or entries) of one file."""
    file = folder / f"{name}.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content.get("terms") or content["entries"])
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.django_db
def test_every_list_is_loaded_with_its_terms():
    load_vocabularies()

    counts = {name: model.objects.count() for name, model in TABLES.items()}
    assert counts == {
        "organisation_types": 17,
        "modalities": 47,
        "services": 171,
        "dosage_forms": 33,
        "scale_units": 38,
        "production_systems": 25,
        "industries": 13,
        "contract_structures": 12,
        "regulators": 16,
        "certificate_types": 35,
        "document_types": 24,
        "metrics": 47,
    }


@pytest.mark.django_db
def test_service_tree_has_its_branches_and_children():
    load_vocabularies()

    branches = {s.code: s.children.count() for s in m.Service.objects.filter(parent=None)}
    assert branches == SERVICE_BRANCHES
    microfluidic = m.Service.objects.get(code="lnp-microfluidic")
    assert microfluidic.parent.code == "lnp-formulation"
    assert microfluidic.parent.parent.code == "formulation"


@pytest.mark.django_db
def test_terms_carry_what_the_product_reads_from_them():
    load_vocabularies()

    assert m.OrganisationType.objects.get(code="cro-clinical").family == "CRO"
    assert set(m.OrganisationType.objects.values_list("family", flat=True)) >= {"CMO", "CDMO", "CRO"}
    assert m.Modality.objects.get(code="device-us-2").group == "Device"
    assert m.DosageForm.objects.get(code="eye-drops").route == "ophthalmic"
    assert m.ScaleUnit.objects.get(code="l").ucum == "L"
    assert m.ScaleUnit.objects.get(code="m2").symbol == "m²"
    markets = set(m.Regulator.objects.exclude(market="").values_list("market", flat=True))
    assert markets == {"US", "EU", "UK", "JP", "CH", "CA", "AU", "BR", "CN", "KR", "IN", "SG", "MX", "ZA"}


@pytest.mark.django_db
def test_every_metric_has_a_kind_and_a_question():
    load_vocabularies()

    metrics = {metric.code: metric for metric in m.Metric.objects.all()}
    assert all(metric.question.endswith("?") for metric in metrics.values())
    assert (metrics["otif_pct"].kind, metrics["otif_pct"].unit) == ("number", "%")
    assert metrics["transfer_team"].kind == "flag"
    assert metrics["client_size_focus"].kind == "text"


@pytest.mark.django_db
def test_crosswalks_cover_register_words_and_standard_codes():
    load_vocabularies()

    words = {e.label: e.service for e in m.ServiceCrosswalk.objects.filter(register="fda_drls")}
    assert set(words) == REGISTER_OPERATIONS
    assert words["API MANUFACTURE"].code == "drug-substance"
    assert words["SALVAGE"] is None
    assert m.ServiceCrosswalk.objects.get(register="fda_spl", code="C84731").label == "PACK"
    assert m.ServiceCrosswalk.objects.get(register="eu_mia", code="1.2.1.13").service.code == "dp-oral-solid"


@pytest.mark.django_db
def test_loading_twice_changes_nothing():
    load_vocabularies()
    before = list(m.Service.objects.values_list("pk", "code", "parent__code", "order"))

    second = load_vocabularies()

    assert [(r.name, r.created, r.updated) for r in second if r.created or r.updated] == []
    assert list(m.Service.objects.values_list("pk", "code", "parent__code", "order")) == before


@pytest.mark.django_db
def test_loading_mends_wording_and_keeps_retired_and_own_terms():
    load_vocabularies()
    m.Modality.objects.filter(code="aav").update(label="Adeno", active=False)
    m.Modality.objects.create(code="our-own", label="Our own")

    load_vocabularies()

    aav = m.Modality.objects.get(code="aav")
    assert (aav.label, aav.active) == ("Viral vector, AAV", False)
    assert m.Modality.objects.filter(code="our-own").exists()


@pytest.mark.django_db
def test_missing_only_keeps_the_wording_of_curators():
    load_vocabularies()
    m.Modality.objects.filter(code="aav").update(label="Adeno")
    m.Modality.objects.filter(code="mab").delete()

    load_vocabularies(missing_only=True)

    assert m.Modality.objects.get(code="aav").label == "Adeno"
    assert m.Modality.objects.filter(code="mab").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "modalities",
            lambda terms: terms[0].update(colour="red"),
            "modalities.json: term small-molecule: colour: is not a key of this list.",
        ),
        (
            "modalities",
            lambda terms: terms.append(terms[0]),
            "modalities.json: “small-molecule” is there twice.",
        ),
        (
            "services",
            lambda terms: terms[1].update(parent="nowhere"),
            "services.json: term target-identification: parent: “nowhere” is not a term above this one.",
        ),
        (
            "metrics",
            lambda terms: terms[0].update(kind="colour"),
            "metrics.json: term otif_pct: kind: Value 'colour' is not a valid choice.",
        ),
        (
            "crosswalks",
            lambda entries: entries[0].update(service="nowhere"),
            "crosswalks.json: entry fda_spl C25391: service: “nowhere” is not a service.",
        ),
    ],
)
def test_a_bad_term_is_named_and_nothing_is_loaded(folder, name, change, message):
    spoil(folder, name, change)

    with pytest.raises(VocabularyError) as error:
        load_vocabularies(folder=folder)

    assert str(error.value) == message
    assert m.Modality.objects.count() == 0


@pytest.mark.django_db
def test_a_file_that_is_no_json_or_missing_is_named(folder):
    (folder / "modalities.json").write_text('{"terms": [', encoding="utf-8")
    with pytest.raises(VocabularyError, match=r"^modalities\.json: is not JSON"):
        load_vocabularies(folder=folder)

    (folder / "modalities.json").unlink()
    with pytest.raises(VocabularyError, match=r"^modalities\.json: cannot be read"):
        load_vocabularies(folder=folder)


@pytest.mark.django_db
def test_command_reports_each_list():
    out = StringIO()

    call_command("load_vocabularies", stdout=out)

    lines = {line.split()[0]: line.split()[1:] for line in out.getvalue().splitlines()}
    assert lines["services"] == ["171", "created", "0", "updated", "0", "unchanged"]
    assert set(lines) == {*TABLES, "crosswalks", "synonyms"}


@pytest.mark.django_db
def test_command_ends_with_status_2_and_one_line_on_bad_data(folder, monkeypatch):
    spoil(folder, "modalities", lambda terms: terms[0].pop("label"))
    monkeypatch.setattr("partners.vocabularies.FOLDER", folder)

    with pytest.raises(CommandError) as error:
        call_command("load_vocabularies")

    assert str(error.value) == "modalities.json: term small-molecule: label: This field cannot be blank."
    assert error.value.returncode == 2
