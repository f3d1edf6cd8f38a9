#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# How far event time has come: the watermark of kcat-in's marks, and what loginagg makes of it.
#
# bats file_tags=kafka

load helpers
load loginagg

setup() {
    need_kafka
    begin
    now=$(date +%s)
}

# watermarks <lines: the watermarks of the marks, each once.
watermarks() {
    jq -R 'fromjson? | .watermark // empty' | uniq
}

# The newest watermark in a file is later than this time in ms.
watermark_passes() {
    local newest

    newest=$(watermarks <"$1" | tail -n 1)
    [ "${newest:-0}" -gt "$2" ]
}

@test "a partition at its end holds back the watermark until it is idle" {
    create_topic "$topic" 2
    at $((now - 7200)) | produce_to 0
    at $((now - 3600)) "$now" | produce_to 1
    start bash -c "kcat-in '$topic' --marks=100ms --idle 60s |
        loginagg --rejects late --stats stats -w 1m --every 0 >out"
    # The second mark is written five seconds after the first, when both ends are known.
    wait_until 20 grep -qs '"seq":2,.*,0,1\].*,1,2\]' out
    # No partition is idle yet, so this record is not late.
    at $((now - 1800)) | produce_to 0
    wait_until 20 grep -q '"at":.*,0,2\]' out
    pkill -TERM -s $! kcat-in
    await $!
    assert_eq "$(watermarks <out | paste -sd ' ')" "$((now - 7200))000 $((now - 1800))000"
    assert_eq "$(ledger stats '[.in, .late]') $(<late)" '[4,0] '
}

@test "a record from the future makes no later one late, not even after a restart with --state" {
    create_topic "$topic"
    { at $(seq $((now - 3600)) 60 $((now - 1800))) && at $((now + 300 * 86400)) $((now + 23 * 3600)) &&
        at $(seq $((now - 1790)) 60 "$now"); } >first
    at $(seq $((now - 5)) "$now") >second
    for run in first second; do
        produce "$topic" <$run
        kcat-in "$topic" -e -G "$topic" --shard 0/1 --acks acks 2>>err |
            loginagg -w 1m --every 0 --state state --rejects late --stats stats |
            kcat-out -t "$topic-out" --create --acks acks
        assert_eq "$(ledger stats '[.in, .late]')" "[$(wc -l <$run),0]"
    done
    assert_eq "$(<late)" ''
    assert_match "$(<err)" "^kcat-in: $topic \[0\]: offset 31: the time is too far ahead \(--ahead\), "
    # It is believed when the user says so.
    read_topic "$topic" --marks --ahead 400d >lines
    watermark_passes lines $((now * 1000 + 299 * 86400000))
}

@test "a quiet topic finishes its hour and its batch" {
    create_topic "$topic" 3
    at $((now - 7200)) | produce "$topic"
    start bash -c "kcat-in '$topic' --marks=100ms --idle 1s |
        loginagg -w 1h -w 200n,30s --every 0 >out"
    wait_until 30 grep -qs '"key":"1h/.*/logins".*"final":true' out
    wait_until 30 grep -q '"key":"200n,30s/1/logins".*"final":true' out
    # The watermark is always behind the clock, and never goes back.
    watermark_passes out $(((now - 60) * 1000))
    run ! watermark_passes out "$(date +%s999)"
    watermarks <out | sort -nc
}

@test "the watermark of an input with an end does not follow the clock, nor does that of --idle 0" {
    create_topic "$topic"
    at $((now - 7200)) | produce "$topic"
    start bash -c "kcat-in '$topic' --marks=100ms --idle 200ms -c 2 >count"
    start bash -c "kcat-in '$topic' --marks=100ms --idle 200ms -o 0:9 >range"
    start bash -c "kcat-in '$topic' --marks=100ms --idle 0 >never"
    for file in count range never; do
        # The mark after the record, and a later one.
        wait_until 20 grep -qs '"seq":2,' $file
        assert_eq "$(watermarks <$file)" $((now - 7200))000
    done
}

@test "while the broker does not answer, the watermark stands still" {
    start kcat-broker -t "$topic:2" >address
    broker=$!
    wait_until 10 test -s address
    BOOTSTRAP_SERVERS=$(<address)
    export BOOTSTRAP_SERVERS
    at $((now - 100)) | produce "$topic"
    start kcat-in "$topic" --marks=100ms --idle 200ms >lines
    wait_until 20 watermark_passes lines $(((now - 10) * 1000))
    pkill -STOP -s "$broker"
    stopped=$(date +%s%3N)
    marks=$(wc -l <lines)
    wait_until 30 has_lines $((marks + 1)) lines
    sleep 2
    run ! watermark_passes lines "$stopped"
    pkill -CONT -s "$broker"
    wait_until 60 watermark_passes lines "$stopped"
}

@test "--time-unit says the unit of a record's time" {
    create_topic "$topic"
    at 1694476800000000 | produce "$topic"
    read_topic "$topic" --marks --time-unit ns >lines
    assert_eq "$(watermarks <lines)" 1694476800
    run -64 read_topic "$topic" --marks --time-unit min
}
