#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean: full disks, readers that leave, prompt output, and signals.

load helpers
load loginclean

# --- Output ---

@test "on a full disk loginclean exits with 74 and a message" {
    run -74 --separate-stderr bash -c 'loginclean --stats stats <good >/dev/full'
    assert_eq "$stderr" 'loginclean: stdout: No space left on device'
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.in,.out,.undelivered]')" '[2,0,2]'
    many 5000 >in
    run -74 bash -c 'loginclean --stats stats <in >/dev/full'
    assert_ledger_adds_up stats
}

@test "the ledger adds up if the disk is full between several jq outputs" {
    long_record 100000 >in
    run -74 bash -c 'loginclean -j "., ., ." --stats stats <in >/dev/full'
    assert_ledger_adds_up stats
}

@test "the ledger adds up if --strict stops between several jq outputs" {
    run -65 loginclean --strict -j '.ip = 1 | ., .' --stats stats <good
    assert_ledger_adds_up stats
}

@test "loginclean exits silently when its reader exits, as by SIGPIPE" {
    many 100000 >in
    loginclean --stats stats <in 2>err | head -n 1 >out
    assert_eq "${PIPESTATUS[0]}" 141
    head -n 1 good | cmp - out
    assert_eq "$(<err)" ''
    assert_ledger_adds_up stats
}

@test "loginclean notices that its reader has exited while no input arrives" {
    mkfifo feed output
    exec {feed}<>feed {output}<>output
    loginclean <feed >output 2>err {feed}>&- {output}>&- 3>&- &
    pid=$!
    started+=("$pid")
    head -n 1 good >&"$feed"
    read -r -t 20 line <&"$output"
    assert_eq "$line" "$(head -n 1 good)"
    exec {output}>&-
    await "$pid"
    assert_eq "$status" 141
    assert_eq "$(<err)" ''
}

@test "a closed stdout is an error once there is output" {
    run -74 bash -c 'loginclean <good >&-'
    assert_match "$output" '^loginclean: stdout: '
    run -0 bash -c 'loginclean </dev/null >&-'
}

@test "no record is written to the file of rejects if stdout is closed" {
    { cat good && echo 7; } >in
    run -74 bash -c 'loginclean --rejects rejects --stats stats <in >&-'
    assert_eq "$(jq -r .raw rejects)" 7
    assert_eq "$(wc -l <rejects) $(wc -l <stats)" '1 1'
}

@test "a closed stdin and a directory as stdin are read errors" {
    run -74 bash -c 'loginclean <&-'
    assert_match "$output" '^loginclean: stdin: '
    run -74 bash -c 'loginclean </'
    assert_eq "$output" 'loginclean: stdin: Is a directory'
}

@test "a closed stderr is an error if there are rejects" {
    run -74 bash -c 'echo 7 | loginclean 2>&-'
    run -0 bash -c 'loginclean <good 2>&- >out'
    cmp good out
}

@test "records are printed immediately while the input is open" {
    start_fed loginclean --rejects -
    for n in 1 2; do
        head -n "$n" good | tail -n 1 | write_to_feed
        wait_until 10 has_lines "$n" out
    done
    echo 7 | write_to_feed
    wait_until 10 has_lines 3 out
    close_feed
    await "$pid"
    assert_eq "$status" 0
}

@test "rejects are printed immediately while the input is open" {
    start_fed loginclean
    echo 7 | write_to_feed
    wait_until 10 has_lines 1 err
    close_feed
    await "$pid"
}

@test "loginclean waits for the rest of an incomplete record" {
    start_fed loginclean
    head -c 50 good | write_to_feed
    { tail -c +51 good && head -c 20 good; } | write_to_feed
    wait_until 10 has_lines 2 out
    cmp good out
    tail -c +21 good | write_to_feed
    close_feed
    await "$pid"
    cat good good | cmp - out
}

@test "fast input is written in large blocks" {
    many 100000 >in
    count_writes loginclean <in >out
    cmp in out
    cat writes
    [ "$(<writes)" -lt 1000 ]
}

# --- Signals ---

@test "after a first SIGTERM or SIGINT, loginclean finishes its input" {
    for signal in TERM INT; do
        rm -f feed
        start_fed loginclean --stats "stats.$signal"
        head -n 1 good | write_to_feed
        wait_until 10 has_lines 1 out
        kill -"$signal" "$pid"
        tail -n 1 good | write_to_feed
        wait_until 10 has_lines 2 out
        close_feed
        await "$pid"
        assert_eq "$status" 0
        cmp good out
        assert_ledger_adds_up "stats.$signal"
        assert_eq "$(<err)" ''
    done
}

@test "a second SIGTERM or SIGINT ends loginclean immediately" {
    for signals in 'TERM TERM 143' 'INT INT 130' 'INT TERM 143' 'TERM INT 130'; do
        read -r first second want <<<"$signals"
        rm -f feed
        start_fed loginclean
        kill -"$first" "$pid"
        # Once the first is handled, the second has its default effect.
        wait_until 10 has_let_go_of_signals "$pid"
        kill -"$second" "$pid"
        await "$pid"
        assert_eq "$status" "$want"
        close_feed
    done
}

@test "SIGUSR1 writes the ledger, and loginclean continues" {
    start_fed loginclean --stats stats
    head -n 1 good | write_to_feed
    wait_until 10 has_lines 1 out
    kill -USR1 "$pid"
    wait_until 10 has_lines 1 stats
    assert_eq "$(ledger stats '[.in,.out]')" '[1,1]'
    tail -n 1 good | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(ledger stats '[.in,.out]')" '[2,2]'
    assert_eq "$(wc -l <stats)" 2
}

@test "SIGUSR1 without --stats writes the ledger to stderr" {
    start_fed loginclean
    kill -USR1 "$pid"
    wait_until 10 has_lines 1 err
    assert_eq "$(ledger err .tool)" loginclean
    close_feed
    await "$pid"
}
