#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The manual pages and README.md: they are well-formed, name every option, and their examples do
# what they say.
#
# In a page, an example is a command after "$ " in a literal display, continued by lines after "> ".
# The lines below it are its output. In README.md, an example is an sh block, which can be pasted as
# a whole; a text block that follows directly is its output. In the output, "..." stands for
# anything; an example without output may print anything. A comment before the display or block
# says what is special about it:
#
#     .\" example: kafka           it needs a real Kafka
#     .\" example: endless         it is stopped after a while, by SIGINT
#     .\" example: python3         it needs that, and is left out where it is missing
#     .\" example: skip: WHY       it cannot be run here
#
# In README.md that is <!-- example: ... -->.

load helpers

TOP=$BATS_TEST_DIRNAME/..
MAN=$TOP/man

setup() {
    mkdir "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work" || return 1
    BROKER=
    SUFFIX= # of topics that others may use too
}

teardown() {
    [ -z "$BROKER" ] || kill "$BROKER"
}

# --- Examples ---

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
        # timeout signals the whole process group, as a terminal does.
        output=$(timeout -s INT 2 bash -c "$2" 2>&1 </dev/null) || status=$?
        [ "$status" -ne 124 ] || status=0
    else
        output=$(timeout 60 bash -e -o pipefail -c "$2" 2>&1 </dev/null) || status=$?
        # Somebody in the pipe, such as head, has seen enough.
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

# --- Form ---

need_mandoc() {
    command -v mandoc >/dev/null && return
    [ "${CI:-}" = true ] || skip "mandoc is not installed"
    echo "with CI=true mandoc must be there" >&2
    return 1
}

# The options that a tool lists, one a line: -x and --name.
options_of_help() {
    "$1" --help | sed -nE 's/^ +(-.*)/\1/p' | sed -E 's/ {2,}.*//' |
        grep -oE -e '(^|, )--?[A-Za-z][a-z-]*' | sed 's/^, //' | sort -u
}

# The options that have an entry in its page.
options_of_page() {
    grep -E '^\.It .*Fl' "$1" | grep -oE 'Fl -?[A-Za-z][a-z-]*' |
        sed -E 's/^Fl /-/' | grep -vx -e -Ns | sort -u
}

@test "every page is clean mdoc" {
    need_mandoc
    mandoc -Tlint -W warning "$MAN"/*.[157]
}

@test "every tool has a page with all sections, every page a tool" {
    local page section
    for page in "$MAN"/*.1; do
        command -v "$(basename "$page" .1)" >/dev/null || {
            echo "no tool for $page" >&2
            return 1
        }
        for section in NAME SYNOPSIS DESCRIPTION ENVIRONMENT 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
            grep -qx "\.Sh $section" "$page" || {
                echo "$page: no section $section" >&2
                return 1
            }
        done
    done
    for page in "$BUILD_DIR"/*; do
        [ ! -f "$page" ] || [ ! -x "$page" ] || [[ $page == *.so ]] ||
            [ -f "$MAN/$(basename "$page").1" ] || {
            echo "no page for $page" >&2
            return 1
        }
    done
}

@test "every option of every tool has its entry, and no entry is of another" {
    local page tool
    for page in "$MAN"/*.1; do
        tool=$(basename "$page" .1)
        options_of_help "$tool" >in-help
        options_of_page "$page" >in-page
        [ "$(wc -l <in-help)" -ge 8 ]
        diff in-help in-page >differences || {
            echo "$tool: only in --help (<), only in the page (>):" >&2
            cat differences >&2
            return 1
        }
    done
}

@test "pages refer only to pages of ours that there are" {
    local name section
    while read -r name section; do
        case $name.$section in
        login* | kcat-*) [ -f "$MAN/$name.$section" ] || {
            echo "no page $name($section)" >&2
            return 1
        } ;;
        esac
    done < <(sed -nE 's/^\.(It )?Xr ([^ ]+) ([0-9]).*/\2 \3/p' "$MAN"/*.[157])
}

@test "every page lists every other page under SEE ALSO" {
    local page other listed
    for page in "$MAN"/*.[157]; do
        listed=" $(sed -nE '/^\.Sh SEE ALSO/,$s/^\.Xr ([^ ]+) ([0-9]).*/\1.\2/p' "$page" | xargs) "
        for other in "$MAN"/*.[157]; do
            [ "$page" = "$other" ] || [[ $listed == *" ${other##*/} "* ]] || {
                echo "$page: does not list ${other##*/}" >&2
                return 1
            }
        done
    done
}

@test "an example that is not run says why" {
    local wrong
    wrong=$(grep -nE '^(\.\\"|<!--) example' "$MAN"/*.[157] "$TOP/README.md" |
        grep -vE 'example: (kafka|endless|python3|skip: .+)( -->)?$') || true
    assert_eq "$wrong" ''
}

# --- What they say ---

@test "the examples of kcat-in(1) do what they say" {
    start_broker
    run_file "$MAN/kcat-in.1"
}

@test "the examples of kcat-out(1) do what they say" {
    start_broker
    run_file "$MAN/kcat-out.1"
}

@test "the examples of kcat-broker(1) do what they say" {
    run_file "$MAN/kcat-broker.1"
}

@test "the examples of loginclean(1) do what they say" {
    run_file "$MAN/loginclean.1"
}

@test "the examples of loginagg(1) do what they say" {
    start_broker
    run_file "$MAN/loginagg.1"
}

@test "the examples of logingen(1) do what they say" {
    start_broker
    run_file "$MAN/logingen.1"
}

@test "the examples of loginmarks(1) do what they say" {
    start_broker
    run_file "$MAN/loginmarks.1"
}

@test "the examples of loginpipe(1) do what they say" {
    start_broker
    run_file "$MAN/loginpipe.1"
}

@test "the examples of loginpipe-stream(5) do what they say" {
    start_broker
    run_file "$MAN/loginpipe-stream.5"
}

@test "the tutorial of loginpipe(7) does what it says" {
    start_broker empty
    run_file "$MAN/loginpipe.7"
}

@test "the examples of README.md do what they say" {
    start_broker empty
    run_file "$TOP/README.md"
}

# README.md breaks the lines that it shows, so they are compared as JSON.
@test "the record, the reject and the insight in README.md are real" {
    logingen -n 2000 --bad 1 >records
    loginclean --canonical --rejects - <records |
        loginagg --tee --every 0 --rejects - >lines
    awk '/^```/ { inside = $0 == "```json"; next } inside' "$TOP/README.md" | jq -c . >shown
    assert_eq "$(wc -l <shown)" 3
    jq -c . lines | grep -Fxf shown | sort -u >found
    sort shown | diff - found
}

@test "the examples for a real Kafka do what they say" {
    local file
    need_kafka
    SUFFIX=-$RANDOM
    create_topic "user-login$SUFFIX" 4
    create_topic "login-insights$SUFFIX"
    prepare
    for file in "$MAN"/*.[157] "$TOP/README.md"; do
        if has_examples kafka "$file"; then
            run_examples kafka "$file"
        fi
    done
}
