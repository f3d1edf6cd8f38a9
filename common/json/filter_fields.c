// SPDX-License-Identifier: BSD-2-Clause
#include "json/filter_fields.h"

#include <string.h>

#include "base/bytes.h"

#define DEPTH_MAX 100

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

// What an expression can output.
enum yield {
    YIELD_FOREIGN, // the expression is not of the grammar
    YIELD_RECORD,  // the record itself
    YIELD_PART,    // something made of fields and literals
};

struct parser {
    const char *at; // what is left of the program
    struct filter_fields *fields;
    int depth;
};

struct text {
    const char *data;
    size_t len;
};

// These depend only on their input and on their arguments, which are literals.
static const struct function {
    const char *name;
    int least, most; // arguments
} functions[] = {
    {"ascii_downcase", 0, 0},
    {"contains", 1, 1},
    {"endswith", 1, 1},
    {"has", 1, 1},
    {"in", 1, 1},
    {"length", 0, 0},
    {"not", 0, 0},
    {"startswith", 1, 1},
    {"test", 1, 2},
    {"tonumber", 0, 0},
    {"tostring", 0, 0},
    {"type", 0, 0},
};

static enum yield parse_pipe(struct parser *p, enum yield input);
static bool take_literal(struct parser *p);

// --- Tokens ---

// A carriage return is no space in jq 1.6, and comments differ between the versions of jq. So both
// are not of the grammar.
static void skip_space(struct parser *p)
{
    p->at += strspn(p->at, " \t\n");
}

static bool take(struct parser *p, const char *token)
{
    skip_space(p);
    if (!bytes_begin(p->at, strlen(p->at), token))
        return false;
    p->at += strlen(token);
    return true;
}

static bool take_name(struct parser *p, struct text *name)
{
    size_t len = strspn(p->at, LETTERS DIGITS);

    if (len == 0 || strchr(DIGITS, *p->at) != NULL)
        return false;
    *name = (struct text){p->at, len};
    p->at += len;
    return true;
}

static bool take_word(struct parser *p, const char *word)
{
    struct parser ahead = *p;
    struct text name;

    skip_space(&ahead);
    if (!take_name(&ahead, &name) || !bytes_are(name.data, name.len, word))
        return false;
    p->at = ahead.at;
    return true;
}

// Takes a string. Its text is what stands between the quotes, with escapes as they are written. A
// string with an interpolation, "\(...)", is not of the grammar.
static bool take_string(struct parser *p, struct text *text)
{
    const char *end = p->at;

    if (*end++ != '"')
        return false;
    while (*end != '"') {
        if (*end == '\0' || (*end == '\\' && (end[1] == '(' || end[1] == '\0')))
            return false;
        end += *end == '\\' ? 2 : 1;
    }
    *text = (struct text){p->at + 1, (size_t)(end - p->at) - 1};
    p->at = end + 1;
    return true;
}

static bool take_digits(struct parser *p)
{
    size_t len = strspn(p->at, DIGITS);

    p->at += len;
    return len > 0;
}

static bool take_number(struct parser *p)
{
    p->at += *p->at == '-';
    if (!take_digits(p) || (*p->at == '.' && (p->at++, !take_digits(p))))
        return false;
    if (*p->at == 'e' || *p->at == 'E') {
        p->at++;
        p->at += *p->at == '-' || *p->at == '+';
        if (!take_digits(p))
            return false;
    }
    // The versions of jq differ in what a number such as 1.2.3 or 1a is.
    return *p->at == '\0' || strchr(LETTERS ".", *p->at) == NULL;
}

// --- Literals ---

// Takes the elements of an array or the members of an object, and the closing bracket.
static bool take_elements(struct parser *p, const char *close, bool named)
{
    struct text name;

    if (take(p, close))
        return true;
    do {
        skip_space(p);
        if (named && ((!take_name(p, &name) && !take_string(p, &name)) || !take(p, ":")))
            return false;
        if (!take_literal(p))
            return false;
    } while (take(p, ","));
    return take(p, close);
}

static bool take_literal(struct parser *p)
{
    struct text text;

    skip_space(p);
    if (*p->at == '"')
        return take_string(p, &text);
    if (*p->at == '-' || (*p->at != '\0' && strchr(DIGITS, *p->at) != NULL))
        return take_number(p);
    if (*p->at == '$') {
        p->at++;
        return take_name(p, &text);
    }
    if (*p->at != '[' && *p->at != '{')
        return take_word(p, "true") || take_word(p, "false") || take_word(p, "null");
    if (p->depth == DEPTH_MAX)
        return false;
    p->depth++;
    bool taken = *p->at++ == '[' ? take_elements(p, "]", false) : take_elements(p, "}", true);
    p->depth--;
    return taken;
}

// --- What depends on the record ---

// Adds a field. A name with an escape is not decoded, so it is not of the grammar.
static bool add_field(struct parser *p, const struct text *name)
{
    struct filter_fields *fields = p->fields;

    if (name->data == NULL || memchr(name->data, '\\', name->len) != NULL)
        return false;
    if (json_key_find(fields->key, fields->count, name->data, name->len) < fields->count)
        return true;
    if (fields->count == FILTER_FIELDS_MAX)
        return false;
    fields->key[fields->count++] = (struct json_key){name->data, name->len};
    return true;
}

