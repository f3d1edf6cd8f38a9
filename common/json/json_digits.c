// SPDX-License-Identifier: BSD-2-Clause
#include "json/json_digits.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json_relax.h"

#define EXACT_DIGITS 15   // a double holds any number of so many significant digits (DBL_DIG)
#define INTEGER_DIGITS 19 // an integer of so many digits is parsed as an integer
#define TEXT_SIZE 400     // more than any integer that is a double has as text
#define EXPONENT_MAX 290  // a number of EXACT_DIGITS is then within the range of a double

// Copies a number that ends at `end` to `text`. Returns false if it is longer than TEXT_SIZE.
static bool copy_number(char text[TEXT_SIZE], const char *number, const char *end)
{
    size_t len = (size_t)(end - number);

    if (len >= TEXT_SIZE)
        return false;
    memcpy(text, number, len);
    text[len] = '\0';
    return true;
}

// Returns the number of significant digits, and sets *integer to whether there is no fraction and
// no exponent.
static size_t count_digits(const char *number, const char *end, bool *integer)
{
    const char *at = number;
    size_t digits = 0;

    for (; at < end && *at != 'e' && *at != 'E'; at++)
        digits += *at >= '0' && *at <= '9' && (digits > 0 || *at != '0');
    *integer = at == end && memchr(number, '.', (size_t)(end - number)) == NULL;
    return digits;
}

// Returns whether the number may be beyond the range of a double.
static bool is_wide(const char *text)
{
    const char *exponent = strpbrk(text, "eE");

    return strlen(text) > EXPONENT_MAX ||
           (exponent != NULL && labs(strtol(exponent + 1, NULL, 10)) > EXPONENT_MAX);
}

// Judges a number that ends at `end`.
static unsigned judge(const char *number, const char *end)
{
    char text[TEXT_SIZE], its_double[TEXT_SIZE];
    bool integer;
    size_t digits = count_digits(number, end, &integer);
    unsigned bits = 0;

    if (!copy_number(text, number, end))
        return JSON_DIGITS_ROUNDED | JSON_DIGITS_OVERFLOW | (integer ? JSON_DIGITS_INTEGER : 0);
    double nearest = strtod(text, NULL);
    bool wide = is_wide(text);
    if (wide && (isinf(nearest) || (nearest == 0 && digits > 0)))
        bits |= JSON_DIGITS_OVERFLOW;
    if (wide || digits > (integer ? INTEGER_DIGITS : EXACT_DIGITS))
        bits |= JSON_DIGITS_ROUNDED;
    if (integer && digits > INTEGER_DIGITS) {
        snprintf(its_double, sizeof its_double, "%.0f", nearest);
        bits |= strcmp(text, its_double) == 0 ? 0 : JSON_DIGITS_INTEGER;
    }
    return bits;
}

unsigned json_digits(const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    unsigned bits = 0;
    bool in_string = false;

    while (at < end) {
        size_t number = in_string ? 0 : json_number_length(at, end);
        if (number > 0) {
            bits |= judge(at, at + number);
            at += number;
            continue;
        }
        if (in_string && *at == '\\')
            at++;
        else if (*at == '"')
            in_string = !in_string;
        at++;
    }
    return bits;
}
