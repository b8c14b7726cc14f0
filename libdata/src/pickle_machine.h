/* The stack machine behind data_pickle_read: values, stack, memo, and the lists where they end up. */
#ifndef DATA_PICKLE_MACHINE_H
#define DATA_PICKLE_MACHINE_H

#include "pickle.h"

/* Real pickles nest ten values, keep 23 of them in the memo and put 22 into tuples. */
enum { STACK = 32, MEMO = 64, ITEMS = 64, MEMO_INDEX = 1 << 26 };

typedef enum kind {
    NOTHING, // None
    BOOLEAN,
    INTEGER,
    NAME,     // a text, by its number
    CALLABLE, // a global, by its number
    TUPLE,    // items[number] and the next, `count` of them
    TYPE,     // numpy's type of objects
    ARRAY,    // number 1 once it has its rows
    ROWS,     // the list of all lists
    LIST,     // one of them
    MARK      // number: LIST or ROWS where it opens one, else MARK
} kind;

typedef struct value {
    kind kind;
    int count;
    int64_t number;
} value;

typedef struct machine {
    data_member *member;
    data_lists *lists;
    int32_t rows, most;
    uint64_t at; // offset of the opcode at hand
    value stack[STACK], items[ITEMS];
    int depth, item_count;
    struct {
        uint64_t index;
        value value;
    } memo[MEMO];
    int memo_count;
    uint64_t memoized; // how many values were put, those that are not kept too
    bool has_rows, stopped;
} machine;

/* Fails at the opcode at hand. */
#define FAIL(m, ...) data_member_fail((m)->member, (m)->at, __VA_ARGS__)

const char *data_kind_name(kind of);
/* The value `below` the top one; NOTHING where the stack ends. */
value data_peek(const machine *m, int below);
/* Whether it is a mark that opens a list of that kind; MARK: none. */
bool data_is_mark(value v, kind opened);
data_status data_push(machine *m, value v);
data_status data_push_mark(machine *m);
/* Takes the top `count` values, and the mark below them if there is one, for a tuple. */
data_status data_push_tuple(machine *m, int count, bool marked);
/* A new list: the first holds the rows, every other one is a row. */
data_status data_push_list(machine *m);
/* Puts the top value into the list below it. */
data_status data_append(machine *m);
/* Ends what a mark opened in a list. */
data_status data_close_mark(machine *m);
data_status data_memo_put(machine *m, uint64_t index);
data_status data_memo_get(machine *m, uint64_t index);

#endif
