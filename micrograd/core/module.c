/* The module `_core`: the engine's class of nodes and its walks in C, for `choice` to put in place of those in Python. */

#include "node.h"
#include "texts.h" /* written by rows.py */

static PyType_Spec node_spec = {
    .name = "micrograd.engine.Value",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = node_slots,
};

/* value_class(bases, table, apply, mixed, number, equals): the class of nodes, with the rows of that table. The functions
   answer for operands that are neither Values nor floats nor ints. */
static PyObject *value_class(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *bases, *table, *apply, *mixed, *number, *equals;
    if (!PyArg_ParseTuple(args, "O!O!OOOO", &PyTuple_Type, &bases, &PyDict_Type, &table, &apply, &mixed, &number, &equals))
        return NULL;
    if (install_rows(state, table) < 0)
        return NULL;
    PyObject *type = PyType_FromModuleAndSpec(module, &node_spec, bases);
    if (type == NULL)
        return NULL;
    Py_XSETREF(state->apply, Py_NewRef(apply));
    Py_XSETREF(state->mixed, Py_NewRef(mixed));
    Py_XSETREF(state->number, Py_NewRef(number));
    Py_XSETREF(state->equals, Py_NewRef(equals));
    Py_CLEAR(state->leaf);
    Py_CLEAR(state->init);
    Py_CLEAR(state->new);
    free_kept(state);
    Py_XSETREF(state->value, (PyTypeObject *)Py_NewRef(type));
    return type;
}

/* watch(function): calls it with every node that is made from now on; None ends that. */
static PyObject *watch(PyObject *module, PyObject *function)
{
    State *state = PyModule_GetState(module);
    Py_XSETREF(state->watcher, function == Py_None ? NULL : Py_NewRef(function));
    Py_RETURN_NONE;
}

/* digest(contents): as rows.py has it. */
static PyObject *digest(PyObject *Py_UNUSED(module), PyObject *contents)
{
    Py_buffer view;
    if (PyObject_GetBuffer(contents, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    unsigned long long found = 0;
    for (Py_ssize_t place = 0; place < view.len; place += 8) {
        unsigned long long word = 0;
        for (int i = 0; i < 8 && place + i < view.len; i++)
            word |= (unsigned long long)((unsigned char *)view.buf)[place + i] << 8 * i;
        found = (found ^ word) * 0x9E3779B97F4A7C15ULL;
        found ^= found >> 29;
    }
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLongLong(found);
}

static PyMethodDef functions[] = {
    {"value_class", value_class, METH_VARARGS, NULL},
    {"leaf_class", leaf_class, METH_O, NULL},
    {"watch", watch, METH_O, NULL},
    {"digest", digest, METH_O, NULL},
    {"assemble", (PyCFunction)(void (*)(void))assemble, METH_FASTCALL, ASSEMBLE_DOC},
    {"inner_nodes", inner_nodes, METH_O, INNER_NODES_DOC},
    {"topological", topological, METH_O, TOPOLOGICAL_DOC},
    {NULL, NULL, 0, NULL},
};

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->value);
    Py_VISIT(state->leaf);
    Py_VISIT(state->init);
    Py_VISIT(state->new);
    Py_VISIT(state->apply);
    Py_VISIT(state->mixed);
    Py_VISIT(state->number);
    Py_VISIT(state->equals);
    Py_VISIT(state->watcher);
    return traverse_rows(state, visit, arg);
}

static int clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->value);
    Py_CLEAR(state->leaf);
    Py_CLEAR(state->apply);
    Py_CLEAR(state->mixed);
    Py_CLEAR(state->number);
    Py_CLEAR(state->equals);
    Py_CLEAR(state->watcher);
    Py_CLEAR(state->init);
    Py_CLEAR(state->new);
    Py_CLEAR(state->data);
    Py_CLEAR(state->grad);
    Py_CLEAR(state->init_name);
    Py_CLEAR(state->new_name);
    clear_rows(state);
    free_kept(state);
    return 0;
}

static void destroy(void *module) { clear((PyObject *)module); }

/* Adds a digest, by which Python sees whether the sources are still those that this was built from. */
static int add_digest(PyObject *module, const char *name, unsigned long long digest)
{
    PyObject *number = PyLong_FromUnsignedLongLong(digest);
    const int failed = PyModule_AddObjectRef(module, name, number);
    Py_XDECREF(number);
    return failed;
}

static int execute(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->data = PyUnicode_InternFromString("data");
    state->grad = PyUnicode_InternFromString("grad");
    state->init_name = PyUnicode_InternFromString("__init__");
    state->new_name = PyUnicode_InternFromString("__new__");
    if (state->data == NULL || state->grad == NULL || state->init_name == NULL || state->new_name == NULL
        || add_digest(module, "DIGEST", DIGEST) < 0
        || add_digest(module, "DIGEST_OF_C", DIGEST_OF_C) < 0)
        return -1;
    return PyModule_AddStringConstant(module, "SOURCES", SOURCES);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "micrograd.core._core",
    .m_doc = PyDoc_STR("The engine's nodes and walks in C."),
    .m_size = sizeof(State),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = destroy,
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
