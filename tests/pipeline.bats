#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The stages together, on the embedded broker.

load helpers
load pipeline

# count_by_jq FILE: computes the figures of the default insights for a file of clean records.
count_by_jq() {
    jq -sc '
        def counted(f): group_by(f) | map({key: (.[0] | f), value: length}) | from_entries;
        def repeated(f): group_by(f) | map(select(length > 1)) | {groups: length, records: (map(length) | add)};
        {logins: length, users: (map(.user_id) | unique | length), ips: (map(.ip) | unique | length),
            devices: (map(.device_id) | unique | length)},
        counted(.device_type), counted(.app_version), counted(.locale),
        {pairs: (map([.user_id, .ip]) | unique | length)},
        repeated([.user_id, .device_id]), repeated([.user_id, .ip]),
        repeated([.app_version, .locale]), repeated([.app_version, .device_type])' "$1" | jq -cS .
}

count_by_loginagg() {
    local select
    for select in 'select(.insight == "logins") | {logins, users, ips, devices}' \
        'select(.field == "device_type" and .counts) | .counts' \
        'select(.field == "app_version" and .counts) | .counts' \
        'select(.field == "locale" and .counts) | .counts' \
        'select(.insight == "distinct") | {pairs}' \
        'select(.fields == ["user_id","device_id"]) | {groups, records}' \
        'select(.fields == ["user_id","ip"]) | {groups, records}' \
        'select(.fields == ["app_version","locale"]) | {groups, records}' \
        'select(.fields == ["app_version","device_type"]) | {groups, records}'; do
        jq -cS "$select" "$1"
    done
}

@test "the insights of a topic are those that jq counts" {
    # shellcheck disable=SC2016 # that bash expands it
    kcat-broker -t "$topic" -- bash -c 'pipeline "$@"' sh "$topic" -n 20000 --bad 2
    logingen -n 20000 --bad 2 | loginclean --rejects /dev/null >clean
    count_by_jq clean >expected
    final_insights insights >final
    count_by_loginagg final | cmp - expected
}

@test "the demo on its own broker succeeds, and its numbers add up" {
    assert_demo_adds_up
}
