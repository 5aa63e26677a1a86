/* Checks each line that a manager passed on against what the workload wrote. */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

enum { MOST_WRITERS = 10000, MOST_TIMES = 1 << 20 };

struct found {
    /* Lines of the workload, and their bytes without what the manager put in front. */
    uint64_t lines, bytes;
    /* Lines that never came, that are not whole or not alone in their row, and that came behind a later one. */
    uint64_t lost, torn, reordered;
    /* The manager's own lines. */
    uint64_t other;
    /* How many writers have said that they begin, that they are done, that they end, that they listen. */
    uint64_t begun, done, ended, listening;
    /* When: the last of them by the writers' own clocks. `done` is when the line was read. */
    uint64_t begun_at, done_at, ended_at, listening_at;
    /* When the first line of the workload was read. */
    uint64_t first_at;
    /* What the writers say that they took themselves. */
    uint64_t writers_cpu_ns;
    /* How long a line with a time was on its way. */
    uint32_t *way_ns;
    uint64_t ways;
};

extern struct found found;

/* Takes in what was read at `now`, complete lines and the beginning of one. */
void check(const char *bytes, size_t length, uint64_t now);

#endif
