// SPDX-License-Identifier: BSD-2-Clause
#include "login/generator.h"

#include <stdlib.h>

#include "base/datetime.h"
#include "base/xalloc.h"
#include "login/login_text.h"
#include "login/random.h"

#define RANK_OFFSET 10 // Mandelbrot's
#define LATE_MIN (5 * MS_MINUTE)
#define LATE_MAX MS_HOUR

#define COUNT(array) (sizeof(array) / sizeof *(array))

// Numbers that are mixed with the key of a user or a device, so that each property is independent.
enum { OF_ID = 1, OF_COUNTS, OF_LOCALE, OF_DEVICE = 1 << 16, OF_IP = 2 << 16 };

struct generator {
    struct random random;
    struct random_alias users;
    uint64_t key;                // determines all properties of the users
    uint64_t missing, bad, late; // shares of the records, as fractions of 2^32
};

// States and countries, the most common first. Some codes are both, as in real data.
static const char locales[][3] = {
    "CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "MI", "NJ", "VA", "WA", "AZ", "MA", "TN",
    "IN", "MD", "MO", "WI", "CO", "MN", "SC", "AL", "LA", "KY", "OR", "OK", "GB", "DE", "FR", "BR",
    "CT", "UT", "IA", "NV", "AR", "MS", "KS", "RU", "JP", "MX", "ES", "IT", "NM", "NE", "ID", "WV",
    "HI", "NH", "ME", "RI", "MT", "AU", "PL", "NL", "TR", "SE", "KR", "ZA", "SD", "ND", "AK", "DC",
    "VT", "WY", "CH", "BE", "AT", "PT", "IE", "DK", "FI", "NO", "CZ", "NZ", "SG", "AE", "CL", "GR"};

// A value is drawn as often as it is listed.
static const char *const versions[] = {"2.3.0", "2.3.0", "2.3.0", "2.3.0", "2.3.0", "2.3.0",
                                       "2.3.0", "2.3.0", "2.2.1", "2.2.0", "2.1.4", "1.9.12"};

static const char *const device_types[] = {"android", "android", "android", "Android", "iOS",
                                           "iOS",     "iOS",     "ios",     "web"};

static uint64_t share(double percent)
{
    return (uint64_t)(percent / 100 * 4294967296.0);
}

struct generator *generator_new(const struct generator_options *options)
{
    struct generator *g = xmalloc(sizeof *g);
    uint64_t *weight = xreallocarray(NULL, options->users, sizeof *weight);

    for (size_t i = 0; i < options->users; i++)
        weight[i] = (UINT64_C(1) << 44) / (i + 1 + RANK_OFFSET);
    random_alias_init(&g->users, weight, options->users);
    free(weight);
    g->random.state = random_mix(options->seed);
    g->key = random_mix(~options->seed);
    g->missing = share(options->missing);
    g->bad = share(options->bad);
    g->late = share(options->late);
    return g;
}

void generator_free(struct generator *g)
{
    if (g == NULL)
        return;
    random_alias_release(&g->users);
    free(g);
}

static uint64_t property(uint64_t key, uint64_t which)
{
    return random_mix(key + which * RANDOM_STEP);
}

// A user has up to four devices and up to eight addresses; one user in 128 has up to eighty
// addresses.
static uint64_t device_count(uint64_t counts)
{
    return 1 + random_below_skewed(counts, 4);
}

static uint64_t ip_count(uint64_t counts)
{
    return (1 + random_below_skewed(random_mix(counts), 8)) * ((counts & 127) == 0 ? 10 : 1);
}

static void set_device(struct login_text *l, uint64_t device)
{
    uint64_t type = random_below(property(device, OF_COUNTS), COUNT(device_types));
    uint64_t version = random_below(property(device, OF_LOCALE), COUNT(versions));

    if (device & 1)
        login_text_set_uuid(l, FIELD_DEVICE_ID, property(device, OF_ID));
    else
        login_text_set_serial(l, FIELD_DEVICE_ID, property(device, OF_ID));
    login_text_set_string(l, FIELD_DEVICE_TYPE, device_types[type]);
    login_text_set_string(l, FIELD_APP_VERSION, versions[version]);
}

// Sets all fields except the time. A user's first devices and addresses are used the most.
static void set_user(struct login_text *l, uint64_t key, uint64_t device_bits, uint64_t ip_bits)
{
    uint64_t counts = property(key, OF_COUNTS);
    uint64_t device = random_below_skewed(device_bits, device_count(counts));
    uint64_t ip = random_below_skewed(ip_bits, ip_count(counts));
    // In one login in 64 the user is travelling.
    uint64_t place = (device_bits & 63) == 0 ? random_mix(device_bits) : property(key, OF_LOCALE);

    login_text_set_uuid(l, FIELD_USER_ID, property(key, OF_ID));
    set_device(l, property(key, OF_DEVICE + device));
    login_text_set_ip(l, property(key, OF_IP + ip));
    login_text_set_string(l, FIELD_LOCALE, locales[random_below_skewed(place, COUNT(locales))]);
}

static int64_t lateness(uint64_t bits)
{
    return LATE_MIN + (int64_t)random_below(bits, (uint64_t)(LATE_MAX - LATE_MIN));
}

void generator_record(struct generator *g, int64_t ms, struct buf *b,
                      struct generator_result *result)
{
    // Every draw is made for every record; see the header.
    uint32_t user = random_alias_draw(&g->users, random_next(&g->random));
    uint64_t device = random_next(&g->random);
    uint64_t ip = random_next(&g->random);
    uint64_t style = random_next(&g->random);
    uint64_t missing = random_next(&g->random);
    uint64_t late = random_next(&g->random);
    uint64_t bad = random_next(&g->random);
    enum login_text_fault kind = (enum login_text_fault)(random_mix(bad) % LOGIN_TEXT_FAULT_COUNT);
    struct login_text l;

    result->late = late >> 32 < g->late;
    result->bad = bad >> 32 < g->bad ? login_text_fault_reason[kind] : NULL;
    if (result->late)
        ms -= lateness(late << 32);
    set_user(&l, property(g->key, user), device, ip);
    login_text_set_time(&l, ms < 0 ? 0 : ms, style & 2);
    if (missing >> 32 < g->missing)
        l.field[FIELD_DEVICE_TYPE].len = 0;
    if (result->bad == NULL)
        login_text_format(&l, style, b);
    else
        login_text_format_faulty(&l, style, kind, random_mix(~bad), b);
}
