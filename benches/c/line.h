/* What the lines of the workload look like, for who writes and who checks them. */
#ifndef LINE_H
#define LINE_H

#include <stdint.h>
#include <time.h>

/* `~IIII SSSSSSSSSS K...` */
enum { ID_AT = 1, ID_DIGITS = 4, NUMBER_AT = 6, NUMBER_DIGITS = 10, KIND_AT = 17, TIME_AT = 19, TIME_DIGITS = 19 };

/* Adds one to a number of NUMBER_DIGITS digits. */
static inline void count_up(char *number) {
    int at = NUMBER_DIGITS - 1;
    while (at >= 0 && number[at] == '9') number[at--] = '0';
    if (at >= 0) number[at]++;
}

static inline uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

#endif
