#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The pages of loginreport in a browser, a headless Chromium.

load helpers
load loginreport

setup() {
    begin
    need_python
    skip_with_sanitizers
    command -v chromium >/dev/null || {
        [ "${CI:-}" != true ] || return 1
        skip "chromium is not installed"
    }
}

# One start of the browser for all pages, since it takes a second or two.
@test "browsers show the page without an error, a request or a barrier, on phones and screens, and on paper" {
    make_insights
    make_hostile >lines
    loginreport insights rejects >page.html
    loginreport lines >hostile.html
    loginreport </dev/null >empty.html
    mkdir seen
    run -0 timeout 300 "$BATS_TEST_DIRNAME/python" "$BATS_TEST_DIRNAME/browser/check" seen ./*.html
    assert_eq "$output" ''
    assert_eq "$(find seen -name '*.png' | wc -l) $(find seen -name '*.pdf' | wc -l)" '12 3'
}

# A check that finds nothing in any page would pass too.
@test "the check finds what is wrong with a page" {
    cat >bad.html <<'END'
<!DOCTYPE html><title>bad</title><body style="width:1500px;background:#fff">
<img src="http://127.0.0.1:1/x.png"><script>console.log(1)</script><p style="color:#ccc">faint
END
    mkdir seen
    run -1 timeout 300 "$BATS_TEST_DIRNAME/python" "$BATS_TEST_DIRNAME/browser/check" seen bad.html
    for what in 'console' 'request: http' '1500 pixels|15[0-9]+ pixels' 'axe: image-alt' 'axe: color-contrast' \
        'has a script' 'dark: has the wrong background'; do
        assert_match "$output" "$what"
    done
}
