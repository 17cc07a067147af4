"""What suggestions are answered from: names, places and identifiers as the search compares them, each with an index."""

import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models.functions import Collate

import partners.models.text

# Immutable, so that indexes may be built on them: the dictionary is named with its schema, also for a restore.
FUNCTIONS = r"""
CREATE FUNCTION partners_search_key(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT trim(regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary, coalesce(given, ''))),
                               '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f[:space:]]+', ' ', 'g'))
$$;

CREATE FUNCTION partners_search_code(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ltrim(upper(regexp_replace(coalesce(given, ''), '[^[:alnum:]]', '', 'g')), '0')
$$;

-- The planner takes a comparison of trigrams for cheap and reads whole tables, 0.3 s for 20,000 names: it may not.
-- The index gives the nearest names before anything is joined to them, so that the cost does not grow with the
-- catalogue; five times as many as wanted, because some may belong to partners that are no longer offered.
CREATE OR REPLACE FUNCTION partners_search_similar(asked text, most int)
RETURNS TABLE (organisation_id bigint, likeness real) LANGUAGE sql STABLE
SET pg_trgm.word_similarity_threshold = 0.45 SET enable_seqscan = off AS $$
    WITH near AS MATERIALIZED (
        SELECT d.organisation_id AS id, word_similarity(partners_search_words(asked), d.names) AS likeness
        FROM partners_searchdocument d WHERE d.names %> partners_search_words(asked)
        ORDER BY likeness DESC, d.organisation_id LIMIT 5 * most
    )
    SELECT o.id, near.likeness FROM near JOIN partners_organisation o ON o.id = near.id
    WHERE o.active ORDER BY near.likeness DESC, o.name, o.id LIMIT most
$$;

-- Sites whose name is spelt like the text, or holds a word that begins like it; best first.
CREATE FUNCTION partners_search_similar_sites(asked text, most int)
RETURNS TABLE (facility_id bigint, likeness real) LANGUAGE sql STABLE
SET pg_trgm.word_similarity_threshold = 0.45 SET enable_seqscan = off AS $$
    WITH near AS MATERIALIZED (
        SELECT f.id, f.name, f.organisation_id,
               word_similarity(partners_search_key(asked), partners_search_key(f.name)) AS likeness
        FROM partners_facility f WHERE f.active AND partners_search_key(f.name) %> partners_search_key(asked)
        ORDER BY likeness DESC, f.id LIMIT 5 * most
    )
    SELECT near.id, near.likeness FROM near JOIN partners_organisation o ON o.id = near.organisation_id
    WHERE o.active ORDER BY near.likeness DESC, near.name, near.id LIMIT most
$$;

-- Cities spelt like the text, with a site that is still offered; best first.
CREATE FUNCTION partners_search_similar_cities(asked text, most int)
RETURNS TABLE (city text, country text, likeness real) LANGUAGE sql STABLE
SET pg_trgm.word_similarity_threshold = 0.45 SET enable_seqscan = off AS $$
    WITH near AS MATERIALIZED (
        SELECT f.city, f.country, f.organisation_id,
               word_similarity(partners_search_key(asked), partners_search_key(f.city)) AS likeness
        FROM partners_facility f WHERE f.active AND partners_search_key(f.city) %> partners_search_key(asked)
        ORDER BY likeness DESC, f.id LIMIT 300
    )
    SELECT min(near.city), near.country, max(near.likeness)
    FROM near JOIN partners_organisation o ON o.id = near.organisation_id
    WHERE o.active GROUP BY partners_search_key(near.city), near.country ORDER BY 3 DESC, 1, 2 LIMIT most
$$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION partners_search_similar_cities(text, int);
DROP FUNCTION partners_search_similar_sites(text, int);
DROP FUNCTION partners_search_code(text);
DROP FUNCTION partners_search_key(text);
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0006_register_records")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.AddIndex(
            model_name="alias",
            index=models.Index(Collate(partners.models.text.SearchKey("name"), "C"), name="alias_name_key"),
        ),
        migrations.AddIndex(
            model_name="facility",
            index=models.Index(
                Collate(partners.models.text.SearchKey("name"), "C"), name="facility_name_key"
            ),
        ),
        migrations.AddIndex(
            model_name="facility",
            index=models.Index(
                Collate(partners.models.text.SearchKey("city"), "C"),
                models.F("country"),
                name="facility_city_key",
            ),
        ),
        migrations.AddIndex(
            model_name="facility",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    partners.models.text.SearchKey("name"), name="gin_trgm_ops"
                ),
                django.contrib.postgres.indexes.OpClass(
                    partners.models.text.SearchKey("city"), name="gin_trgm_ops"
                ),
                name="facility_place_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="identifier",
            index=models.Index(
                Collate(partners.models.text.SearchCode("value"), "C"), name="identifier_code"
            ),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(
                Collate(partners.models.text.SearchKey("name"), "C"), name="organisation_name_key"
            ),
        ),
    ]
