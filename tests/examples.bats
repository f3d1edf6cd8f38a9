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
    for script in "$examples"/pipelines/*; do
        [ -x "$script" ]
        grep -q "^    .*example ${script##*/}" "$BATS_TEST_FILENAME" || {
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

@test "each jq example is a program" {
    for file in "$examples"/jq/*.jq; do
        [ -e "$file" ] || skip "there are none"
        loginclean --jq-file "$file" --arg version 1.0.0 </dev/null
    done
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
