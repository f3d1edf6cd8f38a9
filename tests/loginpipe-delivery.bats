#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe with DELIVERY on a real Kafka: stopped, killed and started, it counts each record once.
#
# bats file_tags=kafka,long

load helpers
load loginpipe

# slice FROM TO: produces these lines of the file events.
slice() {
    sed -n "$1,$2p" events | produce "$KAFKA_TOPIC"
}

# The last insight of each key, if it is final, ordered by key.
last_insights() {
    jq -sc 'group_by(.key)[] | last | select(.final)'
}

# Each event is in the topics once, as a clean record or a reject, and the insights count all.
assert_all_counted() {
    loginclean --rejects rejects <events >clean
    read_topic "$PROCESSED_TOPIC" | sort | cmp - <(sort clean)
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" "$(wc -l <rejects)"
    loginagg --every 0 --lateness 1d <clean | last_insights >expected
    read_topic "$INSIGHTS_TOPIC" | last_insights | cmp - expected
    rm rejects
}

@test "with DELIVERY, a restarted pipeline handles each record once and continues its counts" {
    logingen -n 3000 --bad 10 --span 2h >events
    for DELIVERY in exactly-once at-least-once; do
        export DELIVERY STATE_DIR=$PWD/state.$DELIVERY KAFKA_GROUP=$DELIVERY.$topic
        export KAFKA_TOPIC=$topic-$DELIVERY PROCESSED_TOPIC=$topic-clean-$DELIVERY \
            INSIGHTS_TOPIC=$topic-insights-$DELIVERY REJECTS_TOPIC=$topic-rejects-$DELIVERY
        topic=$KAFKA_TOPIC make_topics 3 0
        slice 1 1000
        start_loginpipe
        wait_until 30 has_handled 1000
        kill -TERM "$pid"
        await "$pid" 40
        assert_eq "$DELIVERY $status" "$DELIVERY 0"
        all_are_gone
        slice 1001 3000
        KCAT_IN_OPTS=-e LOGINAGG_OPTS='--final --every 0' timeout 60 loginpipe --once
        assert_all_counted
    done
    assert_eq "$(cat log)" ''
}

@test "with DELIVERY=exactly-once, killed stages do not change the result" {
    export DELIVERY=exactly-once STATE_DIR=$PWD/state
    logingen -n 6000 --bad 10 --span 2h >events
    make_topics 2 0
    slice 1 1000
    start_loginpipe
    count=1000
    for victim in loginagg kcat-out kcat-in loginclean; do
        wait_until 40 has_handled $count
        slice $((count + 1)) $((count + 1000))
        count=$((count + 1000))
        # The pipeline may be starting again.
        wait_until 20 stage "$victim"
        kill -KILL "$(stage "$victim")"
        wait_until 20 grep -q "$victim: killed by signal 9; starting again in" log
    done
    # Only the restarted pipeline can handle these.
    slice $((count + 1)) $((count + 1000))
    wait_until 60 has_handled $((count + 1000))
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq $status 0
    KCAT_IN_OPTS=-e LOGINAGG_OPTS='--final --every 0' timeout 60 loginpipe --once
    assert_all_counted
}

@test "pipelines with a SHARD each handle their share, and keep counts of their own" {
    export DELIVERY=exactly-once STATE_DIR=$PWD/state
    make_topics 4 1000
    SHARD=0/2 start_loginpipe
    first=$pid
    SHARD=1/2 start_loginpipe
    wait_until 30 has_handled 1000
    for pid in $first $pid; do
        kill -TERM "$pid"
        await "$pid" 40
        assert_eq $status 0
    done
    assert_handled 1000
    assert_eq "$(find state -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' ')" \
        "$topic.0of2 $topic.1of2"
    wait_until 5 all_are_gone
    assert_eq "$(grep -c 'counts only a share' log)" 2
}
