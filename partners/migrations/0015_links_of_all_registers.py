"""Links are suggested for rows of every register, and an import says whether its file's date was stated."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0014_sheet_imports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="linksuggestion",
            name="link_suggestion_open_once",
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="action",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="suggestions",
                to="partners.registeraction",
            ),
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="form_483",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="suggestions",
                to="partners.registerform483",
            ),
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="inspection",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="suggestions",
                to="partners.registerinspection",
            ),
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="listing",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="suggestions",
                to="partners.registerlisting",
            ),
        ),
        migrations.AddField(
            model_name="linksuggestion",
            name="organisation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="link_suggestions",
                to="partners.organisation",
            ),
        ),
        migrations.AddField(
            model_name="registerimport",
            name="file_date_stated",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Off when nobody stated the file's date: then it is the day on which the file was read.",
            ),
        ),
        migrations.AlterField(
            model_name="linksuggestion",
            name="establishment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="suggestions",
                to="partners.registerestablishment",
            ),
        ),
        migrations.AlterField(
            model_name="linksuggestion",
            name="facility",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="link_suggestions",
                to="partners.facility",
            ),
        ),
        migrations.AddConstraint(
            model_name="linksuggestion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=(
                    "establishment",
                    "form_483",
                    "action",
                    "inspection",
                    "listing",
                    "facility",
                    "organisation",
                ),
                name="link_suggestion_open_once",
                nulls_distinct=False,
                violation_error_message="This link is already suggested and waits for a curator.",
            ),
        ),
        migrations.AddConstraint(
            model_name="linksuggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("action__isnull", True),
                        ("establishment__isnull", False),
                        ("form_483__isnull", True),
                        ("inspection__isnull", True),
                        ("listing__isnull", True),
                    ),
                    models.Q(
                        ("action__isnull", True),
                        ("establishment__isnull", True),
                        ("form_483__isnull", False),
                        ("inspection__isnull", True),
                        ("listing__isnull", True),
                    ),
                    models.Q(
                        ("action__isnull", False),
                        ("establishment__isnull", True),
                        ("form_483__isnull", True),
                        ("inspection__isnull", True),
                        ("listing__isnull", True),
                    ),
                    models.Q(
                        ("action__isnull", True),
                        ("establishment__isnull", True),
                        ("form_483__isnull", True),
                        ("inspection__isnull", False),
                        ("listing__isnull", True),
                    ),
                    models.Q(
                        ("action__isnull", True),
                        ("establishment__isnull", True),
                        ("form_483__isnull", True),
                        ("inspection__isnull", True),
                        ("listing__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="link_suggestion_of_one_row",
                violation_error_message="A suggestion is about one row of one register.",
            ),
        ),
        migrations.AddConstraint(
            model_name="linksuggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("facility__isnull", True),
                        ("listing__isnull", False),
                        ("organisation__isnull", False),
                    ),
                    models.Q(
                        ("facility__isnull", False), ("listing__isnull", True), ("organisation__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="link_suggestion_fits_row",
                violation_error_message="A drug listing belongs to a partner, every other row to a site.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="linksuggestion",
            name="link_suggestion_has_reason",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="link_suggestion_has_reason",
                violation_error_message="Say why the two belong together.",
            ),
        ),
    ]
