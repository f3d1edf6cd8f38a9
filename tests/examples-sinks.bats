#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/sinks: PostgreSQL, SQLite, files, and alerts by a webhook and mail.

load helpers

# The tests run the sinks by Debian's own Python, which has psycopg2 from Debian's package.
setup_file() {
    export python=/usr/bin/python3
    [ -x "$python" ] || python=$(type -P python3)
    start_postgresql
}

setup() {
    begin
    sinks=$BATS_TEST_DIRNAME/../examples/sinks
    RUN=01234567-89ab-4def-8123-456789abcdef
}

teardown_file() {
    stop_postgresql
    [ -z "${PGHOST:-}" ] || rm -rf "$PGHOST"
}

# --- PostgreSQL, one for all tests of this file ---

# Makes a database that listens on a socket in a directory of its own, and sets PGHOST and others. PostgreSQL
# refuses to run as root, so another user runs it, who has no access to the tests' directory. The path of a
# socket must be short.
start_postgresql() {
    local bin

    bin=$(find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || bin=$(dirname "$(type -P initdb)") || return 0
    command -v psql >/dev/null || return 0
    export PG_BIN=$bin PGHOST PGUSER=tester PGDATABASE=postgres
    PGHOST=$(mktemp -d -p /tmp)
    unset PGPORT PGPASSWORD PGSERVICE PGOPTIONS
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$PGHOST"
    (
        cd "$PGHOST" || exit
        HOME=$PGHOST as_nobody "$bin/initdb" -D data -U tester -A trust -E UTF8 --locale=C -N >log
    )
    restart_postgresql
}

as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

restart_postgresql() {
    as_nobody "$PG_BIN/postgres" -D "$PGHOST/data" -k "$PGHOST" -c listen_addresses= -c fsync=off \
        -c autovacuum=off </dev/null >"$BATS_FILE_TMPDIR/server.log" 2>&1 3>&- &
    wait_until 30 psql -X -q -c 'SELECT 1' >/dev/null 2>&1
}

stop_postgresql() {
    local pid

    [ -e "${PGHOST:-}/data/postmaster.pid" ] || return 0
    read -r pid <"$PGHOST/data/postmaster.pid"
    kill -INT "$pid"
    wait_until 20 is_gone "$pid"
}

# Skips the test if there is no PostgreSQL or no psycopg2. Otherwise makes empty tables.
need_postgresql() {
    if [ -z "${PGHOST:-}" ] || ! "$python" -c 'import psycopg2'; then
        [ "${CI:-}" != true ] || return 1
        skip "there is no PostgreSQL server, or no psycopg2"
    fi
    PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 \
        -c 'DROP TABLE IF EXISTS logins, login_insights, login_rejects' \
        -f "$sinks/postgresql.sql" -f "$sinks/postgresql.sql"
}

# --- The two databases, which the same tests use ---

# use postgresql|sqlite: sets $sink to the command. The function sql QUERY prints the result of a query.
use() {
    database=$1
    case $1 in
    postgresql)
        need_postgresql
        sink=("$python" "$sinks/to-postgresql")
        ;;
    sqlite) sink=("$python" "$sinks/to-sqlite" db) ;;
    esac
}

sql() {
    case $database in
    postgresql) psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1" ;;
    sqlite) sqlite3 -cmd '.timeout 10000' db "$1" ;;
    esac
}

# has_rows COUNT TABLE
has_rows() {
    [ "$(sql "SELECT count(*) FROM $2" 2>/dev/null || echo 0)" -ge "$1" ]
}

# --- Streams ---

# mark KIND SEQ [MEMBERS]
mark() {
    printf '{"@mark":"%s","run":"%s","seq":%s,"at":[["t",0,0]]%s}\n' "$1" "$RUN" "$2" "${3:+,$3}"
}

# envelope OFFSET VALUE: a message of the topic t.
envelope() {
    printf '{"topic":"t","partition":0,"offset":%s,"key":"k","value":%s}\n' "$1" "$2"
}

