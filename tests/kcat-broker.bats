#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause

# shellcheck disable=SC2154,SC2016 # $stderr is set by run; what is in '' is for another shell

load helpers

setup() {
    begin
    unset BOOTSTRAP_SERVERS
}

# broker ARGUMENT...
broker() {
    timeout 60 kcat-broker "$@"
}

# Starts one that stays; $address is where it is.
start_broker() {
    start kcat-broker "$@" >address
    wait_until 10 has_lines 1 address
    address=$(<address)
}

# Whether nobody listens there any more.
is_closed() {
    ! (: <"/dev/tcp/${1/://}") 2>/dev/null
}

partitions() {
    timeout 20 kcat -b "${2:-$BOOTSTRAP_SERVERS}" -L -J -t "$1" | jq '.topics[0].partitions | length'
}

@test "a command finds a broker at BOOTSTRAP_SERVERS" {
    run -0 --separate-stderr broker -t logins -- \
        bash -c 'seq 1000 | kcat-out -t logins && kcat-in logins -e'
    assert_eq "$stderr" ''
    assert_eq "$(sort -n <<<"$output" | cksum)" "$(seq 1000 | cksum)"
}

@test "kcat gets along with it as well" {
    run -0 broker -t logins:1 -- bash -c \
        'seq 100 | kcat -b $BOOTSTRAP_SERVERS -P -t logins &&
        kcat -b $BOOTSTRAP_SERVERS -C -e -q -t logins'
    assert_eq "$output" "$(seq 100)"
}

@test "topics have the partitions that are asked for, and 4 otherwise" {
    start_broker -t one:1 -t three:3 --topic four
    assert_eq "$(partitions one "$address")" 1
    assert_eq "$(partitions three "$address")" 3
    assert_eq "$(partitions four "$address")" 4
    # A topic that was not given springs up.
    echo '"new"' | BOOTSTRAP_SERVERS=$address produce five
    assert_eq "$(partitions five "$address")" 4
    assert_eq "$(read_topic -b "$address" five)" '"new"'
}

@test "kcat-out --create works with it, for topics that are there and new ones" {
    run -0 broker -t old:2 -- bash -c \
        'for topic in old new; do
            echo 1 | timeout 20 kcat-out -t $topic --create && kcat-in -e $topic
        done'
    assert_eq "$output" $'1\n1'
}

@test "a group reads each record once and goes on where it stopped" {
    # A group that has had members waits for them for a session.
    run -0 broker -t logins:2 -- bash -c 'group="-G g -X session.timeout.ms=3000"
        seq 100 | kcat-out -t logins; kcat-in -e logins $group
        seq 101 110 | kcat-out -t logins; kcat-in -e logins $group'
    assert_eq "$(sort -n <<<"$output" | cksum)" "$(seq 110 | cksum)"
}

@test "several brokers make a cluster" {
    run -0 broker --brokers 3 -t logins:6 -- bash -c \
        'kcat -b $BOOTSTRAP_SERVERS -L -J; echo; seq 1000 | kcat-out -t logins --key-jq tostring
        kcat-in -e logins | wc -l'
    assert_eq "$(head -n 1 <<<"$output" | jq '.brokers | length')" 3
    assert_eq "${lines[1]}" 1000
}

@test "the command's exit status is passed on" {
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

@test "the command has the caller's stdin, stdout, stderr and arguments" {
    run -0 --separate-stderr broker -- sh -c 'cat; echo "$@" >&2' sh a 'b  c' <<<'from stdin'
    assert_eq "$output" 'from stdin'
    assert_eq "$stderr" 'a b  c'
}

@test "it stops with the command" {
    address=$(broker -t a -- sh -c 'echo "$BOOTSTRAP_SERVERS"')
    assert_match "$address" '^127\.0\.0\.1:[0-9]+$'
    wait_until 5 is_closed "$address"
}

@test "a signal goes to the command, whose end is the end" {
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

@test "without a command it says where it is and stays until SIGTERM or SIGINT" {
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

@test "the address can be had by command substitution, and the broker stays" {
    address=$(setsid kcat-broker -t logins 3>&- & echo $! >pid)
    started+=("$(<pid)")
    echo 1 | produce logins -b "$address"
    assert_eq "$(read_topic logins -b "$address")" 1
}

@test "it keeps the newest 5 MiB of a partition" {
    seq -f '"%.0f-0123456789012345678901234567890123456789012345678901234567890123456789"' 200000 >in
    run -0 broker -t logins:1 -- bash -c 'kcat-out -t logins <in; kcat-in -e logins >out'
    tail -n "$(wc -l <out)" in | cmp - out
    # Whole batches go, which may be of a megabyte, and records have some bytes beside their values.
    [ "$(stat -c %s out)" -gt 3000000 ]
    [ "$(stat -c %s out)" -lt 6000000 ]
}

@test "a wrong option is a usage error in one line" {
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

@test "a stdout that cannot be written to is an error" {
    run -74 bash -c 'timeout 20 kcat-broker >/dev/full'
    assert_match "$output" '^kcat-broker: stdout: No space left on device'
}

@test "it says what it is and how it is used" {
    run -0 broker --version
    assert_match "$output" '^kcat-broker .*[0-9]+\.[0-9]+'
    run -0 broker --help
    assert_match "$output" '5 MiB'
}
