#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg: which records are counted, options, output and signals.

# shellcheck disable=SC2016 # the dollar signs are jq's

load helpers
load loginagg

# --- Records ---

@test "an empty input gives no insights" {
    run -0 loginagg -w all -w 1h --stats stats </dev/null
    assert_eq "$output" ''
    assert_eq "$(ledger stats '[.in,.made,.out]')" '[0,0,0]'
}

@test "an input of rejects gives no insights" {
    printf 'x\n7\n{}\n' | loginagg -w all --rejects rejects >out
    assert_eq "$(<out)" ''
    assert_eq "$(jq -r '[.reject, .field // "-"] | join(" ")' rejects | paste -sd ,)" \
        'not_json -,not_object -,missing_field timestamp'
}

@test "a last line without its newline is counted" {
    printf %s "$(at 1 2)" | loginagg --every 0 >out
    assert_eq "$(windows_of out)" '00:00:00 2 0'
}

@test "a time is a number or string of seconds, milli-, micro- or nanoseconds, or RFC 3339" {
    for time in 1694479551 1694479551000 1694479551000000 1694479551000000000 '"1694479551"' \
        '"1694479551000"' '"2023-09-12T00:45:51Z"' '"2023-09-12T02:45:51+02:00"' \
        '"2023-09-12 00:45:51Z"'; do
        echo "{\"timestamp\":$time}"
    done | loginagg --every 0 --rejects rejects >out
    assert_eq "$(<rejects)" ''
    assert_eq "$(head -n 1 out | jq -c '[.logins, .first, .last]')" \
        '[9,"2023-09-12T00:45:51Z","2023-09-12T00:45:51Z"]'
}

@test "records with malformed times are rejected with their bytes" {
    for time in '""' '"soon"' true '[]' '{}' 1.5 1e9 '"1.5"' 18446744073709551615 '" 1"'; do
        echo "{\"timestamp\":$time}"
    done >in
    loginagg --rejects rejects <in >out
    assert_eq "$(<out)" ''
    assert_eq "$(jq -r '[.reject, .field] | join(" ")' rejects | sort | uniq -c | xargs)" \
        '10 bad_timestamp timestamp'
    jq -r .raw rejects | cmp in
    echo '{"timestamp":null}' | loginagg --rejects null >out
    assert_eq "$(jq -r '[.reject, .field] | join(" ")' null)" 'missing_field timestamp'
}

@test "--time-field names the field that holds the time" {
    printf '{"timestamp":1,"at":"2024-01-31T12:00:00Z"}\n{"timestamp":1}\n' >in
    loginagg --every 0 --time-field at --rejects rejects <in >out
    assert_eq "$(head -n 1 out | jq -r .first)" 2024-01-31T12:00:00Z
    assert_eq "$(jq -c '[.reject, .field]' rejects)" '["missing_field","at"]'
}

@test "the last of two members with the same key counts" {
    echo '{"timestamp":"x","timestamp":1,"v":"a","v":"b"}' | loginagg --every 0 --count v |
        jq -c 'select(.insight == "count").counts' >got
    assert_eq "$(<got)" '{"b":1}'
}

@test "the jq program runs on each record before it is counted" {
    logingen -n 500 >records
    loginagg --every 0 -j 'select(.device_type == $t)' --arg t web --stats stats <records >out
    web=$(jq -r 'select(.device_type == "web") | 1' records | wc -l)
    assert_eq "$(windows_of out)" "00:00:00 $web 0"
    assert_eq "$(ledger stats '[.filtered, .aggregated]')" "[$((500 - web)),$web]"
    assert_ledger_adds_up stats
    loginagg --every 0 -j '., .' --stats stats <records >out
    assert_eq "$(windows_of out)" "00:00:00 1000 0"
    assert_ledger_adds_up stats
    run -64 loginagg -j '.a |'
}

