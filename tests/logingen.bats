#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# logingen: its records, times, options, output and signals.

load helpers

# --- The same bytes ---

@test "the same options give the same bytes" {
    logingen -n 5000 --bad 5 --late 5 >a
    logingen -n 5000 --bad 5 --late 5 >b
    cmp a b
    assert_eq "$(wc -l <a)" 5000
}

@test "the bytes are the same on every machine and in every release" {
    # A change here also changes the manual's examples and the fixtures of users.
    assert_eq "$(logingen -n 2000 --bad 10 --late 10 --missing 10 | cksum)" '659415215 384948'
}

@test "the defaults are those of the manual" {
    logingen -n 500 >out
    logingen -n 500 --seed 1 --start 2023-09-12T00:00:00Z --span 1h --users 100k --missing 2 \
        --bad 0 --late 0 | cmp out -
}

@test "another seed gives other users and records" {
    logingen -n 1000 --seed 1 | jq -r .user_id | sort -u >a
    logingen -n 1000 --seed 2 | jq -r .user_id | sort -u >b
    assert_eq "$(comm -12 a b)" ''
    [ "$(wc -l <a)" -gt 300 ]
}

@test "--start changes the times and nothing else" {
    logingen -n 500 --start 2020-01-01 | jq -c 'del(.timestamp)' >a
    logingen -n 500 | jq -c 'del(.timestamp)' | cmp - a
}

@test "--rate does not change the bytes of a given span" {
    logingen -n 300 --span 1h >a
    logingen -n 300 --span 1h --rate 1M | cmp - a
}

@test "a share changes only its own records" {
    logingen -n 3000 --missing 0 >plain
    for option in '--missing 10' '--bad 10' '--late 10'; do
        # shellcheck disable=SC2086 # a flag and its value
        logingen -n 3000 --missing 0 $option >some
        same=$(paste -d '\n' plain some | awk 'NR % 2 == 1 { a = $0; next } a == $0' | wc -l)
        [ "$same" -gt 2550 ]
        [ "$same" -lt 2850 ]
    done
}

@test "a smaller -n gives the first records of a larger one" {
    logingen -n 1000 --rate 1M >thousand
    logingen -n 100 --rate 1M | cmp - <(head -n 100 thousand)
}

# --- The records ---

@test "loginclean accepts every good record" {
    logingen -n 20000 >records
    loginclean --rejects rejects --stats stats <records >out
    assert_eq "$(<rejects)" ''
    assert_eq "$(ledger stats .out)" 20000
}

@test "the records vary as those of real producers do" {
    logingen -n 2000 >records
    # Orders of members, spacing, timestamps, device types and devices, versions of IP.
    [ "$(jq -c keys_unsorted records | sort -u | wc -l)" -ge 3 ]
    [ "$(grep -c '^{"[a-z_]*": ' records)" -gt 500 ]
    [ "$(grep -c '^{"[a-z_]*":["0-9]' records)" -gt 500 ]
    assert_eq "$(jq -r '.timestamp | type' records | sort -u | paste -sd ' ')" 'number string'
    assert_eq "$(jq -r '.device_type // "-"' records | sort -u | LC_ALL=C sort | paste -sd ' ')" \
        '- Android android iOS ios web'
    [ "$(jq -r .device_id records | grep -cE '^[0-9]{3}-[0-9]{2}-[0-9]{4}$')" -gt 500 ]
    [ "$(jq -r .device_id records |
        grep -cE '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')" -gt 500 ]
    [ "$(jq -r .ip records | grep -c :)" -gt 100 ]
    [ "$(jq -r .ip records | grep -cE '^[0-9.]+$')" -gt 1000 ]
}

@test "a few users log in often, and each from a few devices" {
    logingen -n 20000 --users 1000 >records
    jq -r .user_id records | sort | uniq -c | sort -rn | awk '{ print $1 }' >logins
    [ "$(head -n 1 logins)" -gt 200 ]
    [ "$(head -n 1 logins)" -lt 1000 ]
    [ "$(wc -l <logins)" -gt 900 ]
    [ "$(jq -r '[.user_id, .device_id] | join(" ")' records | sort -u | cut -d ' ' -f 1 |
        uniq -c | awk '$1 > max { max = $1 } END { print max }')" -le 4 ]
}

@test "--users 1 gives one user" {
    assert_eq "$(logingen -n 100 --users 1 | jq -r .user_id | sort -u | wc -l)" 1
}

