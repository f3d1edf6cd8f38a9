# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginagg*.bats: records of given times, and the windows and numbers in the output.

# at TIME...: records with these times in seconds, of the users u1, u2 and so on.
at() {
    local n=0 time

    for time; do
        n=$((n + 1))
        echo "{\"timestamp\":$time,\"user_id\":\"u$n\"}"
    done
}

# windows_of [FILE]: start, logins and late of each final window.
windows_of() {
    jq -r 'select(.insight == "logins" and .final)
        | [(.window.start // "-----------all")[11:19], .logins, .late] | join(" ")' "$@"
}

# Prints each number in its shortest form: 1.50 becomes 1.5. From version 1.7 on, jq keeps the digits
# of a number with which a program does not calculate.
short_numbers() {
    jq -c 'walk(if type == "number" then . * 1 else . end)'
}