# insight KEY FINAL LOGINS: of a window of one hour, or if the key is "all" of the window all.
insight() {
    local end='"2023-09-12T01:00:00Z"'

    [ "$1" != all ] || end=null
    printf '{"insight":"logins","key":"%s","window":{"start":null,"end":%s},"final":%s,"logins":%s}' \
        "$1" "$end" "$2" "$3"
}

# Opens the FIFO acks. read_ack SECONDS puts the next mark that comes back into $ack.
open_acks() {
    mkfifo acks
    exec {acks}<>acks
}

read_ack() {
    ack=
    until [ -n "$ack" ]; do # the first line is empty
        read -r -t "$1" -u "$acks" ack || return 1
    done
}

# Starts a broker with $topic, and makes the script "pipeline", which reads it into the sink "$@".
make_pipeline() {
    start kcat-broker -t "$topic:3" >address
    wait_until 10 has_lines 1 address
    BOOTSTRAP_SERVERS=$(<address)
    export BOOTSTRAP_SERVERS
    made=0
    slow_stage
    printf 'kcat-in %s -G g --shard 0/1 --marks=100ms --acks acks %s | perl slow | %s\n' "$flags" "$topic" \
        "$*" >pipeline
}

# more_records COUNT: appends that many records to $topic, with the next numbers.
more_records() {
    seq -f '{"n":%.0f}' $((made + 1)) $((made + $1)) | produce "$topic"
    made=$((made + $1))
}

# start_pipeline COUNT: appends that many records, and starts the pipeline; $session is its process number.
start_pipeline() {
    more_records "$1"
    start bash pipeline 2>>err
    session=$!
}

# Kills the sink. The other stages would notice at the next mark, which a quiet topic has every 5 seconds.
kill_sink() {
    pkill -KILL -s "$session" python
    pkill -TERM -s "$session" kcat-in || true # it has noticed already
    await "$session"
}

# Runs the pipeline until it has read everything.
read_the_rest() {
    sed -i 's/kcat-in/kcat-in -e/; s/perl slow/cat/' pipeline
    timeout 60 bash -o pipefail pipeline
}

# listen http|smtp: starts a server in the directory of that name, and sets $port.
listen() {
    mkdir "$1"
    start "$python" "$BATS_TEST_DIRNAME/listener" "$1" "$1"
    wait_until 10 test -e "$1/port"
    port=$(<"$1/port")
}

# texts FILE: the first lines of the messages that a listener has taken.
texts() {
    jq -r '.text | split("\r\n|\n"; null)[0]' "$1"
}

# --- What all sinks do ---

@test "a sink sends a mark back only after the database has committed all lines before it" {
    use sqlite
    open_acks
    "${sink[@]}" </dev/null
    mkfifo lock
    exec {lock}<>lock
    start sqlite3 db <&"$lock"
    echo 'BEGIN IMMEDIATE;' >&"$lock"
    wait_until 10 bash -c '! sqlite3 db "BEGIN IMMEDIATE" 2>/dev/null'
    start_fed "${sink[@]}" --acks acks
    { mark hello 0 && echo '{"n":1}' && mark mark 1; } | write_to_feed
    read_ack 20
    assert_eq "$ack" "$(mark hello 0)"
    run ! read_ack 1
    echo 'COMMIT;' >&"$lock"
    read_ack 20
    assert_eq "$ack" "$(mark mark 1)"
    assert_eq "$(sql 'SELECT count(*) FROM logins')" 1
    mark end 2 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
}

@test "a sink stores within seconds on a stream that does not end" {
    use sqlite
    start_fed "${sink[@]}"
    echo '{"n":1}' | write_to_feed
    wait_until 10 has_rows 1 logins
    kill -TERM "$pid" # the first one is for the source
    echo '{"n":2}' | write_to_feed
    wait_until 10 has_rows 2 logins
    printf '{"n":3}' | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(sql 'SELECT count(*) FROM logins')" 3
}