@test "--missing sets the share of records without a device_type" {
    assert_eq "$(logingen -n 1000 --missing 0 | jq -c 'select(has("device_type") | not)')" ''
    assert_eq "$(logingen -n 100 --missing 100 | jq -c 'select(has("device_type"))')" ''
    missing=$(logingen -n 20000 --missing 7.5 | grep -vc device_type)
    echo "$missing of 20000"
    [ "$missing" -gt 1350 ]
    [ "$missing" -lt 1650 ]
    missing=$(logingen -n 20000 | grep -vc device_type)
    [ "$missing" -gt 300 ]
    [ "$missing" -lt 500 ]
}

@test "--bad gives every reject reason of loginclean's defaults equally often" {
    logingen -n 20000 --bad 10 -v >records 2>log
    loginclean --rejects rejects --stats stats <records >out
    rejected=$(ledger stats .rejected)
    echo "$rejected rejected"
    [ "$rejected" -gt 1800 ]
    [ "$rejected" -lt 2200 ]
    assert_eq "$(ledger stats '.by_reason | keys | join(" ")')" \
        'bad_ip bad_timestamp empty missing_field not_json not_object wrong_type'
    assert_eq "$(ledger stats '.by_reason | map(select(. < 150)) | length')" 0
    # loginclean finds exactly the reasons that logingen reports.
    sed -nE 's/^logingen: made ([a-z_]+): ([0-9]+)$/\1 \2/p' log | sort >made
    ledger stats '.by_reason | to_entries[] | "\(.key) \(.value)"' | sort | diff made -
}

@test "--bad 100 gives only bad records, and --bad 0 none" {
    logingen -n 2000 --bad 100 | loginclean --rejects /dev/null >out
    assert_eq "$(<out)" ''
    logingen -n 2000 --bad 0 | loginclean --rejects rejects >out
    assert_eq "$(<rejects)" ''
}

@test "bad fields are of all kinds" {
    logingen -n 20000 --bad 20 | loginclean --rejects rejects >out
    for reason in missing_field empty wrong_type; do
        assert_eq "$(jq -r "select(.reject == \"$reason\").field" rejects | sort -u | paste -sd ' ')" \
            'app_version device_id ip locale timestamp user_id'
    done
    # Some records are not UTF-8.
    [ "$(jq -c 'select(.raw_b64)' rejects | wc -l)" -gt 50 ]
}

# --- Event time ---

times_of() {
    jq -r '.timestamp | tonumber' "$@"
}

@test "times increase evenly over the span" {
    logingen -n 3600 --span 1h | times_of >seconds
    sort -n seconds | cmp - seconds
    awk 'NR == 1 { first = $1 } END { exit !(first == 1694476800 && $1 == 1694480399) }' seconds
    # Every minute has about sixty.
    awk '{ n[int($1 / 60)]++ } END { for (m in n) if (n[m] < 58 || n[m] > 62) exit 1 }' seconds
}

@test "--start takes a time, a date, epoch seconds and now" {
    assert_eq "$(logingen -n 1 --span 0 --start 2024-01-31T12:00:00Z | times_of)" 1706702400
    assert_eq "$(logingen -n 1 --span 0 --start 2024-01-31T13:00:00+01:00 | times_of)" 1706702400
    assert_eq "$(logingen -n 1 --span 0 --start 2024-01-31 | times_of)" 1706659200
    assert_eq "$(logingen -n 1 --span 0 --start 1706702400 | times_of)" 1706702400
    assert_eq "$(logingen -n 1 --span 0 --start 0 | times_of)" 0
    now=$(date +%s)
    time=$(logingen -n 1 --span 0 --start now | times_of)
    [ "$time" -ge "$now" ]
    [ "$time" -le $((now + 5)) ]
}

@test "without a span, times increase at the rate" {
    logingen -n 1000 --rate 1M >records
    assert_eq "$(times_of records | sort -u)" 1694476800
    # Without --rate, an endless stream has a thousand records per second of event time.
    logingen | head -n 5000 | times_of | uniq -c | awk '{ print $1 }' >per_second
    assert_eq "$(sort -u per_second)" 1000
}

@test "--late sets the share of events that are five minutes to an hour late" {
    logingen -n 5000 --span 1s --late 10 | times_of >seconds
    late=$(awk '$1 < 1694476800 { n++ } END { print n }' seconds)
    echo "$late late"
    [ "$late" -gt 400 ]
    [ "$late" -lt 600 ]
    awk '$1 < 1694476800 { back = 1694476800 - $1; if (back < 299 || back > 3600) exit 1 }' seconds
}

@test "loginagg rejects the late events" {
    logingen -n 2000 --late 10 -v 2>log | loginagg --every 0 -w 1m --rejects late >out
    made=$(sed -nE 's/^logingen: made late: ([0-9]+)$/\1/p' log)
    found=$(wc -l <late)
    echo "$made made, $found found"
    # The first records cannot be late.
    [ "$found" -le "$made" ]
    [ "$found" -gt $((made * 9 / 10)) ]
}

# --- Options ---

