#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: brokers and topics that are missing, full disks, and signals.
#
# bats file_tags=kafka,long

load helpers
load kcat-out

teardown_file() {
    stop_own_kafka
}

# --- Brokers and topics that are not there ---

@test "a topic that does not exist is an error after --wait" {
    run -69 --separate-stderr produce "$topic" --wait 300ms <<<1
    assert_eq "$output$stderr" "kcat-out: topic $topic: Broker: Unknown topic or partition; --create creates it"
    create_topic "$topic"
    run -69 --separate-stderr produce "$topic" --route a="$topic-a" --wait 300ms <<<1
    assert_eq "$output$stderr" "kcat-out: topic $topic-a: Broker: Unknown topic or partition; --create creates it"
}

# Starts a writer of the numbers from 1, which are also in the file in. It stops when the file enough
# exists.
start_writer() {
    # shellcheck disable=SC2016 # that bash expands it
    start bash -c 'for ((i = 0; i < 600 && ! done; i++)); do
            seq $((i * 1000 + 1)) $((i * 1000 + 1000))
            sleep 0.05
            [ ! -e enough ] || done=1
        done | tee in | kcat-out "$@" 2>log' sh "$@"
}

@test "kcat-out waits for a broker that disconnects, and delivers each line once" {
    start_own_kafka
    create_topic "$topic" 2
    start_writer -t "$topic" --stats stats -X reconnect.backoff.max.ms=500 -v
    wait_until 10 has_lines 5000 in
    own_kafka kill
    wait_until 10 grep -q 'not reachable, waiting for it' log
    own_kafka restart
    wait_until 20 grep -q 'reachable again' log
    touch enough
    await $! 60
    assert_eq $status 0
    read_topic "$topic" >out
    sort -n out | cmp - in
    assert_eq "$(grep -c 'not reachable' log)" 1
    assert_eq "$(ledger stats '.in - .out')" 0
}

@test "lines that never reach the broker are written to --undelivered" {
    start_own_kafka
    create_topic "$topic" 2
    echo kept >undelivered
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" --undelivered /dev/full -X message.timeout.ms=3000 <pipe 5>&- 2>full
    full=$!
    echo 1 >&5
    wait_until 10 has_come 1
    start_writer -t "$topic" --stats stats --undelivered undelivered -X message.timeout.ms=3000
    writer=$!
    wait_until 10 has_lines 5000 in
    own_kafka kill
    wait_until 10 grep -q 'not reachable, waiting for it' log
    touch enough
    echo 0 >&5
    exec 5>&-
    await $writer 30
    assert_eq $status 75
    await $full 30
    assert_eq $status 74 # what is undelivered could not even be kept
    assert_match "$(cat full)" 'kcat-out: /dev/full: No space left on device'
    count=$(wc -l <in)
    assert_eq "$(ledger stats '.in')" "$count"
    assert_ledger_adds_up stats
    undelivered=$(ledger stats .undelivered)
    assert_eq "$(head -n 1 undelivered)" kept
    sed -i 1d undelivered
    assert_eq "$(wc -l <undelivered)" "$undelivered"
    assert_match "$(tail -n 1 log)" \
        "^kcat-out: $undelivered lines not delivered: .*; they are in undelivered\$"

    own_kafka restart
    read_topic "$topic" >out
    # The broker may have stored lines without confirming them, so a line can be in both.
    sort -nu out undelivered | cmp - in
    [ "$(wc -l <out)" -ge "$(ledger stats .out)" ]
    assert_eq "$(sort -n out | uniq -d)" 1 # from both writers
}

