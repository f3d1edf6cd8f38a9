#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: usage and configuration, and the embedded broker.

load helpers

# --- Brokers and topics that are not there ---

@test "an unreachable broker is an error after --wait" {
    for create in '' --create; do
        # shellcheck disable=SC2086 # no word where it is empty
        run -69 --separate-stderr produce "$topic" -b 127.0.0.1:1 --wait 1s $create <<<1
        assert_match "$(tail -n 1 <<<"$stderr")" '^kcat-out: broker: not reachable within 1s: .'
        [ "$(wc -l <<<"$stderr")" -le 2 ]
    done
}

# --- Usage ---

@test "a wrong option is a one-line usage error" {
    export BOOTSTRAP_SERVERS=127.0.0.1:1
    while read -r -a options; do
        run -64 --separate-stderr produce "$topic" "${options[@]}" <<<1
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-out: '
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
    done <<'TABLE'
an-operand
--create=0
--create=many
--create=1:0
--create=1:
--route insight
--route =topic
--route insight=
-k a --key b
--key a --key-jq .b
--key-jq .[
-H =x
-z bzip2
-X nonsense
-X no.such.setting=1
--no-such-option
-j .[
--jq-file /dev/null -j .
--wait x
-K : -J
-K : --key a
-K : --key-jq .a
-K \xg
-D \x
-D ; --tee
-D ; --undelivered later
-D ; --acks fifo
-D ; an-operand
-l an-operand
/dev/null --exactly-once
-c 0
-c 1 --acks fifo
-p x
-p -2
--time-unit ms
--timestamp t --time-unit minutes
--header-jq .[
TABLE
    run -64 --separate-stderr timeout 20 kcat-out <<<1
    assert_match "$stderr" '^kcat-out: no topic'
    unset BOOTSTRAP_SERVERS
    run -64 --separate-stderr timeout 20 kcat-out -t "$topic" <<<1
    assert_match "$stderr" '^kcat-out: no broker: '
}

@test "an error in a config file is reported with its line number" {
    printf 'bootstrap.servers=x\n\nno.such.setting=1\n' >conf
    run -78 --separate-stderr produce "$topic" -F conf <<<1
    assert_match "$stderr" '^kcat-out: conf:3: .*no\.such\.setting'
    run -78 --separate-stderr produce "$topic" -F missing <<<1
    assert_eq "$stderr" 'kcat-out: missing: No such file or directory'
}

@test "kcat-out is idempotent and waits for all replicas by default" {
    kcat-out -X dump >settings
    grep -qx 'enable.idempotence = true' settings
    # Topic settings are shown under the names that kcat shows.
    grep -qx 'partitioner = murmur2_random' settings
    grep -qx 'request.required.acks = -1' settings
    kcat-out -X dump -X enable.idempotence=false -X acks=1 -X sasl.password=hunter2 >settings
    grep -qx 'enable.idempotence = false' settings
    grep -qx 'request.required.acks = 1' settings
    run ! grep hunter2 settings
}

@test "--version and --help describe kcat-out" {
    run -0 kcat-out --version
    assert_match "$output" '^kcat-out .*[0-9]+\.[0-9]+'
    run -0 kcat-out --help
    for option in -t -k --key --key-jq --route -H -z --create --undelivered -b -X -F --rejects; do
        grep -qE -- "(^|[ ,])$option([ ,[]|\$)" <<<"$output"
    done
}

# --- Ends ---

@test "kcat-out writes to the embedded broker, which creates topics by itself" {
    run -0 kcat-broker -- bash -c "seq 1000 | kcat-out -t $topic --create=2 --stats stats &&
        timeout 20 kcat-in $topic -e"
    assert_eq ${#lines[@]} 1000
    assert_eq "$(ledger stats .out)" 1000
}
