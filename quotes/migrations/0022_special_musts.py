import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0001_initial"),
        ("quotes", "0021_scoring_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="need",
            name="rule",
            field=models.CharField(
                choices=[
                    ("capability", "Service or process"),
                    ("biosafety", "Biosafety level"),
                    ("containment", "Containment (OEL)"),
                    ("certificate", "Certificate in scope"),
                    ("inspection", "Inspection record"),
                    ("capacity", "Free capacity or slot"),
                    ("track_record", "Track record"),
                    ("metric", "Measured or stated value"),
                    ("minimum_project", "Minimum project value"),
                    ("contract_structure", "Contract structure"),
                    ("country", "Country of the site"),
                    ("dedicated", "Dedicated facility"),
                    ("schedule", "DEA schedule"),
                    ("market", "Accepted by a market’s authority"),
                    ("nda", "Non-disclosure agreement"),
                    ("conflict", "No conflict of interest"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="need",
            name="hazard",
            field=models.CharField(
                blank=True,
                choices=[
                    ("beta_lactam", "Beta-lactams"),
                    ("hormone", "Hormones"),
                    ("cytotoxic", "Cytotoxic compounds"),
                    ("live_virus", "Live viruses"),
                    ("spore_former", "Spore-forming organisms"),
                    ("radioactive", "Radioactive material"),
                ],
                max_length=16,
                verbose_name="dedicated for",
            ),
        ),
        migrations.AddField(
            model_name="need",
            name="schedule",
            field=models.CharField(
                blank=True,
                choices=[
                    ("I", "Schedule I"),
                    ("II", "Schedule II"),
                    ("III", "Schedule III"),
                    ("IV", "Schedule IV"),
                    ("V", "Schedule V"),
                ],
                max_length=3,
            ),
        ),
        migrations.AddField(
            model_name="need",
            name="market",
            field=models.CharField(
                blank=True,
                choices=[
                    ("US", "United States"),
                    ("EU", "European Union"),
                    ("UK", "United Kingdom"),
                    ("JP", "Japan"),
                    ("CH", "Switzerland"),
                    ("CA", "Canada"),
                    ("CN", "China"),
                    ("AU", "Australia"),
                    ("BR", "Brazil"),
                    ("KR", "South Korea"),
                ],
                max_length=2,
            ),
        ),
        migrations.CreateModel(
            name="ConflictCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("none", "None: no competing product, no other conflict"),
                            ("safeguards", "A conflict, with safeguards we can accept"),
                            ("conflict", "A conflict we cannot accept"),
                        ],
                        max_length=10,
                    ),
                ),
                ("asked_on", models.DateField()),
                ("note", models.CharField(blank=True, max_length=300)),
                ("recorded_at", models.DateTimeField(auto_now=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.organisation",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conflict_checks",
                        to="quotes.project",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["organisation__name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "organisation"),
                        name="conflict_once_per_project_and_partner",
                        violation_error_message="There is already an answer of this partner for this project.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("answer", "none"), models.Q(("note", ""), _negated=True), _connector="OR"
                        ),
                        name="conflict_has_a_note",
                        violation_error_message="Say what the conflict is.",
                    ),
                ],
            },
        ),
    ]
