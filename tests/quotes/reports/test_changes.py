"""What changed between two snapshots, and the schedules that ask for a new one."""

import copy
import datetime as dt
import io
import re

import pytest
from django.urls import reverse
from pypdf import PdfReader

from quotes.models import Report
from quotes.reports import wording
from quotes.reports.canonical import snapshot_hash
from quotes.reports.changes import changes_between, is_news, sentence
from quotes.reports.kinds import decisions
from quotes.reports.options import ReportOptions
from quotes.reports.render import render_pdf
from quotes.services.reports import copy_for, request_report
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def quoted(frozen_scene) -> dict:
    return frozen_scene(scenario.quoted_scene)


def lines(groups) -> dict[str, list[tuple[str, str, str]]]:
    return {group.code: [(row.what, row.before, row.after) for row in group.rows] for group in groups}


def test_a_snapshot_does_not_differ_from_itself(quoted):
    assert changes_between(quoted, copy.deepcopy(quoted)) == []
    assert sentence([], quoted["as_of"]) == (
        "Nothing that is compared has changed since 2025-11-24: need, weights, shortlist, awards, ranking, its "
        "firmness, networks, facts, site records, slots, quotes and risks."
    )


def test_every_kind_of_change_is_one_line_with_before_and_after(quoted):
    new = copy.deepcopy(quoted)
    first, second, third = new["shortlist"]
    new["shortlist"] = [{**first, "status_label": "Selected"}, second]
    new["ranked"][0] |= {"rank": 2, "point": 70}
    new["details"][str(new["ranked"][0]["partner_id"])] |= {"rank": 2, "point": 70}
    new["awards"] = []
    quote = new["costs"]["quotes"][0]
    quote["scenarios"][new["costs"]["base"]]["npv"] = "15000000"
    new["firmness"]["evaluation"]["partners"][0] |= {"total": 81.5, "rank": 2}
    new["make_or_buy"] |= {"name": "Board of June", "costs": {**quoted["make_or_buy"]["costs"], "make": "9"}}
    new["rfq_package"]["cover"]["version"] = 2
    new["rfq_package"]["content"]["milestones"] = "Later"
    new["weights"]["values"]["C1"] += 2
    new["needs"][1]["label"] = "The lead site works at biosafety level 3 or higher"
    new["engine"]["version"] = "9.0.0"
    key = new["details"][new["detail_order"][0]]["rules"][0]["facts"][0]
    new["facts"][key]["as_of"] = "2026-01-01"
    found = lines(changes_between(quoted, new))
    name = f"{first['name']} (illustrative)"
    assert found["decision"] == [
        ("Awarded to", f"{name}: Best record of AAV batches, and a slot in May.", "–")
    ]
    assert found["shortlist"] == [
        (name, f"no. 1, Negotiation: {first['comment']}", f"no. 1, Selected: {first['comment']}"),
        (f"{third['name']} (illustrative)", f"no. 3, RFP received: {third['comment']}", "–"),
    ]
    assert found["ranking"] == [(name, "rank 1 with 78.9 (63.2–94.5)", "rank 2 with 70.0 (63.2–94.5)")]
    assert found["costs"] == [(name, "USD 14,191,116", "USD 15,000,000")]
    assert [(row[0], row[2]) for row in found["evaluation"]] == [(name, "place 2 with 81.5")]
    assert [(row[0], row[2]) for row in found["make"]] == [
        ("Calculation", "Board of June"),
        ("Make, expected cost", "9"),
    ]
    assert found["package"] == [
        ("Edition", "Second source of tablets, version 1", "Second source of tablets, version 2"),
        ("Milestones", "Launch: March 2027", "Later"),
    ]
    assert [row[0].split()[0] for row in found["weights"]] == ["C1"]
    assert (
        found["needs"][0][2] == "Must: The lead site works at biosafety level 3 or higher, at the lead site"
    )
    assert found["method"] == [("Scoring engine", quoted["engine"]["version"], "9.0.0")]
    assert found["facts"]
    assert all("2026-01-01" in after and "2026-01-01" not in before for _, before, after in found["facts"])


