#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe with workers and a merger, on a real Kafka.
#
# bats file_tags=kafka,long

load helpers
load loginpipe

# one_pipeline: the final insights of one pipeline that reads the file events.
one_pipeline() {
    loginclean -q --rejects /dev/null <events | loginagg --every 0 --lateness 1d
}

# final_insights: the last line of each final insight in the topic, in the order of loginagg.
final_insights() {
    read_topic "$INSIGHTS_TOPIC" -j 'select(.final)' | awk '
        match($0, /"key":"[^"]*"/) { key = substr($0, RSTART, RLENGTH) }
        !(key in at) { at[key] = ++n }
        { line[at[key]] = $0 }
        END { for (i = 1; i <= n; i++) print line[i] }'
}

# assert_insights: the final insights are those of one pipeline, byte for byte.
assert_insights() {
    one_pipeline | sort >want
    [ -s want ]
    final_insights | sort | cmp - want
}

# assert_records: each event of the file events is in the topics once, as a clean record or a reject.
assert_records() {
    loginclean --rejects rejects <events | sort >clean
    read_topic "$PROCESSED_TOPIC" | sort | cmp - clean
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" "$(wc -l <rejects)"
}

@test "workers that reach the end of the topic, and their merger, give the insights of one pipeline" {
    make_topics 5 0
    logingen -n 6000 --bad 10 --span 3h >events
    produce "$topic" <events
    KCAT_IN_OPTS=-e MERGE_OPTS='--final --every 0' run -0 --separate-stderr \
        timeout 60 loginpipe -n 3 --once
    assert_eq "$output$stderr" ''
    assert_insights
}

# partitions_of TOPIC
partitions_of() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -L -J -t "$1" | jq '.topics[0].partitions | length'
}

# is_compacted TOPIC: the broker refuses a record without a key.
is_compacted() {
    echo '"no key"' | kcat-out -t "$1" -q --rejects - >refused
    grep -q '"not_delivered"' refused
}

@test "--create makes one partition for partials, and a compacted topic for insights" {
    create_topic "$topic" 3
    logingen -n 1000 --span 2h >events
    produce "$topic" <events
    KCAT_IN_OPTS=-e MERGE_OPTS='--final --every 0' run -0 timeout 60 loginpipe -n 2 --once --create=3
    assert_insights
    assert_eq "$(partitions_of "$PARTIALS_TOPIC") $(partitions_of "$PROCESSED_TOPIC")" '1 3'
    is_compacted "$INSIGHTS_TOPIC"
    run -1 is_compacted "$PARTIALS_TOPIC"
}

@test "workers that have ended, and then a merger, give the insights of one pipeline" {
    make_topics 3 0
    logingen -n 3000 --span 2h >events
    produce "$topic" <events
    KCAT_IN_OPTS=-e ROLE=worker run -0 timeout 60 loginpipe -n 2 --once
    MERGE_IN_OPTS=-e MERGE_OPTS='--final --every 0' ROLE=merge run -0 timeout 60 loginpipe --once
    assert_insights
}

# The steps of Changing windows or insights in loginpipe(7).
@test "with other windows, workers lose and repeat no clean record, and count what follows" {
    make_topics 3 0
    logingen -n 3000 --span 2h --bad 10 >events
    head -n 1700 events | produce "$topic"
    KCAT_IN_OPTS=-e run -0 timeout 60 loginpipe -n 2 --once
    ROLE=merge MERGE_IN_OPTS=-e MERGE_OPTS=--final run -0 timeout 60 loginpipe --once
    assert_eq "$(final_insights | jq -s 'map(select(.insight == "logins").logins) | add')" \
        "$(head -n 1700 events | loginclean -q --rejects /dev/null | wc -l)"
    export LOGINAGG_OPTS='-w 10m' INSIGHTS_TOPIC=$topic-new
    create_topic "$INSIGHTS_TOPIC"
    # The old counts do not fit, and are left alone until they are given up.
    ROLE=merge MERGE_IN_OPTS=-e run -78 timeout 60 loginpipe --once
    assert_match "$output" 'it was made with other options'
    ROLE=merge MERGE_IN_OPTS=-e MERGE_OPTS=--state-reset run -0 timeout 60 loginpipe --once
    tail -n 1300 events | produce "$topic"
    KCAT_IN_OPTS=-e MERGE_OPTS='--final --every 0' run -0 timeout 60 loginpipe -n 2 --once
    assert_records
    tail -n 1300 events | loginclean -q --rejects /dev/null |
        loginagg --every 0 --lateness 1d -w 10m | sort >want
    final_insights | sort | cmp - want
}

