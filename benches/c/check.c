/* Checks each line that a manager passed on against what the workload wrote. */
#define _GNU_SOURCE
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "line.h"

enum { LONGEST = 1 << 20 };

struct writer {
    char expected[NUMBER_DIGITS + 1];
    /* Of its full lines, without the newline; 0: none was seen. */
    size_t length;
};

struct found found;

static struct writer writers[MOST_WRITERS];
static char fill[LONGEST];
/* What has no newline yet. */
static char *open;
static size_t open_length;

static uint64_t number_of(const char *digits, int count) {
    uint64_t number = 0;
    for (int at = 0; at < count; at++) {
        if (digits[at] < '0' || digits[at] > '9') return UINT64_MAX;
        number = number * 10 + (uint64_t)(digits[at] - '0');
    }
    return number;
}

static void expect(struct writer *this, uint64_t number) {
    for (int at = NUMBER_DIGITS - 1; at >= 0; at--, number /= 10) this->expected[at] = (char)('0' + number % 10);
}

/* Whether the line is the next one; where it is not, what is wrong. */
static void follow(struct writer *this, const char *digits) {
    if (memcmp(digits, this->expected, NUMBER_DIGITS)) {
        uint64_t number = number_of(digits, NUMBER_DIGITS), expected = number_of(this->expected, NUMBER_DIGITS);
        if (number < expected) {
            found.reordered++;
            return;
        }
        found.lost += number - expected;
        expect(this, number);
    }
    count_up(this->expected);
}

/* Behind the line: nothing, a carriage return, or what switches colours off. */
static int is_end(const char *rest, size_t length) {
    if (length && rest[length - 1] == '\r') length--;
    return length == 0 || (rest[0] == '\x1b' && rest[length - 1] == 'm' && !memchr(rest, '~', length));
}

static void later(uint64_t *last, uint64_t at) {
    if (at > *last) *last = at;
}

/* A line that carries a time or a duration. */
static int note(struct writer *this, const char *text, uint64_t value, uint64_t now) {
    uint64_t number = number_of(text + NUMBER_AT, NUMBER_DIGITS);
    switch (text[KIND_AT]) {
        case 't':
            follow(this, text + NUMBER_AT);
            if (found.ways < MOST_TIMES) found.way_ns[found.ways++] = (uint32_t)(now > value ? now - value : 0);
            return 1;
        case 'd':
            if (number + 1 != number_of(this->expected, NUMBER_DIGITS))
                found.lost += number + 1 - number_of(this->expected, NUMBER_DIGITS);
            found.writers_cpu_ns += value;
            found.done++;
            found.done_at = now;
            return 1;
        case 'b':
            expect(this, 1);
            found.begun++;
            later(&found.begun_at, value);
            return 1;
        case 'e':
            found.ended++;
            later(&found.ended_at, value);
            return 1;
        case 'l':
            found.listening++;
            later(&found.listening_at, value);
            return 1;
        default:
            return 0;
    }
}

/* From the mark on. Returns whether it is a whole line of the workload, and nothing else. */
static int take(const char *text, size_t length, uint64_t now) {
    if (length < KIND_AT + 1) return 0;
    uint64_t id = number_of(text + ID_AT, ID_DIGITS);
    if (id >= MOST_WRITERS || text[KIND_AT - 1] != ' ') return 0;
    struct writer *this = &writers[id];
    if (!this->expected[0]) expect(this, 1);
    if (text[KIND_AT] != 'x') {
        size_t own = TIME_AT + TIME_DIGITS;
        if (length < own || !is_end(text + own, length - own)) return 0;
        uint64_t value = number_of(text + TIME_AT, TIME_DIGITS);
        return value != UINT64_MAX && note(this, text, value, now);
    }
    if (!this->length) {
        size_t own = KIND_AT;
        while (own < length && text[own] == 'x') own++;
        this->length = own;
    }
    if (length < this->length || memcmp(text + KIND_AT, fill, this->length - KIND_AT)) return 0;
    if (length > this->length && !is_end(text + this->length, length - this->length)) return 0;
    follow(this, text + NUMBER_AT);
    found.bytes += this->length + 1;
    return 1;
}

static void line(const char *text, size_t length, uint64_t now) {
    const char *mark = memchr(text, '~', length);
    if (!mark) {
        found.other++;
        return;
    }
    if (!found.first_at) found.first_at = now;
    if (take(mark, length - (size_t)(mark - text), now))
        found.lines++;
    else
        found.torn++;
}

static void keep(const char *bytes, size_t length) {
    if (open_length + length > LONGEST) {
        found.torn++;
        open_length = 0;
        return;
    }
    memcpy(open + open_length, bytes, length);
    open_length += length;
}

void check(const char *bytes, size_t length, uint64_t now) {
    if (!open) {
        open = malloc(LONGEST);
        found.way_ns = malloc(sizeof *found.way_ns * MOST_TIMES);
        memset(fill, 'x', sizeof fill);
    }
    const char *end = bytes + length;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        if (!newline) {
            keep(bytes, (size_t)(end - bytes));
            return;
        }
        if (open_length) {
            keep(bytes, (size_t)(newline - bytes));
            line(open, open_length, now);
            open_length = 0;
        } else {
            line(bytes, (size_t)(newline - bytes), now);
        }
        bytes = newline + 1;
    }
}