@test "-n takes thousands, millions and 0" {
    assert_eq "$(logingen -n 2k | wc -l)" 2000
    assert_eq "$(logingen -n 0 | wc -c)" 0
}

@test "unknown options, bad values and operands are usage errors" {
    run -64 logingen --no-such-option
    run -64 logingen -n 1 records
    assert_match "$output" '^logingen: records: takes no operands'
    for bad in '' 0 -1 x 1/d 1.5 2G /s 99999999999999999999999999999999999; do
        run -64 logingen -n 1 --rate "$bad"
        assert_match "$output" '^logingen: --rate: '
    done
    for bad in '' soon 1969-12-31 -1 10000-01-01 253402300800 9223372036854775807; do
        run -64 logingen -n 1 --start "$bad"
        assert_match "$output" '^logingen: --start: '
    done
    run -64 logingen -n 1 --users 0
    run -64 logingen -n 1 --users 4294967296
    run -64 logingen --span 1h
    run -64 logingen -n 1 --span 800000w
    run -64 logingen -n 1 --bad 101
}

# --- Output ---

@test "on a full disk logingen exits with 74 and a message" {
    for count in '-n 10' '-n 100k' '--rate 1000'; do
        run -74 bash -c "logingen $count --stats stats >/dev/full"
        assert_eq "$output" 'logingen: stdout: No space left on device'
        assert_ledger_adds_up stats
    done
}

@test "logingen exits silently when its reader exits, as by SIGPIPE" {
    logingen --stats stats 2>err | head -n 1 >out
    assert_eq "${PIPESTATUS[0]}" 141
    assert_eq "$(wc -l <out)" 1
    assert_eq "$(<err)" ''
    assert_ledger_adds_up stats
}

@test "logingen notices that its reader has exited while no record is due" {
    timeout 20 logingen --rate 1 2>err | head -n 1 >out
    assert_eq "${PIPESTATUS[0]}" 141
    assert_eq "$(<err)" ''
}

@test "a closed stdout is an error once there is output" {
    run -74 bash -c 'logingen -n 1 >&-'
    assert_match "$output" '^logingen: stdout: '
    run -0 bash -c 'logingen -n 0 >&-'
}

@test "logingen does not read stdin" {
    logingen -n 1 >want
    logingen -n 1 <&- | cmp - want
    logingen -n 1 </ | cmp - want
    echo x | logingen -n 1 | cmp - want
}

# --- Signals and the ledger ---

@test "a first SIGTERM or SIGINT stops logingen after a whole line" {
    for signal in TERM INT; do
        for rate in 500 50k; do
            start logingen --rate "$rate" --stats "stats.$signal" >out
            pid=$!
            wait_until 10 has_lines 100 out
            kill -"$signal" "$pid"
            await "$pid"
            assert_eq "$status" 0
            jq -e . out >/dev/null
            assert_eq "$(tail -c 1 out | od -An -c | tr -d ' ')" '\n'
            assert_ledger_adds_up "stats.$signal"
            assert_eq "$(ledger "stats.$signal" .out)" "$(wc -l <out)"
        done
    done
}

@test "a second signal ends logingen immediately, even if its reader has stopped" {
    mkfifo pipe
    exec {reader}<>pipe
    start logingen >pipe {reader}>&-
    pid=$!
    wait_until 10 has_caught_signals "$pid"
    # The pipe is full, so logingen cannot finish by itself.
    wait_until 10 grep -q '^State:.S' "/proc/$pid/status"
    kill -TERM "$pid"
    wait_until 10 has_let_go_of_signals "$pid"
    kill -TERM "$pid"
    await "$pid"
    assert_eq "$status" 143
    exec {reader}>&-
}

@test "SIGUSR1 writes the ledger, and logingen continues" {
    start logingen --rate 100 --stats stats >out
    pid=$!
    wait_until 10 has_lines 1 out
    kill -USR1 "$pid"
    wait_until 10 has_lines 1 stats
    [ "$(ledger stats .made)" -ge 1 ]
    before=$(wc -l <out)
    wait_until 10 has_lines $((before + 5)) out
    kill -TERM "$pid"
    await "$pid"
    assert_eq "$(wc -l <stats)" 2
}

@test "the ledger counts the records that were made" {
    logingen -n 1000 --bad 5 --stats stats >out
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.tool,.in,.made,.out,.rejected,.bytes_out]')" \
        "[\"logingen\",0,1000,1000,0,$(wc -c <out)]"
    run -73 logingen -n 1 --stats /no/such/file
}

# --- Resources ---

@test "memory does not grow with the number of records" {
    skip_with_sanitizers
    limit_memory 60
    logingen -n 3M --bad 5 --late 5 | tail -n 1 >out
    assert_eq "$(wc -l <out)" 1
}
