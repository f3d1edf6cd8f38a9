# SPDX-License-Identifier: BSD-2-Clause
#
# zsh.awk: writes the completion for zsh, from the table of table.awk and functions.zsh.

function quote(text) {
    gsub(/'/, "'\\''", text)
    return "'" text "'"
}

function escape(text) {
    gsub(/\\/, "\\\\&", text)
    gsub(/\[|\]|:/, "\\\\&", text)
    return text
}

# What _arguments calls for a kind.
function action(kind) {
    if (kind ~ /^words /)
        return "(" substr(kind, 7) ")"
    if (kind == "file")
        return "_files"
    if (kind == "directory")
        return "_files -/"
    if (kind == "none")
        return " "
    return "_loginpipe_" kind
}

function argument() {
    if ($4 == "none")
        return ""
    if ($4 == "pair")
        return ":" escape(substr($6, 1, index($6, " ") - 1)) ": :" escape(substr($6, index($6, " ") + 1)) ": "
    return ($4 == "optional" ? "::" : ":") escape($6) ":" action($5)
}

# _arguments wants to know how the argument of a long option follows.
function add(option) {
    if (option ~ /^--/ && $4 == "optional")
        option = option "=-"
    else if ($4 == "required")
        option = option (option ~ /^--/ ? "=" : "+")
    specs[$1] = specs[$1] "        " quote("*" option "[" escape($7) "]" argument()) "\n"
}

BEGIN {
    FS = "\t"
    file = directory "/_loginpipe"
}

$2 == "" && $3 == "" {
    tools[++tool_count] = $1
    if ($5 == "command")
        specs[$1] = "        '*::command: _normal'\n"
    else if ($5 != "none")
        specs[$1] = "        " quote("*:" $5 ":" action($5)) "\n"
}
$2 != "" {
    add("-" $2)
}
$3 != "" {
    add("--" $3)
}

END {
    printf "#compdef" >file
    for (i = 1; i <= tool_count; i++)
        printf " %s", tools[i] >file
    print "" >file
    while ((getline line <functions) > 0) {
        if (line == "# TABLES") {
            print "case ${service:t} in" >file
            for (i = 1; i <= tool_count; i++)
                printf "%s)\n    specs=(\n%s    )\n    ;;\n", tools[i], specs[tools[i]] >file
            print "esac" >file
        } else {
            print line >file
        }
    }
}
