/* Operations: a method for every row of the table that the header has, and the operators. */

#include "node.h"

/* math.hypot, which has digits of its own; may raise, if memory is short. */
static double python_hypot(double x, double y)
{
    PyObject *math = PyImport_ImportModule("math");
    PyObject *found = math == NULL ? NULL : PyObject_CallMethod(math, "hypot", "dd", x, y);
    const double r = found == NULL ? NAN : PyFloat_AsDouble(found);
    Py_XDECREF(found);
    Py_XDECREF(math);
    return r;
}

/* Written from the table by rows.py */
#include "rows.h"
#include "texts.h"

#define PLACE(name, ...) PLACE_##name,
enum { ROWS_OF_ONE(PLACE) ROWS_OF_TWO(PLACE) ROW_COUNT };
#undef PLACE

#define NAME(name, ...) #name,
static const char *const row_names[] = {ROWS_OF_ONE(NAME) ROWS_OF_TWO(NAME)};
#undef NAME

/* Whether a gradient flows to an operand: the cached local derivative of a constant 0 is None, as is that of a branch
   not taken in a row that selects. */
enum Flow { NEVER, UNLESS_ZERO, ALWAYS };

INLINE char flows(enum Flow flow, double local) { return flow == ALWAYS || (flow == UNLESS_ZERO && local != 0.0); }

/* Reads an operand: 1 for a Value, 0 for a plain number, -1 for what Python has to look at. A new reference to what the
   node keeps goes to held: an int becomes a float. */
INLINE int operand(State *state, PyObject *x, double *data, PyObject **held)
{
    PyTypeObject *type = Py_TYPE(x);
    if (type == state->value || (type == state->leaf && ((Node *)x)->filled)) {
        *data = ((Node *)x)->data;
        *held = Py_NewRef(x);
        return 1;
    }
    if (PyFloat_CheckExact(x)) {
        *data = PyFloat_AS_DOUBLE(x);
        *held = Py_NewRef(x);
        return 0;
    }
    if (PyLong_CheckExact(x)) {
        *data = PyLong_AsDouble(x);
        if ((*data == -1.0 && PyErr_Occurred()) || (*held = PyFloat_FromDouble(*data)) == NULL) {
            PyErr_Clear(); /* Python says it better */
            return -1;
        }
        return 0;
    }
    if (node_class(x) != state->value || !((Node *)x)->filled || is_own(state, type, state->data))
        return -1;
    *data = ((Node *)x)->data;
    *held = Py_NewRef(x);
    return 1;
}

typedef double (*Function1)(double x);
typedef double (*Local1)(double x, double out);
typedef double (*Function2)(double x, double y);
typedef double (*Local2)(double x, double y, double out);

INLINE PyObject *of_one(PyObject *self, int place, Function1 value, Local1 local, enum Flow flow, int raises)
{
    State *state = state_of(node_class(self));
    double x;
    PyObject *a;
    if (state == NULL)
        return NULL;
    if (operand(state, self, &x, &a) < 0) /* a class with a field of its own */
        return PyObject_CallFunction(state->apply, "O(O)", state->rows[place], self);
    const double z = value(x), da = local(x, z);
    Node *node = raises && PyErr_Occurred() ? NULL : new_node(state);
    if (node == NULL) {
        Py_DECREF(a);
        return NULL;
    }
    node->data = z;
    node->op = Py_NewRef(state->rows[place]);
    node->operands[0] = a;
    node->operands[1] = NULL;
    node->partials[0] = da;
    node->flows[0] = flows(flow, da);
    node->flows[1] = 0;
    return whole(state, node);
}

/* Either operand may be the Value; named: the method was called, no operator. */
INLINE PyObject *of_two(PyObject *l, PyObject *r, int named, int place, Function2 value, Local2 local_a, Local2 local_b,
                        enum Flow flow_a, enum Flow flow_b, int raises)
{
    PyTypeObject *type = node_class(l);
    State *state = state_of(type != NULL ? type : node_class(r));
    double x, y;
    PyObject *a = NULL, *b = NULL;
    if (state == NULL)
        return NULL;
    const int in_a = operand(state, l, &x, &a), in_b = in_a < 0 ? -1 : operand(state, r, &y, &b);
    if (in_b < 0) {
        Py_XDECREF(a);
        return named ? PyObject_CallFunction(state->apply, "O(OO)", state->rows[place], l, r)
                     : PyObject_CallFunctionObjArgs(state->mixed, state->rows[place], l, r, NULL);
    }
    const double z = value(x, y), da = in_a ? local_a(x, y, z) : 0.0, db = in_b ? local_b(x, y, z) : 0.0;
    Node *node = raises && PyErr_Occurred() ? NULL : new_node(state);
    if (node == NULL) {
        Py_DECREF(a);
        Py_DECREF(b);
        return NULL;
    }
    node->data = z;
    node->op = Py_NewRef(state->rows[place]);
    node->operands[0] = a;
    node->operands[1] = b;
    node->partials[0] = da;
    node->partials[1] = db;
    node->flows[0] = in_a && flows(flow_a, da);
    node->flows[1] = in_b && flows(flow_b, db);
    return whole(state, node);
}

