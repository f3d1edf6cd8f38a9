# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of one of loginpipe's tools for fish. tools/completion/write made it.

# Runs kcat-in, of the directory of the tool in the command line, with its options for the broker.
# Prints nothing that is not asked for, and gives up soon.
function __loginpipe_ask
    set -l words (commandline -opc)
    set -l kcat_in kcat-in
    set -l via
    if string match -q '*/*' -- $words[1]
        set kcat_in (path dirname -- $words[1])/kcat-in
    end
    if string match -qr '(^|/)kcat-(in|out)$' -- $words[1]
        for i in (seq 2 (count $words))
            set -l option
            set -l value
            switch $words[$i]
                case -b --brokers -F -X
                    set option (string replace -- --brokers -b $words[$i])
                    set value $words[(math $i + 1)]
                case '--brokers=*'
                    set option -b
                    set value (string replace -- --brokers= '' $words[$i])
                case '-b*' '-F*' '-X*'
                    set option (string sub -l 2 -- $words[$i])
                    set value (string sub -s 3 -- $words[$i])
            end
            # What the shell has yet to expand is left out.
            if test -n "$option" -a -n "$value"; and not string match -qr '[$(\'"\\\\]' -- $value
                set -a via $option (string replace -r '^~/' "$HOME/" -- $value)
            end
        end
    end
    timeout --foreground 3 $kcat_in $via $argv </dev/null 2>/dev/null
end

# The topics or groups of the broker.
function __loginpipe_names
    __loginpipe_ask -L -J --wait 1s | string replace -rf '^{"'$argv[1]'":{"'$argv[1]'":"([^"\\\\]*)".*' '$1'
end

function __loginpipe_topic
    __loginpipe_names topic
end

function __loginpipe_group
    __loginpipe_names group
end

# KEY=TOPIC
function __loginpipe_route
    set -l key (string match -r '^(?:--route=)?([^=]+=)' -- (commandline -ct))[2]
    and printf "$key%s\n" (__loginpipe_names topic)
end

function __loginpipe_property
    printf '%s\n' list dump
    __loginpipe_ask -X list | string replace -rf '^([a-z][a-z0-9._]*) *\|.*' '$1='
end

# The command after -- is completed as if it stood alone.
function __loginpipe_command
    set -l words (commandline -opc)
    if set -l dashes (contains -i -- -- $words)
        set -e words[1..$dashes]
        complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
    end
end
