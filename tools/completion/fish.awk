# SPDX-License-Identifier: BSD-2-Clause
#
# fish.awk: writes the completion for fish, one file for each tool, from the table of table.awk and
# functions.fish.

function quote(text) {
    gsub(/\\/, "\\\\&", text)
    gsub(/'/, "\\'", text)
    return "'" text "'"
}

# The words that complete an argument of a kind, as fish options.
function words_of(kind) {
    if (kind ~ /^words /)
        return " -a " quote(substr(kind, 7))
    if (kind == "directory")
        return " -a '(__fish_complete_directories (commandline -ct))'"
    if (kind == "none" || kind == "file")
        return ""
    return " -a '(__loginpipe_" kind ")'"
}

function print_line(text) {
    print text >file
}

BEGIN {
    FS = "\t"
}

$2 == "" && $3 == "" {
    file = directory "/" $1 ".fish"
    while ((getline line <functions) > 0)
        print_line(line)
    close(functions)
    print_line("")
    print_line("complete -c " $1 ($5 == "file" ? " -F" : " -f") words_of($5))
    next
}
{
    option = "complete -c " $1
    if ($2 != "")
        option = option " -s " $2
    if ($3 != "")
        option = option " -l " $3
    if ($4 == "required" || $4 == "pair")
        option = option ($5 == "file" ? " -r -F" : " -x")
    if ($4 != "none")
        option = option words_of($5)
    print_line(option " -d " quote($7))
}
