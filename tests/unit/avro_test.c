// SPDX-License-Identifier: BSD-2-Clause
//
// Avro as JSON, and JSON as Avro. The bytes are those that the specification gives, or follow from
// it.

#include <stdlib.h>

#include "json/json.h"
#include "schema/avro_decode.h"
#include "schema/avro_encode.h"
#include "schema/avro_schema.h"
#include "tap.h"

static struct buf data = BUF_INIT, text = BUF_INIT;
static struct avro_fault fault;

static struct avro_schema *parse(const char *schema)
{
    struct avro_schema *s = avro_schema_new();
    struct err err;

    if (avro_schema_parse(s, schema, strlen(schema), &err) != 0) {
        tap_ok(false, "the schema %s: %s", schema, err.text);
        exit(1);
    }
    return s;
}

static void read_hex(const char *hex)
{
    buf_clear(&data);
    buf_reserve(&data, 1);
    for (; hex[0] != '\0'; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        buf_putc(&data, (char)strtol(digits, NULL, 16));
    }
}

static int decode(const struct avro_schema *s, bool tagged, size_t most)
{
    const struct avro_decode_options options = {tagged, most};

    buf_clear(&text);
    int status = avro_decode(avro_schema_root(s), data.data, data.len, &options, &text, &fault);
    buf_putc(&text, '\0');
    return status;
}

static int encode(const struct avro_schema *s, const char *json_text, bool tagged)
{
    struct avro_encoder *encoder = avro_encoder_new(tagged);
    struct json *json = json_new();
    struct buf copy = BUF_INIT;
    int status = -1;

    buf_clear(&data);
    buf_puts(&copy, json_text);
    buf_reserve(&copy, 1);
    if (json_parse(json, copy.data, copy.len) == 0) {
        const struct json_value value = json_root(json);
        status =
            avro_encode(encoder, avro_schema_root(s), &value, copy.data, copy.len, &data, &fault);
    }
    buf_release(&copy);
    json_free(json);
    avro_encoder_free(encoder);
    return status;
}

// Checks that the bytes are this JSON, and this JSON is the bytes.
static void both(bool tagged, const char *schema, const char *hex, const char *json)
{
    struct avro_schema *s = parse(schema);
    struct buf bytes = BUF_INIT;

    read_hex(hex);
    tap_ok(decode(s, tagged, 1000) == 0 && strcmp(text.data, json) == 0, "%s is %s", hex, json);
    if (strcmp(text.data, json) != 0)
        printf("# got %s\n", text.data);
    buf_append(&bytes, data.data, data.len);
    tap_ok(encode(s, json, tagged) == 0 && data.len == bytes.len &&
               (data.len == 0 || memcmp(data.data, bytes.data, data.len) == 0),
           "%s is %s", json, hex);
    buf_release(&bytes);
    avro_schema_free(s);
}

static void plain(const char *schema, const char *hex, const char *json)
{
    both(false, schema, hex, json);
}

// Checks what JSON is encoded to, if that is not what the bytes are decoded to.
static void written(const char *schema, const char *json, const char *hex)
{
    struct avro_schema *s = parse(schema);
    struct buf wanted = BUF_INIT;

    read_hex(hex);
    buf_append(&wanted, data.data, data.len);
    bool fits = encode(s, json, false) == 0;
    tap_ok(fits && data.len == wanted.len && memcmp(data.data, wanted.data, data.len) == 0,
           "%s becomes %s", json, hex);
    if (!fits)
        printf("# %s: %s\n", fault.path, fault.what);
    buf_release(&wanted);
    avro_schema_free(s);
}

static void show_fault(bool failed, const char *path, const char *what)
{
    if (!failed || strcmp(fault.path, path) != 0 || strcmp(fault.what, what) != 0)
        printf("# got %s: '%s': %s\n", failed ? "failure" : "success", fault.path, fault.what);
}

static void unreadable(const char *schema, const char *hex, const char *path, const char *what)
{
    struct avro_schema *s = parse(schema);

    read_hex(hex);
    bool failed = decode(s, true, 1000) != 0;
    tap_ok(failed && strcmp(fault.path, path) == 0 && strcmp(fault.what, what) == 0, "%s: %s: %s",
           hex, path, what);
    show_fault(failed, path, what);
    avro_schema_free(s);
}

