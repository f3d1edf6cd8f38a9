#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in and kcat-out: what they say, and their exit status, when a broker refuses a right, at the start and later.
#
# bats file_tags=kafka,long

load helpers
load security

# --- Reading ---

@test "kcat-in names the topic that it may not read" {
    make_topics
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in "$topic"
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in -G "$group" "$topic"
    # It may know the topic, but not read it.
    allow DESCRIBE topic "$topic" , "$me" READ group "$group"
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in "$topic"
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in -G "$group" "$topic"
    fails_with 69 "kcat-in: topic ^${topic}x: no topic matches that this user may DESCRIBE" \
        login kcat-in "^${topic}x"
}

@test "a topic that does not exist is refused as well to a user without rights" {
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic-no" login kcat-in "$topic-no"
    fails_with 77 "kcat-out: not authorized: needs WRITE on topic $topic-no" login kcat-out -t "$topic-no"
}

@test "kcat-in names the group that it may not use" {
    make_topics
    allow READ topic "$topic"
    mkfifo acks
    local refused="kcat-in: not authorized: needs READ on group $group"
    fails_with 77 "$refused" login kcat-in -G "$group" "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 --marks "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 --acks acks "$topic"
    # It may see the group's offsets, but not commit.
    allow DESCRIBE group "$group"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 --acks acks "$topic"
}

@test "kcat-in ends when the right to read the topic is taken away" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group"
    for options in "" "-G $group"; do
        keep_producing
        start_script <<<"login kcat-in $options \$topic >records"
        wait_until 10 has_lines 101 records
        take READ topic "$topic"
        is_refused "kcat-in: not authorized: needs READ on topic $topic"
        allow READ topic "$topic"
        rm records
    done
}

@test "kcat-in ends when the right to use the group is taken away" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group"
    # The last one stays a member for a while, since it may not leave the group either.
    for options in "-G $group --shard 0/1" "-G $group --shard 0/1 --marks" "-G $group"; do
        rm -f records
        keep_producing
        start_script <<<"login kcat-in -o beginning $options \$topic >records"
        wait_until 10 has_lines 1 records
        take READ group "$group"
        is_refused "kcat-in: not authorized: needs READ on group $group"
        allow READ group "$group"
    done
}

@test "an at-least-once pipe ends when the right to use the group is taken away" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group"
    keep_producing
    mkfifo acks
    # shellcheck disable=SC2016 # for the script
    start_script <<<'set -o pipefail
        (login kcat-in -G $group --shard 0/1 --acks acks --marks=100ms $topic; echo $? >status) |
            kcat-out --acks acks -t $out || exit "$(<status)"'
    wait_until 10 has_records 101 "$out"
    take READ group "$group"
    is_refused "kcat-in: not authorized: needs READ on group $group"
}

# --- Writing ---

@test "kcat-out names the topic that it may not write" {
    make_topics
    local refused="kcat-out: not authorized: needs WRITE on topic $out"
    create_topic "$out-2"
    fails_with 77 "$refused" login kcat-out -t "$out" <<<1
    allow DESCRIBE topic "$out" , "$me" WRITE topic "$out-2"
    fails_with 77 "$refused" login kcat-out -t "$out" <<<1
    fails_with 77 "$refused" login kcat-out -t "$out" --tee <<<1
    fails_with 77 "$refused" login kcat-out -t "$out-2" --route "n=$out" <<<'{"n":1}'
    # It does not wait for the end of its input, and keeps what was not written.
    fails_with 77 "$refused" login kcat-out -t "$out" --undelivered later < <(yes 2>/dev/null)
    [ "$(sort -u later)" = y ]
    # A user who may write nowhere cannot even begin.
    me=carol
    allow DESCRIBE topic "$out"
    fails_with 77 "$refused, or, before Kafka 2.8, IDEMPOTENT_WRITE on cluster" login kcat-out -t "$out" <<<1
}

@test "kcat-out names the right to create a topic" {
    create_topic "$out"
    allow WRITE topic "$out"
    fails_with 77 "kcat-out: not authorized: needs CREATE on topic $out-new, or CREATE on cluster" \
        login kcat-out -t "$out-new" --create <<<1
    allow CREATE topic "$out-new" , "$me" WRITE topic "$out-new"
    login kcat-out -t "$out-new" --create <<<1
}

