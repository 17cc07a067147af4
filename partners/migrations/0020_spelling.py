"""Words of the catalogue, so that a mistyped word of a search is found spelt right."""

import django.contrib.postgres.indexes
from django.db import migrations, models

# Names of partners, their other names, sites and places. Numbers and short words are never corrected.
WORDS = r"""
-- Notes the words of these partners that are not known yet. Nobody waits for anybody here: a word that two
-- transactions add at once stands twice, which does no harm.
CREATE FUNCTION partners_search_learn(partners bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO partners_searchword (word)
    SELECT found.word FROM (
        SELECT DISTINCT regexp_split_to_table(partners_search_key(text), ' ') AS word FROM (
            SELECT name AS text FROM partners_organisation WHERE id = ANY (partners)
            UNION ALL SELECT name FROM partners_alias WHERE organisation_id = ANY (partners)
            UNION ALL SELECT concat_ws(' ', name, city, region) FROM partners_facility
                WHERE active AND organisation_id = ANY (partners)
        ) texts
    ) found
    WHERE length(found.word) BETWEEN 4 AND 40 AND found.word !~ '[0-9]'
      AND NOT EXISTS (SELECT 1 FROM partners_searchword known WHERE known.word = found.word)
    ORDER BY 1
$$;

-- Those of the words that no partner's document holds.
CREATE FUNCTION partners_search_missing(words text[]) RETURNS SETOF text LANGUAGE sql STABLE
SET enable_seqscan = off AS $$
    SELECT word FROM unnest(words) word WHERE NOT EXISTS (
        SELECT 1 FROM partners_searchdocument WHERE vector @@ partners_search_query(word, 1))
$$;

-- Words of the catalogue that share trigrams with the one asked for, the most alike first, by the index.
CREATE FUNCTION partners_search_spellings(asked text, most int) RETURNS SETOF text LANGUAGE sql STABLE
SET pg_trgm.similarity_threshold = 0.2 SET enable_seqscan = off AS $$
    SELECT word FROM partners_searchword WHERE word % asked
    GROUP BY word ORDER BY similarity(word, asked) DESC, word LIMIT most
$$;
"""
DROP = """
DROP FUNCTION partners_search_spellings(text, int);
DROP FUNCTION partners_search_missing(text[]);
DROP FUNCTION partners_search_learn(bigint[]);
"""

# Documents are written by this function alone, so it is where words are learnt; its body stays as it was.
LEARN = """
ALTER FUNCTION partners_search_refresh(bigint[]) RENAME TO partners_search_write;
CREATE FUNCTION partners_search_refresh(partners bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(partners), 0) = 0
       OR current_setting('partners.search_paused', true) = 'on' THEN
        RETURN;
    END IF;
    PERFORM partners_search_write(partners);
    PERFORM partners_search_learn(partners);
END $$;
SELECT partners_search_learn(array_agg(id)) FROM partners_organisation;
"""
UNLEARN = """
DROP FUNCTION partners_search_refresh(bigint[]);
ALTER FUNCTION partners_search_write(bigint[]) RENAME TO partners_search_refresh;
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0019_history_emptied_by_tests_only")]

    operations = [
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.CharField(max_length=40)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["word"], name="search_word"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["word"], name="search_word_trgm", opclasses=["gin_trgm_ops"]
                    ),
                ],
            },
        ),
        migrations.RunSQL(WORDS, DROP),
        migrations.RunSQL(LEARN, UNLEARN),
    ]
