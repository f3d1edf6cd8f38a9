#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# A group that reads a topic in slices: which record is in which slice. chaos-slices.bats kills them.
#
# bats file_tags=kafka,long

load helpers
load delivery

FORMS=(plain acks once shared)

# in_form FORM: the next slices are read in this form, by a group and into a topic of its own.
in_form() {
    form=$1 group=g-$topic-$1 out=o-$topic-$1
    create_topic "$out"
    echo "$form:"
}

# slice [OPTION]...: reads a slice of $topic, and of $other if it is set, into $out. Its messages go to
# the file err.
slice() {
    local reader=(timeout 60 kcat-in "$topic" -G "$group") writer=(kcat-out -t "$out")

    [ -z "${other:-}" ] || reader+=("$other")
    case $form in
    *fixed | once) reader+=(--shard 0/1) ;;
    esac
    case $form in
    acks*) reader+=(--acks "acks-$form") && writer+=(--acks "acks-$form") ;;
    once | shared) reader+=(--marks) && writer+=(--exactly-once) ;;
    esac
    (set -o pipefail && "${reader[@]}" "$@" | "${writer[@]}") 2>err || {
        cat err
        return 1
    }
}

# assert_written FROM TO: $out has these numbers, each once.
assert_written() {
    assert_eq "$(read_topic "$out" | sort -n | paste -sd' ')" "$(seq "$1" "$2" | paste -sd' ')"
}

# numbers FROM TO [OPTION]...: adds these numbers to $topic, spread over its partitions.
numbers() {
    seq "$1" "$2" | produce "$topic" --key-jq tostring "${@:3}"
}

@test "a slice begins where the one before ended, and -o only says where the first one begins" {
    seq 0 99 | produce "$topic" --create=1
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -o 10:20
        assert_written 10 19
        slice -o 10:25
        slice -o 50:35 -e
        assert_written 10 34
        slice -o :40
        slice -o beginning:-20
        assert_written 10 79
        slice -e
        slice -e
        assert_written 10 99
    done
}

@test "a slice that ends before the group's offset is empty and succeeds" {
    numbers 0 99 --create=2
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -e
        for range in :10 :-80 :@2001-01-01 5:10; do
            slice -o "$range"
            slice -o "$range" -e
            assert_eq "$(<err)" ''
        done
    done
    numbers 100 109
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -e
        assert_written 0 109
    done
}

@test "each record is in exactly one of the slices that end at successive moments" {
    create_topic "$topic" 3
    seq 1000 1999 | perl -ne 'BEGIN { $| = 1 } print; select undef, undef, undef, 0.002' |
        produce "$topic"
    # The second and the third end at the moment of a record, and the last one in the future.
    kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$topic" -f '%T %s\n' | sort -n >stamps
    ends=($(($(sed -n '200s/ .*//p' stamps) + 1)) "$(sed -n '500s/ .*//p' stamps)"
        "$(sed -n '501s/ .*//p' stamps)" 4000000000000)
    for form in "${FORMS[@]}"; do
        in_form "$form"
        for end in "${ends[@]}"; do
            slice -o ":@$end"
            diff <(read_topic "$out" | sort -n) <(awk -v end="$end" '$1 < end { print $2 }' stamps)
        done
    done
}

@test "the next slice reads partitions and topics that were added, from their beginning" {
    FORMS+=(fixed acks-fixed)
    numbers 1 100 --create=2
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -o end -e
    done
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 5
    numbers 101 200
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -o end -e
        assert_written 101 200
    done
    other=$(fresh_topic b)
    seq 201 210 | produce "$other" --create=2
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -e
        slice -e
        assert_written 101 210
    done
}

# aborted COUNT: adds so many records to $topic, in a transaction that is aborted.
aborted() {
    local before
    before=$(read_topic "$topic" | wc -l)
    start_fed kcat-out -t "$topic" --exactly-once
    { mark hello 0 0 "\"group\":\"x-$topic\",\"shard\":\"0/1\"" && seq "$1"; } | write_to_feed
    are_sent() {
        [ "$(read_topic "$topic" -X isolation.level=read_uncommitted | wc -l)" -eq $((before + $1)) ]
    }
    wait_until 30 are_sent "$1"
    close_feed
    await "$pid"
    assert_eq $status 75
}

# committed: the group's offset in partition 0 of $topic.
committed() {
    read_topic "$topic" -G "$group" --shard 0/1 --marks -o 0 | head -n 1 | jq '.at[0][2]'
}

@test "a slice that ends in a gap of aborted records ends, and leaves the gap behind" {
    seq 1 5 | produce "$topic" --create=1
    aborted 100 # and a marker
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -o :50
        assert_eq "$(committed)" 50
        assert_written 1 5
    done
    # The same with records behind the gap.
    seq 6 10 | produce "$topic"
    for form in "${FORMS[@]}"; do
        in_form "$form"
        slice -o :106
        assert_eq "$(committed)" 106
        slice -o :107
        assert_written 1 6
    done
}

@test "a slice that ends in a gap of compacted records ends" {
    seq 100 | produce "$topic" -k a --create=1 --topic-config cleanup.policy=compact \
        --topic-config min.cleanable.dirty.ratio=0.01 --topic-config segment.ms=200
    sleep 0.3
    seq 101 110 | produce "$topic" -k b # begins a segment, so that the one before is compacted
    compacted() { [ "$(read_topic "$topic" | wc -l)" -lt 20 ]; }
    wait_until 60 compacted
    for form in plain once; do
        in_form "$form"
        slice -o :50
        slice -o :60
        assert_eq "$(read_topic "$out")" ''
        assert_eq "$(committed)" 60
        slice -e
        assert_written 100 110
    done
}

# Reads two slices at the same time. The first one has begun to write when the second one starts.
two_slices() {
    slice -e --rate 3k 3>&- &
    first=$!
    wait_until 20 has_records 1 "$out"
    slice -e --rate 3k >second || true
    wait $first || true
    slice -e
}

@test "two slices of a group at the same time share the records, or one of them ends" {
    numbers 1 10000 --create=4
    for form in plain once shared; do
        in_form "$form"
        two_slices
        assert_written 1 10000
    done
}
