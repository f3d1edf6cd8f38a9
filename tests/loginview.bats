#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginview as text: what it prints once, at the end of its input.

load helpers
load loginview

# What loginview prints of insights in 80 columns.
page() {
    cat <<'END'
 loginview: logins per hour by device_type                  the input has ended
 lines 19  watermark 2023-09-12 04:00:02 UTC  late 0  rejected 4

  █ android 52%  ▒ iOS 43%  ▓ web 5%
  2023-09-12 00:00  12  █████████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
  2023-09-12 01:00   3  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒
  ⋯ 2 windows without logins
▶ 2023-09-12 04:00   6  ██████████████▒▒▒▒▒▒▒▒▒▓▓▓▓▓

 2023-09-12 04:00 to 05:00 UTC: 2 users, 3 addresses, 1 device
 Top users by addresses   addresses  logins   Duplicates          groups  logins
 ben                              2       3   user_id, ip              2       5
 ann                              1       3
                                              Rejects in all the input   records
                                              bad_ip ip                        2
                                              missing_field timestamp          1
                                              not_json                         1

                                              3 different device_types    logins
                                              android                          3
                                              iOS                              2
                                              web                              1

 Top duplicates of user_id, ip                                            logins
 ann, 192.0.2.1                                                                3
 ben, 192.0.2.4                                                                2
END
}

@test "loginview prints the windows, top users, duplicates and rejects as text" {
    insights >in
    loginview --once in >out
    page | diff - out
    loginview --once <in | diff out -
    loginview - <in | diff out - # stdout is no terminal
}

@test "loginview reads several files, one after the other" {
    insights >in
    head -n 7 in >a
    tail -n +8 in >b
    loginview a b | diff <(page) -
}

@test "in a locale without UTF-8, loginview prints ASCII" {
    insights >in
    LC_ALL=C loginview in >out
    LC_ALL=C run -1 grep -n '[^ -~]' out
    assert_match "$(sed -n 5p out)" '00:00  12  #{37}={19}$'
    assert_match "$(sed -n 8p out)" '^> 2023-09-12 04:00   6  #+=+\++$'
}

@test "the width of the text is --width, COLUMNS or 80, and no line is wider" {
    insights >in
    for width in 1 2 7 23 40 75 76 77 200; do
        loginview --width $width in >out
        COLUMNS=$width loginview in | cmp - out
        run -1 grep -nE ".{$((width + 1))}" out
    done
    COLUMNS=x loginview in | diff <(page) -
    COLUMNS=40 loginview --width 80 in | diff <(page) -
}

@test "-w and -f choose the windows and the field, and --rows how many windows are listed" {
    login 0 ann 192.0.2.1 web 5 >records
    login 26 ben 192.0.2.2 iOS 7 >>records
    loginagg -w 1h -w 1d --count device_type --count user_id --every 0 <records >in
    assert_match "$(loginview in | head -n 1)" '^ loginview: logins per hour by device_type '
    loginview -w 1d -f user_id in >out
    assert_match "$(head -n 1 out)" '^ loginview: logins per day by user_id '
    grep -qE '^  2023-09-12  5  ▒+$' out
    grep -qE '^▶ 2023-09-13  7  █+$' out
    loginview -w 1d --rows 1 in >out
    run -1 grep '^  2023-09-12 ' out
    grep -q ' window 2 of 2$' out
    # Insights come from several partitions in any order.
    tac in | loginview | head -n 1 | grep -q '^ loginview: logins per hour by device_type '
    # What is not there is not chosen.
    run -65 --separate-stderr loginview -w 7d in
    assert_match "$output" '^ loginview: logins per hour by device_type '
    assert_eq "$stderr" 'loginview: -w 7d: no insight has such a window'
    run -65 --separate-stderr loginview -f locale in
    assert_eq "$stderr" 'loginview: -f locale: no insight counts this field'
}

@test "loginview says if the stream has broken off, and ends with 75" {
    login 0 ann 192.0.2.1 web 5 | loginagg --every 0 >lines
    mark() { echo "{\"@mark\":\"$1\",\"run\":\"r\",\"seq\":$2}"; }
    { mark hello 1 && cat lines && mark mark 2; } >broken
    run -75 --separate-stderr loginview broken
    assert_match "$output" 'the input has failed: the input ended without an end mark'
    assert_match "$output" '▶ 2023-09-12 00:00  5 '
    assert_eq "$stderr" 'loginview: the input ended without an end mark'
    { cat broken && mark end 3; } | loginview >out
    assert_match "$(head -n 1 out)" 'the input has ended'
}

