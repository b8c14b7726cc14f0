/* The opcodes of a pickle of numpy's array of lists, each with what it may do here. */
#include "pickle_machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 32, FIRST_PROTOCOL = 2, LAST_PROTOCOL = 5 };

/* Every text such a pickle holds. */
enum {
    N_MULTIARRAY,
    N_NEW_MULTIARRAY,
    N_RECONSTRUCT,
    N_NUMPY,
    N_NDARRAY,
    N_DTYPE,
    N_CODECS,
    N_ENCODE,
    N_B,
    N_LATIN1,
    N_O8,
    N_O4,
    N_ANY_ORDER,
    NAMES
};
static const char *const names[NAMES] = { "numpy.core.multiarray",
                                          "numpy._core.multiarray",
                                          "_reconstruct",
                                          "numpy",
                                          "ndarray",
                                          "dtype",
                                          "_codecs",
                                          "encode",
                                          "b",
                                          "latin1",
                                          "O8",
                                          "O4",
                                          "|" };

/* And every global: none of them is called. _codecs.encode("b", "latin1") is how protocol 2 writes the bytes b"b". */
enum { C_RECONSTRUCT, C_NDARRAY, C_DTYPE, C_ENCODE };
static const struct {
    int module, name, callable;
} callables[] = {
    { N_MULTIARRAY, N_RECONSTRUCT, C_RECONSTRUCT },
    { N_NEW_MULTIARRAY, N_RECONSTRUCT, C_RECONSTRUCT },
    { N_NUMPY, N_NDARRAY, C_NDARRAY },
    { N_NUMPY, N_DTYPE, C_DTYPE },
    { N_CODECS, N_ENCODE, C_ENCODE },
};

/* --- bytes -------------------------------------------------------------------------------------------------------- */

static data_status read_little(machine *m, int size, uint64_t *number)
{
    unsigned char bytes[8];
    const data_status status = data_member_read(m->member, bytes, (size_t)size, "opcode");
    *number = 0;
    for (int i = 0; i < size && status == DATA_OK; i++) *number |= (uint64_t)bytes[i] << 8 * i;
    return status;
}

static data_status push_integer(machine *m, int64_t number)
{
    return data_push(m, (value){ .kind = INTEGER, .number = number });
}

/* --- constants ---------------------------------------------------------------------------------------------------- */

static data_status op_none(machine *m)
{
    return data_push(m, (value){ .kind = NOTHING });
}

static data_status op_true(machine *m)
{
    return data_push(m, (value){ .kind = BOOLEAN, .number = 1 });
}

static data_status op_false(machine *m)
{
    return data_push(m, (value){ .kind = BOOLEAN });
}

// The small integers at hand that follow in the same list, without the machine around each: nearly all of a set. What
// is out of range is left for append_number to tell.
static void take_run(machine *m)
{
    data_member *from = m->member;
    data_numbers *to = &m->lists->numbers;
    if (!data_is_mark(data_peek(m, 0), LIST)) return;
    while (from->end - from->at >= 3 && to->at < to->end) {
        const unsigned char *code = from->at;
        const int32_t number = code[0] == 'K' ? code[1] : code[0] == 'M' ? code[1] | code[2] << 8 : 0;
        if (number < 1 || number > m->most) break;
        *to->at++ = number;
        from->at += code[0] == 'K' ? 2 : 3;
    }
}

static data_status read_small(machine *m, int size)
{
    uint64_t number;
    data_status status = read_little(m, size, &number);
    if (status == DATA_OK) status = push_integer(m, (int64_t)number);
    if (status == DATA_OK) take_run(m);
    return status;
}

static data_status op_int1(machine *m)
{
    return read_small(m, 1);
}

static data_status op_int2(machine *m)
{
    return read_small(m, 2);
}

static data_status op_int4(machine *m)
{
    uint64_t number;
    const data_status status = read_little(m, 4, &number);
    return status == DATA_OK ? push_integer(m, number < 1u << 31 ? (int64_t)number : (int64_t)number - (1LL << 32))
                             : status;
}