static void unfit(bool tagged, const char *schema, const char *json, const char *path,
                  const char *what)
{
    struct avro_schema *s = parse(schema);
    bool failed = encode(s, json, tagged) != 0;

    tap_ok(failed && strcmp(fault.path, path) == 0 && strcmp(fault.what, what) == 0, "%s: %s: %s",
           json, path, what);
    show_fault(failed, path, what);
    avro_schema_free(s);
}

static void unfit_number(const char *schema, const char *json)
{
    struct avro_schema *s = parse(schema);

    tap_ok(encode(s, json, false) != 0, "%s does not fit %s", json, schema);
    avro_schema_free(s);
}

static void refused(const char *schema, const char *what)
{
    struct avro_schema *s = avro_schema_new();
    struct err err = {.text = "accepted"};
    int status = avro_schema_parse(s, schema, strlen(schema), &err);

    tap_ok(status != 0 && strcmp(err.text, what) == 0, "%s: %s", schema, what);
    if (strcmp(err.text, what) != 0)
        printf("# got %s\n", err.text);
    avro_schema_free(s);
}

static void test_scalars(void)
{
    plain("\"null\"", "", "null");
    plain("\"boolean\"", "01", "true");
    plain("\"int\"", "00", "0");
    plain("\"int\"", "01", "-1");
    plain("\"int\"", "8001", "64");
    plain("\"int\"", "ffffffff0f", "-2147483648");
    plain("\"long\"", "ffffffffffffffffff01", "-9223372036854775808");
    plain("\"long\"", "feffffffffffffffff01", "9223372036854775807");
    plain("\"float\"", "cdcccc3d", "0.1");
    plain("\"float\"", "0000c07f", "\"NaN\"");
    plain("\"double\"", "9a9999999999b93f", "0.1");
    plain("\"double\"", "000000000000f07f", "\"Infinity\"");
    plain("\"double\"", "000000000000f0ff", "\"-Infinity\"");
    plain("\"string\"", "06666f6f", "\"foo\"");
    plain("\"string\"", "0a0061e282ac", "\"\\u0000a\xe2\x82\xac\"");
    plain("\"bytes\"", "0800417fff", "\"\\u0000A\\u007f\xc3\xbf\"");
    plain("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "8061",
          "\"\xc2\x80"
          "a\"");
    plain("{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}", "", "\"\"");
    plain("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "02", "\"B\"");
    written("\"int\"", "3.0", "06");
    written("\"double\"", "1", "000000000000f03f");
    written("\"string\"", "\"\\ud83d\\ude00\"", "08f09f9880");
}

static void test_containers(void)
{
    static const char list[] =
        "{\"type\":\"record\",\"name\":\"L\",\"fields\":[{\"name\":\"v\",\"type\":\"long\"},"
        "{\"name\":\"next\",\"type\":[\"null\",\"L\"]}]}";

    plain("{\"type\":\"array\",\"items\":\"long\"}", "04063600", "[3,27]");
    plain("{\"type\":\"array\",\"items\":\"long\"}", "00", "[]");
    plain("{\"type\":\"map\",\"values\":\"int\"}", "0202610200", "{\"a\":1}");
    plain("[\"null\",\"string\"]", "00", "null");
    plain("[\"null\",\"string\"]", "020261", "\"a\"");
    both(true, "[\"null\",\"string\"]", "00", "null");
    both(true, "[\"null\",\"string\"]", "020261", "{\"string\":\"a\"}");
    plain(list, "02020400", "{\"v\":1,\"next\":{\"v\":2,\"next\":null}}");
    both(true, list, "02020400", "{\"v\":1,\"next\":{\"L\":{\"v\":2,\"next\":null}}}");
    plain("{\"type\":\"record\",\"name\":\"E\",\"fields\":[]}", "", "{}");
    // The order of members does not matter, and the last one of a name counts.
    written(list, "{\"next\":null,\"v\":1,\"v\":7}", "0e00");
    // An enum, an array and a map within the namespace of their record.
    plain("{\"type\":\"record\",\"name\":\"a.b.R\",\"fields\":["
          "{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}},"
          "{\"name\":\"y\",\"type\":{\"type\":\"array\",\"items\":\"a.b.E\"}},"
          "{\"name\":\"z\",\"type\":{\"type\":\"map\",\"values\":\"E\"}}]}",
          "0002000000", "{\"x\":\"A\",\"y\":[\"A\"],\"z\":{}}");
}

