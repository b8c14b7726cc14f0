/* Text of unknown origin on its way to a terminal: the first byte is the room. */
#include "terminal.h"

#include "files/text.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    const size_t room = (size_t)bytes[0] + 1;
    char *shown = malloc(room); /* exactly */
    FUZZ_CHECK(shown);
    const size_t length = terminal_text(shown, room, (const char *)bytes + 1, size - 1);
    fuzz_accepted++;
    FUZZ_CHECK(length < room && strlen(shown) == length && nn_is_utf8(shown, length));
    for (size_t i = 0; i < length; i++) FUZZ_CHECK((unsigned char)shown[i] >= ' ' && shown[i] != 0x7f);
    free(shown);
    return 0;
}
