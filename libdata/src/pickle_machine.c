#include "pickle_machine.h"

#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>

const char *data_kind_name(kind of)
{
    static const char *const texts[] = { "None",   "a truth value", "an integer", "a text",       "a global", "a tuple",
                                         "a type", "an array",      "the rows",   "another list", "a mark" };
    return texts[of];
}

/* --- the stack ---------------------------------------------------------------------------------------------------- */

// The value `below` the top one, or one that is nothing.
value data_peek(const machine *m, int below)
{
    return below < m->depth ? m->stack[m->depth - 1 - below] : (value){ .kind = NOTHING };
}

bool data_is_mark(value v, kind opened)
{
    return v.kind == MARK && v.number == (int64_t)opened;
}

static data_status append_number(machine *m, int64_t number)
{
    data_lists *lists = m->lists;
    if (number < 1 || number > m->most) {
        return FAIL(m, "list %zu: expected a word from 1 to %" PRId32 ", got %" PRId64, lists->count - 1, m->most,
                    number);
    }
    data_numbers *numbers = &lists->numbers;
    const size_t count = data_numbers_count(numbers);
    if (count == DATA_NUMBERS_MOST) {
        return FAIL(m, "lists: expected at most %d words, got more", DATA_NUMBERS_MOST);
    }
    if (!data_numbers_grow(numbers)) return data_member_fail_memory(m->member, (count + 1) * sizeof *numbers->at);
    *numbers->at++ = (int32_t)number;
    return DATA_OK;
}

data_status data_push(machine *m, value v)
{
    const value top = data_peek(m, 0);
    if (data_is_mark(top, LIST)) {
        if (v.kind == INTEGER) return append_number(m, v.number); // never on the stack: a list may be long
        return FAIL(m, "list %zu: expected integers, got %s", m->lists->count - 1, data_kind_name(v.kind));
    }
    if (data_is_mark(top, ROWS) && v.kind != LIST) {
        return FAIL(m, "rows: expected lists, got %s", data_kind_name(v.kind));
    }
    if (m->depth == STACK) return FAIL(m, "stack: expected at most %d values, got more", STACK);
    m->stack[m->depth++] = v;
    return DATA_OK;
}

data_status data_push_tuple(machine *m, int count, bool marked)
{
    if (count > m->depth - marked) return FAIL(m, "tuple: expected %d values, got %d", count, m->depth);
    if (count > ITEMS - m->item_count) return FAIL(m, "tuples: expected at most %d values, got more", ITEMS);
    const value tuple = { .kind = TUPLE, .count = count, .number = m->item_count };
    for (int i = count - 1; i >= 0; i--) {
        const value item = data_peek(m, i);
        if (item.kind == MARK || item.kind == LIST) {
            return FAIL(m, "tuple: expected values, got %s", data_kind_name(item.kind));
        }
        m->items[m->item_count++] = item;
    }
    m->depth -= count + marked;
    return data_push(m, tuple);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

data_status data_push_mark(machine *m)
{
    const kind top = data_peek(m, 0).kind;
    return data_push(m, (value){ .kind = MARK, .number = top == LIST || top == ROWS ? (int64_t)top : MARK });
}

static data_status begin_list(machine *m)
{
    data_lists *lists = m->lists;
    // One that is done and waits for the mark's end has its place in `lists` already.
    if (data_peek(m, 0).kind == LIST && data_is_mark(data_peek(m, 1), ROWS)) m->depth--;
    if (data_peek(m, 0).kind != ROWS && !data_is_mark(data_peek(m, 0), ROWS)) {
        return FAIL(m, "list: expected one among the rows, got one elsewhere");
    }
    if (lists->count == (size_t)m->rows) return FAIL(m, "rows: expected %" PRId32 " lists, got more", m->rows);
    void *offsets = lists->offsets;
    const bool grown = data_grow(&offsets, &lists->offset_room, lists->count + 2, sizeof *lists->offsets);
    lists->offsets = offsets;
    if (!grown) return data_member_fail_memory(m->member, (lists->count + 2) * sizeof *lists->offsets);
    lists->offsets[lists->count++] = (int64_t)data_numbers_count(&lists->numbers);
    return data_push(m, (value){ .kind = LIST });
}

data_status data_push_list(machine *m)
{
    if (m->has_rows) return begin_list(m);
    m->has_rows = true;
    return data_push(m, (value){ .kind = ROWS });
}

data_status data_append(machine *m)
{
    const value list = data_peek(m, 1), item = data_peek(m, 0);
    if (list.kind == LIST && item.kind == INTEGER) {
        m->depth--;
        return append_number(m, item.number);
    }
    if (list.kind != ROWS || item.kind != LIST) return FAIL(m, "append: expected a list and its value, got others");
    m->depth--;
    return DATA_OK;
}

data_status data_close_mark(machine *m)
{
    // What was appended is in `lists` already.
    if (data_peek(m, 0).kind == LIST && data_is_mark(data_peek(m, 1), ROWS)) m->depth--;
    const value mark = data_peek(m, 0);
    if (mark.kind != MARK || mark.number == MARK) return FAIL(m, "appends: expected the values of a list, got others");
    m->depth--;
    return DATA_OK;
}

/* --- the memo ----------------------------------------------------------------------------------------------------- */

// Lists are not kept: one that came twice could make a small file a large set.
data_status data_memo_put(machine *m, uint64_t index)
{
    const value top = data_peek(m, 0);
    if (index >= MEMO_INDEX) return FAIL(m, "memo: expected an index below %d, got %" PRIu64, MEMO_INDEX, index);
    if (m->depth == 0 || top.kind == MARK) return FAIL(m, "memo: expected a value, got none");
    m->memoized++;
    int place = 0;
    while (place < m->memo_count && m->memo[place].index != index) place++;
    if (place == m->memo_count && (top.kind == LIST || top.kind == ROWS)) return DATA_OK;
    if (place == MEMO) return FAIL(m, "memo: expected at most %d values and lists, got more", MEMO);
    m->memo[place].index = index;
    m->memo[place].value = top;
    if (place == m->memo_count) m->memo_count++;
    return DATA_OK;
}

data_status data_memo_get(machine *m, uint64_t index)
{
    for (int i = 0; i < m->memo_count; i++) {
        if (m->memo[i].index != index || m->memo[i].value.kind == LIST || m->memo[i].value.kind == ROWS) continue;
        return data_push(m, m->memo[i].value);
    }
    return FAIL(m, "memo: expected the index of a value, got %" PRIu64 ", a list's or nobody's", index);
}

void data_lists_free(data_lists *lists)
{
    data_numbers_free(&lists->numbers);
    free(lists->offsets);
    *lists = (data_lists){ 0 };
}
