# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/kcat-out*.bats: a topic for each test, and what is in it.

setup() {
    begin
    need_kafka
}

# What kcat reads of a topic, by its own format: dump FORMAT [TOPIC]
dump() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "${2:-$topic}" -f "$1"
}

# Whether so many records are in the topic.
has_come() {
    [ "$(read_topic "$topic" | wc -l)" -eq "$1" ]
}

# bytes COUNT: a JSON string of so many bytes
bytes() {
    printf '"%s"\n' "$(head -c $(($1 - 2)) /dev/zero | tr '\0' x)"
}
