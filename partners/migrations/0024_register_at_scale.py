"""Indexes for every search of the registers, and accepted links that can be undone."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat

import partners.models.register_records

# `array_to_string` is not immutable, because the texts of some types depend on settings; those of texts do not.
JOINED = """
CREATE FUNCTION partners_joined_text(given text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_string(given, ' · ')
$$;
"""


def _texts(*columns):
    between = [part for column in columns for part in (column, Value(" "))]
    return Concat(*between[:-1], output_field=models.TextField())


def _trigrams(expression, name):
    opclass = django.contrib.postgres.indexes.OpClass(expression, name="gin_trgm_ops")
    return django.contrib.postgres.indexes.GinIndex(opclass, name=name)


def _names(column, name):
    return django.contrib.postgres.indexes.GinIndex(fields=[column], opclasses=["gin_trgm_ops"], name=name)


def _beginnings(column, name):
    return models.Index(fields=[column], opclasses=["varchar_pattern_ops"], name=name)


def _newest(column, name):
    return models.Index(F(column).desc(nulls_last=True), "id", name=name)


INDEXES = {
    "registerestablishment": [
        django.contrib.postgres.indexes.GinIndex(
            fields=["operations", "country"], name="establishment_operations"
        ),
    ],
    "registerform483": [
        _beginnings("document", "form483_document"),
        _newest("recorded_on", "form483_by_date"),
        _newest("posted_on", "form483_by_posting"),
        models.Index(fields=["firm_name", "id"], name="form483_by_name"),
        models.Index(fields=["record_type"], name="form483_type"),
    ],
    "registeraction": [
        _trigrams(_texts(F("firm_name"), F("subject"), F("issuing_office")), "register_action_text_trgm"),
        _beginnings("case_id", "register_action_case"),
        models.Index(fields=["firm_name", "id"], name="register_action_by_name"),
        models.Index(fields=["country", "product_type", "kind", "listing"], name="register_action_facets"),
    ],
    "registerinspection": [
        _trigrams(_texts(F("firm_name"), F("city")), "register_inspection_text_trgm"),
        _beginnings("inspection_id", "register_inspection_number"),
        models.Index(fields=["-ended_on", "id"], name="register_inspection_by_date"),
        models.Index(fields=["firm_name", "id"], name="register_inspection_by_name"),
        models.Index(
            fields=["country", "fiscal_year", "product_type", "outcome", "project_area"],
            name="register_inspection_facets",
        ),
    ],
    "registerlisting": [
        _names("name", "listing_name_trgm"),
        _trigrams(
            _texts(F("name"), F("labeler"), partners.models.register_records.JoinedText("substances")),
            "listing_text_trgm",
        ),
        models.Index(fields=["name"], name="listing_by_name"),
        models.Index(fields=["labeler"], name="listing_by_labeler"),
        _newest("started_on", "listing_by_start"),
        models.Index(fields=["dosage_form", "category", "product_type", "schedule"], name="listing_facets"),
    ],
}


class Migration(migrations.Migration):
    dependencies = [("partners", "0023_claims_decisions_swaps")]

    operations = [
        migrations.RunSQL(JOINED, "DROP FUNCTION partners_joined_text(text[])"),
        migrations.RemoveIndex(model_name="registerestablishment", name="establishment_operations"),
        *(
            migrations.AddIndex(model_name=model, index=index)
            for model, indexes in INDEXES.items()
            for index in indexes
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="changes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="closed",
                to="partners.linksuggestion",
            ),
        ),
    ]
