/* Calls to the system of which one fails. A test's wrappers of them (--wrap) ask fault_due(); that of open is here,
 * those of fdopen, fclose and rename are in faults_of_streams.c. */
#ifndef KVIST_TESTS_FAULTS_H
#define KVIST_TESTS_FAULTS_H

#include <stdbool.h>

/* The k-th call from now on fails, from 1 (0: none), with this errno. With reads_only no others count. */
void fault_at(int k, int number, bool reads_only);
/* The same of any call, and all later ones fail too. */
void fault_from(int k, int number);
/* Counts a call, of read or another: whether it is the one to fail, and errno then. */
bool fault_due(bool read);
/* Whether it came to that since fault_at. */
bool fault_happened(void);

#endif
