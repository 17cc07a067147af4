"""E-mails to partners have a state; one that was given up after eight attempts is owed again while it is of use."""

from django.db import migrations, models
from django.db.models import Q


def set_states(apps, schema_editor):
    emails = apps.get_model("quotes", "InvitationEmail").objects
    emails.filter(sent_at__isnull=False).update(state="sent")
    emails.filter(sent_at=None, error="The invitation was revoked.").update(state="dropped")
    emails.filter(state="queued").update(attempts=0, lease_until=None)


class Migration(migrations.Migration):
    dependencies = [("quotes", "0017_calculations_and_qualification")]

    operations = [
        migrations.AddField(
            model_name="invitationemail",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waits"),
                    ("sending", "Being sent"),
                    ("sent", "Sent"),
                    ("unconfirmed", "Perhaps not sent"),
                    ("failed", "Not sent"),
                    ("dropped", "No longer wanted"),
                ],
                default="queued",
                max_length=12,
            ),
        ),
        migrations.RunPython(set_states, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="invitationemail", name="email_unsent"),
        migrations.AddIndex(
            model_name="invitationemail",
            index=models.Index(
                condition=Q(("state__in", ["queued", "sending"])), fields=["created_at"], name="email_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitationemail",
            constraint=models.CheckConstraint(
                condition=Q(Q(("state", "sent"), _negated=True), ("sent_at__isnull", False), _connector="OR"),
                name="email_sent_has_time",
                violation_error_message="A sent e-mail has the time of its sending.",
            ),
        ),
    ]
