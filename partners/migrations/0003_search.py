"""The text search: documents, synonyms, and the functions and triggers that keep the documents right."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# ruff: noqa: S608  names written here only

CONFIGURATION = """
CREATE TEXT SEARCH CONFIGURATION partners_search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION partners_search
    ALTER MAPPING FOR word, hword, hword_part WITH unaccent, simple;
"""

FUNCTIONS = r"""
-- Words as the search compares them: no accents, lower case, ASCII punctuation is white space.
CREATE FUNCTION partners_search_words(given text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT trim(regexp_replace(lower(unaccent(coalesce(given, ''))),
                               '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f[:space:]]+', ' ', 'g'))
$$;

-- Writes the documents of these partners anew. Locks them first, so that of two transactions that change one
-- partner the second sees what the first one wrote.
CREATE FUNCTION partners_search_refresh(partners bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(partners), 0) = 0
       OR current_setting('partners.search_paused', true) = 'on' THEN
        RETURN;
    END IF;
    INSERT INTO partners_searchdocument (organisation_id, names, vector)
        SELECT id, '', '' FROM partners_organisation WHERE id = ANY (partners) ORDER BY id
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM partners_searchdocument WHERE organisation_id = ANY (partners)
        ORDER BY organisation_id FOR UPDATE;
    WITH asked AS (
        SELECT id, name FROM partners_organisation WHERE id = ANY (partners)
    ), other AS (
        SELECT organisation_id AS id, string_agg(name, ' | ' ORDER BY name) AS words
        FROM partners_alias WHERE organisation_id = ANY (partners) GROUP BY 1
    ), site AS (
        SELECT id, organisation_id, concat_ws(' ', name, city, region) AS words
        FROM partners_facility WHERE active AND organisation_id = ANY (partners)
    ), place AS (
        SELECT organisation_id AS id, string_agg(words, ' ' ORDER BY words) AS words FROM site GROUP BY 1
    ), code AS (
        SELECT id, string_agg(DISTINCT value || ' ' || ltrim(value, '0'), ' ') AS words FROM (
            SELECT coalesce(i.organisation_id, site.organisation_id) AS id,
                   regexp_replace(i.value, '[^[:alnum:]]', '', 'g') AS value
            FROM partners_identifier i LEFT JOIN site ON site.id = i.facility_id
            WHERE i.organisation_id = ANY (partners) OR site.id IS NOT NULL
        ) both_kinds GROUP BY 1
    ), certified AS (
        SELECT site.organisation_id AS id,
               string_agg(DISTINCT concat_ws(' ', t.label, c.number, c.body), ' ') AS words
        FROM partners_certificate c JOIN site ON site.id = c.facility_id
        JOIN partners_certificatetype t ON t.id = c.type_id GROUP BY 1
    ), process AS (
        SELECT DISTINCT site.organisation_id AS id, c.service_id, c.modality_id, c.dosage_form_id
        FROM partners_capability c JOIN site ON site.id = c.facility_id
    ), able AS (
        SELECT id, string_agg(label, ' | ' ORDER BY label) AS words FROM (
            SELECT p.id, s.label FROM process p JOIN partners_service s ON s.id = p.service_id
            UNION SELECT p.id, b.label FROM process p JOIN partners_service s ON s.id = p.service_id
                  JOIN partners_service b ON b.id = s.parent_id
            UNION SELECT p.id, m.label FROM process p JOIN partners_modality m ON m.id = p.modality_id
            UNION SELECT p.id, f.label FROM process p JOIN partners_dosageform f ON f.id = p.dosage_form_id
        ) labels GROUP BY 1
    )
    UPDATE partners_searchdocument d SET
        names = concat_ws(' | ', partners_search_words(asked.name), nullif(lower(unaccent(other.words)), '')),
        vector = setweight(to_tsvector('partners_search', partners_search_words(asked.name)), 'A')
            || setweight(to_tsvector('partners_search', partners_search_words(other.words)), 'B')
            || setweight(to_tsvector('partners_search', partners_search_words(
                   concat_ws(' ', place.words, code.words, certified.words))), 'C')
            || setweight(to_tsvector('partners_search', partners_search_words(able.words)), 'D')
    FROM asked LEFT JOIN other USING (id) LEFT JOIN place USING (id) LEFT JOIN code USING (id)
        LEFT JOIN certified USING (id) LEFT JOIN able USING (id)
    WHERE d.organisation_id = asked.id;
END $$;

-- A word as a query: its beginning is enough, except for the first three digits of a number; "fill-finish" and
-- "01-234-5678" are also tried in one piece, numbers also without leading zeros.
CREATE FUNCTION partners_search_token(token text) RETURNS tsquery LANGUAGE plpgsql STABLE AS $$
DECLARE
    part text;
    whole tsquery;
    compact text := replace(partners_search_words(token), ' ', '');
BEGIN
    FOREACH part IN ARRAY string_to_array(partners_search_words(token), ' ') LOOP
        IF part <> '' THEN
            whole := coalesce(whole && partners_search_word(part), partners_search_word(part));
        END IF;
    END LOOP;
    IF whole IS NULL THEN RETURN NULL; END IF;
    RETURN whole || partners_search_word(compact) ||
        CASE WHEN compact ~ '^0\d*[1-9]\d*$' THEN partners_search_word(ltrim(compact, '0')) ELSE '' END;
END $$;

CREATE FUNCTION partners_search_word(word text) RETURNS tsquery LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN word ~ '^\d{1,3}$' THEN to_tsquery('partners_search', quote_literal(word))
        WHEN word ~ '^[a-z]{4,}s$' THEN to_tsquery('partners_search', quote_literal(left(word, -1)) || ':*')
        ELSE to_tsquery('partners_search', quote_literal(word) || ':*')
    END
$$;

-- What somebody typed as a query: all words must occur, the first `most` count; a phrase of a group of synonyms
-- may be any phrase of its group. Without a single word it finds nothing.
CREATE FUNCTION partners_search_query(asked text, most int) RETURNS tsquery LANGUAGE plpgsql STABLE AS $$
DECLARE
    tokens text[] := (regexp_split_to_array(trim(asked), '\s+'))[1:most];
    count int := cardinality(tokens);
    at int := 1;
    size int;
    token text;
    alternatives tsquery;
    own tsquery;
    result tsquery;
BEGIN
    WHILE at <= count LOOP
        alternatives := NULL;
        size := least(4, count - at + 1);
        WHILE size >= 1 LOOP
            SELECT q INTO alternatives FROM (
                SELECT string_agg('(' || phraseto_tsquery('partners_search',
                                  partners_search_words(other.phrase))::text || ')', ' | ')::tsquery AS q
                FROM partners_searchsynonym mine JOIN partners_searchsynonym other ON other."group" = mine."group"
                WHERE partners_search_words(mine.phrase)
                      = partners_search_words(array_to_string(tokens[at:at + size - 1], ' '))
            ) found;
            EXIT WHEN alternatives IS NOT NULL;
            size := size - 1;
        END LOOP;
        size := greatest(size, 1);
        own := NULL;
        FOREACH token IN ARRAY tokens[at:at + size - 1] LOOP
            own := coalesce(own && partners_search_token(token), partners_search_token(token), own);
        END LOOP;
        own := coalesce(own || alternatives, own, alternatives);
        result := coalesce(result && own, own, result);
        at := at + size;
    END LOOP;
    RETURN coalesce(result, ''::tsquery);
END $$;

-- Partners whose name is spelt like the text (word similarity, pg_trgm), best first, by the index on names.
CREATE FUNCTION partners_search_similar(asked text, most int)
RETURNS TABLE (organisation_id bigint, likeness real) LANGUAGE sql STABLE
SET pg_trgm.word_similarity_threshold = 0.45 AS $$
    SELECT d.organisation_id, word_similarity(partners_search_words(asked), d.names) AS likeness
    FROM partners_searchdocument d JOIN partners_organisation o ON o.id = d.organisation_id
    WHERE o.active AND d.names %> partners_search_words(asked)
    ORDER BY likeness DESC, o.name, o.id LIMIT most
$$;
"""

# Table → the partners of the rows in `changed`. One call per statement, however many rows it wrote.
OWNERS = {
    "partners_organisation": "SELECT id FROM changed",
    "partners_alias": "SELECT organisation_id FROM changed",
    "partners_facility": "SELECT organisation_id FROM changed",
    "partners_capability": "SELECT f.organisation_id FROM changed c JOIN partners_facility f ON f.id = c.facility_id",
    "partners_certificate": "SELECT f.organisation_id FROM changed c JOIN partners_facility f ON f.id = c.facility_id",
    "partners_identifier": (
        "SELECT coalesce(c.organisation_id, f.organisation_id) FROM changed c "
        "LEFT JOIN partners_facility f ON f.id = c.facility_id"
    ),
}
# Vocabulary → the column of the row that uses it.
VOCABULARIES = {
    "partners_service": (
        "partners_capability",
        "u.service_id = c.id OR u.service_id IN (SELECT id FROM partners_service WHERE parent_id = c.id)",
    ),
    "partners_modality": ("partners_capability", "u.modality_id = c.id"),
    "partners_dosageform": ("partners_capability", "u.dosage_form_id = c.id"),
    "partners_certificatetype": ("partners_certificate", "u.type_id = c.id"),
}


def triggers() -> str:
    """SQL of the triggers: one function per table, one trigger per kind of statement."""
    sql = []
    for table, owners in OWNERS.items():
        body = (
            f"SELECT array_agg(DISTINCT o.id) INTO ids FROM ({owners}) AS o (id) WHERE o.id IS NOT NULL; "
            "PERFORM partners_search_refresh(ids); "
        )
        both = owners.replace("FROM changed", "FROM before")
        update = (
            f"SELECT array_agg(DISTINCT o.id) INTO ids FROM ({owners} UNION {both}) AS o (id) "
            "WHERE o.id IS NOT NULL; PERFORM partners_search_refresh(ids); "
        )
        if table == "partners_organisation":
            delete = "DELETE FROM partners_searchdocument WHERE organisation_id IN (SELECT id FROM changed); "
        else:
            delete = body
        sql += [
            _function(f"{table}_search_insert", body),
            _function(f"{table}_search_update", update),
            _function(f"{table}_search_delete", delete),
            f"CREATE TRIGGER search_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_insert();",
            f"CREATE TRIGGER search_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed "
            f"OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_update();",
            f"CREATE TRIGGER search_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_delete();",
        ]
    for table, (user, condition) in VOCABULARIES.items():
        parent = " OR c.parent_id IS DISTINCT FROM b.parent_id" if table == "partners_service" else ""
        body = (
            "SELECT array_agg(DISTINCT f.organisation_id) INTO ids FROM changed c JOIN before b ON b.id = c.id "
            f"JOIN {user} u ON {condition} JOIN partners_facility f ON f.id = u.facility_id "
            f"WHERE c.label <> b.label{parent}; PERFORM partners_search_refresh(ids); "
        )
        sql += [
            _function(f"{table}_search_update", body),
            f"CREATE TRIGGER search_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed "
            f"OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_update();",
        ]
    return "\n".join(sql)


def _function(name: str, body: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE ids bigint[]; "
        f"BEGIN {body} RETURN NULL; END $$;"
    )


def drop_triggers() -> str:
    sql = []
    for table in OWNERS:
        for kind in ("insert", "update", "delete"):
            sql.append(f"DROP TRIGGER search_{kind} ON {table}; DROP FUNCTION {table}_search_{kind}();")
    for table in VOCABULARIES:
        sql.append(f"DROP TRIGGER search_update ON {table}; DROP FUNCTION {table}_search_update();")
    return "\n".join(sql)


DROP_FUNCTIONS = """
DROP FUNCTION partners_search_similar(text, int);
DROP FUNCTION partners_search_query(text, int);
DROP FUNCTION partners_search_token(text);
DROP FUNCTION partners_search_word(text);
DROP FUNCTION partners_search_refresh(bigint[]);
DROP FUNCTION partners_search_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0002_register_search_and_suggestions")]

    operations = [
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                (
                    "organisation",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="search_document",
                        serialize=False,
                        to="partners.organisation",
                    ),
                ),
                ("names", models.TextField(default="")),
                ("vector", django.contrib.postgres.search.SearchVectorField(default="")),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["vector"], name="search_vector"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["names"], name="search_names_trgm", opclasses=["gin_trgm_ops"]
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchSynonym",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.SlugField(max_length=64)),
                ("phrase", models.CharField(max_length=80)),
            ],
            options={
                "ordering": ["group", "phrase"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("group", "phrase"),
                        name="synonym_once_per_group",
                        violation_error_message="This group already has that phrase.",
                    )
                ],
            },
        ),
        migrations.RunSQL(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION partners_search"),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(triggers(), drop_triggers()),
        migrations.RunSQL(
            "SELECT partners_search_refresh(array_agg(id)) FROM partners_organisation", migrations.RunSQL.noop
        ),
    ]
