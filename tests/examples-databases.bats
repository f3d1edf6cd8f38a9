#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/databases: insights in PostgreSQL and SQLite.

load helpers

setup() {
    begin
    examples=$BATS_TEST_DIRNAME/../examples
}

teardown() {
    stop_started
    [ -z "${PGDIR:-}" ] || wait_until 20 rm -rf "$PGDIR"
}

# Makes insights, some with repeated keys and with texts that a database could misread.
make_insights() {
    logingen -n 2000 --users 50 --span 3h | loginclean | loginagg --every 500n >insights
    # shellcheck disable=SC1003 # backslashes
    for value in "'; DROP TABLE login_insights; --" '"' '\' '\\' '\n' '\t,' '{}' '$$' '%s' 'é😀' '\.'; do
        jq -cn --arg v "$value" '{timestamp: 1694476800, user_id: $v, device_type: $v, ip: $v}'
    done | loginagg -w all --count "device_type" >strange
    # shellcheck disable=SC2016 # no shell's dollars
    printf '%s\n' '{"timestamp":1,"it'"'"'s \\ \"a\" $$ field":"x"}' |
        loginagg -w all --count "it's \\ \"a\" \$\$ field" >>strange
    cat strange >>insights
    # The last one of each key, by jq.
    jq -sc 'group_by(.key) | map(last)[]' insights >want
    [ "$(wc -l <want)" -lt "$(wc -l <insights)" ]
}

