#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: which records it reads, and where it begins and ends.
#
# bats file_tags=kafka

load helpers
load kcat-in

# --- What is read ---

@test "kcat-in reads each record of several partitions exactly once" {
    make_topic 4 20000
    read_topic "$topic" --stats stats >out
    assert_exactly_once 20000 out
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[20000,20000,0]'
    assert_ledger_adds_up stats
}

@test "records of a partition keep their order" {
    seq 1000 | produce "$topic" --create=3 --key-jq '. % 10 | tostring'
    for partition in 0 1 2; do
        read_topic "$topic" -p $partition >out
        [ -s out ]
        sort -nc out
    done
}

@test "-e on an empty topic succeeds and prints nothing" {
    create_topic "$topic" 3
    run -0 --separate-stderr read_topic "$topic"
    assert_eq "$output$stderr" ''
}

@test "kcat-in does not pause after its queue was full" {
    seq 10000 | produce "$topic" --create -X batch.num.messages=100
    # Each fetch fills the queue. Alone, librdkafka fetches again after up to a second, so this would
    # take more than a minute.
    timeout 20 kcat-in -e -X queued.min.messages=100 -X fetch.message.max.bytes=2000 "$topic" >out
    assert_eq "$(sort -n out | sha256sum)" "$(seq 10000 | sha256sum)"
}

@test "-e stops at the end that the topic had when kcat-in started" {
    # More than the pipe holds, so that kcat-in is still reading when new records arrive.
    yes '"0123456789012345678901234567890123456789012345678901234567890123456789"' | head -n 50000 |
        produce "$topic" --create=2
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -e -v >pipe 2>log 5>&-
    reader=$!
    wait_until 10 grep -q '\[1\]: from offset' log
    seq 10 | produce "$topic"
    timeout 20 cat <pipe 5>&- >out &
    exec 5>&-
    await $reader
    assert_eq $status 0
    wait_until 10 has_lines 50000 out
    assert_eq "$(wc -l <out)" 50000
    run ! grep -qx 1 out
}

@test "without -e, kcat-in prints new records as soon as they arrive" {
    make_topic 2 10
    start kcat-in "$topic" >out
    wait_until 10 has_lines 10 out
    seq 11 20 | produce "$topic"
    wait_until 5 has_lines 20 out
    assert_exactly_once 20 out
}

@test "-c stops after that number of records" {
    make_topic 3 1000
    timeout 20 kcat-in "$topic" -c 10 >out
    assert_eq "$(sort -un out | wc -l)" 10
    timeout 20 kcat-in "$topic" -c 1000 >out
    assert_exactly_once 1000 out
}

@test "topics are operands or arguments of -t" {
    other=$(fresh_topic b)
    make_topic 2 10
    seq 11 20 | produce "$other" --create
    read_topic "$topic" "$other" >out
    assert_exactly_once 20 out
    read_topic -t "$topic" "$other" >out
    assert_exactly_once 20 out
    read_topic -t "$topic" -t "$other" "$topic" >out
    assert_exactly_once 20 out
}

@test "a pattern selects all matching topics, with a group and without" {
    for name in "$topic-x" "$topic-y" "other-$topic"; do
        echo "\"$name\"" | produce "$name" --create
    done
    printf '"%s"\n' "$topic-x" "$topic-y" >expected
    read_topic "^$topic-[xy]" | sort | cmp - expected
    read_topic -G "$group" "^$topic-.*" | sort | cmp - expected
}

@test "a pattern that is malformed or matches no topic is an error" {
    run -69 --separate-stderr read_topic "^$topic-nothing"
    assert_eq "$stderr" "kcat-in: topic ^$topic-nothing: no topic matches that this user may DESCRIBE"
    run -64 --separate-stderr read_topic '^a['
    assert_match "$stderr" '^kcat-in: topic \^a\[: '
    run -64 --separate-stderr read_topic -G "$group" '^a['
    assert_match "$stderr" '^kcat-in: '
}

@test "-p reads only these partitions" {
    seq 1000 | produce "$topic" --create=4 --key-jq tostring
    read_topic "$topic" -p 0 >out0
    read_topic "$topic" -p 1-2 >out12
    read_topic "$topic" -p 3 >out3
    [ -s out0 ] && [ -s out12 ] && [ -s out3 ]
    assert_exactly_once 1000 out0 out12 out3
    read_topic "$topic" -p 3,0-1,2,2 >out
    assert_exactly_once 1000 out
}

@test "-p with a missing partition reports the number of partitions" {
    create_topic "$topic" 2
    run -69 --separate-stderr read_topic "$topic" -p 0,2
    assert_eq "$stderr" "kcat-in: topic $topic: no partition 2, it has 2"
}

@test "kcat-in reads records of every compression codec" {
    create_topic "$topic" 1
    for codec in gzip snappy lz4 zstd none; do
        seq 500 | produce "$topic" -z $codec -k "$codec"
    done
    read_topic "$topic" >out
    for _ in 1 2 3 4 5; do seq 500; done | cmp - out
}

