#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginview on a terminal, which is tmux: what it shows, its keys, and that it leaves the terminal as
# it was.

load helpers
load loginview

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    insights >lines
}

setup() {
    begin
    cp "$BATS_FILE_TMPDIR/lines" .
}

teardown() {
    close_terminal
    stop_started
}

# Whether the shell has its terminal back: its settings, and the screen as it was before.
assert_restored() {
    wait_until 10 is_at_prompt # what is typed before that is lost
    type_in 'stty -g | cmp - stty.before && echo same settings'
    wait_screen '^same settings$'
    screen_has '^> loginview|^> bash'
    run -1 screen_has 'the input has ended|live, '
}

# show COMMAND: opens a terminal, and types the command.
show() {
    open_terminal
    type_in 'stty -g >stty.before; clear'
    wait_until 10 test -s stty.before
    wait_until 10 is_at_prompt
    type_in "$1"
}

is_at_prompt() {
    screen_has '^> ?$'
}

@test "the screen has the rows of the text, the rows that do not fit can be reached, and q leaves it" {
    show 'loginview lines'
    wait_screen ' more rows: PgDn or d$'
    screen >shown
    NO_COLOR=1 loginview lines >text
    # Up to the details the lines are the same, but for the characters that colours replace.
    sed 's/[▒▓]/█/g' text | sed -n '1,3p;9,11p' >wanted
    sed -n '1,3p;9,11p' shown | diff wanted -
    assert_match "$(sed -n 8p shown)" '^▶ 2023-09-12 04:00   6  █+▌?$'
    assert_match "$(sed -n 24p shown)" '^ ↑↓ window .* q quit'
    press PageDown
    wait_screen '^ ben, 192.0.2.4  *2$'
    press PageUp
    wait_screen ' more rows: PgDn or d$'
    press q
    assert_restored
}

@test "keys choose the window, its size and the field" {
    login 26 ben 192.0.2.2 iOS 7 | loginagg -w 1d --count locale --every 0 >>lines
    show 'loginview lines'
    wait_screen '^▶ 2023-09-12 04:00 '
    for step in Up:01:00 k:00:00 j:01:00 End:04:00 Home:00:00 Down:01:00 Right:04:00 g:00:00; do
        press "${step%%:*}"
        wait_screen "^▶ 2023-09-12 ${step#*:} "
    done
    wait_screen '00:00 to 01:00 UTC: 2 users, 3 addresses'
    press f
    wait_screen '^ loginview: logins per hour by user_id '
    wait_screen '^  █ ann 52%  █ ben 48%$'
    press F
    wait_screen '^ loginview: logins per hour by device_type '
    press w
    wait_screen '^ loginview: logins per day by locale '
    wait_screen '^▶ 2023-09-13  7  █'
    press W
    wait_screen '^ loginview: logins per hour by device_type '
    press '?'
    wait_screen 'pause: read nothing until it is pressed again'
    press x
    wait_screen '^▶ 2023-09-12 04:00 '
    press q
    assert_restored
}

@test "insights appear when they arrive, and the end of the input is shown" {
    mkfifo in
    exec 4<>in
    show 'loginview <in'
    wait_screen 'No insights yet'
    head -n 5 lines >&4
    wait_screen '^▶ 2023-09-12 00:00  12 '
    wait_screen 'live, [0-9]* lines/s$'
    # Paused, it reads nothing.
    press Space
    wait_screen 'paused: nothing is read$'
    tail -n +6 lines >&4
    press Up
    sleep 0.3
    screen_has '^▶ 2023-09-12 00:00  12 '
    press Space
    wait_screen '^  2023-09-12 04:00   6 |^▶ 2023-09-12 04:00   6 '
    exec 4>&-
    wait_screen 'the input has ended$'
    press q
    assert_restored
}

@test "if the writer dies, the terminal stays as it is until q" {
    show 'bash -c "cat lines; kill -KILL \$\$" | loginview'
    wait_screen 'the input has ended$'
    press q
    assert_restored
}

@test "if the writer fails before its first line, no screen hides what it says" {
    show 'bash -c "echo no broker >&2; exit 64" | loginview'
    wait_screen 'There were no insights'
    wait_until 10 is_at_prompt
    screen_has '^no broker$'
    screen_has '^> bash'
}

@test "TERM decides about colours, NO_COLOR turns them off, and every name that tmux knows works" {
    open_terminal
    for name in xterm xterm-256color screen linux tmux-256color; do
        type_in "clear; TERM=$name loginview lines"
        wait_screen '^▶ 2023-09-12 04:00 '
        coloured_screen | grep -q $'\e\\[34m█' # blue
        press q
        wait_until 10 is_at_prompt
    done
    for setting in TERM=vt100 NO_COLOR=1; do
        type_in "clear; $setting loginview lines"
        wait_screen '^▶ 2023-09-12 04:00   6  █+▒+▓+$'
        run -1 grep $'\e\\[3[1-7]m' <(coloured_screen)
        press q
        wait_until 10 is_at_prompt
    done
}

