/* Walks from a root down to its leaves: the order of the nodes, and backward. No Python code runs during a walk. */

#include "node.h"

typedef struct {
    Node **items;
    size_t count, room;
} Nodes;

static int push(Nodes *nodes, Node *node)
{
    if (nodes->count == nodes->room) {
        const size_t room = nodes->room == 0 ? 256 : 2 * nodes->room;
        Node **items = PyMem_Realloc(nodes->items, room * sizeof(Node *));
        if (items == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        nodes->items = items;
        nodes->room = room;
    }
    nodes->items[nodes->count++] = node;
    return 0;
}

/* The operands of a node and how many they are; what is no Value, or NULL, stands among them. */
static PyObject *const *operands_of(const Node *node, Py_ssize_t *count)
{
    *count = is_wide(node) ? PyTuple_GET_SIZE(node->operands[0]) : 2;
    return is_wide(node) ? ((PyTupleObject *)node->operands[0])->ob_item : node->operands;
}

/* The first operand that is an inner node where this walk was not yet, or NULL. */
static Node *pending(const State *state, Node *node)
{
    Py_ssize_t count;
    PyObject *const *items = operands_of(node, &count);
    for (Py_ssize_t i = 0; i < count; i++)
        if (items[i] != NULL && Py_TYPE(items[i]) == state->value && ((Node *)items[i])->walk != state->walks)
            return (Node *)items[i];
    return NULL;
}

/* Appends the leaves among the operands of a node where this walk was not yet. */
static int push_leaves(State *state, Node *node, Nodes *order)
{
    Py_ssize_t count;
    PyObject *const *items = operands_of(node, &count);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (items[i] == NULL || node_class(items[i]) != state->value)
            continue;
        Node *leaf = (Node *)items[i];
        if (leaf->walk != state->walks) {
            leaf->walk = state->walks;
            if (push(order, leaf) < 0)
                return -1;
        }
    }
    return 0;
}

/* Fills order with the inner nodes that root depends on, depth first, operands before results, root last; with leaves,
   each just before the first node that takes it. The references are borrowed. */
static int walk(State *state, Node *root, Nodes *order, int leaves)
{
    Nodes waiting = {NULL, 0, 0};
    Node *node = root;
    int result = -1;
    state->walks++;
    for (;;) {
        Node *down = pending(state, node);
        if (down != NULL) {
            if (push(&waiting, node) < 0)
                break;
            node = down;
            continue;
        }
        if (leaves && push_leaves(state, node, order) < 0)
            break;
        node->walk = state->walks;
        if (push(order, node) < 0)
            break;
        if (waiting.count == 0) {
            result = 0;
            break;
        }
        node = waiting.items[--waiting.count];
    }
    PyMem_Free(waiting.items);
    return result;
}

static PyObject *listed(PyObject *root, int leaves)
{
    PyTypeObject *type = node_class(root);
    if (type == NULL)
        return PyErr_Format(PyExc_TypeError, "expected a Value, got %.200s", Py_TYPE(root)->tp_name);
    State *state = state_of(type);
    PyObject *list = state == NULL ? NULL : PyList_New(0); /* first: it may collect, and so run code */
    if (list == NULL || (!leaves && ((Node *)root)->op == NULL))
        return list;
    Nodes order = {NULL, 0, 0};
    int failed = walk(state, (Node *)root, &order, leaves);
    for (size_t i = 0; i < order.count && failed == 0; i++)
        failed = PyList_Append(list, (PyObject *)order.items[i]);
    PyMem_Free(order.items);
    if (failed != 0)
        Py_CLEAR(list);
    return list;
}

PyObject *inner_nodes(PyObject *Py_UNUSED(module), PyObject *root) { return listed(root, 0); }

PyObject *topological(PyObject *Py_UNUSED(module), PyObject *root) { return listed(root, 1); }

/* What goes to leaves of a class with a field grad of its own: its code runs when all others have theirs. */
typedef struct {
    PyObject *leaf;
    double amount;
} Share;

typedef struct {
    State *state;
    Share *items;
    size_t count, room;
} Shares;

static int put_off(Shares *shares, PyObject *leaf, double amount)
{
    if (shares->count == shares->room) {
        const size_t room = 2 * shares->room + 16;
        Share *items = PyMem_Realloc(shares->items, room * sizeof(Share));
        if (items == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        shares->items = items;
        shares->room = room;
    }
    shares->items[shares->count++] = (Share){Py_NewRef(leaf), amount};
    return 0;
}

static int give(Shares *shares, PyObject *x, double amount)
{
    State *state = shares->state;
    if (x == NULL || node_class(x) != state->value) {
        PyErr_SetString(PyExc_TypeError, "a local derivative stands beside an operand that is no Value");
        return -1;
    }
    if (Py_TYPE(x) != state->value && Py_TYPE(x) != state->leaf && is_own(state, Py_TYPE(x), state->grad))
        return put_off(shares, x, amount);
    ((Node *)x)->grad += amount;
    return 0;
}

/* Adds what was put off, by the attribute; frees the list in any case. */
static int give_rest(Shares *shares, int failed)
{
    for (size_t i = 0; i < shares->count; i++) {
        Share *share = &shares->items[i];
        if (failed == 0) {
            PyObject *amount = PyFloat_FromDouble(share->amount);
            PyObject *before = amount == NULL ? NULL : PyObject_GetAttr(share->leaf, shares->state->grad);
            PyObject *sum = before == NULL ? NULL : PyNumber_InPlaceAdd(before, amount);
            failed = sum == NULL ? -1 : PyObject_SetAttr(share->leaf, shares->state->grad, sum);
            Py_XDECREF(sum);
            Py_XDECREF(before);
            Py_XDECREF(amount);
        }
        Py_DECREF(share->leaf);
    }
    PyMem_Free(shares->items);
    return failed;
}

/* One step of backward, which adds what the operands receive of a node's adjoint. */
static int pass_on(Shares *shares, Node *node)
{
    const double g = node->grad;
    if (g == 0.0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (node->flows[i] && give(shares, node->operands[i], node->partials[i] * g) < 0)
            return -1;
    if (node->flows[0] || !is_wide(node))
        return 0;
    PyObject *x = node->operands[0], *partials = node->operands[1];
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(x) && i < PyTuple_GET_SIZE(partials); i++) {
        PyObject *partial = PyTuple_GET_ITEM(partials, i);
        if (PyFloat_CheckExact(partial) && give(shares, PyTuple_GET_ITEM(x, i), PyFloat_AS_DOUBLE(partial) * g) < 0)
            return -1;
    }
    return 0;
}

PyObject *backward(PyObject *self, PyObject *Py_UNUSED(none))
{
    Node *root = (Node *)self;
    State *state = state_of(node_class(self));
    if (state == NULL)
        return NULL;
    Nodes order = {NULL, 0, 0};
    Shares shares = {state, NULL, 0, 0};
    int failed = root->op == NULL ? 0 : walk(state, root, &order, 0);
    if (failed == 0) {
        for (size_t i = 0; i < order.count; i++)
            order.items[i]->grad = 0.0;
        failed = give(&shares, self, 1.0);
    }
    for (size_t i = order.count; i > 0 && failed == 0; i--)
        failed = pass_on(&shares, order.items[i - 1]);
    PyMem_Free(order.items);
    if (give_rest(&shares, failed) != 0)
        return NULL;
    Py_RETURN_NONE;
}
