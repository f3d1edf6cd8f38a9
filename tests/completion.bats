#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion in bash, zsh and fish, at the key TAB.

load helpers

setup() {
    begin
    completion=$BUILD_DIR/completion
    table=$BATS_TEST_DIRNAME/../tools/completion/table.awk
    tools=()
    for file in "$completion"/fish/*.fish; do tools+=("$(basename "$file" .fish)"); done
}

# need_shells SHELL...
need_shells() {
    for shell; do
        command -v "$shell" >/dev/null || [ "${CI:-}" = true ] || skip "$shell is not installed"
    done
}

# completed SHELL LINE: the words of the line, in which each \t is the key TAB. What is on the screen goes to
# the file screen.
completed() {
    timeout 60 "$BATS_TEST_DIRNAME/completion/press" "$1" "$completion" "$(printf %b "$2")" >screen
    tail -n 1 screen
}

# completes SHELL LINE WORDS
completes() {
    assert_eq "$1: $(completed "$1" "$2")" "$1: $3" || {
        cat screen >&2
        return 1
    }
}

# options_of TOOL: what its completion should offer, from --help.
options_of() {
    "$1" --help | awk -v tool="$1" -f "$table" |
        awk -F '\t' '$2 != "" {print "-" $2} $3 != "" {print "--" $3}' | sort
}

# --- Options ---

@test "completion is there for every tool" {
    for file in "$BUILD_DIR"/*; do
        case $file in
        *.so | *.a) continue ;;
        esac
        [ ! -f "$file" ] || [ ! -x "$file" ] || basename "$file"
    done | sort >built
    assert_eq "$(printf '%s\n' "${tools[@]}" | sort)" "$(<built)"
    [ "${#tools[@]}" -ge 9 ]
    assert_eq "$(sed -n '1s/#compdef //p' "$completion/zsh/_loginpipe" | tr ' ' '\n' | sort)" "$(<built)"
    assert_eq "$(sed -n 's/^complete -F _loginpipe //p' "$completion/bash/loginpipe" | tr ' ' '\n' | sort)" \
        "$(<built)"
}

@test "the table for completion has every option of --help" {
    for tool in "${tools[@]}"; do
        "$tool" --help | sed '/^Environment:/,$d' | grep -oE '^  (-[A-Za-z]|   )?,? *(--[a-z-]+)?' |
            grep -oE -e '--?[A-Za-z-]+' | sort >want
        [ -s want ]
        assert_eq "$tool $(options_of "$tool")" "$tool $(<want)"
    done
}

@test "bash offers every option of every tool" {
    cat >offers <<'END'
. "$1"
COMP_LINE="$2 -" COMP_POINT=${#COMP_LINE} COMP_WORDS=("$2" -) COMP_CWORD=1
_loginpipe "$2"
printf '%s\n' "${COMPREPLY[@]}"
END
    for tool in "${tools[@]}"; do
        assert_eq "$tool $(bash offers "$completion/bash/loginpipe" "$tool" | sort)" \
            "$tool $(options_of "$tool")"
    done
}

@test "zsh offers every option of every tool" {
    for tool in "${tools[@]}"; do
        assert_eq "$tool $(sed -n "/^$tool)/,/;;/p" "$completion/zsh/_loginpipe" |
            sed -nE "s/^        '\*(--?[A-Za-z-]+).*/\1/p" | sed 's/-$//' | sort)" "$tool $(options_of "$tool")"
    done
}

@test "fish offers every option of every tool" {
    need_shells fish
    for tool in "${tools[@]}"; do
        fish --no-config -c ". $completion/fish/$tool.fish; complete -C '$tool -'" |
            sed 's/=*\t.*//' | sort -u >got
        assert_eq "$tool $(<got)" "$tool $(options_of "$tool")"
    done
}

@test "the tools accept each word that completion offers for an argument" {
    for tool in "${tools[@]}"; do
        "$tool" --help | awk -v tool="$tool" -f "$table" |
            awk -F '\t' '$5 ~ /^words / {sub(/^words /, "", $5)
                print $3 != "" ? "--" $3 "=" : "-" $2, $5}' >options
        while read -r option words; do
            for word in $words; do
                # Without a broker and a topic nothing more happens. -c 1 is for those that need none.
                run timeout 10 "$tool" "$option$word" --no-such-option </dev/null
                assert_eq "$output" "$tool: --no-such-option: unknown or ambiguous option (see $tool --help)"
                echo "$word" >>words
            done
        done <options
    done
    for word in ns lz4 tagged stored avro; do grep -qx "$word" words; done
}

