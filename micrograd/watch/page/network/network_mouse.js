// The mouse over the network: what it is at stands out, a click opens or chooses, a drag of a line or a bias moves it.

const FAR = 3; // points that make a drag of a click
const SLOWLY = 80; // points for a change by 1, or by as much as a large weight is

class NetworkMouse {
  constructor(network) {
    Object.assign(this, { network, page: network.page, drag: null });
    const { canvas } = network;
    canvas.onpointerdown = event => this.begin(event);
    canvas.onpointermove = event => (this.drag ? this.move(event) : this.hover(event));
    canvas.onpointerup = event => this.end(event);
    canvas.onpointercancel = () => (this.drag = null);
    canvas.onpointerleave = () => this.drag || network.point(null);
  }

  parameterOf(at) {
    if (at?.wire) return at.wire.parameter;
    return at?.bias ? this.network.neurons[at.bias.neuron].bias : null;
  }

  hover(event) {
    const { network } = this, [x, y] = placeIn(network.canvas, event), at = network.layout.under(x, y);
    const parameter = this.parameterOf(at);
    network.canvas.style.cursor = parameter !== null ? "ns-resize" : at?.node?.neuron !== undefined ? "pointer" : "";
    network.point(at);
    if (parameter !== null) network.tellWeight(parameter, x, y, false);
  }

  begin(event) {
    if (event.button !== 0) return;
    const { network, page } = this, [x, y] = placeIn(network.canvas, event), at = network.layout.under(x, y);
    const parameter = this.parameterOf(at);
    if (parameter === null && at?.node?.neuron === undefined) return;
    network.canvas.setPointerCapture(event.pointerId);
    this.drag = { at, parameter, y, start: parameter === null ? 0 : page.training.p[parameter], moved: false };
  }

  move(event) {
    const { network, page, drag } = this, [x, y] = placeIn(network.canvas, event);
    drag.moved ||= Math.abs(y - drag.y) > FAR;
    if (!drag.moved || drag.parameter === null) return;
    const unit = Math.max(1, Math.abs(drag.start)) / (event.shiftKey ? 10 : 1);
    page.setWeight(drag.parameter, Number((drag.start + ((drag.y - y) / SLOWLY) * unit).toPrecision(4)));
    network.tellWeight(drag.parameter, x, y, true);
  }

  end() {
    const { drag, page } = this;
    this.drag = null;
    if (!drag || drag.moved) return;
    if (drag.parameter !== null) page.choose(drag.parameter);
    else page.openNeuron(drag.at.node.neuron);
  }
}