def test_scores_that_move_by_themselves_are_no_news_but_facts_are(quoted):
    new = copy.deepcopy(quoted)
    new["ranked"][1]["point"] -= 1
    new["details"][str(new["ranked"][1]["partner_id"])]["point"] -= 1
    groups = changes_between(quoted, new)
    assert ([group.code for group in groups], is_news(groups)) == (["ranking"], False)
    new["slots"] = {}
    assert is_news(changes_between(quoted, new)) is True


def test_without_prices_no_amount_is_among_the_changes(quoted):
    new = copy.deepcopy(quoted)
    new["costs"]["quotes"][0]["scenarios"][new["costs"]["base"]]["npv"] = "15000000"
    new["awards"] = []
    assert set(lines(changes_between(quoted, new))) == {"costs", "decision"}
    new["prices_included"] = False
    assert lines(changes_between(quoted, new)) == {}


def test_a_report_without_prices_is_not_compared_with_one_that_has_them(quoted):
    priced, withheld = Report(snapshot=quoted), Report(snapshot={**quoted, "prices_included": False})
    withheld.previous = priced
    assert withheld.previous_snapshot is None
    again = Report(snapshot=quoted, previous=priced)
    assert again.previous_snapshot is quoted
    assert Report(snapshot=quoted).previous_snapshot is None


def test_an_older_snapshot_without_the_newer_parts_can_be_compared(quoted):
    parts = ("costs", "awards", "slots", "firmness")
    old = {key: value for key, value in quoted.items() if key not in parts}
    found = lines(changes_between(old, quoted))
    assert [before for _, before, _ in found["costs"]] == ["–"] * 3
    assert set(found) == {"decision", "costs", "slots"}


def test_a_following_report_opens_with_what_changed(quoted):
    new = copy.deepcopy(quoted)
    new["weights"]["values"]["C1"] += 2
    pdf = render_pdf(new, snapshot_hash(new), options=ReportOptions(appendices=()), previous=quoted)
    first, second = PdfReader(io.BytesIO(pdf.content)).pages[:2]
    text = re.sub(r"\s+", " ", first.extract_text())
    assert "What changed since 2025-11-24" in text
    assert "Since 2025-11-24 there are changes in weights (1)." in text
    assert snapshot_hash(quoted)[:12] in text
    assert "Which manufacturing partner for AAV-101?" in re.sub(r"\s+", " ", second.extract_text())


def test_an_rfq_package_opens_with_its_own_changes_only(quoted):
    new = copy.deepcopy(quoted)
    new["weights"]["values"]["C1"] += 2
    new["rfq_package"]["content"]["milestones"] = "Later"
    pdf = render_pdf(new, snapshot_hash(new), options=ReportOptions(kind="package"), previous=quoted)
    first, second = (
        re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(io.BytesIO(pdf.content)).pages[:2]
    )
    assert "Since 2025-11-24 there are changes in RFQ package (1)." in first
    assert "Weights" not in first
    assert "request for quotation" in second.lower()


SILENT = {  # of the project: what stands for itself in a label, or is the key of it
    "project": {"id", "profile", "stage", "markets"},
    "shortlist": {"illustrative", "rank", "status", "on", "by"},
    "restrictions": {"illustrative", "publisher", "source", "as_of"},
}


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict | list):
        return type(value)()
    if value is None:
        return "2026-01-01"
    text = str(value)
    if isinstance(value, str) and text[:4].isdigit() and text[4:5] == "-":
        return "2031-12-31"
    return (
        value + 7 if isinstance(value, int | float) else str(int(text) + 7) if text.isdigit() else f"{text}x"
    )


@pytest.mark.parametrize("part", SILENT)
def test_every_leaf_of_the_brief_the_shortlist_and_the_lists_is_compared_or_silent_on_purpose(quoted, part):
    listed = quoted["shortlist"][0]
    frozen = copy.deepcopy(quoted)
    frozen["restrictions"] = [
        {
            "partner_id": listed["partner_id"], "partner": listed["name"], "illustrative": True, "list": "List A",
            "publisher": "P", "name_on_list": "N", "effective_from": "2025-01-01", "effective_until": None,
            "effect": "No federal money", "source": "S", "as_of": "2025-11-01",
        }
    ]  # fmt: skip
    rows = frozen[part] if isinstance(frozen[part], list) else [frozen[part]]
    unseen = set()
    for key in rows[0]:
        new = copy.deepcopy(frozen)
        row = new[part][0] if isinstance(new[part], list) else new[part]
        if key == "group":
            row[key] = "knocked_out"
        elif key == "partner_id":
            continue  # another partner altogether
        elif key == "risks":
            row[key] = [{"text": "T", "likelihood": "likely", "impact": "high", "rating": 9, "rating_word": "High",
                         "response": "", "owner": ""}]  # fmt: skip
        elif key == "currency":
            row[key] = "CHF"
        else:
            row[key] = changed(row[key])
        if not is_news(changes_between(frozen, new)):
            unseen.add(key)
    assert unseen <= SILENT[part] | {"name", "partner", "status_set"}, unseen


