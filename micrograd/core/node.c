/* Nodes: how they are made, what the collector sees of them, and how they are freed. */

#include "node.h"

/* Life
 *
 * Graphs are made and freed by the thousand, and what that costs is mostly the cyclic collector: it runs after so many
 * allocations, and looks at all nodes alive. Nodes that were freed are therefore kept and used again, as CPython does
 * with its floats and tuples; they do not count as allocated. What is kept has a bound, and is freed with the module.
 *
 * A large graph that is freed leaves its nodes in an order that is a little less that of their places in memory every
 * time it is built anew, which soon costs more than all else. So many nodes are sorted by place before they are used.
 */

enum { WORTH_SORTING = 1024, BUCKETS = 4096 };

/* Sorts what is unsorted of the nodes kept, coarsely: those that lie in one stretch of memory stand together. */
static void sort_kept(State *state)
{
    const size_t count = state->unsorted;
    Node **kept = state->kept + state->kept_count - count;
    Node **sorted = PyMem_Malloc(count * sizeof(Node *));
    size_t *ends = PyMem_Calloc(BUCKETS, sizeof(size_t)); /* a thread may have a stack of 32 kB */
    uintptr_t low = UINTPTR_MAX, high = 0;
    int shift = 0;
    state->unsorted = 0;
    if (sorted == NULL || ends == NULL) { /* it is for speed alone */
        PyMem_Free(sorted);
        PyMem_Free(ends);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        low = Py_MIN(low, (uintptr_t)kept[i]);
        high = Py_MAX(high, (uintptr_t)kept[i]);
    }
    while ((high - low) >> shift >= BUCKETS)
        shift++;
    for (size_t i = 0; i < count; i++)
        ends[((uintptr_t)kept[i] - low) >> shift]++;
    for (size_t i = 1; i < BUCKETS; i++)
        ends[i] += ends[i - 1];
    for (size_t i = 0; i < count; i++) /* the lowest place is taken first, from the end */
        sorted[count - ends[((uintptr_t)kept[i] - low) >> shift]--] = kept[i];
    memcpy(kept, sorted, count * sizeof(Node *));
    PyMem_Free(sorted);
    PyMem_Free(ends);
}

/* Keeps a node that was freed; 0 where there is no room. */
static int keep(State *state, Node *node)
{
    if (state->kept_count == state->kept_room) {
        const size_t room = state->kept_room == 0 ? 256 : 2 * state->kept_room;
        Node **kept = room > KEPT ? NULL : PyMem_Realloc(state->kept, room * sizeof(Node *));
        if (kept == NULL)
            return 0;
        state->kept = kept;
        state->kept_room = room;
    }
    state->kept[state->kept_count++] = node;
    state->unsorted++;
    return 1;
}

/* An inner node whose data, op, operands, partials and flows are for the caller to fill, who then tracks it. */
Node *new_node(State *state)
{
    Node *node;
    if (state->kept_count > 0) {
        if (state->unsorted > WORTH_SORTING)
            sort_kept(state);
        node = state->kept[--state->kept_count];
        state->unsorted -= state->unsorted > 0;
        (void)PyObject_Init((PyObject *)node, state->value);
    }
    else {
        node = PyObject_GC_New(Node, state->value);
        if (node == NULL)
            return NULL;
    }
    node->grad = 0.0;
    node->label = NULL;
    node->walk = 0;
    node->filled = 1;
    return node;
}

/* Tells the watcher of a new node; NULL if that raises. */
PyObject *watched(State *state, Node *node)
{
    PyObject *watcher = Py_NewRef(state->watcher);
    PyObject *result = PyObject_CallOneArg(watcher, (PyObject *)node);
    Py_DECREF(watcher);
    if (result == NULL)
        Py_CLEAR(node);
    Py_XDECREF(result);
    return (PyObject *)node;
}

void free_kept(State *state)
{
    while (state->kept_count > 0)
        PyObject_GC_Del(state->kept[--state->kept_count]);
    PyMem_Free(state->kept);
    state->kept = NULL;
    state->kept_room = state->unsorted = 0;
}

