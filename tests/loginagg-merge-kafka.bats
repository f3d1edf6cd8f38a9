#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg --partial and --merge on a real Kafka: several pipelines in one group.
#
# bats file_tags=kafka

load helpers

setup() {
    begin
    need_kafka
}

windows=(-w 1h -w all -w 1h/20m -w 10s)
# Longer than the span of the records, so that no record is late.
final=(--every 0 --lateness 1d)

# pipeline NUMBER: starts one of the pipelines that share the partitions.
pipeline() {
    start bash -c "
        kcat-in -v -G $topic $topic 2>reader.$1 |
        loginclean --rejects rejects.$1 |
        loginagg --partial ${windows[*]} --every 500n |
        kcat-out -t $topic-partials --key partial"
}

has_assignment() {
    local i
    for i in 1 2 3; do
        grep -q '[1-4] partitions assigned' "reader.$i" || return 1
    done
}

# The number of records in the partials of the topic.
records_in() {
    read_topic "$topic-partials" | jq -s 'map(select(.window == "all").records) | add // 0'
}

nearly_all_are_in() {
    [ "$(records_in)" -gt $(($(wc -l <clean) - 3 * 500)) ]
}

@test "three pipelines in one group and a merge give the insights of one pipeline" {
    create_topic "$topic" 4
    create_topic "$topic-partials" 2
    logingen -n 20000 --users 2000 --bad 1 --span 2h >records
    loginclean --rejects /dev/null <records >clean
    loginagg "${windows[@]}" "${final[@]}" <clean >want
    for i in 1 2 3; do pipeline "$i"; done
    wait_until 60 has_assignment
    sleep 3 # for the group to settle: no pipeline is to have it all
    for i in 0 1 2 3; do
        awk -v i="$i" 'NR % 4 == i' records | produce_to "$i"
    done
    # Each pipeline writes its last partial, of less than 500 records, when its reader is told to stop.
    wait_until 60 nearly_all_are_in
    for pipe in "${started[@]}"; do pkill -TERM -x kcat-in -s "$pipe"; done
    for pipe in "${started[@]}"; do await "$pipe" 30; done
    assert_eq "$(records_in)" "$(wc -l <clean)"
    # Each of the three has read records.
    for i in 1 2 3; do [ -s "rejects.$i" ]; done
    read_topic "$topic-partials" | loginagg --merge "${windows[@]}" "${final[@]}" | cmp - want
}