NOT_COMPARED = {
    "schema": "a new shape of the snapshot is no change of the world",
    "title": "the project's name, compared there",
    "as_of": "the day itself",
    "sponsor": "whose project it is",
    "brand": "how it looks",
    "requested_by": "who asked",
    "prices_included": "what the reader may see",
    "lead": "read from the ranking",
    "rules": "read from the needs",
    "detail_order": "which partners are printed in full",
    "sites": "dots on a map; what the sites do is in the site records",
    "data": "ages of the facts, compared fact by fact",
    "illustrative": "a mark, compared with each name",
    "ranked": "read from what is frozen in full of the same partners",
    "knocked_out": "read through the standing of each partner",
}


def leaves(value, path=()):
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def with_leaf(value, path, leaf):
    """A copy of the containers on the way only: what is compared is never written to."""
    if not path:
        return leaf
    copied = copy.copy(value)
    copied[path[0]] = with_leaf(value[path[0]], path[1:], leaf)
    return copied


def test_every_section_of_a_snapshot_is_compared_or_silent_for_a_reason(quoted):
    frozen = copy.deepcopy(quoted)
    frozen["withdrawn"] = [{"partner_id": 1, "name": "Gone", "illustrative": True, "rfq": "R", "revision": 1,
                            "submitted_on": "2025-11-01", "reason": "Sold out"}]  # fmt: skip
    silent = set()
    for section, content in frozen.items():
        seen = False
        for path, value in list(leaves(content, (section,)))[:300]:
            if len(path) == 1 or path[-1] in ("partner_id", "id", "code", "kind"):
                continue
            try:
                seen = bool(changes_between(frozen, with_leaf(frozen, path, changed(value))))
            except (KeyError, ValueError):  # a reference to nothing: no such snapshot is ever made
                continue
            if seen:
                break
        if not seen:
            silent.add(section)
    assert silent <= {*NOT_COMPARED, "overrides", "restrictions"}, "empty here, and tested on their own above"


def test_site_records_networks_firmness_and_bids_taken_back_are_told_apart(quoted):
    new = copy.deepcopy(quoted)
    partner = quoted["detail_order"][0]
    name = wording.named(quoted["details"][partner])
    record = new["site_records"][partner]
    record["quality"].append(
        {"on": "2026-01-05", "until": None, "kind": "Inspection", "mark": "Form 483", "title": "Form 483 by FDA",
         "site": "Lund site", "state": "Published", "tone": "warn", "source": "FDA", "url": "",
         "retrieved_on": "2026-01-06"}
    )  # fmt: skip
    record["matrix"]["rows"].append(
        {
            "branch": "Testing",
            "service": "Stability",
            "cells": [{"known": "yes", "evidence": "Audited", "scale": "", "sites": ["Lund site"]}]
            * len(record["matrix"]["modalities"]),
        }
    )
    new["networks"]["left_out"] = ["fill"]
    new["firmness"]["robustness"]["nearest_flip"] = "No weight alone changes it."
    new["withdrawn"] = [{"partner_id": 1, "name": "Gone", "illustrative": False, "rfq": "R", "revision": 2,
                         "submitted_on": "2025-11-01", "reason": ""}]  # fmt: skip
    groups = changes_between(quoted, new)
    found = lines(groups)
    assert found["records"] == [
        (f"{name}: Form 483 by FDA at Lund site", "–", "Published, 2026-01-05; FDA"),
    ]
    modality = record["matrix"]["modalities"][0]
    assert found["capabilities"] == [
        (f"{name}: Stability for {modality}", "–", "offered, audited, Lund site"),
    ]
    assert found["scope"] == [("Left out", "–", "fill")]
    assert found["firmness"][0][0] == "Nearest flip"
    assert found["withdrawn"] == [("Gone, “R”", "–", "revision 2: no reason given")]
    assert {g.code for g in groups} == {"records", "capabilities", "scope", "firmness", "withdrawn"}
    assert not is_news([g for g in groups if g.code in ("scope", "firmness")])
    assert is_news([g for g in groups if g.code == "records"])


