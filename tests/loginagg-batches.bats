#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg: windows of a number of records.

load helpers
load loginagg

# numbered [FILE]: key, logins and finality of each window.
numbered() {
    jq -r 'select(.insight == "logins") | [(.key | rtrimstr("/logins")), .logins, .final]
        | join(" ")' "$@" | paste -sd ,
}

@test "windows of N records follow one another, and the last one holds the rest" {
    logingen -n 25 --late 50 | loginagg -w 10n --every 0 --rejects rejects >out
    assert_eq "$(numbered out)" '10n/1 10 true,10n/2 10 true,10n/3 5 true'
    assert_eq "$(<rejects)" ''
    assert_eq "$(jq -c '.window | del(.first, .last)' out | sort -u | paste -sd ' ')" \
        '{"start":null,"end":null,"number":1} {"start":null,"end":null,"number":2} {"start":null,"end":null,"number":3}'
}

@test "a window of N records has the insights of exactly these records" {
    logingen -n 300 --users 20 >records
    loginagg -w 100n --every 0 <records >out
    for n in 1 2 3; do
        head -n $((n * 100)) records | tail -n 100 | loginagg -w all --every 0 |
            jq -c 'del(.key, .window)' >want
        jq -c "select(.window.number == $n) | del(.key, .window, .change)" out | diff want -
    done
}

@test "a full window at the end of the input is not followed by an empty one" {
    assert_eq "$(logingen -n 20 | loginagg -w 10n --every 0 | numbered)" '10n/1 10 true,10n/2 10 true'
    assert_eq "$(logingen -n 2 | loginagg -w 1n --every 0 | numbered)" '1n/1 1 true,1n/2 1 true'
}

@test "change compares a window of N records with the one before" {
    printf '{"timestamp":1,"v":"%s"}\n' a a b b b c |
        loginagg -w 2n --every 0 --count v | jq -c 'select(.insight == "count").change' |
        paste -sd ' ' >got
    assert_eq "$(<got)" 'null {"b":2,"a":-2} {"b":-1,"c":1}'
}

@test "a window of N records reports the times of its first and last record" {
    at 7 3 5 9 | loginagg -w 3n --every 0 >out
    assert_eq "$(jq -c '.window | [.first, .last]' out | uniq | paste -sd ' ')" \
        '["1970-01-01T00:00:03Z","1970-01-01T00:00:07Z"] ["1970-01-01T00:00:09Z","1970-01-01T00:00:09Z"]'
}

@test "a batch ends after N records, or before a record too far from the others in time" {
    at 0 1 2 3 12 13 14 30 29 21 40 | loginagg -w 4n,10s --every 0 >out
    assert_eq "$(numbered out)" '4n,10s/1 4 true,4n,10s/2 3 true,4n,10s/3 3 true,4n,10s/4 1 true'
    at 100 91 90 99 | loginagg -w 9n,10s --every 0 >out
    assert_eq "$(numbered out)" '9n,10s/1 2 true,9n,10s/2 2 true'
}

@test "a batch is written when a record too far from it arrives" {
    start_fed loginagg -w 9n,10s --every 0
    at 1 2 12 | write_to_feed
    wait_until 10 has_lines 9 out
    assert_eq "$(numbered out)" '9n,10s/1 2 true'
    close_feed
    await "$pid"
    assert_eq "$(numbered out)" '9n,10s/1 2 true,9n,10s/2 1 true'
}

@test "batches are the same beside time windows that close" {
    logingen -n 5000 --span 1h >records
    loginagg -w 500n,30s --every 0 <records | jq -c 'select(.key | startswith("500n"))' >want
    loginagg -w 1m -w 500n,30s --every 0 --lateness 0 <records |
        jq -c 'select(.key | startswith("500n"))' | cmp - want
    assert_eq "$(jq -s 'map(select(.insight == "logins").logins) | add' want)" 5000
}

@test "a window of N records is written as soon as it is full" {
    start_fed loginagg -w 2n --every 0
    at 1 2 3 | write_to_feed
    wait_until 10 has_lines 9 out
    assert_eq "$(numbered out)" '2n/1 2 true'
    close_feed
    await "$pid"
    assert_eq "$(numbered out)" '2n/1 2 true,2n/2 1 true'
}

@test "windows of records and windows of time can be combined" {
    at 0 1 2 30 | loginagg -w 10s -w 3n -w all --every 0 --lateness 0 >out
    numbered out | tr ',' '\n' | LC_ALL=C sort >got
    printf '%s\n' '10s/1970-01-01T00:00:00Z 3 true' '10s/1970-01-01T00:00:30Z 1 true' \
        '3n/1 3 true' '3n/2 1 true' 'all 4 true' | diff - got
}

@test "rolling insights of a window of N records cover the records so far" {
    at 1 2 3 4 5 | loginagg -w 4n --every 3n >out
    assert_eq "$(numbered out)" '4n/1 3 false,4n/1 4 true,4n/2 1 true'
}
