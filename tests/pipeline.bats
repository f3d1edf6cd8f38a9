#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The stages together, as people chain them.

load helpers

setup() {
    # shellcheck disable=SC2034 # helpers.bash uses it
    started=()
    cd "$BATS_TEST_TMPDIR" || return 1
    topic=$(fresh_topic)
}

teardown() {
    stop_started
}

# The issue's two lines, on the broker of BOOTSTRAP_SERVERS: pipeline TOPIC [LOGINGEN_OPTION]...
# Leaves a ledger per stage, rejects, and the insights, in order, as the topic has them.
pipeline() {
    local topic=$1
    set -o pipefail
    timeout 60 logingen "${@:2}" | timeout 60 kcat-out -t "$topic" --stats kcat-out.stats
    timeout 60 kcat-in -t "$topic" -e --rejects bad.ndjson --stats kcat-in.stats |
        timeout 60 loginclean --rejects bad.ndjson --stats loginclean.stats |
        timeout 60 loginagg --stats loginagg.stats |
        timeout 60 kcat-out -t "$topic-insights" --stats kcat-out-insights.stats
    timeout 60 kcat-in "$topic-insights" -e >insights
}
export -f pipeline

# assert_chained STAGE...: what one put out the next took in, and each adds up.
assert_chained() {
    local stage before=
    for stage; do
        assert_ledger_adds_up "$stage.stats"
        [ -z "$before" ] || assert_eq "$before" "$(ledger "$stage.stats" .in)"
        before=$(ledger "$stage.stats" .out)
    done
}

# final_insights FILE: without what is written every now and then, in an order of their own.
final_insights() {
    jq -c 'select(.final)' "$1" | sort
}

# What the default insights have to say about clean records, found by jq alone: of a file of them.
# Users that have several addresses, and so on.
count_by_jq() {
    jq -sc '
        def counted(f): group_by(f) | map({key: (.[0] | f), value: length}) | from_entries;
        def repeated(f): group_by(f) | map(select(length > 1)) | {groups: length, records: (map(length) | add)};
        {logins: length, users: (map(.user_id) | unique | length), ips: (map(.ip) | unique | length),
            devices: (map(.device_id) | unique | length)},
        counted(.device_type), counted(.app_version), counted(.locale),
        {pairs: (map([.user_id, .ip]) | unique | length)},
        repeated([.user_id, .device_id]), repeated([.user_id, .ip]),
        repeated([.app_version, .locale]), repeated([.app_version, .device_type])' "$1" | jq -cS .
}

count_by_loginagg() {
    local select
    for select in 'select(.insight == "logins") | {logins, users, ips, devices}' \
        'select(.field == "device_type" and .counts) | .counts' \
        'select(.field == "app_version" and .counts) | .counts' \
        'select(.field == "locale" and .counts) | .counts' \
        'select(.insight == "distinct") | {pairs}' \
        'select(.fields == ["user_id","device_id"]) | {groups, records}' \
        'select(.fields == ["user_id","ip"]) | {groups, records}' \
        'select(.fields == ["app_version","locale"]) | {groups, records}' \
        'select(.fields == ["app_version","device_type"]) | {groups, records}'; do
        jq -cS "$select" "$1"
    done
}

@test "the same records give the same insights on the embedded broker, on Kafka and from a file" {
    need_kafka
    logingen -n 20000 --bad 2 | loginclean --rejects rejects >clean
    loginagg <clean >insights
    final_insights insights >expected
    [ -s expected ]

    mkdir mock real
    (
        cd mock
        unset BOOTSTRAP_SERVERS
        timeout 60 kcat-broker -t "$topic" -- bash -c 'pipeline "$@"' sh "$topic" -n 20000 --bad 2
    )
    final_insights mock/insights | cmp - expected
    create_topic "$topic" 4
    create_topic "$topic-insights"
    (
        cd real
        pipeline "$topic" -n 20000 --bad 2
    )
    final_insights real/insights | cmp - expected
}

@test "the insights of a topic are what jq counts" {
    # shellcheck disable=SC2016 # that bash expands it
    kcat-broker -t "$topic" -- bash -c 'pipeline "$@"' sh "$topic" -n 20000 --bad 2
    logingen -n 20000 --bad 2 | loginclean --rejects /dev/null >clean
    count_by_jq clean >expected
    final_insights insights >final
    count_by_loginagg final | cmp - expected
}

@test "nothing vanishes: each stage takes what the one before put out, and rejects keep their bytes" {
    need_kafka
    create_topic "$topic" 4
    create_topic "$topic-insights"
    pipeline "$topic" -n 50000 --bad 5 --missing 10
    assert_eq "$(ledger kcat-out.stats .in)" 50000
    assert_chained kcat-out kcat-in loginclean loginagg kcat-out-insights
    assert_eq "$(ledger kcat-out-insights.stats .out)" "$(wc -l <insights)"

    rejected=$(($(ledger kcat-in.stats .rejected) + $(ledger loginclean.stats .rejected)))
    [ "$rejected" -gt 2000 ]
    assert_eq "$(wc -l <bad.ndjson)" "$rejected"
    # What was rejected and what was clean make the input again.
    jq -r '.raw // empty' bad.ndjson >bytes
    jq -r '.raw_b64 // empty' bad.ndjson | while read -r line; do
        base64 -d <<<"$line"
        echo
    done >>bytes
    logingen -n 50000 --bad 5 --missing 10 >in
    loginclean --rejects /dev/null <in >clean
    assert_eq $((rejected + $(wc -l <clean))) 50000
    # Each reject's bytes are a line of the input.
    sort -u in >in.sorted
    assert_eq "$(sort -u bytes | comm -23 - in.sorted)" ''
}