// The blocks of an array may say how many bytes they have.
static void test_blocks(void)
{
    struct avro_schema *s = parse("{\"type\":\"array\",\"items\":\"long\"}");

    read_hex("03040636020800");
    tap_ok(decode(s, false, 1000) == 0 && strcmp(text.data, "[3,27,4]") == 0,
           "an array of two blocks, of which one tells its size");
    avro_schema_free(s);
}

static void test_union_branches(void)
{
    static const char numbers[] = "[\"int\",\"double\",\"string\"]";
    static const char records[] =
        "[{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]},"
        "{\"type\":\"record\",\"name\":\"B\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
        "{\"name\":\"b\",\"type\":\"int\",\"default\":9}]},{\"type\":\"map\",\"values\":\"int\"}]";

    written(numbers, "5", "000a");
    written(numbers, "2147483648", "02000000000000e041");
    written(numbers, "0.5", "02000000000000e03f");
    written(numbers, "\"x\"", "040278");
    written(records, "{\"a\":1}", "0002");
    written(records, "{\"a\":1,\"b\":2}", "020204");
    written(records, "{\"c\":1}", "040202630200");
    unfit(false, numbers, "true", "", "a boolean fits no branch of the union");
    unfit(true, numbers, "5", "", "an integer is not tagged with the name of its type");
    unfit(true, numbers, "{\"long\":5}", "", "the union has no type long");
    unfit(true, numbers, "{\"int\":5,\"double\":5}", "",
          "is not an object with the name of a type");
    unfit(true, numbers, "{}", "", "is not an object with the name of a type");
    unfit(true, numbers, "{\"int\":\"x\"}", "", "the string 'x' does not fit int");
}

static void test_defaults(void)
{
    written("{\"type\":\"record\",\"name\":\"R\",\"fields\":["
            "{\"name\":\"n\",\"type\":\"int\",\"default\":3},"
            "{\"name\":\"u\",\"type\":[\"null\",\"string\"],\"default\":null},"
            "{\"name\":\"b\",\"type\":\"bytes\",\"default\":\"\\u00ff\"},"
            "{\"name\":\"d\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"},\"default\":1},"
            "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"int\"},\"default\":[1]}]}",
            "{}", "060002ff02020200");
    // A default that needs itself.
    struct avro_schema *endless = parse("{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                                        "{\"name\":\"r\",\"type\":\"R\",\"default\":{}}]}");
    tap_ok(encode(endless, "{}", false) != 0 && strcmp(fault.what, "nested too deep") == 0,
           "a default that needs itself is refused");
    tap_ok(strncmp(fault.path, "...r.r.", 7) == 0, "... and the path of the fault is cut");
    avro_schema_free(endless);
}