@test "a sink stores nothing that follows the last mark of a stage that has died, and exits with 75" {
    use sqlite
    open_acks
    { mark hello 0 && echo '{"n":1}' && mark mark 1 && echo '{"n":2}' && echo '{"n":'; } >in
    run -75 "${sink[@]}" --acks acks <in
    assert_match "$output" 'a stage before this one has died'
    assert_eq "$(sql 'SELECT record FROM logins')" '{"n":1}'
    exec {acks}>&-
    # kcat-in itself has died.
    run -75 "${sink[@]}" --acks acks <in
    assert_match "$output" 'kcat-in has ended'
}

@test "a sink refuses streams that are mixed" {
    use sqlite
    { mark hello 0 && mark hello 1; } >twice
    { mark hello 3 && mark mark 3; } >still
    { mark hello 0 && mark end 1 && echo '{}'; } >after
    { echo '{}' && mark hello 0; } >before
    { mark hello 0 && RUN=another && mark mark 1; } >other
    { mark hello 0 && echo '{"@mark"'; } >torn
    for file in twice still after before other torn; do
        run -65 "${sink[@]}" <"$file"
    done
    echo '{}' >none
    run -65 "${sink[@]}" --acks acks <none
    assert_match "$output" 'no marks'
    run -64 "${sink[@]}" --no-such-option
}

@test "a sink gives up when it is told to stop while its database is away" {
    : >file
    start_fed "$python" "$sinks/to-sqlite" file/db
    echo '{"n":1}' | write_to_feed
    wait_until 10 grep -q 'trying again' err
    kill -TERM "$pid"
    await "$pid"
    assert_eq "$status" 75
}

# --- Databases ---

keeps_insights() {
    logingen -n 2000 --users 50 --span 3h | loginclean | loginagg --every 500n >insights
    # shellcheck disable=SC1003 # backslashes
    for value in "'; DROP TABLE login_insights; --" '"' '\' '\\' '\n' '\t,' '{}' '$$' '%s' 'é😀' '\.' '\N'; do
        jq -cn --arg v "$value" '{timestamp: 1694476800, user_id: $v, device_type: $v, ip: $v}'
    done >strange
    loginagg -w all --count device_type <strange >>insights
    jq -cSs 'group_by(.key) | map(last)[]' insights | LC_ALL=C sort >want
    for _ in 1 2; do
        run -0 "${sink[@]}" <insights
        assert_eq "$output" ''
        sql 'SELECT insight FROM login_insights' | jq -cS . | LC_ALL=C sort | diff want -
    done
    "${sink[@]}" <strange
    sql 'SELECT record FROM logins' | jq -cS . | diff <(jq -cS . strange) -
    # The queries in the comments of the schema.
    [ "$(sql "SELECT count(*) FROM login_insights WHERE kind = insight ->> '${json}insight'
        AND key = insight ->> '${json}key'")" -eq "$(wc -l <want)" ]
    assert_eq "$(sql "SELECT DISTINCT user_id FROM logins WHERE ip = '{}'")" '{}'
    assert_match "$(sql 'SELECT min(time) FROM logins')" '^2023-09-12.00:00:00'
}

@test "PostgreSQL has the newest insight of each key and all records, whatever text they contain" {
    json='' && use postgresql
    keeps_insights
}

@test "SQLite has the newest insight of each key and all records, whatever text they contain" {
    json='$.' && use sqlite
    keeps_insights
}

keeps_the_newest() {
    stored() { sql "SELECT insight ->> '${json}logins' FROM login_insights WHERE key = '$1'"; }
    # With envelopes, the offset says which line is newer.
    { envelope 1 "$(insight a false 10)" && envelope 2 "$(insight a true 20)"; } | "${sink[@]}" -J
    envelope 1 "$(insight a false 10)" | "${sink[@]}" -J
    assert_eq "$(stored a)" 20
    envelope 3 "$(insight a false 5)" | "${sink[@]}" -J
    assert_eq "$(stored a)" 5
    # Without them, the later line is newer, but the end of a window of time stays.
    for key in b all; do
        for of in 'false 10' 'true 20' 'false 10'; do
            insight "$key" "${of% *}" "${of#* }" && echo
        done
    done | "${sink[@]}"
    assert_eq "$(stored b) $(stored all)" '20 10'
    { insight b true 30 && echo && insight all false 40; } | "${sink[@]}"
    assert_eq "$(stored b) $(stored all)" '30 40'
}

