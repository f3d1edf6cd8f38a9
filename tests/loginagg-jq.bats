#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg: its insights are those that an independent program in jq computes.

# shellcheck disable=SC2016,SC1003 # the dollar signs are jq's, the backslashes those of the names

load helpers
load loginagg

# expected WINDOW SIZE STEP <records: prints the final insights of windows of SIZE milliseconds that
# begin every STEP, as loginagg(1) defines them. SIZE 0 is one window over everything. Timestamps are
# epoch seconds.
expected() {
    jq -cn --arg window "$1" --argjson size "$2" --argjson step "$3" \
        --argjson top "${top:-10}" --argjson values "${values:-100}" '
        def text:
            if . == null then "unknown"
            elif type == "string" then .
            elif type == "array" then "(array)"
            elif type == "object" then "(object)"
            else tostring end;
        def iso: . / 1000 | floor | todate;
        # Each value with its count: highest count first, then by bytes.
        def ranked: group_by(.) | map({k: .[0], n: length}) | sort_by(.k) | sort_by(-.n);
        def different: unique | length;
        def object_of(f): map(f) | add // {};
        def named($names): [$names, .] | transpose | object_of({(.[0]): .[1]});

        def head($about):
            {key: (.key + $about), window: .window, final: true};
        def logins:
            {insight: "logins"} + head("/logins") + (.rows | {
                logins: length,
                users: (map(.user_id | text) | different),
                ips: (map(.ip | text) | different),
                devices: (map(.device_id | text) | different),
                first: (map(.t) | min | iso), last: (map(.t) | max | iso), late: 0});
        def counts($field): .rows | map(.[$field] | text) | ranked;
        def count($field; $before):
            counts($field) as $now
            | ($now | object_of({(.k): .n})) as $here
            | ($before | if . == null then [] else counts($field) end) as $earlier
            | ($earlier | object_of({(.k): .n})) as $there
            | {insight: "count"} + {key: (.key + "/count/" + $field), field: $field,
                window: .window, final: true, values: ($now | length),
                counts: ($now[:$values] | object_of({(.k): .n}))}
            + ($now[$values:] | map(.n) | add // 0 | if . > 0 then {other: .} else {} end)
            + if $before == null then {} else {change: (
                ($now[:$values] | object_of({(.k): (.n - ($there[.k] // 0))})) +
                ($earlier[:$values] | map(select($here[.k] == null)) | object_of({(.k): -.n})))} end;
        def distinct($field; $per):
            (.rows | map([.[$per], .[$field]] | map(text))) as $pairs
            | ($pairs | map(.[0]) | group_by(.) | object_of({(.[0]): length})) as $logins
            | ($pairs | unique | map([.[0]]) | ranked) as $groups
            | {insight: "distinct", key: "\(.key)/distinct/\($field)/\($per)", field: $field,
                per: $per, window: .window, final: true, groups: ($groups | length),
                pairs: ($pairs | unique | length), max: $groups[0].n,
                mean: (($pairs | unique | length) / ($groups | length) * 100 + 0.5 | floor / 100),
                top: ($groups[:$top] | map({($per): .k[0], ($field + "s"): .n,
                    logins: $logins[.k[0]]}))};
        def duplicates($fields):
            (.rows | map([.[$fields[]]] | map(text)) | ranked | map(select(.n > 1))) as $groups
            | {insight: "duplicates", key: "\(.key)/duplicates/\($fields | join(","))",
                fields: $fields, window: .window, final: true, groups: ($groups | length),
                records: ($groups | map(.n) | add // 0),
                top: ($groups[:$top] | map((.k | named($fields)) + {count: .n}))};
        def all($before):
            logins,
            count("device_type"; $before), count("app_version"; $before), count("locale"; $before),
            distinct("ip"; "user_id"),
            duplicates(["user_id", "device_id"]), duplicates(["user_id", "ip"]),
            duplicates(["app_version", "locale"]), duplicates(["app_version", "device_type"]);

        [inputs | .t = (.timestamp | tonumber * 1000)] as $records
        | if $size == 0 then
            {key: $window, rows: $records, window: {start: null, end: null,
                first: ($records | map(.t) | min | iso), last: ($records | map(.t) | max | iso)}}
            | all(null)
        else
            [$records[] | (.t - .t % $step) as $last
                | range(0; $size; $step) as $back
                | select($last - $back + $size > .t)
                | {start: ($last - $back), row: .}]
            | group_by(.start)
            | map({start: .[0].start, key: "\($window)/\(.[0].start | iso)",
                window: {start: (.[0].start | iso), end: (.[0].start + $size | iso)},
                rows: map(.row)}) as $windows
            | range(0; $windows | length) as $i
            | $windows[$i]
            | all(if $i > 0 and $windows[$i - 1].start == .start - $step
                then $windows[$i - 1] else null end)
        end'
}

# assert_insights WINDOW SIZE STEP [OPTION]...: for the file records, loginagg and jq agree.
assert_insights() {
    expected "$1" "$2" "$3" <records >want
    loginagg --every 0 --lateness 1d -w "$1" "${@:4}" <records | short_numbers >got
    [ -s want ]
    diff want got
}

@test "the insights of tumbling windows match" {
    logingen -n 3000 --users 200 --missing 10 >records
    assert_insights 10m 600000 600000
}

@test "the insights of hopping windows match" {
    logingen -n 1000 --users 50 --span 30m >records
    assert_insights 10m/5m 600000 300000
    assert_insights 10m/4m 600000 240000
}

@test "the insights of one window over everything match" {
    logingen -n 3000 --users 100 >records
    assert_insights all 0 1
}

@test "--top and --values limit what is listed, and the insights still match" {
    logingen -n 2000 --users 40 --missing 20 >records
    top=3 values=2 assert_insights 20m 1200000 1200000 --top 3 --values 2
    top=0 values=0 assert_insights 30m 1800000 1800000 --top 0 --values 0
}

@test "values of all types and missing values are counted by their text, and match" {
    {
        for value in '"7"' 7 null true '"true"' false '[1]' '"(array)"' '{"a":1}' '""' '"unknown"' \
            -1 1.5 '"1.5"' '"é"' '"\u00e9"' '"e"' '"z"' '"\"\\"' '"\u0000"' '"\u0001"' '"a,b"' \
            '"a"' '"b"' '"😀"' '"\uffff"' 18446744073709551615; do
            echo "{\"timestamp\":1694479551,\"device_type\":$value,\"user_id\":$value,\"ip\":1}"
            echo "{\"timestamp\":1694479552,\"locale\":$value,\"device_id\":$value,\"ip\":$value}"
        done
    } | grep -v 18446744073709551615 >records # jq would write 18446744073709552000
    assert_insights 10m 600000 600000
}

@test "windows before 1970 begin at the right times" {
    for time in -1 -600 -601 -1200 0; do
        echo "{\"timestamp\":$time}"
    done | loginagg --every 0 -w 10m --lateness 1d |
        jq -r 'select(.insight == "logins") | [.window.start, .logins] | join(" ")' >got
    printf '%s\n' '1969-12-31T23:40:00Z 2' '1969-12-31T23:50:00Z 2' '1970-01-01T00:00:00Z 1' |
        diff - got
}