// Two's complement of any length; the words fit into four bytes.
static data_status op_long1(machine *m)
{
    uint64_t size, number = 0;
    data_status status = read_little(m, 1, &size);
    if (status != DATA_OK) return status;
    if (size > 7) return FAIL(m, "integer: expected at most 7 bytes, got %d", (int)size);
    if (size > 0) status = read_little(m, (int)size, &number);
    if (status != DATA_OK) return status;
    const bool negative = size > 0 && number >> (8 * size - 1);
    return push_integer(m, negative ? (int64_t)number - (int64_t)(1ULL << 8 * size) : (int64_t)number);
}

/* --- texts and globals -------------------------------------------------------------------------------------------- */

static data_status find_name(machine *m, const char *text, int *name)
{
    for (*name = 0; *name < NAMES; ++*name) {
        if (strcmp(names[*name], text) == 0) return DATA_OK;
    }
    char shown[TEXT];
    for (size_t i = 0; i <= strlen(text); i++) shown[i] = text[i] && (text[i] < ' ' || text[i] > '~') ? '?' : text[i];
    return FAIL(m, "text: expected one that numpy writes, got %s", shown);
}

static data_status read_text(machine *m, int length_bytes)
{
    char text[TEXT];
    uint64_t size;
    int name;
    data_status status = read_little(m, length_bytes, &size);
    if (status != DATA_OK) return status;
    if (size >= TEXT) return FAIL(m, "text: expected fewer than %d bytes, got %" PRIu64, TEXT, size);
    status = data_member_read(m->member, text, (size_t)size, "text");
    if (status != DATA_OK) return status;
    text[size] = '\0';
    status = find_name(m, text, &name);
    return status == DATA_OK ? data_push(m, (value){ .kind = NAME, .number = name }) : status;
}

static data_status op_text1(machine *m)
{
    return read_text(m, 1);
}

static data_status op_text4(machine *m)
{
    return read_text(m, 4);
}

static data_status push_global(machine *m, int module, int name)
{
    for (size_t i = 0; i < sizeof callables / sizeof callables[0]; i++) {
        if (callables[i].module != module || callables[i].name != name) continue;
        return data_push(m, (value){ .kind = CALLABLE, .number = callables[i].callable });
    }
    return FAIL(m, "global: expected one of numpy's arrays, got %s %s", names[module], names[name]);
}

static data_status read_line(machine *m, int *name)
{
    char text[TEXT];
    for (size_t i = 0; i < TEXT; i++) {
        uint64_t byte;
        const data_status status = read_little(m, 1, &byte);
        if (status != DATA_OK) return status;
        text[i] = (char)byte;
        if (byte != '\n') continue;
        text[i] = '\0';
        return find_name(m, text, name);
    }
    return FAIL(m, "text: expected fewer than %d bytes, got more", TEXT);
}

static data_status op_global(machine *m)
{
    int module, name;
    data_status status = read_line(m, &module);
    if (status == DATA_OK) status = read_line(m, &name);
    return status == DATA_OK ? push_global(m, module, name) : status;
}

static data_status op_stack_global(machine *m)
{
    const value module = data_peek(m, 1), name = data_peek(m, 0);
    if (module.kind != NAME || name.kind != NAME) return FAIL(m, "global: expected two texts, got other values");
    m->depth -= 2;
    return push_global(m, (int)module.number, (int)name.number);
}

static data_status op_tuple0(machine *m)
{
    return data_push_tuple(m, 0, false);
}

static data_status op_tuple1(machine *m)
{
    return data_push_tuple(m, 1, false);
}

static data_status op_tuple2(machine *m)
{
    return data_push_tuple(m, 2, false);
}

static data_status op_tuple3(machine *m)
{
    return data_push_tuple(m, 3, false);
}

static data_status op_tuple(machine *m)
{
    int count = 0;
    while (count < m->depth && data_peek(m, count).kind != MARK) count++;
    if (!data_is_mark(data_peek(m, count), MARK)) return FAIL(m, "tuple: expected a mark of its own, got none");
    return data_push_tuple(m, count, true);
}