@test "in PostgreSQL an older insight that comes again does not replace a newer one" {
    json='' && use postgresql
    keeps_the_newest
}

@test "in SQLite an older insight that comes again does not replace a newer one" {
    json='$.' && use sqlite
    keeps_the_newest
}

# Several lines of one message, as a jq program makes them, are all kept.
keeps_each_line_once() {
    {
        mark hello 0
        envelope 1 '{"a":1.50}' && envelope 1 '{"a":2}' && envelope 2 '{"a":3}'
        echo '{"topic":"t","partition":0,"offset":3,"value_text":" {\"a\": 4}"}'
        echo '{"topic":"t","partition":0,"offset":4,"payload":"{\"a\": 5}"}'
        mark end 1
    } >in
    printf '%s\n' '{"reject":"empty","stage":"loginclean","topic":"t","partition":0,"offset":9,"raw":"x"}' \
        '{"reject":"empty","stage":"loginclean","raw":"\u0000 \ud800"}' >rejects
    for _ in 1 2; do
        "${sink[@]}" -J <in
        "${sink[@]}" -J <rejects
    done
    sql "SELECT record ->> '${json}a' FROM logins ORDER BY \"offset\", part" >got
    assert_eq "$(paste -sd' ' got)" "1.5$zero 2 3 4 5"
    # The reject without a place is there twice.
    { cat rejects && tail -n 1 rejects; } | LC_ALL=C sort >want
    sql 'SELECT line FROM login_rejects' | LC_ALL=C sort | diff want -
}

@test "PostgreSQL has each line of a message once, although it comes twice" {
    json='' zero=0 && use postgresql
    keeps_each_line_once
}

@test "SQLite has each line of a message once, although it comes twice" {
    json='$.' zero='' && use sqlite
    keeps_each_line_once
}

keeps_bad_lines() {
    {
        printf '%s\n' '{"n":1}' x '[1]' '{"insight":"logins"}' '{"partial":"1h"}' '{"n":NaN}' $'\xff'
        printf '%s\n' "$@" && echo '{"n":2}'
    } >in
    run -0 "${sink[@]}" <in
    assert_match "$output" "^[a-z-]+: $((6 + $#)) lines cannot be used and are in login_rejects; the last one: "
    assert_eq "$(sql 'SELECT count(*) FROM logins')" 2
    sql "SELECT line FROM login_rejects" >rejects
    grep -vc '^{"reject":"' rejects && false
    jq -r '.raw // (.raw_b64 | @base64d)' rejects | LC_ALL=C sort >got
    grep -avx '{"n":[12]}' in | LC_ALL=C sort | sed 's/^\xff$/\xef\xbf\xbd/' | diff - got
    printf '{"topic":"t"}\n' >in
    run -0 "${sink[@]}" -J <in
    assert_match "$output" 'not_envelope'
}

@test "lines that PostgreSQL cannot hold are kept as rejects, with the reason" {
    use postgresql
    key=$(head -c 9k /dev/urandom | base64 -w 0)
    keeps_bad_lines '{"user_id":"\u0000"}' '{"insight":"logins","key":"k","window":{"start":"soon"}}' \
        '{"insight":"logins","key":"\u0000"}' "{\"insight\":\"logins\",\"key\":\"$key\"}"
    assert_match "$(sql 'SELECT detail FROM login_rejects')" 'Unicode escape'
}

@test "lines that SQLite cannot hold are kept as rejects, with the reason" {
    use sqlite
    keeps_bad_lines '{"insight":"logins","key":"\ud800"}'
}

@test "a database without the tables, and a file that is no database, are errors" {
    echo '{"n":1}' >in
    cp in text
    run -78 "$python" "$sinks/to-sqlite" text <in
    assert_match "$output" 'not a database'
    use postgresql
    psql -X -q -c 'DROP TABLE logins'
    run -78 "${sink[@]}" <in
    assert_match "$output" 'relation "logins" does not exist'
}

