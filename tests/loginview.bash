# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginview*.bats: a few insights, and a terminal to look at.

# login HOUR USER IP TYPE COUNT: records of one user in an hour of 2023-09-12.
login() {
    local i

    for ((i = 0; i < $5; i++)); do
        printf '{"timestamp":%d,"user_id":"%s","ip":"%s","device_type":"%s"}\n' \
            $((1694476800 + $1 * 3600 + i)) "$2" "$3" "$4"
    done
}

# Insights about two hours and, after a gap, a third one; and four rejects.
insights() {
    {
        login 0 ann 192.0.2.1 android 6
        login 0 ann 192.0.2.2 android 2
        login 0 ben 192.0.2.3 iOS 4
        login 1 ben 192.0.2.3 iOS 3
        login 4 ann 192.0.2.1 android 3
        login 4 ben 192.0.2.4 iOS 2
        login 4 ben 192.0.2.5 web 1
        echo '{"user_id":"x"}'
    } | loginagg -w 1h --count device_type --count user_id --distinct ip/user_id --duplicates user_id,ip \
        --every 0 --rejects -
    echo '{"reject":"bad_ip","field":"ip","stage":"loginclean","raw":"1"}'
    echo '{"reject":"bad_ip","field":"ip","stage":"loginclean","raw":"2"}'
    echo '{"reject":"not_json","stage":"loginclean","raw":"3"}'
}

# --- A terminal ---

# tmux without the user's settings. Each test has a server of its own.
terminal() {
    tmux -L "loginview-$$-$BATS_TEST_NUMBER" -f /dev/null "$@"
}

# open_terminal [WIDTH HEIGHT]: with a shell in it.
open_terminal() {
    terminal new-session -d -x "${1:-80}" -y "${2:-24}" \
        "PS1='> ' exec bash --norc --noprofile" 3>&- 4>&- 5>&-
    wait_until 10 screen_has '^>'
}

close_terminal() {
    terminal kill-server 2>/dev/null || true
}

# type_in TEXT: into the shell, with Enter.
type_in() {
    terminal send-keys -l "$1"
    terminal send-keys Enter
}

# press KEY...: as tmux names them: Up, q, C-z.
press() {
    terminal send-keys "$@"
}

# What the terminal shows, as text, and with escapes for its colours.
screen() {
    terminal capture-pane -p
}

coloured_screen() {
    terminal capture-pane -pe
}

screen_has() {
    screen >screen.now
    grep -qE -- "$1" screen.now
}

# wait_screen REGEX: until a line of the screen matches. Otherwise shows what is there.
wait_screen() {
    local i

    for ((i = 0; i < 200; i++)); do
        ! screen_has "$1" || return 0
        sleep 0.05
    done
    echo "not on the screen: $1" >&2
    cat screen.now >&2
    return 1
}
