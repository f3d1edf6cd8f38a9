-- SPDX-License-Identifier: BSD-2-Clause
--
-- The tables for to-postgresql.sh. Create them with psql -f postgresql.sql; a second run does no
-- harm.
--
-- Queries for the users with the most addresses, and for logins by device type:
--
--   SELECT window_start, t->>'user_id' AS user_id, (t->'ips')::int AS ips
--   FROM login_insights, jsonb_array_elements(insight->'top') AS t
--   WHERE kind = 'distinct' ORDER BY window_start DESC, ips DESC;
--
--   SELECT window_start, device.key, device.value::int AS logins
--   FROM login_insights, jsonb_each(insight->'counts') AS device
--   WHERE kind = 'count' AND insight->>'field' = 'device_type' ORDER BY 1, 3 DESC;

CREATE TABLE IF NOT EXISTS login_insights (
    key text PRIMARY KEY,
    kind text NOT NULL,
    window_start timestamptz, -- null for "all" and for windows of records
    window_end timestamptz,
    final boolean NOT NULL,
    insight jsonb NOT NULL,   -- the whole line
    stored timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS login_insights_by_window ON login_insights (window_start, kind);

-- The unchanged lines that are not insights, or that PostgreSQL cannot store.
CREATE TABLE IF NOT EXISTS login_insight_rejects (
    line text NOT NULL,
    reason text NOT NULL,
    stored timestamptz NOT NULL DEFAULT now()
);

-- Returns why a line cannot be stored as an insight, or NULL if it can.
CREATE OR REPLACE FUNCTION login_insight_trouble(line text) RETURNS text AS $$
DECLARE
    insight jsonb;
BEGIN
    insight := line::jsonb;
    IF insight->>'insight' IS NULL OR insight->>'key' IS NULL THEN
        RETURN 'not an insight';
    END IF;
    IF octet_length(insight->>'key') > 2000 THEN
        RETURN 'the key is too long for an index';
    END IF;
    PERFORM (insight->>'final')::boolean, (insight->'window'->>'start')::timestamptz,
        (insight->'window'->>'end')::timestamptz;
    RETURN NULL;
EXCEPTION WHEN data_exception OR program_limit_exceeded OR feature_not_supported THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;
