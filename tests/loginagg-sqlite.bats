#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Every figure of every final insight is the one that sqlite3 computes from the same file. sqlite3
# parses the JSON, finds the windows and writes the lines as loginagg(1) and loginpipe-stream(5) define
# them, and all lines are compared in order.
#
# Left out are texts that sqlite3 cannot hold, such as those with NUL characters, windows that are not
# a multiple of their step, and times before 1970: tests/loginagg-jq.bats compares these with jq.
#
# bats file_tags=long

load helpers
load loginagg

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    standard_insights
    # A twentieth of them is enough for a quick run, and for the sanitizers, which are slow.
    count=1000000
    [ -z "${QUICK:-}${SAN:-}" ] || count=50000
    # Six and a half hours; only late events lie before them.
    logingen -n $count --bad 1 --late 2 --span 390m | loginclean -q --rejects /dev/null >logins
    load_records logins timestamp user_id ip device_id device_type app_version locale
    figures_sql 500n | sqlite3 -bail -readonly logins.db &
    figures_sql 1h/15m 1h all | sqlite3 -bail -readonly logins.db
    wait $!
}

setup() {
    begin
    standard_insights
}

# The insights that both sides compute.
standard_insights() {
    counts=(device_type app_version locale)
    distincts=(ip/user_id)
    duplicates=('user_id,device_id' 'user_id,ip' 'app_version,locale' 'app_version,device_type')
    top=10
    values=100
}

# --- The records, in sqlite3 ---

# sql_member NAME: an SQL expression for the JSON of a member. The name may be a path.
sql_member() {
    local json="line -> '\$.\"$1\"'"

    [[ $1 != *.* ]] || json="coalesce($json, line -> '\$.\"${1//./\".\"}\"')"
    echo "($json)"
}

# sql_text FIELD: the text by which a field is counted. Numbers keep their digits.
sql_text() {
    local member

    member=$(sql_member "$1")
    cat <<SQL
CASE substr($member, 1, 1)
    WHEN '"' THEN $member ->> '\$'
    WHEN '[' THEN '(array)'
    WHEN '{' THEN '(object)'
    ELSE coalesce(nullif($member, 'null'), 'unknown')
END
SQL
}

# The time in a field, in milliseconds: digits of some magnitude, or RFC 3339.
sql_time() {
    local text

    text="($(sql_member "$1") ->> '\$')"
    cat <<SQL
CASE
    WHEN $text GLOB '*[^0-9]*'
        THEN unixepoch($text) * 1000 + CAST(substr(strftime('%f', $text), 4) AS INTEGER)
    WHEN $text + 0 < 1e11 THEN $text * 1000
    WHEN $text + 0 < 1e14 THEN $text + 0
    WHEN $text + 0 < 1e17 THEN $text / 1000
    ELSE $text / 1000000
END
SQL
}

# load_records FILE TIME_FIELD FIELD...: loads a file into the table record of the database FILE.db,
# with the columns n (from 1), t (the time) and the fields.
load_records() {
    local field columns

    for field in "${@:3}"; do
        columns+=", $(sql_text "$field") AS \"$field\""
    done
    # JSON contains no byte 037, so that a line is one column.
    sqlite3 -bail "$1.db" >/dev/null <<SQL
PRAGMA journal_mode = off;
PRAGMA synchronous = off;
PRAGMA temp_store = memory;
CREATE TEMP TABLE input(line TEXT);
.mode ascii
.separator "\037" "\n"
.import $1 input
CREATE TABLE record AS SELECT rowid AS n, $(sql_time "$2") AS t $columns FROM input;
SQL
}

# --- The windows ---

milliseconds() {
    case $1 in
    *s) echo $((${1%s} * 1000)) ;;
    *m) echo $((${1%m} * 60000)) ;;
    *h) echo $((${1%h} * 3600000)) ;;
    esac
}

sql_rfc3339() {
    echo "(strftime('%Y-%m-%dT%H:%M:%S', $1 / 1000, 'unixepoch')
        || iif($1 % 1000, printf('.%03dZ', $1 % 1000), 'Z'))"
}

