#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The stages together, as people chain them, on a real Kafka.
#
# bats file_tags=kafka,long

load helpers
load pipeline

setup() {
    begin
    need_kafka
}

@test "the same records give the same insights on the embedded broker, on Kafka and from a file" {
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

@test "each stage reads everything that the one before wrote, and rejects keep their bytes" {
    create_topic "$topic" 4
    create_topic "$topic-insights"
    pipeline "$topic" -n 50000 --bad 5 --missing 10
    assert_eq "$(ledger kcat-out.stats .in)" 50000
    assert_chained kcat-out kcat-in loginclean loginagg kcat-out-insights
    assert_eq "$(ledger kcat-out-insights.stats .out)" "$(wc -l <insights)"

    rejected=$(($(ledger kcat-in.stats .rejected) + $(ledger loginclean.stats .rejected)))
    [ "$rejected" -gt 2000 ]
    assert_eq "$(wc -l <bad.ndjson)" "$rejected"
    # The rejected and the clean records together are the input.
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

@test "a million records pass through real Kafka, and all are counted" {
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

# start_pipeline GROUP: each stage writes a ledger; $session is the session of all.
start_pipeline() {
    start bash -c "
        kcat-in -G $1 $topic --stats kcat-in.stats -v 2>kcat-in.log |
        loginclean --stats loginclean.stats |
        loginagg --tee --every 0 --stats loginagg.stats |
        kcat-out -t $topic-out --stats kcat-out.stats"
    session=$!
}

# stage NAME: the process number of a stage.
stage() {
    pgrep -s "$session" -x "$1"
}

@test "a last stage that pauses loses no records" {
    create_topic "$topic" 4
    create_topic "$topic-out" 2
    logingen -n 100000 | produce "$topic"
    start_pipeline "$topic"
    wait_until 10 stage kcat-out
    kill -STOP "$(stage kcat-out)"
    sleep 3
    logingen -n 50000 --seed 2 | produce "$topic"
    kill -CONT "$(stage kcat-out)"
    wait_until 30 has_records 150000 "$topic-out"
    kill -TERM "$(stage kcat-in)"
    await $session
    assert_eq $status 0
    assert_chained kcat-in loginclean loginagg kcat-out
    assert_eq "$(ledger kcat-in.stats .out)" 150000
    { logingen -n 100000 && logingen -n 50000 --seed 2; } | loginclean | sort >expected
    read_topic "$topic-out" -j 'select(.insight | not)' | sort | cmp - expected
}

@test "Ctrl-C stops the reading, and everything read is delivered" {
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
    # The terminal driver turns the character 3 into a SIGINT for the whole foreground group.
    start script -qec ./run /dev/null <keyboard >screen 2>&1 5>&-
    terminal=$!
    wait_until 20 has_records 20000 "$topic-out"
    printf '\003' >&5
    exec 5>&-
    await $terminal 30
    assert_eq "$(<statuses)" '0 0 0 0'
    assert_chained kcat-in loginclean loginagg kcat-out
    kill -TERM "$(pgrep -P $writer -x logingen)"
    await $writer
    # The next member of the group reads exactly the rest.
    timeout 60 kcat-in -G "$topic" "$topic" -e --stats rest.stats >/dev/null
    assert_eq "$(ledger in.stats .out)" \
        "$(($(ledger kcat-in.stats .out) + $(ledger rest.stats .out)))"
}

@test "the whole pipe ends when any stage is killed, even if the topic is silent" {
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

@test "other tools can be inserted anywhere in the pipe" {
    create_topic "$topic"
    logingen -n 1000 --missing 20 | produce "$topic"
    read_topic "$topic" | tee raw | loginclean | jq -c 'select(.device_type == "unknown")' |
        mlr --ojsonl --ijsonl cat | loginagg -w all --count device_type | tee insights |
        produce "$topic-insights" --create
    assert_eq "$(wc -l <raw)" 1000
    read_topic "$topic-insights" | cmp - insights
    assert_eq "$(jq -c 'select(.field == "device_type").counts | keys' insights)" '["unknown"]'
}

@test "the demo on a given cluster succeeds, and its numbers add up" {
    assert_demo_adds_up
}

@test "no insight and no partial is too large for a broker, whatever --top says" {
    # All users come from two addresses, and some values are longer than a message may be.
    awk 'BEGIN { for (i = 0; i < 60000; i++)
        printf "{\"timestamp\":%d,\"user_id\":\"user-%d@accounts.example.org\",\"ip\":\"2001:db8::%d\"}\n", i / 100, i / 2, i % 2 }' >records
    long=$(head -c 1500000 /dev/zero | tr '\0' x)
    for n in 1 2 3; do
        echo "{\"timestamp\":$n,\"user_id\":\"$long\",\"ip\":\"::$n\"}"
    done >>records
    create_topic "$topic"
    create_topic "$topic-partials"
    top=(-w all --every 0 --top 1000000 --values 1000000 --count user_id)
    count() { # [OPTION]...
        loginagg "${top[@]}" "$@" <records >out
        kcat-out -t "$topic" --rejects rejects --stats stats <out
        assert_eq "$(ledger stats '[.out, .rejected, .undelivered]')" "[$(wc -l <out),0,0]"
        [ ! -s rejects ]
    }
    count
    [ "$(grep -c '"cut":true' out)" -ge 3 ]
    count --each --distinct user_id/ip --distinct ip/user_id
    [ "$(wc -l <out)" -gt 60000 ]
    assert_eq "$(grep -c '"user_ids":30000,.*"cut":true' out)" 2
    # Each key has one current line.
    read_topic "$topic" | jq -r .key | sort -u | wc -l >got
    assert_eq "$(<got)" "$(jq -r .key out | wc -l)"

    loginagg --partial "${top[@]}" <records | tee parts |
        kcat-out -t "$topic-partials" --key partial --rejects rejects
    [ "$(wc -l <parts)" -gt 3 ]
    [ ! -s rejects ]
    loginagg "${top[@]}" <records >want
    kcat-in -e -G "$topic-merge" --shard 0/1 --marks=100ms "$topic-partials" 2>/dev/null |
        loginagg --merge "${top[@]}" | grep -v '^{"@mark"' | cmp - want
}
