"""A quote whose bidder declined after submitting is withdrawn: no longer compared, no longer to be awarded."""

from django.db import migrations, models


def withdraw(apps, schema_editor):
    quotes = apps.get_model("quotes", "Quote").objects
    quotes.filter(state="submitted", invitation__state="declined").update(state="withdrawn")


class Migration(migrations.Migration):
    dependencies = [("quotes", "0019_report_kinds_memo_and_package")]

    operations = [
        migrations.AlterField(
            model_name="quote",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("submitted", "Submitted"),
                    ("awarded", "Awarded"),
                    ("not_awarded", "Not awarded"),
                    ("withdrawn", "Withdrawn"),
                ],
                default="draft",
                max_length=12,
            ),
        ),
        migrations.RunPython(withdraw, migrations.RunPython.noop),
    ]
