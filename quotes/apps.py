from django.apps import AppConfig


class QuotesConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "quotes"
    verbose_name = "Sponsor projects"

    def ready(self) -> None:
        from partners import private
        from quotes import merging
        from quotes.relations import private_facets

        private.offer(private_facets)
        merging.connect()
