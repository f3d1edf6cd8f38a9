# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/man*.bats: finds the examples of manual pages and of README.md, and runs them.
#
# In a page, an example is a command after "$ " in a literal display, continued by lines after "> ".
# The lines below it are its output. In README.md, an example is an sh block, which can be pasted as
# a whole; a text block that follows directly is its output. In the output, "..." stands for
# anything; an example without output may print anything. A comment before the display or block
# says what is special about it:
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

# The examples of one kind in a file, as lines "$ COMMAND", "> MORE" and "= OUTPUT". What is read
# from stdin is a page, or Markdown.
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
        /^\.Bd -literal/ { inside = "page"; next }
        /^```sh$/ { inside = "sh"; prompt = "$ "; next }
        /^```text$/ && after_sh { inside = "text"; next }
        inside && /^(\.Ed|```)$/ {
            after_sh = inside == "sh"
            if (!after_sh)
                this = ""
            inside = ""
            next
        }
        !inside && NF > 0 { after_sh = 0; this = "" }
        !inside || (this == "" ? "plain" : this) !~ "^" kind { next }
        inside == "sh" { print prompt $0; prompt = "> "; next }
        inside == "text" { print "= " $0; next }
        /^[$>] / { print unescape($0); next }
        { print "= " unescape($0) }'
}

# Whether the text is what an example promises, where "..." is anything.
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
        # timeout signals the whole process group, as a terminal does. It also sends SIGCONT, which
        # can stall the leak checker at the exit of a stage for ever.
        output=$(ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 timeout -s INT 2 bash -c "$2" \
            2>&1 </dev/null) || status=$?
        [ "$status" -ne 124 ] || status=0
    else
        output=$(timeout 60 bash -e -o pipefail -c "$2" 2>&1 </dev/null) || status=$?
        # A command in the pipe, such as head, may exit before it has read all its input.
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

# run_examples KIND FILE: in their order, in one directory.
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

# All examples of a file but those for a real Kafka.
run_file() {
    run_examples plain "$1"
    if has_examples endless "$1"; then
        run_examples endless "$1"
    fi
    if has_examples python3 "$1" && command -v python3 >/dev/null; then
        run_examples python3 "$1"
    fi
}

# What the examples find: records, in a file and in a topic, in any of its partitions.
prepare() {
    logingen -n 2000 --bad 1 >records.ndjson
    kcat-out -t "user-login$SUFFIX" -X sticky.partitioning.linger.ms=0 <records.ndjson
}

# Starts a broker with the usual topics, and with a first argument leaves them empty.
start_broker() {
    kcat-broker -t user-login:4 -t processed-logins:4 -t login-insights:1 -t login-rejects:1 \
        >../address 3>&- &
    BROKER=$!
    wait_until 10 test -s ../address
    BOOTSTRAP_SERVERS=$(cat ../address)
    export BOOTSTRAP_SERVERS
    [ -n "${1:-}" ] || prepare
}