# slice FROM TO: produces these lines of the file events.
slice() {
    sed -n "$1,$2p" events | produce "$KAFKA_TOPIC"
}

# kill_stage MEMBER NAME: kills a stage of a member, which is numbered from 1.
kill_stage() {
    kill -KILL "$(pgrep -P "$(members | sed -n "$1p")" -x "$2")"
}

@test "workers and a merger that are killed lose no record and count none twice" {
    export WORKER_ID=test KCAT_IN_OPTS='-X session.timeout.ms=6000' MERGE_OPTS='--every 0'
    make_topics 6 0
    logingen -n 6000 --bad 10 --span 3h >events
    slice 1 1000
    start_workers 3
    wait_until 30 has_handled 1000
    count=1000
    while read -r member victim; do
        slice $((count + 1)) $((count + 1000))
        count=$((count + 1000))
        wait_until 20 has_members 4
        kill_stage "$member" "$victim"
        wait_until 20 grep -q "$victim: killed by signal 9; starting again in" log
        wait_until 40 has_handled $count
    done <<'TABLE'
1 kcat-in
2 loginagg
4 loginagg
3 kcat-out
TABLE
    # A worker with its supervisor: all members are started again.
    kill -KILL "$(members | head -n 1)"
    wait_until 20 grep -q 'worker 1: killed by signal 9; starting again in' log
    slice $((count + 1)) $((count + 1000))
    wait_until 40 has_handled 6000
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq $status 0
    wait_until 5 all_are_gone
    KCAT_IN_OPTS=-e MERGE_OPTS='--final --every 0' timeout 60 loginpipe -n 3 --once
    assert_records
    assert_insights
}

# names: the names with which the workers' kcat-out begins its transactions.
names() {
    pgrep -a -x kcat-out | grep -oE "loginpipe\\.$topic\\.[^ ]+" | sort
}

@test "a worker that is killed is started again, and keeps its name" {
    logingen -n 3000 >events
    make_topics 4 0
    slice 1 1000
    start_workers 2
    names >before
    assert_eq "$(cat before)" "loginpipe.$topic.$(uname -n)-$pid-1
loginpipe.$topic.$(uname -n)-$pid-2"
    wait_until 30 has_handled 1000
    kill -KILL "$(members | sed -n 2p)"
    wait_until 20 grep -q 'worker 2: killed by signal 9; starting again in 1 s' log
    slice 1001 3000
    wait_until 30 has_handled 3000
    wait_until 20 has_members 3
    names | cmp - before
    # Nothing is left of a worker that is killed shortly before a stop.
    kill -KILL "$(members | head -n 1)"
    kill -TERM "$pid"
    await "$pid" 40
    all_are_gone
    assert_records
}

@test "workers without a partition wait, and say nothing" {
    make_topics 2 100
    start_workers 4
    wait_until 30 has_handled 100
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq "$status$(cat log)" 0
    all_are_gone
    assert_handled 100
}

@test "SIGUSR1 to loginpipe makes every stage of every member write its ledger" {
    make_topics 2 100
    for name in KCAT_IN LOGINCLEAN LOGINAGG KCAT_OUT MERGE_IN; do
        export "${name}_OPTS=--stats $PWD/$name.ledger"
    done
    start_workers 2
    wait_until 30 has_handled 100
    kill -USR1 "$pid"
    while read -r name count; do
        wait_until 10 has_lines "$count" "$name.ledger"
    done <<'TABLE'
KCAT_IN 2
LOGINCLEAN 2
LOGINAGG 3
KCAT_OUT 3
MERGE_IN 1
TABLE
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq "$status$(cat log)" 0
    has_lines 6 KCAT_OUT.ledger
}
