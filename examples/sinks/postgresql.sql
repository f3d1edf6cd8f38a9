-- SPDX-License-Identifier: BSD-2-Clause
--
-- The tables for to-postgresql. Create them with psql -f postgresql.sql; a second run does no harm.
--
-- Queries for the users with the most addresses, for logins by device type, and for rejects:
--
--   SELECT window_start, t->>'user_id' AS user_id, (t->'ips')::int AS ips
--   FROM login_insights, jsonb_array_elements(insight->'top') AS t
--   WHERE kind = 'distinct' ORDER BY window_start DESC, ips DESC;
--
--   SELECT window_start, device.key, device.value::int AS logins
--   FROM login_insights, jsonb_each(insight->'counts') AS device
--   WHERE kind = 'count' AND insight->>'field' = 'device_type' ORDER BY 1, 3 DESC;
--
--   SELECT reason, field, count(*) FROM login_rejects GROUP BY 1, 2 ORDER BY 3 DESC;

CREATE TABLE IF NOT EXISTS logins (
    topic text, partition int, "offset" bigint, part int, -- null without envelopes
    time timestamptz,                                     -- null if the record has no timestamp
    record jsonb NOT NULL,
    stored timestamptz NOT NULL DEFAULT now(),
    user_id text GENERATED ALWAYS AS (record->>'user_id') STORED,
    ip text GENERATED ALWAYS AS (record->>'ip') STORED,
    device_type text GENERATED ALWAYS AS (record->>'device_type') STORED,
    UNIQUE (topic, partition, "offset", part)
);
CREATE INDEX IF NOT EXISTS logins_by_time ON logins (time);

CREATE TABLE IF NOT EXISTS login_insights (
    key text PRIMARY KEY,
    kind text NOT NULL,
    window_start timestamptz, -- null for "all" and for windows of records
    window_end timestamptz,
    final boolean NOT NULL,
    insight jsonb NOT NULL,   -- the whole line
    topic text, partition int, "offset" bigint, -- null without envelopes
    stored timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS login_insights_by_window ON login_insights (window_start, kind);

CREATE TABLE IF NOT EXISTS login_rejects (
    topic text, partition int, "offset" bigint, part int, -- null if they are unknown
    reason text NOT NULL,
    stage text NOT NULL,
    field text,
    detail text,
    line text NOT NULL, -- the whole reject; it may have what jsonb cannot hold
    stored timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, partition, "offset", part, reason, stage)
);
