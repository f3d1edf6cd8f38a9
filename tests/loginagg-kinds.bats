#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg: the kinds of insight and their options.

# shellcheck disable=SC2016,SC1003 # the dollar signs are jq's, the backslashes those of the names

load helpers
load loginagg

# --- Windows of so many records ---

@test "a field may be inside an object" {
    printf '%s\n' '{"meta":{"at":1},"geo":{"country":"DE"},"user":{"id":7}}' \
        '{"meta":{"at":2},"geo":{"country":"DE"},"user":{"id":"8"}}' \
        '{"meta":{"at":3},"geo":{"city":"Bonn"},"user":{"id":7}}' \
        '{"meta":{"at":4},"geo":"none","user":{"id":7}}' \
        '{"meta":{"at":5},"geo.country":"FR","geo":{"country":"DE"},"user":{"id":7,"id":9}}' |
        loginagg --every 0 --time-field meta.at --count geo.country --distinct user.id/geo.country \
            --duplicates user.id,geo.country >out
    assert_eq "$(jq -c 'select(.insight == "count").counts' out)" '{"DE":2,"unknown":2,"FR":1}'
    assert_eq "$(jq -c 'select(.insight == "distinct").top[0]' out)" \
        '{"geo.country":"DE","user.ids":2,"logins":2}'
    assert_eq "$(jq -c 'select(.insight == "duplicates").top' out)" \
        '[{"user.id":"7","geo.country":"unknown","count":2}]'
    loginagg --time-field meta.when --rejects rejects <<<'{"meta":{}}'
    assert_match "$(<rejects)" '"reject":"missing_field","field":"meta.when"'
}

# --- Kinds of insight ---

# kinds_of [FILE]: kind and subject of each insight, in order.
kinds_of() {
    jq -r '[.insight, .field, .per, (.fields // [] | join(","))] | map(select(. != null and . != ""))
        | join(" ")' "$@"
}

@test "the default insights are those of the manual, in its order" {
    at 1 | loginagg --every 0 >out
    printf '%s\n' logins 'count device_type' 'count app_version' 'count locale' \
        'distinct ip user_id' 'duplicates user_id,device_id' 'duplicates user_id,ip' \
        'duplicates app_version,locale' 'duplicates app_version,device_type' >want
    kinds_of out | diff want -
}

@test "an option for one kind replaces the defaults of that kind" {
    at 1 >records
    loginagg --every 0 --count b --count a <records | kinds_of >got
    assert_eq "$(grep -c count got) $(grep count got | paste -sd ,)" '2 count b,count a'
    assert_eq "$(grep -c -e distinct -e duplicates got)" 5
    loginagg --every 0 --distinct a/b --duplicates a --duplicates a,b,c <records | kinds_of >got
    assert_eq "$(grep -e distinct -e duplicates got | paste -sd ';')" \
        'distinct a b;duplicates a;duplicates a,b,c'
}

@test "count lists values by count, then by bytes, and sums the rest as other" {
    printf '{"timestamp":1,"v":"%s"}\n' b a c a b z é ab >records
    loginagg --every 0 --count v --values 4 <records | jq -c 'select(.insight == "count")
        | [.values, .counts, .other]' >got
    assert_eq "$(<got)" '[6,{"a":2,"b":2,"ab":1,"c":1},2]'
    loginagg --every 0 --count v <records | jq -c 'select(.insight == "count") | has("other")' >got
    assert_eq "$(<got)" false
}

@test "a value named other is distinct from the rest" {
    printf '{"timestamp":1,"v":"%s"}\n' other other a b >records
    loginagg --every 0 --count v --values 1 <records |
        jq -c 'select(.insight == "count") | [.counts, .other]' >got
    assert_eq "$(<got)" '[{"other":2},2]'
}

@test "change compares with the previous window, and is absent if that was empty" {
    printf '{"timestamp":%s,"v":"%s"}\n' 1 a 2 a 3 b 11 a 12 c 21 c 41 a >records
    loginagg -w 10s --every 0 --count v <records |
        jq -c 'select(.insight == "count") | .change' | paste -sd ' ' >got
    assert_eq "$(<got)" 'null {"a":-1,"c":1,"b":-1} {"c":0,"a":-1} null'
}

@test "change in rolling insights compares with the closed window before" {
    printf '{"timestamp":%s,"v":"%s"}\n' 1 a 2 a 3 b 14 b >records
    loginagg -w 10s --every 1n --lateness 0 --count v <records |
        jq -c 'select(.insight == "count" and .window.start[17:19] == "10") | .change' | uniq >got
    assert_eq "$(<got)" '{"b":0,"a":-2}'
}

@test "distinct counts the values of one field for each value of another" {
    printf '{"timestamp":1,"u":"%s","i":"%s"}\n' a 1 a 2 a 2 b 1 c 1 >records
    loginagg --every 0 --distinct i/u --top 2 <records | jq -c 'select(.insight == "distinct")
        | [.key, .groups, .pairs, .max, .mean, .top]' >got
    assert_eq "$(<got)" \
        '["1h/1970-01-01T00:00:00Z/distinct/i/u",3,4,2,1.33,[{"u":"a","is":2,"logins":3},{"u":"b","is":1,"logins":1}]]'
}

@test "duplicates lists the combinations that occur more than once" {
    printf '{"timestamp":1,"a":"%s","b":"%s"}\n' x 1 x 1 y 1 y 2 x 2 y 2 y 2 >records
    loginagg --every 0 --duplicates b,a --duplicates a <records |
        jq -c 'select(.insight == "duplicates") | [.groups, .records, .top]' >got
    printf '%s\n' '[2,5,[{"b":"2","a":"y","count":3},{"b":"1","a":"x","count":2}]]' \
        '[2,7,[{"a":"y","count":4},{"a":"x","count":3}]]' | diff - got
}

@test "combinations stay distinct even if their texts would run together" {
    printf '{"timestamp":1,"a":"%s","b":"%s"}\n' x yz xy z '' xyz 'x,' y x ',y' >records
    loginagg --every 0 --duplicates a,b <records |
        jq -c 'select(.insight == "duplicates") | [.groups, .top]' >got
    assert_eq "$(<got)" '[0,[]]'
}

@test "a field name may be any text, and the output is still JSON" {
    printf '{"timestamp":1,"a\\"b\\\\":"v","é/x y":"w"}\n' >records
    loginagg --every 0 --count 'a"b\' --duplicates 'é/x y,a"b\' --distinct 'é/timestamp' \
        <records >out
    assert_eq "$(jq -r 'select(.insight == "count") | [.key, .field] | join(" ")' out)" \
        '1h/1970-01-01T00:00:00Z/count/a"b\ a"b\'
    assert_eq "$(jq -c 'select(.insight == "duplicates").fields' out)" '["é/x y","a\"b\\"]'
    assert_eq "$(wc -l <out)" "$(jq -c .key out | sort -u | wc -l)"
}

@test "every insight of a run has a key of its own" {
    logingen -n 500 >records
    loginagg --every 0 -w 10m -w 30m/10m -w all <records >out
    assert_eq "$(jq -r .key out | sort | uniq -d)" ''
}
