#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg: the exactness that --max-keys gives up, and the bounds of memory.

load helpers
load loginagg

# --- Bounds ---

# figures KIND JQ-FILTER: applies the filter to the insights of that kind in the file out.
figures() {
    jq -c "select(.insight == \"$1\") | $2" out
}

@test "insights are exact up to --max-keys and marked approx beyond it" {
    logingen -n 2000 --users 200 >records
    loginagg -w all --every 0 <records >exact
    keys=$(jq 'select(.insight == "distinct").pairs' exact)
    loginagg -w all --every 0 --max-keys $((keys + 1000)) <records | cmp - exact
    loginagg -w all --every 0 --max-keys 100 <records >out
    assert_eq "$(jq -r 'select(.approx) | .key | ltrimstr("all/")' out | paste -sd ' ')" \
        'logins distinct/ip/user_id duplicates/user_id,device_id duplicates/user_id,ip duplicates/app_version,locale'
    # Insights with fewer keys are unchanged.
    diff <(jq -c 'select(.approx | not)' out) \
        <(jq -c 'select(.key | test("count/|device_type$"))' exact)
}

@test "beyond --max-keys, numbers of distinct values are within 2 percent" {
    logingen -n 200000 --users 50000 >records
    loginagg -w all --every 0 <records >exact
    loginagg -w all --every 0 --max-keys 5000 --count ip <records >out
    for of in 'select(.insight == "logins").users' 'select(.insight == "logins").ips' \
        'select(.insight == "logins").devices' 'select(.insight == "distinct").groups' \
        'select(.insight == "distinct").pairs' 'select(.insight == "distinct").mean'; do
        jq -ne --argjson got "$(jq "$of" out)" --argjson want "$(jq "$of" exact)" \
            '$got / $want - 1 | fabs < 0.02' || {
            echo "$of: $(jq "$of" out) instead of $(jq "$of" exact)" >&2
            return 1
        }
    done
    assert_eq "$(figures logins '[.logins,.first,.last]')" \
        "$(jq -c 'select(.insight == "logins") | [.logins,.first,.last]' exact)"
}

@test "beyond --max-keys, the highest counts are found and their error is reported" {
    # Ten addresses occur a hundred times each, and 30,000 occur once or twice.
    awk 'BEGIN { for (i = 0; i < 40000; i++)
        printf "{\"timestamp\":%d,\"ip\":\"%s\",\"user_id\":\"u\"}\n", i / 100,
            i % 40 == 7 ? "heavy-" int(i / 40) % 10 : "light-" i % 30011 }' >records
    loginagg -w all --every 0 --max-keys 2000 --top 10 --values 10 --count ip --duplicates ip \
        --duplicates user_id,ip <records >out
    assert_eq "$(figures duplicates '.top | map(.ip) | sort' | sort -u)" \
        "$(for i in 0 1 2 3 4 5 6 7 8 9; do echo "heavy-$i"; done | jq -Rnc '[inputs]')"
    figures duplicates '[.top[].count], .error' | jq -se '(.[0] | min) >= 100 and
        (.[0] | max) - 100 <= .[1] and .[1] <= 40000 / 2000'
    figures count '[.counts[]], .error' | jq -se '(.[0] | min) >= 100 and (.[0] | max) - 100 <= .[1]'
    # 8,989 light ones and the heavy ones occur more than once.
    figures duplicates '[.groups, .records]' | jq -se 'all((.[0] / 9000 - 1 | fabs) < 0.1 and
        (.[1] / 20000 - 1 | fabs) < 0.1)'
}

@test "beyond --max-keys, the groups with the most values are found" {
    # Three users with 2,000, 1,500 and 1,000 addresses, and 30,000 with one.
    awk 'function login(user, ip) {
            printf "{\"timestamp\":1,\"user_id\":\"%s\",\"ip\":\"%s\"}\n", user, ip }
        BEGIN { for (i = 0; i < 30000; i++) {
            login("u" i, "ip" i)
            if (i < 2000) login("a", "a" i)
            if (i < 1500) login("b", "b" i)
            if (i < 1000) login("c", "c" i) } }' >records
    loginagg -w all --every 0 --max-keys 4000 <records >out
    assert_eq "$(figures distinct '[.top[:3][].user_id]')" '["a","b","c"]'
    figures distinct '.top[:3] | map(.ips)' | jq -e '(.[0] / 2000 - 1 | fabs) < 0.2 and
        (.[1] / 1500 - 1 | fabs) < 0.2 and (.[2] / 1000 - 1 | fabs) < 0.2'
    assert_eq "$(figures distinct '.max == .top[0].ips')" true
}

