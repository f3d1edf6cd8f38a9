# SPDX-License-Identifier: BSD-2-Clause
#
# bash.awk: writes the completion for bash, from the table of table.awk and functions.bash.

function quote(text) {
    gsub(/'/, "'\\''", text)
    return "'" text "'"
}

function add(option) {
    flags[$1] = flags[$1] " " option
    kinds[++kind_count] = "    [" quote($1 " " option) "]=" quote($4 " " $5)
}

BEGIN {
    FS = "\t"
    file = directory "/loginpipe"
}

$2 == "" && $3 == "" {
    tools[++tool_count] = $1
    kinds[++kind_count] = "    [" quote($1) "]=" quote($4 " " $5)
}
$2 != "" {
    add("-" $2)
}
$3 != "" {
    add("--" $3)
}

END {
    while ((getline line <functions) > 0) {
        if (line == "# TABLES") {
            print "declare -gA _loginpipe_flags=(" >file
            for (i = 1; i <= tool_count; i++)
                print "    [" tools[i] "]=" quote(substr(flags[tools[i]], 2)) >file
            print ")\n\ndeclare -gA _loginpipe_kinds=(" >file
            for (i = 1; i <= kind_count; i++)
                print kinds[i] >file
            print ")" >file
        } else {
            print line >file
        }
    }
    printf "\ncomplete -F _loginpipe" >file
    for (i = 1; i <= tool_count; i++)
        printf " %s", tools[i] >file
    print "" >file
}
