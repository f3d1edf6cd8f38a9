#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg --each: a line for each group. Also: no line is too long for a message, and fields that no
# record has.

load helpers
load loginagg

# groups KIND [FILE]: the lines of groups of a kind of insight.
groups() {
    jq -c "select(.insight == \"$1\" and (has(\"groups\") | not))" "${@:2}"
}

# expected KIND: what jq finds in records, as [key, the group's values, the numbers and the values].
expected() {
    if [ "$1" = distinct ]; then
        jq -sc 'group_by(.user_id) | map({
                user_id: .[0].user_id, logins: length, ips: (map(.ip) | unique | length),
                values: (group_by(.ip) | sort_by([-length, .[0].ip]) | map(.[0].ip))})
            | sort_by([-.ips, .user_id])[] | [.user_id, .ips, .logins, .values]' "${@:2}"
    else
        jq -sc 'group_by([.user_id, .ip]) | map(select(length > 1))
            | sort_by([-length, .[0].user_id, .[0].ip])[] | [.[0].user_id, .[0].ip, length]' "${@:2}"
    fi
}

each=(--each --distinct ip/user_id --duplicates "user_id,ip")

@test "--each lists every group with its values, as jq finds them" {
    logingen -n 5000 --users 400 >records
    loginagg -w all --every 0 "${each[@]}" <records >out
    groups distinct out | jq -c '[.user_id, .ips, .logins, .values]' | diff <(expected distinct records) -
    groups duplicates out | jq -c '[.user_id, .ip, .count]' | diff <(expected duplicates records) -
    # A line says what the line of its insight says too.
    assert_eq "$(jq -c 'select(.user_id) | [.window, .final, .field, .per, .fields]' out | sort -u)" \
        "$(jq -c 'select(.insight == ("distinct", "duplicates") and .groups) | [.window, .final, .field, .per, .fields]' out | sort -u)"
    # The insights have their numbers, but no list.
    loginagg -w all --every 0 --distinct ip/user_id --duplicates user_id,ip <records | jq -c 'del(.top)' |
        diff - <(jq -c 'select(.user_id | not)' out)
    assert_eq "$(groups distinct out | wc -l)" "$(jq 'select(.insight == "distinct" and .groups).groups' out)"
}

@test "each group has a key of its own" {
    for user in 'a/b' 'a%2Fb' 'a' '7' 'unknown' "é\"\\" ''; do
        for ip in 'b' 'b/c' '%' ','; do
            jq -cn --arg u "$user" --arg ip "$ip" '{timestamp: 1, user_id: $u, ip: $ip} | ., .'
        done
    done >records
    printf '%s\n' '{"timestamp":1,"user_id":7,"ip":"b"}' '{"timestamp":1,"user_id":null,"ip":"b"}' >>records
    jq -cn '{timestamp: 1, user_id: ("x" * 100000), ip: "b"} | ., ., (.user_id += "y" | ., .)' >>records
    loginagg -w all --every 0 "${each[@]}" <records >out
    assert_eq "$(jq -r .key out | sort | uniq -d)" ''
    assert_eq "$(groups distinct out | wc -l)" 9
    assert_eq "$(groups duplicates out | wc -l)" 30
    # The parts are percent-encoded, so they can be had back from the key.
    groups duplicates out | jq -r 'select(.user_id | length < 100) |
        ([.user_id, .ip] | map(gsub("%"; "%25") | gsub("/"; "%2F")) | join("/")) as $parts
        | select(.key != "all/duplicates/user_id,ip/" + $parts)' | diff /dev/null -
    # Numbers count by their text, null as unknown, and long values keep their differences.
    assert_eq "$(groups distinct out | jq -c 'select(.user_id == ("7", "unknown")).logins' | paste -sd ' ')" '9 9'
    assert_eq "$(groups distinct out | jq -c 'select(.user_id | startswith("xxx")) | .user_id | length' | paste -sd ' ')" \
        '1017 1017'
    [ "$(wc -L <out)" -lt 5000 ]
}

