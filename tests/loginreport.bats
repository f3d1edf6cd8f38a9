#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginreport: the page says what the insights say, and nothing in the data becomes markup.

load helpers
load loginreport

setup() {
    begin
}

@test "the table of windows has the numbers of the insights" {
    make_insights
    loginreport insights >page
    jq -c 'select(.insight == "logins") | [.logins, .users, .ips, .devices, .late | tostring] +
        [if .final then "yes" else "no" end]' insights >want
    tables page 'Logins in each window' | jq -c '[.[1]] + .[-5:]' | diff want -
    assert_eq "$(wc -l <want)" 6
    # The columns of device types, and of the rest, add up to the logins.
    tables page 'Logins in each window' |
        jq -e '(.[2:-5] | map(tonumber) | add) == (.[1] | tonumber)' >sums
    assert_eq "$(sort -u sums)" true
}

@test "the tables of fields have the sums of all windows, and the highest first" {
    make_insights
    loginreport insights >page
    for field in device_type app_version; do
        jq -sc --arg field "$field" 'map(select(.insight == "count" and .field == $field).counts | to_entries[]) |
            group_by(.key) | map({value: .[0].key, count: (map(.value) | add)}) | sort_by(-.count, .value)[] |
            [.value, (.count | tostring)]' insights >want
        tables page "Logins: $field" | jq -c '.[:2]' | diff want -
        [ "$(wc -l <want)" -ge 5 ]
    done
    # Those that are not listed are added up.
    tables page 'Logins: locale' | jq -s 'length, (map(.[1] | tonumber) | add)' >got
    assert_eq "$(xargs <got)" "13 $(jq -s 'map(select(.insight == "logins").logins) | add' insights)"
}

@test "the list of users with the most addresses has the highest number in one window" {
    make_insights
    loginreport insights >page
    jq -sc 'map(select(.insight == "distinct").top[]) | group_by(.user_id) |
        map({id: .[0].user_id, ips: (map(.ips) | max)}) | sort_by(-.ips, .id)[:10][] |
        [.id, (.ips | tostring)]' insights >want
    tables page ip/user_id | jq -c '.[:2]' | diff want -
    jq -sc 'map(select(.key | endswith("duplicates/user_id,ip")).top[]) | group_by(.user_id, .ip) |
        map({id: .[0].user_id, ip: .[0].ip, count: (map(.count) | max)}) |
        sort_by(-.count, .id, .ip)[:10][] | [.id, .ip, (.count | tostring)]' insights >want
    tables page user_id,ip | jq -c '.[:3]' | diff want -
}

@test "the groups of --each give the same lists as the top lists" {
    make_insights
    loginreport insights >want
    make_insights --each --every 500n
    [ "$(wc -l <insights)" -gt 1000 ]
    loginreport insights >page
    for label in ip/user_id user_id,device_id user_id,ip app_version,locale; do
        tables want "$label" >rows
        tables page "$label" | diff rows -
        assert_eq "$(wc -l <rows)" 10
    done
}

@test "rejects are counted by reason and field, in a file of their own or among the insights" {
    make_insights
    loginreport insights rejects >page
    jq -sc 'group_by(.reject, .field) | map([.[0].reject, .[0].field // "", (length | tostring)]) |
        sort_by(-(.[2] | tonumber), .[0], .[1])[]' rejects >want
    tables page 'Rejects by reason' | jq -c '.[:3]' | diff want -
    [ "$(wc -l <want)" -ge 5 ]
    grep -q '"late"' want
    cat rejects insights | loginreport | diff page -
}

@test "a newer insight replaces the one before it" {
    make_insights
    loginreport insights | grep -v '<dt>Insights\|<dt>Lines' >want
    make_insights --every 100n
    [ "$(jq -s 'map(select(.final | not)) | length' insights)" -gt 20 ]
    loginreport insights | grep -v '<dt>Insights\|<dt>Lines' >page
    # It also says how many lines there were.
    sed 's,<dt>Lines read.*,,' page | diff <(sed 's,<dt>Lines read.*,,' want) -
}

@test "the page says which windows are not final, what is approximate, and what is malformed" {
    make_insights --every 0
    loginreport insights | grep -c 'class="notes"' >notes || true
    assert_eq "$(<notes)" 0
    jq -c '.final = false | if .insight == "count" then .approx = true else . end' insights >open
    echo nonsense >>open
    loginreport open >page
    grep -q '6 windows are not final' page
    grep -q 'Some numbers are estimates' page
    grep -q '1 line was malformed' page
}

@test "each bar of the chart has a title with the numbers of its window" {
    make_insights
    loginreport insights >page
    jq -r 'select(.insight == "logins") | "\(.logins) logins"' insights >want
    grep -oE '^[0-9,]+ logins$|^[0-9,]+ logins<' page | tr -d '<' | head -n 6 | diff want -
}

