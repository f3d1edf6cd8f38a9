#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What stands in examples/ works as it is.

load helpers

setup() {
    # shellcheck disable=SC2034 # helpers.bash uses it
    started=()
    examples=$BATS_TEST_DIRNAME/../examples
    cd "$BATS_TEST_TMPDIR" || return 1
    topic=$(fresh_topic)
}

teardown() {
    stop_started
    [ -z "${PGDIR:-}" ] || wait_until 20 rm -rf "$PGDIR"
}

# --- examples/pipelines and examples/jq ---

# Topics as loginpipe and the examples want them, with events: events COUNT [LOGINGEN_OPTION]...
make_events() {
    need_kafka
    export KAFKA_TOPIC=$topic PROCESSED_TOPIC=$topic-clean INSIGHTS_TOPIC=$topic-insights \
        REJECTS_TOPIC=$topic-rejects KAFKA_GROUP=$topic RESEND_GROUP=$topic-resend
    create_topic "$topic" 3
    for name in "$PROCESSED_TOPIC" "$INSIGHTS_TOPIC" "$REJECTS_TOPIC"; do
        create_topic "$name"
    done
    logingen -n "$@" >events
    produce "$topic" <events
}

# example NAME [ARGUMENT]...
example() {
    timeout 60 "$examples/pipelines/$1" "${@:2}"
}

@test "each example pipeline has a test here" {
    for script in "$examples"/pipelines/* "$examples"/databases/*.sh; do
        [ -x "$script" ]
        grep -q "^    .*example ${script##*/}\|^    .*databases/${script##*/}" \
            "$BATS_TEST_FILENAME" || {
            echo "$script has none" >&2
            return 1
        }
    done
}

@test "clean-and-count.sh makes the insights of a topic" {
    make_events 2000 --bad 5 --span 3h
    loginclean --rejects rejects <events | loginagg --every 0 --lateness 1d >expected
    example clean-and-count.sh >out 2>rejects.out
    cmp out expected
    assert_eq "$(wc -l <rejects.out)" "$(wc -l <rejects)"
    example clean-and-count.sh -w all --count locale >out 2>/dev/null
    assert_eq "$(jq -r '.field // empty' out | sort -u | paste -sd,)" ip,locale
}

@test "hourly-device-types.sh shows the hours and their devices" {
    make_events 3000 --span 3h
    KCAT_IN_OPTS=-e LOGINAGG_OPTS='--every 100n --lateness 1d' timeout 60 loginpipe --once
    example hourly-device-types.sh >out
    assert_eq "$(cut -c1-13 out | paste -sd,)" 2023-09-12T00,2023-09-12T01,2023-09-12T02
    assert_eq "$(awk '{ n += $2 } END { print n }' out)" 3000
    expected=$(loginclean <events |
        jq -s 'map(select((.timestamp | tonumber) % 86400 < 3600 and .device_type == "web")) | length')
    assert_match "$(head -n 1 out)" "web $expected(,|$)"
    # Windows that overlap and last for an hour are not meant, and values beyond --values count.
    before=$(<out)
    loginclean <events | loginagg -w 1h/30m -w 1h --every 0 --values 2 >insights
    jq -c 'select(.key | startswith("1h/30m/"))' insights | produce "$INSIGHTS_TOPIC"
    example hourly-device-types.sh >out
    assert_eq "$(<out)" "$before"
    produce "$INSIGHTS_TOPIC" <insights
    example hourly-device-types.sh >out
    assert_eq "$(awk '{ n += $2 } END { print n }' out)" 3000
    assert_eq "$(awk '{ print NF }' out | sort -u)" 6
}

@test "peek.sh keeps what goes from stage to stage" {
    make_events 1000 --bad 5
    example peek.sh dir
    loginclean --rejects rejects <events | sort >expected
    sort dir/2-clean.ndjson | cmp - expected
    assert_eq $(($(wc -l <dir/1-raw.ndjson) + $(grep -c '"kcat-in"' dir/rejects.ndjson))) 1000
    assert_eq "$(wc -l <dir/rejects.ndjson)" "$(wc -l <rejects)"
    assert_eq "$(jq -r 'select(.insight == "logins").logins' dir/3-insights.ndjson)" \
        "$(wc -l <expected)"
}

@test "replay-day.sh reads the day that it is told" {
    before=$(date -u +%F)
    make_events 500
    loginclean <events | loginagg --every 0 >expected
    example replay-day.sh "$before" >out
    [ "$before" = "$(date -u +%F)" ] || skip "it was midnight"
    cmp out expected
    assert_eq "$(example replay-day.sh "$(date -u -d '-1 day' +%F)")" ''
    run -64 example replay-day.sh
    run -64 example replay-day.sh 2024-02-31
}