@test "the queue for a broker that does not answer is bounded, and SIGUSR1 is served meanwhile" {
    mkfifo pipe
    exec 5<>pipe
    start kcat-broker -t "$topic:2" >address 5>&-
    broker=$!
    wait_until 10 has_lines 1 address
    BOOTSTRAP_SERVERS=$(<address)
    start kcat-out -t "$topic" --stats stats <pipe 5>&-
    writer=$!
    echo 1 >&5
    wait_until 10 has_come 1
    kill -STOP $broker
    # 300 MB, most of which the writer cannot take.
    filler=$(head -c 720 /dev/urandom | base64 -w 0)
    start bash -c "yes '$filler' | head -n 300000" >pipe 5>&-
    exec 5>&-
    sleep 2 # to fill what there is
    memory=$(awk '/VmRSS/ {print $2}' "/proc/$writer/status")
    [ -n "${SAN:-}" ] || [ "$memory" -lt 200000 ]
    kill -USR1 "$writer"
    wait_until 5 has_lines 1 stats
}

@test "a signal ends the wait for a topic" {
    for signal in TERM INT; do
        start kcat-out -t "$topic" --wait 1m </dev/null 2>log
        wait_until 10 grep -q 'waiting for it' log
        kill -$signal $!
        await $! 5
        assert_eq $status 75
        assert_match "$(tail -n 1 log)" '^kcat-out: .*stopped while'
    done
}

# --- Ends ---

@test "after SIGTERM or SIGINT kcat-out finishes its input" {
    create_topic "$topic"
    mkfifo pipe
    count=0
    for signal in TERM INT; do
        exec 5<>pipe
        start kcat-out -t "$topic" --stats stats <pipe 5>&-
        seq $((count + 1)) $((count + 10)) >&5
        wait_until 10 has_come $((count + 10))
        kill -$signal $!
        seq $((count + 11)) $((count + 20)) >&5
        exec 5>&-
        await $!
        assert_eq $status 0
        count=$((count + 20))
    done
    dump '%s\n' | cmp - <(seq 40)
    assert_eq "$(ledger stats .out)" 20
}

@test "a second signal ends kcat-out immediately" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" --stats stats <pipe 5>&-
    echo 1 >&5
    wait_until 10 has_come 1
    kill -TERM $!
    wait_until 5 has_let_go_of_signals $!
    kill -TERM $!
    await $! 5
    assert_eq $status 143
}

@test "SIGUSR1 writes the ledger, and kcat-out continues" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" --stats stats <pipe 5>&-
    seq 10 >&5
    wait_until 10 has_come 10
    all_delivered() { kill -USR1 $! && [ "$(ledger stats '[.in,.out]')" = '[10,10]' ]; }
    wait_until 5 all_delivered
    seq 11 20 >&5
    exec 5>&-
    await $!
    assert_eq $status 0
    assert_eq "$(ledger stats '[.in,.out]')" '[20,20]'
}

@test "a full disk is an error for each kind of output" {
    create_topic "$topic"
    bytes 2000000 >in
    run -74 --separate-stderr produce "$topic" --rejects /dev/full <in
    assert_match "$stderr" 'kcat-out: /dev/full: No space left on device'
    run -74 bash -c "timeout 20 kcat-out -t $topic --rejects - <in >/dev/full"
    assert_match "$output" 'kcat-out: stdout: No space left on device'
    run -74 bash -c "timeout 20 kcat-out -t $topic <in 2>/dev/full"
    run -73 --separate-stderr produce "$topic" --rejects /no/such/directory/file </dev/null
    run -73 --separate-stderr produce "$topic" --undelivered /no/such/directory/file </dev/null
    run -73 --separate-stderr produce "$topic" --stats /no/such/directory/file </dev/null
}

@test "unreadable input is an error" {
    create_topic "$topic"
    run -74 --separate-stderr produce "$topic" </
    assert_match "$stderr" '^kcat-out: stdin: Is a directory'
    run -74 bash -c "timeout 20 kcat-out -t $topic <&-"
    assert_match "$output" '^kcat-out: stdin: '
}

@test "kcat-out does not stop for a closed stdout that it never writes to" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start bash -c "kcat-out -t $topic <pipe | true; exit \${PIPESTATUS[0]}" 5>&-
    echo 1 >&5
    wait_until 10 has_come 1
    sleep 0.3 # in which nothing comes, and it waits
    echo 2 >&5
    exec 5>&-
    await $!
    assert_eq $status 0
    wait_until 10 has_come 2
}