@test "a million records go through real Kafka, and all are counted" {
    need_kafka
    count=1000000
    [ -z "${SAN:-}" ] || count=100000
    create_topic "$topic" 4
    create_topic "$topic-insights"
    pipeline "$topic" -n $count --bad 1
    assert_eq "$(ledger kcat-out.stats .out)" $count
    assert_chained kcat-out kcat-in loginclean loginagg kcat-out-insights
    jq 'select(.insight == "logins" and .final).logins' insights >logins
    assert_eq "$(<logins)" "$(ledger loginclean.stats .out)"
    assert_eq "$(($(<logins) + $(wc -l <bad.ndjson)))" $count
}

# start_pipeline GROUP: with a ledger per stage; $session is its session.
start_pipeline() {
    start bash -c "
        kcat-in -G $1 $topic --stats kcat-in.stats -v 2>kcat-in.log |
        loginclean --stats loginclean.stats |
        loginagg --tee --every 0 --stats loginagg.stats |
        kcat-out -t $topic-out --stats kcat-out.stats"
    session=$!
}

# The process number of one of its stages: stage NAME
stage() {
    pgrep -s "$session" -x "$1"
}

# Whether so many records are in the topic that is written to.
has_come() {
    [ "$(read_topic "$topic-out" | wc -l)" -ge "$1" ]
}

@test "a last stage that stands still for a while costs nothing" {
    need_kafka
    create_topic "$topic" 4
    create_topic "$topic-out" 2
    logingen -n 100000 | produce "$topic"
    start_pipeline "$topic"
    wait_until 10 stage kcat-out
    kill -STOP "$(stage kcat-out)"
    sleep 3
    logingen -n 50000 --seed 2 | produce "$topic"
    kill -CONT "$(stage kcat-out)"
    wait_until 30 has_come 150000
    kill -TERM "$(stage kcat-in)"
    await $session
    assert_eq $status 0
    assert_chained kcat-in loginclean loginagg kcat-out
    assert_eq "$(ledger kcat-in.stats .out)" 150000
    { logingen -n 100000 && logingen -n 50000 --seed 2; } | loginclean | sort >expected
    read_topic "$topic-out" -j 'select(.insight | not)' | sort | cmp - expected
}

@test "Ctrl-C stops the reading, and all that was read is delivered" {
    need_kafka
    create_topic "$topic" 4
    create_topic "$topic-out" 2
    start bash -c "logingen --rate 20000 | kcat-out -t $topic --stats in.stats"
    writer=$!
    mkfifo keyboard
    exec 5<>keyboard
    cat >run <<END
#!/bin/bash
kcat-in -G $topic $topic --stats kcat-in.stats |
    loginclean --stats loginclean.stats |
    loginagg --tee --every 0 --stats loginagg.stats |
    kcat-out -t $topic-out --stats kcat-out.stats
echo "\${PIPESTATUS[*]}" >statuses
END
    chmod +x run
    # The terminal driver makes a SIGINT for the whole foreground group of the third character.
    start script -qec ./run /dev/null <keyboard >screen 2>&1 5>&-
    terminal=$!
    wait_until 20 has_come 20000
    printf '\003' >&5
    exec 5>&-
    await $terminal 30
    assert_eq "$(<statuses)" '0 0 0 0'
    assert_chained kcat-in loginclean loginagg kcat-out
    kill -TERM "$(pgrep -P $writer -x logingen)"
    await $writer
    # Whoever comes next in the group gets exactly the rest.
    timeout 60 kcat-in -G "$topic" "$topic" -e --stats rest.stats >/dev/null
    assert_eq "$(ledger in.stats .out)" \
        "$(($(ledger kcat-in.stats .out) + $(ledger rest.stats .out)))"
}

@test "when any stage is killed, the whole pipe ends, though the topic is silent" {
    need_kafka
    create_topic "$topic"
    create_topic "$topic-out"
    logingen -n 10 | produce "$topic"
    for victim in kcat-in loginclean loginagg kcat-out; do
        rm -f kcat-in.log
        start_pipeline "$topic-$victim"
        wait_until 20 grep -q 'from offset' kcat-in.log
        kill -KILL "$(stage $victim)"
        await $session 10
        run ! pgrep -s $session
    done
}

@test "stages can be inserted, and the pipe cut, anywhere" {
    need_kafka
    create_topic "$topic"
    logingen -n 1000 --missing 20 | produce "$topic"
    read_topic "$topic" | tee raw | loginclean | jq -c 'select(.device_type == "unknown")' |
        mlr --ojsonl --ijsonl cat | loginagg -w all --count device_type | tee insights |
        produce "$topic-insights" --create
    assert_eq "$(wc -l <raw)" 1000
    read_topic "$topic-insights" | cmp - insights
    assert_eq "$(jq -c 'select(.field == "device_type").counts | keys' insights)" '["unknown"]'
}

@test "the demo runs on a broker of its own and on a cluster, and its numbers add up" {
    need_kafka
    for servers in '' "$KAFKA"; do
        run -0 env BOOTSTRAP_SERVERS="$servers" timeout 60 "$BATS_TEST_DIRNAME/demo"
        assert_eq "$(grep -c '^ *ok ' <<<"$output")" 5
        run ! grep -q WRONG <<<"$output"
    done
}