@test "a value of 1 MiB is counted by its first bytes and a hash" {
    { printf '{"timestamp":1,"v":"' && head -c 1M /dev/zero | tr '\0' x && echo '"}'; } >in
    { cat in in && sed 's/"}/y&/' in; } | loginagg --every 0 --count v --duplicates v,timestamp >out
    assert_eq "$(jq -c 'select(.insight == "count").counts | to_entries[]
        | [(.key[1001:] | length), (.key | startswith("x" * 1000 + "…")), .value]' out | paste -sd ' ')" \
        '[16,true,2] [16,true,1]'
    assert_eq "$(jq -c 'select(.insight == "duplicates").top | map(.v | length)' out)" '[1017]'
    # A value of 1,024 bytes is counted as it is.
    jq -cn '{timestamp: 1, v: ("x" * 1024)}' | loginagg --every 0 --count v |
        jq 'select(.insight == "count").counts | keys[0] | length' >got
    assert_eq "$(<got)" 1024
}

@test "a line of 20 MiB is rejected as too_long, and the next one is counted" {
    { head -c 20M /dev/zero | tr '\0' x && echo && at 1; } | loginagg --every 0 --rejects rejects >out
    assert_eq "$(jq -c '[.reject, .stage, .length, (.raw | length)]' rejects)" \
        '["too_long","loginagg",20971520,65536]'
    assert_eq "$(windows_of out)" '00:00:00 1 0'
}

@test "lines with NUL bytes or bad UTF-8 are rejected with their bytes" {
    printf '{"timestamp":1,"v":"\xff"}\n\0\n{"timestamp":1,"v":"a\\u0000b"}\n' |
        loginagg --every 0 --count v --rejects rejects >out
    assert_eq "$(jq -c '[.reject, .raw // .raw_b64]' rejects | paste -sd ' ')" \
        "[\"not_json\",\"$(printf '{"timestamp":1,"v":"\xff"}' | base64)\"] [\"not_json\",\"\\u0000\"]"
    assert_eq "$(jq -c 'select(.insight == "count").counts' out)" '{"a\u0000b":1}'
}

@test "rejects of earlier stages pass unchanged, before later insights" {
    { at 1 && echo '{"reject":"x", "raw":"é"}' && at 2; } | loginagg --every 0 --stats stats >out
    assert_eq "$(head -n 1 out)" '{"reject":"x", "raw":"é"}'
    assert_eq "$(windows_of out)" '00:00:00 2 0'
    assert_eq "$(ledger stats '[.in,.passed,.aggregated]')" '[2,1,2]'
    assert_ledger_adds_up stats
}

@test "--rejects - prints rejects among the insights" {
    { at 1 && echo x; } | loginagg --every 0 --rejects - --stats stats >out
    assert_eq "$(jq -r '.reject // .insight' out | head -n 2 | paste -sd ' ')" 'not_json logins'
    assert_ledger_adds_up stats
}

@test "--tee passes the records byte for byte, among the insights" {
    logingen -n 1000 --late 5 >records
    loginagg --tee -w 5m --every 300n --stats stats <records >out
    grep -v '^{"insight":' out | cmp records
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.aggregated, .out - .made]')" '[0,1000]'
    # The insights follow the three hundredth record at once.
    assert_eq "$(grep -n '"final":false' out | head -n 1 | cut -d : -f 1)" \
        "$(($(grep -nxF "$(sed -n 300p records)" out | head -n 1 | cut -d : -f 1) + 1))"
}

# --- Options ---

@test "malformed windows are usage errors" {
    for window in '' x 0 0s 1y -1h 1h/ /5m 1h/0 5m/1h 1h/x 1h/5m/1m 40000d ALL n 0n -1n 1.5n \
        10n/5n 10n/1h 1nn; do
        run -64 loginagg -w "$window" </dev/null
        assert_match "$output" "^loginagg: --window: '$window'"
    done
    run -64 loginagg -w 1h -w 1h </dev/null
    assert_match "$output" 'twice'
}

@test "malformed insights are usage errors" {
    for count in '' $'\xff'; do
        run -64 loginagg --count "$count" </dev/null
    done
    run -64 loginagg --count a --count a </dev/null
    for distinct in '' a / a/ /a a/a x/xs login/a a/logins; do
        run -64 loginagg --distinct "$distinct" </dev/null
    done
    for fields in '' ',' 'a,' ',a' 'a,,b' a,a count a,count 1,2,3,4,5,6,7,8,9; do
        run -64 loginagg --duplicates "$fields" </dev/null
    done
}

