#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The command lines of all tools: the same general options, and the manual describes every option.

load helpers

setup() {
    begin
    tools=()
    for file in "$BUILD_DIR"/*; do
        case $file in
        *.so | *.a) ;;
        *) [ ! -f "$file" ] || [ ! -x "$file" ] || tools+=("$(basename "$file")") ;;
        esac
    done
    [ "${#tools[@]}" -ge 6 ]
}

# each_tool FUNCTION: calls it for every tool, and fails at the end if any call failed.
each_tool() {
    local tool failed=0

    for tool in "${tools[@]}"; do
        "$1" "$tool" || {
            echo "in $tool" >&2
            failed=1
        }
    done
    [ "$failed" -eq 0 ]
}

# The flags that --help lists: those at the left, up to its last part about the environment.
flags_of_help() {
    "$1" --help | sed '/^Environment:/,$d' |
        sed -nE 's/^  (-[A-Za-z])?(, )? *(--[a-z-]+)?( .*|\[.*|$)/\1 \3/p' | tr -s ' ' '\n' |
        grep .
}

# The flags that the manual page describes, each an item of a list.
flags_of_manual() {
    sed -n 's/^\.It //p' "$BATS_TEST_DIRNAME/../man/$1.1" |
        grep -oE '(^|[ ,])Fl [^ ]+' | sed -E 's/.*Fl /-/' | grep -vx -e -Ns
}

help_is_printed() {
    "$1" --help >long 2>err && [ ! -s err ] || return
    "$1" -h | cmp - long || return
    assert_match "$(head -n 1 long)" "^Usage: $1 " || return
    assert_eq "$(flags_of_help "$1" | sort | uniq -d)" '' || return
    for flag in -h --help -V --version -q --quiet -v --verbose; do
        flags_of_help "$1" | grep -qxe "$flag" || {
            echo "no $flag in --help" >&2
            return 1
        }
    done
}

@test "--help and -h print the usage and the options, and exit with 0" {
    each_tool help_is_printed
}

help_is_wide_as_a_page() {
    assert_eq "$("$1" --help | grep -E '^.{101}')" ''
}

@test "--help fits into a hundred columns" {
    each_tool help_is_wide_as_a_page
}

# Whether a tool accepts a flag, which means that it does not complain about an unknown option.
knows() {
    local said

    case $2 in
    -h | --help | -V | --version) return 0 ;; # these end it at once
    esac
    # Up to two arguments follow, and then a flag that no tool has, so that the tool never starts to
    # work.
    said=$(timeout 10 "$1" "$2" x y --no-such-flag </dev/null 2>&1) && return 1
    ! [[ $said == *": $2: unknown"* ]]
}

flags_are_known() {
    for flag in $(flags_of_help "$1"); do
        knows "$1" "$flag" || {
            echo "--help lists $flag, but the tool does not know it" >&2
            return 1
        }
    done
}

@test "every tool accepts each option in its --help" {
    each_tool flags_are_known
}

manual_has_all_flags() {
    local missing

    [ -e "$BATS_TEST_DIRNAME/../man/$1.1" ] || {
        echo "no man/$1.1" >&2
        return 1
    }
    missing=$(comm -23 <(flags_of_help "$1" | sort -u) <(flags_of_manual "$1" | sort -u))
    assert_eq "$missing" ''
}

@test "the manual page of every tool describes each option" {
    each_tool manual_has_all_flags
}

manual_has_no_other_flags() {
    local more

    more=$(comm -13 <(flags_of_help "$1" | sort -u) <(flags_of_manual "$1" | sort -u))
    assert_eq "$more" ''
}

@test "the manual page of every tool describes no other option" {
    each_tool manual_has_no_other_flags
}

version_is_printed() {
    "$1" --version >long 2>err && [ ! -s err ] || return
    assert_match "$(head -n 1 long)" "^$1 \\(loginpipe\\) [0-9]+\\.[0-9]+\\.[0-9]+$" || return
    "$1" -V | cmp - long
}

@test "--version and -V print the same version for all tools" {
    each_tool version_is_printed
    for tool in "${tools[@]}"; do
        "$tool" -V | head -n 1 | sed 's/.* //'
    done | sort -u >versions
    assert_eq "$(wc -l <versions)" 1
}

version_names_libraries() {
    local library

    for library in librdkafka libjq simdjson libcurl; do
        if ldd "$(type -P "$1")" | grep -q "$library\\.so"; then
            "$1" --version | grep -qE "^$library [0-9]+\\.[0-9]+[^ ]*( \\(when built\\))?\$"
        else
            ! "$1" --version | grep -q "^$library"
        fi || {
            echo "--version is wrong about $library" >&2
            return 1
        }
    done
}

@test "--version names the libraries that a tool uses, with their versions" {
    each_tool version_names_libraries
    assert_match "$(kcat-in --version)" \
        "librdkafka $(kcat -V | sed -nE 's/.*librdkafka ([0-9.]+[0-9]).*/\1/p')"
}

# ends_with STATUS TOOL ARGUMENT...: it exits with STATUS and a message of one line.
ends_with() {
    local status=0

    "${@:2}" </dev/null >out 2>err || status=$?
    assert_eq "status $status, $(wc -l <err) lines" "status $1, 1 lines" || {
        cat err >&2
        return 1
    }
    assert_match "$(<err)" "^$2: " && assert_eq "$(<out)" ''
}

@test "unknown options are one-line usage errors" {
    unknown() {
        ends_with 64 "$1" --no-such-option && grep -q -e '--no-such-option' err &&
            ends_with 64 "$1" -Y && grep -q -e '-Y' err &&
            ends_with 64 "$1" --no-such-option=value &&
            ends_with 64 "$1" --version=1
    }
    each_tool unknown
}

@test "an option without its argument is a usage error" {
    without_argument() {
        local flag

        # It is the last one, so that no other word can be its argument.
        flag=$("$1" --help | sed -nE 's/^ .*(--[a-z-]+) [A-Z].*/\1/p' | head -n 1)
        [ -z "$flag" ] || ends_with 64 "$1" "$flag"
    }
    each_tool without_argument
}

full_disk_is_seen() {
    local status=0

    "$1" "$2" >/dev/full 2>err || status=$?
    assert_eq "$2 ends with $status" "$2 ends with 74" &&
        assert_match "$(<err)" "^$1: stdout: " &&
        assert_eq "$(wc -l <err)" 1
}

@test "on a full disk --help and --version exit with 74 and one line" {
    both() {
        full_disk_is_seen "$1" --help && full_disk_is_seen "$1" --version
    }
    each_tool both
}

@test "numbers, sizes, durations and shares are checked against their bounds" {
    for bad in '' x -1 1.5 1kB 18446744073709551616 99999999999G; do
        ends_with 64 loginclean --max-line="$bad"
        ends_with 64 loginagg --top="$bad"
        ends_with 64 logingen -n "$bad"
    done
    ends_with 64 loginclean --max-line 0
    for bad in '' x -1s 1.5h 1y 99999999999w; do
        ends_with 64 loginagg --lateness="$bad"
        ends_with 64 logingen -n 1 --span="$bad"
    done
    for bad in '' x -0.1 100.1 nan inf 50%; do
        ends_with 64 logingen --bad="$bad"
    done
}

@test "unambiguous abbreviations of options are accepted" {
    ends_with 64 loginclean --ca --nope
    grep -q -e '--nope: unknown' err
    ends_with 64 loginclean --re=x
    grep -q -e '--re' err
}