#define METHOD(name, flow, raises)                                                                      \
    static PyObject *name##_method(PyObject *self, PyObject *Py_UNUSED(none))                           \
    {                                                                                                   \
        return of_one(self, PLACE_##name, name##_value, name##_local_0, flow, raises);                  \
    }
ROWS_OF_ONE(METHOD)
#undef METHOD

#define METHOD(name, flow_a, flow_b, raises)                                                            \
    static inline PyObject *name##_of(PyObject *l, PyObject *r, int named)                              \
    {                                                                                                   \
        return of_two(l, r, named, PLACE_##name, name##_value, name##_local_0, name##_local_1, flow_a,  \
                      flow_b, raises);                                                                  \
    }                                                                                                   \
    static inline PyObject *name##_method(PyObject *l, PyObject *r) { return name##_of(l, r, 1); }      \
    static inline PyObject *name##_operator(PyObject *l, PyObject *r) { return name##_of(l, r, 0); }
ROWS_OF_TWO(METHOD)
#undef METHOD

PyMethodDef node_methods[] = {
    {"backward", backward, METH_NOARGS, BACKWARD_DOC},
    METHODS{NULL, NULL, 0, NULL},
};

/* Operators */

static PyObject *plus(PyObject *l, PyObject *r)
{
    if (PyLong_CheckExact(l) && !PyObject_IsTrue(l)) /* sum(values) starts from the int 0 */
        return Py_NewRef(r);
    return add_operator(l, r);
}

static PyObject *power(PyObject *l, PyObject *r, PyObject *modulus)
{
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    return pow_operator(l, r);
}

static PyObject *negative(PyObject *self) { return neg_method(self, NULL); }

static PyObject *absolute(PyObject *self) { return abs_method(self, NULL); }

static PyObject *positive(PyObject *self) { return Py_NewRef(self); }

/* The number of a Value; -1 and an error where a class has a field of its own that gives none. */
static double number_of(State *state, PyObject *self)
{
    if (((Node *)self)->filled && !is_own(state, Py_TYPE(self), state->data))
        return ((Node *)self)->data;
    PyObject *data = PyObject_GetAttr(self, state->data);
    const double x = data == NULL ? -1.0 : PyFloat_AsDouble(data);
    Py_XDECREF(data);
    return x;
}

static int truth(PyObject *self)
{
    State *state = state_of(node_class(self));
    const double x = state == NULL ? -1.0 : number_of(state, self);
    return x == -1.0 && PyErr_Occurred() ? -1 : x != 0.0;
}

/* As engine.Value.__eq__ says. */
static PyObject *equal(PyObject *self, PyObject *other)
{
    State *state = state_of(node_class(self));
    if (state == NULL)
        return NULL;
    if (node_class(other) == state->value)
        return PyBool_FromLong(self == other);
    if (!PyFloat_CheckExact(other) && !PyLong_CheckExact(other))
        return PyObject_CallFunctionObjArgs(state->equals, self, other, NULL);
    const double x = number_of(state, self);
    if (x == -1.0 && PyErr_Occurred())
        return NULL;
    if (PyFloat_CheckExact(other))
        return PyBool_FromLong(x == PyFloat_AS_DOUBLE(other));
    PyObject *number = PyFloat_FromDouble(x);
    PyObject *result = number == NULL ? NULL : PyObject_RichCompare(number, other, Py_EQ); /* exact for large ints */
    Py_XDECREF(number);
    return result;
}

static PyObject *unequal(PyObject *self, PyObject *other)
{
    PyObject *same = Py_TYPE(self)->tp_richcompare(self, other, Py_EQ); /* a subclass may have its own */
    if (same == NULL || same == Py_NotImplemented)
        return same;
    const int is_same = PyObject_IsTrue(same);
    Py_DECREF(same);
    return is_same < 0 ? NULL : PyBool_FromLong(!is_same);
}

static PyObject *compare(PyObject *self, PyObject *other, int sign)
{
    switch (sign) {
    case Py_LT: return less_operator(self, other);
    case Py_LE: return less_equal_operator(self, other);
    case Py_GT: return greater_operator(self, other);
    case Py_GE: return greater_equal_operator(self, other);
    case Py_EQ: return equal(self, other);
    default: return unequal(self, other);
    }
}

static Py_hash_t identity(PyObject *self) { return PyBaseObject_Type.tp_hash(self); }

PyType_Slot node_slots[] = {
    {Py_tp_dealloc, node_dealloc},
    {Py_tp_traverse, node_traverse},
    {Py_tp_clear, node_clear},
    {Py_tp_methods, node_methods},
    {Py_tp_getset, node_fields},
    {Py_tp_richcompare, compare},
    {Py_tp_hash, identity},
    {Py_nb_add, plus},
    {Py_nb_subtract, sub_operator},
    {Py_nb_multiply, mul_operator},
    {Py_nb_true_divide, div_operator},
    {Py_nb_power, power},
    {Py_nb_negative, negative},
    {Py_nb_positive, positive},
    {Py_nb_absolute, absolute},
    {Py_nb_bool, truth},
    {0, NULL},
};

/* The rows of the table */

int install_rows(State *state, PyObject *table)
{
    PyObject **rows = PyMem_Calloc(ROW_COUNT, sizeof(PyObject *));
    if (rows == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    clear_rows(state);
    state->rows = rows;
    for (int i = 0; i < ROW_COUNT; i++) {
        PyObject *row = PyMapping_GetItemString(table, row_names[i]);
        if (row == NULL)
            return -1;
        rows[i] = row;
    }
    return 0;
}

int traverse_rows(State *state, visitproc visit, void *arg)
{
    for (int i = 0; state->rows != NULL && i < ROW_COUNT; i++)
        Py_VISIT(state->rows[i]);
    return 0;
}

int clear_rows(State *state)
{
    for (int i = 0; state->rows != NULL && i < ROW_COUNT; i++)
        Py_CLEAR(state->rows[i]);
    PyMem_Free(state->rows);
    state->rows = NULL;
    return 0;
}