@test "a newer insight replaces the older one, and a window that is open says so" {
    login 0 ann 192.0.2.1 web 5 | loginagg -w 1h --count device_type --every 2n >lines
    loginview lines | grep -qE '^▶ 2023-09-12 00:00  5  █+$'
    grep -v '"final":true' lines | loginview | grep -qE '^▶ 2023-09-12 00:00  4  █+ so far$'
}

@test "nothing in the data can control a terminal or move the columns" {
    evil=$'\e]0;title\a\e[2J\r\n\t\x7f\xc2\x9b31m\xe2\x80\xae\xe6\x97\xa5'
    jq -nc --arg evil "$evil" '
        {window: {start: "2023-09-12T00:00:00Z", end: "2023-09-12T01:00:00Z"}, final: true} as $common |
        $common + {insight: "count", key: "1h/2023-09-12T00:00:00Z/count/x", field: $evil, values: 2,
            counts: {($evil): 3, "e\u0301": 1}},
        $common + {insight: "distinct", key: "1h/2023-09-12T00:00:00Z/distinct/ip/user_id", field: "ip",
            per: "user_id", groups: 2, pairs: 5, max: 4, mean: 2.5,
            top: [{user_id: $evil, ips: 4, logins: 9}, {user_id: "日本 e\u0301", ips: 1, logins: 1}]},
        {reject: $evil, field: $evil, stage: $evil, raw: $evil}' >in
    printf '{"insight":"\xff"}\n\xff\xfe\n{"reject":"\\u0000","raw":"\\ud800"}\n' >>in
    for locale in C.UTF-8 C; do
        LC_ALL=$locale loginview --width 200 in >out
        # Neither a control character nor a format character of Unicode.
        LC_ALL=C.UTF-8 run -1 grep -nP '[\p{C}]' out
        grep -qF '\x1b]0;title\x07\x1b[2J\x0d\x0a\x09\x7f\u{9b}31m\u{202e}' out
    done
    # The numbers stand below each other: 日本 takes four columns, and é one.
    loginview --width 60 in >out
    grep -qE $'^ 日本 e\u0301 {44}1 {7}1$' out
    grep -qE '^.{51}4 {7}9$' out
}

@test "loginview counts lines that it does not understand, and says what it reads" {
    run -0 loginview </dev/null
    assert_match "$output" 'lines 0  watermark none  late 0  rejected 0'
    assert_match "$output" 'There were no insights\.'
    assert_match "$output" 'kcat-in login-insights \| loginview'
    run -0 loginview < <(good_records)
    assert_match "$output" 'There are other lines, such as records'
    run -0 loginview < <(printf '{"insight":"logins"}\nx\n%02000000d\n{}\n' 0)
    assert_match "$output" 'lines 4 .* not understood 3'
    run -0 loginview < <(insights | grep reject)
    assert_match "$output" 'bad_ip ip  *2'
    # The last line needs no newline.
    insights >in
    head -c -1 in | loginview | diff <(page) -
}

@test "loginview fails if it cannot read or write" {
    insights >in
    run -74 bash -c 'loginview in >/dev/full'
    assert_eq "$output" 'loginview: stdout: No space left on device'
    # shellcheck disable=SC2016
    run -0 bash -c 'loginview --width 10M in | true; echo "${PIPESTATUS[0]}"'
    assert_eq "$output" 141
    run -64 loginview --once no-such-file
    assert_match "$output" '^loginview: no-such-file: No such file'
    run -64 loginview --once .
    run -64 loginview --nonsense
    run -64 loginview --width 0
    run -64 loginview --rows x in
    run -74 bash -c 'loginview --once <&-'
    assert_eq "$(head -n 1 <<<"$output")" 'loginview: stdin: Bad file descriptor'
}

@test "a first signal lets loginview print what comes until the end of the input" {
    insights >lines
    for signal in INT TERM; do
        start_fed loginview --once
        head -n 12 lines | write_to_feed
        kill -$signal "$pid"
        tail -n +13 lines | write_to_feed
        close_feed
        await "$pid"
        page | diff - out
        rm feed
    done
}
