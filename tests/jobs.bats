#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --jobs: a jq program that several threads run has the same results as with one thread.

# shellcheck disable=SC2016 # the dollar signs are jq's

load helpers

RUN=01234567-89ab-4def-8123-456789abcdef

# Selects, drops, changes, doubles and fails.
PROGRAM='if .locale == "CA" then error("no " + .user_id)
    elif .locale == "TX" then empty
    elif .locale == "OH" then ., (.device_type = "twice"), .
    elif .locale == "IN" then del(.app_version)
    elif .locale == "NY" then .user_id.x else . end'

# mark KIND SEQ
mark() {
    printf '{"@mark":"%s","run":"%s","seq":%s,"at":[["t",0,%s]]}\n' "$1" "$RUN" "$2" "$2"
}

# Good and bad records, with whatever else can be in a stream: a mark after each 1,000 lines, rejects
# of earlier stages, and lines that are not JSON, too long or empty.
mixed_stream() {
    mark hello 0
    logingen -n 6000 --seed 3 --bad 3 | awk -v mark="$(mark mark SEQ)" '
        NR % 97 == 0 { print "{\"reject\":\"early\",\"line\":" NR "}" }
        NR % 101 == 0 { print "[1, {\"not\": JSON" }
        NR % 331 == 0 { long = sprintf("%5000s", ""); gsub(/ /, "x", long); print "\"" long "\"" }
        NR % 503 == 0 { print "" }
        NR % 1000 == 0 { line = mark; gsub(/SEQ/, NR / 1000, line); print line }
        { print }'
    mark end 9
}

# run_with JOBS COMMAND...: its output, rejects and ledger are in the folder of that name.
run_with() {
    local folder=$1 status=0

    mkdir "$folder"
    "${@:2}" --jobs "$1" --max-line 4k --rejects "$folder/rejects" --stats "$folder/stats" \
        >"$folder/out" 2>"$folder/err" || status=$?
    echo "$status" >"$folder/status"
    jq 'del(.seconds)' "$folder/stats" >"$folder/ledger"
    rm "$folder/stats"
}

# same_with_all_jobs COMMAND...: runs it on the file `in`.
same_with_all_jobs() {
    for jobs in 1 2 4; do
        run_with "$jobs" "$@" <in
    done
    diff -r 1 2 && diff -r 1 4
}

@test "records, rejects, marks and the ledger are the same with several jobs" {
    mixed_stream >in
    same_with_all_jobs loginclean -j "$PROGRAM"
    assert_eq "$(jq -r .reject 1/rejects | sort -u | xargs)" \
        'bad_ip bad_timestamp empty filter_error missing_field not_json not_object too_long wrong_type'
    assert_eq "$(<1/status) $(jq .marks 1/ledger) $(jq '.filtered > 0 and .made > 0' 1/ledger)" '0 8 true'
}

@test "rejects in the stream are the same with several jobs" {
    mixed_stream >in
    for jobs in 1 2 4; do
        loginclean -j "$PROGRAM" --jobs "$jobs" --max-line 4k --rejects - <in >"out.$jobs"
    done
    cmp out.1 out.2
    cmp out.1 out.4
}

@test "a filter on fields that are remembered is the same with several jobs" {
    mixed_stream >in
    same_with_all_jobs loginclean -j 'select(.device_type == "iOS" and (.locale | startswith("N")))'
    [ "$(wc -l <1/out)" -gt 50 ]
}

@test "insights are the same with several jobs" {
    logingen -n 6000 --bad 3 >in
    same_with_all_jobs loginagg -w 10m --every 500n -j "$PROGRAM"
    [ "$(wc -l <1/out)" -gt 50 ]
}

@test "--strict ends at the same line with several jobs" {
    mixed_stream | grep -v '^\[' >in
    same_with_all_jobs loginclean --strict -j 'select(.locale != "CA" or error("no"))'
    assert_eq "$(<1/status)" 65
    assert_eq "$(wc -l <1/rejects)" 1
}

@test "half a line is handled in the same way with several jobs" {
    mixed_stream | head -n 3000 | head -c -20 >in
    same_with_all_jobs loginclean -j "$PROGRAM"
    assert_eq "$(<1/status)" 75
    rm -r 1 2 4
    logingen -n 3000 | head -c -1 >in
    same_with_all_jobs loginclean -j "$PROGRAM"
    assert_eq "$(<1/status) $(jq .in 1/ledger)" '0 3000'
}

@test "with several jobs a record does not wait for the next one" {
    start_fed loginclean --jobs 4 -j 'select(.ip)'
    good_records | head -n 1 | write_to_feed
    wait_until 10 has_lines 1 out
    logingen -n 500 | write_to_feed
    wait_until 10 has_lines 501 out
}

@test "with several jobs the program may come from a pipe" {
    good_records >in
    loginclean --jobs 3 --jq-file <(echo 'select(.locale == $l)') --arg l RI <in >out
    sed -n 2p in | cmp - out
}

@test "outputs that need much memory are the same with several jobs" {
    good_records | head -n 1 >one
    for _ in {1..128}; do cat one; done >in
    # Not "x" * 4000 * 100: some builds of jq 1.6 would read freed memory.
    same_with_all_jobs loginclean -j '., (.app_version = "x" * 400000), .'
    assert_eq "$(<1/status) $(jq .made 1/ledger)" '0 256'
}

@test "--jobs without a program, of a source, or out of range is a usage error" {
    run -64 loginclean --jobs 2 </dev/null
    assert_match "$output" '--jobs: needs --jq'
    run -64 loginclean --jobs 0 -j . </dev/null
    run -64 loginclean --jobs 257 -j . </dev/null
    assert_match "$output" "--jobs: '257' is above 256"
    run -64 kcat-in -b localhost:1 --jobs 1 -j . "$topic"
    assert_match "$output" '--jobs: filter in the next stage'
}