@test "beyond --max-keys, the same input still gives the same bytes" {
    logingen -n 50000 --users 20000 --missing 10 >records
    loginagg -w all -w 10m --every 0 --max-keys 3000 --count ip <records >first
    grep -q approx first
    loginagg -w all -w 10m --every 0 --max-keys 3000 --count ip <records | cmp - first
    # The second run reads its input in different batches.
    { head -n 17 records && sleep 0.2 && tail -n +18 records | head -c 100001 && sleep 0.2 &&
        tail -n +18 records | tail -c +100002; } |
        loginagg -w all -w 10m --every 0 --max-keys 3000 --count ip | cmp - first
}

@test "a change is marked approx if either window is" {
    for i in {1..60}; do record_with ".timestamp = $i | .locale = \"l$((i % 10))\""; done >records
    record_with '.timestamp = 100 | .locale = "l3"' >>records
    loginagg -w 1m --every 0 --max-keys 5 --count locale <records >out
    assert_eq "$(figures count '[.approx, .change.l3 != null]' | paste -sd ' ')" \
        '[true,false] [true,true]'
}

@test "--max-keys bounds the memory" {
    skip_with_sanitizers
    limit_memory 150
    awk 'BEGIN { for (i = 0; i < 600000; i++)
        printf "{\"timestamp\":%d,\"user_id\":\"user-%d\",\"ip\":\"ip-%d\"}\n", i / 1000, i, i }' |
        loginagg -w all --every 0 --max-keys 20000 >out
    assert_eq "$(windows_of out)" 'all 600000 0'
}

@test "--max-keys takes only a positive number" {
    for wrong in 0 -1 x 1.5 ''; do
        run -64 loginagg --max-keys "$wrong" </dev/null
    done
}

# --- Resources ---

@test "memory does not grow with the number of windows" {
    skip_with_sanitizers
    limit_memory 150
    # Ten thousand windows, one after the other.
    logingen -n 100k --span 100000s --users 100 | loginagg -w 10s --every 0 --lateness 30s >out
    assert_eq "$(grep -c '"insight":"logins"' out)" 10000
    rm out
}

@test "memory does not grow with the number of records of the same users" {
    skip_with_sanitizers
    limit_memory 150
    logingen -n 500k --users 1000 | loginagg -w all --every 0 >out
    assert_eq "$(windows_of out)" 'all 500000 0'
}

@test "the numbers of a sketch agree with the list beside them" {
    { logingen -n 3000 --users 50 && for i in {1..500}; do
        echo '{"timestamp":1694476801,"user_id":"same","ip":"10.0.0.1"}'
    done; } >records
    head -n 26 records | tail -n 6 >few
    for _ in {1..25}; do tail -n 1 records; done >>few
    for keys in 1 2 3 4 5 10 50 200; do
        for file in records few; do
            for top in 1 10 100000; do
                loginagg -w all --every 0 --max-keys "$keys" --top "$top" --distinct user_id/ip \
                    --distinct ip/user_id --duplicates user_id,ip --duplicates ip <$file
            done
        done
    done >out
    [ "$(grep -c '"approx":true' out)" -gt 100 ]
    # shellcheck disable=SC2016 # variables of jq
    figures distinct '. as $all | (.top | length) as $listed | [.key, .groups, .pairs, .max, .mean, .top[:3]]
        | select(($all | .groups < $listed or .groups < 1 or .pairs < .groups or .max > .pairs
            or .max < .mean or .max < (.top[0] | (.ips // .user_ids) // 0)))' | diff /dev/null -
    # shellcheck disable=SC2016
    figures duplicates '. as $all | [.key, .groups, .records, .error, .top[:3]]
        | select(($all | .groups < (.top | length) or .records < (.top | map(.count) | add // 0)
            or .records < 2 * .groups or any(.top[]; .count <= ($all.error // 0) + 1)))' | diff /dev/null -
}
