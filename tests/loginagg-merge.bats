#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg --partial and --merge: one process adds up the counts of several, and gets the insights of a
# single process.

load helpers
load loginagg

windows=(-w 1h -w all -w 1h/20m -w 10s)
# Longer than the span of the records, so that no record is late.
final=(--every 0 --lateness 1d)

# partials PARTS [OPTION]...: the partials of that many processes, which share the file records.
partials() {
    local i
    for ((i = 0; i < $1; i++)); do
        awk -v n="$1" -v i="$i" 'NR % n == i' records | loginagg --partial "${@:2}"
    done
}

@test "merged partials give the insights of one process, byte for byte" {
    logingen -n 20000 --users 3000 --missing 5 --span 2h >records
    loginagg "${windows[@]}" "${final[@]}" <records >want
    for every in 0 700n; do
        partials 4 "${windows[@]}" --every "$every" >parts
        [ "$(wc -l <parts)" -gt 12 ]
        loginagg --merge "${windows[@]}" "${final[@]}" <parts | cmp - want
        shuf --random-source=<(yes) parts | loginagg --merge "${windows[@]}" "${final[@]}" |
            cmp - want
    done
}

@test "a partial carries values of all types unchanged" {
    logingen -n 0 >records
    for value in '"\"\\"' '"\u0000\u001f"' '"é\ud83d\ude00"' '""' 1.5 true null '[1]' '{}' '"a,b"'; do
        for n in 1 2; do
            record_with ".user_id = $value | .timestamp = 1694479551 + $n"
            record_with ".ip = $value | .locale = $value | .timestamp = 1694479551"
        done
    done >>records
    loginagg "${final[@]}" --count user_id <records >want
    partials 3 --count user_id --every 5n | loginagg --merge "${final[@]}" --count user_id |
        cmp - want
}

@test "the order of the options does not matter" {
    logingen -n 2000 --users 100 >records
    loginagg "${final[@]}" --count ip --distinct ip/user_id --distinct user_id/ip \
        --duplicates user_id,ip,locale <records >want
    partials 2 --duplicates locale,ip,user_id --distinct user_id/ip --distinct ip/user_id --count ip |
        loginagg --merge "${final[@]}" --count ip --distinct ip/user_id --distinct user_id/ip \
            --duplicates user_id,ip,locale | cmp - want
}

# assert_within PERCENT JQ-EXPRESSION: its values in out and want differ by at most PERCENT.
assert_within() {
    jq -ne --argjson got "$(jq "$2" out)" --argjson want "$(jq "$2" want)" \
        '($got / $want - 1 | fabs) * 100 <= $ARGS.positional[0]' --jsonargs "$1" >/dev/null || {
        echo "$2: $(jq "$2" out) instead of $(jq "$2" want)" >&2
        return 1
    }
}

@test "merged sketches are within 2 percent for distinct values, and exact for counts of records" {
    logingen -n 100000 --users 30000 >records
    loginagg -w all "${final[@]}" <records >want
    partials 3 -w all --every 0 --max-keys 2000 >parts
    jq -e '.tables | map(select(.registers)) | length > 0' parts >/dev/null
    loginagg --merge -w all "${final[@]}" <parts >out
    for of in users ips devices; do
        assert_within 2 "select(.insight == \"logins\").$of"
    done
    assert_within 2 'select(.insight == "distinct").groups'
    assert_within 2 'select(.insight == "distinct").pairs'
    for same in 'select(.insight == "logins") | [.logins, .first, .last]' 'select(.insight == "count")' \
        'select(.insight == "duplicates" and .fields[0] == "app_version")'; do
        diff <(jq -c "$same" want) <(jq -c "$same" out)
    done
    # The three pairs with the most logins are found, and within the error that is reported.
    top='select(.key == "all/duplicates/user_id,device_id")'
    assert_eq "$(jq -c "$top | .top[:3] | map(.user_id)" out)" \
        "$(jq -c "$top | .top[:3] | map(.user_id)" want)"
    jq -ne --argjson got "$(jq "$top" out)" --argjson want "$(jq "$top" want)" \
        'all(range(3); ($got.top[.].count - $want.top[.].count | fabs) <= $got.error)' >/dev/null
}

@test "exact partials and sketches add up in any order" {
    logingen -n 30000 --users 9000 >records
    loginagg -w all "${final[@]}" <records >want
    awk 'NR % 2' records | loginagg --partial -w all >exact
    awk 'NR % 2 == 0' records | loginagg --partial -w all --max-keys 1000 >sketches
    for order in 'exact sketches' 'sketches exact'; do
        # shellcheck disable=SC2086 # two files
        cat $order | loginagg --merge -w all "${final[@]}" >out
        assert_within 2 'select(.insight == "logins").users'
        assert_within 2 'select(.insight == "distinct").pairs'
        assert_eq "$(jq 'select(.insight == "logins").logins' out)" 30000
    done
}