@test "resend-rejects.sh gives rejected records another chance, once" {
    make_events 0
    record_with 'del(.locale)' >optional
    record_with '.ip = "no"' >ip
    cat optional ip | produce "$topic"
    KCAT_IN_OPTS=-e timeout 60 loginpipe --once
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" 2
    assert_eq "$(read_topic "$PROCESSED_TOPIC")" ''
    for _ in 1 2; do
        example resend-rejects.sh --optional locale
        read_topic "$PROCESSED_TOPIC" | cmp - optional
    done
    # What is still bad was put back by either run, as it first came.
    assert_eq "$(read_topic "$REJECTS_TOPIC" -j 'select(.field == "ip").raw')" \
        "$(cat ip ip ip | jq -R .)"
}

@test "users-by-ips.sh has the users with the most addresses first" {
    make_events 3000 --users 300 --span 2h
    example users-by-ips.sh --top 1000000 >out
    # Every user, with addresses and logins.
    jq -sr 'group_by(.user_id) | map({u: .[0].user_id, n: length, i: (map(.ip) | unique | length)})
        | sort_by(.u) | sort_by(-.i)[] | [.i, .n, .u] | @tsv' events >want
    tail -n +2 out | diff want -
    pairs=$(awk '{ n += $1 } END { print n }' want)
    assert_match "$(head -n 1 out)" \
        "^2023-09-12T00:00:00Z $(wc -l <want) users, $pairs pairs, at most $(head -n 1 want | cut -f 1), "
    example users-by-ips.sh | tail -n +2 | diff <(head -n 10 want) -
    assert_eq "$(example users-by-ips.sh -w 1h | grep -c ' users, ')" 2
}

@test "batch-duplicates.sh finds what is there twice in 500 logins or 30 seconds" {
    make_events 0
    # First the seconds end the batches, later the number.
    { logingen -n 2000 --users 100 --span 5m && logingen -n 3000 --span 1m --start 1694480000; } >events
    create_topic "$topic-one"
    produce "$topic-one" <events
    KAFKA_TOPIC=$topic-one example batch-duplicates.sh --duplicates user_id,ip --top 2 >out
    jq -cn '
        def time: .timestamp | tonumber;
        reduce inputs as $record ({batches: [[]]};
            .batches[-1] as $batch
            | ($batch + [$record] | map(time)) as $times
            | if ($batch | length) == 500 or ($times | max - min) >= 30
                then .batches += [[$record]] else .batches[-1] += [$record] end)
        | .batches | to_entries[]
        | (.value | group_by([.user_id, .ip]) | map(select(length > 1))
            | sort_by(-length)) as $groups
        | select($groups != [])
        | {batch: (.key + 1), ts_min: (.value | map(time) | min), ts_max: (.value | map(time) | max),
            fields: ["user_id", "ip"], groups: ($groups | length), records: ($groups | map(length) | add),
            top: ($groups[:2] | map({user_id: .[0].user_id, ip: .[0].ip, count: length}))}' \
        <events >want
    [ "$(wc -l <want)" -ge 15 ]
    diff want out
}

@test "alerts.sh passes insights about many addresses on, once each, under their keys" {
    make_events 0
    export ALERTS_TOPIC=$topic-alerts ALERTS_GROUP=$topic-alerts
    create_topic "$ALERTS_TOPIC"
    configure_topic "$ALERTS_TOPIC" cleanup.policy=compact
    logingen -n 100k --users 1000 --span 2h | loginagg --every 30000n >insights
    produce "$INSIGHTS_TOPIC" <insights
    max=$(jq 'select(.insight == "distinct" and .final).max' insights | sort -n | head -n 1)
    MAX_IPS=$((max - 1)) example alerts.sh -e
    jq -c "select(.insight == \"distinct\" and .max >= $max)" insights >want
    read_topic "$ALERTS_TOPIC" | jq -c . | diff want -
    assert_eq "$(kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$ALERTS_TOPIC" -f '%k\n')" \
        "$(jq -r .key want)"
    # The next run goes on from there, and the limit is twenty if nothing else is said.
    MAX_IPS=0 example alerts.sh -e
    read_topic "$ALERTS_TOPIC" | jq -c . | diff want -
    ALERTS_GROUP=$topic-again example alerts.sh -e
    jq -c 'select(.insight == "distinct" and .max > 20)' insights >many
    [ -s many ]
    read_topic "$ALERTS_TOPIC" | jq -c . | diff <(cat want many) -
}

