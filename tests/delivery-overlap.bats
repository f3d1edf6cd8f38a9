#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What the group's offsets say before each commit: another pipeline commits for the same partitions, or
# the offsets are gone. Either ends the pipe.
#
# bats file_tags=kafka,long

load helpers
load delivery

# pipeline NAME once|acks|plain [OPTION]...: writes the script of a pipeline, which leaves its statuses in
# NAME.statuses and its messages in NAME.err. The transactional ids differ, so they fence nothing.
pipeline() {
    local source=--marks=500ms sink="--exactly-once --transactional-id $1-$topic"

    case $2 in
    acks) source="--marks=500ms --acks $1.acks" sink="--acks $1.acks" ;;
    plain) source="-X auto.commit.interval.ms=500" sink= ;;
    esac
    cat >"$1" <<END
kcat-in '$topic' -G '$group' $source ${*:3} 2>>$1.err | kcat-out -t '$out' $sink 2>>$1.err
echo "\${PIPESTATUS[*]}" >$1.statuses
END
}

# --- Another pipeline ---

# Writes 1000 records a second to all partitions until the file enough exists, and then the number of
# records to the file written.
feeder() {
    cat >feeder <<'END'
for ((i = 1; ; i += 50)); do
    [ ! -e enough ] || break
    for ((j = i; j < i + 50; j++)); do echo "{\"n\":$j}"; done
    sleep 0.05
done | tee fed | kcat-out -t "$1" --key-jq '.n | tostring'
wc -l <fed >written
END
}

some_pipe_has_ended() {
    [ -e first.statuses ] || [ -e second.statuses ]
}

# Starts the second pipeline, and waits until one of the two has ended. If the first one commits while
# the second one starts, the second one is refused, and starts again.
run_both() {
    for _ in {1..20}; do
        rm -f second.err second.statuses
        start bash second && second=$!
        wait_until 60 some_pipe_has_ended
        grep -q 'has committed meanwhile' second.err || return 0
        await "$second"
    done
    return 1
}

# overlap MODE OPTIONS MODE OPTIONS: runs two pipelines at once. Fails unless one of them ends with 75
# and says why. Sets $count to the number of records, all of which are in $out at the end.
overlap() {
    local first second feeder

    create_topic "$topic" 3
    create_topic "$out" 1
    feeder
    # shellcheck disable=SC2086 # several options
    pipeline first "$1" $2
    # shellcheck disable=SC2086 # several options
    pipeline second "$3" $4
    start bash feeder "$topic" && feeder=$!
    start bash first && first=$!
    wait_until 30 out_has 1000
    run_both
    assert_match "$(cat first.statuses second.statuses 2>/dev/null)" '75'
    assert_match "$(cat first.err second.err)" \
        "group $group: (another (pipeline commits for the same|consumer is a member of the group)|has members that share)"
    touch enough
    wait_until 30 test -s written
    count=$(<written)
    pkill -TERM -s $first kcat-in || true
    pkill -TERM -s "$second" kcat-in || true
    await $first 60
    await "$second" 60
    await $feeder
    pipeline rest once --shard 0/1 -e
    bash rest
    assert_eq "$(<rest.statuses)" '0 0'
    wait_until 10 out_has "$count"
    numbers_of "$out" >numbers
    assert_at_least_once "$count" numbers
}

@test "two exactly-once pipelines for the same partitions: one ends, and no more than a mark doubles" {
    overlap once '--shard 0/1' once '-p 0-1'
    repeated=$(($(wc -l <numbers) - count))
    [ "$repeated" -le 1000 ] || {
        echo "$repeated of $count records are there twice"
        return 1
    }
}

@test "two --acks pipelines for the same partitions: one ends" {
    overlap acks '--shard 0/1' acks '--shard 0/2'
}

@test "a pipeline for fixed partitions beside a member of the group: one ends" {
    overlap acks '' once '--shard 0/1'
}

@test "a pipeline for fixed partitions does not begin beside members of the group" {
    create_topic "$topic" 2
    start kcat-in "$topic" -G "$group" --marks -v 2>member.err >/dev/null
    wait_until 20 grep -q 'from offset' member.err
    run -75 --separate-stderr kcat-in "$topic" -e -G "$group" --shard 0/1 --marks
    assert_match "$stderr" "^kcat-in: group $group: has members that share its partitions"
    [ "$output" = '' ]
}

@test "the sink notices what another pipeline commits, even if the source does not" {
    seq 10 | produce "$topic" --create=1
    create_topic "$out" 1
    start_fed kcat-out -t "$out" --exactly-once
    { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" && echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 20 out_has 1
    kcat-in "$topic" -G "$group" --shard 0/1 --marks -e |
        kcat-out -t "$out" --exactly-once --transactional-id "other-$topic"
    { echo 2 && mark mark 2 2 && mark end 3 2; } | write_to_feed || true
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_match "$(<err)" "group $group: another pipeline commits for the same partitions"
    numbers_of "$out" >numbers
    assert_exactly_once 10 numbers
}

@test "the source notices what another pipeline commits, even if the sink does not" {
    create_topic "$topic"
    create_topic "$out"
    start bash -c "kcat-in '$topic' -G '$group' --shard 0/1 --marks >lines 2>err"
    source=$!
    wait_until 20 has_lines 1 lines
    { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" && mark end 1 0; } |
        kcat-out -t "$out" --exactly-once
    await $source
    assert_eq "$status" 75
    assert_match "$(<err)" "another pipeline commits .* \\[0\\] is committed up to 0 by mark [01] of run $RUN"
    run -1 grep '"committed":[1-9]' lines
}

# --- Offsets that are gone ---

# Runs a pipeline until it has committed the 100 records of $topic, and then a change. Fails unless the
# pipe ends with 78 and says that the offset is gone.
ends_after() {
    local pipe

    create_topic "$out" 1
    seq 100 | produce "$topic" --create=1
    start bash first
    pipe=$!
    wait_until 30 out_has 100
    wait_until 30 group_is_at 100
    seq 101 500 >new
    "$1" $pipe
    await $pipe 60
    assert_match "$(<first.statuses)" 78
    assert_match "$(<first.err)" "group $group: its offset 100 of $topic \\[0\\] is gone: .*; start again"
}

group_is_at() {
    [ "$(read_topic "$topic" -G "$group" -p 0 --marks 2>/dev/null | head -n 1 | jq '.at[0][2]')" = "$1" ]
}

remake_while_stopped() {
    pkill -STOP -s "$1" kcat-in
    "$BUILD_DIR/tests/alter_topic" delete "$topic"
    wait_until 20 remake_topic
    pkill -CONT -s "$1" kcat-in
}

forget_group() {
    "$BUILD_DIR/tests/alter_topic" forget "$group"
    produce "$topic" <new
}

just_delete() {
    "$BUILD_DIR/tests/alter_topic" delete "$topic"
}

@test "a pipe ends with 78 if its topic was made anew while kcat-in was stopped" {
    for mode in once acks plain; do
        pipeline first $mode --shard 0/1
        ends_after remake_while_stopped
        # What is in the new topic is read from its beginning.
        rm first.*
        pipeline rest once --shard 0/1 -e
        bash rest
        assert_eq "$(<rest.statuses)" '0 0'
        wait_until 10 out_has 500
        topic=$(fresh_topic b) group=g-$topic out=$(fresh_topic bout)
    done
}

@test "a pipe ends with 78 if its group was deleted" {
    pipeline first once --shard 0/1
    ends_after forget_group
}

@test "a pipe ends with 78 if its topic was deleted" {
    pipeline first acks --shard 0/1
    ends_after just_delete
}