@test "field names with slashes cannot make two keys equal" {
    printf '{"timestamp":1,"a":"1","b":"%s","b/c":"%s"}\n' c x c y >records
    loginagg -w all --every 0 --each --distinct a/b --distinct a/b/c --duplicates b/c,a --duplicates a <records >out
    assert_eq "$(jq -r .key out | sort | uniq -d)" ''
    assert_eq "$(jq -r 'select(.insight == "distinct").key' out | paste -sd ' ')" \
        'all/distinct/a/b all/distinct/a/b/c all/distinct/a/b%2Fc all/distinct/a/b%2Fc/x all/distinct/a/b%2Fc/y'
}

@test "while a window fills, only the groups that have changed are written again" {
    record() {
        printf '{"timestamp":%d,"user_id":"%s","ip":"%s"}\n' "$@"
    }
    { record 1 ann 1 && record 2 ann 1 && record 3 bob 1 && record 4 cat 2 && record 5 cat 2 && record 6 ann 3; } |
        loginagg -w 1h --every 3n "${each[@]}" >out
    assert_eq "$(groups distinct out | jq -c '[.user_id, .logins, .final]' | paste -sd ' ')" \
        '["ann",2,false] ["bob",1,false] ["ann",3,false] ["cat",2,false] ["ann",3,true] ["bob",1,true] ["cat",2,true]'
    assert_eq "$(groups duplicates out | jq -c '[.user_id, .count, .final]' | paste -sd ' ')" \
        '["ann",2,false] ["cat",2,false] ["ann",2,true] ["cat",2,true]'
    # The newest line of each key is the final one.
    record 1 ann 1 | loginagg --every 1n "${each[@]}" | jq -sc 'group_by(.key) | map(last.final) | all' >got
    assert_eq "$(<got)" true
}

@test "with --each, partials and a restart give the same final lines" {
    logingen -n 6000 --users 500 --span 2h >records
    options=(-w 1h -w 1h/30m "${each[@]}")
    loginagg "${options[@]}" --every 0 --lateness 1d <records >want
    loginagg "${options[@]}" --every 500n --lateness 1d <records | jq -c 'select(.final)' |
        diff <(jq -c . want) -
    for part in 0 1 2; do
        awk -v part="$part" 'NR % 3 == part' records | loginagg --partial "${options[@]}" --every 700n
    done | loginagg --merge "${options[@]}" --every 0 --lateness 1d | cmp - want
    head -n 2500 records | loginagg "${options[@]}" --state state --every 400n --lateness 1d >first
    tail -n +2501 records | loginagg "${options[@]}" --state state --final --every 400n --lateness 1d >second
    jq -c 'select(.final)' first second | diff <(jq -c . want) -
    # What --each writes is part of what a state is for.
    run -78 loginagg -w 1h -w 1h/30m --distinct ip/user_id --duplicates user_id,ip --state state <records
}

@test "beyond --max-keys, --each lists the highest groups and says that they are estimates" {
    { logingen -n 20000 --users 5000 && for i in {1..3000}; do
        echo "{\"timestamp\":1694476801,\"user_id\":\"heavy\",\"ip\":\"10.0.$((i / 250)).$((i % 250))\"}"
        echo '{"timestamp":1694476801,"user_id":"same","ip":"10.0.0.1"}'
    done; } >records
    loginagg -w all --every 0 "${each[@]}" --max-keys 500 --top 3 <records >out
    assert_eq "$(groups distinct out | jq -c '[.approx, has("values")]' | uniq -c | sed 's/^ *//')" '3 [true,false]'
    assert_eq "$(groups distinct out | jq -r .user_id | head -n 1)" heavy
    assert_eq "$(groups duplicates out | jq -c '[.user_id, .ip, .approx, has("error")]' | head -n 1)" \
        '["same","10.0.0.1",true,true]'
    # The others are exact.
    logingen -n 5000 --users 5000 | loginagg -w all --every 0 --each --max-keys 3000 --distinct device_type/locale >out
    assert_eq "$(groups distinct out | jq -c '[.approx, (.values | length) == .device_types]' | sort -u)" '[null,true]'
}

