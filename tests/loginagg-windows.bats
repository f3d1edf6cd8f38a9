#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg: windows of time, lateness, and rolling insights.

load helpers
load loginagg

# --- Windows and lateness ---

@test "a window includes its start and excludes its end" {
    at 0 9 10 19 20 | loginagg -w 10s --every 0 >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 2 0,00:00:10 2 0,00:00:20 1 0'
}

@test "windows without records are not written" {
    at 0 100 >records
    loginagg -w 10s --every 0 <records >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:01:40 1 0'
}

@test "a window closes when the newest time is past its end by the lateness" {
    at 0 14 9 15 9 >records
    loginagg -w 10s --every 0 --lateness 5s --rejects late <records >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 2 0,00:00:10 2 1'
    assert_eq "$(jq -c '[.reject, .field, .stage, .line, .raw]' late)" \
        '["late","timestamp","loginagg",5,"{\"timestamp\":9,\"user_id\":\"u5\"}"]'
}

@test "the default lateness is a minute" {
    at 0 69 5 70 5 | loginagg -w 10s --every 0 --rejects late >out
    assert_eq "$(wc -l <late)" 1
    assert_eq "$(jq .line late)" 5
}

@test "no record of a file is late, unless --lateness or --state is given" {
    at 0 100000 5 >records
    loginagg -w 10s --every 0 --rejects late <records >out 2>err
    assert_eq "$(cat late err)" ''
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 2 0,03:46:40 1 0'
    for options in '--lateness 1d' '--state state'; do
        # shellcheck disable=SC2086 # several options
        loginagg -w 10s --every 0 --rejects late $options <records >out
        assert_eq "$(jq .line late)" 3
        rm late
    done
}

@test "a record that is late for only one of its windows counts in the others and is not rejected" {
    at 0 30 5 >records
    loginagg -w 10s -w 1m --every 0 --lateness 0 --rejects late --stats stats <records >out
    assert_eq "$(<late)" ''
    assert_eq "$(jq -r 'select(.insight == "logins") | [.key, .logins, .late] | join(" ")' out |
        paste -sd ,)" \
        '10s/1970-01-01T00:00:00Z/logins 1 0,10s/1970-01-01T00:00:30Z/logins 1 1,1m/1970-01-01T00:00:00Z/logins 3 0'
    assert_ledger_adds_up stats
}

@test "a record that is late for only some of its windows is warned about" {
    for windows in '-w 10s -w all' '-w 20s/10s' '-w 10s -w 1m'; do
        # shellcheck disable=SC2086 # several options
        at 15 25 15 | loginagg $windows --every 0 --lateness 0 --rejects late >out 2>err
        assert_eq "$(grep -c 'line 3: is late' err)" 1
        [ ! -s late ]
    done
}

@test "late records become rejects with their bytes, and the ledger counts them" {
    logingen -n 5000 --late 5 >records
    loginagg -w 5m --every 0 --lateness 1m --rejects late --stats stats <records >out
    assert_ledger_adds_up stats
    [ "$(wc -l <late)" -gt 50 ]
    assert_eq "$(ledger stats '[.in - .aggregated, .by_reason.late]')" \
        "[$(wc -l <late),$(wc -l <late)]"
    assert_eq "$(jq -r .reject late | sort -u)" late
    # The late records and the counted ones add up to all records.
    assert_eq "$(windows_of out | awk '{ n += $2 } END { print n }')" "$(ledger stats .aggregated)"
    assert_eq "$(windows_of out | awk '{ n += $3 } END { print n }')" "$(wc -l <late)"
    jq -r .raw late | grep -cvxFf records >strangers || true
    assert_eq "$(<strangers)" 0
}

