"""Writes to the catalogue that do not belong to one form of the curation desk."""

from django.db import connection, transaction

from partners.models import Organisation, SearchDocument, SearchWord


@transaction.atomic
def rebuild_search() -> int:
    """Every partner's search document and the words of all anew; documents without a partner go.

    Returns how many documents there are.
    """
    SearchWord.objects.all().delete()
    SearchDocument.objects.exclude(organisation__in=Organisation.objects.all()).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT partners_search_refresh(array_agg(id ORDER BY id)) FROM partners_organisation")
    return SearchDocument.objects.count()