@test "a merge with too many keys creates sketches" {
    logingen -n 30000 --users 9000 >records
    loginagg -w all "${final[@]}" <records >want
    partials 2 -w all >parts
    loginagg --merge -w all "${final[@]}" --max-keys 1500 <parts >out
    assert_eq "$(jq 'select(.insight == "distinct").approx' out)" true
    assert_within 2 'select(.insight == "distinct").pairs'
    assert_within 2 'select(.insight == "logins").users'
}

@test "a large partial is split into lines that a broker accepts" {
    logingen -n 60000 --users 50000 >records
    loginagg -w all "${final[@]}" <records >want
    for keys in 5M 20000; do
        partials 1 -w all --max-keys "$keys" >parts
        [ "$(wc -l <parts)" -gt 3 ]
        assert_eq "$(awk 'length > 700000' parts | wc -l)" 0
        assert_eq "$(jq -s "map(.records) | add" parts)" 60000
        # Each line is independent, so the order does not matter.
        tac parts | loginagg --merge -w all "${final[@]}" >out
        if [ "$keys" = 5M ]; then cmp out want; fi
        assert_within 2 'select(.insight == "distinct").pairs'
    done
}

@test "a partial is emptied after it is written" {
    skip_with_sanitizers
    limit_memory 150
    awk 'BEGIN { for (i = 0; i < 600000; i++)
        printf "{\"timestamp\":%d,\"user_id\":\"user-%d\",\"ip\":\"ip-%d\"}\n", i / 1000, i, i }' |
        loginagg --partial -w all --every 1000n | jq -n 'reduce inputs.records as $n (0; . + $n)' >out
    assert_eq "$(<out)" 600000
}

@test "partials are written as often as --every says, and never without records" {
    start_fed loginagg --partial --every 100ms
    record_with '.' | write_to_feed
    wait_until 10 has_lines 1 out
    sleep 0.5
    record_with '.' | write_to_feed
    wait_until 10 has_lines 2 out
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(jq -c '[.partial, .records]' out | paste -sd ' ')" \
        '["1h/2023-09-12T00:00:00Z",1] ["1h/2023-09-12T00:00:00Z",1]'
}

@test "no record is late for --partial, and --merge rejects late partials" {
    printf '{"timestamp":%d}\n' 100000 5 200000 >records
    loginagg --partial -w 10s --every 1n --stats stats <records >parts
    assert_ledger_adds_up stats
    assert_eq "$(jq -c .records parts | paste -sd ' ')" '1 1 1'
    loginagg --merge -w 10s --every 0 --lateness 1h --rejects rejects --stats stats <parts >out
    assert_eq "$(jq -r 'select(.insight == "logins") | .window.start' out | paste -sd ' ')" \
        '1970-01-02T03:46:40Z 1970-01-03T07:33:20Z'
    assert_eq "$(jq -r '.raw | fromjson | .partial' rejects)" 10s/1970-01-01T00:00:00Z
    assert_eq "$(ledger stats '[.in, .late, .aggregated]')" '[3,1,2]'
    assert_ledger_adds_up stats
    assert_eq "$(jq 'select(.insight == "logins").late' out | paste -sd ' ')" '1 0'
}