// An index of `bytes`, and what is to be done with it.
static data_status with_index(machine *m, int bytes, data_status (*memo)(machine *, uint64_t))
{
    uint64_t index;
    const data_status status = read_little(m, bytes, &index);
    return status == DATA_OK ? memo(m, index) : status;
}

static data_status op_put1(machine *m)
{
    return with_index(m, 1, data_memo_put);
}

static data_status op_put4(machine *m)
{
    return with_index(m, 4, data_memo_put);
}

static data_status op_memoize(machine *m)
{
    return data_memo_put(m, m->memoized);
}

static data_status op_get1(machine *m)
{
    return with_index(m, 1, data_memo_get);
}

static data_status op_get4(machine *m)
{
    return with_index(m, 4, data_memo_get);
}

/* --- what numpy builds -------------------------------------------------------------------------------------------- */

static const value *item(const machine *m, value tuple, int i)
{
    return &m->items[tuple.number + i];
}

static bool is_name(const value *v, int name)
{
    return v->kind == NAME && v->number == name;
}

static bool is_flag(const value *v)
{
    return v->kind == BOOLEAN || v->kind == INTEGER;
}

// (ndarray, (0,), b"b"): an empty array that a state fills.
static bool makes_array(const machine *m, value t)
{
    if (t.count != 3 || item(m, t, 0)->kind != CALLABLE || item(m, t, 0)->number != C_NDARRAY) return false;
    const value shape = *item(m, t, 1);
    return shape.kind == TUPLE && shape.count == 1 && item(m, shape, 0)->kind == INTEGER &&
           item(m, shape, 0)->number == 0 && is_name(item(m, t, 2), N_B);
}

// ("O8", align, copy)
static bool makes_type(const machine *m, value t)
{
    return t.count == 3 && (is_name(item(m, t, 0), N_O8) || is_name(item(m, t, 0), N_O4)) && is_flag(item(m, t, 1)) &&
           is_flag(item(m, t, 2));
}

static bool makes_bytes(const machine *m, value t)
{
    return t.count == 2 && is_name(item(m, t, 0), N_B) && is_name(item(m, t, 1), N_LATIN1);
}

// Stands for calling: the arguments of each callable are known, and so is what comes of them.
static data_status op_reduce(machine *m)
{
    const value called = data_peek(m, 1), arguments = data_peek(m, 0);
    value made = { .kind = NOTHING };
    if (called.kind == CALLABLE && arguments.kind == TUPLE) {
        if (called.number == C_RECONSTRUCT && makes_array(m, arguments)) made.kind = ARRAY;
        if (called.number == C_DTYPE && makes_type(m, arguments)) made.kind = TYPE;
        if (called.number == C_ENCODE && makes_bytes(m, arguments)) made = (value){ .kind = NAME, .number = N_B };
    }
    if (made.kind == NOTHING) return FAIL(m, "reduce: expected an array or its type, got another call");
    m->depth -= 2;
    return data_push(m, made);
}

// (3, "|", None, None, None, -1, -1, 63): objects, without fields or dimensions of their own.
static bool is_type_state(const machine *m, value t)
{
    if (t.count != 8 || item(m, t, 0)->kind != INTEGER || !is_name(item(m, t, 1), N_ANY_ORDER)) return false;
    for (int i = 2; i < 8; i++) {
        if (item(m, t, i)->kind != (i < 5 ? NOTHING : INTEGER)) return false;
    }
    return true;
}

// (1, (rows,), type, Fortran's order, the rows)
static bool is_array_state(const machine *m, value t)
{
    if (t.count != 5 || item(m, t, 0)->kind != INTEGER || item(m, t, 1)->kind != TUPLE) return false;
    const value shape = *item(m, t, 1);
    return shape.count == 1 && item(m, shape, 0)->kind == INTEGER && item(m, shape, 0)->number == m->rows &&
           item(m, t, 2)->kind == TYPE && is_flag(item(m, t, 3)) && item(m, t, 4)->kind == ROWS;
}