int node_traverse(PyObject *self, visitproc visit, void *arg)
{
    Node *node = (Node *)self;
    Py_VISIT(node->operands[0]);
    Py_VISIT(node->operands[1]);
    Py_VISIT(node->op);
    Py_VISIT(node->label);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

int node_clear(PyObject *self)
{
    Node *node = (Node *)self;
    node->flows[0] = node->flows[1] = 0;
    Py_CLEAR(node->operands[0]);
    Py_CLEAR(node->operands[1]);
    Py_CLEAR(node->op);
    Py_CLEAR(node->label);
    return 0;
}

/* A graph may be a million nodes deep: the trashcan bounds the recursion. */
void node_dealloc(PyObject *self)
{
    Node *node = (Node *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, node_dealloc)
    Py_XDECREF(node->operands[1]);
    Py_XDECREF(node->operands[0]);
    Py_XDECREF(node->op);
    Py_XDECREF(node->label);
    PyObject *module = ((PyHeapTypeObject *)type)->ht_module; /* NULL in a subclass, and if it was taken apart */
    State *state = module == NULL ? NULL : PyModule_GetState(module);
    if (state == NULL || state->value != type || !keep(state, node))
        type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* Partials as a tuple of floats, None where no gradient flows; a new reference. */
static PyObject *as_floats(PyObject *partials)
{
    PyObject *floats = PyTuple_New(PyTuple_GET_SIZE(partials));
    for (Py_ssize_t i = 0; floats != NULL && i < PyTuple_GET_SIZE(partials); i++) {
        PyObject *partial = PyTuple_GET_ITEM(partials, i);
        const double x = partial == Py_None ? 0.0 : PyFloat_AsDouble(partial);
        PyObject *item = NULL;
        if (x != -1.0 || !PyErr_Occurred())
            item = partial == Py_None ? Py_NewRef(partial) : PyFloat_FromDouble(x);
        if (item == NULL)
            Py_CLEAR(floats);
        else
            PyTuple_SET_ITEM(floats, i, item);
    }
    return floats;
}

/* assemble(op, data, args, partials): as engine.assemble. */
PyObject *assemble(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyModule_GetState(module);
    if (count != 4 || !PyTuple_CheckExact(args[2]) || !PyTuple_CheckExact(args[3]) || state->value == NULL
        || PyTuple_GET_SIZE(args[2]) != PyTuple_GET_SIZE(args[3]) || PyTuple_GET_SIZE(args[2]) == 0)
        return PyErr_Format(PyExc_TypeError, "expected a row, a number, and as many operands as partials in tuples");
    const Py_ssize_t operands = PyTuple_GET_SIZE(args[2]);
    const double data = PyFloat_AsDouble(args[1]);
    if (data == -1.0 && PyErr_Occurred())
        return NULL;
    PyObject *partials = as_floats(args[3]);
    Node *node = partials == NULL ? NULL : new_node(state);
    if (node == NULL) {
        Py_XDECREF(partials);
        return NULL;
    }
    node->data = data;
    node->op = Py_NewRef(args[0]);
    if (operands > 2) {
        node->operands[0] = Py_NewRef(args[2]);
        node->operands[1] = Py_NewRef(partials);
        node->flows[0] = node->flows[1] = 0;
    }
    else
        for (Py_ssize_t i = 0; i < 2; i++) {
            PyObject *partial = i < operands ? PyTuple_GET_ITEM(partials, i) : Py_None;
            node->operands[i] = i < operands ? Py_NewRef(PyTuple_GET_ITEM(args[2], i)) : NULL;
            node->flows[i] = partial != Py_None;
            node->partials[i] = node->flows[i] ? PyFloat_AS_DOUBLE(partial) : 0.0;
        }
    Py_DECREF(partials);
    return whole(state, node);
}

/* Whether a subclass, the user's or one that stands in while code is traced, has a field of its own in place of ours,
   or looks attributes up in its own way. */
int is_own(State *state, PyTypeObject *type, PyObject *name)
{
    if (type == state->value || type == state->leaf)
        return 0;
    if (type->tp_getattro != PyObject_GenericGetAttr || type->tp_setattro != PyObject_GenericSetAttr)
        return 1;
    for (Py_ssize_t i = 0; type->tp_mro != NULL && i < PyTuple_GET_SIZE(type->tp_mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(type->tp_mro, i);
        if (base == state->value)
            break;
        if (base->tp_dict != NULL && PyDict_Contains(base->tp_dict, name) != 0) {
            PyErr_Clear();
            return 1;
        }
    }
    return 0;
}