@test "a malformed partial becomes a reject with the reason" {
    printf '{"timestamp":5,"user_id":"u","ip":"i"}\n' >records
    loginagg --partial -w 10s <records >part
    refused() { # DETAIL [LINE]
        loginagg --merge -w 10s --rejects - <<<"${2:-$(jq -c "$change" part)}" >got
        assert_eq "$(jq -c '[.reject, .detail]' got)" "[\"not_partial\",\"$1\"]"
    }
    refused 'the partial has no window' '{}'
    assert_eq "$(loginagg --merge --rejects - <<<'[]' | jq -r .reject)" not_object
    change='.records = "1"' refused 'the partial has no number of records'
    change='.records = -1' refused 'the partial has no number of records'
    change='.start = 5' refused 'start is not a time'
    change='.start = "1970-01-01T00:00:05Z"' refused 'its window is not one of --window'
    change='.window = "1h"' refused 'its window is not one of --window'
    change='.last = null' refused 'first or last is not a time'
    change='.plan = "0123456789abcdef"' \
        refused 'it was made with other insight options'
    change='.tables = {}' refused 'the partial has no tables'
    change='.tables[0] = 1' refused 'a table is not an object'
    change='.tables[0].fields = "ip"' refused 'a table has no fields'
    change='.tables[0].fields = []' refused 'a table has fields that are not counted together here'
    change='.tables[0].fields = ["colour"]' refused 'a table has a field that is not counted here'
    change='.tables[0].fields = ["ip","ip"]' \
        refused 'a table has fields that are not counted together here'
    change='.tables[0].fields = ["ip","locale"]' \
        refused 'a table has fields that are not counted together here'
    change='.tables[-1].rows = 1' refused 'rows are not an array'
    change='.tables[-1].rows[0] = 1' refused 'a row is not an array'
    change='.tables[-1].rows[0] = ["a"]' refused 'a row is too short'
    change='.tables[-1].rows[0] = ["a","b","c"]' refused 'a row is not texts and a count'
    change='.tables[-1].rows[0] = ["a","b",-1]' refused 'a row is not texts and a count'
    change='.tables[-1].rows[0] = ["a","b",1,2]' refused 'a row is not texts and a count'
    change='.tables[0].level = 64' refused 'the level of a sample is out of range'
    change='.tables[0] += {level: 0, registers: "##"}' \
        refused 'registers are not a text of 16384 characters'
    change='.tables[0] += {level: 0, registers: ("z" * 16384)}' \
        refused 'a register is out of range'
    change='.tables[-1] += {level: 0, sample: [["xyz",1]]}' \
        refused 'a key of a sample is not a hash, groups and a count'
    change='.tables[-1] += {level: 0, sample: [["0123456789abcdef"]]}' \
        refused 'a key of a sample is too short'
}

@test "a refused partial counts for nothing, and the others count" {
    logingen -n 100 >records
    loginagg --partial -w all <records >part
    loginagg -w all "${final[@]}" <records >want
    # Malformed in its last row.
    { jq -c '.tables[-1].rows += [1]' part && cat part; } |
        loginagg --merge -w all "${final[@]}" --rejects rejects | cmp - want
    assert_eq "$(wc -l <rejects)" 1
}

@test "options that conflict with --partial or --merge are refused" {
    for wrong in '--partial --merge' '--merge --tee' '--partial -w 500n' '--merge -w 500n,30s'; do
        # shellcheck disable=SC2086 # several options
        run -64 loginagg $wrong </dev/null
    done
    # A filter of records would remove the lines of covers.
    echo 'select(.user_id)' >filter.jq
    for wrong in '--jq .user_id' '--jq-file filter.jq'; do
        # shellcheck disable=SC2086 # several options
        run -64 loginagg --merge $wrong </dev/null
        [[ $output == *'with --merge the input is partials; filter in loginclean'* ]]
    done
}

@test "with --merge, --every counts partials" {
    logingen -n 1000 --users 10 >records
    loginagg --partial -w all --every 250n <records | loginagg --merge -w all --every 2n >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out | paste -sd ' ')" \
        '[500,false] [1000,false] [1000,true]'
}

# split_partial: writes the lines of one partial to parts, at least three.
split_partial() {
    logingen -n 60000 --users 50000 >records
    loginagg --partial -w all --distinct user_id/ip <records >parts
    [ "$(wc -l <parts)" -gt 3 ]
}

# merge [OPTION]...: with the options of split_partial.
merge() {
    loginagg --merge -w all --distinct user_id/ip "$@"
}

@test "the lines of a partial say which partial they belong to, and how many there are" {
    split_partial
    assert_eq "$(jq -c .id parts | sort -u | wc -l)" 1
    assert_eq "$(jq .part parts | paste -sd ' ')" "$(seq -s ' ' "$(wc -l <parts)")"
    assert_eq "$(jq -c .parts parts | sed '$d' | sort -u)" null
    assert_eq "$(jq .parts parts | tail -n 1)" "$(wc -l <parts)"
    # The same records give the same lines.
    loginagg --partial -w all --distinct user_id/ip <records | cmp - parts
}

@test "nothing is written about a partial before its last line has come" {
    split_partial
    loginagg -w all --every 0 --distinct user_id/ip <records >want
    start_fed loginagg --merge -w all --distinct user_id/ip --every 50ms
    sed '$d' parts | write_to_feed
    # Another partial, which is whole, so that a rolling insight is due.
    record_with . | loginagg --partial -w all --distinct user_id/ip | write_to_feed
    wait_until 20 has_lines 9 out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .users]' out)" '[1,1]'
    tail -n 1 parts | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(jq -c 'select(.final and .insight == "logins").logins' out)" 60001
    merge --every 1n <parts | jq -c 'select(.final)' | diff <(jq -c . want) -
}