static data_status op_build(machine *m)
{
    const value built = data_peek(m, 1), state = data_peek(m, 0);
    const bool tuple = state.kind == TUPLE;
    if (built.kind == TYPE && tuple && is_type_state(m, state)) {
        m->depth--;
        return DATA_OK;
    }
    if (built.kind != ARRAY || !tuple || !is_array_state(m, state)) {
        return FAIL(m, "build: expected an array of %" PRId32 " lists or its type, got another state", m->rows);
    }
    if (m->lists->count != (size_t)m->rows) {
        return FAIL(m, "rows: expected %" PRId32 " lists, got %zu", m->rows, m->lists->count);
    }
    m->depth--;
    m->stack[m->depth - 1].number = 1;
    return DATA_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

// Frames help who reads ahead.
static data_status op_frame(machine *m)
{
    uint64_t size;
    return read_little(m, 8, &size);
}

static data_status op_stop(machine *m)
{
    const value whole = data_peek(m, 0);
    if (m->depth != 1 || whole.kind != ARRAY || whole.number != 1) {
        return FAIL(m, "stop: expected the array alone on the stack, got %d values", m->depth);
    }
    m->stopped = true;
    return DATA_OK;
}

// All there is: nothing else is read past.
static data_status (*const opcodes[256])(machine *) = {
    ['('] = data_push_mark,   [')'] = op_tuple0,   ['.'] = op_stop,         ['C'] = op_text1,       ['B'] = op_text4,
    ['J'] = op_int4,          ['K'] = op_int1,     ['M'] = op_int2,         ['N'] = op_none,        ['R'] = op_reduce,
    ['T'] = op_text4,         ['U'] = op_text1,    ['X'] = op_text4,        [']'] = data_push_list, ['a'] = data_append,
    ['b'] = op_build,         ['c'] = op_global,   ['e'] = data_close_mark, ['h'] = op_get1,        ['j'] = op_get4,
    ['q'] = op_put1,          ['r'] = op_put4,     ['t'] = op_tuple,        [0x85] = op_tuple1,     [0x86] = op_tuple2,
    [0x87] = op_tuple3,       [0x88] = op_true,    [0x89] = op_false,       [0x8a] = op_long1,      [0x8c] = op_text1,
    [0x93] = op_stack_global, [0x94] = op_memoize, [0x95] = op_frame,
};

static data_status read_protocol(machine *m)
{
    unsigned char start[2];
    m->at = data_member_offset(m->member);
    const data_status status = data_member_read(m->member, start, sizeof start, "pickle");
    if (status != DATA_OK) return status;
    if (start[0] == 0x80 && start[1] >= FIRST_PROTOCOL && start[1] <= LAST_PROTOCOL) return DATA_OK;
    return FAIL(m, "pickle: expected protocol %d to %d (0x80 0x%02x to 0x%02x), got 0x%02x 0x%02x", FIRST_PROTOCOL,
                LAST_PROTOCOL, FIRST_PROTOCOL, LAST_PROTOCOL, start[0], start[1]);
}

data_status data_pickle_read(data_member *member, int32_t rows, int32_t most, data_lists *lists)
{
    machine m = { .member = member, .lists = lists, .rows = rows, .most = most };
    data_status status = read_protocol(&m);
    while (status == DATA_OK && !m.stopped) {
        m.at = data_member_offset(member);
        const int code = data_member_byte(member);
        if (code < 0) {
            status = member->status != DATA_OK ? member->status : FAIL(&m, "opcode: expected one, got the end");
        } else if (!opcodes[code]) {
            status = FAIL(&m, "opcode: expected one of a list of lists of integers, got opcode 0x%02x", code);
        } else {
            status = opcodes[code](&m);
        }
    }
    if (status != DATA_OK) return status;
    if (!lists->offsets && !(lists->offsets = malloc(sizeof *lists->offsets))) {
        return data_member_fail_memory(member, sizeof *lists->offsets);
    }
    lists->offsets[lists->count] = (int64_t)data_numbers_count(&lists->numbers);
    return DATA_OK;
}