# --- Keys ---

each_shell_completes() {
    need_shells bash zsh fish
    for shell in bash zsh fish; do completes "$shell" "$@"; done
}

@test "TAB completes names of options and their fixed words" {
    each_shell_completes 'kcat-out --exactly\t-zl\t--time-unit=m\t' \
        '{kcat-out}{--exactly-once}{-zlz4}{--time-unit=ms}'
}

@test "TAB completes files and directories where an option or a tool takes them" {
    mkdir in-dir
    touch 'in file' in.schema
    each_shell_completes 'kcat-out --schema=in.\tin\\ f\t' '{kcat-out}{--schema=in.schema}{in file}'
    for shell in bash zsh fish; do
        assert_match "$(completed "$shell" 'loginagg --state in\t')" '^\{loginagg\}\{--state\}\{in-dir/?\}$'
    done
}

@test "TAB completes files behind < and >" {
    need_shells bash zsh fish
    touch records
    for shell in bash zsh fish; do
        # printf takes < as loginclean would.
        completes "$shell" 'loginclean <rec\t 2> rec\t --can\t' '{loginclean}{--canonical}'
        grep -qE '<records' screen
        grep -qE '2> records' screen
    done
}

@test "TAB completes nothing where only the user knows what to write" {
    touch 1file
    each_shell_completes 'logingen -n 1\t' '{logingen}{-n}{1}'
    each_shell_completes 'loginclean --arg 1\t' '{loginclean}{--arg}{1}'
}

@test "TAB completes the command of kcat-broker" {
    each_shell_completes 'kcat-broker -t x -- loginclea\t' '{kcat-broker}{-t}{x}{--}{loginclean}'
}

@test "TAB completes the names of settings" {
    each_shell_completes 'kcat-in -X sasl.pas\t' '{kcat-in}{-X}{sasl.password=}'
}

# --- Names that the broker knows ---

start_broker() {
    start kcat-broker -t user-login -t login-rejects >address
    wait_until 20 test -s address
}

@test "TAB completes topics, as operands, as arguments and in routes" {
    start_broker
    export BOOTSTRAP_SERVERS
    BOOTSTRAP_SERVERS=$(<address)
    each_shell_completes 'kcat-in user\t-tlogin\t' '{kcat-in}{user-login}{-tlogin-rejects}'
    each_shell_completes 'kcat-out --route reject=login\t' '{kcat-out}{--route}{reject=login-rejects}'
}

@test "TAB asks the broker that the options of the command line name" {
    start_broker
    echo "bootstrap.servers=$(<address)" >conf
    each_shell_completes "kcat-in -b $(<address) user\\t" "{kcat-in}{-b}{$(<address)}{user-login}"
    each_shell_completes 'kcat-out -F conf --topic=user\t' '{kcat-out}{-F}{conf}{--topic=user-login}'
}

@test "TAB is silent if no broker is configured, or none answers" {
    each_shell_completes 'kcat-in user\t' '{kcat-in}{user}'
    for shell in bash zsh fish; do
        completes "$shell" 'kcat-in -b 127.0.0.1:9 user\t' '{kcat-in}{-b}{127.0.0.1:9}{user}'
        run ! grep -qE 'reachable|kcat-in:' screen
    done
}

# fake_group NAME: stands in for a cluster with this group, and keeps what it is asked in the file asked.
fake_group() {
    mkdir -p bin
    cat >bin/kcat-in <<END
#!/bin/sh
echo "\$@" >>asked
echo '{"group":{"group":"$1","state":"Stable"}}'
END
    chmod +x bin/kcat-in
    PATH=$PWD/bin:$PATH
}

@test "TAB completes groups" {
    fake_group login-workers
    each_shell_completes 'kcat-in -G login\t--group=login\t' '{kcat-in}{-G}{login-workers}{--group=login-workers}'
}

@test "TAB runs nothing that stands in the name of a group or on the command line" {
    # shellcheck disable=SC2016 # nothing may expand these
    fake_group 'login-$(>ran)'
    need_shells bash zsh fish
    for shell in bash zsh fish; do
        completed "$shell" 'kcat-in -G login\t'
        [ ! -e ran ]
    done
    for shell in bash zsh fish; do
        # shellcheck disable=SC2016
        completed "$shell" 'kcat-in -b $(echo x) -G login\t'
    done
    assert_eq "$(sort -u asked)" '-L -J --wait 1s'
}
