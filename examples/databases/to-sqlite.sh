#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# to-sqlite.sh FILE < insights - stores insights in an SQLite file, one row per key
#
#   kcat-in -t login-insights -e | to-sqlite.sh logins.db
#   sqlite3 -box logins.db "SELECT window_start, insight ->> '$.logins' AS logins
#       FROM login_insights WHERE kind = 'logins'"
#
# The script creates the file and its tables if they are missing. An insight replaces the row with
# its key, so repeated lines do no harm. A run is one transaction: it stores all lines, or none and
# exits with the status of sqlite3.
#
# Lines that are not insights go to the table login_insight_rejects, and a message gives their
# number. So do insights with a NUL character ("\u0000") in the key, since SQLite would take it for
# the end of the key. A NUL character elsewhere is stored unchanged, but a text that ->> extracts
# ends there.
set -eu -o pipefail

if [ $# -ne 1 ]; then
    echo 'usage: to-sqlite.sh FILE < insights' >&2
    exit 64
fi

# The columns end with \037, so raw control characters, of which JSON allows only CR, are changed.
exec 3< <(LC_ALL=C tr '\r\000-\010\013\014\016-\037' ' [\003*]')
rejected=$(sqlite3 -batch -bail "$1" << 'SQL'
.timeout 10000
CREATE TEMP TABLE input(line TEXT);
.mode ascii
.separator "\037" "\n"
.import /dev/fd/3 input
.mode list
CREATE TEMP TABLE good AS
    SELECT rowid AS n, line, line ->> '$.key' AS key FROM input
    WHERE iif(json_valid(line), json_type(line, '$.insight') = 'text'
        AND json_type(line, '$.key') = 'text' AND NOT instr(line -> '$.key', '\u0000'), 0);
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS login_insights(
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    window_start TEXT, -- null for "all" and for windows of records
    window_end TEXT,
    final INTEGER NOT NULL,
    insight TEXT NOT NULL, -- the whole line
    stored TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS login_insight_rejects(
    line TEXT NOT NULL,
    stored TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO login_insight_rejects(line)
    SELECT line FROM input WHERE rowid NOT IN (SELECT n FROM good) AND line <> '' ORDER BY rowid;
SELECT changes();
INSERT INTO login_insights(key, kind, window_start, window_end, final, insight)
    SELECT key, line ->> '$.insight', line ->> '$.window.start', line ->> '$.window.end',
        coalesce(line ->> '$.final', 1), line
    FROM good WHERE true ORDER BY n
    ON CONFLICT(key) DO UPDATE SET kind = excluded.kind, window_start = excluded.window_start,
        window_end = excluded.window_end, final = excluded.final, insight = excluded.insight,
        stored = excluded.stored;
COMMIT;
SQL
)

[ "$rejected" -eq 0 ] || echo "to-sqlite.sh: $rejected lines are in login_insight_rejects" >&2
