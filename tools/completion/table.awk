# SPDX-License-Identifier: BSD-2-Clause
#
# table.awk: turns what `tool --help` prints into a table, one option a line, with tabs between
#
#     tool  letter  name  how  kind  argument  help
#
# letter and name are empty if the option has none. `how` it takes its argument: none, required,
# optional (only as --name=VALUE), or pair (two words follow). The line of the operands comes first; its
# letter and name are empty.

BEGIN {
    OFS = "\t"
}

# What completes an argument of this name. The words are those that the tool accepts; they end with =
# if more must follow.
function kind_of(argument) {
    sub(/^\[=?/, "", argument)
    if (argument ~ /^[a-z0-9]+(\|[a-z0-9]+)+$/ || argument ~ /^[a-z]+\]$/) {
        gsub(/[]]/, "", argument)
        gsub(/\|/, " ", argument)
        return "words " argument
    }
    if (argument ~ /^(FILE|FIFO|DEST)\]?$/)
        return "file"
    if (argument ~ /^DIR\]?$/)
        return "directory"
    if (argument == "TOPIC" || argument ~ /^TOPIC:PARTS/)
        return "topic"
    if (argument == "KEY=TOPIC")
        return "route"
    if (argument == "GROUP")
        return "group"
    if (argument == "PROP=VAL")
        return "property"
    if (argument ~ /^FROM/)
        return "words beginning end stored"
    if (argument ~ /FORMAT$/ && argument ~ /^key=/)
        return "words avro json key=avro key=json value=avro value=json"
    return "none"
}

function how_of(argument) {
    if (argument == "")
        return "none"
    if (argument ~ /^\[=/)
        return "optional"
    return argument ~ /^[A-Z]+ [A-Z]+$/ ? "pair" : "required"
}

# The kind of the operands, from the line of usage, in which options have arguments too.
function operands_of(usage) {
    sub(/^Usage: [^ ]+ ?/, "", usage)
    gsub(/-[A-Za-z-]*[A-Za-z] [A-Z][A-Za-z:\[\]=|]*/, "", usage)
    if (usage ~ /COMMAND/)
        return "command"
    if (usage ~ /TOPIC/)
        return "topic"
    return usage ~ /FILE/ ? "file" : "none"
}

function print_option() {
    if (option != "")
        print tool, letter, name, how_of(argument), kind_of(argument), argument, help
    option = ""
}

NR == 1 {
    print tool, "", "", "required", operands_of($0), "", ""
    next
}

/^Environment:/ {
    exit
}

# "  -o, --offset FROM[:TO]      help", or the help is on the next line.
/^  (-[A-Za-z]|    --[a-z])/ {
    print_option()
    option = substr($0, 3)
    help = ""
    if (match(option, /  +[^ -]/)) {
        help = substr(option, RSTART + RLENGTH - 1)
        option = substr(option, 1, RSTART - 1)
    }
    letter = option ~ /^-/ ? substr(option, 2, 1) : ""
    sub(/^(-[A-Za-z])?(, )? */, "", option)
    name = ""
    if (match(option, /^--[a-z-]+/)) {
        name = substr(option, 3, RLENGTH - 2)
        option = substr(option, RLENGTH + 1)
    }
    argument = option
    sub(/^ /, "", argument)
    option = "-"
    next
}

/^ +[^ ]/ && option != "" {
    help = $0
    sub(/^ +/, "", help)
}

/^$/ {
    print_option()
}

END {
    print_option()
}
