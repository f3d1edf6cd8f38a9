#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: records that the broker refuses, and their neighbours in the same batch.
#
# bats file_tags=kafka

load helpers
load delivery

# numbered FROM TO [EVERY]: lines with a key. Every so many, one has none.
numbered() {
    awk -v from="$1" -v to="$2" -v every="${3:-0}" 'BEGIN {
        for (i = from; i <= to; i++)
            if (every && i % every == 0)
                printf "{\"n\":%d}\n", i
            else
                printf "{\"n\":%d,\"k\":\"%d\"}\n", i, i % 7
    }'
}

# start_before_change SETTING OPTION...: starts kcat-out, which writes the line 0, and then changes
# the topic. So kcat-out does not know the setting.
start_before_change() {
    start_fed kcat-out -t "$topic" --key k --rejects rejects --stats stats "${@:2}"
    numbered 0 0 | write_to_feed
    wait_until 20 has_records 1 "$topic"
    configure_topic "$topic" "$1"
    sleep 3 # until the partition's leader knows it, also on a slow machine
}

# Ends the input. kcat-out ends in order.
finish() {
    close_feed
    await "$pid" 120
    assert_eq "$status" 0
}

# keeps_order FILE: the numbers of each key grow.
keeps_order() {
    jq -r '[.k, .n] | @tsv' "$1" |
        awk '($1 in last) && $2 <= last[$1] { print; bad = 1 } { last[$1] = $2 } END { exit bad }'
}

# delivered_all_but EVERY COUNT: the topic has each line of `numbered 0 COUNT EVERY` with a key, once
# and in order. The others are rejects.
delivered_all_but() {
    numbered 0 "$2" "$1" | sed '1s/}/,"k":"0"}/' >sent
    read_topic "$topic" >got
    jq .n got | sort -n | cmp - <(grep k sent | jq .n)
    keeps_order got
    jq -r .raw rejects | sort | cmp - <(grep -v k sent | sort)
    assert_eq "$(jq -r .reject rejects | sort -u)" not_delivered
    assert_ledger_adds_up stats
}

# --- What the topic's settings say ---

@test "a record without a key is not sent to a compacted topic" {
    produce "$topic" --create --topic-config cleanup.policy=compact </dev/null
    numbered 1 100 10 >in
    run -0 --separate-stderr produce "$topic" --key k --rejects rejects --tee --stats stats <in
    assert_eq "$stderr" "kcat-out: topic $topic: line 10 of 8 bytes is refused and becomes a reject: the topic is compacted, and the record has no key
kcat-out: 10 lines were refused and became rejects"
    assert_eq "$output" "$(grep k in)"
    read_topic "$topic" | cmp - <(grep k in)
    assert_eq "$(jq -c '[.reject,.line,.raw]' rejects | head -n 1)" '["not_delivered",10,"{\"n\":10}"]'
    assert_eq "$(wc -l <rejects)" 10
    assert_ledger_adds_up stats
}

# envelope TIME [KEY]: with the time in ms, or without one.
envelope() {
    printf '{"topic":"%s","partition":0,"offset":7,%s"key":%s,"headers":[["h","v"]],"value":{"a":1}}\n' \
        "$topic" "${1:+\"ts\":$1,\"tstype\":\"create\",}" "${2:-\"k\"}"
}

@test "a timestamp that the topic refuses is not sent" {
    local now=$(($(date +%s) * 1000))
    produce "$topic" --create --topic-config message.timestamp.before.max.ms=60000 \
        --topic-config message.timestamp.after.max.ms=60000 </dev/null
    {
        envelope $((now - 100000))
        envelope $((now - 10000))
        envelope ''
        envelope $((now + 100000))
        envelope $((now + 10000))
    } >in
    run -0 --separate-stderr produce "$topic" -J --rejects rejects --stats stats <in
    assert_eq "$(jq -c '[.reject,.line,.key,.headers,.attempts,.raw]' rejects)" \
        '["not_delivered",1,"k",[["h","v"]],1,"{\"a\":1}"]
["not_delivered",4,"k",[["h","v"]],1,"{\"a\":1}"]'
    assert_match "$(jq -r .detail rejects)" '^its timestamp is older .*before.max.ms\)
its timestamp is further ahead .*after.max.ms\)$'
    assert_eq "$(read_topic "$topic" | wc -l)" 3
    assert_ledger_adds_up stats
    # The broker sets the time itself, so any will do.
    configure_topic "$topic" message.timestamp.type=LogAppendTime
    produce "$topic" -J --rejects /dev/stderr <in
    assert_eq "$(read_topic "$topic" | wc -l)" 8
}

@test "with --exactly-once, such a record becomes a reject too, and the others are committed" {
    produce "$topic" --create </dev/null
    produce "$out" --create --topic-config cleanup.policy=compact </dev/null
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        numbered 1 100 10
        mark end 1 100
    } >stream
    kcat-out -t "$out" --key k --exactly-once --rejects rejects --stats stats <stream
    wait_until 10 has_records 90 "$out"
    assert_eq "$(wc -l <rejects)" 10
    assert_ledger_adds_up stats
}

# --- What only the broker says ---