@test "-e stops at the end of a topic whose last entry is a transaction marker" {
    create_topic "$topic" 1
    seq 10 | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -X transactional.id="$topic"
    # The coordinator answers before it writes the marker.
    all_visible() { read_topic "$topic" >out && [ "$(wc -l <out)" -eq 10 ]; }
    wait_until 10 all_visible
    assert_exactly_once 10 out
    # A group passes the marker too, and has no records left.
    read_topic "$topic" -G "$group" >out
    assert_exactly_once 10 out
    assert_eq "$(read_topic "$topic" -G "$group")" ''
}

@test "kcat-in skips aborted transactions and does not wait for open ones" {
    has_records() { [ "$(read_topic "$topic" -X isolation.level="$2" | wc -l)" -ge "$1" ]; }
    create_topic "$topic" 1
    mkfifo pipe
    exec 5<>pipe
    start kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -X transactional.id="$topic" \
        <pipe 5>&- 2>/dev/null
    writer=$!
    seq -f "%.0f000000" 200000 >&5 # kcat reads its stdin by the megabyte
    wait_until 10 has_records 1000 read_uncommitted
    seq 5 | produce "$topic"
    assert_eq "$(read_topic "$topic")" ''
    kill -KILL $writer
    exec 5>&-
    # The next producer with that id aborts the transaction of the killed one.
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -X transactional.id="$topic" </dev/null
    wait_until 10 has_records 5 read_committed
    read_topic "$topic" >out
    assert_exactly_once 5 out
}

# --- Where it begins and ends ---

@test "-o accepts offsets, tails and ranges" {
    make_topic 1 10
    while read -r offset expected; do
        run -0 read_topic "$topic" -o "$offset"
        assert_eq "$offset ${output//$'\n'/,}" "$offset $expected"
    done <<'TABLE'
beginning 1,2,3,4,5,6,7,8,9,10
end
0 1,2,3,4,5,6,7,8,9,10
7 8,9,10
10
1000
-3 8,9,10
-1000 1,2,3,4,5,6,7,8,9,10
2:5 3,4,5
5:2
:3 1,2,3
7: 8,9,10
-2: 9,10
-5:-3 6,7
beginning:2 1,2
beginning:end 1,2,3,4,5,6,7,8,9,10
:end 1,2,3,4,5,6,7,8,9,10
8:end 9,10
:-8 1,2
:1000 1,2,3,4,5,6,7,8,9,10
TABLE
}

@test "kcat-in stops at the end of a range without -e" {
    seq 1000 | produce "$topic" --create=2 --key-jq tostring
    run -0 timeout 20 kcat-in "$topic" -o :end
    assert_eq ${#lines[@]} 1000
    run -0 timeout 20 kcat-in "$topic" -o 100:103
    assert_eq ${#lines[@]} 6
}

@test "-o accepts epoch milliseconds, RFC 3339 times and durations before now" {
    create_topic "$topic" 2
    seq 3 | produce "$topic"
    sleep 0.05
    moment=$(date +%s%3N)
    sleep 0.05
    seq 4 6 | produce "$topic"
    rfc=$(date -u -d "@${moment%???}.${moment: -3}" +%FT%T.%3NZ)
    zoned=$(TZ=UTC-2 date -d "@${moment%???}.${moment: -3}" +%FT%T.%3N+02:00)

    while read -r offset expected; do
        run -0 read_topic "$topic" -o "$offset"
        output=$(sort -n <<<"$output")
        assert_eq "$offset ${output//$'\n'/,}" "$offset $expected"
    done <<TABLE
@$moment 4,5,6
@$rfc 4,5,6
@$zoned 4,5,6
@1h 1,2,3,4,5,6
@1h:@$moment 1,2,3
@1h:$moment 1,2,3
@1h:$rfc 1,2,3
:@$moment 1,2,3
:@$rfc 1,2,3
@2001-01-01T00:00:00Z:@$rfc 1,2,3
@$rfc:@$rfc
@$moment:end 4,5,6
@1h:end 1,2,3,4,5,6
@9999999999999
s@$moment 4,5,6
e@$moment 1,2,3
TABLE
    run -0 timeout 20 kcat-in "$topic" -o "s@$moment" -o "e@9999999999999"
    assert_eq "$(sort -n <<<"$output" | paste -sd,)" 4,5,6
}

# --- Usage and configuration ---

@test "a broker's address can come from -F or KCAT_CONFIG alone" {
    make_topic 1 3
    echo "bootstrap.servers=$BOOTSTRAP_SERVERS" >conf
    broker=$BOOTSTRAP_SERVERS
    unset BOOTSTRAP_SERVERS
    assert_eq "$(read_topic "$topic" -F conf | wc -l)" 3
    assert_eq "$(KCAT_CONFIG=conf read_topic "$topic" | wc -l)" 3
    assert_eq "$(read_topic "$topic" -b "$broker" | wc -l)" 3
}
