# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginreport*.bats: insights to show, and pages to look into.

# Six hours of logins with bad and late ones: the files insights and rejects.
make_insights() {
    logingen -n 2000 --span 6h --bad 3 --late 2 | loginclean -q --rejects rejects |
        loginagg -q --rejects late "$@" >insights
    cat late >>rejects
}

# Insights and rejects whose values try to become markup, or to change what is shown around them.
make_hostile() {
    jq -nc --arg long "$(printf 'x%.0s' {1..10000})" '
        ["</svg><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u0027 onload=\u0027x",
         "</title></style></table>", "a\u0000\u0007\u001b[31m\u007f\u0085", "x\u202ey\u200f\u2066\u061c",
         "\u2028\ufeff\u200b", "&amp;&lt;", "", "<!--", "]]>", "\ud83d\ude42\u6f22", $long] as $bad |
        range(3) as $hour |
        {start: "2023-09-12T0\($hour):00:00Z", end: "2023-09-12T0\($hour + 1):00:00Z"} as $window |
        ({insight: "logins", key: "1h/\($window.start)/logins", $window, final: true, logins: 700,
          users: 5, ips: 6, devices: 7, first: $window.start, last: $window.start, late: 1},
         {insight: "count", key: "1h/\($window.start)/count/device_type", field: "device_type", $window,
          final: true, values: 13, counts: ($bad | with_entries({key: .value, value: (.key + 1)}))},
         ($bad[0, 4, 5] as $field | {insight: "count", key: "1h/\($window.start)/count/f", $field, $window,
          final: true, values: 1, counts: {"1": 1}}),
         {insight: "distinct", key: "1h/\($window.start)/distinct/<u>/<b>", field: "<u>", per: "<b>", $window,
          final: true, groups: 13, pairs: 14, max: 9, mean: 1.5,
          top: [$bad[] | {"<b>": ., "<u>s": 9, logins: 10}]},
         {insight: "duplicates", key: "1h/\($window.start)/duplicates/<u>,ip", fields: ["<u>", "ip"], $window,
          final: true, groups: 13, records: 14, top: [$bad[] | {"<u>": ., ip: ., count: 1e300}]},
         ($bad[] | {reject: ., field: ., stage: ., detail: ., raw: .}))'
    printf '%s\n' '{"reject":"lone \ud800 surrogate"}' '{"reject":"lone \udc00","detail":"\ud800"}'
    printf '{"reject":"\xff\xfe not UTF-8"}\nnonsense\n'
}

# tables FILE LABEL: the rows of the tables with that label, as JSON, without their head.
tables() {
    python3 "$BATS_TEST_DIRNAME/browser/tables" <"$1" |
        jq -c --arg name "$2" 'select(.label == $name).rows[1:][]'
}
