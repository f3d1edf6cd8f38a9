#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# shellcheck disable=SC2016,SC1003 # the dollar signs are jq's, the backslashes those of the names

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    pid= # of start_fed
}

teardown() {
    stop_started
}

# --- An independent computation ---

# expected WINDOW SIZE STEP <records: the final insights with the default options of the windows
# of SIZE milliseconds, one each STEP; SIZE 0 is one window over everything. By jq, from what
# loginagg(1) says. Times are epoch seconds.
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
        # The keys of what came, with how often each did: highest first, then by bytes.
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

# As jq writes numbers: 1.50 is 1.5.
normal() {
    jq -c .
}

# assert_insights WINDOW SIZE STEP [OPTION]...: loginagg on the file records finds what jq does.
assert_insights() {
    expected "$1" "$2" "$3" <records >want
    loginagg --every 0 --lateness 1d -w "$1" "${@:4}" <records | normal >got
    [ -s want ]
    diff want got
}

@test "the insights of tumbling windows are those that jq computes" {
    logingen -n 3000 --users 200 --missing 10 >records
    assert_insights 10m 600000 600000
}

@test "the insights of hopping windows are those that jq computes" {
    logingen -n 1000 --users 50 --span 30m >records
    assert_insights 10m/5m 600000 300000
    assert_insights 10m/4m 600000 240000
}

@test "the insights of one window over everything are those that jq computes" {
    logingen -n 3000 --users 100 >records
    assert_insights all 0 1
}

@test "fewer values and groups are listed where that is asked for, as jq does it" {
    logingen -n 2000 --users 40 --missing 20 >records
    top=3 values=2 assert_insights 20m 1200000 1200000 --top 3 --values 2
    top=0 values=0 assert_insights 30m 1800000 1800000 --top 0 --values 0
}

