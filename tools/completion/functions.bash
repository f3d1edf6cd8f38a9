# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Completion of loginpipe's tools for bash. tools/completion/write put the tables into it.
#
# bash-completion loads this file at the first TAB after the name of a tool. Without it:
#     . loginpipe

# _loginpipe_flags[TOOL]: its options. _loginpipe_kinds["TOOL OPTION"], or ["TOOL"] for the operands: how
# an argument follows, and what completes it; tools/completion/table.awk has the list.
# TABLES

# Runs kcat-in, of the directory of the tool in the command line, with its options for the broker.
# Prints nothing that is not asked for, and gives up soon.
_loginpipe_ask() {
    local kcat_in=kcat-in

    [[ ${words[0]} != */* ]] || kcat_in=${words[0]%/*}/kcat-in
    timeout --foreground 3 "$kcat_in" "${via[@]}" "$@" </dev/null 2>/dev/null
}

# _loginpipe_names MEMBER: the topics or groups of the broker, but for those that need quotes.
_loginpipe_names() {
    _loginpipe_ask -L -J --wait 1s | sed -n 's/^{"'"$1"'":{"'"$1"'":"\([A-Za-z0-9_.,:%@+/-]*\)".*/\1/p'
}

# _loginpipe_reply KIND PREFIX VALUE: completes VALUE, which follows PREFIX in the same word.
_loginpipe_reply() {
    local kind=$1 prefix=$2 value=${3#[\"\']} list='' name
    local IFS=$' \n'

    case $kind in
    words\ *) list=${kind#words } ;;
    topic) list=$(_loginpipe_names topic) ;;
    group) list=$(_loginpipe_names group) ;;
    property)
        list=$(echo list dump; _loginpipe_ask -X list | sed -n 's/^\([a-z][a-z0-9._]*\) *|.*/\1=/p')
        ;;
    route)
        [[ $value == *=* ]] || return
        prefix=$prefix${value%%=*}= value=${value#*=}
        list=$(_loginpipe_names topic)
        ;;
    # readline does it, with quotes and ~.
    file) compopt -o default -o bashdefault ;;
    directory) compopt -o dirnames ;;
    esac
    # Not by compgen -W, which would run what it finds in a name.
    for name in $list; do
        [[ $name != "$value"* ]] || COMPREPLY+=("$prefix$name")
    done
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}

# Splits the line up to the cursor at blanks only; bash has split it at = and : too.
_loginpipe_split() {
    local rest=${COMP_LINE:0:COMP_POINT} i word

    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ "$i" -eq 0 ] || [[ $rest == [[:space:]]* ]]; then
            words+=('')
            rest=${rest#"${rest%%[![:space:]]*}"}
        fi
        [ "$i" -lt "$COMP_CWORD" ] || word=$rest
        words[${#words[@]} - 1]+=$word
        rest=${rest#"$word"}
    done
    shown=$word # the part of the last word that bash replaces
    _loginpipe_redirections
}

# Takes redirections out of words, but for the last word. redirected is not empty if that one is the file
# of a redirection.
_loginpipe_redirections() {
    local all=("${words[@]}") operator='^[0-9]*&?(<|>)[<>|&]*' i

    words=() redirected=''
    for ((i = 0; i < ${#all[@]} - 1; i++)); do
        if [ -n "$redirected" ]; then
            redirected=''
        elif [[ ${all[i]} =~ $operator ]]; then
            [ "${BASH_REMATCH[0]}" != "${all[i]}" ] || redirected=yes
        else
            words+=("${all[i]}")
        fi
    done
    words+=("${all[i]}")
    [[ ! ${all[i]} =~ $operator ]] || redirected=yes
}

# _loginpipe_option WORD: sets flag to the option in the word, value to what follows it in the word, and
# prefix to what comes before the value. how and kind are those of the option.
_loginpipe_option() {
    local word=$1 i

    how='' kind='' flag='' value='' prefix=''
    case $word in
    --*)
        flag=${word%%=*}
        [[ $word != *=* ]] || prefix=$flag= value=${word#*=}
        read -r how kind <<<"${_loginpipe_kinds["$tool $flag"]:-}"
        ;;
    -?*)
        # One letter after the other, until one takes what is left.
        for ((i = 1; i < ${#word}; i++)); do
            flag=-${word:i:1}
            read -r how kind <<<"${_loginpipe_kinds["$tool $flag"]:-}"
            if [[ $how == required || $how == pair ]]; then
                value=${word:i+1}
                [ -z "$value" ] || prefix=${word:0:i+1}
                return
            fi
        done
        ;;
    esac
}

# Keeps an option that says which broker, unless the shell has yet to expand it.
_loginpipe_keep() {
    [[ $tool == kcat-in || $tool == kcat-out ]] || return
    [[ $1 =~ ^(-b|--brokers|-F|-X)$ && $2 != *[\"\'\\\$\`]* ]] || return
    via+=("${1/--brokers/-b}" "${2/#\~\//$HOME/}")
}

# Reads the words before the last: sets waiting to the kinds of the arguments that an option still
# needs, and operands once there may be no more options.
_loginpipe_read() {
    local i

    waiting=() via=() operands=''
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        if [ ${#waiting[@]} -gt 0 ]; then
            _loginpipe_keep "$flag" "${words[i]}"
            waiting=("${waiting[@]:1}")
            continue
        fi
        [ -z "$operands" ] || continue
        _loginpipe_option "${words[i]}"
        case ${words[i]},$how,$prefix in
        --,*) operands=$((i + 1)) ;;
        *,required,) waiting=("$kind") ;;
        *,pair,) waiting=("$kind" "$kind") ;;
        *,required,*) _loginpipe_keep "$flag" "$value" ;;
        esac
    done
}

_loginpipe() {
    local tool=${1##*/} words shown redirected waiting operands via how kind flag value prefix cur head

    COMPREPLY=()
    _loginpipe_split
    [ -z "$redirected" ] || {
        compopt -o default -o bashdefault
        return
    }
    _loginpipe_read
    cur=${words[${#words[@]} - 1]}
    [ ${#waiting[@]} -gt 0 ] || _loginpipe_option "$cur"
    if [ ${#waiting[@]} -gt 0 ]; then
        _loginpipe_reply "${waiting[0]}" '' "$cur"
    elif [ -z "$operands" ] && [ -n "$prefix" ]; then
        [ "$how" = none ] || _loginpipe_reply "$kind" "$prefix" "$value"
    elif [ -z "$operands" ] && [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${_loginpipe_flags[$tool]:-}" -- "$cur")
    else
        kind=${_loginpipe_kinds[$tool]:-}
        kind=${kind#* }
        if [ "$kind" != command ]; then
            _loginpipe_reply "$kind" '' "$cur"
        elif [ "$operands" = $((${#words[@]} - 1)) ]; then
            mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        elif [ -n "$operands" ]; then
            compopt -o default -o bashdefault
        fi
    fi
    head=${cur%"$shown"}
    # A word that begins at = or : is completed from there.
    [[ $shown != [=:] ]] || head=$cur
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
}
