#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# to-sqlite.sh FILE < insights - insights into a file of SQLite, one row for each key
#
#   kcat-in -t login-insights -e | to-sqlite.sh logins.db
#   sqlite3 -box logins.db "SELECT window_start, insight ->> '$.logins' AS logins
#       FROM login_insights WHERE kind = 'logins'"
#
# The file and its tables are made when they are missing. An insight replaces the row with its key,
# so repeated lines do no harm. All is stored, in one transaction, or nothing: the status is that
# of sqlite3 then.
#
# Lines that are no insights go to the table login_insight_rejects, and a message says how many. So
# do those with a NUL character in the key ("\u0000"), where SQLite would see the key end. Elsewhere
# in an insight it is stored as it came, but what ->> gets out of it ends there.
set -eu -o pipefail

if [ $# -ne 1 ]; then
    echo 'usage: to-sqlite.sh FILE < insights' >&2
    exit 64
fi

# The columns end with \037: raw control characters, which JSON has none of but CR, would be in the
# way.
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
    window_start TEXT, -- none for windows of all records, and of so many
    window_end TEXT,
    final INTEGER NOT NULL,
    insight TEXT NOT NULL, -- all of it
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
