"""Audits of sites by sponsors, qualified persons and third parties, watched like every fact."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

# ruff: noqa: S608  names written here only

history = import_module("partners.migrations.0005_history")

TABLE = "partners_audit"
EVENTS = {
    "insert": ("new_rows", "NEW TABLE AS new_rows"),
    "update": ("new_rows", "NEW TABLE AS new_rows"),
    "delete": ("old_rows", "OLD TABLE AS old_rows"),
}


def triggers() -> str:
    """Marks the catalogue as changed. Only the ranking reads audits, and it reads everything after any mark."""
    sql = []
    for event, (rows, transition) in EVENTS.items():
        sql.append(
            f"CREATE FUNCTION {TABLE}_changed_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF EXISTS (SELECT 1 FROM {rows}) THEN PERFORM partners_catalogue_mark(ARRAY[]::bigint[]); END IF; "
            "RETURN NULL; END $$;"
            f"CREATE TRIGGER catalogue_changed_{event} AFTER {event.upper()} ON {TABLE} REFERENCING {transition} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_changed_{event}();"
        )
    sql.append(
        f"CREATE TRIGGER catalogue_changed AFTER TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION partners_catalogue_changed();"
    )
    return "\n".join(sql)


def no_triggers() -> str:
    sql = [f"DROP TRIGGER catalogue_changed ON {TABLE};"]
    for event in EVENTS:
        sql.append(f"DROP TRIGGER catalogue_changed_{event} ON {TABLE};")
        sql.append(f"DROP FUNCTION {TABLE}_changed_{event}();")
    return "\n".join(sql)


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0026_register_by_country"),
    ]

    operations = [
        migrations.CreateModel(
            name="Audit",
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
                    "auditor",
                    models.CharField(
                        choices=[
                            ("sponsor", "Sponsor or customer"),
                            ("qp", "Qualified person"),
                            ("third_party", "Third party"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "auditor_name",
                    models.CharField(
                        blank=True, help_text="Only when the auditor agreed to be named.", max_length=160
                    ),
                ),
                (
                    "standard",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gmp", "GMP"),
                            ("gcp", "GCP"),
                            ("glp", "GLP"),
                            ("gdp", "GDP"),
                            ("device", "ISO 13485 / device QMS"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        blank=True, help_text="Operations or systems that were looked at.", max_length=200
                    ),
                ),
                ("audited_on", models.DateField(blank=True, help_text="Last day of the audit.", null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("none", "No findings"),
                            ("minor", "Minor findings"),
                            ("major", "Major findings"),
                            ("critical", "Critical findings"),
                            ("unknown", "Outcome unknown"),
                        ],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                (
                    "open_actions",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Corrective actions not closed yet; empty for unknown.",
                        null=True,
                    ),
                ),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audits",
                        to="partners.facility",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.source"
                    ),
                ),
            ],
            options={
                "ordering": ["-audited_on", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "none"), _negated=True),
                            ("open_actions__isnull", True),
                            ("open_actions", 0),
                            _connector="OR",
                        ),
                        name="audit_no_findings_no_actions",
                        violation_error_message="An audit without findings leaves no open actions.",
                    )
                ],
            },
        ),
        migrations.RunSQL(history.watch("audit"), history.unwatch("audit")),
        migrations.RunSQL(triggers(), no_triggers()),
    ]
