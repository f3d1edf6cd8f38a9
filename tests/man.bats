#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The manual pages and README.md: they are well-formed, name every option, and their examples do
# what they say.
#
# bats file_tags=long

load helpers
load man

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

@test "every tool has a page with all sections, and every page has a tool" {
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

@test "every option of every tool has an entry, and every entry an option" {
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

@test "pages refer only to existing pages of ours" {
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

@test "an example that is not run has a reason" {
    local wrong
    wrong=$(grep -nE '^(\.\\"|<!--) example' "$MAN"/*.[157] "$TOP/README.md" |
        grep -vE 'example: (kafka|endless|python3|skip: .+)( -->)?$') || true
    assert_eq "$wrong" ''
}

# --- What they say ---

@test "the examples of kcat-in(1) work" {
    start_broker
    run_file "$MAN/kcat-in.1"
}

@test "the examples of kcat-out(1) work" {
    start_broker
    run_file "$MAN/kcat-out.1"
}

@test "the examples of kcat-broker(1) work" {
    run_file "$MAN/kcat-broker.1"
}

@test "the examples of loginclean(1) work" {
    run_file "$MAN/loginclean.1"
}

@test "the examples of loginagg(1) work" {
    start_broker
    run_file "$MAN/loginagg.1"
}

@test "the examples of logingen(1) work" {
    start_broker
    run_file "$MAN/logingen.1"
}

@test "the examples of loginmarks(1) work" {
    start_broker
    run_file "$MAN/loginmarks.1"
}

@test "the examples of loginpipe(1) work" {
    start_broker
    run_file "$MAN/loginpipe.1"
}

@test "the examples of loginreport(1) work" {
    start_broker
    run_file "$MAN/loginreport.1"
}

@test "the examples of loginresend(1) work" {
    run_file "$MAN/loginresend.1"
}

@test "the examples of loginview(1) work" {
    run_file "$MAN/loginview.1"
}

@test "the examples of loginpipe-stream(5) work" {
    start_broker
    run_file "$MAN/loginpipe-stream.5"
}

@test "the tutorial of loginpipe(7) works" {
    start_broker empty
    run_file "$MAN/loginpipe.7"
}

@test "the examples of README.md work" {
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
