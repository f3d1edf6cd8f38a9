#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --metrics, --progress and LOG_FORMAT=json in the stages.

load helpers

# figure FILE NAME [LABELS]: the value of a sample: figure m records_total outcome=\"in\"
figure() {
    grep -E "^loginpipe_$2(\{[^}]*${3:-}[^}]*\})? " "$1" | cut -d' ' -f2
}

# is_newer_than FILE SECONDS: whether the file was written since this time of the Unix clock.
is_newer_than() {
    [ "$(stat -c %Y "$1" 2>/dev/null || echo 0)" -ge "$2" ]
}

@test "the metrics of a stage are those of its ledger" {
    logingen -n 2000 --bad 2 | loginclean --rejects - --stats stats --metrics m >out
    for outcome in in made out filtered rejected late aggregated undelivered passed; do
        assert_eq "$(figure m records_total "outcome=\"$outcome\"")" "$(ledger stats ".$outcome")"
    done
    assert_eq "$(figure m rejected_total 'reason="bad_ip"')" "$(ledger stats .by_reason.bad_ip)"
    assert_eq "$(figure m filled_total)" "$(ledger stats .filled.device_type)"
    assert_eq "$(figure m bytes_total 'direction="out"')" "$(wc -c <out)"
    assert_eq "$(figure m build_info)" 1
    [ ! -e m.tmp ]
}

@test "promtool finds nothing wrong with the metrics of any stage" {
    logingen -n 2000 --bad 2 --metrics gen | loginclean --rejects - --metrics clean |
        loginagg --rejects - --state state --metrics agg >out
    for stage in gen clean agg; do
        run -0 promtool check metrics <$stage
        assert_eq "$output" ''
    done
    [ "$(figure agg state_bytes)" -gt 1000 ]
    last=$(jq -r 'select(.insight == "logins").last' out)
    assert_eq "$(figure agg watermark_timestamp_seconds)" "$(date -d "$last" +%s)"
}

@test "metrics are written when a stage begins, and while it waits for input or for its reader" {
    mkfifo slow blocked
    start bash -c 'exec loginclean --metrics waits <slow >out'
    exec {to}>slow
    start bash -c 'exec logingen --metrics blocked-m >blocked'
    exec {from}<blocked
    wait_until 5 test -e waits
    wait_until 5 test -e blocked-m
    assert_eq "$(figure waits records_total 'outcome="in"')" 0
    good_records >&$to
    begun=$(date +%s)
    wait_until 15 is_newer_than waits $((begun + 5))
    wait_until 15 is_newer_than blocked-m $((begun + 5))
    assert_eq "$(figure waits records_total 'outcome="in"')" 2
    exec {to}>&- {from}<&-
}

@test "--metrics exits with 73 if the file cannot be written, and never replaces a device" {
    run -73 loginclean --metrics /no/such/file </dev/null
    assert_match "$output" 'loginclean: --metrics: /no/such/file: No such file or directory'
    run -73 loginclean --metrics /dev/null </dev/null
    assert_match "$output" 'loginclean: --metrics: /dev/null: is not a regular file'
    [ -c /dev/null ]
    mkdir directory
    run -73 loginclean --metrics directory </dev/null
}

@test "metrics that cannot be written any more cause a warning, and the stage goes on" {
    mkdir gone
    { good_records && wait_until 5 test -e gone/m && rm -r gone && good_records; } |
        loginclean --metrics gone/m >out 2>err
    assert_eq "$(wc -l <out)" 4
    assert_eq "$(cat err)" 'loginclean: --metrics: gone/m: No such file or directory'
}

@test "with --metrics, a named pipe for rejects still waits for its reader" {
    mkfifo refused
    start bash -c 'echo x | loginclean --metrics m --rejects refused >out'
    sleep 1.2 # the timer of --metrics runs each second
    assert_eq "$(timeout 5 jq -r .reject <refused)" not_json
}

# on_terminal COMMAND: runs it with a terminal as standard error, and prints what that shows.
on_terminal() {
    script -qec "$1" /dev/null | tr '\r' '\n'
}

@test "--progress shows on a terminal how much of a file is done" {
    logingen -n 2000 >file
    on_terminal 'loginclean --progress <file >out' >shown
    # A job may be too short for a speed.
    grep -qE '^loginclean: 100 %, 2,000 records(, [0-9,]+/s)? *$' shown
    assert_eq "$(wc -l <out)" 2000
    on_terminal 'cat file file | loginclean --progress >out' >shown
    grep -qE '^loginclean: 4,000 records(, [0-9,]+/s)? *$' shown
    on_terminal 'logingen -n 300 --rate 200 --progress >out' >shown
    assert_match "$(<shown)" 'logingen: [1-9][0-9] %, [0-9]+ records, [0-9]+/s, 1 s left'
}

@test "--progress is silent if standard error is no terminal" {
    good_records | loginclean --progress >out 2>err
    assert_eq "$(<err)" ''
}

@test "a message takes the place of the progress" {
    on_terminal '(seq 1 3; sleep 1; echo 4) | loginclean --progress --metrics m >out' >shown
    assert_match "$(<shown)" '"reject"'
    assert_match "$(<shown)" 'loginclean: 4 records'
}

@test "LOG_FORMAT=json makes each message a JSON object, whatever it holds" {
    LOG_FORMAT=json run -73 loginclean --stats $'/no/"such\\\t\xff/\xc3\xa4' </dev/null
    assert_eq "$(jq -r '[.level, .tool, .message] | join("|")' <<<"$output")" \
        $'error|loginclean|--stats: /no/"such\\\t\ufffd/ä: No such file or directory'
    assert_match "$(jq -r .time <<<"$output")" '^20[0-9-]+T[0-9:]+\.[0-9]{3}Z$'
    LOG_FORMAT=xml run -0 --separate-stderr loginclean </dev/null
    assert_eq "$stderr" "loginclean: LOG_FORMAT: 'xml' is not one of text, json"
    LOG_FORMAT=json LOG_LEVEL=loud run -0 --separate-stderr loginclean </dev/null
    assert_eq "$(jq -r .message <<<"$stderr")" \
        "LOG_LEVEL: 'loud' is not one of error, warn, info, debug"
    LOG_FORMAT=text run -0 --separate-stderr loginclean </dev/null
    assert_eq "$stderr" ''
}
