#include "heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static FILE *heard;
static int kept_stderr;

void hear_stderr(void)
{
    heard = tmpfile();
    kept_stderr = dup(STDERR_FILENO);
    assert_true(heard && kept_stderr >= 0 && dup2(fileno(heard), STDERR_FILENO) >= 0);
}

void assert_heard(const char *expected)
{
    char text[1024];
    fflush(stderr);
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    rewind(heard);
    text[fread(text, 1, sizeof text - 1, heard)] = '\0';
    fclose(heard);
    if (!strstr(text, expected)) fail_msg("expected '%s' in '%s'", expected, text);
}
