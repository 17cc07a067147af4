from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "cmo_selector.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from .curators import grant_catalogue

        post_migrate.connect(grant_catalogue, sender=apps.get_app_config("partners"))
