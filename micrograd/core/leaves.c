/* Values made by hand: the constructor for a plain number, which calls no Python. */

#include "node.h"

/* The constructor in Python. */
static PyObject *construct(PyObject *type, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *positional = PyTuple_New(count), *named = names == NULL ? NULL : PyDict_New();
    int failed = positional == NULL || (names != NULL && named == NULL) ? -1 : 0;
    for (Py_ssize_t i = 0; failed == 0 && i < count; i++)
        PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    for (Py_ssize_t i = 0; failed == 0 && names != NULL && i < PyTuple_GET_SIZE(names); i++)
        failed = PyDict_SetItem(named, PyTuple_GET_ITEM(names, i), args[count + i]);
    PyObject *made = failed < 0 ? NULL : Py_TYPE(type)->tp_call(type, positional, named);
    Py_XDECREF(positional);
    Py_XDECREF(named);
    return made;
}

/* Reads Value(number) and Value(number, text); 0 for all else, and where a user put a constructor in place of ours. */
static int is_plain(State *state, PyObject *const *args, Py_ssize_t count, PyObject *names, double *data)
{
    if (names != NULL || count < 1 || count > 2 || (count == 2 && !PyUnicode_CheckExact(args[1])))
        return 0;
    if (state->watcher != NULL || PyDict_GetItemWithError(state->value->tp_dict, state->init_name) != state->init
        || PyDict_GetItemWithError(state->value->tp_dict, state->new_name) != state->new)
        return 0;
    if (PyFloat_CheckExact(args[0])) {
        *data = PyFloat_AS_DOUBLE(args[0]);
        return 1;
    }
    if (!PyLong_CheckExact(args[0]))
        return 0;
    *data = PyLong_AsDouble(args[0]);
    if (*data != -1.0 || !PyErr_Occurred())
        return 1;
    PyErr_Clear(); /* it is too large, which Python says better */
    return 0;
}

/* Value(data, label), for type->tp_vectorcall. */
static PyObject *make_leaf(PyObject *type, PyObject *const *args, size_t flagged, PyObject *names)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flagged);
    State *state = state_of((PyTypeObject *)type);
    double data;
    if (state == NULL)
        return NULL;
    if (!is_plain(state, args, count, names, &data))
        return construct(type, args, count, names);
    Node *leaf = (Node *)state->leaf->tp_alloc(state->leaf, 0); /* all fields are 0 */
    if (leaf == NULL)
        return NULL;
    leaf->data = data;
    leaf->filled = 1;
    if (count == 2 && PyUnicode_GET_LENGTH(args[1]) > 0)
        leaf->label = Py_NewRef(args[1]);
    return (PyObject *)leaf;
}

/* leaf_class(cls): tells the class of Values made by hand, which derives from that of nodes. */
PyObject *leaf_class(PyObject *module, PyObject *cls)
{
    State *state = PyModule_GetState(module);
    if (!PyType_Check(cls) || ((PyTypeObject *)cls)->tp_base != state->value)
        return PyErr_Format(PyExc_TypeError, "expected a class that derives from the class of nodes, got %R", cls);
    Py_XSETREF(state->leaf, (PyTypeObject *)Py_NewRef(cls));
    PyObject *entries = state->value->tp_dict;
    Py_XSETREF(state->init, Py_XNewRef(PyDict_GetItemWithError(entries, state->init_name)));
    Py_XSETREF(state->new, Py_XNewRef(PyDict_GetItemWithError(entries, state->new_name)));
    if (PyErr_Occurred())
        return NULL;
    if (state->init != NULL && state->new != NULL)
        state->value->tp_vectorcall = make_leaf;
    return Py_NewRef(cls);
}
