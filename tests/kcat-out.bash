# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/kcat-out*.bats: a topic for each test, and what is in it.

setup() {
    begin
    need_kafka
}

# dump FORMAT [TOPIC]: what kcat reads from a topic.
dump() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "${2:-$topic}" -f "$1"
}

# has_come COUNT: $topic has exactly COUNT records.
has_come() {
    [ "$(read_topic "$topic" | wc -l)" -eq "$1" ]
}

# bytes COUNT: a JSON string of COUNT bytes.
bytes() {
    printf '"%s"\n' "$(head -c $(($1 - 2)) /dev/zero | tr '\0' x)"
}

# undeliver [OPTION]... <lines: kcat-out writes them to a broker that has stopped after it has connected, so
# that they end up in the file `later`.
undeliver() {
    local broker own
    start kcat-broker -t t:1 >own
    broker=$!
    wait_until 10 test -s own
    own=$(<own)
    start_fed kcat-out -b "$own" -t t -X message.timeout.ms=1000 "$@" --undelivered later
    echo '{"value":0}' | write_to_feed
    wait_until 20 has_one "$own"
    kill -STOP "$broker"
    wait_until 10 has_stopped "$broker"
    write_to_feed
    close_feed
    await "$pid"
    kill -CONT "$broker"
    assert_eq "$status" 75
}

# Each thread stops on its own.
has_stopped() {
    local threads=(/proc/"$1"/task/*/status)
    [ "$(cat "${threads[@]}" | grep -c '^State:.*stopped')" -eq ${#threads[@]} ]
}

has_one() {
    [ "$(timeout 20 kcat -b "$1" -C -e -q -t t | wc -l)" -eq 1 ]
}
