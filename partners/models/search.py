"""What a text search reads: one document per partner, and the synonyms of the trade.

Documents are written by triggers of the database (migration 0003), whoever changes the catalogue and however:
the admin, an import by COPY, SQL by hand. No Python code writes them, so none can forget to.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from .organisation import Organisation


class SearchDocument(models.Model):
    """The words of one partner and its active sites.

    `vector` is weighted: A the name, B other names, C sites, places, identifiers and certificates, D services,
    modalities and dosage forms. `names` has the names without accents, in lower case, for likeness.
    The database deletes it with its partner; a foreign key would forbid the triggers' order of work.
    """

    organisation = models.OneToOneField(
        Organisation,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="search_document",
    )
    names = models.TextField(default="")
    vector = SearchVectorField(default="")

    class Meta:
        indexes = [
            GinIndex(fields=["vector"], name="search_vector"),
            GinIndex(fields=["names"], opclasses=["gin_trgm_ops"], name="search_names_trgm"),
        ]

    def __str__(self) -> str:
        return self.names


class SearchWord(models.Model):
    """A word of names and places, as the search compares them: what a mistyped word may have meant.

    Written with the documents. Words that no document holds any more stay until the documents are rebuilt; a
    search for them finds nothing. The same word may stand here twice.
    """

    word = models.CharField(max_length=40)

    class Meta:
        indexes = [
            models.Index(fields=["word"], name="search_word"),
            GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_trgm"),
        ]

    def __str__(self) -> str:
        return self.word


class SearchSynonym(models.Model):
    """One way of saying what the others of its group say too. Accents, case and punctuation do not matter."""

    group = models.SlugField(max_length=64)
    phrase = models.CharField(max_length=80)

    class Meta:
        ordering = ["group", "phrase"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "phrase"],
                name="synonym_once_per_group",
                violation_error_message="This group already has that phrase.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.phrase} ({self.group})"
