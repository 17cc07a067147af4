"""What values mean and how they are asked for in the words of a profile: a CRO is not asked about batches."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .anchors import ANCHORS, FLAGS, Anchor, Flag

AUDIT_ASK: dict[str, str] = {
    "drug": "When did a sponsor, a qualified person or a third party last audit {where}, with what findings, and "
    "which actions are open?",
    "clinical": "When did a sponsor last audit {where} for GCP, with what findings, and which actions are open?",
    "device": "When did a customer or third party last audit the quality system of {where}, with what findings, "
    "and which actions are open?",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How a profile says what a value means and how it asks for it, where the general words do not fit."""

    meaning: str
    ask: str
    unit: str = ""


PROFILE_WORDS: dict[str, dict[str, Words]] = {
    "clinical": {
        "experience": Words(
            "studies run with this kind of product",
            "How many studies with this kind of product have been run?",
            "studies",
        ),
        "slot_months_late": Words(
            "months from the date needed to the earliest free team", "From when is a team free?"
        ),
        "lead_time_weeks": Words(
            "weeks from award to start of work", "How many weeks pass from award to start of work?"
        ),
        "otif_pct": Words(
            "study milestones met on time",
            "What share of study milestones was met on time over twelve months?",
        ),
        "cancellation_share": Words(
            "fee for a cancellation at the shortest notice",
            "What share of the price of the work not yet done is due on late cancellation?",
            "of the price of the work cancelled",
        ),
        "insurance_cover_musd": Words(
            "liability cover", "How much liability cover is carried for clinical trials?"
        ),
        "platform_lock_in": Words(
            "tied to a proprietary system",
            "Do the study’s data rest in a proprietary system that we could not take elsewhere?",
        ),
        "transfer_out_offered": Words(
            "hand-over of a running study agreed",
            "Is handing a running study over to a successor, with data and trial master file, part of the contract?",
        ),
        "export_restricted": Words(
            "permits needed to send samples or data abroad",
            "Does sending samples or data out of the country need a permit?",
        ),
    },
    "device": {
        "experience": Words(
            "products of this kind made", "How many products of this kind have been made at the site?", "products"
        ),
        "cancellation_share": Words(
            "fee for a cancellation at the shortest notice",
            "What share of the order’s price is due on late cancellation?",
            "of the order’s price",
        ),
        "platform_lock_in": Words(
            "tied to a proprietary design or material",
            "Does the part rest on a proprietary design, material or tool that we could not take elsewhere?",
        ),
        "transfer_out_offered": Words(
            "hand-over of tools and process to a successor agreed",
            "Is a transfer of tools and process to a successor, with documents and support, part of the contract?",
        ),
    },
}  # fmt: skip


def anchor_of(code: str, profile: str) -> Anchor:
    """A number's anchor in the words of the profile; the value function is the same for all."""
    anchor, words = ANCHORS[code], PROFILE_WORDS.get(profile, {}).get(code)
    if words is None:
        return anchor
    return replace(anchor, meaning=words.meaning, ask=words.ask, unit=words.unit or anchor.unit)


def flag_of(code: str, profile: str) -> Flag:
    """A yes-or-no's points in the words of the profile."""
    flag, words = FLAGS[code], PROFILE_WORDS.get(profile, {}).get(code)
    return flag if words is None else replace(flag, meaning=words.meaning, ask=words.ask)
