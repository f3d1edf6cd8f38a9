#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in -L and -Q: usage, and what works on the embedded broker.

load helpers

setup() {
    begin
    unset BOOTSTRAP_SERVERS
}

# on_broker SCRIPT: runs it with the embedded broker, which has the topics t:3 and empty:1.
on_broker() {
    # shellcheck disable=SC2016 # for the inner shell
    run -0 --separate-stderr timeout 60 kcat-broker -t t:3 -t empty:1 -- bash -c "$1"
}

@test "a wrong use of -L or -Q is a one-line usage error" {
    export BOOTSTRAP_SERVERS=127.0.0.1:1
    while read -r -a options; do
        run -64 --separate-stderr timeout 20 kcat-in "${options[@]}"
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-in: -.*--help\)$'
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
    done <<'TABLE'
-L -Q t:0:1h
-Q
-Q t
-Q t:0
-Q t:0:
-Q t::1h
-Q :0:1h
-Q t:-1:1h
-Q t:x:1h
-Q t:0:soon
-Q t:0:-3
-Q t:4294967296:1h
-Q ^t:0:1h
-Q t:0:1h t:1
TABLE
}

@test "-L and -Q without a broker fail with 69 after --wait" {
    for options in -L '-L -t t' '-L -G g' '-Q t:0:1h'; do
        # shellcheck disable=SC2086 # several words
        run -69 --separate-stderr timeout 20 kcat-in $options -b 127.0.0.1:1 --wait 1s
        assert_eq "$output" ''
        assert_match "$(tail -n 1 <<<"$stderr")" '^kcat-in: broker: not reachable within 1s: .'
    done
}

@test "-L shows what the embedded broker holds, as far as it can tell" {
    on_broker 'seq 10 | kcat-out -t t && kcat-in -e -c 4 -G g t >/dev/null && kcat-in -L && kcat-in -L -J -G g'
    assert_eq "$stderr" ''
    assert_match "$output" $'\nTOPIC  PARTITIONS  REPLICAS  UNDER-REPLICATED  OFFSETS\n'
    assert_match "$output" $'\nempty           1         1                 0        0\nt               3         1                 0       10\n'
    assert_match "$output" $'\nempty          0       1  1         1            0    0        0\n'
    grep '^{' <<<"$output" >json
    assert_eq "$(jq -c 'select(.group).group' json)" '{"group":"g","lag":6}'
    assert_eq "$(jq -sc 'map(.lag // empty) | [length, (map(.committed) | add), (map(.end) | add)]' json)" '[3,4,10]'
}

@test "neither -L nor -Q creates a topic on the embedded broker" {
    on_broker 'kcat-in -L -t none -t t; kcat-in -L -G g -t none; kcat-in -Q none:0:1h; kcat-in -L -X allow.auto.create.topics=true -t none -J; kcat-in -L -J | jq -r ".topic.topic // empty"'
    assert_eq "$(tail -n 2 <<<"$output" | xargs)" 'empty t'
    assert_eq "$(grep -v AUTOCREATE <<<"$stderr" | sort -u)" 'kcat-in: topic none: does not exist'
}

@test "-Q finds offsets on the embedded broker" {
    on_broker 'seq 10 | kcat-out -k a -t t && kcat-in -Q t:0:beginning t:0:end t:1:-2 t:1:-1 t:2:@0 t:2:1s empty:0:1h'
    assert_eq "$stderr" ''
    assert_eq "$(head -n 1 <<<"$output")" 'empty [0] offset 0'
    assert_eq "$(grep '^t ' <<<"$output" | awk '{ sum += $4 } END { print NR, (sum >= 10) }')" '6 1'
}

@test "-L on a full disk fails with 74" {
    run -0 timeout 60 kcat-broker -t t:3 -- bash -c 'kcat-in -L >/dev/full; echo $?; kcat-in -Q t:0:1h >/dev/full; echo $?'
    assert_eq "$(grep -c 'kcat-in: stdout: No space left on device' <<<"$output")" 2
    assert_eq "$(grep -c '^74$' <<<"$output")" 2
}