@test "loginagg warns about the first late record at once, and sums them up at the end" {
    start_fed loginagg -w 10s --every 0 --rejects late
    at 0 100 5 | write_to_feed
    wait_until 10 test -s err
    first='loginagg: line 3: is late: the windows of its time are closed; a longer --lateness keeps them open'
    assert_eq "$(<err)" "$first"
    at 6 7 | write_to_feed
    close_feed
    await "$pid"
    # Later ones are reported a minute later, or at the end if they are many.
    assert_eq "$(<err)" "$first
loginagg: 3 of 5 records were too late for their windows; a longer --lateness accepts more"
    at 0 100 5 6 | loginagg -q -w 10s --every 0 --rejects late >out 2>err
    assert_eq "$(<err)" ''
    { at $(seq 0 100) && at 5; } | loginagg -w 10s --every 0 --rejects late >out 2>err
    assert_eq "$(sed 's/line 102/line 3/' err)" "$first"
}

@test "with --tee, late records pass with the others but do not count" {
    at 0 100 5 >records
    loginagg --tee -w 10s --every 0 --lateness 1m --rejects late --stats stats <records >out 2>err
    grep -v '^{"insight":' out | cmp records
    assert_eq "$(<late)" ''
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:01:40 1 1'
    assert_ledger_adds_up stats
}

@test "a second run can count late records, and none is lost" {
    logingen -n 2000 --late 10 | loginagg -w 5m --every 0 --rejects late >out
    jq -r .raw late | loginagg -w 5m --every 0 --lateness 1d >second
    assert_eq "$(windows_of out second | awk '{ n += $2 } END { print n }')" 2000
}

@test "a window over everything has no late records" {
    at 1000000 0 500 >records
    loginagg -w all --every 0 --lateness 0 <records >out
    assert_eq "$(windows_of out)" 'all 3 0'
    assert_eq "$(jq -c .window out | sort -u)" \
        '{"start":null,"end":null,"first":"1970-01-01T00:00:00Z","last":"1970-01-12T13:46:40Z"}'
    assert_eq "$(head -n 1 out | jq -r .key)" all/logins
}

@test "windows that close together are ordered by end, then by start, then as the options" {
    at 0 >records
    loginagg --every 0 -w all -w 2n -w 1h/20m -w 60s -w 1m -w 10s <records |
        jq -r 'select(.insight == "logins") | .key | rtrimstr("/logins")' | paste -sd ' ' >got
    assert_eq "$(<got)" "10s/1970-01-01T00:00:00Z 60s/1970-01-01T00:00:00Z 1m/1970-01-01T00:00:00Z \
1h/20m/1969-12-31T23:20:00Z 1h/20m/1969-12-31T23:40:00Z 1h/20m/1970-01-01T00:00:00Z 2n/1 all"
}

@test "the order of final insights does not depend on when windows close" {
    at 1 11 200 >records
    for lateness in 0 1m 1d; do
        loginagg --every 0 -w all -w 1m -w 10s -w 30s/10s --lateness $lateness <records >out
        [ -e want ] || cp out want
        cmp out want
    done
}

@test "each record counts in every hopping window that contains it" {
    at 25 >records
    loginagg --every 0 -w 30s/10s <records >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:00:10 1 0,00:00:20 1 0'
}

# --- The clock ---

@test "a record from the future makes no later record late" {
    now=$(date +%s)
    at $((now - 100)) $((now + 300 * 86400)) $((now - 99)) "$now" |
        loginagg -w 10s --every 0 --rejects late --stats stats >out
    assert_eq "$(ledger stats '[.in, .late, .aggregated]')" '[4,0,4]'
    # It is believed if it is no further ahead than --ahead.
    at $((now - 100)) $((now + 300 * 86400)) $((now - 99)) "$now" |
        loginagg -w 10s --every 0 --ahead 366d --rejects late --stats stats >out
    assert_eq "$(ledger stats '[.in, .late, .aggregated]')" '[4,2,2]'
}

@test "a live input that is quiet finishes its windows" {
    start_fed loginagg -w 10s -w 200n,10s --every 0 --idle 1s --lateness 0
    now=$(date +%s)
    at $((now - 20)) "$((now - 19))" | write_to_feed
    wait_until 20 grep -qs '"key":"10s/.*/logins".*"final":true' out
    # The seconds of a batch end too.
    wait_until 20 grep -q '"key":"200n,10s/1/logins".*"final":true' out
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(jq -s 'map(select(.insight == "logins" and .window.number == 1).logins) | add' out)" 2
}

