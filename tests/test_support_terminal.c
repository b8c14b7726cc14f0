/* Text of unknown origin on its way to a terminal. */
#include "terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, size_t size, const char *expected)
{
    char shown[64];
    memset(shown, '#', sizeof shown);
    assert_int_equal(terminal_text(shown, sizeof shown, text, size), strlen(expected));
    assert_string_equal(shown, expected);
}

#define CHECK(literal, expected) check(literal, sizeof(literal) - 1, expected)

static void text_stays(void **state)
{
    (void)state;
    CHECK("", "");
    CHECK(" plain ~", " plain ~");
    CHECK("caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xf0\x9f\x8e\xac", "caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xf0\x9f\x8e\xac");
    CHECK("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

static void controls_are_hidden(void **state)
{
    (void)state;
    CHECK("a\033[31mb", "a?[31mb");
    CHECK("\0\t\n\r\x1f\x7f", "??????");
    CHECK("\xc2\x9b"
          "31m\xc2\x80\xc2\x9f",
          "??31m????"); /* C1 as UTF-8 */
}

static void broken_utf8_is_hidden(void **state)
{
    (void)state;
    CHECK("\x9b\xff\xfe\xc3", "????");
    CHECK("\xc3"
          "a",
          "?a");
    CHECK("\xe2\x82", "??");                /* ends too early */
    CHECK("\xc0\x9b\xe0\x80\x9b", "?????"); /* overlong */
    CHECK("\xed\xa0\x80", "???");           /* a surrogate */
    CHECK("\xf4\x90\x80\x80\xf8", "?????"); /* beyond Unicode */
}

static void cut_at_a_character(void **state)
{
    (void)state;
    char shown[8];
    for (size_t room = 1; room <= 6; room++) {
        memset(shown, '#', sizeof shown);
        const size_t size = terminal_text(shown, room, "ab\xe2\x82\xac", 5);
        assert_int_equal(size, room < 3 ? room - 1 : room < 6 ? 2 : 5);
        assert_int_equal(strlen(shown), size);
        assert_int_equal(shown[room], '#'); /* nothing behind the room */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays),
        cmocka_unit_test(controls_are_hidden),
        cmocka_unit_test(broken_utf8_is_hidden),
        cmocka_unit_test(cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
