#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-broker: the embedded broker, alone and around a command.
#
# bats file_tags=long

# shellcheck disable=SC2016 # what is quoted is for another shell

load helpers

setup() {
    begin
    unset BOOTSTRAP_SERVERS STATE_DIR
}

# broker ARGUMENT...
broker() {
    timeout 60 kcat-broker "$@"
}

# Starts a broker in the background and sets $address.
start_broker() {
    start kcat-broker "$@" >address
    wait_until 10 has_lines 1 address
    address=$(<address)
}

# is_closed ADDRESS: nothing accepts connections there any more.
is_closed() {
    ! (: <"/dev/tcp/${1/://}") 2>/dev/null
}

partitions() {
    timeout 20 kcat -b "${2:-$BOOTSTRAP_SERVERS}" -L -J -t "$1" | jq '.topics[0].partitions | length'
}

@test "a command finds the broker at BOOTSTRAP_SERVERS" {
    run -0 --separate-stderr broker -t logins -- \
        bash -c 'seq 1000 | kcat-out -t logins && kcat-in logins -e'
    assert_eq "$stderr" ''
    assert_eq "$(sort -n <<<"$output" | cksum)" "$(seq 1000 | cksum)"
}

@test "a command finds an empty STATE_DIR, which ends with the broker" {
    run -0 --separate-stderr broker -- bash -c \
        'mkdir "$STATE_DIR/a" && touch "$STATE_DIR/a/b" && ln -s "$PWD" "$STATE_DIR/c" && echo "$STATE_DIR"'
    assert_eq "$stderr" ''
    [ ! -e "$output" ]
    [ -d "$PWD" ]
    STATE_DIR=mine run -0 broker -- printenv STATE_DIR
    assert_eq "$output" mine
}

@test "kcat can write to the broker and read from it" {
    run -0 broker -t logins:1 -- bash -c \
        'seq 100 | kcat -b $BOOTSTRAP_SERVERS -P -t logins &&
        kcat -b $BOOTSTRAP_SERVERS -C -e -q -t logins'
    assert_eq "$output" "$(seq 100)"
}

@test "a topic has as many partitions as requested, or 4" {
    start_broker -t one:1 -t three:3 --topic four
    assert_eq "$(partitions one "$address")" 1
    assert_eq "$(partitions three "$address")" 3
    assert_eq "$(partitions four "$address")" 4
    # A topic is created when it is first used.
    echo '"new"' | BOOTSTRAP_SERVERS=$address produce five
    assert_eq "$(partitions five "$address")" 4
    assert_eq "$(read_topic -b "$address" five)" '"new"'
}

@test "kcat-out --create accepts existing topics and creates new ones" {
    run -0 broker -t old:2 -- bash -c \
        'for topic in old new; do
            echo 1 | timeout 20 kcat-out -t $topic --create && kcat-in -e $topic
        done'
    assert_eq "$output" $'1\n1'
}

@test "a group reads each record once and continues where it stopped" {
    # A group waits one session timeout for its former members.
    run -0 broker -t logins:2 -- bash -c 'group="-G g -X session.timeout.ms=3000"
        seq 100 | kcat-out -t logins; kcat-in -e logins $group
        seq 101 110 | kcat-out -t logins; kcat-in -e logins $group'
    assert_eq "$(sort -n <<<"$output" | cksum)" "$(seq 110 | cksum)"
}

@test "several brokers form a cluster" {
    run -0 broker --brokers 3 -t logins:6 -- bash -c \
        'kcat -b $BOOTSTRAP_SERVERS -L -J; echo; seq 1000 | kcat-out -t logins --key-jq tostring
        kcat-in -e logins | wc -l'
    assert_eq "$(head -n 1 <<<"$output" | jq '.brokers | length')" 3
    assert_eq "${lines[1]}" 1000
}

@test "kcat-broker exits with the command's status" {
    for expected in 0 75; do
        run -$expected broker -- sh -c "exit $expected"
    done
    run -137 broker -- sh -c 'kill -KILL $$'
    run -127 --separate-stderr broker -- no-such-command
    assert_match "$stderr" '^kcat-broker: no-such-command: No such file'
    touch no-program
    run -126 --separate-stderr broker -- ./no-program
    assert_match "$stderr" '^kcat-broker: \./no-program: Permission denied'
}

@test "the command inherits stdin, stdout, stderr and its arguments" {
    run -0 --separate-stderr broker -- sh -c 'cat; echo "$@" >&2' sh a 'b  c' <<<'from stdin'
    assert_eq "$output" 'from stdin'
    assert_eq "$stderr" 'a b  c'
}

@test "the broker stops when the command ends" {
    address=$(broker -t a -- sh -c 'echo "$BOOTSTRAP_SERVERS"')
    assert_match "$address" '^127\.0\.0\.1:[0-9]+$'
    wait_until 5 is_closed "$address"
}

@test "kcat-broker forwards a signal to the command and exits with it" {
    for signal in TERM INT HUP; do
        rm -f ready
        start kcat-broker -- env --default-signal bash -c \
            'sleep 60 & trap "kill $!; exit 5" TERM INT HUP; touch ready; wait'
        wait_until 10 test -e ready
        kill -$signal $!
        await $! 10
        assert_eq "$signal $status" "$signal 5"
    done
}

@test "without a command, kcat-broker prints its address and runs until SIGTERM or SIGINT" {
    for signal in TERM INT; do
        rm -f address
        start_broker -t logins
        assert_match "$address" '^127\.0\.0\.1:[0-9]+$'
        echo 1 | produce logins -b "$address"
        assert_eq "$(read_topic logins -b "$address")" 1
        kill -$signal $!
        await $! 10
        assert_eq $status 0
        wait_until 5 is_closed "$address"
    done
}

@test "command substitution captures the address of a broker that keeps running" {
    address=$(setsid kcat-broker -t logins 3>&- & echo $! >pid)
    started+=("$(<pid)")
    echo 1 | produce logins -b "$address"
    assert_eq "$(read_topic logins -b "$address")" 1
}

@test "a partition keeps its newest 5 MiB" {
    seq -f '"%.0f-0123456789012345678901234567890123456789012345678901234567890123456789"' 200000 >in
    run -0 broker -t logins:1 -- bash -c 'kcat-out -t logins <in; kcat-in -e logins >out'
    tail -n "$(wc -l <out)" in | cmp - out
    # Batches of up to a megabyte are deleted as a whole, and records take more bytes than their values.
    [ "$(stat -c %s out)" -gt 3000000 ]
    [ "$(stat -c %s out)" -lt 6000000 ]
}

@test "a wrong option is a one-line usage error" {
    while read -r -a options; do
        run -64 --separate-stderr broker "${options[@]}" -- touch ran
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-broker: '
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
        [ ! -e ran ]
    done <<'TABLE'
-t a:0
-t a:many
-t a:
-t :3
-t a/b
-t a:1000000
--brokers 0
--brokers 1000
--no-such-option
TABLE
}

@test "an unwritable stdout is an error" {
    run -74 bash -c 'timeout 20 kcat-broker >/dev/full'
    assert_match "$output" '^kcat-broker: stdout: No space left on device'
}

@test "--version and --help describe kcat-broker" {
    run -0 broker --version
    assert_match "$output" '^kcat-broker .*[0-9]+\.[0-9]+'
    run -0 broker --help
    assert_match "$output" '5 MiB'
}
