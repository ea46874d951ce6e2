/* A node of the graph and the state of the module: what the files of the core share. */

#ifndef MICROGRAD_NODE_H
#define MICROGRAD_NODE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stddef.h>

#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "doubles are computed with more digits than Python has: the engine runs in Python"
#endif
#ifdef Py_GIL_DISABLED
#error "without the GIL the engine runs in Python: walks write to nodes that threads share"
#endif

/* Hot and short: what a row computes is to stand in its method, not behind a call. */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(hidden) /* the files call each other directly */
#endif

/* The fields of engine.Value: _a and _b are the operands, _da and _db the partials. A node with more than two operands
   keeps the tuple of them as its first, that of their partials as its second. */
typedef struct {
    PyObject_HEAD
    double data, grad;
    double partials[2];    /* the cached local derivatives, where a gradient flows */
    PyObject *op, *label;  /* NULL for None, and for the label "" */
    PyObject *operands[2]; /* NULL for None */
    unsigned long long walk; /* the last walk that was here */
    char flows[2];           /* whether a gradient flows to the operands */
    char filled;             /* 0 until it has a number, as where a constructor of a subclass leaves out ours */
} Node;

enum { KEPT = 65536 }; /* nodes at most that are kept for further use, 7 MB: see node.c */

typedef struct {
    PyTypeObject *value; /* the class of inner nodes */
    PyTypeObject *leaf;  /* that of Values made by hand */
    PyObject **rows;     /* of micrograd.ops, in the order of the header */
    PyObject *apply, *mixed, *number, *equals; /* functions of engine and of dispatch */
    PyObject *data, *grad; /* the names of the two fields that are numbers */
    PyObject *init_name, *new_name, *init, *new; /* the constructor of the engine, to be recognized */
    PyObject *watcher;     /* what is called with every node made, or NULL */
    unsigned long long walks;
    Node **kept;
    size_t kept_count, kept_room;
    size_t unsorted; /* so many at the end of kept, where it grows and shrinks */
} State;

void node_dealloc(PyObject *self);

/* The class of inner nodes that x has or derives its own from; NULL for what is no Value. */
INLINE PyTypeObject *node_class(PyObject *x)
{
    PyTypeObject *type = Py_TYPE(x);
    while (type != NULL && type->tp_dealloc != node_dealloc)
        type = type->tp_base; /* layouts make a Value the base of whatever derives from it */
    return type;
}

/* The state of the module that made a class of nodes; NULL with RuntimeError where the collector took it apart. */
INLINE State *state_of(PyTypeObject *type)
{
    PyObject *module = ((PyHeapTypeObject *)type)->ht_module;
    State *state = module == NULL ? NULL : PyModule_GetState(module);
    if (state == NULL || state->value != type) {
        PyErr_SetString(PyExc_RuntimeError, "the module of this Value is gone");
        return NULL;
    }
    return state;
}

/* Whether a node has more than two operands. */
INLINE int is_wide(const Node *node)
{
    PyObject *const *x = node->operands;
    return x[1] != NULL && PyTuple_CheckExact(x[1]) && x[0] != NULL && PyTuple_CheckExact(x[0]);
}

Node *new_node(State *state);
PyObject *watched(State *state, Node *node);

/* A node that is whole: from now on the collector sees it. */
INLINE PyObject *whole(State *state, Node *node)
{
    PyObject_GC_Track(node);
    return state->watcher == NULL ? (PyObject *)node : watched(state, node);
}

PyObject *assemble(PyObject *module, PyObject *const *args, Py_ssize_t count);
int node_traverse(PyObject *self, visitproc visit, void *arg);
int node_clear(PyObject *self);
void free_kept(State *state);
int is_own(State *state, PyTypeObject *type, PyObject *name);

PyObject *leaf_class(PyObject *module, PyObject *cls);

PyObject *backward(PyObject *self, PyObject *none);
PyObject *inner_nodes(PyObject *module, PyObject *root);
PyObject *topological(PyObject *module, PyObject *root);

int install_rows(State *state, PyObject *table);
int clear_rows(State *state);
int traverse_rows(State *state, visitproc visit, void *arg);

extern PyGetSetDef node_fields[];
extern PyMethodDef node_methods[];
extern PyType_Slot node_slots[];

#endif
