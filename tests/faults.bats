#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Short reads and writes, interrupted calls, full disks: the tools run with faults.c loaded before the
# C library.

load helpers

setup() {
    begin
    logingen -n 400 --bad 10 --missing 10 --late 5 >records
    {
        # Long lines, empty ones, rejects of earlier stages, and no newline at the end.
        cat records
        printf '\n\n{"reject":"x"}\n%05000d\n' 0
        head -n 200 records
        printf no-newline
    } >in
}

# The faults that must not change the output.
harmless='short-read eintr-read short-read,eintr-read short-write eintr-write
    short-write,eintr-write eintr-poll short-read,eintr-read,short-write,eintr-write,eintr-poll'

# assert_same COMMAND...: none of these faults changes its output, rejects or ledger.
assert_same() {
    local faults status=0

    "$@" --rejects want.rejects --stats want.stats <in >want
    for faults in $harmless; do
        rm -f rejects stats
        if ! with_faults "$faults" "$@" --rejects rejects --stats stats <in >out 2>err ||
            ! cmp want out || ! cmp want.rejects rejects ||
            ! assert_eq "$(ledger stats 'del(.seconds)')" "$(ledger want.stats 'del(.seconds)')"; then
            echo "with $faults: $(<err)" >&2
            status=1
        fi
    done
    return "$status"
}

@test "the shim shortens reads and writes" {
    need_strace
    printf '%0100d\n' 0 >line
    traced -f -o trace -E FAULTS=short-read,short-write \
        -E LD_PRELOAD="$(preload faults loginclean)" loginclean --rejects - <line >out
    [ "$(grep -cE 'read\(0,.*= [1-7]$' trace)" -gt 13 ]
    [ "$(grep -cE 'write\(1,.*= [1-7]$' trace)" -gt 13 ]
}

@test "short and interrupted reads and writes do not change loginclean's output" {
    assert_same loginclean
}

@test "short and interrupted reads and writes do not change loginclean's output with a jq program" {
    assert_same loginclean --canonical --datetime -j 'select(.locale != "CA"), .'
}

@test "short and interrupted reads and writes do not change loginagg's output" {
    assert_same loginagg --every 50n -w 10m
}

@test "short and interrupted reads and writes do not change the output of loginagg --tee" {
    assert_same loginagg --tee --every 0
}

@test "short and interrupted writes do not change logingen's output" {
    for faults in short-write eintr-write short-write,eintr-write eintr-poll; do
        with_faults "$faults" logingen -n 400 --bad 10 --missing 10 --late 5 >out
        cmp records out
    done
    with_faults eintr-poll,eintr-write logingen -n 50 --rate 1000 --span 1h >out
    logingen -n 50 --span 1h | cmp - out
}

@test "short and interrupted writes do not cut the ledger" {
    for faults in short-write eintr-write; do
        rm -f stats
        with_faults "$faults" logingen -n 10 --stats stats >out
        assert_ledger_adds_up stats
    done
}

@test "short and interrupted writes do not cut --help" {
    for tool in loginclean loginagg logingen; do
        "$tool" --help >want
        with_faults short-write,eintr-write "$tool" --help >out
        cmp want out
    done
}

# assert_full FAULT COMMAND...: it exits with 74 and "No space left on device", and the bytes before
# that are correct.
assert_full() {
    local status=0

    "${@:2}" <in >want 2>/dev/null
    with_faults "$1" "${@:2}" <in >out 2>err || status=$?
    assert_eq "$status" 74
    assert_match "$(tail -n 1 err)" ": stdout: No space left on device$"
    head -c "$(wc -c <out)" want | cmp - out
}

@test "a disk that fills up ends a tool with 74 and a message, after correct output" {
    for room in 0 1 1000 65536; do
        assert_full enospc-write=$room loginclean
        assert_eq "$(wc -c <out)" "$room"
    done
    for room in 0 1000; do
        assert_full enospc-write=$room loginagg --every 0
        assert_full enospc-write=$room logingen -n 400
    done
}

@test "a write of zero bytes counts as a full disk and is not repeated forever" {
    for room in 0 1000; do
        assert_full zero-write=$room loginclean
        assert_full zero-write=$room loginagg --every 0
        assert_full zero-write=$room logingen -n 400
    done
}

@test "a full disk under --rejects ends a tool with 74 and a message that names the file" {
    status=0
    with_faults enospc-write=100 loginclean --rejects rejects <in >/dev/null 2>err || status=$?
    assert_eq "$status" 74
    assert_match "$(<err)" '^loginclean: (rejects|stdout): No space left on device$'
    yes x | head -n 100 >bad
    status=0
    with_faults enospc-write=100 loginclean --rejects rejects <bad 2>err || status=$?
    assert_eq "$status" 74
    assert_eq "$(<err)" 'loginclean: rejects: No space left on device'
}

@test "an error at close ends a tool with 74 and a message" {
    for tool in loginclean loginagg 'logingen -n 10'; do
        status=0
        # shellcheck disable=SC2086 # a command with its options
        with_faults error-close $tool <in >out 2>err || status=$?
        assert_eq "$status" 74
        assert_match "$(tail -n 1 err)" ': stdout: Input/output error$'
    done
    status=0
    yes x | head -n 3 >bad
    with_faults error-close loginclean --rejects rejects <bad 2>err || status=$?
    assert_eq "$status" 74
    assert_eq "$(<err)" 'loginclean: rejects: Input/output error'
}

@test "a read error ends a tool with 74 and a message, after the records before it" {
    status=0
    with_faults error-read=2 loginclean --rejects /dev/null <records >out 2>err || status=$?
    assert_eq "$status" 74
    assert_eq "$(<err)" 'loginclean: stdin: Input/output error'
    loginclean --rejects /dev/null <records | cmp - out
}

@test "after a read error loginagg prints no final insights" {
    status=0
    with_faults error-read=2 loginagg --rejects /dev/null --every 50n -w all <records >out 2>err ||
        status=$?
    assert_eq "$status" 74
    assert_eq "$(<err)" 'loginagg: stdin: Input/output error'
    # Part of the input is missing, so no window is final.
    grep -q '"final":false' out
    assert_eq "$(grep -c '"final":true' out || true)" 0
}

@test "a SIGUSR1 that arrives just before a wait for input is handled" {
    start_fed env FAULTS=usr1-write LD_PRELOAD="$(preload faults loginclean)" \
        loginclean --stats stats --rejects /dev/null
    head -n 1 records | write_to_feed
    wait_until 10 has_lines 1 out
    wait_until 5 has_lines 1 stats
    close_feed
    await "$pid"
    assert_eq "$status" 0
}
