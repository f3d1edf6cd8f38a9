# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginclean*.bats: the record to begin with, changes to it, and what to expect.

setup() {
    begin
    good_records >good
    changes= # of expect, not yet made
}

# expect REASON FIELD JQ: adds a record changed by jq to the file in, and its reject to the file want.
expect() {
    changes+="${changes:+, }($3)"
    echo "$1 $2" >>want
}

make_changes() {
    [ -z "$changes" ] || record_with "$changes" >>in
    changes=
}

# expect_line REASON FIELD LINE: the same for a line that jq cannot write.
expect_line() {
    make_changes
    printf '%s\n' "$3" >>in
    echo "$1 $2" >>want
}

# texts WORD...: a jq program whose outputs are these strings.
texts() {
    local all

    all=$(printf '"%s", ' "$@")
    echo "(${all%, })"
}

# assert_rejected [OPTION]...: loginclean rejects all lines of the file in as want says, and keeps their
# bytes.
assert_rejected() {
    make_changes
    rm -f rejects
    loginclean --rejects rejects "$@" <in >out
    jq -r '.reject + " " + (.field // "-")' rejects >got
    diff want got
    assert_eq "$(<out)" ""
    jq -r .raw rejects | cmp in
}

# assert_passes [OPTION]...: loginclean passes all lines of the file in unchanged.
assert_passes() {
    loginclean "$@" <in >out
    cmp in out
}

# long_record BYTES: a good record with that many more bytes.
long_record() {
    printf '{"extra":"%s",' "$(head -c "$1" /dev/zero | tr '\0' x)"
    head -n 1 good | cut -c 2-
}

# many COUNT: COUNT good records.
many() {
    yes "$(head -n 1 good)" | head -n "$1"
}
