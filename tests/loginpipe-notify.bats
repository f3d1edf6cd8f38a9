#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe under a service manager: what it says by sd_notify(3), and when. The stages are stand-ins, which do what
# files in the directory "told" tell them.
#
# bats file_tags=long

load helpers
load loginpipe

setup() {
    begin
    set_topics
    mkdir bin told
    cp "$BUILD_DIR/loginpipe" bin
    write_stage >bin/kcat-in
    chmod +x bin/kcat-in
    mkfifo told/nothing
    for name in loginclean loginagg kcat-out; do
        ln -s kcat-in bin/$name
    done
    socket=@loginpipe-$RANDOM$RANDOM
}

write_stage() {
    cat <<'END'
#!/bin/bash
env | grep -E '^(NOTIFY|WATCHDOG)_' >>told/inherited
trap 'exit 0' TERM
while [ "$1" != --metrics ]; do shift; done
stage=${0##*/} metrics=$2
[ "$stage" != kcat-in ] || exec 0<>told/nothing # nothing ever comes from there
for ((i = 1; ; i++)); do
    [ ! -e told/fail ] || exit 69
    if [ ! -e told/stand-still ] && { [ ! -e told/wait ] || [[ $metrics != *"$(<told/wait)" ]]; }; then
        printf '%s\n' "# TYPE loginpipe_records_total counter" \
            "loginpipe_records_total{stage=\"$stage\",outcome=\"in\"} $((i * 100))" \
            "# TYPE loginpipe_consumer_lag gauge" \
            "loginpipe_consumer_lag{stage=\"$stage\",topic=\"t\",partition=\"0\"} 850" \
            "# TYPE loginpipe_last_commit_timestamp_seconds gauge" \
            "loginpipe_last_commit_timestamp_seconds{stage=\"$stage\"} $i" >"$metrics.tmp"
        mv "$metrics.tmp" "$metrics"
    fi
    read -rt 0.3
    [ $? -ne 1 ] || exit 0
done
END
}

# notify [SETTING=VALUE]... COMMAND...: runs it in the background, and gathers what it says in the file heard.
notify() {
    start "$BATS_TEST_DIRNAME/notified" "$socket" >heard
    wait_until 10 is_bound
    start env NOTIFY_SOCKET="$socket" "$@" 2>>log
    pid=$!
}

is_bound() {
    grep -qF -- "$socket" /proc/net/unix
}

# said TEXT: how often it has said so.
said() {
    grep -cE -- "^[0-9.]+ $1" heard
}

# has_said TEXT [COUNT]
has_said() {
    [ "$(said "$1")" -ge "${2:-1}" ]
}

finish() {
    kill -TERM "$pid"
    await "$pid" 20
}

@test "READY=1 is said once, when all stages of all members have begun" {
    echo merger.kcat-in >told/wait
    notify bin/loginpipe -n 2
    wait_until 20 has_members 3
    wait_until 20 has_said 'STATUS=starting$'
    sleep 1
    assert_eq "$(said READY=1)" 0
    rm told/wait
    wait_until 10 has_said READY=1
    finish
    assert_eq "$status $(said READY=1) $(said 'STOPPING=1 STATUS=stopping')" '0 1 1'
}

@test "no stage inherits the socket or the watchdog" {
    notify WATCHDOG_USEC=1000000 bin/loginpipe -n 2
    wait_until 20 has_said READY=1
    assert_eq "$(<told/inherited)" ''
    finish
}

@test "STATUS has rate, lag and restarts, and a failure while it is mended" {
    notify DELIVERY=none bin/loginpipe
    wait_until 10 has_said READY=1
    wait_until 20 has_said 'STATUS=[0-9,]+ records/s, lag 3,400, 0 restarts'
    kill -KILL "$(stage kcat-out)"
    wait_until 10 has_said 'STATUS=kcat-out: killed by signal 9; starting again in 1 s'
    wait_until 20 has_said 'STATUS=[0-9,]+ records/s, lag 3,400, 1 restart$'
    finish
    assert_eq "$status $(said READY=1)" '0 1'
}

@test "SIGHUP is answered by RELOADING and READY, on a socket with a path too" {
    socket=$PWD/socket
    notify DELIVERY=none bin/loginpipe
    wait_until 10 has_said READY=1
    kill -HUP "$pid"
    wait_until 10 has_said READY=1 2
    assert_match "$(sed -nE 's/^[0-9.]+ (RELOADING=.*)/\1/p' heard)" '^RELOADING=1 MONOTONIC_USEC=[0-9]{7,}$'
    finish
}

@test "a start that fails is given more time, and the watchdog hears that all is well" {
    touch told/fail
    notify WATCHDOG_USEC=600000 bin/loginpipe
    wait_until 10 has_said 'EXTEND_TIMEOUT_USEC=180000000'
    wait_until 10 has_said 'STATUS=[a-z-]*: exit status 69; starting again in 2 s'
    wait_until 10 has_said WATCHDOG=1 10
    wait_until 20 has_said 'STATUS=starting, [1-9] restarts; the last failure: [a-z-]*: exit status 69$'
    kill -TERM "$pid"
    await "$pid"
    # Members start themselves again.
    rm heard
    socket=$socket-2
    notify bin/loginpipe -n 2
    wait_until 10 has_said 'EXTEND_TIMEOUT_USEC=180000000' 2
    kill -TERM "$pid"
    await "$pid"
}

@test "a failure after the start does not stop the watchdog's messages" {
    notify WATCHDOG_USEC=600000 bin/loginpipe
    wait_until 10 has_said READY=1
    touch told/fail
    wait_until 20 has_said 'STATUS=.*starting again in 2 s'
    count=$(said WATCHDOG=1)
    wait_until 10 has_said WATCHDOG=1 $((count + 5))
    assert_eq "$(said EXTEND)" 0
    kill -TERM "$pid"
    await "$pid"
}

@test "the watchdog hears nothing more once no mark is committed, or a stage shows no life" {
    for delivery in at-least-once none; do
        socket=$socket$delivery
        rm -f heard
        notify DELIVERY=$delivery WATCHDOG_USEC=600000 bin/loginpipe
        wait_until 10 has_said READY=1
        mv heard "heard-$delivery"
        echo "$pid" >"pid-$delivery"
    done
    touch told/stand-still
    sleep 28
    for delivery in at-least-once none; do
        assert_match "$(tail -n 1 "heard-$delivery")" ' (WATCHDOG|STATUS)='
        run ! grep -q watchdog log
    done
    wait_until 10 grep -q 'pipeline: no mark was committed for more than 30 s, so the watchdog' log
    wait_until 10 grep -q 'pipeline: a stage has shown no life for more than 30 s, so the watchdog' log
    before=$(cat heard-* | grep -c WATCHDOG)
    sleep 2
    assert_eq "$(cat heard-* | grep -c WATCHDOG)" "$before"
    rm told/stand-still
    moves() { [ "$(cat heard-* | grep -c WATCHDOG)" -ge $((before + 4)) ]; }
    wait_until 10 moves
    for delivery in at-least-once none; do
        kill -TERM "$(<"pid-$delivery")"
        await "$(<"pid-$delivery")"
    done
}

@test "without WATCHDOG_USEC, or for another process, there is no watchdog" {
    notify WATCHDOG_USEC=600000 WATCHDOG_PID=1 DELIVERY=none bin/loginpipe
    wait_until 10 has_said READY=1
    sleep 1
    finish
    assert_eq "$(said WATCHDOG)" 0
}

@test "a socket that nobody reads, or a wrong one, is a warning" {
    while read -r socket why; do
        start env NOTIFY_SOCKET="$socket" DELIVERY=none bin/loginpipe --metrics m 2>log
        pid=$!
        wait_until 20 test -s log
        finish
        assert_match "$status $(<log)" "^0 loginpipe: NOTIFY_SOCKET: $socket: ${why}[^"$'\n'']*$'
    done <<'TABLE'
/no/such/socket No such file or directory
@loginpipe-nobody Connection refused
vsock:2:1234 neither a path nor an abstract name
TABLE
}