static void test_logical(void)
{
    static const char decimal[] =
        "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":6,\"scale\":2}";
    static const char fixed_decimal[] = "{\"type\":\"fixed\",\"name\":\"D\",\"size\":3,"
                                        "\"logicalType\":\"decimal\",\"precision\":6,\"scale\":2}";
    static const char date[] = "{\"type\":\"int\",\"logicalType\":\"date\"}";
    static const char millis[] = "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}";
    static const char micros[] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}";

    plain(date, "b8b202", "\"2023-09-12\"");
    plain(date, "01", "\"1969-12-31\"");
    plain(date, "ffffffff0f", "-2147483648");
    written(date, "19612", "b8b202");
    plain("{\"type\":\"int\",\"logicalType\":\"time-millis\"}", "bef9a802", "\"00:40:32.607\"");
    plain("{\"type\":\"long\",\"logicalType\":\"time-micros\"}", "02", "\"00:00:00.000001\"");
    plain("{\"type\":\"int\",\"logicalType\":\"time-millis\"}", "01", "-1");
    plain(millis, "00", "\"1970-01-01T00:00:00Z\"");
    plain(millis, "01", "\"1969-12-31T23:59:59.999Z\"");
    plain(micros, "02", "\"1970-01-01T00:00:00.000001Z\"");
    plain("{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", "02",
          "\"1970-01-01T00:00:00.000000001Z\"");
    plain("{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}", "02",
          "\"1970-01-01T00:00:00.000001\"");
    plain(millis, "ffffffffffffffffff01", "-9223372036854775808");
    written(millis, "\"1970-01-01T01:00:00.5+01:00\"", "e807");
    written(millis, "500", "e807");
    written(micros, "\"1970-01-01T00:00:00.0000010Z\"", "02");
    unfit(false, millis, "\"1970-01-01T00:00:00.0001Z\"", "",
          "the string '1970-01-01T00:00:00.0001Z' does not fit long");
    unfit(false, millis, "\"1970-01-01T00:00:00\"", "",
          "the string '1970-01-01T00:00:00' does not fit long");
    unfit(false, date, "\"1970-02-30\"", "", "the string '1970-02-30' does not fit int");

    plain(decimal, "027b", "\"1.23\"");
    plain(decimal, "0400ff", "\"2.55\"");
    plain(decimal, "02ff", "\"-0.01\"");
    plain(decimal, "0200", "\"0.00\"");
    plain(fixed_decimal, "fffb32", "\"-12.30\"");
    plain(fixed_decimal, "0004ce", "\"12.30\"");
    written(decimal, "12.3", "0404ce");
    written(decimal, "-12.30", "04fb32");
    written(decimal, "\"1.23e1\"", "0404ce");
    written(decimal, "0", "0200");
    written(decimal, "9999", "060f41dc");
    unfit(false, decimal, "\"1.234\"", "", "the string '1.234' does not fit bytes");
    unfit(false, decimal, "\"12345.00\"", "", "the string '12345.00' does not fit bytes");
    unfit(false, decimal, "\"x\"", "", "the string 'x' does not fit bytes");

    plain("{\"type\":\"string\",\"logicalType\":\"uuid\"}",
          "4834323463646432312d303633612d343361372d623931622d376361316138333361666165",
          "\"424cdd21-063a-43a7-b91b-7ca1a833afae\"");
    plain("{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}",
          "424cdd21063a43a7b91b7ca1a833afae", "\"424cdd21-063a-43a7-b91b-7ca1a833afae\"");
    unfit(false, "{\"type\":\"string\",\"logicalType\":\"uuid\"}", "\"no\"", "",
          "the string 'no' does not fit string");
    plain("{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}",
          "0100000002000000ffffffff", "{\"months\":1,\"days\":2,\"millis\":4294967295}");
    // Logical types that are unknown, or do not fit their type, are ignored.
    plain("{\"type\":\"int\",\"logicalType\":\"mood\"}", "02", "1");
    plain("{\"type\":\"string\",\"logicalType\":\"date\"}", "0261", "\"a\"");
    plain("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2,\"scale\":3}", "0261",
          "\"a\"");
}