# The windows of one or more -w options; windows of time and "all" can be combined. A window consists of
# slices that share no record: the table sliced has the slice of each record, slice has the windows of
# each slice, and window has the printed members of each window and the window before it.
sql_windows() {
    local slice=0 step window

    case $1 in
    *n,*) sql_batches "${1%n,*}" "$(milliseconds "${1#*,}")" ;;
    *n) slice="(n - 1) / ${1%n} + 1" ;;
    all) ;;
    *)
        # The first option has the shortest step.
        step=$(milliseconds "${1#*/}")
        slice="t / $step * $step"
        ;;
    esac
    if [[ $1 = *n,* ]]; then
        echo 'CREATE TEMP VIEW sliced AS SELECT batch AS slice, * FROM record JOIN batches USING (n);'
    else
        echo "CREATE TEMP VIEW sliced AS SELECT $slice AS slice, * FROM record;"
    fi
    cat <<SQL
CREATE TEMP TABLE slices AS
    SELECT slice, min(t) AS first, max(t) AS last FROM sliced GROUP BY slice;
CREATE TEMP TABLE span(option TEXT, slice INTEGER, start INTEGER, step INTEGER, stop INTEGER);
SQL
    for window; do
        echo "INSERT INTO span SELECT '$window', slice,"
        case $window in
        all) echo "0, 0, NULL FROM slices;" ;;
        *n | *n,*) echo "slice, 1, NULL FROM slices;" ;;
        *)
            step=$(milliseconds "${window#*/}")
            size=$(milliseconds "${window%/*}")
            echo "slice / $step * $step - value, $step, slice / $step * $step - value + $size
                FROM slices, generate_series(0, $size - 1, $step);"
            ;;
        esac
    done
    cat <<SQL
CREATE TEMP TABLE window(w INTEGER PRIMARY KEY, option TEXT, start INTEGER, step INTEGER,
    stop INTEGER, first INTEGER, last INTEGER, prev INTEGER, late INTEGER, UNIQUE (option, start));
INSERT INTO window
SELECT row_number() OVER (ORDER BY option, start), option, start, step, stop,
    min(first), max(last), NULL, 0
FROM span JOIN slices USING (slice) GROUP BY option, start;
UPDATE window SET prev = before.w FROM window AS before
    WHERE window.option = before.option AND window.start - window.step = before.start
    AND window.step > 0;
CREATE TEMP TABLE slice(slice INTEGER, w INTEGER, PRIMARY KEY (slice, w));
INSERT INTO slice SELECT slice, w FROM span JOIN window USING (option, start);
CREATE TEMP VIEW named AS SELECT *,
    CASE WHEN stop IS NOT NULL THEN option || '/' || $(sql_rfc3339 start)
        WHEN step = 1 THEN option || '/' || start ELSE option END AS key,
    CASE WHEN stop IS NOT NULL
        THEN json_object('start', $(sql_rfc3339 start), 'end', $(sql_rfc3339 stop))
        WHEN step = 1
        THEN json_object('start', NULL, 'end', NULL, 'number', start,
            'first', $(sql_rfc3339 first), 'last', $(sql_rfc3339 last))
        ELSE json_object('start', NULL, 'end', NULL,
            'first', $(sql_rfc3339 first), 'last', $(sql_rfc3339 last)) END AS bounds
FROM window;
SQL
}

# sql_batches COUNT SPAN: puts successive records into batches of at most COUNT records, whose times are
# less than SPAN milliseconds apart.
sql_batches() {
    local full="count = $1 OR max(high, t) - min(low, t) >= $2"

    cat <<SQL
CREATE TEMP TABLE times(n INTEGER PRIMARY KEY, t INTEGER);
INSERT INTO times SELECT n, t FROM record;
CREATE TEMP TABLE batches AS
WITH RECURSIVE step(m, batch, count, low, high) AS (
    SELECT n, 1, 1, t, t FROM times WHERE n = 1
    UNION ALL
    SELECT n, batch + ($full), iif($full, 1, count + 1), iif($full, t, min(low, t)),
        iif($full, t, max(high, t))
    FROM step JOIN times ON n = m + 1)
SELECT m AS n, batch FROM step;
SQL
}