@test "--each refuses fields whose names its lines use" {
    for wrong in '--distinct ip/final' '--distinct ip/key' '--distinct value/ip' '--duplicates ip,window' \
        '--duplicates approx' '--duplicates error,ip'; do
        # shellcheck disable=SC2086 # an option and its argument
        run -64 --separate-stderr loginagg --each $wrong </dev/null
        assert_match "$stderr" 'would give two members the same name'
        # shellcheck disable=SC2086
        run -0 loginagg $wrong </dev/null
    done
}

# --- The length of lines ---

@test "no list makes a line longer than 500 KB, and a line says that it is cut" {
    awk 'BEGIN { for (i = 0; i < 40000; i++)
        for (j = 0; j < 2; j++)
            printf "{\"timestamp\":%d,\"user_id\":\"user-%d\",\"ip\":\"2001:db8::%d\"}\n", j * 3600, i, j }' >records
    loginagg --every 0 --lateness 1d --top 1000000 --values 1000000 --count user_id --distinct user_id/ip \
        --distinct ip/user_id --duplicates user_id --duplicates user_id,ip -w 1h -w all <records >out
    [ "$(wc -L <out)" -le 500000 ]
    assert_eq "$(jq -r 'select(.cut) | .key' out | sort)" "$(sort <<'END'
1h/1970-01-01T00:00:00Z/count/user_id
1h/1970-01-01T00:00:00Z/distinct/ip/user_id
1h/1970-01-01T01:00:00Z/count/user_id
1h/1970-01-01T01:00:00Z/distinct/ip/user_id
all/count/user_id
all/distinct/ip/user_id
all/duplicates/user_id
END
    )"
    # What is left out of counts is still in other, and what is listed is right.
    assert_eq "$(jq -c 'select(.insight == "count") | [.values, ((.counts | add) + .other)]' out | sort -u |
        paste -sd ' ')" '[40000,40000] [40000,80000]'
    assert_eq "$(jq -c 'select(.key == "all/duplicates/user_id").top | [length > 9000, (map(.count) | unique)]' out)" \
        '[true,[2]]'
    assert_eq "$(jq -c 'select(.change and .cut).change | [length > 9000, (map(.) | unique)]' out)" '[true,[0]]'
    # One group with too many values.
    loginagg --every 0 -w all --each --distinct user_id/ip <records >out
    [ "$(wc -L <out)" -le 500000 ]
    assert_eq "$(groups distinct out | jq -c '[.user_ids, .cut, (.values | length > 9000)]' | sort -u)" '[40000,true,true]'
}

@test "without long lists, no line is cut" {
    logingen -n 3000 | loginagg --every 0 --each >out
    assert_eq "$(jq -c .cut out | sort -u)" null
}

# --- Fields that no record has ---

@test "a field of an option that no record has is warned about once" {
    at 1 2 3 >records
    run -0 --separate-stderr loginagg --every 0 --count devicetype --distinct ip/user_id --duplicates user_id,a.b <records
    assert_eq "$stderr" 'loginagg: --count devicetype: none of 3 records has the field devicetype
loginagg: --distinct ip/user_id: none of 3 records has the field ip
loginagg: --duplicates user_id,a.b: none of 3 records has the field a.b'
    # Not about defaults, fields that some record has, or no records at all.
    run -0 --separate-stderr loginagg --every 0 <records
    assert_eq "$stderr" ''
    run -0 --separate-stderr loginagg --every 0 --count user_id --count a.b < <(cat records && echo '{"timestamp":4,"a":{"b":"unknown"}}')
    assert_eq "$stderr" ''
    run -0 --separate-stderr loginagg --count devicetype </dev/null
    assert_eq "$stderr" ''
    run -0 --separate-stderr loginagg --partial --count devicetype <records
    assert_match "$stderr" 'none of 3 records has the field devicetype'
    loginagg --partial --count devicetype <records >parts 2>/dev/null
    run -0 --separate-stderr loginagg --merge --count devicetype <parts
    [[ $stderr != *devicetype* ]]
}

@test "a field that none of the first 1,000 records has is warned about while the input is open" {
    start_fed loginagg --every 0 --count devicetype
    logingen -n 1000 | write_to_feed
    wait_until 10 grep -q '^loginagg: --count devicetype: none of 1000 records has the field devicetype$' err
    logingen -n 1000 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$(grep -c devicetype err)" 1
}