@test "values of all types and missing ones are counted by their text, as jq does it" {
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

@test "windows before 1970 begin where they should" {
    for time in -1 -600 -601 -1200 0; do
        echo "{\"timestamp\":$time}"
    done | loginagg --every 0 -w 10m --lateness 1d |
        jq -r 'select(.insight == "logins") | [.window.start, .logins] | join(" ")' >got
    printf '%s\n' '1969-12-31T23:40:00Z 2' '1969-12-31T23:50:00Z 2' '1970-01-01T00:00:00Z 1' |
        diff - got
}

# --- Windows and lateness ---

# at TIME...: records of these seconds, named by their number.
at() {
    local n=0 time

    for time; do
        n=$((n + 1))
        echo "{\"timestamp\":$time,\"user_id\":\"u$n\"}"
    done
}

# The windows in the output: start, logins and late of each, on a line.
windows_of() {
    jq -r 'select(.insight == "logins" and .final)
        | [(.window.start // "-----------all")[11:19], .logins, .late] | join(" ")' "$@"
}

@test "a record at the start of a window is in it, one at its end is in the next" {
    at 0 9 10 19 20 | loginagg -w 10s --every 0 >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 2 0,00:00:10 2 0,00:00:20 1 0'
}

@test "windows without records are not written" {
    at 0 100 >records
    loginagg -w 10s --every 0 <records >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:01:40 1 0'
}

@test "a window closes when the newest time is the lateness beyond its end" {
    at 0 14 9 15 9 >records
    loginagg -w 10s --every 0 --lateness 5s --rejects late <records >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 2 0,00:00:10 2 1'
    assert_eq "$(jq -c '[.reject, .field, .stage, .line, .raw]' late)" \
        '["late","timestamp","loginagg",5,"{\"timestamp\":9,\"user_id\":\"u5\"}"]'
}

@test "the default lateness is a minute" {
    at 0 69 5 70 5 >records
    loginagg -w 10s --every 0 --rejects late <records >out
    assert_eq "$(wc -l <late)" 1
    assert_eq "$(jq .line late)" 5
}

@test "a record that is late for one window but not for another is in that one, and no reject" {
    at 0 30 5 >records
    loginagg -w 10s -w 1m --every 0 --lateness 0 --rejects late --stats stats <records >out
    assert_eq "$(<late)" ''
    assert_eq "$(jq -r 'select(.insight == "logins") | [.key, .logins, .late] | join(" ")' out |
        paste -sd ,)" \
        '10s/1970-01-01T00:00:00Z/logins 1 0,1m/1970-01-01T00:00:00Z/logins 3 0,10s/1970-01-01T00:00:30Z/logins 1 1'
    assert_ledger_adds_up stats
}

@test "late records are rejects with their bytes, and the ledger has them" {
    logingen -n 5000 --late 5 >records
    loginagg -w 5m --every 0 --rejects late --stats stats <records >out
    assert_ledger_adds_up stats
    [ "$(wc -l <late)" -gt 50 ]
    assert_eq "$(ledger stats '[.in - .aggregated, .by_reason.late]')" \
        "[$(wc -l <late),$(wc -l <late)]"
    assert_eq "$(jq -r .reject late | sort -u)" late
    # Together with what was counted they are all that came in.
    assert_eq "$(windows_of out | awk '{ n += $2 } END { print n }')" "$(ledger stats .aggregated)"
    assert_eq "$(windows_of out | awk '{ n += $3 } END { print n }')" "$(wc -l <late)"
    jq -r .raw late | grep -cvxFf records >strangers || true
    assert_eq "$(<strangers)" 0
}

@test "that records were late is said once, at the end" {
    at 0 100 5 6 >records
    loginagg -w 10s --every 0 --rejects late <records >out 2>err
    assert_eq "$(<err)" \
        'loginagg: 2 of 4 records came too late for their windows; --lateness allows for more'
    loginagg -q -w 10s --every 0 --rejects late <records >out 2>err
    assert_eq "$(<err)" ''
}

@test "with --tee late records go on with the others, and only the insights are without them" {
    at 0 100 5 >records
    loginagg --tee -w 10s --every 0 --rejects late --stats stats <records >out 2>err
    grep -v '^{"insight":' out | cmp records
    assert_eq "$(<late)" ''
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:01:40 1 1'
    assert_ledger_adds_up stats
}

@test "late records can be given to a second run, and nothing is lost" {
    logingen -n 2000 --late 10 >records
    loginagg -w 5m --every 0 --rejects late <records >out
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

@test "several windows of one start come in the order of the options" {
    at 0 >records
    loginagg --every 0 -w 1m -w 10s -w all -w 1h/20m <records | jq -r '.key | split("/")[0]' |
        uniq | paste -sd ' ' >got
    assert_match "$(<got)" '1h.* 1m 10s( |$)'
}

@test "hopping windows have each record in all windows that hold it" {
    at 25 >records
    loginagg --every 0 -w 30s/10s <records >out
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:00:10 1 0,00:00:20 1 0'
}

# --- Windows of so many records ---

# Key, logins and finality of each window in the output.
numbered() {
    jq -r 'select(.insight == "logins") | [(.key | rtrimstr("/logins")), .logins, .final]
        | join(" ")' "$@" | paste -sd ,
}

@test "windows of so many records follow one another, and the last one has the rest" {
    logingen -n 25 --late 50 | loginagg -w 10n --every 0 --rejects rejects >out
    assert_eq "$(numbered out)" '10n/1 10 true,10n/2 10 true,10n/3 5 true'
    assert_eq "$(<rejects)" ''
    assert_eq "$(jq -c '.window | del(.first, .last)' out | sort -u | paste -sd ' ')" \
        '{"start":null,"end":null,"number":1} {"start":null,"end":null,"number":2} {"start":null,"end":null,"number":3}'
}

@test "the insights of so many records are those of these records" {
    logingen -n 300 --users 20 >records
    loginagg -w 100n --every 0 <records >out
    for n in 1 2 3; do
        head -n $((n * 100)) records | tail -n 100 | loginagg -w all --every 0 |
            jq -c 'del(.key, .window)' >want
        jq -c "select(.window.number == $n) | del(.key, .window, .change)" out | diff want -
    done
}

@test "a window of so many records that is just full has no empty one behind it" {
    assert_eq "$(logingen -n 20 | loginagg -w 10n --every 0 | numbered)" '10n/1 10 true,10n/2 10 true'
    assert_eq "$(logingen -n 2 | loginagg -w 1n --every 0 | numbered)" '1n/1 1 true,1n/2 1 true'
}

@test "the change of so many records is against those before" {
    printf '{"timestamp":1,"v":"%s"}\n' a a b b b c |
        loginagg -w 2n --every 0 --count v | jq -c 'select(.insight == "count").change' |
        paste -sd ' ' >got
    assert_eq "$(<got)" 'null {"b":2,"a":-2} {"b":-1,"c":1}'
}

@test "a window of so many records says when its first and last one was" {
    at 7 3 5 9 | loginagg -w 3n --every 0 >out
    assert_eq "$(jq -c '.window | [.first, .last]' out | uniq | paste -sd ' ')" \
        '["1970-01-01T00:00:03Z","1970-01-01T00:00:07Z"] ["1970-01-01T00:00:09Z","1970-01-01T00:00:09Z"]'
}

@test "a batch ends with its number of records, or before one that is too far from the others" {
    at 0 1 2 3 12 13 14 30 29 21 40 | loginagg -w 4n,10s --every 0 >out
    assert_eq "$(numbered out)" '4n,10s/1 4 true,4n,10s/2 3 true,4n,10s/3 3 true,4n,10s/4 1 true'
    at 100 91 90 99 | loginagg -w 9n,10s --every 0 >out
    assert_eq "$(numbered out)" '9n,10s/1 2 true,9n,10s/2 2 true'
}

@test "a batch that is too far from the next record is written before that comes to its own end" {
    start_fed loginagg -w 9n,10s --every 0
    at 1 2 12 | write_to_feed
    wait_until 10 has_lines 9 out
    assert_eq "$(numbered out)" '9n,10s/1 2 true'
    close_feed
    await "$pid"
    assert_eq "$(numbered out)" '9n,10s/1 2 true,9n,10s/2 1 true'
}

@test "batches are the same beside windows of time that close" {
    logingen -n 5000 --span 1h >records
    loginagg -w 500n,30s --every 0 <records | jq -c 'select(.key | startswith("500n"))' >want
    loginagg -w 1m -w 500n,30s --every 0 --lateness 0 <records |
        jq -c 'select(.key | startswith("500n"))' | cmp - want
    assert_eq "$(jq -s 'map(select(.insight == "logins").logins) | add' want)" 5000
}

@test "a field may be inside of an object" {
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

@test "a window of so many records is written as soon as it is full" {
    start_fed loginagg -w 2n --every 0
    at 1 2 3 | write_to_feed
    wait_until 10 has_lines 9 out
    assert_eq "$(numbered out)" '2n/1 2 true'
    close_feed
    await "$pid"
    assert_eq "$(numbered out)" '2n/1 2 true,2n/2 1 true'
}

@test "windows of records and of time stand beside each other" {
    at 0 1 2 30 | loginagg -w 10s -w 3n -w all --every 0 --lateness 0 >out
    numbered out | tr ',' '\n' | LC_ALL=C sort >got
    printf '%s\n' '10s/1970-01-01T00:00:00Z 3 true' '10s/1970-01-01T00:00:30Z 1 true' \
        '3n/1 3 true' '3n/2 1 true' 'all 4 true' | diff - got
}

@test "rolling insights of so many records tell what there is so far" {
    at 1 2 3 4 5 | loginagg -w 4n --every 3n >out
    assert_eq "$(numbered out)" '4n/1 3 false,4n/1 4 true,4n/2 1 true'
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
    # Each two minutes or so of them in an order of their own.
    split -l 100 records part.
    for part in part.*; do
        shuf --random-source=<(yes) "$part"
    done >shuffled
    run -1 cmp -s records shuffled
    loginagg -w 10m --every 0 --lateness 3m --rejects late <shuffled >got
    assert_eq "$(<late)" ''
    cmp want got
}

@test "the rolling insights do not change the final ones" {
    logingen -n 3000 >records
    loginagg -w 10m --every 0 <records >want
    loginagg -w 10m --every 7n <records | grep -F '"final":true' | cmp want -
    loginagg -w 10m --every 1ms <records | grep -F '"final":true' | cmp want -
}

# --- Rolling insights ---

@test "--every 100n writes the insights of the records so far, each hundred records" {
    logingen -n 250 >records
    loginagg --every 100n <records >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out | paste -sd ' ')" \
        '[100,false] [200,false] [250,true]'
    head -n 100 records | loginagg --every 0 | sed 's/"final":true/"final":false/' >want
    head -n "$(wc -l <want)" out | cmp want -
}

@test "--every 100n counts the records that were taken, not those that were rejected" {
    logingen -n 150 | awk '{ print } NR <= 100 { print "no JSON" }' |
        loginagg --every 100n --rejects rejects >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out | paste -sd ' ')" \
        '[100,false] [150,true]'
}

@test "only windows that took new records are written again" {
    at 1 2 11 12 13 | loginagg -w 10s --every 2n >out
    assert_eq "$(jq -r 'select(.insight == "logins")
        | [.window.start[17:19], .logins, .final] | join(" ")' out | paste -sd ,)" \
        '00 2 false,10 2 false,00 2 true,10 3 true'
}

@test "--every DURATION writes the insights by the clock, while the input stays open" {
    start_fed loginagg --every 100ms
    at 1 | write_to_feed
    wait_until 10 grep -qs '"final":false.*"logins":1,' out
    at 2 3 | write_to_feed
    wait_until 10 grep -q '"final":false.*"logins":3,' out
    # With nothing new, nothing more is written.
    before=$(wc -l <out)
    sleep 0.4
    assert_eq "$(wc -l <out)" "$before"
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(grep -c '"insight":"logins".*"final":true' out)" 1
}

@test "insights of a window that closes come out while the input stays open" {
    start_fed loginagg -w 10s --every 0 --lateness 0
    at 1 10 | write_to_feed
    wait_until 10 has_lines 9 out
    assert_eq "$(windows_of out)" '00:00:00 1 0'
    close_feed
    await "$pid"
    assert_eq "$(windows_of out | paste -sd ,)" '00:00:00 1 0,00:00:10 1 0'
}

# --- Kinds of insight ---

# The kinds and subjects in the output, in their order.
kinds_of() {
    jq -r '[.insight, .field, .per, (.fields // [] | join(","))] | map(select(. != null and . != ""))
        | join(" ")' "$@"
}

@test "by default there are the insights of the manual, in its order" {
    at 1 | loginagg --every 0 >out
    printf '%s\n' logins 'count device_type' 'count app_version' 'count locale' \
        'distinct ip user_id' 'duplicates user_id,device_id' 'duplicates user_id,ip' \
        'duplicates app_version,locale' 'duplicates app_version,device_type' >want
    kinds_of out | diff want -
}

@test "an option of a kind replaces the defaults of that kind" {
    at 1 >records
    loginagg --every 0 --count b --count a <records | kinds_of >got
    assert_eq "$(grep -c count got) $(grep count got | paste -sd ,)" '2 count b,count a'
    assert_eq "$(grep -c -e distinct -e duplicates got)" 5
    loginagg --every 0 --distinct a/b --duplicates a --duplicates a,b,c <records | kinds_of >got
    assert_eq "$(grep -e distinct -e duplicates got | paste -sd ';')" \
        'distinct a b;duplicates a;duplicates a,b,c'
}

@test "count lists the values by count, then by bytes, and the rest as other" {
    printf '{"timestamp":1,"v":"%s"}\n' b a c a b z é ab >records
    loginagg --every 0 --count v --values 4 <records | jq -c 'select(.insight == "count")
        | [.values, .counts, .other]' >got
    assert_eq "$(<got)" '[6,{"a":2,"b":2,"ab":1,"c":1},2]'
    loginagg --every 0 --count v <records | jq -c 'select(.insight == "count") | has("other")' >got
    assert_eq "$(<got)" false
}

@test "a value that is called other is told apart from the rest" {
    printf '{"timestamp":1,"v":"%s"}\n' other other a b >records
    loginagg --every 0 --count v --values 1 <records |
        jq -c 'select(.insight == "count") | [.counts, .other]' >got
    assert_eq "$(<got)" '[{"other":2},2]'
}

@test "change is against the window before, and missing where that had no records" {
    printf '{"timestamp":%s,"v":"%s"}\n' 1 a 2 a 3 b 11 a 12 c 21 c 41 a >records
    loginagg -w 10s --every 0 --count v <records |
        jq -c 'select(.insight == "count") | .change' | paste -sd ' ' >got
    assert_eq "$(<got)" 'null {"a":-1,"c":1,"b":-1} {"c":0,"a":-1} null'
}

@test "the change of rolling insights is against the closed window before" {
    printf '{"timestamp":%s,"v":"%s"}\n' 1 a 2 a 3 b 14 b >records
    loginagg -w 10s --every 1n --lateness 0 --count v <records |
        jq -c 'select(.insight == "count" and .window.start[17:19] == "10") | .change' | uniq >got
    assert_eq "$(<got)" '{"b":0,"a":-2}'
}

@test "distinct tells how many values come with each of another field" {
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

@test "combinations are told apart even where their texts would run together" {
    printf '{"timestamp":1,"a":"%s","b":"%s"}\n' x yz xy z '' xyz 'x,' y x ',y' >records
    loginagg --every 0 --duplicates a,b <records |
        jq -c 'select(.insight == "duplicates") | [.groups, .top]' >got
    assert_eq "$(<got)" '[0,[]]'
}

@test "names of fields may be any text, and the lines are JSON" {
    printf '{"timestamp":1,"a\\"b\\\\":"v","é/x y":"w"}\n' >records
    loginagg --every 0 --count 'a"b\' --duplicates 'é/x y,a"b\' --distinct 'é/timestamp' \
        <records >out
    assert_eq "$(jq -r 'select(.insight == "count") | [.key, .field] | join(" ")' out)" \
        '1h/1970-01-01T00:00:00Z/count/a"b\ a"b\'
    assert_eq "$(jq -c 'select(.insight == "duplicates").fields' out)" '["é/x y","a\"b\\"]'
    assert_eq "$(wc -l <out)" "$(jq -c .key out | sort -u | wc -l)"
}

@test "the keys of all lines of a run are different, but for those of the same insight" {
    logingen -n 500 >records
    loginagg --every 0 -w 10m -w 30m/10m -w all <records >out
    assert_eq "$(jq -r .key out | sort | uniq -d)" ''
}

# --- Records ---

@test "an empty input gives no insights" {
    run -0 loginagg -w all -w 1h --stats stats </dev/null
    assert_eq "$output" ''
    assert_eq "$(ledger stats '[.in,.made,.out]')" '[0,0,0]'
}

@test "an input of rejects only gives no insights" {
    printf 'x\n7\n{}\n' | loginagg -w all --rejects rejects >out
    assert_eq "$(<out)" ''
    assert_eq "$(jq -r '[.reject, .field // "-"] | join(" ")' rejects | paste -sd ,)" \
        'not_json -,not_object -,missing_field timestamp'
}

@test "a last line without its newline is counted" {
    printf %s "$(at 1 2)" | loginagg --every 0 >out
    assert_eq "$(windows_of out)" '00:00:00 2 0'
}

@test "times may be seconds, milli-, micro- or nanoseconds, strings of them, or RFC 3339" {
    for time in 1694479551 1694479551000 1694479551000000 1694479551000000000 '"1694479551"' \
        '"1694479551000"' '"2023-09-12T00:45:51Z"' '"2023-09-12T02:45:51+02:00"' \
        '"2023-09-12 00:45:51Z"'; do
        echo "{\"timestamp\":$time}"
    done | loginagg --every 0 --rejects rejects >out
    assert_eq "$(<rejects)" ''
    assert_eq "$(head -n 1 out | jq -c '[.logins, .first, .last]')" \
        '[9,"2023-09-12T00:45:51Z","2023-09-12T00:45:51Z"]'
}

@test "records whose time is none are rejected with their bytes" {
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

@test "--time-field names the field that has the time" {
    printf '{"timestamp":1,"at":"2024-01-31T12:00:00Z"}\n{"timestamp":1}\n' >in
    loginagg --every 0 --time-field at --rejects rejects <in >out
    assert_eq "$(head -n 1 out | jq -r .first)" 2024-01-31T12:00:00Z
    assert_eq "$(jq -c '[.reject, .field]' rejects)" '["missing_field","at"]'
}

@test "of a key that is there twice the last one counts" {
    echo '{"timestamp":"x","timestamp":1,"v":"a","v":"b"}' | loginagg --every 0 --count v |
        jq -c 'select(.insight == "count").counts' >got
    assert_eq "$(<got)" '{"b":1}'
}

@test "the jq program runs on each record as it enters" {
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

@test "a record of 1 MiB is counted by its long values" {
    { printf '{"timestamp":1,"v":"' && head -c 1M /dev/zero | tr '\0' x && echo '"}'; } >in
    cat in in | loginagg --every 0 --count v --duplicates v,timestamp >out
    assert_eq "$(jq -c 'select(.insight == "count").counts | to_entries[]
        | [(.key | length), .value]' out)" '[1048576,2]'
    assert_eq "$(jq 'select(.insight == "duplicates").top[0].v | length' out)" 1048576
}

@test "a line of 20 MiB is too_long and the next one is counted" {
    { head -c 20M /dev/zero | tr '\0' x && echo && at 1; } | loginagg --every 0 --rejects rejects >out
    assert_eq "$(jq -c '[.reject, .stage, .length, (.raw | length)]' rejects)" \
        '["too_long","loginagg",20971520,65536]'
    assert_eq "$(windows_of out)" '00:00:00 1 0'
}

@test "NUL bytes and bad UTF-8 are rejected with their bytes" {
    printf '{"timestamp":1,"v":"\xff"}\n\0\n{"timestamp":1,"v":"a\\u0000b"}\n' |
        loginagg --every 0 --count v --rejects rejects >out
    assert_eq "$(jq -c '[.reject, .raw // .raw_b64]' rejects | paste -sd ' ')" \
        "[\"not_json\",\"$(printf '{"timestamp":1,"v":"\xff"}' | base64)\"] [\"not_json\",\"\\u0000\"]"
    assert_eq "$(jq -c 'select(.insight == "count").counts' out)" '{"a\u0000b":1}'
}

@test "rejects of earlier stages pass untouched, ahead of what comes later" {
    { at 1 && echo '{"reject":"x", "raw":"é"}' && at 2; } | loginagg --every 0 --stats stats >out
    assert_eq "$(head -n 1 out)" '{"reject":"x", "raw":"é"}'
    assert_eq "$(windows_of out)" '00:00:00 2 0'
    assert_eq "$(ledger stats '[.in,.passed,.aggregated]')" '[2,1,2]'
    assert_ledger_adds_up stats
}

@test "--rejects - puts rejects among the insights" {
    { at 1 && echo x; } | loginagg --every 0 --rejects - --stats stats >out
    assert_eq "$(jq -r '.reject // .insight' out | head -n 2 | paste -sd ' ')" 'not_json logins'
    assert_ledger_adds_up stats
}

@test "--tee passes the records byte for byte, insights among them" {
    logingen -n 1000 --late 5 >records
    loginagg --tee -w 5m --every 300n --stats stats <records >out
    grep -v '^{"insight":' out | cmp records
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.aggregated, .out - .made]')" '[0,1000]'
    # The three hundredth record comes before the insights about it.
    assert_eq "$(grep -n '"final":false' out | head -n 1 | cut -d : -f 1)" \
        "$(($(grep -nxF "$(sed -n 300p records)" out | head -n 1 | cut -d : -f 1) + 1))"
}

# --- Options ---

@test "windows that are none are wrong usage" {
    for window in '' x 0 0s 1y -1h 1h/ /5m 1h/0 5m/1h 1h/x 1h/5m/1m 40000d ALL n 0n -1n 1.5n \
        10n/5n 10n/1h 1nn; do
        run -64 loginagg -w "$window" </dev/null
        assert_match "$output" "^loginagg: --window: '$window'"
    done
    run -64 loginagg -w 1h -w 1h </dev/null
    assert_match "$output" 'twice'
}

@test "insights that are none are wrong usage" {
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

@test "unknown options, wrong values and operands are wrong usage" {
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

@test "a full disk is 74 with a message, and the ledger adds up" {
    logingen -n 1000 >records
    run -74 bash -c 'loginagg --stats stats <records >/dev/full'
    assert_eq "$output" 'loginagg: stdout: No space left on device'
    assert_ledger_adds_up stats
    # Now it fails while records come in, not at their end.
    run -74 bash -c 'loginagg -w 1s --every 0 --lateness 0 --stats stats2 <records >/dev/full'
    assert_ledger_adds_up stats2
    run -74 bash -c 'loginagg --tee --every 10n --stats stats3 <records >/dev/full'
    assert_ledger_adds_up stats3
}

@test "a reader that leaves ends it silently, as by SIGPIPE, and the ledger adds up" {
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

@test "a closed stdin and a directory as stdin are errors of reading" {
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

@test "the first SIGTERM or SIGINT lets it finish its input, with final insights" {
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

@test "a second SIGTERM or SIGINT ends it at once, without final insights" {
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

@test "SIGUSR1 writes the ledger and the run goes on" {
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

# --- Bounds ---

# figures KIND JQ-FILTER: of the insights of that kind in the output.
figures() {
    jq -c "select(.insight == \"$1\") | $2" out
}

@test "up to --max-keys all is exact, and beyond it is said not to be" {
    logingen -n 2000 --users 200 >records
    loginagg -w all --every 0 <records >exact
    keys=$(jq 'select(.insight == "distinct").pairs' exact)
    loginagg -w all --every 0 --max-keys $((keys + 1000)) <records | cmp - exact
    loginagg -w all --every 0 --max-keys 100 <records >out
    assert_eq "$(jq -r 'select(.approx) | .key | ltrimstr("all/")' out | paste -sd ' ')" \
        'logins distinct/ip/user_id duplicates/user_id,device_id duplicates/user_id,ip duplicates/app_version,locale'
    # What has fewer keys is as before.
    diff <(jq -c 'select(.approx | not)' out) \
        <(jq -c 'select(.key | test("count/|device_type$"))' exact)
}

@test "beyond --max-keys numbers of different values are within 2 percent" {
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

@test "beyond --max-keys the highest counts are found, and their error is told" {
    # Ten addresses come a hundred times each, among 30,000 that come once or twice.
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
    # 8,989 light ones and the heavy ones come more than once.
    figures duplicates '[.groups, .records]' | jq -se 'all((.[0] / 9000 - 1 | fabs) < 0.1 and
        (.[1] / 20000 - 1 | fabs) < 0.1)'
}

@test "beyond --max-keys the groups with the most values are found" {
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

@test "beyond --max-keys the same input gives the same bytes too" {
    logingen -n 50000 --users 20000 --missing 10 >records
    loginagg -w all -w 10m --every 0 --max-keys 3000 --count ip <records >first
    grep -q approx first
    loginagg -w all -w 10m --every 0 --max-keys 3000 --count ip <records | cmp - first
    # The second way the batches of the input are others.
    { head -n 17 records && sleep 0.2 && tail -n +18 records | head -c 100001 && sleep 0.2 &&
        tail -n +18 records | tail -c +100002; } |
        loginagg -w all -w 10m --every 0 --max-keys 3000 --count ip | cmp - first
}

@test "the change to a window that is not exact is not either" {
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

@test "--max-keys is a number" {
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