@test "unknown options, bad values and operands are usage errors" {
    for every in '' x n 0n -1n 1.5s 10x; do
        run -64 loginagg --every "$every" </dev/null
        assert_match "$output" '^loginagg: --every: '
    done
    run -64 loginagg --no-such-option
    run -64 loginagg file
    assert_match "$output" '^loginagg: file: takes no operands'
    run -64 loginagg --lateness x </dev/null
}

# --- Output ---

@test "on a full disk loginagg exits with 74 and a message, and the ledger adds up" {
    logingen -n 1000 >records
    run -74 bash -c 'loginagg --stats stats <records >/dev/full'
    assert_eq "$output" 'loginagg: stdout: No space left on device'
    assert_ledger_adds_up stats
    # Now writing fails while records are read, not at the end.
    run -74 bash -c 'loginagg -w 1s --every 0 --lateness 0 --stats stats2 <records >/dev/full'
    assert_ledger_adds_up stats2
    run -74 bash -c 'loginagg --tee --every 10n --stats stats3 <records >/dev/full'
    assert_ledger_adds_up stats3
}

@test "loginagg exits silently when its reader exits, and the ledger adds up" {
    logingen -n 20000 >records
    loginagg -w 1s --every 0 --lateness 0 --stats stats <records 2>err | head -n 1 >out
    assert_eq "${PIPESTATUS[0]}" 141
    assert_eq "$(<err)" ''
    assert_eq "$(wc -l <out)" 1
    assert_ledger_adds_up stats
}

@test "a closed stdout is an error once there is output" {
    at 1 >records
    run -74 bash -c 'loginagg <records >&-'
    run -0 bash -c 'loginagg </dev/null >&-'
}

@test "a closed stdin and a directory as stdin are read errors" {
    run -74 bash -c 'loginagg <&-'
    assert_match "$output" '^loginagg: stdin: '
    run -74 bash -c 'loginagg </'
    assert_eq "$output" 'loginagg: stdin: Is a directory'
}

@test "fast input is written in large blocks" {
    logingen -n 50000 >records
    count_writes loginagg --tee --every 0 <records >out
    cat writes
    [ "$(<writes)" -lt 500 ]
}

# --- Signals ---

@test "after a first SIGTERM or SIGINT, loginagg finishes its input and prints final insights" {
    for signal in TERM INT; do
        rm -f feed
        start_fed loginagg --every 1n --stats "stats.$signal"
        at 1 | write_to_feed
        wait_until 10 has_lines 9 out
        kill -"$signal" "$pid"
        wait_until 10 has_let_go_of_signals "$pid"
        at 2 | write_to_feed
        close_feed
        await "$pid"
        assert_eq "$status" 0
        assert_eq "$(windows_of out)" '00:00:00 2 0'
        assert_ledger_adds_up "stats.$signal"
    done
}

@test "a second signal right after the first, as timeout(1) sends it, does not end loginagg early" {
    start_fed loginagg --every 1n --stats stats
    at 1 | write_to_feed
    wait_until 10 has_lines 9 out
    kill -TERM "$pid"
    sleep 0.05 # so that the first has been handled
    kill -TERM "$pid"
    at 2 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(windows_of out)" '00:00:00 2 0'
    assert_ledger_adds_up stats
}

@test "a second SIGTERM or SIGINT ends loginagg immediately, without final insights" {
    for signals in 'TERM TERM 143' 'INT INT 130'; do
        read -r first second want <<<"$signals"
        rm -f feed
        start_fed loginagg --every 1n
        at 1 | write_to_feed
        wait_until 10 has_lines 9 out
        kill -"$first" "$pid"
        wait_until 10 has_let_go_of_signals "$pid"
        kill -"$second" "$pid"
        await "$pid"
        assert_eq "$status" "$want"
        assert_eq "$(windows_of out)" ''
        close_feed
    done
}

@test "SIGUSR1 writes the ledger, and loginagg continues" {
    start_fed loginagg --every 1n --stats stats
    at 1 | write_to_feed
    wait_until 10 has_lines 9 out
    kill -USR1 "$pid"
    wait_until 10 has_lines 1 stats
    assert_eq "$(ledger stats '[.tool,.in,.aggregated,.made]')" '["loginagg",1,1,9]'
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(wc -l <stats)" 2
    assert_ledger_adds_up stats
}
