/* The fields of a node in Python, found by their offset in it or by the place of an operand. */

#include "node.h"

static int refuse_deletion(void)
{
    PyErr_SetString(PyExc_AttributeError, "the fields of a Value cannot be deleted");
    return -1;
}

/* Reads a number that is assigned to a field: what is no float, dispatch.number takes or refuses. */
static int read_number(PyObject *self, PyObject *x, double *number)
{
    if (PyFloat_Check(x)) {
        *number = PyFloat_AS_DOUBLE(x);
        return 0;
    }
    State *state = state_of(node_class(self));
    PyObject *converted = state == NULL ? NULL : PyObject_CallOneArg(state->number, x);
    if (converted == NULL)
        return -1;
    const double read = PyFloat_AsDouble(converted);
    Py_DECREF(converted);
    if (read == -1.0 && PyErr_Occurred())
        return -1;
    *number = read;
    return 0;
}

static double *number_at(PyObject *self, void *offset) { return (double *)((char *)self + (size_t)offset); }

static PyObject *get_number(PyObject *self, void *offset)
{
    if (((Node *)self)->filled)
        return PyFloat_FromDouble(*number_at(self, offset));
    PyErr_Format(PyExc_AttributeError, "this %.200s has no number yet: call super().__init__", Py_TYPE(self)->tp_name);
    return NULL;
}

static int set_number(PyObject *self, PyObject *x, void *offset)
{
    if (x == NULL)
        return refuse_deletion();
    if (read_number(self, x, number_at(self, offset)) < 0)
        return -1;
    ((Node *)self)->filled = 1;
    return 0;
}

static PyObject *get_partial(PyObject *self, void *place)
{
    const Node *node = (Node *)self;
    if (!node->flows[(size_t)place])
        Py_RETURN_NONE;
    return PyFloat_FromDouble(node->partials[(size_t)place]);
}

static int set_partial(PyObject *self, PyObject *x, void *place)
{
    Node *node = (Node *)self;
    if (x == NULL)
        return refuse_deletion();
    if (x != Py_None && read_number(self, x, &node->partials[(size_t)place]) < 0)
        return -1;
    node->flows[(size_t)place] = x != Py_None;
    return 0;
}

static PyObject **object_at(PyObject *self, void *offset) { return (PyObject **)((char *)self + (size_t)offset); }

static PyObject *get_object(PyObject *self, void *offset)
{
    PyObject *x = *object_at(self, offset);
    return Py_NewRef(x == NULL ? Py_None : x);
}

static int set_object(PyObject *self, PyObject *x, void *offset)
{
    if (x == NULL)
        return refuse_deletion();
    Py_XSETREF(*object_at(self, offset), x == Py_None ? NULL : Py_NewRef(x));
    return 0;
}

static PyObject *get_label(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *label = ((Node *)self)->label;
    return label == NULL ? PyUnicode_FromStringAndSize(NULL, 0) : Py_NewRef(label);
}

static int set_label(PyObject *self, PyObject *x, void *Py_UNUSED(closure))
{
    if (x == NULL)
        return refuse_deletion();
    const int empty = PyUnicode_CheckExact(x) && PyUnicode_GET_LENGTH(x) == 0;
    Py_XSETREF(((Node *)self)->label, empty ? NULL : Py_NewRef(x));
    return 0;
}

/* The mark that the walks in Python leave: ours are numbers, which nobody sees. */
static PyObject *get_mark(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure)) { Py_RETURN_NONE; }

static int set_mark(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(x), void *Py_UNUSED(closure)) { return 0; }

PyGetSetDef node_fields[] = {
    {"data", get_number, set_number, NULL, (void *)offsetof(Node, data)},
    {"grad", get_number, set_number, NULL, (void *)offsetof(Node, grad)},
    {"op", get_object, set_object, NULL, (void *)offsetof(Node, op)},
    {"label", get_label, set_label, NULL, NULL},
    {"_mark", get_mark, set_mark, NULL, NULL},
    {"_a", get_object, set_object, NULL, (void *)offsetof(Node, operands[0])},
    {"_b", get_object, set_object, NULL, (void *)offsetof(Node, operands[1])},
    {"_da", get_partial, set_partial, NULL, (void *)0},
    {"_db", get_partial, set_partial, NULL, (void *)1},
    {NULL, NULL, NULL, NULL, NULL},
};
