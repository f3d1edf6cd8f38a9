#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: a consumer group and what it commits.
#
# bats file_tags=kafka,long

load helpers
load kcat-in

@test "a group continues where it stopped" {
    make_topic 3 1000
    read_topic "$topic" -G "$group" >out1
    assert_exactly_once 1000 out1
    assert_eq "$(read_topic "$topic" -G "$group")" ''
    seq 1001 1010 | produce "$topic"
    read_topic "$topic" -G "$group" >out2
    assert_exactly_once 1010 out1 out2
}

@test "a group's committed offsets take precedence over -o" {
    make_topic 1 10
    assert_eq "$(read_topic "$topic" -G "$group" -o -2 | paste -sd,)" 9,10
    assert_eq "$(read_topic "$topic" -G "$group" -o beginning)" ''
    assert_eq "$(read_topic "$topic" -G "$group" -o stored)" ''
    assert_eq "$(read_topic "$topic" -G "$group-b" -o stored | wc -l)" 10
}

@test "a group that starts at the end remembers that, even if it receives no records" {
    make_topic 2 10
    assert_eq "$(read_topic "$topic" -G "$group" -o end)" ''
    seq 11 20 | produce "$topic"
    assert_eq "$(read_topic "$topic" -G "$group" -o end | sort -n | paste -sd,)" \
        11,12,13,14,15,16,17,18,19,20
}

@test "a group that starts at the end skips nothing after a crash" {
    make_topic 1 3
    start kcat-in "$topic" -G "$group" -p 0 -o end -v >out1 2>log
    wait_until 10 grep -q 'from offset 3' log
    seq 4 6 | produce "$topic"
    wait_until 10 has_lines 3 out1
    kill -KILL $!
    wait_until 5 is_gone $!
    seq 7 9 | produce "$topic"
    read_topic "$topic" -G "$group" -p 0 -o end >out2
    assert_eq "$(sort -nu out1 out2 | paste -sd,)" 4,5,6,7,8,9
}

@test "a group with -p reads and commits only these partitions" {
    seq 1000 | produce "$topic" --create=2 --key-jq tostring
    read_topic "$topic" -G "$group" -p 1 >out1
    assert_eq "$(read_topic "$topic" -G "$group" -p 1)" ''
    read_topic "$topic" -G "$group" >out0
    [ -s out0 ] && [ -s out1 ]
    assert_exactly_once 1000 out0 out1
}

@test "-c with a group reads the records in slices" {
    make_topic 2 100
    for slice in 1 2 3 4; do
        timeout 20 kcat-in "$topic" -G "$group" -c 25 >"out$slice"
        assert_eq "$(wc -l <"out$slice")" 25
    done
    assert_exactly_once 100 out1 out2 out3 out4
}

@test "successive runs with -e read each record once while the topic grows" {
    create_topic "$topic" 3
    seq 20000 >numbers
    start sh -c "split -n l/20 --filter='cat; sleep 0.1' numbers | kcat-out -t $topic"
    writer=$!
    until is_gone $writer; do
        read_topic "$topic" -G "$group" >>out
    done
    await $writer
    assert_eq $status 0
    read_topic "$topic" -G "$group" >>out
    assert_exactly_once 20000 out
}

# is_assigned LOG PARTITIONS: the member of that log has this number of partitions now.
is_assigned() {
    [ "$(grep partitions "$1" | tail -n 1)" = "kcat-in: group $group: $2 partitions assigned" ]
}