@test "each jq example is a program" {
    for file in "$examples"/jq/*.jq; do
        [ -e "$file" ] || skip "there are none"
        loginclean --jq-file "$file" --arg version 1.0.0 </dev/null
    done
}

# --- examples/databases ---

# Insights, and what could be one: a key that comes again, and texts that a database may stumble
# over.
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

# A server of PostgreSQL, as a user other than root, which it would refuse; it listens on a socket
# in a directory of its own. Sets PGHOST and others.
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
    # Not in the tests' directory: nobody else may go there, and the name of a socket is short.
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

# What a query of PostgreSQL gives.
sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

@test "to-postgresql.sh keeps the newest insight of each key, whatever the texts are" {
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
    # Again, and older ones after newer ones: what came last counts.
    "$examples/databases/to-postgresql.sh" <insights
    "$examples/databases/to-postgresql.sh" postgres < <(head -n 9 insights)
    assert_eq "$(sql 'SELECT count(*) FROM login_insights')" "$(wc -l <want)"
    assert_eq "$(sql "SELECT insight->>'logins' FROM login_insights
        WHERE key = '$(head -n 1 insights | jq -r .key)'")" "$(head -n 1 insights | jq .logins)"
}

@test "to-postgresql.sh keeps what it cannot store as rejects, and stores all or nothing" {
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
    # Bytes that are no text end it.
    { cat insights && printf '{"insight":"x","key":"\xff"}\n'; } >in
    run -3 "$examples/databases/to-postgresql.sh" <in
    assert_match "$output" 'invalid byte sequence'
    assert_eq "$(sql 'SELECT count(*) FROM login_insights')" "$(jq -r .key strange | sort -u | wc -l)"
    run -2 env PGHOST="$PWD" "$examples/databases/to-postgresql.sh" <insights
}

@test "to-sqlite.sh keeps the newest insight of each key, whatever the texts are" {
    make_insights
    run -64 "$examples/databases/to-sqlite.sh"
    for _ in 1 2; do
        run -0 "$examples/databases/to-sqlite.sh" db <insights
        assert_eq "$output" ''
        sqlite3 db 'SELECT insight FROM login_insights' | LC_ALL=C sort >got
        jq -cS . got | LC_ALL=C sort >got.sorted
        jq -cS . want | LC_ALL=C sort | diff - got.sorted
    done
    # The bytes are those that came.
    LC_ALL=C sort insights | LC_ALL=C comm -13 - got >strangers
    assert_eq "$(<strangers)" ''
    assert_eq "$(sqlite3 db "SELECT count(*) FROM login_insights WHERE key = insight ->> '\$.key'
        AND kind = insight ->> '\$.insight' AND final = insight ->> '\$.final'")" "$(wc -l <want)"
    "$examples/databases/to-sqlite.sh" db < <(head -n 9 insights)
    assert_eq "$(sqlite3 db "SELECT insight FROM login_insights
        WHERE key = '$(head -n 1 insights | jq -r .key)'")" "$(head -n 1 insights)"
}

@test "to-sqlite.sh keeps what is no insight as rejects, and stores all or nothing" {
    make_insights
    printf '%s\n' '{"insight":"count","key":"a\u0000b"}' '{"insight":"count","key":"a\u0000c"}' \
        '{"user_id":"ann"}' '[1]' '7' 'x' '"' "$(printf '\1\2\37')" '' >bad
    { head -n 1 strange && cat bad && tail -n +2 strange; } >in
    run -0 "$examples/databases/to-sqlite.sh" db <in
    assert_eq "$output" 'to-sqlite.sh: 8 lines are in login_insight_rejects'
    sqlite3 db 'SELECT line FROM login_insight_rejects' | head -n 7 | diff <(head -n 7 bad) -
    assert_eq "$(sqlite3 db 'SELECT count(*) FROM login_insights')" \
        "$(jq -r .key strange | sort -u | wc -l)"
    # A file that is no database.
    run ! "$examples/databases/to-sqlite.sh" insights <strange
    assert_match "$output" 'not a database'
}

# --- examples/cron ---

# A shell's date, put before the real one: it is always the moment in the file now.
fake_date() {
    mkdir bin
    cat >bin/date <<END
#!/bin/bash
[ "\$*" = +%s ] && exec cat "$PWD/now"
exec $(type -P date) "\$@"
END
    printf '#!/bin/bash\nexit 0\n' >bin/logger
    chmod +x bin/*
    PATH=$PWD/bin:$PATH
}

# The final logins of each hour in the topic of insights.
hours() {
    read_topic "$INSIGHTS_TOPIC" -j 'select(.insight == "logins") | [.window.start, .logins, .final]'
}

@test "the hourly cron job counts each hour once, with what came late and early" {
    need_kafka
    export KAFKA_TOPIC=$topic INSIGHTS_TOPIC=$topic-insights STATE_DIR=$PWD/state
    mkdir state
    create_topic "$topic" 3
    create_topic "$INSIGHTS_TOPIC"
    hour=$(($(date +%s) / 3600 * 3600))
    fake_date
    # Events of this hour, and of those around it, all written now.
    logingen -n 1000 --start $hour --span 59m --bad 10 | produce "$topic"
    logingen -n 100 --start $((hour - 3600)) --span 59m | produce "$topic"
    logingen -n 10 --start $((hour + 3600)) --span 59m | produce "$topic"
    count=$(logingen -n 1000 --start $hour --span 59m --bad 10 | loginclean --rejects bad | wc -l)

    echo $((hour + 3600 + 299)) >now # the hour is not over for those that are late
    echo "$hour" >state/next
    timeout 60 bash "$examples/cron/login-hourly"
    assert_eq "$(hours)" ''
    echo $((hour + 3600 + 300)) >now
    timeout 60 bash "$examples/cron/login-hourly"
    name=$(date -u -d "@$hour" +%FT%TZ)
    assert_eq "$(hours)" "[\"$name\",$count,true]"
    assert_eq "$(wc -l <"state/rejects-$(date -u -d "@$hour" +%Y-%m-%dT%HZ).ndjson")" \
        "$(grep -vc not_json bad)"
    assert_eq "$(<state/next)" $((hour + 3600))
    timeout 60 bash "$examples/cron/login-hourly"
    assert_eq "$(hours | wc -l)" 1
}

@test "the hourly cron job does an hour again that failed" {
    need_kafka
    export KAFKA_TOPIC=$topic INSIGHTS_TOPIC=$topic-insights STATE_DIR=$PWD/state
    mkdir state
    hour=$(($(date +%s) / 3600 * 3600))
    fake_date
    echo $((hour + 3900)) >now
    echo "$hour" >state/next
    # kcat-in would wait for a topic that is not there.
    printf '#!/bin/bash\nexec %q --wait 300ms "$@"\n' "$(type -P kcat-in)" >bin/kcat-in
    chmod +x bin/kcat-in
    run -69 timeout 60 bash "$examples/cron/login-hourly"
    assert_eq "$(<state/next)" "$hour"
    create_topic "$topic"
    create_topic "$INSIGHTS_TOPIC"
    logingen -n 100 --start $hour --span 59m | produce "$topic"
    timeout 60 bash "$examples/cron/login-hourly"
    assert_eq "$(hours | jq -c '.[1:]')" '[100,true]'
}

# --- Settings ---

@test "the systemd unit is valid" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    sed "s,/usr/bin/loginpipe,$(type -P loginpipe)," "$examples/systemd/loginpipe@.service" \
        >loginpipe@.service
    ln -s loginpipe@.service loginpipe@logins.service
    run -0 timeout 60 systemd-analyze verify --man=no ./loginpipe@logins.service
    assert_eq "$output" ''
}

@test "the settings in the unit's environment file are known to loginpipe" {
    set -a
    # shellcheck source=/dev/null
    . "$examples/systemd/example.env"
    set +a
    loginpipe --dry-run
    loginpipe --help >help
    sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$examples/systemd/example.env" >names
    [ -s names ]
    while read -r name; do
        grep -q "^  $name " help
    done <names
}

@test "docker-compose.yml is valid" {
    file=$BATS_TEST_DIRNAME/../docker-compose.yml
    if docker compose version >/dev/null 2>&1; then
        timeout 60 docker compose -f "$file" --profile '*' config --quiet
    elif command -v check-jsonschema >/dev/null; then
        timeout 60 check-jsonschema --builtin-schema vendor.compose-spec "$file"
    else
        skip "there is neither docker compose nor check-jsonschema"
    fi
}

@test "the example of a client configuration is valid, and hides its password" {
    install -m 600 "$examples/kafka.conf" conf
    for tool in kcat-in kcat-out; do
        run -0 $tool -F conf -X dump
        assert_match "$output" 'sasl.username = loginpipe'
        run ! grep -q change-me <<<"$output"
    done
}
