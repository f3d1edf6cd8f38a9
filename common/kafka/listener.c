// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/listener.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROBE_WAIT 1000          // ms for the connection, and for the answer
#define SCRAM_FIXED 0x020601ff   // librdkafka 2.6.1 (its pull request 4895)
#define ALERT "SSL alert number" // followed by the number, in OpenSSL's messages

// --- What a listener speaks ---

enum protocol { PROTOCOL_UNKNOWN, PROTOCOL_PLAIN, PROTOCOL_TLS };

static int connect_to(const struct addrinfo *address)
{
    struct pollfd fd = {.fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                     address->ai_protocol),
                        .events = POLLOUT};

    if (fd.fd < 0)
        return -1;
    connect(fd.fd, address->ai_addr, address->ai_addrlen);
    if (poll(&fd, 1, PROBE_WAIT) == 1 && !(fd.revents & (POLLERR | POLLHUP)))
        return fd.fd;
    close(fd.fd);
    return -1;
}

// Requests of Kafka's protocol, with the correlation id "logp". ApiVersions needs no login.
// Metadata needs one, and the listener closes the connection if there was none.
struct request {
    size_t len;
    unsigned char bytes[18];
};

static const struct request api_versions = {
    14, {0, 0, 0, 10, 0, 18, 0, 0, 'l', 'o', 'g', 'p', 0xff, 0xff}};
static const struct request metadata = {
    18, {0, 0, 0, 14, 0, 3, 0, 1, 'l', 'o', 'g', 'p', 0xff, 0xff, 0, 0, 0, 0}};

// Sends a request without TLS. A TLS listener answers with an alert. A plain one answers with a
// length and the request's correlation id.
static enum protocol ask(int fd, const struct request *request)
{
    unsigned char answer[8];
    struct pollfd in = {.fd = fd, .events = POLLIN};
    ssize_t len = 0;

    if (send(fd, request->bytes, request->len, MSG_NOSIGNAL) == (ssize_t)request->len &&
        poll(&in, 1, PROBE_WAIT) == 1)
        len = recv(fd, answer, sizeof answer, 0);
    if (len >= 3 && answer[0] == 0x15 && answer[1] == 3)
        return PROTOCOL_TLS;
    return len == sizeof answer && memcmp(answer + 4, "logp", 4) == 0 ? PROTOCOL_PLAIN
                                                                      : PROTOCOL_UNKNOWN;
}

static enum protocol probe(const char *address, const struct request *request)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    enum protocol protocol = PROTOCOL_UNKNOWN;
    char host[LISTENER_ADDRESS_SIZE], *port;

    snprintf(host, sizeof host, "%.*s", (int)sizeof host - 1,
             address[0] == '[' ? address + 1 : address);
    if ((port = strrchr(host, ':')) == NULL)
        return PROTOCOL_UNKNOWN;
    *port++ = '\0';
    host[strcspn(host, "]")] = '\0';
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return PROTOCOL_UNKNOWN;
    for (const struct addrinfo *a = found; a != NULL && protocol == PROTOCOL_UNKNOWN;
         a = a->ai_next) {
        int fd = connect_to(a);
        if (fd < 0)
            continue;
        protocol = ask(fd, request);
        close(fd);
    }
    freeaddrinfo(found);
    return protocol;
}

// --- What librdkafka's message says ---

// A failure, taken apart.
struct failure {
    rd_kafka_t *rk;
    char address[LISTENER_ADDRESS_SIZE];
    char reason[512];
};

// Splits "sasl_ssl://host:port/1: why (after 3ms in state X)" into the address and the reason.
static void take_apart(const char *message, char *address, size_t address_size, char *reason,
                       size_t reason_size)
{
    const char *why = strstr(message, ": "), *scheme = strstr(message, "://"), *after;
    const char *start = scheme != NULL && (why == NULL || scheme < why) ? scheme + 3 : message;
    int len = why == NULL ? 0 : (int)strcspn(start, "/ ");

    if (why != NULL && start + len > why)
        len = (int)(why - start);
    snprintf(address, address_size, "%.*s", len, start);
    snprintf(reason, reason_size, "%s", why == NULL ? message : why + 2);
    if ((after = strstr(reason, " (after ")) != NULL)
        reason[after - reason] = '\0';
}

static bool says(const struct failure *f, const char *text)
{
    return strstr(f->reason, text) != NULL;
}

static const char *setting(const struct failure *f, const char *name, char *value, size_t size)
{
    if (rd_kafka_conf_get(rd_kafka_conf(f->rk), name, value, &size) != RD_KAFKA_CONF_OK)
        value[0] = '\0';
    return value;
}

static bool is_set(const struct failure *f, const char *name)
{
    size_t size = 0;

    return rd_kafka_conf_get(rd_kafka_conf(f->rk), name, NULL, &size) == RD_KAFKA_CONF_OK &&
           size > 1;
}

// Kafka 4 refuses what a librdkafka before 2.6.1 answers to a SCRAM challenge, with the message for
// a wrong password.
static bool is_old_scram(const struct failure *f)
{
    char mechanism[32];

    return rd_kafka_version() < SCRAM_FIXED &&
           strncmp(setting(f, "sasl.mechanisms", mechanism, sizeof mechanism), "SCRAM", 5) == 0;
}

