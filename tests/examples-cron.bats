#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/cron: jobs on a real Kafka.
#
# bats file_tags=kafka

load helpers

setup() {
    begin
    need_kafka
    examples=$BATS_TEST_DIRNAME/../examples
}

# Puts a date command first in PATH that always prints the time in the file now.
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

@test "the hourly cron job counts each hour once, with its late and early events" {
    export KAFKA_TOPIC=$topic INSIGHTS_TOPIC=$topic-insights STATE_DIR=$PWD/state
    mkdir state
    create_topic "$topic" 3
    create_topic "$INSIGHTS_TOPIC"
    hour=$(($(date +%s) / 3600 * 3600))
    fake_date
    # Events of this hour and of the hours before and after it, all produced now.
    logingen -n 1000 --start $hour --span 59m --bad 10 | produce "$topic"
    logingen -n 100 --start $((hour - 3600)) --span 59m | produce "$topic"
    # A time of the next hour may not be further ahead of the clock than an hour.
    logingen -n 10 --start $((hour + 3600)) --span 1s | produce "$topic"
    count=$(logingen -n 1000 --start $hour --span 59m --bad 10 | loginclean --rejects bad | wc -l)

    echo $((hour + 3600 + 299)) >now # too early: late events may still arrive
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

@test "the hourly cron job repeats an hour that failed" {
    export KAFKA_TOPIC=$topic INSIGHTS_TOPIC=$topic-insights STATE_DIR=$PWD/state
    mkdir state
    hour=$(($(date +%s) / 3600 * 3600))
    fake_date
    echo $((hour + 3900)) >now
    echo "$hour" >state/next
    # By default kcat-in would wait longer for the missing topic.
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

# has_cleaned CLEAN REJECTS: the topics have these numbers of lines. A commit takes a moment to be
# visible.
has_cleaned() {
    [ "$(read_topic "$CLEAN_TOPIC" | wc -l) $(read_topic "$REJECTS_TOPIC" | wc -l)" = "$1 $2" ]
}

@test "the job in slices cleans each record once, although it is killed, and its runs do not overlap" {
    export KAFKA_TOPIC=$topic KAFKA_GROUP=g-$topic CLEAN_TOPIC=$topic-clean REJECTS_TOPIC=$topic-rejects
    export LOCK=$PWD/lock
    fake_date
    create_topic "$topic" 3
    create_topic "$CLEAN_TOPIC" 3
    create_topic "$REJECTS_TOPIC"
    logingen -n 3000 --bad 10 --start now >records
    loginclean --rejects rejects <records >clean
    head -n 1000 records | produce "$topic"
    timeout 60 "$examples/cron/login-slice"
    head -n 1000 records | loginclean --rejects rejects1 >clean1
    wait_until 20 has_cleaned "$(wc -l <clean1)" "$(wc -l <rejects1)"

    tail -n +1001 records | produce "$topic"
    start "$examples/cron/login-slice" --rate 1k --marks=100ms
    some_more() { [ "$(read_topic "$CLEAN_TOPIC" | wc -l)" -gt 1000 ]; }
    wait_until 20 some_more
    run -0 timeout 20 "$examples/cron/login-slice" # leaves it to the run that is there
    pkill -KILL -s $!
    await $!
    [ "$(read_topic "$CLEAN_TOPIC" | wc -l)" -lt "$(wc -l <clean)" ]
    timeout 60 "$examples/cron/login-slice"
    wait_until 20 has_cleaned "$(wc -l <clean)" "$(wc -l <rejects)"
    diff <(read_topic "$CLEAN_TOPIC" | sort) <(sort clean)
    timeout 60 "$examples/cron/login-slice"
    has_cleaned "$(wc -l <clean)" "$(wc -l <rejects)"
}

@test "the job in slices reports a slice that failed, and its status" {
    export KAFKA_TOPIC=$topic KAFKA_GROUP=g-$topic CLEAN_TOPIC=$topic-clean REJECTS_TOPIC=$topic-rejects
    export LOCK=$PWD/lock
    fake_date
    printf '#!/bin/bash\necho "$@" >>%q\n' "$PWD/log" >bin/logger
    create_topic "$CLEAN_TOPIC"
    create_topic "$REJECTS_TOPIC"
    run -75 timeout 60 "$examples/cron/login-slice" --wait 300ms
    assert_match "$(<log)" 'cron.err -s the slice failed with status 75'
}