def test_a_shortlisted_partner_that_is_knocked_out_or_leaves_the_catalogue_is_news(quoted):
    new = copy.deepcopy(quoted)
    new["shortlist"][0]["group"] = "knocked_out"
    new["shortlist"][1]["group"] = ""
    groups = changes_between(quoted, new)
    assert [row[1:] for row in lines(groups)["standing"]] == [
        ("ranked", "knocked out"),
        ("ranked", "no longer in the catalogue"),
    ]
    assert is_news(groups)
    assert not is_news(groups, "package"), "bidders get no word of it"


def test_two_awards_are_two_decisions_and_costs_of_another_rfq_are_not_compared(quoted):
    new = copy.deepcopy(quoted)
    other = {
        **quoted["awards"][0],
        "rfq_id": 10**9,
        "rfq": "Plasmid",
        "name": "Calder",
        "reason": "Cheapest.",
    }
    new["awards"] = [other, *quoted["awards"]]
    assert [row["rfq"] for row in decisions(new)] == ["Plasmid", quoted["awards"][0]["rfq"]]
    found = lines(changes_between(quoted, new))
    assert found == {"decision": [("“Plasmid” awarded to", "–", "Calder (illustrative): Cheapest.")]}
    new["costs"]["rfq"] |= {"id": 10**9, "title": "Plasmid"}
    found = lines(changes_between(quoted, new))
    assert found["costs"] == [
        ("Costs are those of", f"RFQ “{quoted['costs']['rfq']['title']}”", "RFQ “Plasmid”")
    ]


def test_a_listing_of_a_leading_partner_stands_beside_the_headline(quoted):
    leader = quoted["ranked"][0]
    entry = {
        "partner_id": leader["partner_id"], "partner": leader["name"], "illustrative": True, "list": "List A",
        "effective_from": "2025-01-01", "effective_until": None, "effect": "No federal money.",
    }  # fmt: skip
    said = f"{leader['name']} (illustrative) is named on List A from 2025-01-01: No federal money."
    assert said in wording.caveats({**quoted, "restrictions": [entry]})
    ended = {**entry, "effective_until": "2025-02-01"}
    assert not any("List A" in text for text in wording.caveats({**quoted, "restrictions": [ended]}))


def test_page_compares_the_two_newest_snapshots_and_any_other_two(client, scene):
    client.force_login(scene.user)
    address = reverse("quotes:report_changes", args=[scene.project.pk])
    assert "Nothing to compare yet" in client.get(address).content.decode()
    first = request_report(actor=scene.user, project=scene.project)
    scene.project.shortlist.filter(position=3).delete()
    second = request_report(actor=scene.user, project=scene.project)
    page = client.get(address)
    assert (page.context["old"], page.context["new"]) == (first, second)
    assert [group.code for group in page.context["groups"]] == ["shortlist"]
    back = client.get(address, {"old": second.pk, "new": first.pk})
    assert (back.context["old"], back.context["new"]) == (second, first)
    twice = copy_for(actor=scene.user, report=second, recipient="Board")
    Report.objects.filter(pk=second.pk).update(
        previous=first, state="done", file="x.pdf", file_sha256="0" * 64
    )
    report = client.get(reverse("quotes:report", args=[scene.project.pk, second.pk])).content.decode()
    assert f"?old={first.pk}&amp;new={second.pk}" in report
    linked = client.get(address, {"old": first.pk, "new": second.pk})
    assert (linked.status_code, linked.context["new"]) == (200, second), (
        "though a newer copy has its snapshot"
    )
    assert client.get(address).context["new"] == twice
    Report.objects.filter(pk=first.pk).update(snapshot={**first.snapshot, "schema": {"version": 0}})
    report = client.get(reverse("quotes:report", args=[scene.project.pk, second.pk])).content.decode()
    assert "what changed" not in report, "a format that is no longer read"
    wrong = client.get(address, {"old": "x", "new": 999_999})
    assert (wrong.status_code, sorted(wrong.context["form"].errors)) == (422, ["new", "old"])