static bool login_refused(const struct failure *f, struct err *err)
{
    char value[32];

    if (says(f, "Local: ")) // the connection was lost during the login
        return false;
    if (says(f, "not valid in current SASL state"))
        err_set(err, EX_CONFIG,
                "broker %s: the listener takes no login, and security.protocol is %s; is it right?",
                f->address, setting(f, "security.protocol", value, sizeof value));
    else if (says(f, "mechanism handshake failed"))
        err_set(err, EX_CONFIG, "broker %s: %s; is sasl.mechanism right?", f->address, f->reason);
    else if (is_old_scram(f))
        err_set(
            err, EX_NOPERM,
            "broker %s: %s; if the password is right: SCRAM with Kafka 4 needs librdkafka 2.6.1 "
            "or later, and this is %s",
            f->address, f->reason, rd_kafka_version_str());
    else
        err_set(err, EX_NOPERM, "broker %s: %s", f->address, f->reason);
    return true;
}

static const char *certificate_problem(int error)
{
    static const struct {
        int error; // as in OpenSSL's x509_vfy.h
        const char *text;
    } problems[] = {
        {3, "cannot be checked: ssl.crl.location has no revocation list of its CA"},
        {9, "is not valid yet; is this machine's clock right?"},
        {10, "has expired"},
        {12, "cannot be checked: the revocation list in ssl.crl.location has expired"},
        {18, "is signed by itself; does ssl.ca.location name the broker's CA?"},
        {19, "is signed by an unknown CA; does ssl.ca.location name the broker's CA?"},
        {20, "is signed by an unknown CA; does ssl.ca.location name the broker's CA?"},
        {21, "is signed by an unknown CA; does ssl.ca.location name the broker's CA?"},
        {23, "is revoked"},
        {62, "is not for this host name"},
        {64, "is not for this IP address"},
    };

    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (problems[i].error == error)
            return problems[i].text;
    }
    return "cannot be verified; does ssl.ca.location name the broker's CA?";
}

// A broker's TLS alert. The numbers are those of RFC 8446, section 6. OpenSSL's message is such as
// "error:0A000412:SSL routines::sslv3 alert bad certificate:SSL alert number 42".
static bool alerted(const struct failure *f, struct err *err)
{
    int alert = atoi(strstr(f->reason, ALERT) + strlen(ALERT));
    const char *name = strstr(f->reason, " alert ");
    int len;

    if ((alert < 40 || alert > 49) && alert != 116)
        return false;
    name = name == NULL ? "without a name" : name + strlen(" alert ");
    len = (int)strcspn(name, ":");
    if (!is_set(f, "ssl.certificate.location") && !is_set(f, "ssl.keystore.location") &&
        !is_set(f, "ssl.certificate.pem"))
        err_set(err, EX_NOPERM,
                "broker %s: wants a certificate of the client: set ssl.certificate.location and "
                "ssl.key.location (TLS alert %d, %.*s)",
                f->address, alert, len, name);
    else
        err_set(err, EX_NOPERM,
                "broker %s: does not accept the client's certificate (TLS alert %d, %.*s); is it "
                "valid now, and signed by a CA that the broker knows?",
                f->address, alert, len, name);
    return true;
}

// A listener that speaks another protocol mostly just closes the connection. So does a proxy whose
// broker is not there yet: find out.
static bool speaks_otherwise(const struct failure *f, struct err *err)
{
    char protocol[32];
    enum protocol spoken = probe(f->address, &api_versions);

    setting(f, "security.protocol", protocol, sizeof protocol);
    bool tls = strstr(protocol, "ssl") != NULL || strstr(protocol, "SSL") != NULL;
    if (spoken == PROTOCOL_TLS && !tls)
        err_set(err, EX_CONFIG,
                "broker %s: the listener is SSL, and security.protocol is %s; is it right?",
                f->address, protocol);
    else if (spoken == PROTOCOL_PLAIN && tls)
        err_set(err, EX_CONFIG,
                "broker %s: the listener is not SSL, and security.protocol is %s; is it right?",
                f->address, protocol);
    // librdkafka supposes this of each connection that breaks soon after it was made.
    else if (spoken == PROTOCOL_PLAIN && says(f, "SASL authentication") &&
             probe(f->address, &metadata) != PROTOCOL_PLAIN)
        err_set(err, EX_CONFIG,
                "broker %s: the listener wants a login, and security.protocol is %s; is it right?",
                f->address, protocol);
    else
        return false;
    return true;
}

bool listener_refuses(rd_kafka_t *rk, const struct listener_failure *failure, struct err *err)
{
    struct failure f = {.rk = rk};

    take_apart(failure->reason, f.address, sizeof f.address, f.reason, sizeof f.reason);
    if (failure->code == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        return login_refused(&f, err);
    if (says(&f, "certificate verify failed")) {
        err_set(err, EX_NOPERM, "broker %s: its certificate %s", f.address,
                certificate_problem(failure->certificate_error));
        return true;
    }
    if (says(&f, ALERT) && alerted(&f, err))
        return true;
    return failure->first &&
           (failure->code == RD_KAFKA_RESP_ERR__SSL ||
            failure->code == RD_KAFKA_RESP_ERR__TRANSPORT) &&
           !says(&f, "Connect to ") && speaks_otherwise(&f, err);
}

void listener_describe(const char *reason, char *text, size_t size)
{
    char address[LISTENER_ADDRESS_SIZE], why[512];

    take_apart(reason, address, sizeof address, why, sizeof why);
    snprintf(text, size, "%s%s%s", address, address[0] == '\0' ? "" : ": ", why);
}