// Takes `name`, `"string"` or `["string"]`, which name a member, or `[number]`.
static bool take_index(struct parser *p, struct text *name)
{
    *name = (struct text){NULL, 0};
    if (take(p, "[")) {
        skip_space(p);
        if ((!take_string(p, name) && !take_number(p)) || !take(p, "]"))
            return false;
    } else if (!take_name(p, name) && !take_string(p, name)) {
        return false;
    }
    take(p, "?");
    return true;
}

static enum yield parse_path(struct parser *p, enum yield input)
{
    struct text name;

    p->at++; // the dot
    if (*p->at == '\0' || strchr(LETTERS "\"[", *p->at) == NULL)
        return input;
    if (!take_index(p, &name) || (input == YIELD_RECORD && !add_field(p, &name)))
        return YIELD_FOREIGN;
    for (skip_space(p); *p->at == '.' || *p->at == '['; skip_space(p)) {
        p->at += *p->at == '.';
        if (!take_index(p, &name))
            return YIELD_FOREIGN;
    }
    return YIELD_PART;
}

static enum yield parse_select(struct parser *p, enum yield input)
{
    if (!take(p, "(") || parse_pipe(p, input) != YIELD_PART || !take(p, ")"))
        return YIELD_FOREIGN;
    return input;
}

// The record can be asked only whether it has a field. Other functions quote it in their errors.
static enum yield parse_has(struct parser *p)
{
    struct text name;

    if (!take(p, "("))
        return YIELD_FOREIGN;
    skip_space(p);
    return take_string(p, &name) && add_field(p, &name) && take(p, ")") ? YIELD_PART
                                                                        : YIELD_FOREIGN;
}

static enum yield parse_function(struct parser *p, const struct text *name, enum yield input)
{
    const struct function *f = functions, *end = f + sizeof functions / sizeof *functions;
    int arguments = 0;

    while (f < end && !bytes_are(name->data, name->len, f->name))
        f++;
    if (f == end)
        return YIELD_FOREIGN;
    if (input == YIELD_RECORD)
        return bytes_are(name->data, name->len, "has") ? parse_has(p) : YIELD_FOREIGN;
    if (take(p, "(")) {
        do {
            if (!take_literal(p))
                return YIELD_FOREIGN;
            arguments++;
        } while (take(p, ";"));
        if (!take(p, ")"))
            return YIELD_FOREIGN;
    }
    return arguments >= f->least && arguments <= f->most ? YIELD_PART : YIELD_FOREIGN;
}

static enum yield parse_term(struct parser *p, enum yield input)
{
    struct text name;

    if (take(p, "(")) {
        enum yield inner = parse_pipe(p, input);
        return take(p, ")") ? inner : YIELD_FOREIGN;
    }
    skip_space(p);
    if (*p->at == '.')
        return parse_path(p, input);
    struct parser ahead = *p;
    if (take_literal(&ahead)) {
        p->at = ahead.at;
        return YIELD_PART;
    }
    if (!take_name(p, &name))
        return YIELD_FOREIGN;
    return bytes_are(name.data, name.len, "select") ? parse_select(p, input)
                                                    : parse_function(p, &name, input);
}

// --- Operators, from those that bind most to the pipe. Their operands are not the record itself:
// its comparison with something else would depend on all of it. ---

static enum yield both(enum yield left, enum yield right)
{
    return left == YIELD_PART && right == YIELD_PART ? YIELD_PART : YIELD_FOREIGN;
}

static enum yield parse_compare(struct parser *p, enum yield input)
{
    static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
    enum yield left = parse_term(p, input);

    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (take(p, operators[i]))
            return both(left, parse_term(p, input));
    }
    return left;
}

static enum yield parse_and(struct parser *p, enum yield input)
{
    enum yield left = parse_compare(p, input);

    while (take_word(p, "and"))
        left = both(left, parse_compare(p, input));
    return left;
}

static enum yield parse_or(struct parser *p, enum yield input)
{
    enum yield left = parse_and(p, input);

    while (take_word(p, "or"))
        left = both(left, parse_and(p, input));
    return left;
}

static enum yield parse_alternative(struct parser *p, enum yield input)
{
    enum yield left = parse_or(p, input);

    while (take(p, "//"))
        left = both(left, parse_or(p, input));
    return left;
}

// What is on the right of a pipe has the left side's value as its input.
static enum yield parse_pipe(struct parser *p, enum yield input)
{
    if (p->depth == DEPTH_MAX)
        return YIELD_FOREIGN;
    p->depth++;
    do
        input = parse_alternative(p, input);
    while (input != YIELD_FOREIGN && take(p, "|"));
    p->depth--;
    return input;
}

bool filter_fields_find(struct filter_fields *fields, const char *program)
{
    struct parser p = {.at = program, .fields = fields};

    fields->count = 0;
    // libjq changes what is not UTF-8 in a string.
    if (!json_utf8_valid(program, strlen(program)) || parse_pipe(&p, YIELD_RECORD) == YIELD_FOREIGN)
        return false;
    skip_space(&p);
    return *p.at == '\0';
}