@test "nothing in the data becomes markup" {
    make_insights
    loginreport insights rejects | python3 "$BATS_TEST_DIRNAME/browser/tables" --tags >known
    make_hostile >hostile
    loginreport --title '</title><script>x' hostile >page
    python3 "$BATS_TEST_DIRNAME/browser/tables" --tags <page >names
    # A value that is cut has a title.
    assert_eq "$(comm -13 known names | xargs)" .title
    assert_eq "$(grep -cF '<script' page)" 0
    grep -qF '&lt;/svg&gt;&lt;script&gt;alert(1)' page
    grep -qF '<title>&lt;/title&gt;&lt;script&gt;x</title>' page
}

@test "characters that cannot be seen are shown by their number, and long values are cut" {
    make_hostile >hostile
    loginreport hostile >page
    iconv -f UTF-8 -t UTF-8 page >/dev/null
    run -1 grep -nP '[\x00-\x08\x0b-\x1f\x7f\x{80}-\x{9f}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}]' page
    grep -q '⟨U+202E⟩y⟨U+200F⟩⟨U+2066⟩' page
    run -1 grep -E 'x{301}' page
    grep -qE '>x{60}…<' page
}

@test "the page needs no script and nothing from elsewhere" {
    make_insights
    loginreport insights rejects >page
    grep -qF "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\"" page
    run -1 grep -iE '<script|https?:|@import|url\(|[^-]src=| on[a-z]+=' page
    assert_eq "$(grep -oE 'href="[^"]*"' page)" 'href="data:,"'
}

@test "an empty input gives a page that says so" {
    run -0 --separate-stderr loginreport --title 'No logins' </dev/null
    assert_eq "$stderr" ''
    assert_match "$output" '<h1>No logins</h1>'
    assert_match "$output" 'There are no insights in the input'
}

@test "loginreport takes any line without harm" {
    {
        printf 'a\0b\n\xff\xfe\n{"insight":\n{"insight":"logins"}\n{"user_id":"ann"}\n'
        head -c 1048576 /dev/zero | tr '\0' '['
        echo
        printf '{"insight":"weather","key":"x"}\n{"reject":"x"}' # and no newline
    } >lines
    run -0 loginreport lines
    assert_match "$output" '5 lines were malformed'
    assert_match "$output" '<dt>Rejects</dt><dd>1</dd>'
    assert_match "$output" '<dt>Lines read</dt><dd>8</dd>'
}

@test "-w chooses the windows" {
    make_insights -w 1h -w 2h -w all -w 700n
    for window in 1h 2h all 700n; do
        loginreport -w "$window" insights >page
        assert_eq "$(tables page 'Logins in each window' | jq -s 'map(.[1] | tonumber) | add')" \
            "$(jq -s --arg w "$window/" 'map(select(.insight == "logins" and (.key | startswith($w))).logins) | add' insights)"
    done
    loginreport insights | cmp - <(loginreport -w 1h insights)
    run -65 --separate-stderr loginreport -w 3h insights
    assert_eq "$output$stderr" 'loginreport: -w 3h: no insight has such a window'
}

@test "--max-windows keeps the last windows, and says that others are left out" {
    make_insights
    loginreport --max-windows 2 insights >page
    jq -r 'select(.insight == "logins").logins' insights | tail -n 2 >want
    tables page 'Logins in each window' | jq -r '.[1]' | diff want -
    grep -q '4 older windows are left out' page
}

@test "a stream that broke off gives a page that says so, and exit status 75" {
    make_insights
    { echo '{"@mark":"hello","run":"x","seq":1}' && cat insights; } >broken
    run -75 --separate-stderr loginreport broken
    assert_match "$output" 'The input broke off before its end'
    assert_eq "$stderr" 'loginreport: the input ended without an end mark'
    { cat broken && echo '{"@mark":"end","run":"x","seq":2,"watermark":1694500000000}'; } >whole
    run -0 loginreport whole
    assert_match "$output" '2023-09-12 06:26:40 UTC'
}

@test "loginreport exits with 74 on a full disk or a missing file, and silently when its reader exits" {
    make_insights
    run -74 --separate-stderr bash -c 'loginreport insights >/dev/full'
    assert_eq "$stderr" 'loginreport: stdout: No space left on device'
    run -74 --separate-stderr loginreport none
    assert_eq "$output$stderr" 'loginreport: none: No such file or directory'
    run -74 --separate-stderr loginreport .
    assert_eq "$output$stderr" 'loginreport: .: Is a directory'
    { sleep 0.3 && cat insights; } | { loginreport 2>err || echo $? >status; } | true
    assert_eq "$(<err)" ''
    assert_eq "$(<status)" 141
}

@test "a title that is not UTF-8 is a usage error" {
    run -64 --separate-stderr loginreport --title $'\xff' </dev/null
    assert_eq "$stderr" 'loginreport: --title: is not UTF-8 (see loginreport --help)'
}

@test "after a first signal loginreport shows what it gets until the end of its input" {
    make_insights
    start_fed loginreport
    head -n 9 insights | write_to_feed
    kill -INT "$pid"
    tail -n +10 insights | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    loginreport insights | cmp - out
}