@test "members share the partitions, and no record is lost or doubled when one joins or leaves" {
    create_topic "$topic" 4
    # shellcheck disable=SC2016 # that bash expands it
    start bash -c 'for ((i = 0; i < 1000 && ! done; i++)); do
            seq $((i * 2000 + 1)) $((i * 2000 + 2000))
            sleep 0.01
            [ ! -e enough ] || done=1
        done | tee numbers | kcat-out -t "$0" --key-jq tostring' "$topic"
    writer=$!
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >out1 2>log1
    first=$!
    wait_until 10 is_assigned log1 4
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >out2 2>log2
    second=$!
    wait_until 10 is_assigned log1 2
    wait_until 10 is_assigned log2 2
    wait_until 10 has_lines 100 out2
    kill -TERM $first
    await $first
    assert_eq $status 0
    wait_until 10 is_assigned log2 4
    touch enough
    await $writer
    count=$(wc -l <numbers)
    wait_until 20 has_lines "$count" out1 out2
    kill -TERM $second
    await $second
    assert_eq $status 0
    assert_exactly_once "$count" out1 out2
}

@test "SIGTERM and SIGINT stop kcat-in with success, and everything written is committed" {
    make_topic 2 1000
    start kcat-in "$topic" -G "$group" --stats stats >out
    wait_until 10 has_lines 1000 out
    kill -TERM $!
    await $!
    assert_eq $status 0
    assert_eq "$(ledger stats .out)" 1000
    seq 1001 1100 | produce "$topic"
    start kcat-in "$topic" -G "$group" >>out
    wait_until 10 has_lines 1100 out
    kill -INT $!
    await $!
    assert_eq $status 0
    assert_eq "$(read_topic "$topic" -G "$group")" ''
    assert_exactly_once 1100 out
    # Without a group too.
    start kcat-in "$topic" >out
    wait_until 10 has_lines 1100 out
    kill -INT $!
    await $!
    assert_eq $status 0
}

@test "a member without partitions stays, and takes over when another one leaves" {
    make_topic 1 10
    start kcat-in "$topic" -G "$group" >first
    leaver=$!
    wait_until 20 has_lines 10 first
    start kcat-in "$topic" -G "$group" -v >second 2>log
    wait_until 20 grep -q 'partitions assigned' log
    seq 11 20 | produce "$topic"
    wait_until 20 has_lines 20 first second
    run ! is_gone $!
    run ! is_gone $leaver
    kill -TERM $leaver
    await $leaver
    seq 21 30 | produce "$topic"
    wait_until 20 has_lines 30 first second
    assert_exactly_once 30 first second
}

@test "a killed member loses no records" {
    make_topic 2 1000
    start kcat-in "$topic" -G "$group" -X session.timeout.ms=6000 >out
    wait_until 10 has_lines 1000 out
    # Two starting positions and one later position.
    wait_until 10 group_has_committed "$group" "$topic" 3
    seq 1001 100000 | produce "$topic"
    wait_until 10 has_lines 1200 out
    kill -KILL $!
    wait_until 5 is_gone $!
    # The last line may be cut off.
    sed -z 's/[^\n]*$//' out >out1
    # The broker waits for the dead member until its session ends.
    read_topic "$topic" -G "$group" >out2
    [ "$(wc -l <out2)" -lt 100000 ] # something had been committed
    assert_at_least_once 100000 out1 out2
}

@test "kcat-in commits no record that a full disk refused" {
    make_topic 2 1000
    run -74 --separate-stderr bash -c "timeout 20 kcat-in $topic -G $group -e >/dev/full"
    assert_eq "$stderr" 'kcat-in: stdout: No space left on device'
    read_topic "$topic" -G "$group" >out
    assert_exactly_once 1000 out
}

@test "kcat-in commits no record beyond a file size limit" {
    make_topic 2 50000
    run -74 --separate-stderr bash -c "trap '' XFSZ; ulimit -f 100
        timeout 20 kcat-in $topic -G $group -e >out"
    assert_eq "$stderr" 'kcat-in: stdout: File too large'
    read_topic "$topic" -G "$group" >out2
    [ "$(wc -l <out2)" -lt 50000 ] # something had been committed
    sed -z 's/[^\n]*$//' out >out1
    assert_at_least_once 50000 out1 out2
}

