# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of loginpipe's tools for zsh. tools/completion/write put the tables into it. It belongs into
# a directory of $fpath.

# Runs kcat-in, of the directory of the tool in the command line, with its options for the broker.
# Prints nothing that is not asked for, and gives up soon.
_loginpipe_ask() {
    local kcat_in=kcat-in via=() word option value i

    [[ $_loginpipe_command != */* ]] || kcat_in=${_loginpipe_command:h}/kcat-in
    if [[ ${_loginpipe_command:t} == kcat-(in|out) ]]; then
        for ((i = 1; i < CURRENT; i++)); do
            word=$words[i] option='' value=''
            case $word in
            -b | --brokers | -F | -X) option=${word/--brokers/-b} value=${words[i + 1]} ;;
            --brokers=*) option=-b value=${word#*=} ;;
            -[bFX]?*) option=${word[1,2]} value=${word[3,-1]} ;;
            esac
            # What the shell has yet to expand is left out.
            [[ -n $option && $value != *[\$\`]* ]] || continue
            via+=($option "${${(Q)value}/#\~\//$HOME/}")
        done
    fi
    timeout --foreground 3 $kcat_in $via "$@" </dev/null 2>/dev/null
}

# _loginpipe_names MEMBER ARGUMENT...: the topics or groups of the broker.
_loginpipe_names() {
    local member=$1 names
    shift
    names=(${(f)"$(_loginpipe_ask -L -J --wait 1s | sed -n 's/^{"'$member'":{"'$member'":"\([^"\\]*\)".*/\1/p')"})
    _wanted ${member}s expl $member compadd "$@" -a - names
}

_loginpipe_topic() { _loginpipe_names topic "$@" }
_loginpipe_group() { _loginpipe_names group "$@" }

# KEY=TOPIC
_loginpipe_route() {
    compset -P '*=' && _loginpipe_names topic "$@"
}

_loginpipe_property() {
    local names expl

    compset -P '*=' && return
    names=(${(f)"$(_loginpipe_ask -X list | sed -n 's/^\([a-z][a-z0-9._]*\) *|.*/\1/p')"})
    _wanted words expl word compadd "$@" - list dump
    _wanted settings expl setting compadd "$@" -S = -a - names
}

local specs _loginpipe_command=$words[1] expl
# TABLES
_arguments -s -S : $specs