# Starts a PostgreSQL server that listens on a socket in a directory of its own, and sets PGHOST and
# others. PostgreSQL refuses to run as root, so another user runs it.
start_postgresql() {
    local bin

    bin=$(find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || bin=$(dirname "$(type -P initdb)") || bin=
    if [ -z "$bin" ] || ! command -v psql >/dev/null; then
        [ "${CI:-}" != true ] || return 1
        skip "there is no PostgreSQL server"
    fi
    as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    # That user has no access to the tests' directory, and a socket's path must be short.
    PGDIR=$(mktemp -d -p /tmp)
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$PGDIR"
    (
        cd "$PGDIR" || exit
        HOME=$PGDIR "${as[@]}" "$bin/initdb" -D data -U tester -A trust -E UTF8 --locale=C -N >log
    )
    start "${as[@]}" "$bin/postgres" -D "$PGDIR/data" -k "$PGDIR" -c listen_addresses= -c fsync=off \
        >server.log 2>&1
    export PGHOST=$PGDIR PGUSER=tester PGDATABASE=postgres
    unset PGPORT PGPASSWORD PGSERVICE PGOPTIONS
    wait_until 30 psql -X -q -c 'SELECT 1' >/dev/null 2>&1
}

# sql QUERY: prints its result.
sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

@test "to-postgresql.sh keeps the newest insight of each key, whatever text it contains" {
    make_insights
    start_postgresql
    for _ in 1 2; do
        psql -X -q -v ON_ERROR_STOP=1 -f "$examples/databases/postgresql.sql" 2>&1
    done
    run -0 "$examples/databases/to-postgresql.sh" <insights
    assert_eq "$output" ''
    sql 'SELECT insight FROM login_insights' | jq -cS . | sort >got
    jq -cS . want | sort | diff - got
    assert_eq "$(sql "SELECT count(*) FROM login_insights WHERE key = insight->>'key'
        AND kind = insight->>'insight' AND final = (insight->>'final')::boolean")" "$(wc -l <want)"
    assert_eq "$(sql "SELECT extract(epoch FROM min(window_start))::int FROM login_insights")" 1694476800
    # Older insights that arrive later replace newer ones.
    "$examples/databases/to-postgresql.sh" <insights
    "$examples/databases/to-postgresql.sh" postgres < <(head -n 9 insights)
    assert_eq "$(sql 'SELECT count(*) FROM login_insights')" "$(wc -l <want)"
    assert_eq "$(sql "SELECT insight->>'logins' FROM login_insights
        WHERE key = '$(head -n 1 insights | jq -r .key)'")" "$(head -n 1 insights | jq .logins)"
}

@test "to-postgresql.sh stores all or nothing, and keeps unusable lines as rejects" {
    make_insights
    start_postgresql
    psql -X -q -v ON_ERROR_STOP=1 -f "$examples/databases/postgresql.sql"
    printf '%s\n' '{"insight":"count","key":"k","final":true,"counts":{"a\u0000b":1}}' '{"user_id":"ann"}' \
        '[1]' '7' 'x' '\.' '"' "$(printf '\1\2\3')" '{"insight":"logins","key":"t","window":{"start":"soon"}}' \
        "{\"insight\":\"count\",\"key\":\"$(head -c 99k /dev/urandom | base64 -w 0)\"}" '' >bad
    { head -n 1 strange && cat bad && tail -n +2 strange; } >in
    run -0 "$examples/databases/to-postgresql.sh" <in
    assert_eq "$output" \
        'to-postgresql.sh: 10 lines are in login_insight_rejects, with the reason'
    sql 'SELECT line FROM login_insight_rejects' | head -n 5 | diff <(head -n 5 bad) -
    assert_match "$(sql 'SELECT reason FROM login_insight_rejects LIMIT 1')" 'Unicode escape'
    assert_eq "$(sql 'SELECT count(*) FROM login_insights')" "$(jq -r .key strange | sort -u | wc -l)"
    # Bytes that are not UTF-8 are an error.
    { cat insights && printf '{"insight":"x","key":"\xff"}\n'; } >in
    run -3 "$examples/databases/to-postgresql.sh" <in
    assert_match "$output" 'invalid byte sequence'
    assert_eq "$(sql 'SELECT count(*) FROM login_insights')" "$(jq -r .key strange | sort -u | wc -l)"
    run -2 env PGHOST="$PWD" "$examples/databases/to-postgresql.sh" <insights
}

@test "to-sqlite.sh keeps the newest insight of each key, whatever text it contains" {
    make_insights
    run -64 "$examples/databases/to-sqlite.sh"
    for _ in 1 2; do
        run -0 "$examples/databases/to-sqlite.sh" db <insights
        assert_eq "$output" ''
        sqlite3 db 'SELECT insight FROM login_insights' | LC_ALL=C sort >got
        jq -cS . got | LC_ALL=C sort >got.sorted
        jq -cS . want | LC_ALL=C sort | diff - got.sorted
    done
    # The bytes of each insight are unchanged.
    LC_ALL=C sort insights | LC_ALL=C comm -13 - got >strangers
    assert_eq "$(<strangers)" ''
    assert_eq "$(sqlite3 db "SELECT count(*) FROM login_insights WHERE key = insight ->> '\$.key'
        AND kind = insight ->> '\$.insight' AND final = insight ->> '\$.final'")" "$(wc -l <want)"
    "$examples/databases/to-sqlite.sh" db < <(head -n 9 insights)
    assert_eq "$(sqlite3 db "SELECT insight FROM login_insights
        WHERE key = '$(head -n 1 insights | jq -r .key)'")" "$(head -n 1 insights)"
}

@test "to-sqlite.sh stores all or nothing, and keeps unusable lines as rejects" {
    make_insights
    printf '%s\n' '{"insight":"count","key":"a\u0000b"}' '{"insight":"count","key":"a\u0000c"}' \
        '{"user_id":"ann"}' '[1]' '7' 'x' '"' "$(printf '\1\2\37')" '' >bad
    { head -n 1 strange && cat bad && tail -n +2 strange; } >in
    run -0 "$examples/databases/to-sqlite.sh" db <in
    assert_eq "$output" 'to-sqlite.sh: 8 lines are in login_insight_rejects'
    sqlite3 db 'SELECT line FROM login_insight_rejects' | head -n 7 | diff <(head -n 7 bad) -
    assert_eq "$(sqlite3 db 'SELECT count(*) FROM login_insights')" \
        "$(jq -r .key strange | sort -u | wc -l)"
    # A file that is not a database is an error.
    run ! "$examples/databases/to-sqlite.sh" insights <strange
    assert_match "$output" 'not a database'
}
