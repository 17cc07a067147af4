from django.apps import AppConfig


class QuotesConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "quotes"
    verbose_name = "Sponsor projects"

    def ready(self) -> None:
        from cmo_selector.accounts import middleware
        from cmo_selector.metrics import REGISTRY
        from partners import private
        from quotes import merging, notices
        from quotes.metrics import JobCollector
        from quotes.relations import private_facets

        private.offer(private_facets)
        merging.connect()
        middleware.header_figures.update(notices.header_figures())
        REGISTRY.register(JobCollector())