static void test_faults(void)
{
    static const char nested[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"list\",\"type\":{\"type\":"
        "\"array\",\"items\":{\"type\":\"record\",\"name\":\"I\",\"fields\":[{\"name\":\"n\","
        "\"type\":\"int\"}]}}}]}";

    unreadable("\"int\"", "", "", "the data ends in the middle of the value, at byte 0");
    unreadable("\"int\"", "80", "", "the data ends in the middle of the value, at byte 1");
    unreadable("\"int\"", "8080808080808080808080", "",
               "an integer of more than 64 bits, at byte 9");
    unreadable("\"int\"", "8080808010", "", "an int of 2147483648, before byte 5");
    unreadable("\"boolean\"", "02", "", "a boolean of 2, before byte 1");
    unreadable("\"null\"", "00", "", "1 bytes are left over after the value");
    unreadable("\"string\"", "04c328", "", "a string that is not UTF-8, before byte 3");
    unreadable("\"string\"", "01", "", "a length of -1, before byte 1");
    unreadable("\"bytes\"", "feffffffffffffffff01", "",
               "the data ends in the middle of the value, at byte 10");
    unreadable("[\"null\"]", "02", "", "branch 1 of a union that has 1, before byte 1");
    unreadable("{\"type\":\"enum\",\"name\":\"a.E\",\"symbols\":[\"A\"]}", "02", "",
               "symbol 1 of a.E, which has 1");
    unreadable(nested, "0402", "list[1].n", "the data ends in the middle of the value, at byte 2");
    unfit(false, nested, "{\"list\":[{\"n\":1},{\"n\":\"a\"}]}", "list[1].n",
          "the string 'a' does not fit int");
    unfit(false, nested, "{\"list\":[{}]}", "list[0].n", "is missing, and has no default");
    unfit(false, nested, "{\"list\":[],\"more\":1}", "more", "R has no such field");
    unfit(false, nested, "[]", "", "this array does not fit R");
    unfit(false, "\"int\"", "2147483648", "", "2147483648 does not fit int");
    unfit(false, "\"int\"", "1.5", "", "a number does not fit int");
    unfit(false, "\"double\"", "9007199254740993", "", "9007199254740993 does not fit double");
    unfit(false, "\"float\"", "16777217", "", "16777217 does not fit float");
    unfit(false, "\"float\"", "1e300", "", "a number does not fit float");
    unfit(false, "\"bytes\"", "\"\xe2\x82\xac\"", "",
          "the string '\xe2\x82\xac' does not fit bytes");
}

// Data of a few bytes that would be a text without end.
// A number of which the parser keeps only the nearest double must not be written as that double,
// unless it is meant to be one.
static void test_exact_numbers(void)
{
    static const char decimal[] =
        "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":40,"
        "\"scale\":4}";
    static const char *const long_texts[] = {"9007199254740993.0",
                                             "9007199254740992.5",
                                             "9007199254740991.4",
                                             "1.00000000000000000001",
                                             "1e-400",
                                             "1e400",
                                             "123456789012345678901234567890"};
    static const char *const decimal_texts[] = {"12345678901234567.89",
                                                "12345678901234567890.1234",
                                                "123456789012345678901234567890",
                                                "1234567890123456789012",
                                                "1e-400",
                                                "0.00001"};
    static const char *const double_texts[] = {"1e400", "-1e400", "1e-400",
                                               "123456789012345678901234567890"};

    for (size_t i = 0; i < sizeof long_texts / sizeof *long_texts; i++)
        unfit_number("\"long\"", long_texts[i]);
    for (size_t i = 0; i < sizeof decimal_texts / sizeof *decimal_texts; i++)
        unfit_number(decimal, decimal_texts[i]);
    for (size_t i = 0; i < sizeof double_texts / sizeof *double_texts; i++)
        unfit_number("\"double\"", double_texts[i]);
    unfit_number("\"float\"", "1e-60");
    written("\"long\"", "3.0", "06");
    written("\"double\"", "0.12345678901234567", "5ef64637dd9abf3f");
    written("\"double\"", "18446744073709551616", "000000000000f043");
    both(false, "\"double\"", "ffffffffffffef7f", "1.7976931348623157e+308");
    both(false, "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", "ffffffffffffffffff01",
         "\"1677-09-21T00:12:43.145224192Z\"");
}

static void test_bombs(void)
{
    struct avro_schema *nulls = parse("{\"type\":\"array\",\"items\":\"null\"}");
    struct avro_schema *endless = parse("{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                                        "{\"name\":\"r\",\"type\":\"R\"}]}");

    read_hex("feffffffffffffffff0100");
    tap_ok(decode(nulls, false, 1000) != 0, "2^63 items without bytes are refused");
    tap_ok(text.len < 1100, "... before the text is much longer than allowed");
    read_hex("");
    tap_ok(decode(endless, false, 1 << 20) != 0 &&
               strcmp(fault.what, "nested more than 1024 levels deep") == 0,
           "a record that contains itself is refused");
    avro_schema_free(nulls);
    avro_schema_free(endless);
}

static void test_schemas(void)
{
    struct avro_schema *s = parse("{\"type\":\"enum\",\"name\":\"x.E\",\"symbols\":[\"A\"]}");
    static const char second[] = "{\"type\":\"array\",\"items\":\"x.E\"}";
    struct err err;

    tap_ok(avro_schema_parse(s, second, strlen(second), &err) == 0,
           "a schema may use a type of one that was parsed before it");
    avro_schema_free(s);
    refused("\"what\"", "unknown type what");
    refused("{}", "a type is missing");
    refused("5", "a type that is no JSON string, object or array");
    refused("{", "not JSON: malformed JSON");
    refused("{\"type\":\"record\",\"fields\":[]}", "a record, enum or fixed without a name");
    refused("{\"type\":\"record\",\"name\":\"R\"}", "R: a record without fields");
    refused("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{}]}", "R: a field without a name");
    refused("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\"}]}",
            "a type is missing");
    refused("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
            "{\"name\":\"a\",\"type\":\"int\"}]}",
            "R: two fields have the name a");
    refused("[\"int\",\"int\"]", "a union that has int twice");
    refused("[\"null\",[\"int\"]]", "a union within a union");
    refused("{\"type\":\"enum\",\"name\":\"E\"}", "E: an enum without symbols");
    refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "F: a fixed without a size");
    refused("{\"type\":\"array\",\"items\":\"map\"}", "unknown type map");
    refused("[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},"
            "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}]",
            "two types have the name F");
}

static void put_long(int64_t n)
{
    uint64_t bits = (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0);

    for (; bits >= 0x80; bits >>= 7)
        buf_putc(&data, (char)(0x80 | (bits & 0x7f)));
    buf_putc(&data, (char)bits);
}

// Appends a random value of a type.
static void put_random(const struct avro_node *node, int depth)
{
    int64_t n = rand() % (depth > 4 ? 1 : 4);

    switch (node->type) {
    case AVRO_UNION: // whose first branch is null
        n = depth > 4 ? 0 : rand() % (int)node->count;
        put_long(n);
        put_random(node->inner[n], depth);
        break;
    case AVRO_RECORD:
        for (size_t i = 0; i < node->count; i++)
            put_random(node->field[i].node, depth + 1);
        break;
    case AVRO_ARRAY:
    case AVRO_MAP:
        if (n > 0)
            put_long(n);
        for (; n > 0; n--) {
            if (node->type == AVRO_MAP)
                put_long(0); // an empty name
            put_random(node->inner[0], depth + 1);
        }
        put_long(0);
        break;
    case AVRO_DOUBLE:
        for (int i = 0; i < 8; i++)
            buf_putc(&data, (char)rand());
        break;
    case AVRO_BOOLEAN:
        buf_putc(&data, (char)(rand() % 2));
        break;
    case AVRO_STRING:
    case AVRO_BYTES:
        put_long(n);
        for (; n > 0; n--)
            buf_putc(&data, (char)(node->type == AVRO_BYTES ? rand() : rand() % 128));
        break;
    case AVRO_NULL:
        break;
    default:
        put_long(rand() - RAND_MAX / 2);
    }
}

// What is decoded is JSON that is encoded to a value that is decoded to the same JSON. Anything
// else is refused.
static void test_random_values(void)
{
    static const char everything[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
        "{\"name\":\"u\",\"type\":[\"null\",\"boolean\",\"R\",\"double\",\"string\"]},"
        "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"R\"]}},"
        "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"int\","
        "\"logicalType\":\"date\"}}},"
        "{\"name\":\"d\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
        "\"precision\":900,\"scale\":3}},"
        "{\"name\":\"t\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}}]}";
    struct avro_schema *s = parse(everything);
    struct buf first = BUF_INIT;
    int whole = 0, decoded = 0, same = 0;

    srand(1);
    for (int i = 0; i < 100000; i++) {
        const bool broken = i % 2 == 1;
        buf_clear(&data);
        put_random(avro_schema_root(s), 0);
        if (broken && rand() % 2 == 0)
            data.len = (size_t)rand() % data.len;
        else if (broken)
            data.data[(size_t)rand() % data.len] = (char)rand();
        if (decode(s, true, 100000) != 0)
            continue;
        whole += !broken;
        decoded++;
        buf_clear(&first);
        buf_append(&first, text.data, text.len); // with its NUL
        same += encode(s, first.data, true) == 0 && decode(s, true, 100000) == 0 &&
                strcmp(text.data, first.data) == 0;
    }
    tap_int(whole, 50000, "each of 50,000 random values is decoded");
    tap_ok(decoded < 100000, "of 50,000 that are cut or changed, some are not");
    tap_int(same, decoded, "each value is the same after it was JSON");
    buf_release(&first);
    avro_schema_free(s);
}

int main(void)
{
    test_scalars();
    test_containers();
    test_blocks();
    test_union_branches();
    test_defaults();
    test_logical();
    test_faults();
    test_exact_numbers();
    test_bombs();
    test_schemas();
    test_random_values();
    buf_release(&data);
    buf_release(&text);
    return tap_done();
}
