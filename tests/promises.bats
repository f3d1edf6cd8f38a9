#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Nothing vanishes, changes or moves: many records pass the whole pipe, and are compared byte for byte.
# Few records would not show a fault that occurs once in 50,000.
#
# bats file_tags=kafka,long

load helpers

RECORDS=150000

setup() {
    begin
    need_kafka
    logingen -n $RECORDS --missing 0 --bad 3 >in
    loginclean --rejects dirty <in >clean
    out=$(fresh_topic out)
}

# read_back TOPIC FORMAT: the committed messages of a topic with one partition, read with kcat.
read_back() {
    kcat -b "$BOOTSTRAP_SERVERS" -C -q -e -t "$1" -o beginning -X isolation.level=read_committed -f "$2"
}

# each_record_arrived: the topic $out has the clean records in order, keyed by user, and the topic
# $out-rejects has the others, each with the place in $topic that it came from.
each_record_arrived() {
    read_back "$out" '%s\n' | cmp - clean
    read_back "$out" '%k\n' | cmp - <(jq -r .user_id clean)
    read_back "$out-rejects" '%s\n' >rejects
    assert_eq $(($(wc -l <clean) + $(wc -l <rejects))) $RECORDS
    # Among the rejects are all those that loginclean makes of the file, in order.
    diff <(jq -r 'select(.stage == "loginclean") | [.reject, .field, .detail, .raw] | @json' rejects) \
        <(grep -v '^{"reject":"not_json"' dirty | jq -r '[.reject, .field, .detail, .raw] | @json')
    # Those of kcat-in name the record's line in the input by its offset.
    jq -r 'select(.stage == "kcat-in") | "\(.topic) \(.partition) \(.offset)"' rejects >origins
    [ -s origins ]
    diff origins <(grep '^{"reject":"not_json"' dirty |
        jq -r --arg topic "$topic" '"\($topic) 0 \(.line - 1)"')
}

# pass_all GUARANTEE_OF_KCAT_IN -- GUARANTEE_OF_KCAT_OUT
pass_all() {
    local source=()
    while [ "$1" != -- ]; do
        source+=("$1")
        shift
    done
    shift
    produce "$topic" --create=1 <in
    create_topic "$out"
    create_topic "$out-rejects"
    set -o pipefail
    timeout 120 kcat-in -e -t "$topic" --rejects - --stats kcat-in.stats "${source[@]}" |
        timeout 120 loginclean --rejects - --stats loginclean.stats |
        timeout 120 loginagg --tee --rejects - --every 0 --lateness 9d --stats loginagg.stats |
        timeout 120 kcat-out -t "$out" --key user_id --route "reject=$out-rejects" \
            --route "insight=$topic-insights" --create=1 --stats kcat-out.stats "$@"
    for stage in kcat-in loginclean loginagg kcat-out; do assert_ledger_adds_up "$stage.stats"; done
    each_record_arrived
    # The insights have counted each record once.
    assert_eq "$(read_back "$topic-insights" '%s\n' | jq -s 'map(select(.insight == "logins").logins) | add')" \
        "$(wc -l <clean)"
}

@test "without marks, records pass the pipe in order, unchanged, with their keys" {
    pass_all --
}

@test "at least once, records pass the pipe in order, unchanged, with their keys" {
    pass_all -G "g-$topic" --shard 0/1 --acks fifo -- --acks fifo
}

@test "exactly once, records pass the pipe in order, unchanged, with their keys" {
    pass_all -G "g-$topic" --shard 0/1 --marks=200ms -- --exactly-once
}
