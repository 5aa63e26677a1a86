/*
 * The workload: what a manager runs. Each line is `~IIII SSSSSSSSSS K...`: who, the number of the line (from 1)
 * and its kind, so that the meter can tell whether one was lost, torn, merged or overtaken.
 *
 *   work flood ID LINES LENGTH   so many lines of so many bytes (newline included, 20 at least) at full speed
 *   work tick ID LINES MICROS    a line with the time in it, one write each, so far apart
 *   work beat ID MILLIS          a line when it begins and one when SIGTERM ends it; in between one each MILLIS
 *                                (0: it sleeps)
 *   work serve ID MILLIS         as beat, and listens on $PORT after so long, with a line as soon as it does
 *
 * flood and tick end with a line that says how many there were and what CPU they took, and then wait for SIGTERM: to
 * many managers the end of one process is the end of all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "line.h"

static int id;

static void write_all(const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(1, bytes, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) exit(1);
        bytes += count;
        length -= (size_t)count;
    }
}

/* A line that carries a number: a time or a duration, in nanoseconds. */
static void say(uint64_t number, char kind, uint64_t nanoseconds) {
    char line[64];
    int length = snprintf(line, sizeof line, "~%04d %010llu %c %019llu\n", id, (unsigned long long)number, kind,
                          (unsigned long long)nanoseconds);
    write_all(line, (size_t)length);
}

static uint64_t own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    uint64_t micros = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000;
    return (micros + (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) * 1000;
}

static void wait_for_the_end(void) {
    for (;;) pause();
}

static volatile sig_atomic_t is_over;

static void finish(int signal) {
    (void)signal;
    is_over = 1;
}

/* SIGTERM ends it behind a whole line. */
static void flood(uint64_t lines, size_t length) {
    struct sigaction action = {.sa_handler = finish, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
    size_t in_buffer = length < 65536 ? 65536 / length : 1;
    char *buffer = malloc(in_buffer * length);
    char number[] = "0000000001";
    for (size_t at = 0; at < in_buffer; at++) {
        char *line = buffer + at * length;
        memset(line, 'x', length);
        snprintf(line, 17, "~%04d           ", id);
        line[16] = ' ';
        line[length - 1] = '\n';
    }
    for (uint64_t left = lines; left > 0 && !is_over;) {
        size_t now = left < in_buffer ? (size_t)left : in_buffer;
        for (size_t at = 0; at < now; at++) {
            memcpy(buffer + at * length + NUMBER_AT, number, NUMBER_DIGITS);
            count_up(number);
        }
        write_all(buffer, now * length);
        left -= now;
    }
    if (!is_over) say(lines, 'd', own_cpu());
    signal(SIGTERM, SIG_DFL);
    if (!is_over) wait_for_the_end();
    exit(0);
}

static void tick(uint64_t lines, useconds_t apart) {
    for (uint64_t number = 1; number <= lines; number++) {
        usleep(apart);
        say(number, 't', now_ns());
    }
    say(lines, 'd', own_cpu());
    wait_for_the_end();
}

/* A number, or a name and a place as devrun has it in $PS: `p2.17`, of which there are up to 1,000 each. */
static int id_of(const char *text) {
    const char *dot = strchr(text, '.');
    return dot ? (atoi(text + 1) - 1) * 1000 + atoi(dot + 1) : atoi(text);
}

static void end(int signal) {
    (void)signal;
    say(0, 'e', now_ns());
    _exit(0);
}

static void listen_on_port(long after) {
    const char *port = getenv("PORT");
    usleep((useconds_t)after * 1000);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)atoi(port ? port : "0"));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(socket_fd, (struct sockaddr *)&address, sizeof address) || listen(socket_fd, 16)) {
        perror("listen");
        exit(1);
    }
    say(0, 'l', now_ns());
}

/* Exactly `apart` milliseconds from beat to beat, however long a write takes. */
static void beat(long apart) {
    if (apart == 0) wait_for_the_end();
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    for (uint64_t number = 1;; number++) {
        uint64_t next = (uint64_t)at.tv_nsec + (uint64_t)apart * 1000000;
        at.tv_sec += (time_t)(next / 1000000000);
        at.tv_nsec = (long)(next % 1000000000);
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {}
        say(number, 't', now_ns());
    }
}

int main(int count, char **arguments) {
    uint64_t begun = now_ns();
    if (count < 4) {
        fprintf(stderr, "usage: work flood|tick|beat|serve ID ...\n");
        return 2;
    }
    id = id_of(arguments[2]);
    long long first = atoll(arguments[3]);
    long long second = count > 4 ? atoll(arguments[4]) : 0;
    if (!strcmp(arguments[1], "flood")) flood((uint64_t)first, second < 20 ? 20 : (size_t)second);
    if (!strcmp(arguments[1], "tick")) tick((uint64_t)first, (useconds_t)second);
    signal(SIGTERM, end);
    say(0, 'b', begun);
    if (!strcmp(arguments[1], "serve")) {
        listen_on_port((long)first);
        wait_for_the_end();
    }
    beat((long)first);
}