@test "the neighbours of a record that the broker refuses are delivered, in order" {
    create_topic "$topic"
    start_before_change cleanup.policy=compact
    numbered 1 20000 1000 | write_to_feed
    finish
    assert_match "$(<err)" "kcat-out: topic $topic: line 1001 of 10 bytes is refused and becomes a reject: Broker: .*
kcat-out: 20 lines were refused and became rejects"
    delivered_all_but 1000 20000
}

@test "lines that are on their way behind a refused batch do not overtake it" {
    create_topic "$topic" 3
    # Small batches, so that many wait for their turn.
    start_before_change cleanup.policy=compact -X batch.num.messages=20 -X linger.ms=0 -H a=b
    numbered 1 20000 4000 | write_to_feed
    finish
    delivered_all_but 4000 20000
}

@test "a flood of refused records is told apart from the good ones" {
    create_topic "$topic"
    start_before_change cleanup.policy=compact
    numbered 1 600 2 | write_to_feed
    finish
    delivered_all_but 2 600
}

@test "lines are sent in smaller batches if the topic refuses large ones" {
    local codec
    for codec in none gzip; do
        topic=$(fresh_topic "$codec")
        create_topic "$topic"
        rm -f feed
        start_before_change max.message.bytes=2000 -z "$codec"
        {
            numbered 1 1000
            printf '{"n":1001,"k":"0","x":"%s"}\n' "$(head -c 3000 /dev/urandom | base64 -w 0)"
            numbered 1002 2000
        } | write_to_feed
        finish
        read_topic "$topic" >got
        jq .n got | sort -n | cmp - <(seq 0 2000 | grep -vx 1001)
        keeps_order got
        assert_eq "$(jq -c '[.reject,.line]' rejects)" '["not_delivered",1002]'
        rm rejects
    done
}

@test "a line that is sent again keeps its headers, key and time" {
    local now=$(($(date +%s) * 1000))
    create_topic "$topic"
    start_fed kcat-out -t "$topic" -J --rejects rejects
    envelope "$now" | write_to_feed
    wait_until 20 has_records 1 "$topic"
    configure_topic "$topic" cleanup.policy=compact
    sleep 1
    {
        envelope "$now" '"a"'
        envelope "$now" null
        envelope "$now" '"b"'
    } | write_to_feed
    finish
    assert_eq "$(kcat-in -e -J "$topic" | jq -c '[.key,.ts,.headers,.value]')" \
        "[\"k\",$now,[[\"h\",\"v\"]],{\"a\":1}]
[\"a\",$now,[[\"h\",\"v\"]],{\"a\":1}]
[\"b\",$now,[[\"h\",\"v\"]],{\"a\":1}]"
    assert_eq "$(jq -c '[.line,.key,.ts,.headers,.raw]' rejects)" \
        "[3,null,$now,[[\"h\",\"v\"]],\"{\\\"a\\\":1}\"]"
}

@test "--tee passes on the neighbours of a refused record, in order" {
    create_topic "$topic"
    start_before_change cleanup.policy=compact --tee
    numbered 1 5000 700 | write_to_feed
    finish
    numbered 0 0 | cat - <(numbered 1 5000 700 | grep k) | cmp - out
}

@test "--acks confirms the marks around a refused record" {
    create_topic "$topic"
    mkfifo acks
    exec {acks}<>acks
    start_fed kcat-out -t "$topic" --key k --rejects rejects --acks acks
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        numbered 0 0
        mark mark 1 1
    } | write_to_feed
    wait_until 20 has_records 1 "$topic"
    configure_topic "$topic" cleanup.policy=compact
    sleep 1
    {
        numbered 1 500 100
        mark mark 2 2
        numbered 501 1000
        mark end 3 3
    } | write_to_feed
    finish
    timeout 5 grep -m 1 '"seq":3' <&"$acks"
    exec {acks}>&-
    assert_eq "$(wc -l <rejects)" 5
    assert_eq "$(read_topic "$topic" | jq .n | sort -n | tail -n 1)" 1000
    assert_eq "$(read_topic "$topic" | wc -l)" 996
}

@test "with --exactly-once, the transaction fails, and the next run knows the settings" {
    numbered 1 1000 100 | produce "$topic" --create --key k
    create_topic "$out"
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms |
    kcat-out -t '$out' --key k --exactly-once --rejects rejects --transactional-id '$group' 2>err
echo "\${PIPESTATUS[*]}" >statuses
END
    start bash pipeline
    first=$!
    wait_until 20 has_records 1000 "$out"
    configure_topic "$out" cleanup.policy=compact
    sleep 1
    numbered 1001 2000 100 | produce "$topic" --key k
    await "$first" 30
    assert_eq "$(awk '{ print $2 }' statuses)" 75
    assert_match "$(<err)" "kcat-out: transaction: topic $out: line [0-9]+ .*: Broker: .*; if the topic's settings have changed, start again, or else allow DESCRIBE_CONFIGS"
    sed -i 's/kcat-in/kcat-in -e/' pipeline
    start bash pipeline
    await $! 30
    assert_eq "$(<statuses)" '0 0'
    wait_until 10 has_records 1990 "$out"
    read_topic "$out" | jq .n | sort -n | uniq -d | cmp - /dev/null
    assert_eq "$(read_topic "$out" | wc -l)" 1990
    assert_eq "$(jq -r .raw rejects | jq -c .n | tr '\n' ' ')" '1100 1200 1300 1400 1500 1600 1700 1800 1900 2000 '
}