@test "a terminal that cannot show a screen gets the text at the end, and a note" {
    open_terminal 120 50
    for setting in TERM=dumb TERM=no-such-name 'env -u TERM'; do
        type_in "clear; echo now ${setting##* }; $setting loginview lines"
        wait_screen "^now ${setting##* }$" # what the one before has shown is gone
        wait_screen '^ ben, 192.0.2.4  *2$'
        screen_has '^loginview: TERM.*: the text comes at the end of the input, as with --once$'
        screen_has '^▶ 2023-09-12 04:00   6  █+▒+▓+$'
    done
}

@test "loginview does not read its insights from the terminal that its keys come from" {
    open_terminal 100 24
    for files in '' ' -' ' lines -'; do
        type_in "clear; loginview$files; echo \"status \$?\""
        wait_screen '^status 64$'
        screen_has 'stdin is a terminal: give a FILE'
    done
    type_in 'clear; loginview <&-; echo "status $?"'
    wait_screen '^status 74$'
    screen_has '^loginview: stdin: Bad file descriptor$'
}

@test "a terminal of any size will do, and a new size is followed" {
    show 'loginview lines'
    wait_screen '^▶ 2023-09-12 04:00 '
    for size in 1x1 2x2 3x10 200x3 20x5 33x11; do
        terminal resize-window -x "${size%x*}" -y "${size#*x}"
        sleep 0.15
    done
    wait_screen '^▶ 2023-09-12 04:00   6  █+'
    terminal resize-window -x 120 -y 40
    wait_screen "^ loginview.{90,}the input has ended$"
    wait_screen '^ ann, 192.0.2.1 {90,}3$'
    terminal resize-window -x 80 -y 24
    press '?'
    wait_screen 'these keys'
    press q
    assert_restored
}

@test "Ctrl-Z, fg and signals leave the terminal as it was" {
    show 'loginview lines'
    wait_screen 'the input has ended$'
    press C-z
    wait_screen 'Stopped '
    assert_restored
    type_in fg
    wait_screen 'the input has ended$'
    press C-c
    assert_restored
    for signal in INT TERM; do
        type_in 'clear; loginview lines; echo "status $?"'
        wait_screen 'the input has ended$'
        pkill -$signal -x loginview -P "$(terminal list-panes -F '#{pane_pid}')"
        wait_screen '^status 0$'
        type_in 'stty -g | cmp - stty.before && echo same settings'
        wait_screen '^same settings$'
    done
}

@test "loginview ends when its terminal goes away" {
    mkfifo in
    exec 4<>in
    show 'loginview -v <in 2>err'
    wait_screen 'No insights yet'
    close_terminal
    wait_until 10 grep -q ' frames in ' err
    exec 4>&-
}

@test "what is in the data stays in its place on the screen" {
    evil=$'\e]0;title\a\e[2J\e[5;5H\r\n\t\xc2\x9b2J\xe2\x80\xae\xe2\x80\x8d'
    jq -c --arg evil "$evil" 'if .top and .insight == "distinct" then .top[0].user_id = $evil
        elif .field == "device_type" then .counts = {($evil): 4, "日本": 2} else . end' lines >hostile
    show 'loginview hostile'
    wait_screen '^▶ 2023-09-12 04:00 '
    screen >shown
    assert_match "$(sed -n 4p shown)" '█ \\x1b\]0;title… 67%  █ 日本 33%'
    assert_match "$(sed -n 12p shown)" '^ \\x1b\]0;title\\x07\\x1b\[2… {10}2 {7}3   user_id, ip {14}2 {7}5$'
    assert_eq "$(terminal display -p '#{pane_title}')" "$(hostname)"
    press q
    assert_restored
}

@test "a million lines are read with at most ten frames a second, also while the terminal is stopped" {
    show 'clear'
    yes "$(head -n 1 lines)" | head -n 1000000 >many
    type_in '(cat many; touch read) | loginview -v 2>err'
    wait_screen '^ lines 1,000,000  '
    press q
    wait_until 10 grep -q frames err
    assert_match "$(<err)" '^loginview: 1000000 lines and [0-9]+ frames in [0-9.]+ s$'
    awk '{ exit !($5 <= 10 * $8 + 1) }' err
    # Ctrl-S stops the terminal: drawing waits, and reading goes on.
    rm read
    press C-s
    type_in '(cat many; touch read) | loginview'
    press C-q
    wait_screen '^ loginview'
    press C-s
    wait_until 20 test -e read
    press C-q
    wait_screen '^ lines 1,000,000  '
}
