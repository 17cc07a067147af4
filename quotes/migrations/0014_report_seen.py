from django.db import migrations, models


def old_outcomes_are_no_news(apps, schema_editor):
    Report = apps.get_model("quotes", "Report")
    Report.objects.filter(state__in=("done", "failed")).update(seen_at=models.F("finished_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("quotes", "0013_report_schedules"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="seen_at",
            field=models.DateTimeField(
                blank=True, help_text="When its requester looked at the outcome in the app.", null=True
            ),
        ),
        migrations.RunPython(old_outcomes_are_no_news, migrations.RunPython.noop),
    ]
