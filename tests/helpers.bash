# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by all tests: records to feed, assertions that say what was seen, and brokers.

bats_require_minimum_version 1.5.0

# One good record a line, in the variants that the world writes.
good_records() {
    cat <<'END'
{"user_id": "424cdd21-063a-43a7-b91b-7ca1a833afae", "app_version": "2.3.0", "device_type": "android", "ip": "199.172.111.135", "locale": "RU", "device_id": "593-47-5928", "timestamp": "1694479551"}
{"user_id":"a6397988-1649-4859-ae5f-a1407b638ca6","app_version":"2.3.0","ip":"108.228.145.239","locale":"RI","device_id":"6221eb3d-89b5-4585-8c98-545b78e24c53","timestamp":1720576825,"device_type":"iOS"}
END
}

# The first of them with members set by jq: record_with '.ip = "x"'
record_with() {
    good_records | head -n 1 | jq -c "$1"
}

# Fails with both values shown unless they are the same.
assert_eq() {
    [ "$1" = "$2" ] || {
        printf 'expected: %s\nbut got:  %s\n' "$2" "$1" >&2
        return 1
    }
}

# assert_match TEXT REGEX
assert_match() {
    [[ $1 =~ $2 ]] || {
        printf 'expected a match of: %s\nbut got: %s\n' "$2" "$1" >&2
        return 1
    }
}

# A figure of the last line of a ledger file: ledger FILE .in
ledger() {
    tail -n 1 "$1" | jq -cr "$2"
}

# in + made = out + filtered + rejected + late + aggregated + undelivered
assert_ledger_adds_up() {
    tail -n 1 "$1" | jq -e '.in + .made ==
        .out + .filtered + .rejected + .late + .aggregated + .undelivered' >/dev/null || {
        echo "the ledger does not add up: $(tail -n 1 "$1")" >&2
        return 1
    }
}

# For tests on a real Kafka: skips where there is none, and sets BOOTSTRAP_SERVERS.
need_kafka() {
    [ -z "${NO_KAFKA:-}" ] || skip "$NO_KAFKA"
    export BOOTSTRAP_SERVERS=$KAFKA
}

# A topic name that no other test uses.
fresh_topic() {
    echo "t-$BATS_SUITE_TEST_NUMBER-${1:-a}-$RANDOM"
}

# create_topic NAME [PARTITIONS]
create_topic() {
    kcat-out -t "$1" --create="${2:-1}" </dev/null
}

# Waits until a command succeeds: wait_until SECONDS COMMAND...
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}