# --- The insights, from the records and the windows ---

# sql_groups FIELD...: the view groups counts each combination of values in each window.
sql_groups() {
    local name="groups of $*" fields
    fields=$(printf ', "%s"' "$@")

    # This is the slow step, so it runs only once for each combination.
    cat <<SQL
CREATE TEMP TABLE IF NOT EXISTS "$name" AS
    SELECT w $fields, sum(n) AS n
    FROM (SELECT slice $fields, count(*) AS n FROM sliced GROUP BY slice $fields)
    JOIN slice USING (slice) GROUP BY w $fields;
DROP VIEW IF EXISTS groups;
CREATE TEMP VIEW groups AS SELECT * FROM "$name";
SQL
}

# sql_head KIND KEY [MEMBERS]: the members at the beginning of every insight.
sql_head() {
    echo "'insight', '$1', 'key', key || '/$2', ${3:-} 'window', json(bounds), 'final', json('true')"
}

# sql_list TABLE ARRAY: the rows of each window in a table, as the table list, ordered by rank.
sql_list() {
    cat <<SQL
CREATE TEMP TABLE "list of $1" AS
SELECT w, list FROM (
    SELECT w, rank, $2 OVER (PARTITION BY w ORDER BY rank
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS list FROM "$1")
WHERE rank = 1;
SQL
}

# The table insight collects the lines, ordered by kind.
sql_logins() {
    local field

    for field in user_id ip device_id; do
        sql_groups "$field"
        echo "CREATE TEMP TABLE \"all $field\" AS
            SELECT w, sum(n) AS n, count(*) AS groups FROM groups GROUP BY w;"
    done
    cat <<SQL
INSERT INTO insight
SELECT w, $kind, json_object($(sql_head logins logins), 'logins', u.n,
    'users', u.groups, 'ips', i.groups, 'devices', d.groups,
    'first', $(sql_rfc3339 first), 'last', $(sql_rfc3339 last), 'late', late)
FROM named JOIN "all user_id" AS u USING (w) JOIN "all ip" AS i USING (w)
JOIN "all device_id" AS d USING (w);
SQL
}

# sql_count FIELD
sql_count() {
    sql_groups "$1"
    cat <<SQL
CREATE INDEX IF NOT EXISTS "index of $1" ON "groups of $1"(w, "$1");
CREATE TEMP TABLE listed AS
SELECT * FROM (SELECT w, "$1" AS value, n,
    row_number() OVER (PARTITION BY w ORDER BY n DESC, "$1") AS rank FROM groups)
WHERE rank <= $values;
CREATE TEMP TABLE change AS
SELECT w, value, n, row_number() OVER (PARTITION BY w ORDER BY gone, rank) AS rank FROM (
    SELECT now.w, now.value, now.n - coalesce(old.n, 0) AS n, rank, 0 AS gone
    FROM listed AS now JOIN window USING (w)
    LEFT JOIN groups AS old ON old.w = prev AND old."$1" = now.value
    WHERE prev IS NOT NULL
    UNION ALL
    SELECT window.w, old.value, -old.n, rank, 1 AS gone
    FROM listed AS old JOIN window ON old.w = prev
    WHERE NOT EXISTS (SELECT 1 FROM groups WHERE w = window.w AND "$1" = old.value));
$(sql_list listed 'json_group_object(value, n)')
$(sql_list change 'json_group_object(value, n)')
INSERT INTO insight
SELECT w, $kind, substr(line, 1, length(line) - 1)
    || iif(n > listed, ',"other":' || (n - listed), '')
    || coalesce(',"change":' || change, '') || '}'
FROM (
    SELECT w, json_object($(sql_head count "count/$1" "'field', '$1',"),
        'values', groups, 'counts', json(coalesce(counts.list, '{}'))) AS line,
        n, coalesce(listed, 0) AS listed, change.list AS change
    FROM named
    JOIN (SELECT w, count(*) AS groups, sum(n) AS n FROM groups GROUP BY w) USING (w)
    LEFT JOIN (SELECT w, sum(n) AS listed FROM listed GROUP BY w) USING (w)
    LEFT JOIN "list of listed" AS counts USING (w)
    LEFT JOIN "list of change" AS change USING (w));
DROP TABLE listed; DROP TABLE "list of listed"; DROP TABLE change; DROP TABLE "list of change";
SQL
}

# sql_distinct FIELD/PER
sql_distinct() {
    local field=${1%/*} per=${1#*/}

    sql_groups "$per" "$field"
    cat <<SQL
CREATE TEMP TABLE ranked AS
SELECT *, row_number() OVER (PARTITION BY w ORDER BY pairs DESC, per) AS rank
FROM (SELECT w, "$per" AS per, count(*) AS pairs, sum(n) AS n FROM groups GROUP BY w, "$per");
CREATE TEMP TABLE listed AS SELECT * FROM ranked WHERE rank <= $top;
$(sql_list listed "json_group_array(json_object('$per', per, '${field}s', pairs, 'logins', n))")
INSERT INTO insight
SELECT w, $kind, json_object(
    $(sql_head distinct "distinct/$1" "'field', '$field', 'per', '$per',"),
    'groups', groups, 'pairs', pairs, 'max', max,
    'mean', (200 * pairs + groups) / (2 * groups) / 100.0, 'top', json(coalesce(list, '[]')))
FROM named
JOIN (SELECT w, count(*) AS groups, sum(pairs) AS pairs, max(pairs) AS max
    FROM ranked GROUP BY w) USING (w)
LEFT JOIN "list of listed" USING (w);
DROP TABLE ranked; DROP TABLE listed; DROP TABLE "list of listed";
SQL
}

# sql_duplicates FIELD,...
sql_duplicates() {
    local fields names columns='' members='' texts='' name

    IFS=, read -ra names <<<"$1"
    for name in "${names[@]}"; do
        columns+=", \"$name\""
        members+="'$name', \"$name\", "
        texts+=", '$name'"
    done
    sql_groups "${names[@]}"
    cat <<SQL
CREATE TEMP TABLE ranked AS
SELECT *, row_number() OVER (PARTITION BY w ORDER BY n DESC $columns) AS rank
FROM groups WHERE n > 1;
CREATE TEMP TABLE listed AS SELECT * FROM ranked WHERE rank <= $top;
$(sql_list listed "json_group_array(json_object($members 'count', n))")
INSERT INTO insight
SELECT w, $kind, json_object(
    $(sql_head duplicates "duplicates/$1" "'fields', json_array(${texts#, }),"),
    'groups', coalesce(groups, 0), 'records', coalesce(records, 0),
    'top', json(coalesce(list, '[]')))
FROM named
LEFT JOIN (SELECT w, count(*) AS groups, sum(n) AS records FROM ranked GROUP BY w) USING (w)
LEFT JOIN "list of listed" USING (w);
DROP TABLE ranked; DROP TABLE listed; DROP TABLE "list of listed";
SQL
}

sql_insights() {
    local kind=0 name

    echo 'CREATE TEMP TABLE insight(w INTEGER, kind INTEGER, line TEXT);'
    sql_logins
    for name in "${counts[@]}"; do
        kind=$((kind + 1))
        sql_count "$name"
    done
    for name in "${distincts[@]}"; do
        kind=$((kind + 1))
        sql_distinct "$name"
    done
    for name in "${duplicates[@]}"; do
        kind=$((kind + 1))
        sql_duplicates "$name"
    done
}

# figures_sql WINDOW...: the statements that write the insights of each window to the file WINDOW.want.
figures_sql() {
    local window

    echo 'PRAGMA temp_store = memory;'
    sql_windows "$@"
    sql_insights
    for window; do
        echo ".output $(name_of "$window").want"
        echo "SELECT line FROM insight JOIN window USING (w) WHERE option = '$window'
            ORDER BY start, kind;"
    done
}

name_of() {
    echo "${1//[\/,]/-}"
}

# --- Both sides ---

# assert_insights WANT FILE WINDOW [OPTION]...: for FILE, loginagg prints the lines in WANT.
assert_insights() {
    local options=() name

    for name in "${counts[@]}"; do options+=(--count "$name"); done
    for name in "${distincts[@]}"; do options+=(--distinct "$name"); done
    for name in "${duplicates[@]}"; do options+=(--duplicates "$name"); done
    loginagg --every 0 --lateness 9999d --top "$top" --values "$values" -w "$3" "${options[@]}" \
        "${@:4}" <"$2" >insights
    [ -s "$1" ]
    short_numbers <"$1" >want
    short_numbers <insights | diff want - >differences || {
        head -n 6 differences >&2
        return 1
    }
}

# assert_figures FILE WINDOW [OPTION]...: loginagg and sqlite3 agree. Needs load_records FILE.
assert_figures() {
    figures_sql "$2" | sqlite3 -bail -readonly "$1.db"
    assert_insights "$(name_of "$2").want" "$@"
}

# --- A million logins ---

@test "the insights of each hour of a million logins match" {
    assert_insights "$BATS_FILE_TMPDIR/1h.want" "$BATS_FILE_TMPDIR/logins" 1h
}

@test "the insights of overlapping hours of a million logins match" {
    assert_insights "$BATS_FILE_TMPDIR/1h-15m.want" "$BATS_FILE_TMPDIR/logins" 1h/15m
}

@test "the insights of a million logins as a whole match" {
    assert_insights "$BATS_FILE_TMPDIR/all.want" "$BATS_FILE_TMPDIR/logins" all
}

@test "the insights of each 500 of a million logins match" {
    assert_insights "$BATS_FILE_TMPDIR/500n.want" "$BATS_FILE_TMPDIR/logins" 500n
}

@test "the insights of several windows at once match" {
    loginagg --every 0 --lateness 1d -w 500n -w all -w 1h -w 1h/15m \
        <"$BATS_FILE_TMPDIR/logins" | short_numbers | LC_ALL=C sort >got
    (cd "$BATS_FILE_TMPDIR" && cat 1h.want 1h-15m.want all.want 500n.want) | short_numbers |
        LC_ALL=C sort | cmp - got
}

# --- Other records ---

# Records of a real producer, and variations: other types of time, spacing and order, missing devices,
# addresses of both kinds, names in any script. They are years apart.
seen_records() {
    good_records
    cat <<'END'
{"user_id": "08131166-08f9-4657-af94-d83316a33a1d", "app_version": "2.3.0", "ip": "207.146.162.253", "locale": "MI", "device_id": "6d3b2d37-aa02-4009-9a75-2f3c7a1cd869", "timestamp": 1730415831}
END
    for filter in . '.device_type = ""' '.device_type = null' 'del(.device_type)' \
        '.device_type |= (. // "Android" | ascii_upcase)' '.locale = "é\"\\\u0007"' '.locale = "ß"' \
        '.ip = "2001:db8::1"' '.user_id = "ann"' '.user_id = "Ann"' '.user_id = "😀"' \
        '.app_version = "2.10.0"' '.device_id = "other"' 'to_entries | reverse | from_entries'; do
        { good_records && good_records; } | jq -c --argjson n "$((n += 1))" \
            "$filter"' | .timestamp |= if type == "string" then tonumber + $n * 311 | tostring
                else . + $n * 7 end'
    done
}

@test "the insights of real records and their variations match" {
    seen_records | loginclean >records
    assert_eq "$(wc -l <records)" 59
    load_records records timestamp user_id ip device_id device_type app_version locale
    for window in 1h 1h/15m 10m all 500n 7n 7n,5m; do
        assert_figures records "$window"
    done
    top=2 values=2
    assert_figures records 1h
    top=0 values=0
    assert_figures records all
}

@test "the insights of batches that a number or a duration ends match" {
    # At first the duration ends most batches, later the number.
    { logingen -n 10k --span 20m --late 0.1 && logingen -n 10k --span 5m --start 1694480000; } |
        loginclean >records
    load_records records timestamp user_id ip device_id device_type app_version locale
    for window in 500n,30s 500n,6h; do
        assert_figures records "$window"
    done
    jq 'select(.insight == "logins").logins' 500n-30s.want >sizes
    [ "$(grep -cx 500 sizes)" -gt 10 ]
    [ "$(grep -cvx 500 sizes)" -gt 10 ]
}

# sales COUNT: records of sales, one every two seconds. Their times are in another field, in RFC 3339
# with a fraction and any zone, and as numbers of any magnitude.
sales() {
    jq -nc --argjson count "$1" 'range($count) | . as $n | (1706700000 + $n * 2) as $t | {
        at: ([($t | todate), ($t + 3600 | todate | sub("Z"; ".250+01:00")),
            ($t - 16200 | todate | sub("T"; " ") | sub("Z"; "-04:30")), $t, ($t | tostring),
            $t * 1000 + 7, "\($t)000000", "\($t)999999999"][$n % 8]),
        shop: "shop \($n * $n % 23)", item: [($n * 7 % 13), "7", 1.5, true, null, [], {}][$n % 7],
        geo: ([{country: "é\($n % 3)"}, {country: ($n % 2)}, {}, "x"][$n % 4]), "sold at": 1}
        + if $n % 5 == 0 then {"geo.country": "of the record"} else {} end'
}

