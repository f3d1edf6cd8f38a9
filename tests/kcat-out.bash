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
