#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# to-postgresql.sh [CONNECTION] < insights - stores insights in PostgreSQL, one row per key
#
#   psql -f postgresql.sql logins                                # once: creates the tables
#   kcat-in -t login-insights -e | to-postgresql.sh logins       # as often as you like
#
# An insight replaces the row with its key, so repeated lines do no harm, and you can repeat a run
# that failed. A run is one transaction: it stores all lines, or none and exits with psql's status.
#
# Lines that are not insights, or that PostgreSQL cannot hold, go to login_insight_rejects with the
# reason, and a message gives their number. For example, jsonb cannot hold a text with a NUL
# character, although "\u0000" is valid JSON.
#
# CONNECTION is the name of a database, or a connection string. Without it, psql uses PGDATABASE and
# its other variables as usual.
set -eu -o pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# COPY must take each line as it is, so \001 and \002 replace the quote and the comma of its CSV
# format. Two things would still disturb COPY: raw control characters, of which JSON allows only CR,
# and a line of just \. which ends the data. tr and sed change both.
LC_ALL=C tr '\r\000-\010\013\014\016-\037' ' [\003*]' |
    LC_ALL=C sed 's/^\\\.$/\\. /' |
    PGCLIENTENCODING=UTF8 PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning" \
        psql -X -q -A -t -v ON_ERROR_STOP=1 -1 -f <(
            cat <<'SQL'
CREATE TEMP TABLE input (n bigserial, line text, trouble text) ON COMMIT DROP;
\copy input (line) FROM pstdin WITH (FORMAT csv, QUOTE E'\001', ESCAPE E'\001', DELIMITER E'\002')
DELETE FROM input WHERE line IS NULL; -- an empty line
UPDATE input SET trouble = login_insight_trouble(line);
INSERT INTO login_insight_rejects (line, reason)
    SELECT line, trouble FROM input WHERE trouble IS NOT NULL ORDER BY n;
INSERT INTO login_insights (key, kind, window_start, window_end, final, insight)
    SELECT DISTINCT ON (insight->>'key') insight->>'key', insight->>'insight',
        (insight->'window'->>'start')::timestamptz, (insight->'window'->>'end')::timestamptz,
        coalesce((insight->>'final')::boolean, true), insight
    FROM (SELECT n, line::jsonb AS insight FROM input WHERE trouble IS NULL) AS good
    ORDER BY insight->>'key', n DESC
    ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, window_start = excluded.window_start,
        window_end = excluded.window_end, final = excluded.final, insight = excluded.insight,
        stored = excluded.stored;
SELECT count(*) FROM input WHERE trouble IS NOT NULL;
SQL
        ) ${1:+"$1"} > "$work/rejected"

rejected=$(< "$work/rejected")
[ "$rejected" -eq 0 ] ||
    echo "to-postgresql.sh: $rejected lines are in login_insight_rejects, with the reason" >&2
