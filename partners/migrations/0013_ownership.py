"""Owners of a partner become dated rows; the one text of before is kept as a row without dates."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

history = import_module("partners.migrations.0005_history")

# The text was the owner on the day the partner's record was retrieved. When that began, nobody has said.
KEEP = """
SELECT set_config('pghistory.context_metadata',
    '{"how": "command", "why": "Ownership became dated rows"}', true);
INSERT INTO partners_ownership
    (organisation_id, owner, note, source_id, source_reference, retrieved_on, evidence_level, valid_until)
SELECT id, ownership, '', source_id, source_reference, retrieved_on, evidence_level, valid_until
FROM partners_organisation WHERE ownership <> '' ORDER BY id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
PUT_BACK = """
SELECT set_config('pghistory.context_metadata',
    '{"how": "command", "why": "Ownership became one text again"}', true);
UPDATE partners_organisation o SET ownership = x.owner FROM (
    SELECT DISTINCT ON (organisation_id) organisation_id, owner FROM partners_ownership
    WHERE owned_until IS NULL ORDER BY organisation_id, owned_from DESC NULLS LAST
) x WHERE x.organisation_id = o.id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0012_register_links"),
    ]

    operations = [
        migrations.CreateModel(
            name="Ownership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source_reference",
                    models.CharField(
                        blank=True,
                        help_text="Page, row or document number within the source.",
                        max_length=160,
                    ),
                ),
                ("retrieved_on", models.DateField(help_text="When the fact was taken from the source.")),
                (
                    "evidence_level",
                    models.CharField(
                        choices=[
                            ("self_declared", "Self-declared"),
                            ("document_checked", "Document checked"),
                            ("public_register", "Public register"),
                            ("audited", "Audited"),
                        ],
                        default="self_declared",
                        max_length=20,
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="Day after which the fact should no longer be relied on.",
                        null=True,
                    ),
                ),
                (
                    "owner",
                    models.CharField(
                        help_text="The owner's name, or its kind: listed, family-owned, private equity.",
                        max_length=200,
                    ),
                ),
                ("owned_from", models.DateField(blank=True, null=True)),
                ("owned_until", models.DateField(blank=True, null=True)),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="For example the share, or how it came about.", max_length=200
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "ownership",
                "ordering": [
                    models.OrderBy(models.F("owned_from"), descending=True, nulls_last=True),
                    "owner",
                    "pk",
                ],
            },
        ),
        migrations.AddField(
            model_name="alias",
            name="used_from",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("used_from__isnull", True),
                    ("used_until__isnull", True),
                    ("used_until__gte", models.F("used_from")),
                    _connector="OR",
                ),
                name="alias_ends_after_start",
                violation_error_message="The name was given up before it was taken: check the two dates.",
            ),
        ),
        migrations.AddField(
            model_name="ownership",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="owners", to="partners.organisation"
            ),
        ),
        migrations.AddField(
            model_name="ownership",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.source"
            ),
        ),
        migrations.AddConstraint(
            model_name="ownership",
            constraint=models.UniqueConstraint(
                fields=("organisation", "owner", "owned_from"),
                name="ownership_once",
                nulls_distinct=False,
                violation_error_message="This partner already has that owner from that day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("owned_from__isnull", True),
                    ("owned_until__isnull", True),
                    ("owned_until__gte", models.F("owned_from")),
                    _connector="OR",
                ),
                name="ownership_ends_after_start",
                violation_error_message="The ownership ends before it starts: check the two dates.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownership",
            constraint=models.CheckConstraint(
                condition=models.Q(("owner", ""), _negated=True),
                name="ownership_names_owner",
                violation_error_message="Name the owner, or its kind.",
            ),
        ),
        migrations.RunSQL(history.watch("ownership"), history.unwatch("ownership")),
        migrations.RunSQL(KEEP, PUT_BACK),
        migrations.RemoveField(
            model_name="organisation",
            name="ownership",
        ),
    ]