@test "kcat-out ends when the right to write is taken away" {
    make_topics
    allow WRITE topic "$out" , "$me" DESCRIBE topic "$out"
    for options in "" --tee; do
        # shellcheck disable=SC2016 # for the script
        start_script <<<"set -o pipefail
            while sleep 0.05; do echo 1; done | login kcat-out -t \$out $options >records"
        wait_until 10 is_growing "$out"
        take WRITE topic "$out"
        is_refused "kcat-out: not authorized: needs WRITE on topic $out"
        allow WRITE topic "$out"
    done
}

is_growing() {
    local before
    before=$(read_topic "$1" | wc -l)
    [ "$before" -gt 0 ] && wait_until 2 has_records $((before + 1)) "$1"
}

# sink_pipe OPTION...: a pipe whose sink has the rights of $me, and whose source has all.
sink_pipe() {
    start_script <<<"set -o pipefail
        kcat-in -G \$group --shard 0/1 --marks=100ms $1 \$topic | login kcat-out $2 -t \$out"
}

@test "an at-least-once pipe ends when the right to write is taken away" {
    make_topics
    allow WRITE topic "$out" , "$me" DESCRIBE topic "$out"
    keep_producing
    mkfifo acks
    sink_pipe "--acks acks" "--acks acks"
    wait_until 10 has_records 101 "$out"
    take WRITE topic "$out"
    is_refused "kcat-out: not authorized: needs WRITE on topic $out"
}

# --- Transactions ---

@test "kcat-out --exactly-once names each right that it lacks at the start" {
    make_topics
    kcat-in -e -G "$group" --shard 0/1 --marks "$topic" >stream
    # Without WRITE on any topic, not even the idempotent producer could begin.
    create_topic "$out-2"
    allow DESCRIBE topic "$out" , "$me" WRITE topic "$out-2"
    local sink=(login kcat-out --exactly-once -t "$out")
    fails_with 77 "kcat-out: not authorized: needs WRITE on transactional id loginpipe.$group.0/1" "${sink[@]}" <stream
    fails_with 77 "kcat-out: not authorized: needs WRITE on transactional id mine" \
        "${sink[@]}" --transactional-id mine <stream
    allow WRITE transactional-id "loginpipe.$group*"
    fails_with 77 "kcat-out: not authorized: needs READ on group $group" "${sink[@]}" <stream
    allow DESCRIBE group "$group"
    fails_with 77 "kcat-out: not authorized: needs READ on topic $topic" "${sink[@]}" <stream
    allow DESCRIBE topic "$topic"
    fails_with 77 "kcat-out: not authorized: needs READ on group $group" "${sink[@]}" <stream
    allow READ group "$group"
    fails_with 77 "kcat-out: not authorized: needs READ on topic $topic" "${sink[@]}" <stream
    allow READ topic "$topic"
    fails_with 77 "kcat-out: not authorized: needs WRITE on topic $out" "${sink[@]}" <stream
    allow WRITE topic "$out"
    "${sink[@]}" <stream
    assert_eq "$(read_topic "$out" | wc -l)" 100
}

@test "kcat-out --exactly-once ends when a right is taken away" {
    make_topics
    local rights=("WRITE topic $out" "READ group $group" "READ topic $topic"
        "WRITE transactional-id loginpipe.$group*")
    local words=("WRITE on topic $out" "READ on group $group" "READ on topic $topic"
        "WRITE on transactional id loginpipe.$group.0/1")
    allow DESCRIBE topic "$out" , "$me" DESCRIBE topic "$topic"
    allow "${rights[0]}" , "$me" "${rights[1]}" , "$me" "${rights[2]}" , "$me" "${rights[3]}"
    for i in "${!rights[@]}"; do
        keep_producing
        sink_pipe "" --exactly-once
        wait_until 10 is_growing "$out"
        take "${rights[i]}"
        is_refused "kcat-out: not authorized: needs ${words[i]}"
        allow "${rights[i]}"
    done
}

@test "a transaction timeout above the broker's limit names the broker's setting" {
    make_topics
    kcat-in -e -G "$group" --shard 0/1 --marks "$topic" >stream
    fails_with 78 "kcat-out: producer: transaction.timeout.ms is above the broker's \
transaction.max.timeout.ms: lower it with -X, or raise the broker's" \
        kcat-out --exactly-once -t "$out" -X transaction.timeout.ms=900001 <stream
}
