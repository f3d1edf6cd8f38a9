#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The same records give the same bytes: in any order within the lateness, split in any way, at any
# speed, and with any seed of the hashes.
#
# bats file_tags=long

load helpers

# All kinds of windows except those by number, which depend on the order of records.
WINDOWS=(10m 1h 1h/15m 25m/10m 50s all)

# insights DIR [OPTION]... <records: writes the final insights of each of these windows to a file, and
# those of a run with all windows to another one.
insights() {
    local dir=$1 window together=()

    mkdir -p "$dir"
    cat >"$dir/records"
    for window in "${WINDOWS[@]}"; do
        loginagg --every 0 --top 20 --values 7 -w "$window" --rejects "$dir/rejects" "${@:2}" \
            <"$dir/records" >"$dir/${window/\//-}"
        together+=(-w "$window")
    done
    loginagg --every 0 --top 20 --values 7 "${together[@]}" --rejects "$dir/rejects" "${@:2}" \
        <"$dir/records" >"$dir/together"
}

# assert_same DIR DIR: their insights are the same, and no record was late.
assert_same() {
    [ -s "$1/together" ]
    assert_eq "$(cat "$1/rejects" "$2/rejects")" ''
    diff -q --exclude=records "$1" "$2"
}

# shuffled SEED SECONDS <records: delays each record by a random time of at most SECONDS.
shuffled() {
    jq -rR '"\(fromjson.timestamp | tonumber)\t\(.)"' |
        awk -v seed="$1" -v most="$2" 'BEGIN { srand(seed) }
            { sub(/^[0-9]*/, sprintf("%.6f", $1 + rand() * most)); print }' |
        LC_ALL=C sort -n | cut -f 2-
}

@test "records shuffled within the lateness give the same final insights" {
    logingen -n 20000 --users 2000 --span 3h >sorted
    insights want <sorted
    for seed in 1 2 3; do
        shuffled "$seed" 300 <sorted | insights "got$seed" --lateness 5m
        run ! cmp -s sorted "got$seed/records"
        assert_same want "got$seed"
    done
    # A smaller lateness would not have been enough.
    insights less --lateness 4m -q <got1/records
    run ! cmp -s less/10m want/10m
    [ -s less/rejects ]
}

@test "a few records shuffled within the lateness give the same final insights" {
    # With few records, one may close many windows.
    for seed in {1..10}; do
        logingen -n 60 --seed "$seed" --users 10 --span 5h >sorted
        insights "want$seed" <sorted
        shuffled "$seed" 3600 <sorted | insights "got$seed" --lateness 1h
        run ! cmp -s sorted "got$seed/records"
        assert_same "want$seed" "got$seed"
    done
}

@test "the lateness does not change final insights if no record is late" {
    logingen -n 20000 --users 2000 --span 3h >records
    insights want --lateness 0 <records
    for lateness in 1s 10m 2h 366d; do
        insights $lateness --lateness $lateness <records
        assert_same want $lateness
    done
}

@test "records spread over partitions give the same final insights" {
    logingen -n 20000 --users 2000 --span 3h >records
    insights want <records
    start kcat-broker -t "$topic:4" >address
    wait_until 10 test -s address
    BOOTSTRAP_SERVERS=$(<address)
    export BOOTSTRAP_SERVERS
    produce "$topic" --key user_id <records
    for partition in 0 1 2 3; do
        read_topic "$topic" -p $partition >"part$partition"
        [ "$(wc -l <"part$partition")" -gt 1000 ]
    done
    read_topic "$topic" >back
    run ! cmp -s records back
    insights got --lateness 1d <back
    assert_same want got
    # One partition after the other.
    cat part3 part1 part0 part2 | insights apart --lateness 1d
    assert_same want apart
}

# byte_by_byte <lines: one write for each byte.
byte_by_byte() {
    # shellcheck disable=SC2016 # the dollars are perl's
    perl -e '$| = 1; print $byte while read(STDIN, $byte, 1)'
}

@test "records that arrive byte by byte give the same insights" {
    logingen -n 300 --users 20 --bad 5 >events
    for every in 0 7n; do
        options=(-w 10m -w 1h/15m -w all -w 50n -w '40n,30s' --every "$every" --lateness 1m --rejects -)
        loginclean --rejects - <events | loginagg "${options[@]}" >want
        byte_by_byte <events | loginclean --rejects - | byte_by_byte |
            loginagg "${options[@]}" | cmp - want
        # A read from a pipe may still return many bytes; with these faults it never does.
        loginclean --rejects - <events >clean
        with_faults short-read,short-write loginagg "${options[@]}" <clean | cmp - want
    done
}

@test "every run gives the same insights, whatever the seed of its hashes" {
    logingen -n 50000 --users 5000 --span 3h >records
    options=(-w 10m -w 1h/15m -w all -w 500n --every 10000n --top 100 --values 10)
    loginagg "${options[@]}" <records >want
    # The same with more keys than --max-keys allows.
    loginagg "${options[@]}" --max-keys 1000 <records >rough
    grep -q '"approx":true' rough
    run ! cmp -s rough want
    for _ in 1 2 3 4; do
        loginagg "${options[@]}" <records | cmp - want
        loginagg "${options[@]}" --max-keys 1000 <records | cmp - rough
    done
}

@test "slow and fast input give the same rolling insights by number" {
    logingen -n 3000 --users 300 --span 1h >records
    options=(-w 10m -w 1h/15m -w all -w 500n --every 100n --lateness 1m)
    loginagg "${options[@]}" <records >want
    [ "$(grep -c '"final":false' want)" -gt 1000 ]
    # In bursts that end within lines, with pauses between them.
    for size in 997 9973; do
        {
            for offset in {0..29}; do
                tail -c +$((offset * size + 1)) records | head -c $size
                sleep 0.02
            done
            tail -c +$((30 * size + 1)) records
        } | loginagg "${options[@]}" | cmp - want
    done
    # At a steady pace.
    logingen -n 3000 --users 300 --span 1h --rate 3000 | loginagg "${options[@]}" | cmp - want
}
