from django.apps import AppConfig


class AuditConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "cmo_selector.audit"
    label = "audit"
    verbose_name = "Audit log"
