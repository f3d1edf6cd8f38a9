#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: brokers and topics that are missing, full disks, and signals.
#
# bats file_tags=kafka

load helpers
load kcat-in

teardown_file() {
    stop_own_kafka
}

# --- Brokers and topics that are not there ---

@test "a topic that does not exist is an error after --wait" {
    for options in "" "-G $group" "-p 0" "-e"; do
        # shellcheck disable=SC2086 # the options are words
        run -69 --separate-stderr timeout 20 kcat-in "$topic" --wait 300ms $options
        assert_eq "$output" ''
        assert_eq "$stderr" "kcat-in: topic $topic: Broker: Unknown topic or partition"
    done
}

@test "kcat-in reads a topic that is created while it waits" {
    start kcat-in "$topic" --wait 20s -c 3 >out 2>log
    wait_until 10 grep -q 'waiting for it' log
    make_topic 1 3
    await $!
    assert_eq $status 0
    assert_exactly_once 3 out
    assert_eq "$(wc -l <log)" 1
}

@test "a signal ends the wait for a topic or broker" {
    for where in "$topic" "$topic -G $group" "$topic -b 127.0.0.1:1"; do
        # shellcheck disable=SC2086 # several words
        start kcat-in $where --wait 1m 2>log
        wait_until 10 grep -q 'waiting for it' log
        kill -TERM $!
        await $! 5
        assert_eq $status 75
        assert_match "$(tail -n 1 log)" '^kcat-in: .*stopped while'
    done
}

@test "kcat-in waits for a broker that disconnects, and warns once" {
    start_own_kafka
    make_topic 2 10
    start kcat-in "$topic" -X reconnect.backoff.max.ms=500 -v >out1 2>log1
    alone=$!
    start kcat-in "$topic" -G "$group" -X reconnect.backoff.max.ms=500 >out2 2>log2
    member=$!
    wait_until 10 has_lines 10 out1
    wait_until 10 has_lines 10 out2
    own_kafka kill
    wait_until 10 grep -q 'not reachable, waiting for it' log1
    wait_until 10 grep -q 'not reachable, waiting for it' log2
    own_kafka restart
    seq 11 20 | produce "$topic"
    wait_until 30 has_lines 20 out1
    wait_until 30 has_lines 20 out2
    kill -TERM $alone
    await $alone
    assert_eq $status 0
    kill -TERM $member
    await $member
    assert_eq $status 0
    assert_exactly_once 20 out1
    assert_at_least_once 20 out2
    grep -q 'broker: reachable again' log1
    assert_eq "$(grep -c 'not reachable' log1)" 1
    assert_eq "$(grep -c 'not reachable' log2)" 1
}

# --- Ends ---

@test "a full disk is an error for each kind of output" {
    make_topic 1 10
    echo bad | produce "$topic"
    run -74 bash -c "timeout 20 kcat-in $topic -e >/dev/full"
    assert_match "$output" 'kcat-in: stdout: No space left on device'
    run -74 --separate-stderr read_topic "$topic" --rejects /dev/full
    assert_match "$stderr" '^kcat-in: /dev/full: No space left on device'
    run -74 bash -c "timeout 20 kcat-in $topic -e 2>/dev/full >/dev/null"
    run -74 bash -c "timeout 20 kcat-in $topic -e --rejects /dev/null >&-"
    run -73 --separate-stderr read_topic "$topic" --rejects /no/such/directory/file
    run -73 --separate-stderr read_topic "$topic" --stats /no/such/directory/file
}

@test "SIGUSR1 writes the ledger, and kcat-in continues" {
    make_topic 1 10
    start kcat-in "$topic" --stats stats >out
    wait_until 10 has_lines 10 out
    kill -USR1 $!
    wait_until 10 test -s stats
    assert_eq "$(ledger stats .out)" 10
    seq 11 20 | produce "$topic"
    wait_until 10 has_lines 20 out
    kill -TERM $!
    await $!
    assert_eq $status 0
    assert_eq "$(wc -l <stats)" 2
    assert_eq "$(ledger stats .out)" 20
}

@test "a second signal ends kcat-in immediately, even if its output is blocked" {
    yes '"0123456789012345678901234567890123456789012345678901234567890123456789"' | head -n 50000 |
        produce "$topic" --create
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -v >pipe 2>log 5>&-
    wait_until 10 grep -q 'from offset' log
    sleep 0.5 # for the pipe to fill
    kill -TERM $!
    wait_until 5 has_let_go_of_signals $!
    kill -TERM $!
    await $! 5
    assert_eq $status 143
    exec 5>&-
}
