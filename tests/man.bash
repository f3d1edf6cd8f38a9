# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/man*.bats: finds the examples of manual pages and of README.md, and runs them.
#
# An example is a command behind "$ " in a literal display of a page's EXAMPLES or tutorial, or in
# a console block of README.md, with lines behind "> " that continue it. Below it stands what it
# prints; "..." there stands for any text. An example with nothing below it may print anything. A
# comment before the display says what is special about it:
#
#     .\" example: kafka           it needs a real Kafka
#     .\" example: endless         it is stopped after a while, by SIGINT
#     .\" example: python3         it needs python3, and is left out where that is missing
#     .\" example: skip: WHY       it cannot be run here
#
# In README.md that is <!-- example: ... -->.

TOP=$BATS_TEST_DIRNAME/..
MAN=$TOP/man

setup() {
    begin
    mkdir work
    cd work || return 1
    BROKER=
    SUFFIX= # of topics that others may use too
}

teardown() {
    [ -z "$BROKER" ] || kill "$BROKER"
}

# examples KIND <page or Markdown: its examples of a kind, as lines "$ COMMAND", "> MORE" and
# "= OUTPUT".
examples() {
    awk -v kind="$1" '
        function unescape(line) {
            gsub(/\\&/, "", line)
            gsub(/\\e/, "\\", line)
            return line
        }
        /^(\.\\"|<!--) example: / {
            sub(/^[^:]*: /, "")
            sub(/ -->$/, "")
            this = $0
            next
        }
        /^(\.Bd -literal|```console)/ { inside = 1; next }
        inside && /^(\.Ed|```)$/ { inside = 0; this = ""; next }
        !inside || (this == "" ? "plain" : this) !~ "^" kind { next }
        /^[$>] / { print unescape($0); next }
        { print "= " unescape($0) }'
}

# is_promised TEXT PROMISE: the text is the promised one, in which "..." stands for any text.
is_promised() {
    local rest=$1 promise=$2 part first=1

    [ -n "$promise" ] || return 0
    while [[ $promise == *...* ]]; do
        part=${promise%%...*}
        promise=${promise#*...}
        [[ $rest == *"$part"* ]] || return 1
        [ -z "$first" ] || [[ $rest == "$part"* ]] || return 1
        rest=${rest#*"$part"}
        first=
    done
    [[ $rest == *"$promise" ]] && { [ -z "$first" ] || [ "$rest" = "$promise" ]; }
}

# run_example KIND COMMAND PROMISE
run_example() {
    local status=0 output before after

    before=$(ls -l --time-style=full-iso)
    if [ "$1" = endless ]; then
        # timeout signals the whole process group, as a terminal does.
        output=$(timeout -s INT 2 bash -c "$2" 2>&1 </dev/null) || status=$?
        [ "$status" -ne 124 ] || status=0
    else
        output=$(timeout 60 bash -o pipefail -c "$2" 2>&1 </dev/null) || status=$?
        # A stage such as head has exited before its input ended.
        [ "$status" -ne 141 ] || status=0
    fi
    after=$(ls -l --time-style=full-iso)
    if [ "$status" -ne 0 ]; then
        printf 'exit status %s of: %s\n%s\n' "$status" "$2" "$output" >&2
        return 1
    fi
    if ! is_promised "$output" "$3"; then
        printf 'the example: %s\npromises:\n%s\nbut prints:\n%s\n' "$2" "$3" "$output" >&2
        return 1
    fi
    if [ -z "$output" ] && [ "$before" = "$after" ] && [[ ! $2 =~ kcat-out|loginpipe ]]; then
        printf 'nothing printed, no file or topic written by: %s\n' "$2" >&2
        return 1
    fi
}

# run_examples KIND FILE: runs them in order, in one directory.
run_examples() {
    local kind=$1 file=$2 line topic command='' promise='' count=0

    while IFS= read -r line; do
        for topic in user-login new-logins login-insights login-partials; do
            line=${line//$topic/$topic$SUFFIX}
        done
        case $line in
        '$ '* | end)
            if [ -n "$command" ]; then
                run_example "$kind" "$command" "$promise" || return
                count=$((count + 1))
            fi
            command=${line#??}
            promise=
            ;;
        '> '*) command+=$'\n'${line#??} ;;
        '= '*) promise+=${promise:+$'\n'}${line#??} ;;
        esac
    done < <(examples "$kind" <"$file" && echo end)
    [ "$count" -gt 0 ] || {
        echo "no examples of kind $kind in $file" >&2
        return 1
    }
}

# has_examples KIND FILE
has_examples() {
    grep -qE "^(\.\\\\\"|<!--) example: $1" "$2"
}

# run_file FILE: runs all of its examples that need no real Kafka.
run_file() {
    run_examples plain "$1"
    if has_examples endless "$1"; then
        run_examples endless "$1"
    fi
    if has_examples python3 "$1" && command -v python3 >/dev/null; then
        run_examples python3 "$1"
    fi
}

# Makes the records that the examples use, in a file and in all partitions of a topic.
prepare() {
    logingen -n 2000 --bad 1 >records.ndjson
    kcat-out -t "user-login$SUFFIX" -X sticky.partitioning.linger.ms=0 <records.ndjson
}

# start_broker [empty]: starts a broker with the usual topics, and fills them unless told otherwise.
start_broker() {
    kcat-broker -t user-login:4 -t processed-logins:4 -t login-insights:1 -t login-rejects:1 \
        >../address 3>&- &
    BROKER=$!
    wait_until 10 test -s ../address
    BOOTSTRAP_SERVERS=$(cat ../address)
    export BOOTSTRAP_SERVERS
    [ -n "${1:-}" ] || prepare
}
