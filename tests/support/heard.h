/* What is said on stderr. */
#ifndef KVIST_TESTS_HEARD_H
#define KVIST_TESTS_HEARD_H

/* From here to assert_heard() stderr goes to a file; the text must then be a part of it. */
void hear_stderr(void);
void assert_heard(const char *expected);

#endif
