#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: usage and configuration, and the embedded broker.

load helpers

# --- Brokers and topics that are not there ---

@test "an unreachable broker is a one-line error after --wait" {
    for broker in 127.0.0.1:1 no-such-host.invalid:9092; do
        run -69 --separate-stderr timeout 20 kcat-in -b "$broker" --wait 1s "$topic"
        assert_match "$(tail -n 1 <<<"$stderr")" '^kcat-in: broker: not reachable within 1s: .'
        [ "$(wc -l <<<"$stderr")" -le 2 ] # the warning that it waits may come before
    done
}

# --- Usage and configuration ---

@test "a wrong option is a one-line usage error" {
    export BOOTSTRAP_SERVERS=127.0.0.1:1
    while read -r -a options; do
        run -64 --separate-stderr timeout 20 kcat-in "$topic" "${options[@]}"
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-in: '
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
    done <<'TABLE'
-o nowhere
-o @yesterday
-o 1:2:3
-o :stored
-o stored
-o :
-p x
-p 1-
-p 2-1
-p ,
-c 0
-c many
-X nonsense
-X no.such.setting=1
-X session.timeout.ms=soon
--wait soon
--max-line 0
--no-such-option
-j .[
--arg a b
--jq . --jq-file /dev/null
TABLE
    run -64 --separate-stderr timeout 20 kcat-in
    assert_match "$stderr" 'no topic'
}

@test "kcat-in without a broker explains how to specify one" {
    unset BOOTSTRAP_SERVERS
    run -64 --separate-stderr timeout 20 kcat-in "$topic"
    assert_match "$stderr" '^kcat-in: no broker: .*BOOTSTRAP_SERVERS'
}

@test "settings come from files, the environment, -F, -X and -b, each overriding those before" {
    broker() { kcat-in -X dump "$@" | sed -n 's/^metadata.broker.list = //p'; }
    mkdir .config
    export HOME=$PWD
    echo 'bootstrap.servers=home' >.config/kcat.conf
    echo 'metadata.broker.list = kcat-config' >kcat.conf
    printf '# comment\n\n bootstrap.servers = file \n' >file.conf

    unset BOOTSTRAP_SERVERS
    assert_eq "$(broker)" home
    assert_eq "$(KCAT_CONFIG=kcat.conf broker)" kcat-config
    export BOOTSTRAP_SERVERS=environment
    assert_eq "$(KCAT_CONFIG=kcat.conf broker)" environment
    assert_eq "$(broker -F file.conf)" file
    assert_eq "$(broker -F file.conf -X bootstrap.servers=x)" x
    assert_eq "$(broker -F file.conf -X bootstrap.servers=x -b b)" b
}

@test "an error in a config file is reported with its line number" {
    printf 'bootstrap.servers=x\nno.such.setting=1\n' >unknown
    printf '\n\nnonsense\n' >malformed
    run -78 --separate-stderr timeout 20 kcat-in "$topic" -F unknown
    assert_match "$stderr" '^kcat-in: unknown:2: .*no\.such\.setting'
    run -78 --separate-stderr timeout 20 kcat-in "$topic" -F malformed
    assert_match "$stderr" '^kcat-in: malformed:3: '
    run -78 --separate-stderr timeout 20 kcat-in "$topic" -F missing
    assert_eq "$stderr" 'kcat-in: missing: No such file or directory'
    KCAT_CONFIG=missing run -78 --separate-stderr timeout 20 kcat-in "$topic"
    assert_eq "$stderr" 'kcat-in: missing: No such file or directory'
}

@test "kcat-in hides secrets, and warns about a secret that everyone can read" {
    printf 'sasl.username=me\nsasl.password=hunter2\n' >conf
    chmod 644 conf
    run -0 --separate-stderr kcat-in -F conf -X ssl.key.password=hunter3 -X dump
    assert_match "$output" 'sasl.username = me'
    assert_match "$output" 'sasl.password = \(hidden\)'
    assert_match "$output" 'ssl.key.password = \(hidden\)'
    run ! grep -q hunter <<<"$output$stderr"
    assert_match "$(kcat-in -F conf -X dump 2>&1 >/dev/null)" \
        '^kcat-in: conf: holds a secret and is readable by everyone'
    chmod 600 conf
    run -0 --separate-stderr kcat-in -F conf -X dump
    assert_eq "$stderr" ''
    # An error message does not show a secret either.
    run -64 --separate-stderr timeout 20 kcat-in "$topic" -X sasl.nonsense.password=hunter2
    run ! grep -q hunter2 <<<"$stderr"
}

@test "-X list prints librdkafka's settings" {
    run -0 kcat-in -X list
    assert_match "$output" 'max.poll.interval.ms'
}

# --- Ends ---

@test "--version and --help describe kcat-in" {
    run -0 kcat-in --version
    assert_match "$output" '^kcat-in .*[0-9]+\.[0-9]+'
    run -0 kcat-in --help
    for option in -t -G -p -o -e -c -b -X -F --jq --rejects --stats --max-line --wait; do
        grep -qE -- "(^|[ ,])$option([ ,]|\$)" <<<"$output"
    done
}

@test "kcat-in reads from the embedded broker" {
    run -0 kcat-broker -t "$topic:3" -- bash -c "seq 1000 | kcat-out -t $topic &&
        timeout 20 kcat-in $topic -e"
    assert_eq ${#lines[@]} 1000
}