@test "a partial of which a line is missing counts for nothing, and its lines become rejects" {
    split_partial
    record_with . | loginagg --partial -w all --distinct user_id/ip >other
    merge --every 0 <other >want
    count=$(wc -l <parts)
    for missing in 1 2 "$count"; do
        rm -f rejects stats
        sed "${missing}d" parts | cat - other | merge --every 0 --rejects rejects --stats stats >out
        cmp out want
        assert_eq "$(jq -r '[.reject, .detail] | join(" ")' rejects | uniq -c | sed 's/^ *//')" \
            "$((count - 1)) not_partial other lines of its partial are missing"
        assert_eq "$(jq -r .raw rejects)" "$(sed "${missing}d" parts)"
        assert_eq "$(ledger stats '[.in, .rejected, .aggregated]')" "[$count,$((count - 1)),1]"
        assert_ledger_adds_up stats
    done
    # A line of another partial in its place: one whose rows were changed.
    jq -c 'if .part == 2 then .tables[0].rows |= .[1:] else . end' parts |
        merge --every 0 --rejects rejects.2 | diff /dev/null -
    assert_eq "$(jq -r .detail rejects.2 | uniq -c | sed 's/^ *//')" \
        "$count a row refers to a value that is missing"
}

@test "two partials whose lines are mixed, and one that was begun twice, are counted right" {
    split_partial
    cat parts parts | merge --every 0 >want
    paste -d '\n' parts parts | merge --every 0 | cmp - want
    # The writer died after the first line, and wrote the partial again.
    merge --every 0 <parts >once
    { head -n 1 parts && cat parts; } | merge --every 0 --rejects rejects | cmp - once
    assert_eq "$(jq -r .detail rejects)" 'other lines of its partial are missing'
}

@test "the lines of an incomplete partial are kept in the state" {
    split_partial
    merge --every 0 <parts >want
    count=$(wc -l <parts)
    for ((at = 1; at < count; at++)); do
        rm -rf state
        head -n "$at" parts | merge --every 0 --state state --stats stats.1 >out
        assert_eq "$(<out)" ''
        assert_ledger_adds_up stats.1
        merge --state state --state-dump | tail -n +2 | cmp - <(head -n "$at" parts)
        tail -n +$((at + 1)) parts | merge --every 0 --state state --final --stats stats.2 |
            cmp - want
        assert_ledger_adds_up stats.2
    done
    # The rest never comes.
    rm -rf state stats.2
    head -n 2 parts | merge --every 0 --state state
    merge --every 0 --state state --final --rejects rejects --stats stats.2 </dev/null
    assert_eq "$(jq -r .raw rejects)" "$(head -n 2 parts)"
    assert_eq "$(ledger stats.2 '[.in, .made, .rejected]')" '[0,2,2]'
    assert_ledger_adds_up stats.2
}

@test "a mark between the lines of a partial changes nothing, also across a restart" {
    split_partial
    merge --every 0 <parts >want
    {
        mark hello 0 0
        head -n 1 parts
        mark mark 1 1
        tail -n +2 parts | head -n 1
        mark mark 2 2
    } >begun
    { cat begun && tail -n +3 parts && mark end 3 3; } | merge --every 0 | grep -v '^{"@mark"' | cmp - want
    run -75 merge --every 0 --state state --stats stats <begun
    assert_ledger_adds_up stats
    { mark hello 2 2 && tail -n +3 parts && mark end 3 3; } | merge --every 0 --state state --final |
        grep -v '^{"@mark"' | cmp - want
}

@test "a partial that is incomplete when its window closes is refused then" {
    logingen -n 60000 --users 50000 >records
    loginagg --partial -w 1d <records | sed '$d' >parts
    record_with '.timestamp = 1794479551' | loginagg --partial -w 1d >later
    start_fed loginagg --merge -w 1d --every 0 --rejects rejects
    cat parts later | write_to_feed
    wait_until 20 has_lines "$(wc -l <parts)" rejects
    close_feed
    await "$pid"
    assert_eq "$(jq -c 'select(.insight == "logins").logins' out)" 1
}

@test "a value of any length fits into a partial and is counted as one value" {
    for n in 1 2 3; do
        jq -cn --argjson n "$n" '{timestamp: 1694479551, ip: "1.2.3.4",
            user_id: ("é" * 600000 + if $n == 3 then "x" else "" end)}'
    done >records
    loginagg -w all "${final[@]}" <records >want
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .users]' want)" '[3,2]'
    assert_eq "$(jq -c 'select(.key == "all/duplicates/user_id,ip").top | map(.count)' want)" '[2]'
    [ "$(wc -L <want)" -lt 10000 ]
    partials 2 -w all | tee parts | loginagg --merge -w all "${final[@]}" | cmp - want
    [ "$(wc -L <parts)" -lt 20000 ]
}