@test "the insights of other records match, with times of all kinds and fields inside objects" {
    sales 5000 >records
    counts=(shop geo.country item)
    distincts=(item/shop geo.country/item shop/geo.country)
    duplicates=(shop 'shop,item' 'geo.country,shop,item')
    load_records records at user_id ip device_id shop item geo.country
    for window in 1h 30m/10m all 500n 300n,5m; do
        assert_figures records "$window" --time-field at
    done
    assert_eq "$(jq -c 'select(.insight == "count" and .field == "item").values' all.want)" \
        "$(jq -c .item records | sed 's/"//g' | sort -u | wc -l)"
}

# --- Late records ---

# sql_late SIZE LATENESS: removes the records whose window of SIZE milliseconds was closed when they
# arrived, and counts them for the next window that closes.
sql_late() {
    cat <<SQL
CREATE TABLE late AS SELECT n FROM (
    SELECT n, t, max(t) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
    FROM record)
WHERE newest >= t / $1 * $1 + $1 + $2;
CREATE TABLE closed AS SELECT start, min(n) AS n
FROM (SELECT DISTINCT t / $1 * $1 AS start FROM record WHERE n NOT IN late)
LEFT JOIN record ON t >= start + $1 + $2 GROUP BY start;
DELETE FROM record WHERE n IN late;
SQL
}

@test "late records match, in the count of each window and in the rejects" {
    logingen -n 100k --late 3 --span 4h >all
    loginclean <all >records
    load_records records timestamp user_id ip device_id device_type app_version locale
    sql_late 600000 60000 | sqlite3 -bail records.db
    figures_sql 10m | sed '/^CREATE TEMP VIEW named/i\
        UPDATE window SET late = \
            (SELECT count(*) FROM late WHERE n < coalesce(ends.n, 1e9)) - \
            (SELECT count(*) FROM late WHERE n < ends.before) \
        FROM (SELECT start, n, lag(n, 1, 0) OVER (ORDER BY start) AS before FROM closed) AS ends \
        WHERE window.start = ends.start;' | sqlite3 -bail -readonly records.db
    assert_insights 10m.want records 10m --lateness 1m -q --rejects rejects
    sqlite3 records.db 'SELECT n FROM late ORDER BY n' >late
    [ "$(wc -l <late)" -gt 1000 ]
    jq .line rejects | cmp - late
    awk 'NR == FNR { late[$1]; next } FNR in late' late records >lines
    jq -r .raw rejects | cmp - lines
}