@test "SQLite has each record exactly once, although the sink is killed" {
    use sqlite
    flags=-J make_pipeline "${sink[@]}" -J --acks acks
    for ((i = 0; i < 2; i++)); do
        before=$made
        start_pipeline 2000
        wait_until 30 has_rows $((before + 1)) logins
        kill_sink
    done
    read_the_rest
    sql "SELECT record ->> '\$.n' FROM logins" >numbers
    assert_exactly_once "$made" numbers
}

@test "PostgreSQL has each record exactly once, although the sink is killed and the server restarts" {
    use postgresql
    flags=-J make_pipeline "${sink[@]}" -J --acks acks
    start_pipeline 2000
    wait_until 30 has_rows 1 logins
    kill_sink
    start_pipeline 2000
    wait_until 30 has_rows 2001 logins
    stop_postgresql
    more_records 1000
    wait_until 20 grep -q 'to-postgresql: PostgreSQL: .*; trying again until it works' err
    restart_postgresql
    wait_until 30 grep -qx 'to-postgresql: it works again' err
    kill_sink
    read_the_rest
    sql "SELECT record ->> 'n' FROM logins" >numbers
    assert_exactly_once "$made" numbers
}

# --- Files ---

@test "files have each record at least once and no half lines, although the sink is killed" {
    flags='' make_pipeline "$python" "$sinks/to-files" --gzip --time %Y-%m-%dT%H%M%S --acks acks dir
    for ((i = 0; i < 2; i++)); do
        before=$(cat dir/* 2>/dev/null | wc -c)
        start_pipeline 2000
        wait_until 30 bash -c "[ \$(cat dir/* 2>/dev/null | wc -c) -gt $before ]"
        kill_sink
        printf '{"n":' | tee -a dir/*.part >/dev/null # as after a kill in the middle of a write
    done
    read_the_rest
    zcat -f dir/logins-*.ndjson* >all
    jq .n all >numbers
    assert_at_least_once "$made" numbers
    parts=(dir/*.part)
    assert_eq "${#parts[@]}" 1
    gzip -t dir/*.gz
}

@test "a file for each kind of line has the lines unchanged, and is finished when its time is over" {
    printf '{"n":1}\nnot json \xff\n{"reject":"x"}\n{"insight":"y"}\n' >in
    "$python" "$sinks/to-files" dir <in
    stamp=$(date -u +%Y-%m-%dT%H)
    assert_eq "$(printf '%s\n' dir/* | cut -d- -f1 | paste -sd' ')" 'dir/insights dir/logins dir/rejects'
    head -n 2 in | cmp - dir/logins-*.part
    "$python" "$sinks/to-files" --time now dir <in
    cmp dir/logins-now.ndjson.part dir/logins-20*.ndjson
    assert_match "$(ls dir/insights-20*)" "/insights-${stamp%T*}T[0-9]{2}\.ndjson$"
    # If the time comes again, a finished file stays as it is.
    "$python" "$sinks/to-files" --time later dir <in
    "$python" "$sinks/to-files" --time now dir <in
    "$python" "$sinks/to-files" --time later --gzip dir <in
    assert_eq "$(cd dir && printf '%s\n' rejects-[ln]* | LC_ALL=C sort | paste -sd' ')" \
        'rejects-later.ndjson.gz rejects-later.ndjson.part rejects-now.1.ndjson.gz rejects-now.ndjson.gz'
    assert_eq "$(zcat dir/rejects-now.*)" $'{"reject":"x"}\n{"reject":"x"}'
    # A second sink waits for the first one.
    start_fed "$python" "$sinks/to-files" dir
    echo '{"n":1}' | write_to_feed
    wait_until 10 bash -c '[ -s dir/logins-20*.part ]'
    run ! timeout 1.5 "$python" "$sinks/to-files" dir <in
    assert_match "$output" 'another sink uses it'
    close_feed
    await "$pid"
}

# --- Alerts ---

# many_addresses KEY USER...: an insight with users that have 30 addresses and more.
many_addresses() {
    jq -cn '{insight: "distinct", key: $ARGS.positional[0], field: "ip", per: "user_id",
        window: {start: "2023-09-12T00:00:00Z"}, top: [$ARGS.positional[1:][] | {user_id: ., ips: 30}]}' --args "$@"
}

@test "each user with many addresses makes one alert, by the webhook and by mail" {
    listen http && hook=http://127.0.0.1:$port/secret
    listen smtp
    {
        many_addresses w1 ann $'bob\r\nBcc: eve' && many_addresses w1 ann
        many_addresses w1 carl | jq -c '.top[].ips = 20'
        many_addresses w2 ann
    } >in
    echo "$hook" >url
    for _ in 1 2; do
        run -0 "$python" "$sinks/to-alerts" --ips 20 --webhook @url --mail ops@example.org \
            --smtp "127.0.0.1:$port" state <in
        assert_eq "$output" ''
    done
    texts http/taken >got
    assert_eq "$(cut -d' ' -f1 got | paste -sd' ')" 'ann bob ann'
    assert_eq "$(jq -r '.alerts[].id' http/taken | head -n 1)" w1/ann
    assert_eq "$(jq -r .To smtp/taken | sort -u)" ops@example.org
    jq -r .Subject smtp/taken >subjects
    assert_match "$(sed -n 2p subjects)" '^bob[?][?]Bcc: eve logged in from 30 addresses'
    assert_eq "$(wc -l <smtp/taken)" 3
}

@test "alerts beyond the limit of an hour are summed up in one message" {
    listen http
    send() { "$python" "$sinks/to-alerts" --ips 20 --limit 3 --webhook "http://127.0.0.1:$port/" state; }
    many_addresses w u{1..9} >in
    run -0 send <in
    assert_match "$output" '6 alerts are not sent yet'
    assert_eq "$(wc -l <http/taken)" 3
    assert_match "$(tail -n 1 http/taken)" 'The limit of 3 messages an hour is reached'
    echo '{"alert":"fire","key":"f"}' >in
    run -0 send <in
    assert_eq "$(wc -l <http/taken)" 3
    sqlite3 state 'UPDATE messages SET sent = sent - 3600'
    run -0 send </dev/null
    assert_eq "$output" ''
    assert_eq "$(texts http/taken | tail -n 1)" '7 more alerts'
    jq -r '.alerts[].text' http/taken | cut -d' ' -f1 | diff - <(printf 'u%s\n' {1..9} && echo fire)
}

@test "alerts wait for servers that fail, hang or redirect, and the pipe goes on meanwhile" {
    listen http && hook=http://127.0.0.1:$port/
    listen smtp
    touch http/hang smtp/fail
    open_acks
    sink=("$python" "$sinks/to-alerts" --rejects 2 --webhook "$hook" --mail a@example.org
        --smtp "127.0.0.1:$port" state)
    start_fed "${sink[@]}" --acks acks
    { mark hello 0 && yes '{"reject":"empty"}' | head -n 5 && mark mark 1; } | write_to_feed
    wait_until 10 test -e http/tries
    wait_until 10 grep -q 'to-alerts: mail: .*not now.*; trying again' err
    { echo '{"alert":"fire"}' && echo x && mark mark 2; } | write_to_feed
    for seq in 0 1 2; do
        read_ack 20
        assert_eq "$(jq .seq <<<"$ack")" "$seq"
    done
    assert_eq "$(sqlite3 state 'SELECT line FROM unusable')" x
    kill -KILL "$pid"
    await "$pid"
    close_feed
    [ ! -e http/taken ] && [ ! -e smtp/taken ]
    rm http/hang smtp/fail
    touch http/moved
    echo '{"alert":"water"}' >in
    run -0 "${sink[@]}" <in
    assert_match "$output" 'webhook: 127.0.0.1: HTTP Error 302'
    rm http/moved
    "${sink[@]}" </dev/null
    for taken in http/taken smtp/taken; do
        # The server may have taken the one that hung when the sink was killed.
        texts "$taken" | sed 's/ since.*//' | sort -u | diff - <(printf '%s\n' fire 'more than 2 rejects' water)
    done
}