@test "a reader that exits costs a group no more records than the pipe held" {
    # A record is 100 bytes, a pipe 1 MiB.
    seq -f '{"n":%.0f,"x":"......................................................................"}' \
        100000 199999 >in
    produce "$topic" --create=2 <in
    run -0 bash -c "timeout 20 kcat-in $topic -G $group 2>err | head -n 3; echo \${PIPESTATUS[0]}"
    assert_eq "${lines[3]}" 141
    assert_eq "$(cat err)" ''
    read_topic "$topic" -G "$group" >out
    [ "$(wc -l <out)" -gt 85000 ]
}

@test "kcat-in exits when its reader exits, even if no record arrives" {
    make_topic 1 3
    start bash -c "kcat-in $topic | head -n 3 >out; exit \${PIPESTATUS[0]}"
    await $!
    assert_eq $status 141
    assert_exactly_once 3 out
}

@test "a member keeps its membership while its reader pauses for longer than the group's timeouts" {
    # 100 MB in 8 partitions, of which a pipe and the bounded queues hold a third.
    filler=$(head -c 720 /dev/urandom | base64 -w 0)
    seq -f "{\"n\":%.0f,\"x\":\"$filler\"}" 100000 >in
    produce "$topic" --create=8 <in
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -G "$group" -X max.poll.interval.ms=6000 -X session.timeout.ms=6000 -v \
        >pipe 2>log 5>&-
    reader=$!
    wait_until 10 is_assigned log 8
    sleep 8
    memory=$(awk '/VmRSS/ {print $2}' /proc/$reader/status)
    start cat <pipe >out 5>&-
    exec 5>&-
    wait_until 60 has_lines 100000 out
    kill -TERM $reader
    await $reader
    assert_eq $status 0
    assert_eq "$(grep -c assigned log)" 1
    assert_eq "$(grep -ciE 'warn|error|max.poll|lost' log)" 0
    assert_eq "$(read_topic "$topic" -G "$group")" ''
    jq .n out >numbers
    assert_exactly_once 100000 numbers
    [ -n "${SAN:-}" ] || [ "$memory" -lt 90000 ]
}

@test "a member whose reader pauses gives other members their share" {
    filler=$(head -c 150 /dev/urandom | base64 -w 0)
    seq -f "{\"n\":%.0f,\"x\":\"$filler\"}" 20000 |
        produce "$topic" --create=4 --key-jq '.n | tostring'
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >pipe 2>log1 5>&-
    wait_until 10 is_assigned log1 4
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >out2 2>log2 5>&-
    wait_until 10 is_assigned log2 2
    wait_until 10 is_assigned log1 2
    start cat <pipe >out1 5>&-
    exec 5>&-
    all_there() { [ "$(cat out1 out2 | sort -u | wc -l)" -eq 20000 ]; }
    wait_until 20 all_there
    kill -TERM "${started[0]}" "${started[1]}"
    await "${started[0]}"
    assert_eq $status 0
    await "${started[1]}"
    assert_eq $status 0
    assert_eq "$(read_topic "$topic" -G "$group")" ''
}

@test "a group commits no records from a full pipe that does not move" {
    # More than a pipe and the buffers of kcat-in hold.
    seq 1000000 1300000 | produce "$topic" --create=1
    mkfifo pipe
    start bash -c 'exec sleep 20 <pipe'
    start kcat-in "$topic" -G "$group" -p 0 >pipe
    sleep 3.5
    kill -KILL $!
    wait_until 5 is_gone $!
    kcat-in "$topic" -G "$group" -p 0 -c 1 -v 2>log >/dev/null
    assert_match "$(<log)" 'from offset 0'
}

@test "a session timeout that the broker does not allow is a wrong setting" {
    make_topic 1 1
    run -78 --separate-stderr kcat-in "$topic" -G "$group" -X session.timeout.ms=100
    assert_match "$stderr" '^kcat-in: .*: session.timeout.ms is outside of what the broker allows'
}