@test "a pause in a replay of old records makes none of them late" {
    start_fed loginagg -w 10s --every 0 --idle 1s --rejects late
    at 100 101 | write_to_feed
    sleep 3
    at 102 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$(<late)" ''
    assert_eq "$(windows_of out)" '00:01:40 3 0'
}

@test "with --idle 0 the watermark does not follow the clock" {
    start_fed loginagg -w 1s --every 0 --idle 0 --lateness 0
    at "$(date +%s)" | write_to_feed
    sleep 3
    assert_eq "$(<out)" ''
    close_feed
    await "$pid"
}

@test "--time-unit says the unit of times that are numbers" {
    at 1694476800000000 | loginagg --every 0 --time-unit us >out
    assert_eq "$(jq -r 'select(.insight == "logins").window.start' out)" 2023-09-12T00:00:00Z
    at 1694476800000000 | loginagg --every 0 --time-unit ns >out
    assert_eq "$(jq -r 'select(.insight == "logins").window.start' out)" 1970-01-20T14:00:00Z
    run -64 loginagg --time-unit h
}

# --- Determinism ---

@test "the same input gives the same bytes" {
    logingen -n 3000 --late 1 --bad 1 >records
    for n in 1 2; do
        loginagg --every 100n -w 10m -w 1h/30m -w all --rejects "late.$n" <records >"out.$n"
    done
    cmp out.1 out.2
    cmp late.1 late.2
}

@test "records out of order within the lateness give the same final bytes" {
    logingen -n 3000 --span 1h >records
    loginagg -w 10m --every 0 --lateness 3m <records >want
    # Shuffle the records of every two minutes or so.
    split -l 100 records part.
    for part in part.*; do
        shuf --random-source=<(yes) "$part"
    done >shuffled
    run -1 cmp -s records shuffled
    loginagg -w 10m --every 0 --lateness 3m --rejects late <shuffled >got
    assert_eq "$(<late)" ''
    cmp want got
}

@test "rolling insights do not change the final ones" {
    logingen -n 3000 >records
    loginagg -w 10m --every 0 <records >want
    loginagg -w 10m --every 7n <records | grep -F '"final":true' | cmp want -
    loginagg -w 10m --every 1ms <records | grep -F '"final":true' | cmp want -
}

# --- Rolling insights ---

@test "--every 100n writes the insights so far after each hundred records" {
    logingen -n 250 >records
    loginagg --every 100n <records >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out | paste -sd ' ')" \
        '[100,false] [200,false] [250,true]'
    head -n 100 records | loginagg --every 0 | sed 's/"final":true/"final":false/' >want
    head -n "$(wc -l <want)" out | cmp want -
}

@test "--every 100n counts accepted records, not rejected ones" {
    logingen -n 150 | awk '{ print } NR <= 100 { print "no JSON" }' |
        loginagg --every 100n --rejects rejects >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out | paste -sd ' ')" \
        '[100,false] [150,true]'
}

@test "only windows with new records are written again" {
    at 1 2 11 12 13 | loginagg -w 10s --every 2n >out
    assert_eq "$(jq -r 'select(.insight == "logins")
        | [.window.start[17:19], .logins, .final] | join(" ")' out | paste -sd ,)" \
        '00 2 false,10 2 false,00 2 true,10 3 true'
}

@test "--every DURATION writes insights by the clock while the input is open" {
    start_fed loginagg --every 100ms
    at 1 | write_to_feed
    wait_until 10 grep -qs '"final":false.*"logins":1,' out
    at 2 3 | write_to_feed
    wait_until 10 grep -q '"final":false.*"logins":3,' out
    # Without new records no insights are written.
    before=$(wc -l <out)
    sleep 0.4
    assert_eq "$(wc -l <out)" "$before"
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(grep -c '"insight":"logins".*"final":true' out)" 1
}

@test "the insights of a window that closes are written while the input is open" {
    start_fed loginagg -w 10s --every 0 --lateness 0
    at 1 10 | write_to_feed
    wait_until 10 has_lines 9 out
    assert_eq "$(windows_of out)" '00:00:00 1 0'
    close_feed
    await "$pid"
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:00:10 1 0'
}
